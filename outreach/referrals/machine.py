"""The referral's state machine, as data: who may take which step from where, and what follows.

`STEPS` is the whole of it. A step names its guards (conditions, judged in `rules`), and its effects
(carried out by `workflows.referrals.steps`, in the same transaction). `projection` derives the
status a FHIR Task would have; it is never stored. The edges a Task may take are those of the
Gravity SDOH clinical care guide 3.0, "Task for referral management".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from outreach.actor import Kind
from outreach.referrals.codes import (
    AT_WORK,
    BEFORE_RELEASE,
    ENDED,
    RELEASED,
    WAITING_FOR_ANSWER,
    Action,
    Outcome,
    State,
)


class Guard(StrEnum):
    """A condition of a step, judged by `rules.refusals`."""

    DESCRIBED = "described"
    AUTHORIZED = "authorized"
    """The authorization is complete, active and unexpired at this instant."""
    HOSPITAL_REFERS = "hospital_refers"
    """The hospital's agreement still holds, and so does all else that lets its unit refer."""
    NAMES_AFFILIATE = "names_affiliate"
    AFFILIATE_TAKES = "affiliate_takes"
    HAS_REASON = "has_reason"
    REST_IS_SHORT = "rest_is_short"
    ATTEMPTS_MADE = "attempts_made"
    OUTCOME_FITS = "outcome_fits"
    SECOND_PERSON = "second_person"


class Effect(StrEnum):
    """What follows a step, in the order written."""

    DISCLOSE = "disclose"
    """Write the disclosure and its frozen, sealed snapshot."""
    TELL_AFFILIATE = "tell_affiliate"
    TELL_CORRECTED = "tell_corrected"
    """Tell the affiliate that what it has was corrected, and is to be opened again."""
    TELL_STOP = "tell_stop"
    """Tell the affiliate to stop, if it was ever told to begin."""
    ALERT = "alert"
    """Tell the coordinator on duty that a decision is due."""
    CLOSE_LINKS = "close_links"
    FORGET_NOTICES = "forget_notices"


class Clock(StrEnum):
    """A deadline, kept as a row."""

    SEND = "send"
    DRAFT = "draft"
    ACKNOWLEDGE = "acknowledge"
    ACCEPT = "accept"
    GRACE = "grace"
    ATTEMPT = "attempt"
    ATTEMPT_RED = "attempt_red"
    CONNECT = "connect"
    CLOSE = "close"
    HOLD = "hold"
    EXPIRY_AHEAD = "expiry_ahead"
    EXPIRY = "expiry"
    CONFIRM_STOP = "confirm_stop"
    """The affiliate confirms that it stopped."""
    DECIDE = "decide"
    """A coordinator says what becomes of what no affiliate took on."""


ALL_CLOCKS: Final = frozenset(Clock)
ANSWERED: Final = frozenset({Clock.ACKNOWLEDGE, Clock.ACCEPT, Clock.GRACE})
TRYING: Final = frozenset({Clock.ATTEMPT, Clock.ATTEMPT_RED})
SETTLED_BY_DOING: Final = frozenset({Clock.DECIDE, Clock.CONFIRM_STOP})
"""Clocks that whoever decides, or hears that a stop is confirmed, settles by that."""

REFERRERS: Final = frozenset({Kind.LIAISON, Kind.COORDINATOR})
AFFILIATE: Final = frozenset({Kind.INTAKE, Kind.HELPER, Kind.COORDINATOR})
"""Who speaks for the affiliate: its people, or a coordinator who enters what they reported."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table: from any of `sources` to `target`, or staying where it is.

    Clocks in `stops` are stopped before those in `starts` are started; one that runs already goes
    on.
    """

    action: Action
    sources: frozenset[State]
    target: State
    by: frozenset[Kind]
    guards: tuple[Guard, ...] = ()
    effects: tuple[Effect, ...] = ()
    starts: tuple[Clock, ...] = ()
    stops: frozenset[Clock] = frozenset()


_ENDING: Final = (Effect.FORGET_NOTICES, Effect.CLOSE_LINKS)

