"""Codes of a referral → words in the language now spoken: one place for every page and list.

Tables hold msgids (`lazy`), so a form can take its choices from them: `Form` translates. Nothing
here names a person, and nothing says why somebody was in a hospital.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from outreach import i18n
from outreach.i18n import gettext as _
from outreach.i18n import lazy, ngettext
from outreach.reads import words
from outreach.reads.words import Status
from outreach.referrals import clocks
from outreach.referrals.codes import (
    Action,
    Authority,
    Cancel,
    Channel,
    Decline,
    Evidence,
    Field,
    Group,
    Hold,
    Outcome,
    Result,
    Revoked,
    State,
)
from outreach.referrals.machine import Clock
from outreach.referrals.models import Referral
from outreach.referrals.profiles import Element

DECLINES: Final[Mapping[Decline, str]] = {
    Decline.NO_CAPACITY: lazy("No room at present"),
    Decline.WAITLIST_ONLY: lazy("Only a waiting list"),
    Decline.OUT_OF_AREA: lazy("Lives outside the area"),
    Decline.NOT_ELIGIBLE: lazy("Not among those the affiliate serves"),
    Decline.SERVICE_NOT_OFFERED: lazy("What the person wishes is not offered"),
    Decline.ALREADY_CONNECTED: lazy("In touch with the affiliate already"),
    Decline.INSUFFICIENT_INFORMATION: lazy("What was sent is not enough"),
    Decline.CONTACT_UNSAFE: lazy("Contact does not seem safe"),
    Decline.OTHER: lazy("Another reason"),
}
CANCELS: Final[Mapping[Cancel, str]] = {
    Cancel.INFORMATION_GIVEN: lazy("Information given, nothing disclosed"),
    Cancel.RECALLED: lazy("Called back"),
    Cancel.PERSON_ASKED: lazy("The person no longer wishes it"),
    Cancel.AUTHORIZATION_REVOKED: lazy("The authorization was withdrawn"),
    Cancel.AUTHORIZATION_EXPIRED: lazy("The authorization has ended"),
    Cancel.STAYS_LONGER: lazy("The person stays longer"),
}
RECALLS: Final[Mapping[Cancel, str]] = {
    Cancel.RECALLED: lazy("The plans have changed"),
    Cancel.PERSON_ASKED: CANCELS[Cancel.PERSON_ASKED],
    Cancel.STAYS_LONGER: CANCELS[Cancel.STAYS_LONGER],
}
"""Why somebody calls a referral back, as they would say it themselves."""

HOLDS: Final[Mapping[Hold, str]] = {
    Hold.PERSON_ASKED: lazy("At the person’s wish"),
    Hold.WAITLIST: lazy("On the waiting list"),
    Hold.READMITTED: lazy("Back in the hospital"),
}
ON_HOLD: Final[Mapping[str, str]] = {
    Hold.PERSON_ASKED: lazy("On hold at the person’s wish"),
    Hold.WAITLIST: lazy("On hold, on the waiting list"),
    Hold.READMITTED: lazy("On hold, back in the hospital"),
}
CHANNELS: Final[Mapping[Channel, str]] = {
    Channel.CALL: lazy("Call"),
    Channel.TEXT: lazy("Text message"),
    Channel.MAIL: lazy("E-mail"),
    Channel.IN_PERSON: lazy("In person"),
}
RESULTS: Final[Mapping[Result, str]] = {
    Result.SPOKE: lazy("Spoke with the person"),
    Result.VOICEMAIL: lazy("Left a voicemail without detail"),
    Result.NO_ANSWER: lazy("No answer"),
    Result.WRONG_NUMBER: lazy("Wrong number"),
    Result.OUT_OF_SERVICE: lazy("The number is out of service"),
    Result.TEXT_SENT: lazy("Sent a text message"),
    Result.TEXT_REPLIED: lazy("They answered a text message"),
    Result.MAIL_SENT: lazy("Sent an e-mail"),
    Result.IN_PERSON: lazy("Met in person"),
    Result.REFUSED_NOW: lazy("Did not wish to talk now"),
    Result.CALL_BACK: lazy("Asked to be called back"),
    Result.THEY_CALLED: lazy("They called"),
    Result.CAME_TO_GROUP: lazy("They came to the group"),
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.MET: lazy("Met the person"),
    Outcome.ENROLLED: lazy("Joined a group or class"),
    Outcome.INFORMATION_GIVEN: lazy("Got the information they wanted"),
    Outcome.PERSON_CHOSE_NOT_TO: lazy("The person chose not to"),
    Outcome.UNABLE_TO_REACH: lazy("Unable to reach"),
    Outcome.REFERRED_ON: lazy("Referred on to another place"),
    Outcome.NO_LONGER_NEEDED: lazy("No longer needed"),
    Outcome.NOT_ELIGIBLE: lazy("Not among those the affiliate serves"),
    Outcome.NO_CAPACITY: lazy("No room at the affiliate"),
    Outcome.ALREADY_CONNECTED: lazy("Was in touch with the affiliate before"),
    Outcome.READMITTED: lazy("Back in the hospital"),
    Outcome.MOVED_AWAY: lazy("Moved away"),
    Outcome.DIED: lazy("The person has died"),
    Outcome.RETURNED_FOR_SAFETY: lazy("Handed back for safety"),
}
GROUPS: Final[Mapping[Group, str]] = {
    Group.SUPPORT_GROUP: lazy("Support group"),
    Group.FAMILY_CLASS: lazy("Class for families"),
    Group.CALL_BACK: lazy("A call"),
    Group.PEER_MENTOR: lazy("Peer mentor"),
    Group.ONLINE: lazy("Online group"),
}
FIELDS: Final[Mapping[Field, str]] = {
    Field.NAME: lazy("Name"),
    Field.CONTACTS: lazy("How to reach the person"),
    Field.LANGUAGE: lazy("Language"),
    Field.ZIP: lazy("ZIP code"),
    Field.GROUPS: lazy("What the person would like"),
    Field.DISCHARGED_ON: lazy("Day of the discharge"),
    Field.NOTE: lazy("Note"),
}
MINE: Final[Mapping[Field, str]] = {
    Field.NAME: lazy("My name"),
    Field.CONTACTS: lazy("How to reach me"),
    Field.LANGUAGE: lazy("My language"),
    Field.ZIP: lazy("My ZIP code"),
    Field.GROUPS: lazy("What I would like"),
    Field.DISCHARGED_ON: lazy("Day of my discharge"),
    Field.NOTE: lazy("Note"),
}
"""The same on a form, where the person speaks."""
AGES: Final[Mapping[str, str]] = {
    "adult": lazy("18 years or older"),
    "youth": lazy("12 to 17 years"),
    "child": lazy("Under 12 years"),
}
EVIDENCE: Final[Mapping[Evidence, str]] = {
    Evidence.AFFILIATE: lazy("The affiliate says so"),
    Evidence.ATTENDANCE: lazy("Coming to the group was written down"),
    Evidence.PERSON: lazy("The person says so"),
}
REVOKED: Final[Mapping[Revoked, str]] = {
    Revoked.STOP_CODE: lazy("By the code on the patient’s copy"),
    Revoked.SPOKEN: lazy("Spoken"),
    Revoked.WRITTEN: lazy("In writing"),
}
ELEMENTS: Final[Mapping[Element, str]] = {
    Element.INFORMATION: lazy("What may be told"),
    Element.DISCLOSER: lazy("Who may tell it"),
    Element.RECIPIENTS: lazy("Who may receive it"),
    Element.PURPOSE: lazy("What it is for"),
    Element.EXPIRES_ON: lazy("Ends on"),
    Element.SIGNED_ON: lazy("Signed on"),
    Element.SIGNER: lazy("Signed by"),
    Element.AUTHORITY: lazy("What entitles who signed"),
    Element.RIGHT_TO_REVOKE: lazy("The right to withdraw was read"),
    Element.NO_CONDITION: lazy("That care does not depend on it was said"),
    Element.REDISCLOSURE: lazy("That the affiliate could pass it on was said"),
    Element.COPY_GIVEN: lazy("The person was given a copy"),
    Element.WITNESS: lazy("A witness signed as well"),
    Element.RIGHT_TO_INSPECT: lazy("The right to see and copy the record was read"),
    Element.REFUSAL: lazy("What follows from refusing was read"),
}
SIGNERS: Final[Mapping[str, str]] = {
    "person": lazy("The person"),
    "guardian": lazy("Somebody for the person"),
}
AUTHORITIES: Final[Mapping[Authority, str]] = {
    Authority.PARENT: lazy("Parent or guardian of a minor"),
    Authority.GUARDIAN: lazy("Legal guardian"),
    Authority.AGENT: lazy("Agent under a power of attorney for health care"),
    Authority.OTHER: lazy("Something else"),
}
EVENTS: Final[Mapping[Action, str]] = {
    Action.ASK_SIGNATURE: lazy("Ready for the signature"),
    Action.AUTHORIZE: lazy("The signed form was recorded"),
    Action.SEND: lazy("Sent to the affiliate"),
    Action.ACKNOWLEDGE: lazy("Acknowledged"),
    Action.ACCEPT: lazy("Accepted"),
    Action.DECLINE: lazy("Could not be taken on"),
    Action.ATTEMPT: lazy("An attempt to reach the person"),
    Action.CONNECT: lazy("Connected with the person"),
    Action.HOLD: lazy("Put on hold"),
    Action.RESUME: lazy("Taken up again"),
    Action.CLOSE: lazy("Closed"),
    Action.CORRECT: lazy("Name or contact corrected"),
    Action.CANCEL: lazy("Ended before time"),
    Action.EXPIRE: lazy("Not answered in time"),
    Action.TAKE_BACK: lazy("Marked as entered in error"),
}
CLOCKS: Final[Mapping[Clock, tuple[str, str]]] = {
    Clock.SEND: (lazy("Leaves %(on)s"), lazy("Was to leave %(on)s")),
    Clock.DRAFT: (lazy("Sign and send by %(when)s"), lazy("Signature was due %(when)s")),
    Clock.ACKNOWLEDGE: (
        lazy("Acknowledge by %(when)s"),
        lazy("Acknowledgement was due %(when)s"),
    ),
    Clock.ACCEPT: (lazy("Answer by %(when)s"), lazy("Answer was due %(when)s")),
    Clock.GRACE: (lazy("Goes back unanswered %(on)s"), lazy("Went back unanswered %(on)s")),
    Clock.ATTEMPT: (lazy("First attempt by %(when)s"), lazy("First attempt was due %(when)s")),
    Clock.ATTEMPT_RED: (
        lazy("First attempt at the latest by %(when)s"),
        lazy("First attempt was due at the latest %(when)s"),
    ),
    Clock.CONNECT: (lazy("Connect by %(when)s"), lazy("Connection was due %(when)s")),
    Clock.CLOSE: (lazy("Close by %(when)s"), lazy("Closing was due %(when)s")),
    Clock.HOLD: (lazy("Look again %(on)s"), lazy("Was to be looked at again %(on)s")),
    Clock.EXPIRY_AHEAD: (
        lazy("Look at the authorization %(on)s"),
        lazy("The authorization ends soon"),
    ),
    Clock.EXPIRY: (lazy("Authorization ends %(on)s"), lazy("Authorization ended %(on)s")),
    Clock.CONFIRM_STOP: (
        lazy("Confirm the stop by %(when)s"),
        lazy("Confirming the stop was due %(when)s"),
    ),
    Clock.DECIDE: (lazy("Decide by %(when)s"), lazy("A decision was due %(when)s")),
}
"""Clock → how it reads while it runs, and once it ran out. `when` and `on` are the same moment."""

NEXT_ATTEMPT: Final = (
    lazy("Next attempt by %(when)s"),
    lazy("Next attempt was due %(when)s"),
)
BY_DAY: Final = frozenset(
    {Clock.DRAFT, Clock.CONNECT, Clock.CLOSE, Clock.HOLD, Clock.EXPIRY_AHEAD, Clock.EXPIRY}
)
"""Clocks that end with a day, or are about one: their hour says nothing."""

GOOD_ENDS: Final = frozenset({Outcome.MET, Outcome.ENROLLED, Outcome.INFORMATION_GIVEN})
_A_WEEK: Final = 7
_PLAIN: Final[Mapping[State, tuple[str, str]]] = {
    State.DRAFT: ("open", lazy("Begun, not yet signed")),
    State.AWAITING: ("open", lazy("Waiting for the signature")),
    State.READY: ("waiting", lazy("Signed, not yet sent")),
    State.SENT: ("waiting", lazy("Sent, not yet acknowledged")),
    State.ACKNOWLEDGED: ("waiting", lazy("Acknowledged")),
    State.ACCEPTED: ("waiting", lazy("Accepted, not yet reached")),
    State.CONTACTING: ("half", lazy("Taken up again")),
    State.CONNECTED: ("settled", lazy("Connected with the person")),
    State.ON_HOLD: ("paused", lazy("On hold")),
    State.DECLINED: ("off", lazy("Could not be taken on")),
    State.CLOSED: ("settled", lazy("Closed")),
    State.CANCELLED: ("off", lazy("Ended before time")),
    State.EXPIRED: ("off", lazy("Not answered in time")),
    State.ERROR: ("off", lazy("Entered in error")),
}


def status(
    state: str,
    *,
    attempts: int = 0,
    connected_day: int | None = None,
    reason: str = "",
    outcome: str | None = None,
    needs_somebody: bool = False,
) -> Status:
    """Say how a referral stands, as lists and pages show it.

    `connected_day` counts from the discharge; `needs_somebody` draws the one shape that asks for
    a person, where a clock has run out or a decision is due.
    """
    kind, plain = _PLAIN[State(state)]
    said = _(plain)
    match State(state):
        case State.CONTACTING if attempts:
            said = _attempts(attempts)
        case State.CONNECTED if connected_day is not None:
            said = _("Connected on day %(day)s", day=connected_day)
        case State.ON_HOLD if reason in ON_HOLD:
            said = _(ON_HOLD[reason])
        case State.CANCELLED if reason in CANCELS:
            said = _(CANCELS[Cancel(reason)])
        case State.CLOSED if outcome is not None:
            kind = "settled" if outcome in GOOD_ENDS else "off"
            said = _("Closed: %(outcome)s", outcome=_small(_(OUTCOMES[Outcome(outcome)])))
    return Status("needs" if needs_somebody else kind, said)


def reason(state: str, code: str) -> str:
    """Return a reason's words: by the state it led to, for some codes mean two things."""
    tables: Mapping[str, Mapping[str, str]] = {
        State.DECLINED: {str(each): words for each, words in DECLINES.items()},
        State.CANCELLED: {str(each): words for each, words in CANCELS.items()},
        State.ON_HOLD: {str(each): words for each, words in HOLDS.items()},
    }
    found = tables.get(state, {}).get(code)
    return _(found) if found else ""


