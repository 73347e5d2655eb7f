"""The words of a referral as codes: states, actions, reasons, results, outcomes.

Reasons of declining, results of attempts and outcomes are the union of what directories and
referral platforms use (research on referrals, section 2.4).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a referral stands."""

    DRAFT = "draft"
    AWAITING = "awaiting_authorization"
    READY = "ready"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    CONTACTING = "contacting"
    CONNECTED = "connected"
    ON_HOLD = "on_hold"
    DECLINED = "declined"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    ERROR = "entered_in_error"


BEFORE_RELEASE: Final = frozenset({State.DRAFT, State.AWAITING, State.READY})
"""Nothing has been disclosed."""
WAITING_FOR_ANSWER: Final = frozenset({State.SENT, State.ACKNOWLEDGED})
AT_WORK: Final = frozenset({State.ACCEPTED, State.CONTACTING, State.CONNECTED, State.ON_HOLD})
"""The affiliate has taken it on."""
RELEASED: Final = WAITING_FOR_ANSWER | AT_WORK
"""With the affiliate, and open."""
OPEN: Final = BEFORE_RELEASE | RELEASED
ENDED: Final = frozenset(State) - OPEN


class Action(StrEnum):
    """What can be done with a referral."""

    ASK_SIGNATURE = "ask_signature"
    AUTHORIZE = "authorize"
    SEND = "send"
    ACKNOWLEDGE = "acknowledge"
    ACCEPT = "accept"
    DECLINE = "decline"
    ATTEMPT = "attempt"
    CONNECT = "connect"
    HOLD = "hold"
    RESUME = "resume"
    CLOSE = "close"
    CORRECT = "correct"
    """The name or a way to reach the person was wrong; the state stays."""
    CANCEL = "cancel"
    EXPIRE = "expire"
    TAKE_BACK = "take_back"
    """Entered in error: it should never have been."""


class Decline(StrEnum):
    """Why an affiliate can't take a referral."""

    NO_CAPACITY = "no_capacity"
    WAITLIST_ONLY = "waitlist_only"
    OUT_OF_AREA = "out_of_area"
    NOT_ELIGIBLE = "not_eligible"
    SERVICE_NOT_OFFERED = "service_not_offered"
    ALREADY_CONNECTED = "already_connected"
    INSUFFICIENT_INFORMATION = "insufficient_information"
    CONTACT_UNSAFE = "contact_unsafe"
    OTHER = "other"


class Cancel(StrEnum):
    """Why a referral was called back before it was done."""

    INFORMATION_GIVEN = "information_given"
    """The person took the information; nothing was signed, nothing disclosed."""
    RECALLED = "recalled"
    PERSON_ASKED = "person_asked"
    AUTHORIZATION_REVOKED = "authorization_revoked"
    AUTHORIZATION_EXPIRED = "authorization_expired"
    STAYS_LONGER = "stays_longer"


class Hold(StrEnum):
    """Why a referral rests."""

    PERSON_ASKED = "person_asked"
    WAITLIST = "waitlist"
    READMITTED = "readmitted"


class Channel(StrEnum):
    """How somebody tried to reach the person."""

    CALL = "call"
    TEXT = "text"
    MAIL = "mail"
    IN_PERSON = "in_person"


class Result(StrEnum):
    """What an attempt came to."""

    SPOKE = "spoke"
    VOICEMAIL = "left_voicemail_no_detail"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    OUT_OF_SERVICE = "number_out_of_service"
    TEXT_SENT = "text_sent"
    TEXT_REPLIED = "text_replied"
    MAIL_SENT = "email_sent"
    IN_PERSON = "in_person"
    REFUSED_NOW = "refused_now"
    CALL_BACK = "asked_call_back"
    THEY_CALLED = "they_called"
    CAME_TO_GROUP = "came_to_group"


