"""The program put together from its configuration, for the web, the worker and the commands."""

from dataclasses import dataclass, field
from typing import TextIO

from outreach import clock, crypto, keyring, phone
from outreach.adapters.console import ConsoleMail, ConsoleSms
from outreach.adapters.imap_inbox import ImapInbox
from outreach.adapters.own_calendar import OwnCalendarReader
from outreach.adapters.smtp_mail import SmtpMail
from outreach.adapters.twilio_sms import TwilioSignature, TwilioSms
from outreach.config import Config
from outreach.db import Database
from outreach.links import Links
from outreach.messaging.ports import Mailbox, MailGateway, SignatureCheck, SmsGateway
from outreach.messaging.templates import Texts
from outreach.speakers.ports import CalendarReader
from outreach.vault import Vault
from outreach.workflows.delivery import Post
from outreach.workflows.mailing import Sender
from outreach.workflows.referrals.desk import Desk


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything that is built once.

    `signature` is None where no provider calls us, `mailbox` where no mail is fetched.
    """

    config: Config
    db: Database
    vault: Vault
    links: Links
    post: Post
    signature: SignatureCheck | None
    mailbox: Mailbox | None = None
    calendars: CalendarReader = field(default_factory=OwnCalendarReader)

    @property
    def desk(self) -> Desk:
        """What the referral loop works with besides the database."""
        return Desk(self.vault, self.links)

    def close(self) -> None:
        """Let go of the mail server, the database and the store of data keys."""
        self.post.mail.close()
        self.db.dispose()
        self.vault.dispose()


def build(config: Config, *, terminal: TextIO | None = None) -> Wiring:
    """Put the program together. Opens no connection and no key file; those come with first use.

    `terminal` is where the console gateways show what they keep; without one they only keep it.
    """
    db = Database(config.database, audit_key=crypto.derive(config.key(), "audit").encode())
    keys = keyring.Source(config.key_path, given=config.keys.get_secret_value())
    links = Links(config.public_base_url, config.key())
    is_twilio = config.sms_gateway == "twilio"
    post = Post(
        db=db,
        links=links,
        texts=Texts(
            links=links,
            service_name=config.service_name,
            support_phone=phone.display(config.support_phone) if config.support_phone else "",
        ),
        mail=_mail_gateway(config, db, terminal),
        sms=_sms_gateway(config, db, terminal),
        sms_per_second=config.sms_per_second if is_twilio else None,
        sender=Sender(config.service_name, config.mail_from, config.host),
        sms_price_cents=config.sms_price_cents,
    )
    token = config.twilio_auth_token.get_secret_value()
    signature = TwilioSignature(token) if is_twilio else None
    return Wiring(config, db, Vault(config.vault, keys), links, post, signature, mailbox_of(config))


def mailbox_of(config: Config) -> ImapInbox | None:
    """Return the mailbox that mail is fetched from; None where none is set."""
    if not config.imap_host:
        return None
    return ImapInbox(
        host=config.imap_host,
        port=config.imap_port,
        user=config.imap_user,
        password=config.imap_password.get_secret_value(),
        folder=config.imap_folder,
        move_to=config.imap_move_to,
        tls=config.imap_tls,
    )


def _sms_gateway(config: Config, db: Database, terminal: TextIO | None) -> SmsGateway | None:
    if config.sms_gateway == "off":
        return None
    if config.sms_gateway == "console":
        return ConsoleSms(db, now=clock.now, terminal=terminal)
    return TwilioSms(
        account_sid=config.twilio_account_sid,
        auth_token=config.twilio_auth_token.get_secret_value(),
        sender=config.twilio_from,
        messaging_service_sid=config.twilio_messaging_service_sid,
        base_url=config.twilio_base_url,
    )


def _mail_gateway(config: Config, db: Database, terminal: TextIO | None) -> MailGateway:
    if config.mail_gateway == "console":
        return ConsoleMail(db, now=clock.now, terminal=terminal)
    return SmtpMail(
        host=config.smtp_host,
        port=config.smtp_port,
        sender=config.mail_from,
        tls=config.smtp_tls,
        user=config.smtp_user,
        password=config.smtp_password.get_secret_value(),
    )