def event(action: str, *, to_state: str, reason_code: str = "") -> str:
    """Say what was done: "Put on hold: back in the hospital"."""
    done, why = _(EVENTS[Action(action)]), reason(to_state, reason_code)
    return _("%(done)s: %(why)s", done=done, why=_small(why)) if why else done


def clock(
    kind: str,
    due_at: datetime,
    *,
    ran_out: bool,
    zone: str,
    now: datetime,
    day_zone: str = "",
    cycle: int = 1,
) -> str:
    """Say until when something should happen, or since when it is due.

    Hours are those of `zone`, which the page names; a clock that ends with a day ends with that of
    `day_zone`, where the discharge was.
    """
    is_day = kind in BY_DAY
    there = ZoneInfo(day_zone or zone) if is_day else ZoneInfo(zone)
    due, today = due_at.astimezone(there), now.astimezone(there).date()
    day, is_near = _day(due.date(), today=today, past=ran_out)
    hour = "" if is_day or (ran_out and due.date() != today) else i18n.clock_time(due)
    when = f"{day}, {hour}" if hour else day
    # "on Monday", but "today"; Spanish has its article in `when` already.
    on = when if is_near or i18n.locale() == "es" else _("on %(day)s", day=when)
    again = kind == Clock.ATTEMPT and cycle > 1
    running, over = NEXT_ATTEMPT if again else CLOCKS[Clock(kind)]
    return _(over if ran_out else running, when=when, on=on)


