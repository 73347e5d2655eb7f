"""What is so after any event, in any order; each finding is a sentence for an assertion."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import combinations
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import clock
from outreach.calendars import service as calendars
from outreach.calendars.models import BUREAU, CalendarItem
from outreach.calendars.service import Person
from outreach.directory.models import Unit
from outreach.messaging import kinds
from outreach.messaging.models import Message
from outreach.messaging.ports import Mail, Sms
from outreach.messaging.reasons import Reason
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Slot, Visit
from tests.builders import ZONE
from tests.calendars import checks
from tests.soak.any_order import Departure, Play, calendar_of

NEAR: Final = timedelta(hours=24)
OPENS, CLOSES = time(9), time(20)
NEWS: Final = frozenset({"moved", "other_place", "called_off", "released"})
OF_THE_TIME: Final = frozenset(
    {"moved", "other_place", "reminder", "confirmed", "invite", "invite_update"}
)
"""What names the time at which somebody is to come."""
OF_THE_OLD_TIME: Final = {
    "moved": "was",
    "released": "was",
    "called_off": "starts_at",
    "offer_gone": "starts_at",
    "invite_cancel": "starts_at",
}
"""What changes or ends something, and which value names the time its reader knows."""
ORGANIZER: Final = Person("Outreach", "visits@outreach.example")
PLACES: Final = ("St. Clare", "Unit 4B", "Unit 6", "Cedar Road")
NOT_SENT: Final = frozenset({"failed", "undelivered", "dead", "expired", "pending", "cancelled"})


def broken(play: Play) -> list[str]:
    """Return what is not as it must be after an event."""
    with play.database.reading() as session:
        rows = _Rows(session)
    return [
        *_places(rows),
        *_offers(rows),
        *_waiting(rows),
        *_calendar_rows(rows),
        *_faults_of_ours(rows),
    ]


def broken_at_rest(play: Play) -> list[str]:
    """Return what is not as it must be when all that was due has left."""
    with play.database.reading() as session:
        rows = _Rows(session)
    return [
        *_left_behind(rows),
        *_departures(play.departures),
        *_doubled_texts(play),
        *_fallen_sequences(play.mailboxes.sent),
        *_calendars_shown(rows, play.mailboxes.sent),
        *(_wrong_old_times(rows, play.departures) if play.calm else ()),
    ]


class _Rows:
    """Every row that the invariants look at."""

    def __init__(self, session: Session) -> None:
        def every(table: Any) -> list[Any]:  # noqa: ANN401 - any table
            return list(session.scalars(select(table).order_by(table.id)))

        self.visits: dict[int, Visit] = {row.id: row for row in every(Visit)}
        self.slots: list[Slot] = every(Slot)
        self.offers: list[Offer] = every(Offer)
        self.assignments: dict[int, Assignment] = {row.id: row for row in every(Assignment)}
        self.items: list[CalendarItem] = every(CalendarItem)
        self.messages: list[Message] = every(Message)
        self.speakers: dict[int, Speaker] = {row.id: row for row in every(Speaker)}
        self.units: dict[int, Unit] = {row.id: row for row in every(Unit)}

    @property
    def active(self) -> list[Assignment]:
        """Whoever means to come."""
        return [row for row in self.assignments.values() if row.active]


# --- rows


def _places(rows: _Rows) -> Iterator[str]:
    held = Counter(row.slot_id for row in rows.active)
    for slot in rows.slots:
        visit = rows.visits[slot.visit_id]
        state = "closed" if visit.called_off_at else "filled" if held[slot.id] else "open"
        if slot.state != state or held[slot.id] > 1:
            yield f"Slot {slot.id} is {slot.state}, and {held[slot.id]} hold it."
    for row in rows.active:
        visit = rows.visits[row.visit_id]
        if (row.starts_at, row.ends_at) != (visit.starts_at, visit.ends_at):
            yield f"Assignment {row.id} stands at another time than its visit."
    for one, other in combinations(rows.active, 2):
        together = one.starts_at < other.ends_at and other.starts_at < one.ends_at
        if together and one.speaker_id == other.speaker_id:
            yield f"Speaker {one.speaker_id} is in two places: {one.id} and {other.id}."


def _offers(rows: _Rows) -> Iterator[str]:
    states = {slot.id: slot.state for slot in rows.slots}
    for offer in rows.offers:
        if offer.state == "open" and states[offer.slot_id] != "open":
            yield f"Offer {offer.id} asks for a place that is {states[offer.slot_id]}."


def _waiting(rows: _Rows) -> Iterator[str]:
    for message in rows.messages:
        # One that was on its way meanwhile is looked at once more before it leaves again.
        waits = message.state in {"pending", "claimed"} and message.attempts == 0
        if waits and not _still_true(message, rows):
            yield f"Message {message.id} ({message.kind}) waits and is no longer true."


def _still_true(message: Message, rows: _Rows) -> bool:
    if message.kind in {"reminder", "confirmed", "other_place"}:
        row = rows.assignments[message.subject_id]
        visit = rows.visits[row.visit_id]
        return row.active and message.subject_revision == visit.revision
    if message.kind == "moved":
        return message.subject_revision == rows.visits[message.subject_id].revision
    return True


def _calendar_rows(rows: _Rows) -> Iterator[str]:
    coming = {(row.visit_id, row.speaker_id) for row in rows.active}
    items = {(i.visit_id, i.owner_id): i for i in rows.items if i.owner_kind == "speaker"}
    asked = {
        (offer.visit_id, offer.speaker_id)
        for offer in rows.offers
        if offer.state == "open" and rows.speakers[offer.speaker_id].asked_by_calendar
    } - coming
    for key in (coming | asked) - items.keys():
        yield f"Who comes or is asked has no calendar entry: visit and speaker {key}."
    for key, item in items.items():
        if (key in coming | asked) == bool(item.cancelled_at):
            yield f"Calendar entry {item.id} stands against the assignment: {key}."
        elif item.cancelled_at is None and item.tentative != (key in asked):
            yield f"Calendar entry {item.id} asks who comes, or the other way round: {key}."
    for item in rows.items:
        visit = rows.visits[item.visit_id]
        span = (item.starts_at, item.ends_at)
        if item.cancelled_at is None and span != (visit.starts_at, visit.ends_at):
            yield f"Calendar entry {item.id} shows another time than its visit."


def _faults_of_ours(rows: _Rows) -> Iterator[str]:
    for message in rows.messages:
        if message.reason in {Reason.CANNOT_PREPARE, Reason.GATEWAY}:
            yield f"Message {message.id} ({message.kind}) raised: {message.reason}."


def _left_behind(rows: _Rows) -> Iterator[str]:
    for message in rows.messages:
        is_due = message.state == "pending" and message.send_after <= clock.now()
        if is_due or message.state in {"claimed", "sending", "unknown"}:
            yield f"Message {message.id} ({message.kind}) is left behind as {message.state}."


# --- what leaves


def _departures(departures: Iterable[Departure]) -> Iterator[str]:
    for one in departures:
        to = f"{one.kind} to {one.recipient} at {one.at:%d %H:%M}"
        if isinstance(one.parcel, Sms):
            if one.kind not in kinds.KEYWORD_REPLIES and one.consent != "opt_in":
                yield f"A text went without consent ({one.consent}): {to}."
            if not _is_fit_hour(one):
                yield f"A text went in quiet hours: {to}."
        if not one.sees_places and any(place in one.words for place in PLACES):
            yield f"A place was named to who wants none named: {to}."
        if one.kind in OF_THE_TIME and _instant(one, "starts_at") != one.visit_starts_at:
            yield f"A wrong time was told: {to}."


def _is_fit_hour(one: Departure) -> bool:
    is_day = OPENS <= one.at.astimezone(ZoneInfo(ZONE)).time() < CLOSES
    if is_day or one.kind.endswith("_reply"):
        return True
    if one.kind not in NEWS:
        return False
    first = min(_instant(one, name) for name in ("starts_at", "was") if name in one.values)
    return first - one.planned_at <= NEAR


def _doubled_texts(play: Play) -> Iterator[str]:
    taken = Counter(d.message_id for d in play.departures if d.parcel in play.phones.sent)
    for message_id, count in taken.items():
        if count > 1 and message_id not in play.tried_again:
            yield f"Text {message_id} went {count} times."


def _wrong_old_times(rows: _Rows, departures: Iterable[Departure]) -> Iterator[str]:
    """Find news of another time than the one last told to that person, in a calm play.

    Whoever said yes since knows the time from there; of what was told after the news was planned
    (by mail, while a text waited for the morning) the news cannot know.
    """
    last: dict[tuple[tuple[str, int], str], Departure] = {}
    for one in departures:
        visit = one.values.get("visit_id")
        if visit is None:
            continue
        told, name = last.get((one.recipient, visit)), OF_THE_OLD_TIME.get(one.kind)
        last[one.recipient, visit] = one
        if told is None or name is None or told.at > one.planned_at:
            continue
        if _instant(one, name) != _instant(told, "starts_at") and not _agreed_since(rows, told):
            yield f"{one.kind} to {one.recipient} names {_instant(one, name)}, not what they know."


def _agreed_since(rows: _Rows, told: Departure) -> bool:
    return any(
        ("speaker", row.speaker_id) == told.recipient and row.created_at >= told.at
        for row in rows.assignments.values()
    )


def _instant(one: Departure, name: str) -> datetime:
    return datetime.fromisoformat(one.values[name])


# --- calendars as mailboxes show them


SHOWN: Final = ("STATUS", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "DESCRIPTION")


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the last mail made of one entry in one calendar."""

    sequence: int
    method: str
    looks: tuple[str, ...]


