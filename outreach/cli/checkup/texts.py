"""Texts: account, sender, registration, and whether a callback would get through."""

from urllib.parse import urlsplit

from outreach.adapters import probes
from outreach.adapters.twilio_sms import TwilioSignature, TwilioSms
from outreach.cli.checkup.finding import Finding, look, ok, skipped, wrong
from outreach.config import Config
from outreach.messaging.ports import CouldNotLook, Rejected
from outreach.reads import code_words

PART = "texts"
READ_S = 4.0
CALLBACK = "/hooks/twilio/status/doctor"
"""No attempt has this name, so that the callback changes nothing."""
NO_CONTENT, FORBIDDEN = 204, 403


def settings(config: Config) -> list[Finding]:
    """Look at what the settings alone tell."""
    if config.sms_gateway == "off":
        return [skipped(PART, 'sms_gateway is "off": mail alone.')]
    if config.sms_gateway == "console":
        return [
            look(
                PART,
                'sms_gateway is "console": texts stay on this machine.',
                'For people\'s phones set it to "twilio", or to "off".',
            )
        ]
    way = "a messaging service" if config.twilio_messaging_service_sid else config.twilio_from
    return [ok(PART, f"Twilio, through {way}."), _registration(config), _form(config)]


def account(config: Config) -> list[Finding]:
    """Ask Twilio about account and number."""
    if config.sms_gateway != "twilio":
        return []
    gateway = TwilioSms(
        account_sid=config.twilio_account_sid,
        auth_token=config.twilio_auth_token.get_secret_value(),
        sender=config.twilio_from,
        messaging_service_sid=config.twilio_messaging_service_sid,
        base_url=config.twilio_base_url,
        read_s=READ_S,
    )
    try:
        found = gateway.account()
    except CouldNotLook:
        return [
            skipped(
                PART,
                "Twilio cannot be reached from here.",
                "Are we offline? Else look at name resolution, proxy and firewall.",
            )
        ]
    if isinstance(found, Rejected):
        words = code_words.of(found.code)
        return [wrong(PART, f"{words.said} (code {found.code})", words.to_do)]
    findings = [ok(PART, "Twilio knows the account and its token.")]
    if found.status != "active":
        findings = [
            wrong(PART, f"The account is {found.status}.", "Look at Twilio's console, at billing.")
        ]
    if found.is_trial:
        trial = code_words.of("21608")
        findings.append(look(PART, trial.said, trial.to_do))
    if found.has_sender is False:
        sender = code_words.of("21606")
        findings.append(wrong(PART, sender.said, sender.to_do))
    return findings


def callback(config: Config) -> list[Finding]:
    """Send ourselves a signed callback by the public address, as Twilio does."""
    if config.sms_gateway != "twilio":
        return []
    url = f"{config.public_base_url}{CALLBACK}"
    form = {"MessageSid": "SMdoctor", "MessageStatus": "queued"}
    signature = TwilioSignature(config.twilio_auth_token.get_secret_value()).sign(
        url=url, form=form
    )
    try:
        status = probes.post(url, form, headers={"X-Twilio-Signature": signature})
    except probes.NoAnswer:
        return [
            skipped(
                PART,
                f"Nobody answers at {config.public_base_url} from here, so callbacks were not "
                "tried.",
                "Does the service run? Some networks do not lead a machine back to itself; try "
                "from another.",
            )
        ]
    if status == NO_CONTENT:
        return [ok(PART, "A signed callback to the public address gets through.")]
    if status == FORBIDDEN:
        return [
            wrong(
                PART,
                "A signed callback to the public address is refused (403).",
                "public_base_url must be exactly the address people and Twilio use, and the "
                "running service must have the same twilio_auth_token: start it anew after a "
                "change.",
            )
        ]
    return [
        wrong(
            PART,
            f"A signed callback to the public address is answered with {status}, not 204.",
            "Look at the proxy: POST to /hooks/twilio/ has to reach the service unchanged.",
        )
    ]


def _registration(config: Config) -> Finding:
    if config.sms_registered:
        return ok(PART, "You have said that the number is registered (sms_registered).")
    sender = "the messaging service's numbers" if config.twilio_messaging_service_sid else "it"
    return look(
        PART,
        "Whether the number is registered for texts from a program (A2P 10DLC) is not known.",
        f"Without it carriers filter or refuse texts. Look at Twilio's console whether {sender} "
        "belong(s) to a campaign; then set sms_registered = true.",
    )


def _form(config: Config) -> Finding:
    url, form = f"{config.public_base_url}{CALLBACK}", {"MessageSid": "SMdoctor"}
    check = TwilioSignature(config.twilio_auth_token.get_secret_value())
    if not check(url=url, form=form, signature=check.sign(url=url, form=form)):
        return wrong(
            PART,
            "A signature over public_base_url does not check.",
            "Write public_base_url like https://visits.example.org.",
        )
    parts = urlsplit(config.public_base_url)
    if parts.path or parts.query:
        return look(
            PART,
            "public_base_url has a path.",
            "The proxy must take it away and pass the rest on; signatures are checked with it.",
        )
    return ok(PART, "Signatures are checked over public_base_url.")
