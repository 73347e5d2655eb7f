"""What speaks against a step, and what an authorization lacks: all reasons at once.

No clock and no database: the facts are handed in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from outreach.referrals import codes
from outreach.referrals.codes import (
    BEFORE_RELEASE,
    Authority,
    Cancel,
    Channel,
    Decline,
    Field,
    Hold,
    Outcome,
    Result,
    State,
)
from outreach.referrals.machine import Guard, Step
from outreach.referrals.profiles import Element, Profile

LEAST_ATTEMPTS: Final = 3
LEAST_ATTEMPT_DAYS: Final = 2
REOPEN_DAYS: Final = 30
"""How long after the close a referral may be opened again."""
EARLIEST_DISCHARGE_DAYS: Final = 30
LATEST_DISCHARGE_DAYS: Final = 90
"""How far from today a discharge may lie: it is planned, or was not long ago."""
REASONS: Final[Mapping[State, frozenset[str]]] = {
    State.DECLINED: frozenset(Decline),
    State.CANCELLED: frozenset(Cancel),
    State.ON_HOLD: frozenset(Hold),
}
"""The codes a reason must be one of, by where the step leads."""


class Refusal(StrEnum):
    """Why a step can't be taken now."""

    NOT_DESCRIBED = "not_described"
    REFERRALS_OFF = "referrals_off"
    AUTHORIZATION_MISSING = "authorization_missing"
    AUTHORIZATION_INCOMPLETE = "authorization_incomplete"
    AUTHORIZATION_INACTIVE = "authorization_inactive"
    AUTHORIZATION_EXPIRED = "authorization_expired"
    AUTHORIZATION_NAMES_OTHERS = "authorization_names_others"
    AFFILIATE_MISSING = "affiliate_missing"
    AFFILIATE_TAKES_NONE = "affiliate_takes_none"
    REASON_MISSING = "reason_missing"
    REST_MISSING = "rest_missing"
    REST_IN_PAST = "rest_in_past"
    REST_TOO_LONG = "rest_too_long"
    TOO_FEW_ATTEMPTS = "too_few_attempts"
    OUTCOME_MISSING = "outcome_missing"
    NOT_CONNECTED = "not_connected"
    SECOND_PERSON_NEEDED = "second_person_needed"


class Fault(StrEnum):
    """What is wrong with an authorization's dates, beside elements that are missing."""

    SIGNED_IN_FUTURE = "signed_in_future"
    SIGNED_TOO_LONG_AGO = "signed_too_long_ago"
    EXPIRED = "expired"
    EXPIRES_BEFORE_SIGNATURE = "expires_before_signature"
    RUNS_TOO_LONG = "runs_too_long"
    NOT_THE_SIGNER = "not_the_signer"
    """Somebody signed for a young person who decides alone, or one too young signed alone."""
    PARENT_OF_AN_ADULT = "parent_of_an_adult"
    """Who signed for an adult showed no more than that they are a parent."""


@dataclass(frozen=True, slots=True)
class AuthorizationFacts:
    """An authorization as the rules see it. Dates are local to the hospital.

    `statements` are the elements that were read to the person; `affiliate_ids` whom the form
    names. `authority` is a code; another one is said in `authority_words`. `age` is the least the
    person's age group can be: no birth date is kept.
    """

    information: frozenset[Field] = frozenset()
    discloser: str = ""
    affiliate_ids: frozenset[int] = frozenset()
    purpose: str = ""
    expires_on: date | None = None
    signed_on: date | None = None
    signer: str = ""
    age: int = 18
    authority: str = ""
    authority_words: str = ""
    witnessed: bool = False
    copy_given: bool = False
    statements: frozenset[Element] = frozenset()
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """A referral as the guards see it, at one instant; `today` is local to the hospital."""

    state: State
    today: date
    is_described: bool = False
    hospital_refers: bool = True
    authorization: AuthorizationFacts | None = None
    missing: tuple[Element | Fault, ...] = ()
    affiliate_id: int | None = None
    affiliate_takes: bool = False
    reason: str = ""
    resume_on: date | None = None
    hold_days: int = 30
    attempt_days: tuple[date, ...] = ()
    was_connected: bool = False
    outcome: Outcome | None = None
    needs_second_person: bool = False


