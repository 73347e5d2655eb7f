"""Every kind of message: the channels it goes by, and the values it is rendered from.

Values are JSON: display facts, public ids, and instants as ISO strings with an offset. Common to
most: `starts_at`, `ends_at`, `zone` (IANA, the hospital's), and `unit` and `hospital` only where
the recipient may see places. Never a secret: links and codes are derived when the text is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SMS, MAIL, CALL = "sms", "mail", "call"
_BOTH: Final = frozenset({SMS, MAIL})
_SPOKEN: Final = frozenset({SMS, MAIL, CALL})
_SMS: Final = frozenset({SMS})
_MAIL: Final = frozenset({MAIL})


@dataclass(frozen=True, slots=True)
class Kind:
    """What a message of one kind needs.

    `told_apart_by` names the value that distinguishes several of one kind about one thing: the
    reminders of a plan.
    """

    channels: frozenset[str]
    needs: frozenset[str]
    told_apart_by: str = ""


_VISIT: Final = frozenset({"starts_at", "ends_at", "zone"})
_OFFER: Final = _VISIT | {"offer_id", "speaker_id", "expires_at", "number"}

KINDS: Final[Mapping[str, Kind]] = {
    # to speakers
    "offer": Kind(_SPOKEN, _OFFER),
    "offer_gone": Kind(_BOTH, _VISIT),
    "confirmed": Kind(_BOTH, _VISIT),
    "released": Kind(_SPOKEN, _VISIT | {"was"}),
    "taken_back": Kind(_BOTH, _VISIT),
    "other_place": Kind(_SPOKEN, _VISIT | {"change"}, "change"),
    "renewal": Kind(_MAIL, frozenset({"month", "phone"}), "month"),
    "debrief": Kind(_BOTH, _VISIT | {"assignment_id", "speaker_id", "debrief_until"}),
    # to everyone concerned
    "moved": Kind(_SPOKEN, _VISIT | {"was"}),
    "called_off": Kind(_SPOKEN, _VISIT),
    "on_again": Kind(_SPOKEN, _VISIT),
    "reminder": Kind(_SPOKEN, _VISIT, told_apart_by="reminder"),
    "invite_offer": Kind(_MAIL, _OFFER),
    "invite": Kind(_MAIL, _VISIT),
    "invite_update": Kind(_MAIL, _VISIT),
    "invite_cancel": Kind(_MAIL, _VISIT),
    "invite_elsewhere": Kind(_MAIL, _VISIT | {"stamped_at"}),
    # from a coordinator, in her own words
    "note": Kind(_SPOKEN, frozenset({"text", "text_es", "stop_id", "phone"})),
    # to liaisons and coordinators
    "request_received": Kind(_MAIL, _VISIT),
    "reopened": Kind(_MAIL, _VISIT),
    "still_looking": Kind(_MAIL, _VISIT, told_apart_by="mark"),
    "late_trouble": Kind(_MAIL, _VISIT),
    "digest": Kind(
        _MAIL,
        frozenset({"asked_for", "yes", "no", "silent", "stepped_back", "called_off", "waiting"}),
    ),
    "other_time": Kind(_MAIL, _VISIT | {"visit_id", "other_start", "other_end"}),
    "they_came": Kind(_MAIL, _VISIT | {"visit_id", "came_until"}),
    "incident": Kind(_MAIL, frozenset()),
    "sms_budget": Kind(_MAIL, frozenset({"mark"}), "mark"),
    # of referrals: a number and a way in, nothing else
    "item_waits": Kind(_MAIL, frozenset({"number", "link_id", "expires_at"}), "round"),
    "item_waits_inside": Kind(_MAIL, frozenset({"number"}), "round"),
    "item_changed": Kind(_MAIL, frozenset({"number", "link_id", "expires_at"})),
    "item_changed_inside": Kind(_MAIL, frozenset({"number"})),
    "item_stopped": Kind(_MAIL, frozenset({"number"})),
    "item_code": Kind(_MAIL, frozenset({"link_code_id"})),
    "helper_pin": Kind(_MAIL, frozenset({"what", "event", "helpers_of", "phone"}), "event"),
    "referral_alert": Kind(_MAIL, frozenset({"number", "about"}), "about"),
    "referral_waits": Kind(_MAIL, frozenset({"number", "about"}), "about"),
    # to whoever signs in
    "sign_in_code": Kind(_MAIL, frozenset({"code_id"})),
    "invitation": Kind(_MAIL, frozenset({"inviter"})),
    "sign_in_changed": Kind(_MAIL, frozenset({"what", "change"}), "change"),
    "sign_in_tries": Kind(_MAIL, frozenset({"limit"}), "limit"),
    "address_changed": Kind(_MAIL, frozenset({"change"}), "change"),
    "referring": Kind(_MAIL, frozenset({"affiliate", "may"})),
    # answers to a text
    "yes_reply": Kind(_SMS, _VISIT),
    "no_reply": Kind(_SMS, frozenset()),
    "too_late_reply": Kind(_SMS, frozenset()),
    "unclear_reply": Kind(_SMS, frozenset()),
    "stop_reply": Kind(_SMS, frozenset()),
    "start_reply": Kind(_SMS, frozenset()),
    "help_reply": Kind(_SMS, frozenset()),
}

CALENDAR: Final = frozenset(
    {"invite_offer", "invite", "invite_update", "invite_cancel", "invite_elsewhere"}
)
"""Mails that change what a calendar shows."""

ANSWERS: Final = frozenset(kind for kind in KINDS if kind.endswith("_reply"))
"""Answers to a text that somebody has just sent us."""

KEYWORD_REPLIES: Final = frozenset({"stop_reply", "start_reply", "help_reply"})
"""Answers to STOP, START and HELP: whoever wrote gets one, whatever the ledger says."""

ASKED_FOR: Final = frozenset({"sign_in_code", "item_code"})
"""Codes somebody waits for at this moment: sent even where mail came back, or they are locked out
by a mailbox that was full for a day."""


def check(kind: str, *, channel: str, values: Mapping[str, Any]) -> None:
    """Refuse what could not be rendered later, while its cause can still be undone.

    Raises:
        ValueError: an unknown kind, a channel it has no text for, or a value is missing. These
            are faults of the caller.
    """
    known = KINDS.get(kind)
    if known is None or channel not in known.channels:
        raise ValueError(f"There is no message {kind!r} by {channel!r}.")
    missing = known.needs - values.keys()
    if missing:
        raise ValueError(f"A message {kind!r} lacks {', '.join(sorted(missing))}.")


def has_mail(kind: str) -> bool:
    """Say whether a mail can stand in for a text of this kind."""
    return MAIL in KINDS[kind].channels


def occasion(kind: str, values: Mapping[str, Any]) -> str:
    """Return what tells this message from others of its kind about the same thing."""
    return str(values.get(KINDS[kind].told_apart_by, ""))
