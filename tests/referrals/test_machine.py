"""The table of steps: where they lead, who takes them, and what follows."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.actor import Kind
from outreach.referrals import machine
from outreach.referrals.codes import (
    AT_WORK,
    BEFORE_RELEASE,
    ENDED,
    OPEN,
    RELEASED,
    WAITING_FOR_ANSWER,
    Action,
    State,
)
from outreach.referrals.machine import (
    ALL_CLOCKS,
    STEPS,
    Clock,
    Effect,
    Guard,
    Step,
    possible,
    step,
)

LIFE = [
    Action.ASK_SIGNATURE,
    Action.AUTHORIZE,
    Action.SEND,
    Action.ACKNOWLEDGE,
    Action.ACCEPT,
    Action.ATTEMPT,
    Action.CONNECT,
    Action.CLOSE,
]


def step_from(state: State, action: Action) -> Step:
    taken = step(action, state=state)
    assert taken is not None, (state, action)
    return taken


def only(action: Action) -> Step:
    """The row of an action that has just one."""
    (row,) = [row for row in STEPS if row.action is action]
    return row


def test_an_action_leads_one_way_from_a_state() -> None:
    rows = [(state, row.action) for row in STEPS for state in row.sources]

    assert len(rows) == len(set(rows))


def test_a_step_is_found_by_where_it_begins() -> None:
    assert step(Action.ACCEPT, state=State.SENT) == only(Action.ACCEPT)
    assert step(Action.ACCEPT, state=State.DRAFT) is None
    assert step_from(State.DRAFT, Action.CANCEL) != step_from(State.SENT, Action.CANCEL)


def test_the_whole_life_goes_through_one_step_after_the_other() -> None:
    state = State.DRAFT
    for action in LIFE:
        state = step_from(state, action).target

    assert state is State.CLOSED


def test_only_taking_back_leaves_what_has_ended() -> None:
    leaving = {(row.action, row.target) for row in STEPS if row.sources & ENDED}

    assert leaving == {(Action.TAKE_BACK, State.ERROR)}


def test_nothing_leaves_what_was_taken_back_and_all_else_can_be() -> None:
    back = {state for state in State if step(Action.TAKE_BACK, state=state)}

    assert back == set(State) - {State.ERROR}
    assert not any(State.ERROR in row.sources for row in STEPS)


def test_every_state_can_be_reached_and_every_open_one_can_end() -> None:
    assert {State.DRAFT} | {row.target for row in STEPS} == set(State)
    for state in OPEN:
        ends = {row.target for row in STEPS if state in row.sources} & ENDED
        assert State.CANCELLED in ends, state


def test_no_step_leads_back_before_the_release() -> None:
    back = [row for row in STEPS if row.target in BEFORE_RELEASE and row.sources - BEFORE_RELEASE]

    assert back == []


def test_states_before_and_after_the_release_and_ended_are_told_apart() -> None:
    assert RELEASED == WAITING_FOR_ANSWER | AT_WORK
    assert not BEFORE_RELEASE & RELEASED
    assert not OPEN & ENDED
    assert set(State) == OPEN | ENDED


def test_nothing_is_disclosed_but_on_an_authorization_that_names_the_affiliate() -> None:
    disclosing = [row for row in STEPS if Effect.DISCLOSE in row.effects]

    assert {row.action for row in disclosing} == {Action.SEND, Action.CORRECT}
    for row in disclosing:
        assert {Guard.AUTHORIZED, Guard.NAMES_AFFILIATE} <= set(row.guards)
        assert row.effects.index(Effect.DISCLOSE) == 0


def test_a_correction_leaves_a_referral_where_it_is_and_never_goes_out_unsaid() -> None:
    correcting = {state: step(Action.CORRECT, state=state) for state in State}

    assert {state for state, row in correcting.items() if row} == RELEASED | {State.READY}
    for state, row in correcting.items():
        if row is not None:
            assert (row.target, row.starts, row.stops) == (state, (), frozenset())
            told = (Effect.DISCLOSE, Effect.TELL_CORRECTED) if state in RELEASED else ()
            assert row.effects == told
            assert row.by == {Kind.LIAISON, Kind.COORDINATOR}


def test_sending_is_the_one_way_out_of_the_house() -> None:
    out = {row.action for row in STEPS if row.sources & BEFORE_RELEASE and row.target in RELEASED}

    assert out == {Action.SEND}


@pytest.mark.parametrize(
    "action",
    [Action.SEND, Action.ACKNOWLEDGE, Action.ACCEPT, Action.ATTEMPT, Action.CONNECT, Action.RESUME],
)
def test_the_authorization_is_looked_at_before_anybody_goes_on(action: Action) -> None:
    assert Guard.AUTHORIZED in only(action).guards


@pytest.mark.parametrize(
    "action", [Action.DECLINE, Action.HOLD, Action.CANCEL, Action.CLOSE, Action.TAKE_BACK]
)
def test_whoever_stops_needs_no_authorization(action: Action) -> None:
    assert not any(Guard.AUTHORIZED in row.guards for row in STEPS if row.action is action)


@pytest.mark.parametrize("action", [Action.DECLINE, Action.HOLD, Action.CANCEL, Action.TAKE_BACK])
def test_whoever_stops_says_why(action: Action) -> None:
    assert all(Guard.HAS_REASON in row.guards for row in STEPS if row.action is action)


def test_an_end_stops_every_clock_and_closes_every_door() -> None:
    for row in STEPS:
        if row.target in ENDED:
            assert row.stops == ALL_CLOCKS, row.action
            assert {Effect.CLOSE_LINKS, Effect.FORGET_NOTICES} <= set(row.effects), row.action


def test_waiting_notices_are_forgotten_before_anybody_is_told() -> None:
    told = {Effect.TELL_AFFILIATE, Effect.TELL_STOP, Effect.ALERT}
    for row in STEPS:
        for before, after in pairwise(row.effects):
            assert not (before in told and after is Effect.FORGET_NOTICES), row.action


def test_a_stop_is_asked_of_whom_the_referral_reached_and_of_nobody_else() -> None:
    confirming = [row for row in STEPS if Clock.CONFIRM_STOP in row.starts]

    assert all(Effect.TELL_STOP in row.effects for row in confirming)
    assert not any(row.sources & BEFORE_RELEASE for row in confirming)
    for state in RELEASED:
        assert step_from(state, Action.CANCEL) in confirming
        assert step_from(state, Action.TAKE_BACK) in confirming


def test_sending_starts_the_clocks_of_the_answer_and_of_both_windows() -> None:
    sending = only(Action.SEND)

    assert sending.starts[:4] == (Clock.ACKNOWLEDGE, Clock.ACCEPT, Clock.CONNECT, Clock.CLOSE)
    assert sending.stops == {Clock.SEND, Clock.DRAFT}


@pytest.mark.parametrize("action", [Action.AUTHORIZE, Action.SEND])
def test_an_authorizations_end_is_watched_for_children_that_took_one_over_too(
    action: Action,
) -> None:
    assert {Clock.EXPIRY_AHEAD, Clock.EXPIRY} <= set(only(action).starts)


def test_an_acceptance_ends_the_wait_for_an_answer_and_begins_the_one_for_a_call() -> None:
    accepting = only(Action.ACCEPT)

    assert accepting.stops == {Clock.ACKNOWLEDGE, Clock.ACCEPT, Clock.GRACE}
    assert accepting.starts == (Clock.ATTEMPT, Clock.ATTEMPT_RED)


def test_a_rest_leaves_both_windows_running() -> None:
    resting = only(Action.HOLD)

    assert resting.starts == (Clock.HOLD,)
    assert not {Clock.CONNECT, Clock.CLOSE} & resting.stops


@pytest.mark.parametrize("action", [Action.ATTEMPT, Action.CONNECT, Action.RESUME])
def test_whatever_ends_a_rest_stops_its_clock(action: Action) -> None:
    assert Clock.HOLD in step_from(State.ON_HOLD, action).stops


def test_the_window_of_day_7_closes_with_the_connection_and_day_30_with_the_end() -> None:
    stopping_7 = {row.action for row in STEPS if Clock.CONNECT in row.stops}
    stopping_30 = {row.target for row in STEPS if Clock.CLOSE in row.stops}

    assert Action.CONNECT in stopping_7
    assert Action.ATTEMPT not in stopping_7
    assert stopping_30 == {*ENDED}


SYSTEM_ALONE = {Action.EXPIRE}
AFFILIATES = {
    Action.ACKNOWLEDGE,
    Action.ACCEPT,
    Action.DECLINE,
    Action.ATTEMPT,
    Action.CONNECT,
    Action.HOLD,
    Action.RESUME,
    Action.CLOSE,
}


def actions_of(kind: Kind) -> set[Action]:
    return {row.action for row in STEPS if kind in row.by}


@pytest.mark.parametrize("kind", [Kind.INTAKE, Kind.HELPER])
def test_an_affiliates_people_answer_and_work_and_may_call_off(kind: Kind) -> None:
    assert actions_of(kind) == AFFILIATES | {Action.CANCEL}


def test_a_liaison_prepares_sends_and_calls_back_but_does_not_answer() -> None:
    assert actions_of(Kind.LIAISON) == {
        Action.ASK_SIGNATURE,
        Action.AUTHORIZE,
        Action.SEND,
        Action.CORRECT,
        Action.CANCEL,
    }


def test_a_coordinator_may_do_all_but_let_one_expire() -> None:
    assert actions_of(Kind.COORDINATOR) == set(Action) - SYSTEM_ALONE


def test_the_system_sends_at_discharge_ends_what_ran_out_and_lets_expire() -> None:
    assert actions_of(Kind.SYSTEM) == {Action.SEND, Action.CANCEL} | SYSTEM_ALONE


def test_the_system_alone_lets_one_expire_and_a_coordinator_alone_takes_one_back() -> None:
    taking_back = {kind for row in STEPS if row.action is Action.TAKE_BACK for kind in row.by}

    assert only(Action.EXPIRE).by == {Kind.SYSTEM}
    assert taking_back == {Kind.COORDINATOR}


@pytest.mark.parametrize("kind", [Kind.SPEAKER, Kind.ADMINISTRATOR, Kind.LINK, Kind.ANONYMOUS])
def test_nobody_else_takes_any_step(kind: Kind) -> None:
    assert actions_of(kind) == set()


def test_an_affiliates_people_cannot_call_off_what_never_reached_them() -> None:
    for state in BEFORE_RELEASE:
        assert possible(state, by=Kind.INTAKE) == ()
        assert possible(state, by=Kind.HELPER) == ()


def test_what_a_person_may_do_is_told_in_the_order_of_the_table() -> None:
    assert possible(State.SENT, by=Kind.INTAKE) == (
        Action.ACKNOWLEDGE,
        Action.ACCEPT,
        Action.DECLINE,
        Action.CANCEL,
    )
    assert possible(State.SENT, by=Kind.LIAISON) == (Action.CORRECT, Action.CANCEL)
    assert possible(State.CLOSED, by=Kind.COORDINATOR) == (Action.TAKE_BACK,)
    assert possible(State.ERROR, by=Kind.COORDINATOR) == ()


@given(state=st.sampled_from(State), kind=st.sampled_from(Kind))
def test_what_is_possible_is_what_the_table_lets_this_person_do(state: State, kind: Kind) -> None:
    told = possible(state, by=kind)

    assert set(told) == {
        action
        for action in Action
        if (taken := machine.step(action, state=state)) is not None and kind in taken.by
    }
    assert len(told) == len(set(told))
