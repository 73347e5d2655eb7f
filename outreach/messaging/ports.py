"""What messaging needs from outside, and what the adapters answer.

A `code` is the provider's own, or a `Reason` where the provider gave none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """A text to hand to the provider.

    `callback_url` belongs to this attempt alone. The provider may keep the text in its own queue
    for `valid_for_s` seconds, so that none is delivered at night or after it has expired.
    """

    to: str
    body: str
    kind: str
    callback_url: str
    valid_for_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail to hand to the server: `raw` is the whole message, of which the others are parts."""

    to: str
    raw: bytes
    message_id: str
    kind: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it. `status` is its own word for how far it is."""

    provider_id: str
    status: str = "accepted"


@dataclass(frozen=True, slots=True)
class Retry:
    """Surely not sent; trying again is safe. `pauses` says that others would fare no better."""

    code: str
    pauses: bool = True


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """It may have been sent: a time-out, a broken connection, an error on their side."""

    code: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider will not send it. `code` says why (`codes.action`)."""

    code: str


Result: TypeAlias = Accepted | Retry | Ambiguous | Rejected


@dataclass(frozen=True, slots=True)
class Seen:
    """A text in the provider's list of what it took from us."""

    provider_id: str
    body: str
    status: str
    code: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a text has come, in the provider's own words; `code` where it went wrong."""

    status: str
    code: str = ""


class CouldNotLook(Exception):
    """The provider could not be asked. Nothing follows from that."""


class SmsGateway(Protocol):
    """Sends texts. Never raises for what a provider or a network does; never sends twice."""

    def send(self, sms: Sms) -> Result:
        """Hand one text over."""
        ...

    def sent_to(self, phone: str, *, since: datetime) -> Sequence[Seen]:
        """Return what was accepted for a number from `since` on.

        Raises:
            CouldNotLook: the list could not be read whole.
        """
        ...

    def status(self, provider_id: str) -> Standing | None:
        """Return how far one text has come; None where the provider knows none of that id.

        Raises:
            CouldNotLook: the provider could not be asked.
        """
        ...

    def redact(self, provider_id: str) -> bool:
        """Let the provider forget a text's words, sent or received.

        True also where they are gone already, or it knows no such text; False where it refuses
        for now.

        Raises:
            CouldNotLook: the provider could not be asked.
        """
        ...


class MailGateway(Protocol):
    """Sends mails, at least once."""

    def send(self, mail: Mail) -> Result:
        """Hand one mail over."""
        ...

    def close(self) -> None:
        """Let go of whatever is kept open between mails."""
        ...


class Mailbox(Protocol):
    """Holds mail that came in. `name` tells one mailbox from another, and holds no secret."""

    @property
    def name(self) -> str:
        """Say which mailbox it is: server, account and folder."""
        ...

    def fetch(self, take: Callable[[bytes], bool], *, stopping: Callable[[], bool]) -> int:
        """Hand over what waits, oldest first, a limited number; return how many were taken.

        A mail is put away there only once `take` has said True.

        Raises:
            CouldNotLook: the server could not be asked; what was taken by then stays taken.
        """
        ...


class SignatureCheck(Protocol):
    """Says whether a webhook comes from the provider. Anything missing is a no."""

    def __call__(self, *, url: str, form: Mapping[str, str], signature: str | None) -> bool:
        """Check a request's form against its signature; `url` is the public one."""
        ...