def lacks(
    facts: AuthorizationFacts, *, profile: Profile, today: date
) -> tuple[Element | Fault, ...]:
    """Return every element that is missing and every fault, elements first."""
    there = {
        Element.INFORMATION: Field.NAME in facts.information and len(facts.information) > 1,
        Element.DISCLOSER: bool(facts.discloser.strip()),
        Element.RECIPIENTS: bool(facts.affiliate_ids),
        Element.PURPOSE: bool(facts.purpose.strip()),
        Element.EXPIRES_ON: facts.expires_on is not None,
        Element.SIGNED_ON: facts.signed_on is not None,
        Element.SIGNER: facts.signer in {"person", "guardian"},
        Element.WITNESS: facts.witnessed,
        Element.COPY_GIVEN: facts.copy_given,
    } | {element: element in facts.statements for element in STATEMENTS}
    needed = set(profile.required)
    if facts.signer == "guardian":
        there[Element.AUTHORITY] = _is_entitled(facts)
        needed.add(Element.AUTHORITY)
    absent = tuple(e for e in Element if e in needed and not there[e])
    return absent + _faults(facts, profile=profile, today=today)


def _is_entitled(facts: AuthorizationFacts) -> bool:
    """Say whether it is told what entitles who signed: a code of the list, another one in words."""
    if facts.authority == Authority.OTHER:
        return bool(facts.authority_words.strip())
    return facts.authority in set(Authority)


STATEMENTS: Final = frozenset(
    {
        Element.RIGHT_TO_REVOKE,
        Element.NO_CONDITION,
        Element.REDISCLOSURE,
        Element.RIGHT_TO_INSPECT,
        Element.REFUSAL,
    }
)
"""Elements that are sentences of the form: each was read by or to the person."""

SIGNED_MOST_DAYS_AGO: Final = 90
ADULT: Final = 18


def _faults(facts: AuthorizationFacts, *, profile: Profile, today: date) -> tuple[Fault, ...]:
    signed_on, expires_on = facts.signed_on, facts.expires_on
    found: list[Fault] = []
    if signed_on is not None and signed_on > today:
        found.append(Fault.SIGNED_IN_FUTURE)
    if signed_on is not None and (today - signed_on).days > SIGNED_MOST_DAYS_AGO:
        found.append(Fault.SIGNED_TOO_LONG_AGO)
    if expires_on is not None and expires_on < today:
        found.append(Fault.EXPIRED)
    if signed_on is not None and expires_on is not None:
        if expires_on < signed_on:
            found.append(Fault.EXPIRES_BEFORE_SIGNATURE)
        if (expires_on - signed_on).days > profile.most_days:
            found.append(Fault.RUNS_TOO_LONG)
    if not _right_signer(facts, profile=profile):
        found.append(Fault.NOT_THE_SIGNER)
    is_parents = facts.signer == "guardian" and facts.authority == Authority.PARENT
    if is_parents and facts.age >= ADULT:
        found.append(Fault.PARENT_OF_AN_ADULT)
    return tuple(found)


def _right_signer(facts: AuthorizationFacts, *, profile: Profile) -> bool:
    """Say whether who signed may.

    An adult's guardian shows an authority; a minor's signs only where the minor does not decide.
    """
    if facts.signer not in {"person", "guardian"}:
        return True
    decides = facts.age >= profile.decides_from_age
    return decides if facts.signer == "person" else (not decides or facts.age >= ADULT)


def refusals(step: Step, facts: Facts) -> tuple[Refusal, ...]:
    """Return every reason against a step; none means it may be taken."""
    found: list[Refusal] = []
    for guard in step.guards:
        found.extend(_GUARDS[guard](facts))
    if Guard.HAS_REASON in step.guards and not _suits(facts.reason, step=step):
        found.append(Refusal.REASON_MISSING)
    return tuple(dict.fromkeys(found))


def _suits(reason: str, *, step: Step) -> bool:
    """Say whether a reason is one of the codes a step may have; where there are none, any is.

    "Information given" means that nothing was disclosed: it can't be said of what was sent.
    """
    if reason == Cancel.INFORMATION_GIVEN and not step.sources <= BEFORE_RELEASE:
        return False
    return step.target not in REASONS or reason in REASONS[step.target]


def authorization_in_force(facts: Facts) -> tuple[Refusal, ...]:
    """Return why nothing may be disclosed on this authorization at this instant."""
    given = facts.authorization
    if given is None:
        return (Refusal.AUTHORIZATION_MISSING,)
    found: list[Refusal] = []
    if not given.is_active:
        found.append(Refusal.AUTHORIZATION_INACTIVE)
    has_ended = given.expires_on is not None and given.expires_on < facts.today
    if has_ended or Fault.EXPIRED in facts.missing:
        found.append(Refusal.AUTHORIZATION_EXPIRED)
    if set(facts.missing) - {Fault.EXPIRED} - _outgrown(facts.state):
        found.append(Refusal.AUTHORIZATION_INCOMPLETE)
    return tuple(found)