def _fallen_sequences(mails: Iterable[Mail]) -> Iterator[str]:
    shown: dict[tuple[str, str], _Shown] = {}
    for key, now in _calendar_mails(mails):
        before = shown.get(key)
        if before is not None and now.sequence < before.sequence:
            yield f"In {key} sequence {now.sequence} came after {before.sequence}."
        shown[key] = now


def _calendars_shown(rows: _Rows, mails: Iterable[Mail]) -> Iterator[str]:
    shown = dict(_calendar_mails(mails))
    for item in rows.items:
        if item.owner_kind == BUREAU or item.ends_at <= clock.now() or _is_held_up(rows, item):
            continue
        address, by_mail = _reached(rows, item)
        entry = shown.get((address, item.uid))
        stands = item.cancelled_at is None
        if stands and by_mail and entry is None:
            yield f"Calendar entry {item.id} never reached {address}."
        if entry is not None and (entry.method == "REQUEST") != stands:
            yield f"In the calendar of {address} entry {item.id} is {entry.method}."
        # A change that was taken back before anybody heard of it leaves calendars as they were.
        file = calendars.single_file(item, organizer=ORGANIZER)
        if entry is not None and stands and entry.looks != _looks(file.decode()):
            yield f"{address} has sequence {entry.sequence} of {item.id}, not {item.sequence}."


