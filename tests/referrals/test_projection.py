"""What a FHIR Task shows of a referral: every way of ours goes along the edges of the guide."""

from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.referrals.codes import BEFORE_RELEASE, ENDED, OPEN, RELEASED, Action, Outcome, State
from outreach.referrals.machine import STEPS, TASK_EDGES, Step, Task, is_allowed, projection

WORKING = {Task.ACCEPTED, Task.IN_PROGRESS, Task.ON_HOLD}

GUIDE = [
    (Task.DRAFT, {Task.REQUESTED}),
    (Task.REQUESTED, {Task.ACCEPTED}),
    (Task.REQUESTED, {Task.REJECTED}),
    (Task.REQUESTED, {Task.CANCELLED}),
    (Task.ACCEPTED, {Task.IN_PROGRESS}),
    (Task.ACCEPTED, {Task.ON_HOLD}),
    (Task.ACCEPTED, {Task.COMPLETED, Task.FAILED}),
    (Task.ACCEPTED, {Task.CANCELLED}),
    (Task.IN_PROGRESS, {Task.ON_HOLD}),
    (Task.ON_HOLD, {Task.IN_PROGRESS}),
    (Task.IN_PROGRESS, {Task.COMPLETED, Task.FAILED}),
    (Task.IN_PROGRESS, {Task.CANCELLED}),
    (Task.ON_HOLD, {Task.COMPLETED, Task.FAILED}),
    (Task.ON_HOLD, {Task.CANCELLED}),
]
"""The edges of the Gravity guide's drawing one by one; the fifteenth is the start, into draft."""


@dataclass(frozen=True)
class Standing:
    """All of a referral that its projection looks at."""

    state: State = State.DRAFT
    was_sent: bool = False
    outcome: Outcome | None = None

    @property
    def task(self) -> Task | None:
        return projection(self.state, outcome=self.outcome, was_sent=self.was_sent)

    def after(self, row: Step, outcome: Outcome) -> "Standing":
        return Standing(
            state=row.target,
            was_sent=self.was_sent or row.action is Action.SEND,
            outcome=outcome if row.action is Action.CLOSE else self.outcome,
        )


@st.composite
def walks(draw: st.DrawFn) -> list[Standing]:
    """Any steps there are from draft, some of them around and around, with any outcome."""
    walk = [Standing()]
    for goes_on in [*[True] * draw(st.integers(0, 16)), False, False]:
        here = walk[-1]
        rows = [row for row in STEPS if here.state in row.sources]
        staying = [row for row in rows if row.target in OPEN] if goes_on else rows
        if staying:
            row = draw(st.sampled_from(staying))
            walk.append(here.after(row, draw(st.sampled_from(Outcome))))
    return walk


def everywhere() -> set[Standing]:
    """Every way a referral can stand, with any outcome."""
    found, new = {Standing()}, {Standing()}
    while new:
        new = {
            here.after(row, outcome)
            for here in new
            for row in STEPS
            if here.state in row.sources
            for outcome in Outcome
        } - found
        found |= new
    return found


@settings(max_examples=200)
@given(walks())
def test_whatever_is_done_from_draft_on_a_task_could_have_gone_that_way(
    walk: list[Standing],
) -> None:
    assert is_allowed(here.task for here in walk if here.task is not None)


def test_no_step_from_anywhere_leaves_the_edges_of_the_guide() -> None:
    for here in everywhere():
        for row, outcome in product(STEPS, Outcome):
            if here.state in row.sources:
                there = here.after(row, outcome)
                unchanged = there.task in {here.task, None}
                assert unchanged or (here.task, there.task) in TASK_EDGES, (here, row.action)


def test_a_task_once_shown_outside_never_vanishes() -> None:
    for here in everywhere():
        assert (here.task is None) is (here.state not in BEFORE_RELEASE and not here.was_sent)


def test_the_allowed_edges_are_those_the_guide_draws() -> None:
    drawn = {(before, after) for before, ends in GUIDE for after in ends}
    into_error = {(task, Task.ERROR) for task in Task if task is not Task.ERROR}

    assert len(GUIDE) + 1 == 15
    assert drawn | into_error == TASK_EDGES
    assert len(TASK_EDGES) == 17 + 9


@pytest.mark.parametrize("before", sorted(WORKING))
def test_what_is_at_work_ends_completed_or_failed(before: Task) -> None:
    assert {(before, Task.COMPLETED), (before, Task.FAILED)} <= TASK_EDGES


@pytest.mark.parametrize(
    "path",
    [
        [],
        [Task.DRAFT],
        [Task.DRAFT, Task.DRAFT, Task.REQUESTED, Task.REQUESTED, Task.REJECTED],
        [Task.DRAFT, Task.REQUESTED, Task.ACCEPTED, Task.ON_HOLD, Task.IN_PROGRESS, Task.FAILED],
        [Task.DRAFT, Task.ERROR],
    ],
    ids=lambda path: "-".join(path) or "nothing",
)
def test_a_path_along_the_edges_is_allowed(path: list[Task]) -> None:
    assert is_allowed(path)


@pytest.mark.parametrize(
    "path",
    [
        [Task.REQUESTED],
        [Task.DRAFT, Task.ACCEPTED],
        [Task.DRAFT, Task.REQUESTED, Task.FAILED],
        [Task.DRAFT, Task.REQUESTED, Task.REJECTED, Task.ACCEPTED],
        [Task.DRAFT, Task.REQUESTED, Task.ACCEPTED, Task.COMPLETED, Task.IN_PROGRESS],
        [Task.DRAFT, Task.ERROR, Task.DRAFT],
    ],
    ids="-".join,
)
def test_a_path_that_leaves_the_edges_is_not_allowed(path: list[Task]) -> None:
    assert not is_allowed(path)


def test_what_is_not_sent_shows_a_draft_and_nothing_once_it_ends() -> None:
    shown = {state: projection(state, outcome=None, was_sent=False) for state in State}

    assert {state for state, task in shown.items() if task is Task.DRAFT} == BEFORE_RELEASE
    assert {state for state, task in shown.items() if task is None} == set(State) - BEFORE_RELEASE


def test_what_was_sent_shows_how_it_stands() -> None:
    shown = {state: projection(state, outcome=None, was_sent=True) for state in RELEASED | ENDED}

    assert shown == {
        State.SENT: Task.REQUESTED,
        State.ACKNOWLEDGED: Task.REQUESTED,
        State.ACCEPTED: Task.ACCEPTED,
        State.CONTACTING: Task.IN_PROGRESS,
        State.CONNECTED: Task.IN_PROGRESS,
        State.ON_HOLD: Task.ON_HOLD,
        State.DECLINED: Task.REJECTED,
        State.CLOSED: Task.FAILED,
        State.CANCELLED: Task.CANCELLED,
        State.EXPIRED: Task.CANCELLED,
        State.ERROR: Task.ERROR,
    }


def test_a_close_is_completed_where_the_person_has_what_they_need() -> None:
    completed = {
        outcome
        for outcome in Outcome
        if projection(State.CLOSED, outcome=outcome, was_sent=True) is Task.COMPLETED
    }

    assert completed == {
        Outcome.MET,
        Outcome.ENROLLED,
        Outcome.INFORMATION_GIVEN,
        Outcome.REFERRED_ON,
        Outcome.ALREADY_CONNECTED,
        Outcome.NO_LONGER_NEEDED,
    }
