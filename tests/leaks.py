"""Looks through what left a test's database, and its log, for what must never leave.

No message, calendar entry, log line or address of the whole run may hold the name, a contact or a
note of the seeded patient; and no message names a hospital or unit but to liaisons, to the ward's
own mailbox, and to speakers who chose to see places.
"""

from collections.abc import Iterable, Iterator
from email import message_from_bytes, policy
from urllib.parse import unquote_plus

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Account, Membership
from outreach.audit import AuditEvent
from outreach.calendars.models import CalendarItem
from outreach.db import Database
from outreach.directory.models import Hospital, Unit
from outreach.messaging.models import ConsoleMessage, Message
from outreach.speakers.models import Speaker

PATIENT = "Zephyrine Quillfeather"
PHONE = "+13125550187"
MAIL = "zephyrine@patients.example"
NOTE = "Prefers Tuesdays after five"
CANARIES = ("Zephyrine", "Quillfeather", "5550187", "555-0187", "zephyrine@", NOTE)
"""Pieces of what every referral of the tests holds of its person."""

PLACES = ("St. Clare", "Unit 4B")
"""Pieces of the names that the tests' hospitals and units have."""

ANYTHING_TOLD = (
    "SELECT EXISTS (SELECT 1 FROM message) OR EXISTS (SELECT 1 FROM console_message)"
    " OR EXISTS (SELECT 1 FROM referral)"
)

SHORTEST_NAME = 5
"""Names of places shorter than this are found in ordinary words."""


def told(text: str) -> list[str]:
    """Return the canaries that a text holds."""
    return [canary for canary in CANARIES if canary.lower() in text.lower()]


def in_address(address: str) -> list[str]:
    """Return the canaries that the address of a request holds."""
    found = unquote_plus(address)
    return [*told(found), *(place for place in PLACES if place.lower() in found.lower())]


def logged(text: str) -> list[str]:
    """Return the places that lines of the log name: those that end in the component's name."""
    lines = " ".join(line for line in text.splitlines() if "component=" in line)
    return [place for place in PLACES if place.lower() in lines.lower()]


def of(database: Database) -> list[str]:
    """Return everything in a test's database that should never have left, in words."""
    with database.reader.connect() as connection:
        # Most tests tell nobody anything, and this is asked after each of them.
        if not connection.exec_driver_sql(ANYTHING_TOLD).scalar():
            return []
    with database.reading() as session:
        return [*_canaries(session), *_places(session)]


def _canaries(session: Session) -> Iterator[str]:
    for row in session.scalars(select(Message)):
        for canary in told(f"{row.values} {row.to_name} {row.reason}"):
            yield f"A message of the kind {row.kind} holds {canary!r}."
    for left in session.scalars(select(ConsoleMessage)):
        for canary in told(_everything(left)):
            yield f"What left as {left.kind} holds {canary!r}."
    for item in session.scalars(select(CalendarItem)):
        shown = (item.summary, item.location, item.description, item.vevent)
        for canary in told(" ".join(map(str, shown))):
            yield f"A calendar of the kind {item.owner_kind} holds {canary!r}."
    for event in session.scalars(select(AuditEvent)):
        for canary in told(f"{event.actor} {event.details}"):
            yield f"The audit log's {event.action} holds {canary!r}."


def _places(session: Session) -> Iterator[str]:
    names = [*session.scalars(select(Hospital.name)), *session.scalars(select(Unit.name))]
    long_names = {name for name in names if len(name) >= SHORTEST_NAME}
    may_see = _who_may_see_places(session)
    for left in session.scalars(select(ConsoleMessage)):
        if left.to_address not in may_see:
            text = _everything(left)
            for name in sorted(name for name in long_names if name in text):
                yield f"A message of the kind {left.kind} names {name!r}."


def _who_may_see_places(session: Session) -> set[str]:
    """Return the addresses and numbers of liaisons, wards, and speakers who chose so."""
    liaisons = select(Account.email).join(Membership, Membership.account_id == Account.id)
    speakers = select(Speaker.email, Speaker.phone).where(Speaker.detail == "full")
    found: set[str | None] = {
        *session.scalars(liaisons.where(Membership.kind == "liaison")),
        *session.scalars(select(Unit.contact_email)),
    }
    for pair in session.execute(speakers):
        found.update(pair)
    return {address for address in found if address}


def _everything(left: ConsoleMessage) -> str:
    """Return all that a message carried: subject, text, and the parts of the mail itself."""
    return " ".join([left.subject, left.text, *_parts(left.raw)])


def _parts(raw: bytes | None) -> Iterable[str]:
    if raw is None:
        return []
    mail = message_from_bytes(raw, policy=policy.default)
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    return [*map(str, mail.values()), *(str(part.get_content()) for part in parts)]