STEPS: Final[tuple[Step, ...]] = (
    Step(
        Action.ASK_SIGNATURE,
        frozenset({State.DRAFT}),
        State.AWAITING,
        REFERRERS,
        (Guard.DESCRIBED,),
    ),
    Step(
        Action.AUTHORIZE,
        frozenset({State.AWAITING}),
        State.READY,
        REFERRERS,
        (Guard.AUTHORIZED, Guard.NAMES_AFFILIATE),
        starts=(Clock.EXPIRY_AHEAD, Clock.EXPIRY),
    ),
    Step(
        Action.SEND,
        frozenset({State.READY}),
        State.SENT,
        REFERRERS | {Kind.SYSTEM},
        (
            Guard.HOSPITAL_REFERS,
            Guard.AUTHORIZED,
            Guard.NAMES_AFFILIATE,
            Guard.AFFILIATE_TAKES,
        ),
        (Effect.DISCLOSE, Effect.TELL_AFFILIATE),
        # A child that goes on with its parent's authorization was never authorized itself.
        starts=(
            Clock.ACKNOWLEDGE,
            Clock.ACCEPT,
            Clock.CONNECT,
            Clock.CLOSE,
            Clock.EXPIRY_AHEAD,
            Clock.EXPIRY,
        ),
        stops=frozenset({Clock.SEND, Clock.DRAFT}),
    ),
    Step(
        Action.ACKNOWLEDGE,
        frozenset({State.SENT}),
        State.ACKNOWLEDGED,
        AFFILIATE,
        (Guard.AUTHORIZED,),
        stops=frozenset({Clock.ACKNOWLEDGE}),
    ),
    Step(
        Action.ACCEPT,
        WAITING_FOR_ANSWER,
        State.ACCEPTED,
        AFFILIATE,
        (Guard.AUTHORIZED,),
        starts=(Clock.ATTEMPT, Clock.ATTEMPT_RED),
        stops=ANSWERED,
    ),
    Step(
        Action.DECLINE,
        WAITING_FOR_ANSWER,
        State.DECLINED,
        AFFILIATE,
        (Guard.HAS_REASON,),
        (*_ENDING, Effect.ALERT),
        starts=(Clock.DECIDE,),
        stops=ALL_CLOCKS,
    ),
    Step(
        Action.ATTEMPT,
        frozenset({State.ACCEPTED, State.CONTACTING, State.ON_HOLD}),
        State.CONTACTING,
        AFFILIATE,
        (Guard.AUTHORIZED,),
        stops=TRYING | {Clock.HOLD},
    ),
    Step(
        Action.CONNECT,
        frozenset({State.ACCEPTED, State.CONTACTING, State.ON_HOLD}),
        State.CONNECTED,
        AFFILIATE,
        (Guard.AUTHORIZED,),
        stops=TRYING | {Clock.HOLD, Clock.CONNECT},
    ),
    Step(
        Action.HOLD,
        AT_WORK - {State.ON_HOLD},
        State.ON_HOLD,
        AFFILIATE,
        (Guard.HAS_REASON, Guard.REST_IS_SHORT),
        starts=(Clock.HOLD,),
        # The windows of day 7 and day 30 go on: the person waits all the same.
        stops=TRYING,
    ),
    Step(
        Action.RESUME,
        frozenset({State.ON_HOLD}),
        State.CONTACTING,
        AFFILIATE,
        (Guard.AUTHORIZED,),
        starts=(Clock.ATTEMPT,),
        stops=frozenset({Clock.HOLD}),
    ),
    Step(
        Action.CLOSE,
        AT_WORK,
        State.CLOSED,
        AFFILIATE,
        (Guard.OUTCOME_FITS, Guard.ATTEMPTS_MADE),
        _ENDING,
        stops=ALL_CLOCKS,
    ),
    *(
        Step(
            Action.CORRECT,
            frozenset({state}),
            state,
            REFERRERS,
            (Guard.AUTHORIZED, Guard.NAMES_AFFILIATE),
            # What was wrong was disclosed: what is right is a disclosure as well.
            (Effect.DISCLOSE, Effect.TELL_CORRECTED) if state in RELEASED else (),
        )
        for state in State
        if state in RELEASED | {State.READY}
    ),
    Step(
        Action.CANCEL,
        BEFORE_RELEASE,
        State.CANCELLED,
        REFERRERS | {Kind.SYSTEM},
        (Guard.HAS_REASON,),
        _ENDING,
        stops=ALL_CLOCKS,
    ),
    Step(
        Action.CANCEL,
        RELEASED,
        State.CANCELLED,
        REFERRERS | AFFILIATE | {Kind.SYSTEM},
        (Guard.HAS_REASON,),
        (*_ENDING, Effect.TELL_STOP),
        starts=(Clock.CONFIRM_STOP,),
        stops=ALL_CLOCKS,
    ),
    Step(
        Action.EXPIRE,
        WAITING_FOR_ANSWER,
        State.EXPIRED,
        frozenset({Kind.SYSTEM}),
        effects=(*_ENDING, Effect.TELL_STOP, Effect.ALERT),
        starts=(Clock.DECIDE,),
        stops=ALL_CLOCKS,
    ),
    Step(
        Action.TAKE_BACK,
        BEFORE_RELEASE,
        State.ERROR,
        frozenset({Kind.COORDINATOR}),
        (Guard.HAS_REASON,),
        _ENDING,
        stops=ALL_CLOCKS,
    ),
    Step(
        # Some that ended were never sent: whoever was not told to begin is not told to stop.
        Action.TAKE_BACK,
        RELEASED | (ENDED - {State.ERROR}),
        State.ERROR,
        frozenset({Kind.COORDINATOR}),
        (Guard.HAS_REASON, Guard.SECOND_PERSON),
        (*_ENDING, Effect.TELL_STOP),
        starts=(Clock.CONFIRM_STOP,),
        stops=ALL_CLOCKS,
    ),
)


