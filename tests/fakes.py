"""Gateways that remember, and answer as they are told."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from outreach.db import Database
from outreach.links import Links
from outreach.messaging.ports import (
    Accepted,
    Ambiguous,
    CouldNotLook,
    Mail,
    Result,
    Seen,
    Sms,
    SmsGateway,
    Standing,
)
from outreach.messaging.templates import Texts
from outreach.workflows.delivery import Post
from outreach.workflows.mailing import Sender

LINKS = Links("https://outreach.example", b"a key for tests")


class Phones:
    """Takes texts. `results` are given first; after them everything is accepted.

    What is ambiguous was taken, unless `loses` says that it got lost on the way.
    """

    def __init__(self) -> None:
        self.sent: list[Sms] = []
        self.seen: list[Seen] = []
        self.results: deque[Result] = deque()
        self.loses = False
        self.list_fails = False
        self.standing: dict[str, Standing | None] = {}
        self.redacted: list[str] = []
        self.away = False
        self.refuses_to_redact: set[str] = set()
        self.before_answer: Callable[[Sms], None] = lambda _sms: None

    def send(self, sms: Sms) -> Result:
        """Take a text."""
        result = self.results.popleft() if self.results else None
        taken = result is None or (isinstance(result, Ambiguous) and not self.loses)
        if taken:
            self.sent.append(sms)
            self.seen.append(Seen(f"SM{len(self.sent)}", sms.body, "sent", "", _AT))
        self.before_answer(sms)
        return result or Accepted(f"SM{len(self.sent)}", status="queued")

    def sent_to(self, phone: str, *, since: datetime) -> Sequence[Seen]:
        """Show what was taken."""
        del since
        if self.list_fails:
            raise CouldNotLook("the list is away")
        numbers = [sms.to for sms in self.sent]
        return [seen for to, seen in zip(numbers, self.seen, strict=True) if to == phone]

    def status(self, provider_id: str) -> Standing | None:
        """Say how far a text has come: sent, unless told otherwise."""
        if self.away:
            raise CouldNotLook("the provider is away")
        return self.standing.get(provider_id, Standing("sent"))

    def redact(self, provider_id: str) -> bool:
        """Forget a text, unless told to refuse."""
        if self.away:
            raise CouldNotLook("the provider is away")
        if provider_id in self.refuses_to_redact:
            return False
        self.redacted.append(provider_id)
        return True


class Mailboxes:
    """Takes mails. `results` are given first; after them everything is accepted."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.results: deque[Result] = deque()

    def send(self, mail: Mail) -> Result:
        """Take a mail."""
        if self.results:
            return self.results.popleft()
        self.sent.append(mail)
        return Accepted(mail.message_id)

    def close(self) -> None:
        """There is nothing to let go of."""


def post(
    database: Database,
    *,
    phones: SmsGateway | None = None,
    mailboxes: Mailboxes | None = None,
    per_second: float | None = None,
) -> Post:
    """Put together what sends messages."""
    return Post(
        db=database,
        links=LINKS,
        texts=Texts(links=LINKS, service_name="Outreach", support_phone="(313) 555-0100"),
        mail=mailboxes or Mailboxes(),
        sms=phones,
        sms_per_second=per_second,
        sender=Sender("Outreach", "visits@outreach.example", "outreach.example"),
    )


_AT = datetime.fromisoformat("2026-11-23T15:00:00+00:00")