def _outgrown(state: State) -> frozenset[Fault]:
    """Return what no longer counts: a form signed long ago is too old to begin with, not later."""
    begins = state in {State.DRAFT, State.AWAITING}
    return frozenset() if begins else frozenset({Fault.SIGNED_TOO_LONG_AGO})


def possible_tries(
    *, text_ok: bool, voicemail_ok: bool, mail_ok: bool
) -> Mapping[Channel, frozenset[Result]]:
    """Return by which ways the signed form lets people try, and what can come of each."""
    closed = {Channel.TEXT: not text_ok, Channel.MAIL: not mail_ok}
    unsaid = frozenset() if voicemail_ok else frozenset({Result.VOICEMAIL})
    return {
        channel: results - unsaid
        for channel, results in codes.CAME_OF.items()
        if not closed.get(channel)
    }


def discharge_is_sane(discharged_on: date, *, today: date) -> bool:
    """Say whether a discharge lies close enough to today to be meant."""
    return (
        today - timedelta(days=EARLIEST_DISCHARGE_DAYS)
        <= discharged_on
        <= today + timedelta(days=LATEST_DISCHARGE_DAYS)
    )


def asking_is_sane(asked_on: date, *, today: date) -> bool:
    """Say whether somebody who came by themselves can have asked on a day: lately, or today."""
    return today - timedelta(days=EARLIEST_DISCHARGE_DAYS) <= asked_on <= today


def may_reopen(*, closed_on: date, today: date) -> bool:
    """Say whether a closed referral may be opened again, as a child."""
    return (today - closed_on).days <= REOPEN_DAYS


def _described(facts: Facts) -> tuple[Refusal, ...]:
    return () if facts.is_described else (Refusal.NOT_DESCRIBED,)


def _hospital_refers(facts: Facts) -> tuple[Refusal, ...]:
    return () if facts.hospital_refers else (Refusal.REFERRALS_OFF,)


def _names_affiliate(facts: Facts) -> tuple[Refusal, ...]:
    if facts.affiliate_id is None:
        return (Refusal.AFFILIATE_MISSING,)
    if facts.authorization is None:
        return (Refusal.AUTHORIZATION_MISSING,)
    is_named = facts.affiliate_id in facts.authorization.affiliate_ids
    return () if is_named else (Refusal.AUTHORIZATION_NAMES_OTHERS,)


def _affiliate_takes(facts: Facts) -> tuple[Refusal, ...]:
    return () if facts.affiliate_takes else (Refusal.AFFILIATE_TAKES_NONE,)


def _has_reason(facts: Facts) -> tuple[Refusal, ...]:
    return () if facts.reason else (Refusal.REASON_MISSING,)


def _rest_is_short(facts: Facts) -> tuple[Refusal, ...]:
    if facts.resume_on is None:
        return (Refusal.REST_MISSING,)
    if facts.resume_on <= facts.today:
        return (Refusal.REST_IN_PAST,)
    is_long = (facts.resume_on - facts.today).days > facts.hold_days
    return (Refusal.REST_TOO_LONG,) if is_long else ()


def _attempts_made(facts: Facts) -> tuple[Refusal, ...]:
    if facts.outcome is not Outcome.UNABLE_TO_REACH:
        return ()
    days = set(facts.attempt_days)
    enough = len(facts.attempt_days) >= LEAST_ATTEMPTS and len(days) >= LEAST_ATTEMPT_DAYS
    return () if enough else (Refusal.TOO_FEW_ATTEMPTS,)


def _outcome_fits(facts: Facts) -> tuple[Refusal, ...]:
    if facts.outcome is None:
        return (Refusal.OUTCOME_MISSING,)
    if facts.outcome in codes.CONNECTIONS and not facts.was_connected:
        return (Refusal.NOT_CONNECTED,)
    return ()


def _second_person(facts: Facts) -> tuple[Refusal, ...]:
    return (Refusal.SECOND_PERSON_NEEDED,) if facts.needs_second_person else ()


_GUARDS: Final[Mapping[Guard, Callable[[Facts], tuple[Refusal, ...]]]] = {
    Guard.DESCRIBED: _described,
    Guard.HOSPITAL_REFERS: _hospital_refers,
    Guard.AUTHORIZED: authorization_in_force,
    Guard.NAMES_AFFILIATE: _names_affiliate,
    Guard.AFFILIATE_TAKES: _affiliate_takes,
    Guard.HAS_REASON: _has_reason,
    Guard.REST_IS_SHORT: _rest_is_short,
    Guard.ATTEMPTS_MADE: _attempts_made,
    Guard.OUTCOME_FITS: _outcome_fits,
    Guard.SECOND_PERSON: _second_person,
}