TWO_WAY: Final = frozenset(
    {
        Result.SPOKE,
        Result.TEXT_REPLIED,
        Result.IN_PERSON,
        Result.THEY_CALLED,
        Result.CAME_TO_GROUP,
    }
)
"""The person was truly reached. Opening a page or a mail is not among them."""

ANSWERS: Final = frozenset({Result.REFUSED_NOW, Result.CALL_BACK})
"""What a person may answer by any way."""
DEAD_NUMBER: Final = frozenset({Result.WRONG_NUMBER, Result.OUT_OF_SERVICE})
CAME_OF: Final[Mapping[Channel, frozenset[Result]]] = {
    Channel.CALL: ANSWERS
    | DEAD_NUMBER
    | {Result.SPOKE, Result.VOICEMAIL, Result.NO_ANSWER, Result.THEY_CALLED},
    Channel.TEXT: ANSWERS | DEAD_NUMBER | {Result.TEXT_SENT, Result.TEXT_REPLIED},
    Channel.MAIL: ANSWERS | {Result.MAIL_SENT},
    Channel.IN_PERSON: ANSWERS
    | {Result.SPOKE, Result.NO_ANSWER, Result.IN_PERSON, Result.CAME_TO_GROUP},
}
"""What can come of a try, by the way it was made."""


class Outcome(StrEnum):
    """How a referral ended."""

    MET = "connected_met"
    ENROLLED = "connected_enrolled"
    INFORMATION_GIVEN = "information_given"
    REFERRED_ON = "referred_on"
    PERSON_CHOSE_NOT_TO = "patient_declined"
    NO_LONGER_NEEDED = "no_longer_needed"
    UNABLE_TO_REACH = "unable_to_reach"
    NOT_ELIGIBLE = "not_eligible"
    NO_CAPACITY = "no_capacity"
    ALREADY_CONNECTED = "already_connected"
    READMITTED = "readmitted"
    MOVED_AWAY = "moved_away"
    DIED = "deceased"
    RETURNED_FOR_SAFETY = "returned_for_safety"


CONNECTIONS: Final = frozenset({Outcome.MET, Outcome.ENROLLED, Outcome.INFORMATION_GIVEN})
"""Outcomes that say the person was reached, so they need a connection on record."""

FIRST_OUTCOMES: Final = (
    Outcome.MET,
    Outcome.ENROLLED,
    Outcome.INFORMATION_GIVEN,
    Outcome.PERSON_CHOSE_NOT_TO,
    Outcome.UNABLE_TO_REACH,
    Outcome.REFERRED_ON,
)
"""The six buttons; the others stand under "more"."""


class Evidence(StrEnum):
    """How well a connection is known, the weakest first. Never merged in numbers."""

    AFFILIATE = "affiliate_says"
    ATTENDANCE = "attendance_logged"
    PERSON = "person_confirms"


class Revoked(StrEnum):
    """How an authorization was withdrawn."""

    STOP_CODE = "stop_code"
    SPOKEN = "spoken"
    WRITTEN = "written"


class Authority(StrEnum):
    """What entitles somebody to sign for the person (45 CFR 164.508(c)(1)(vi))."""

    PARENT = "parent"
    """A parent or guardian of a minor."""
    GUARDIAN = "guardian"
    """A legal guardian, appointed by a court."""
    AGENT = "agent"
    """Under a power of attorney for health care."""
    OTHER = "other"


class Group(StrEnum):
    """What the person would like from the affiliate."""

    SUPPORT_GROUP = "support_group"
    FAMILY_CLASS = "family_class"
    CALL_BACK = "call_back"
    PEER_MENTOR = "peer_mentor"
    ONLINE = "online_group"


class Field(StrEnum):
    """What an authorization may let the affiliate see: the one whitelist for every way out."""

    NAME = "name"
    CONTACTS = "contacts"
    LANGUAGE = "language"
    ZIP = "zip_code"
    GROUPS = "groups"
    DISCHARGED_ON = "discharged_on"
    NOTE = "note"