def _calendar_mails(mails: Iterable[Mail]) -> Iterator[tuple[tuple[str, str], _Shown]]:
    for mail in mails:
        calendar = calendar_of(mail)
        if calendar:
            facts = dict(line.split(":", 1) for line in calendar.splitlines() if ":" in line)
            entry = _Shown(int(facts["SEQUENCE"]), facts["METHOD"], _looks(calendar))
            yield (mail.to, facts["UID"]), entry


def _looks(calendar: str) -> tuple[str, ...]:
    """Return what a reader sees of the entry in a file."""
    event = checks.event(calendar.encode())
    return tuple(found.value for found in event.properties if found.name in SHOWN)


def _is_held_up(rows: _Rows, item: CalendarItem) -> bool:
    """Say whether a mail about the entry failed: then a coordinator sees that, and no calendar."""
    return any(
        message.subject_kind == "calendar_item"
        and message.subject_id == item.id
        and message.subject_revision == item.sequence
        and message.state in NOT_SENT
        for message in rows.messages
    )


def _reached(rows: _Rows, item: CalendarItem) -> tuple[str, bool]:
    """Return an owner's address, and whether they chose calendar mails."""
    if item.owner_kind == "speaker":
        speaker = rows.speakers[item.owner_id]
        return speaker.email, speaker.calendar != "feed"
    return rows.units[item.owner_id].contact_email or "", True
