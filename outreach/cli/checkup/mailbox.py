"""Mail that comes in: whether it does, by which way, and whether the mailbox lets us in."""

from datetime import datetime, timedelta
from typing import Final

from outreach import wiring
from outreach.adapters.probes import NoAnswer, Refused
from outreach.cli.checkup.finding import Finding, look, ok, skipped, wrong
from outreach.config import Config
from outreach.db import Database
from outreach.messaging import mail_rounds

PART = "mailbox"
OLDEST: Final = timedelta(minutes=15)

REFUSALS: Final = {
    "tls": (
        "Its encryption does not work: no STARTTLS, or a certificate that is not trusted.",
        'imap_tls: "implicit" with 993, "starttls" with 143; imap_host as on the certificate.',
    ),
    "sign-in": (
        "It does not take imap_user and imap_password.",
        (
            "Copy both anew; many providers want a password made for programs, and some take none "
            "by IMAP at all: then use /hooks/mail or outreach mail take."
        ),
    ),
    "folder": (
        "It has no folder of the name in imap_folder.",
        "Write the name as the server lists it; the inbox is always INBOX.",
    ),
    "move folder": (
        "It has no folder of the name in imap_move_to.",
        "Make that folder, or leave imap_move_to empty.",
    ),
}


def settings(config: Config) -> list[Finding]:
    """Look whether mail can come in at all."""
    if config.imap_host:
        return [ok(PART, f"Mail is fetched from {config.imap_host}, {config.imap_folder}.")]
    if config.mail_hook_token.get_secret_value():
        return [ok(PART, "Mail may be posted to /hooks/mail.")]
    if config.mail_gateway == "console":
        return [skipped(PART, "No mail leaves this machine, so none is answered.")]
    return [
        look(
            PART,
            "Nothing fetches mail, and nobody may post it: bounces and answers are not noticed.",
            "Set imap_… or mail_hook_token, unless your mail server runs outreach mail take.",
        )
    ]


def server(config: Config) -> list[Finding]:
    """Sign in and look for the folders; nothing is fetched or marked."""
    mailbox = wiring.mailbox_of(config)
    if mailbox is None:
        return []
    at = f"{config.imap_host}:{config.imap_port}"
    try:
        mailbox.look()
    except NoAnswer:
        return [
            wrong(
                PART,
                f"No IMAP server answers at {at}.",
                "Look at imap_host and imap_port, and whether the firewall lets that port out.",
            )
        ]
    except Refused as error:
        said, to_do = REFUSALS.get(
            error.code, ("It answers what IMAP does not know.", "Is it an IMAP server?")
        )
        return [wrong(PART, f"{at}: {said}", to_do)]
    return [ok(PART, f"The mailbox at {at} lets us in, and its folder is there.")]


def rounds(db: Database, config: Config, *, now: datetime) -> list[Finding]:
    """Look whether a worker has read the mailbox of late."""
    mailbox = wiring.mailbox_of(config)
    if mailbox is None:
        return []
    with db.reading() as session:
        last = mail_rounds.last(session, mailbox.name)
        read_at = last.read_at if last is not None else None
        trouble = last.trouble if last is not None else ""
    late = max(OLDEST, timedelta(seconds=3 * config.imap_every_s))
    if read_at is not None and now - read_at <= late:
        return [ok(PART, "A worker has read the mailbox of late.")]
    since = f"since {read_at:%Y-%m-%d %H:%M} UTC" if read_at else "so far"
    why = f" What hindered it: {trouble}." if trouble else ""
    return [
        look(
            PART,
            f"No worker has read the mailbox {since}.{why}",
            "Does a worker run, with the same settings? The log says what hinders it.",
        )
    ]