def step(action: Action, *, state: State) -> Step | None:
    """Return the step an action takes from a state, or None where it leads nowhere."""
    return next((s for s in STEPS if s.action is action and state in s.sources), None)


def possible(state: State, *, by: Kind) -> tuple[Action, ...]:
    """Return what this kind of person may do in this state, in the order of the table."""
    return tuple(s.action for s in STEPS if state in s.sources and by in s.by)


class Task(StrEnum):
    """The statuses a FHIR Task has in the Gravity guide (it leaves `received` out)."""

    DRAFT = "draft"
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IN_PROGRESS = "in-progress"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ERROR = "entered-in-error"


_TASKS: Final[Mapping[State, Task]] = {
    State.DRAFT: Task.DRAFT,
    State.AWAITING: Task.DRAFT,
    State.READY: Task.DRAFT,
    State.SENT: Task.REQUESTED,
    State.ACKNOWLEDGED: Task.REQUESTED,
    State.ACCEPTED: Task.ACCEPTED,
    State.CONTACTING: Task.IN_PROGRESS,
    State.CONNECTED: Task.IN_PROGRESS,
    State.ON_HOLD: Task.ON_HOLD,
    State.DECLINED: Task.REJECTED,
    State.CANCELLED: Task.CANCELLED,
    State.EXPIRED: Task.CANCELLED,
    State.ERROR: Task.ERROR,
}

_REACHED: Final = frozenset(
    {
        Outcome.MET,
        Outcome.ENROLLED,
        Outcome.INFORMATION_GIVEN,
        Outcome.REFERRED_ON,
        Outcome.ALREADY_CONNECTED,
        Outcome.NO_LONGER_NEEDED,
    }
)


def projection(state: State, *, outcome: Outcome | None, was_sent: bool) -> Task | None:
    """Return the status a FHIR Task shows; None where there is no Task.

    Nobody outside learns of a referral before it is sent, so one that ends before has none.
    """
    if not was_sent and state not in BEFORE_RELEASE:
        return None
    if state is State.CLOSED:
        return Task.COMPLETED if outcome in _REACHED else Task.FAILED
    return _TASKS[state]


TASK_EDGES: Final = frozenset(
    {
        (Task.DRAFT, Task.REQUESTED),
        (Task.REQUESTED, Task.ACCEPTED),
        (Task.REQUESTED, Task.REJECTED),
        (Task.REQUESTED, Task.CANCELLED),
        (Task.ACCEPTED, Task.IN_PROGRESS),
        (Task.ACCEPTED, Task.ON_HOLD),
        (Task.ACCEPTED, Task.COMPLETED),
        (Task.ACCEPTED, Task.FAILED),
        (Task.ACCEPTED, Task.CANCELLED),
        (Task.IN_PROGRESS, Task.ON_HOLD),
        (Task.ON_HOLD, Task.IN_PROGRESS),
        (Task.IN_PROGRESS, Task.COMPLETED),
        (Task.IN_PROGRESS, Task.FAILED),
        (Task.IN_PROGRESS, Task.CANCELLED),
        (Task.ON_HOLD, Task.COMPLETED),
        (Task.ON_HOLD, Task.FAILED),
        (Task.ON_HOLD, Task.CANCELLED),
    }
    | {(task, Task.ERROR) for task in Task if task is not Task.ERROR}
)
"""The guide's 15 edges with both ends of "completed or failed" spelled out, without the one from
nothing to draft, and the way to an error from anywhere."""


def is_allowed(path: Iterable[Task]) -> bool:
    """Say whether a Task may show these statuses one after the other; repeats are no change."""
    seen: list[Task] = []
    for task in path:
        if not seen or task is not seen[-1]:
            seen.append(task)
    starts_well = not seen or seen[0] is Task.DRAFT
    return starts_well and set(pairwise(seen)) <= TASK_EDGES
