"""What each provider's code means, and what whoever runs the service can do about it."""

from dataclasses import dataclass
from typing import Final

from outreach.i18n import gettext as _
from outreach.i18n import lazy


@dataclass(frozen=True, slots=True)
class CodeWords:
    """What happened, and what helps."""

    said: str
    to_do: str


_SLOW = CodeWords(
    lazy("The provider is asked to send faster than it may."),
    lazy("Wait a little. If it comes again, set sms_per_second lower, or ask for a higher rate."),
)
_NOT_MOBILE = CodeWords(
    lazy("The number is a landline, or cannot take texts."),
    lazy("Ask the person for a mobile number."),
)
_UNREACHABLE = CodeWords(
    lazy("The phone could not be reached: it is off, without network, or its service has ended."),
    lazy("Try again later. If it stays so, ask for another number."),
)

CODES: Final = {
    "429": _SLOW,
    "20429": _SLOW,
    "20003": CodeWords(
        lazy("The provider does not know this account with this password."),
        lazy("Copy twilio_account_sid and twilio_auth_token anew from the provider’s console."),
    ),
    "20404": CodeWords(
        lazy("The provider has no such account."),
        lazy("Copy twilio_account_sid anew from the provider’s console."),
    ),
    "20500": CodeWords(
        lazy("The provider had a fault of its own; the text may have left all the same."),
        lazy("Look at the phone, and at the provider’s status page, before you try again."),
    ),
    "21211": CodeWords(
        lazy("There is no such telephone number."),
        lazy("Look at the number digit by digit, with its area code."),
    ),
    "21606": CodeWords(
        lazy("The number we send from cannot send texts, or is not this account’s."),
        lazy("Correct twilio_from, or turn texting on for that number at the provider."),
    ),
    "21608": CodeWords(
        lazy("This is a trial account, and it texts only numbers verified at the provider."),
        lazy("Verify the number at the provider, or upgrade the account."),
    ),
    "21610": CodeWords(
        lazy("Whoever has this number has told the provider STOP."),
        lazy("Only they can take it back, by texting START."),
    ),
    "21611": CodeWords(
        lazy("Too many texts wait at the provider for the number we send from."),
        lazy("Wait until they have left, and set sms_per_second lower."),
    ),
    "21612": CodeWords(
        lazy("The provider has no way from our number to this one."),
        lazy("Allow the country at the provider, or send from a number of the same country."),
    ),
    "21614": _NOT_MOBILE,
    "21635": _NOT_MOBILE,
    "30001": CodeWords(
        lazy("It waited too long at the provider, behind too many others."),
        lazy("Set sms_per_second to what the number may send."),
    ),
    "30003": _UNREACHABLE,
    "30004": CodeWords(
        lazy("The phone or its carrier blocks our texts."),
        lazy("Ask the person to allow texts from our number. It is not tried again."),
    ),
    "30005": CodeWords(
        lazy("The carrier does not know the number, or it is no longer in use."),
        lazy("Ask the person for their number."),
    ),
    "30006": CodeWords(
        lazy("The number is a landline, or its carrier cannot be reached."),
        lazy("Ask the person for a mobile number."),
    ),
    "30007": CodeWords(
        lazy("The carrier took the text for unwanted and filtered it out."),
        lazy("Look whether the registration (A2P) is complete and fits what is sent."),
    ),
    "30008": CodeWords(
        lazy("The carrier did not deliver it, and does not say why."),
        lazy("Try again later; if it stays so, try another phone."),
    ),
    "30034": CodeWords(
        lazy("The number we send from is not registered for texts from a program (A2P 10DLC)."),
        lazy("Finish the brand and campaign at the provider, and add the number to the campaign."),
    ),
    "30036": CodeWords(
        lazy("Its time was over before the provider could send it."),
        lazy("Nothing, if it comes once. Often: set sms_per_second to what the number may send."),
    ),
    "30047": CodeWords(
        lazy("The provider holds texts back at this hour, and could not move this one."),
        lazy("Try again in the daytime of the person’s own time zone."),
    ),
}
"""Every code of `messaging.codes`."""

UNKNOWN: Final = CodeWords(
    lazy("The provider refused it, with a code we have no words for."),
    lazy("Look the code up at https://www.twilio.com/docs/api/errors."),
)


def of(code: str) -> CodeWords:
    """Return the words for a code; for one we do not know, where to look it up."""
    return CODES.get(code, UNKNOWN)


def sentence(code: str) -> str:
    """Return a code with what it means and what helps; "" for one we do not know."""
    words = CODES.get(code)
    if words is None:
        return ""
    return _(
        "Code %(code)s: %(said)s %(to_do)s", code=code, said=_(words.said), to_do=_(words.to_do)
    )
