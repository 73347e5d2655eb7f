"""What each kind of message is for and when it leaves, in words; and which belong together."""

from collections.abc import Mapping
from typing import Final

from outreach.i18n import gettext as _
from outreach.i18n import lazy

GROUPS: Final = (
    (
        lazy("About a visit"),
        (
            "offer",
            "invite_offer",
            "offer_gone",
            "confirmed",
            "invite",
            "reminder",
            "moved",
            "other_place",
            "released",
            "called_off",
            "on_again",
            "taken_back",
            "invite_update",
            "invite_cancel",
            "invite_elsewhere",
        ),
    ),
    (
        lazy("After a visit, and papers"),
        (
            "debrief",
            "they_came",
            "renewal",
        ),
    ),
    (
        lazy("Notes you write"),
        ("note",),
    ),
    (
        lazy("To units"),
        (
            "request_received",
            "still_looking",
            "reopened",
            "other_time",
        ),
    ),
    (
        lazy("To coordinators"),
        (
            "digest",
            "late_trouble",
            "incident",
            "sms_budget",
        ),
    ),
    (
        lazy("Answers to a text that came in"),
        (
            "yes_reply",
            "no_reply",
            "too_late_reply",
            "unclear_reply",
            "stop_reply",
            "start_reply",
            "help_reply",
        ),
    ),
    (
        lazy("About referrals"),
        (
            "item_waits",
            "item_waits_inside",
            "item_changed",
            "item_changed_inside",
            "item_stopped",
            "item_code",
            "helper_pin",
            "referral_alert",
            "referral_waits",
            "referring",
        ),
    ),
    (
        lazy("About signing in"),
        (
            "invitation",
            "sign_in_code",
            "sign_in_changed",
            "sign_in_tries",
            "address_changed",
        ),
    ),
)

_PURPOSES: Final[Mapping[str, str]] = {
    "offer": lazy(
        "Asks a speaker whether a visit suits. It leaves when the proposal is approved, or at once "
        "where nobody needs to look."
    ),
    "offer_gone": lazy(
        "Tells a speaker who was asked that the visit is no longer open. It leaves when somebody "
        "else was quicker, or the question is taken back."
    ),
    "confirmed": lazy(
        "Tells a speaker that the visit is theirs. It leaves when they have said yes and no "
        "calendar invite says the same."
    ),
    "invite_offer": lazy(
        "Asks whether a speaker would go, and stands in their calendar as a question meanwhile. "
        "For speakers who chose so."
    ),
    "invite": lazy("Brings the visit into the calendar. It leaves as soon as a speaker comes."),
    "reminder": lazy(
        "Reminds a speaker of the visit. It leaves at the times you chose in the settings."
    ),
    "moved": lazy(
        "Tells speakers and the unit of a new time. It leaves ten minutes after the change, at "
        "once when the visit is near."
    ),
    "other_place": lazy(
        "Tells a speaker who comes that the unit has another street or the hospital another town. "
        "It leaves ten minutes after the change, at once when the visit is near."
    ),
    "released": lazy(
        "Tells a speaker that they need not come, as the visit moved to a time when they have "
        "another one."
    ),
    "called_off": lazy(
        "Tells speakers and the unit that the visit will not take place. It leaves ten minutes "
        "after the change, at once when the visit is near."
    ),
    "on_again": lazy(
        "Tells whoever had heard that a visit is called off that it takes place after all."
    ),
    "taken_back": lazy(
        "Tells a speaker that a visit was entered for them by mistake. It leaves only where word "
        "of the visit had left."
    ),
    "invite_update": lazy("Changes the visit in the calendar, as soon as something about it has."),
    "invite_cancel": lazy("Takes the visit out of the calendar of whoever need not be there."),
    "invite_elsewhere": lazy(
        "Takes the visit out of the calendar of an address that somebody no longer has with us. "
        "The new address gets it."
    ),
    "debrief": lazy("Asks a speaker how it went. It leaves when the visit is over."),
    "they_came": lazy("Asks the unit whether everyone came. It leaves when the visit is over."),
    "renewal": lazy(
        "Asks a speaker to renew a paper. It leaves when you press the button on their page."
    ),
    "note": lazy(
        "Brings your own words to the people of a list. It leaves when you have looked at it and "
        "press the button; texts wait for the morning."
    ),
    "request_received": lazy("Thanks the unit for its request, as soon as it has asked."),
    "still_looking": lazy(
        "Tells the unit a week and two days before that somebody is still missing."
    ),
    "reopened": lazy("Tells the unit that a speaker cannot come any more and others are asked."),
    "other_time": lazy("Asks the unit about another time. It leaves when you propose one."),
    "digest": lazy(
        "Tells you in the morning what happened, and how much waits. It leaves at eight, on days "
        "with something to tell."
    ),
    "late_trouble": lazy("Tells you at once that a speaker has stepped back shortly before."),
    "incident": lazy("Tells you at once that a report has come in; never what it says."),
    "sms_budget": lazy(
        "Tells you once a month when four fifths of your budget for texts are used, and when all "
        "of it is."
    ),
    "yes_reply": lazy("Thanks for a yes by text, at once."),
    "no_reply": lazy("Thanks for a no by text, at once."),
    "too_late_reply": lazy("Answers a yes that came when the visit was no longer open."),
    "unclear_reply": lazy("Answers a text that nobody could make sense of; you see it as well."),
    "stop_reply": lazy("Confirms that no more texts will come. The law has a say in its words."),
    "start_reply": lazy("Confirms that texts are on again."),
    "help_reply": lazy("Says who writes and where to ask. The law has a say in its words."),
    "item_waits": lazy("Tells an affiliate that a referral waits, with a link and nothing else."),
    "item_waits_inside": lazy("Tells an affiliate that a referral waits behind the signing in."),
    "item_changed": lazy("Tells an affiliate to open a referral again, as it was corrected."),
    "item_changed_inside": lazy(
        "Tells an affiliate to look at a referral again behind the signing in."
    ),
    "item_stopped": lazy("Tells an affiliate to make no more contact."),
    "item_code": lazy("The code that opens a referral, when somebody asks for it."),
    "helper_pin": lazy("Tells whoever keeps the helpers that a PIN was set or locked."),
    "referral_alert": lazy("Tells the coordinator on duty that a referral needs a decision."),
    "referral_waits": lazy("Reminds whoever began a referral that it was never sent."),
    "referring": lazy("Tells a liaison that they may refer people, or no longer may."),
    "invitation": lazy("Invites somebody to sign in, when you give them a place."),
    "sign_in_code": lazy("The code for signing in, when somebody asks for it."),
    "sign_in_changed": lazy("Tells somebody that their way of signing in was changed."),
    "sign_in_tries": lazy("Warns somebody that their second step was tried too often."),
    "address_changed": lazy("Tells the address somebody had that another one took its place."),
}

PLACEHOLDERS: Final[Mapping[str, str]] = {
    "service": lazy("who writes: the name of this service"),
    "when": lazy("day and time of the visit"),
    "was": lazy("day and time as they were before"),
    "yes": lazy("the answer for a yes with its number, like YES 4312"),
    "no": lazy("the answer for a no with its number, like NO 4312"),
    "link": lazy("the person’s own link"),
    "name": lazy("the person’s first name"),
    "place": lazy("hospital and unit after a comma, for those who chose to see them"),
}
"""What each placeholder stands for."""


def purpose(kind: str) -> str:
    """Say what a kind of message is for and when it leaves."""
    return _(_PURPOSES[kind])