def written(number: int) -> str:
    """Return a referral's number as people say and write it: R-481207."""
    return f"R-{number}"


def days(count: int, *, is_before: bool = False) -> str:
    """Return "9 days" since the discharge, or that it is still to come."""
    if is_before:
        return _("Before the discharge")
    return ngettext("%(num)s day", "%(num)s days", count)


def is_before_discharge(referral: Referral, *, now: datetime) -> bool:
    """Say whether the discharge is still to come, as far as anybody knows."""
    return clocks.is_before(
        referral.discharged_at,
        hour_known=referral.discharge_hour_known,
        zone=referral.time_zone,
        now=now,
    )


def leaves_later(zone: str, *, hour_known: bool) -> str:
    """Say when a referral leaves that is to leave at the discharge."""
    if hour_known:
        return _("It leaves by itself at the discharge.")
    zone_name = i18n.zone_name(zone)
    return _("It leaves by itself at noon of the day of discharge, %(zone)s.", zone=zone_name)


def groups(codes: list[str]) -> str:
    """Return "Support group and a call"."""
    return words.names(
        [
            _(GROUPS[Group(code)]) if place == 0 else _small(_(GROUPS[Group(code)]))
            for place, code in enumerate(codes)
        ]
    )


def fields(codes: list[str], *, of: Mapping[Field, str] = FIELDS) -> str:
    """Return "Name, how to reach the person and language", in the order of a form."""
    known = [field for field in Field if field in codes]
    return words.names(
        [_(of[field]) if place == 0 else _small(_(of[field])) for place, field in enumerate(known)]
    )


def _attempts(count: int) -> str:
    return ngettext(
        "%(count)s attempt made",
        "%(count)s attempts made",
        count,
        count=words.capital(words.number(count)),
    )


def _day(due: date, *, today: date, past: bool) -> tuple[str, bool]:
    """Return a day as people say it, and whether it is one that takes no "on"."""
    near = {
        today - timedelta(days=1): _("yesterday"),
        today: _("today"),
        today + timedelta(days=1): _("tomorrow"),
    }
    if due in near:
        return near[due], True
    is_recent = past and timedelta(0) < today - due < timedelta(days=_A_WEEK)
    named = _small_in_spanish(words.weekday(due.weekday())) if is_recent else i18n.day(due)
    return (f"el {named}" if i18n.locale() == "es" else named), False


def _small(text: str) -> str:
    """Put words inside a sentence: the first letter small, unless an abbreviation begins it."""
    first = text.partition(" ")[0]
    return text if len(first) > 1 and first.isupper() else text[:1].lower() + text[1:]


def _small_in_spanish(weekday: str) -> str:
    return weekday.lower() if i18n.locale() == "es" else weekday
