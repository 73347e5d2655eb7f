"""Why a message is where it is, and what helps, in words a coordinator can act on."""

from typing import Final

from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.messaging import codes, rules
from outreach.messaging.codes import Action
from outreach.messaging.models import Message
from outreach.messaging.reasons import Reason
from outreach.reads import words
from outreach.reads.words import Status

_IN_DOUBT = lazy(
    "The connection broke while it was being sent, so it may have arrived. Ask the person before "
    "you send it once more."
)
_FAULT = lazy("A fault of ours kept it from leaving. Call the person, and tell your administrator.")
_TOO_LATE = lazy("It could not leave in time. Call the person if it still matters.")
_BAD_NUMBER = lazy("The number does not take texts. Ask for a new one.")
_OPTED_OUT = lazy("This number has said STOP. What can go by mail goes by mail from now on.")
_NO_CODE = lazy("It did not arrive, and the provider does not say why. Call the person.")
_UNCONFIRMED = lazy(
    "The provider took it, and never said whether it arrived. It is not sent again; ask the person "
    "if it matters."
)

REASONS: Final = {
    Reason.SUPERSEDED: lazy("Something newer took its place. There is nothing to do."),
    Reason.TAKEN_BACK: lazy(
        "A coordinator took it back before it left. Call the person if they should know."
    ),
    Reason.NO_CONSENT: lazy(
        "This number has not agreed to texts, or has said STOP. What can go by mail goes by mail."
    ),
    Reason.NO_ADDRESS: lazy(
        "Nobody is there to get it any more. Look whether the person or unit has an address."
    ),
    Reason.BAD_ADDRESS: lazy("The address does not take mail. Ask for a new one."),
    Reason.MAILBOX_FULL: lazy(
        "The mailbox is full, so it takes no mail. Call the person, and ask for another address."
    ),
    Reason.BAD_NUMBER: _BAD_NUMBER,
    Reason.OPTED_OUT: _OPTED_OUT,
    Reason.SMS_OFF: lazy("Texts are turned off here. What can go by mail goes by mail."),
    Reason.QUIET_HOURS: lazy("It is night where the person lives. It leaves in the morning."),
    Reason.NIGHT: lazy("A text in the morning would come too late, so a mail took its place."),
    Reason.BUDGET: lazy(
        "The budget for texts of that month was used up, so a mail took its place."
    ),
    Reason.EXPIRED: _TOO_LATE,
    Reason.TOO_LONG: lazy(
        "The text came to %(count)s parts, and two are the most, so a mail took its place. A "
        "shorter name of the hospital or unit helps."
    ),
    Reason.CANNOT_PREPARE: _FAULT,
    Reason.UNREACHABLE: lazy(
        "Our mail or text service could not be reached. Tell your administrator, and send it "
        "once more when others arrive again."
    ),
    Reason.CONNECTION: _IN_DOUBT,
    Reason.UNREADABLE: _IN_DOUBT,
    Reason.GATEWAY: _FAULT,
    Reason.HELD_UP: lazy("The service stood still for a while. It is tried again by itself."),
    Reason.CRASHED: _IN_DOUBT,
    Reason.IN_DOUBT: lazy(
        "Nobody can say whether it arrived. Call the person if it still matters."
    ),
}
"""Words for each reason of our own."""

ACTIONS: Final = {
    Action.PAUSE: lazy(
        "The provider asked us to send less (code %(code)s). Send it once more in a while."
    ),
    Action.CHANNEL: lazy(
        "The account for texts is not set up right (code %(code)s). Tell your administrator."
    ),
    Action.BAD_NUMBER: _BAD_NUMBER,
    Action.OPT_OUT: _OPTED_OUT,
    Action.LATER: lazy(
        "The phone could not be reached (code %(code)s). It is tried once more by itself; call if "
        "that fails too."
    ),
    Action.FAIL: lazy(
        "The provider refused it (code %(code)s). Call the person, and show your administrator the "
        "code."
    ),
    Action.EXPIRED: _TOO_LATE,
}
"""Words for each thing that may follow from a provider's code."""

OUTCOMES: Final = {
    "reached": lazy("Reached by telephone"),
    "no_answer": lazy("Nobody answered"),
    "": lazy("being sent"),
    "ok": lazy("taken by the provider"),
    "retry": lazy("not sent, to be tried again"),
    "ambiguous": lazy("not known whether it was sent"),
    "rejected": lazy("refused by the provider"),
    "crashed": lazy("the worker stopped, not known whether it was sent"),
}
"""What one try gave."""

SETTLED = {"accepted", "delivered"}
_WAITING = {"pending", "claimed", "sending"}
_WENT_WRONG = {"failed", "undelivered", "dead"}


def status(message: Message) -> Status:
    """Say how far a message got; of a text nobody confirmed, that nobody did."""
    if is_unconfirmed(message):
        return Status("settled", _("Sent, not confirmed"))
    return words.message_state(message.state)


def is_unconfirmed(message: Message) -> bool:
    """Say whether the provider took a text and was silent however often it was asked."""
    return message.state == "accepted" and message.checks == len(rules.POLLS)


def why(message: Message) -> str:
    """Say why a message is where it is and what helps; "" where there is nothing to say."""
    if message.state in SETTLED:
        return _(_UNCONFIRMED) if is_unconfirmed(message) else ""
    if message.state in _WAITING and message.reason not in {"", Reason.QUIET_HOURS}:
        return _("It could not be sent just now. It is tried again by itself.")
    if message.state == "unknown":
        return _(
            "The provider has not said whether it arrived. We keep asking, so it is not sent "
            "twice. Call the person if it cannot wait."
        )
    if message.reason in REASONS:
        return _(REASONS[Reason(message.reason)], count=message.segments)
    code = message.provider_code or message.reason
    if not code:
        return _(_NO_CODE) if message.state in _WENT_WRONG else ""
    action = codes.action(code) if message.channel == "sms" else Action.FAIL
    return _(ACTIONS[action], code=code)


def outcome(of_try: str) -> str:
    """Say what one try gave."""
    return _(OUTCOMES[of_try])
