"""Calendar files as other people's programs read them, and what feeds and answers cost.

Gated: 10,000 visits of 2025 to 2037 in every zone, both weeks of each change of clocks, are read at
their instant by ical.js, libical, vobject and icalendar; libical and our own checks object to no
kind of file we write, and between them to every spoiled one; a feed of 1,000 visits is there ten
times faster than icalendar renders it each time; of 50 answers by calendar that a webhook brings,
95 % are in the visit within two seconds. Shown, never gated: milliseconds of whole answers, beside
the goals of the design page "calendars". A reader that is not installed misses its bar.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path

import icalendar
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from sqlalchemy import select, update
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1]))

from outreach import app, clock, logs, migrations, wiring
from outreach.calendars import service as calendars
from outreach.calendars.invite import Invite, calendar_of
from outreach.calendars.models import CalendarItem
from outreach.calendars.service import Kept, Person
from outreach.config import Config
from outreach.links import Links
from outreach.messaging.models import Message
from outreach.visits.models import Slot
from outreach.wiring import Wiring
from outreach.workflows import invites, keys
from tests import builders
from tests.builders import NOW
from tests.builders import Person as Named
from tests.calendars import checks, pairs, readers, replies
from tests.calendars.mutants import KINDS, SPOILED
from tests.calendars.people import at, published
from tests.calendars.replies import Asked

FASTER_BAR = 10.0
MUTANTS_LEAST = 20
GOALS_MS = {"answer": 20.0, "nothing new": 5.0, "texts made anew": 600.0}
REPLIED_BAR_MS = 2_000.0
PEOPLE = 100
OURS = Person("Outreach", "visits@outreach.example")
TOKEN = "t" * 43
FEED = f"/f/{TOKEN}.ics"
HOOK = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `bar` and `met` are None where it is only shown."""

    name: str
    value: float
    unit: str
    baseline: str
    n: int
    bar: float | None = None
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    instants: int
    visits: int
    rounds: int
    booked: int
    replies: int


FULL = Size(instants=10_000, visits=1_000, rounds=40, booked=300, replies=50)
QUICK = Size(instants=1_000, visits=300, rounds=10, booked=60, replies=10)


def main() -> int:
    """Measure, print, and say by the exit status whether the bars were met."""
    options = _options()
    size = QUICK if options.quick else FULL
    logs.configure(level="error")
    rows = [*_instants(size), *_conformance(), *_feed(size), _replies(size)]
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _print(rows)
    return 0 if all(row.met is not False for row in rows) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer of everything")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


def _print(rows: Sequence[Row]) -> None:
    table = Table("figure", "value", "beside", "n", "bar", "met")
    for row in rows:
        bar = "shown" if row.bar is None else f"{row.bar:g}"
        met = {None: "", True: "yes", False: "NO"}[row.met]
        table.add_row(
            row.name, f"{row.value:,.1f} {row.unit}", row.baseline, f"{row.n:,}", bar, met
        )
    Console().print(table)


# --- instants


def _instants(size: Size) -> Iterator[Row]:
    visits = pairs.visits(size.instants)
    body = published(visits, name=OURS.name)
    for reader in readers.READERS:
        yield _reading(reader, body, visits)


def _reading(reader: str, body: bytes, visits: Sequence[Invite]) -> Row:
    name, unit = f"instants: {reader}", "wrong"
    try:
        wrong = _wrong(reader, body, visits)
        beside = _wrong_with_dates(reader)
    except pytest.skip.Exception as absent:
        return Row(name, -1, unit, str(absent), len(visits), 0, met=False)
    baseline = f"{beside} with icalendar's own VTIMEZONE"
    return Row(name, wrong, unit, baseline, len(visits), 0, met=wrong == 0)


def _wrong(reader: str, body: bytes, visits: Sequence[Invite]) -> int:
    seen = {event.uid: event for event in readers.READERS[reader](body)}
    times = {uid: (event.starts_at, event.ends_at) for uid, event in seen.items()}
    return sum(times.get(visit.uid) != (visit.starts_at, visit.ends_at) for visit in visits)


def _wrong_with_dates(reader: str) -> str:
    """Return how many of two years' weekly visits to New York go wrong the usual way."""
    first = datetime.fromisoformat("2026-01-07T19:00:00+00:00")
    visits = [
        at(first + timedelta(weeks=n), time_zone="America/New_York", uid=f"{n}@example.org")
        for n in range(104)
    ]
    calendar = icalendar.Calendar.from_ical(published(visits, name=OURS.name))
    for zone in calendar.walk("VTIMEZONE"):
        calendar.subcomponents.remove(zone)
    calendar.add_missing_timezones()
    return f"{_wrong(reader, calendar.to_ical(), visits)} of {len(visits)}"


# --- conformance


def _conformance() -> Iterator[Row]:
    own = partial(_noticed, by=checks.faults)
    libical = partial(_noticed, by=readers.objections)
    spoiled = {name: spoiling.spoiled for name, spoiling in SPOILED.items()}
    try:
        refused = own(KINDS) | libical(KINDS)
        mine, theirs = own(spoiled), libical(spoiled)
    except pytest.skip.Exception as absent:
        yield Row("kinds of file: objected to", -1, "", str(absent), len(KINDS), 0, met=False)
        return
    yield Row(
        "kinds of file: objected to",
        len(refused),
        "kinds",
        "libical and our own checks",
        len(KINDS),
        0,
        met=not refused,
    )
    caught = len(mine | theirs)
    beside = f"{len(theirs)} by libical alone, {len(mine)} by our own"
    enough = caught == len(spoiled) >= MUTANTS_LEAST
    yield Row("spoiled files: caught", caught, "files", beside, len(spoiled), len(spoiled), enough)


def _noticed(bodies: dict[str, bytes], *, by: Callable[[bytes], list[str]]) -> set[str]:
    return {name for name, body in bodies.items() if by(body)}


# --- a feed


def _feed(size: Size) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="outreach-bench-") as folder, _running(folder) as wired:
        with wired.db.transaction() as session:
            _fill(session, size.visits)
        yield _joined_and_rendered(wired, size)
        program = app.create_app(wired)
        app.settle()
        yield from _answers(program.test_client(), wired, size)


def _joined_and_rendered(wired: Wiring, size: Size) -> Row:
    """Compare both ways from the same rows, in turn, so that a busy machine slows both."""
    with wired.db.reading() as session:
        items = list(session.execute(select(*calendars.FED)))
    assert _whole(items) == calendars.feed_file(items, organizer=OURS).count(b"BEGIN:VEVENT")
    joined, rendered = [], []
    for _ in range(size.rounds):
        joined.append(_ms(lambda: calendars.feed_file(items, organizer=OURS)))
        rendered.append(_ms(lambda: _whole(items)))
    with_texts, each_time = min(joined), min(rendered)
    times = f"{with_texts:.1f} ms beside {each_time:.0f} ms of icalendar each time"
    ratio = each_time / with_texts
    met = ratio >= FASTER_BAR
    return Row("feed: from texts", ratio, "x faster", times, len(items), FASTER_BAR, met)


def _whole(items: Sequence[Kept]) -> int:
    """Render the feed as one would with icalendar; return how many visits it holds."""
    entries = [calendars.entry(item, organizer=OURS) for item in items]
    body: bytes = calendar_of(entries, method="PUBLISH", with_attendee=False).to_ical()
    return body.count(b"BEGIN:VEVENT")


def _answers(browser: FlaskClient, wired: Wiring, size: Size) -> Iterator[Row]:
    compressed = {"Accept-Encoding": "gzip"}
    first = browser.get(FEED, headers=compressed)
    assert first.status_code == HTTPStatus.OK
    tag = {**compressed, "If-None-Match": first.headers["ETag"]}
    assert browser.get(FEED, headers=tag).status_code == HTTPStatus.NOT_MODIFIED
    yield _answer("answer", lambda: browser.get(FEED, headers=compressed), size, len(first.data))
    yield _answer("nothing new", lambda: browser.get(FEED, headers=tag), size, 0)
    with wired.db.transaction() as session:
        session.execute(update(CalendarItem).values(vevent=None))
    again = browser.get(FEED, headers=compressed)
    assert again.headers["ETag"] == first.headers["ETag"]
    few = replace(size, rounds=3)
    yield _answer("texts made anew", lambda: browser.get(FEED, headers=compressed), few, 0)


def _answer(name: str, run: Callable[[], object], size: Size, octets: int) -> Row:
    began = time.process_time()
    times = [_ms(run) for _ in range(size.rounds)]
    # The process's own time is what a busy machine disturbs least.
    cpu = (time.process_time() - began) * 1000 / size.rounds
    p95 = _p95(times)
    median, goal = statistics.median(times), GOALS_MS[name]
    shown = f"median {median:.1f} ms, CPU {cpu:.1f} ms, goal {goal:g} ms"
    if octets:
        shown += f", {octets / 1024:.0f} KiB compressed"
    return Row(f"feed: {name}, p95", p95, "ms", shown, size.visits)


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


def _ms(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


@contextmanager
def _running(folder: str) -> Iterator[Wiring]:
    settings = Config(
        data_dir=Path(folder),
        database_url=f"sqlite:///{folder}/bench.sqlite",
        public_base_url="http://localhost",
        log_level="error",
        mail_hook_token=SecretStr(TOKEN),
    )
    wired = wiring.build(settings)
    migrations.bring_up_to_date(wired.db)
    keys.set_up(wired.db, wired.vault)
    yield wired
    wired.close()


def _fill(session: Session, count: int) -> None:
    """Give a speaker visits all over the feed's window."""
    world = builders.world(session)
    maria = builders.speaker(session, world.affiliate, builders.MARIA)
    builders.feed(session, "speaker", maria.id, token=TOKEN)
    now = clock.now().replace(microsecond=0)
    apart = timedelta(days=180) / count
    for n in range(count):
        starts_at = (now + n * apart).replace(microsecond=0)
        visit = builders.visit(session, world, starts_at=starts_at)
        session.add(
            CalendarItem(
                uid=f"visit-{n:06}@outreach.example",
                visit_id=visit.id,
                owner_kind="speaker",
                owner_id=maria.id,
                sequence=0,
                stamped_at=now,
                fingerprint="",
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=1),
                time_zone="America/New_York",
                summary="Outreach visit: St. Clare Lakeshore, Unit 4B",
                location="1 Maple Street, Detroit",
                description="Everything about this visit is on your page, My visits.",
            )
        )


# --- answers by calendar


def _replies(size: Size) -> Row:
    """Say no to visits from the calendars of those who were to come, one mail after the other."""
    with (
        clock.at(NOW),
        tempfile.TemporaryDirectory(prefix="outreach-bench-") as folder,
        _running(folder) as wired,
    ):
        with wired.db.transaction() as session:
            noes = _book(session, size, links=wired.links)
        program = app.create_app(wired)
        app.settle()
        browser = program.test_client()
        # The first of a process reads what all others then have at hand.
        _first, *times = [_no(browser, wired, slot_id, mail) for slot_id, mail in noes]
    median, p95 = statistics.median(times), _p95(times)
    share = f"1/{REPLIED_BAR_MS / p95:.0f} of the bar, median {median:.0f} ms"
    beside = f"{share}, {size.booked} visits"
    met = p95 <= REPLIED_BAR_MS
    return Row("reply: in the visit, p95", p95, "ms", beside, len(times), REPLIED_BAR_MS, met)


def _no(browser: FlaskClient, wired: Wiring, slot_id: int, mail: bytes) -> float:
    """Post a no; return after how long it was answered. Its place is open by then."""
    answers = []
    took = _ms(lambda: answers.append(browser.post("/hooks/mail", data=mail, headers=HOOK)))
    assert [answer.status_code for answer in answers] == [HTTPStatus.NO_CONTENT]
    with wired.db.reading() as another:
        assert another.scalar(select(Slot.state).where(Slot.id == slot_id)) == "open"
    return took


def _book(session: Session, size: Size, *, links: Links) -> list[tuple[int, bytes]]:
    """Book two people for each visit; return places with the no of who was to come there.

    One more than are measured.
    """
    world = builders.world(session)
    builders.coordinator(session, world.affiliate)
    people = [
        builders.speaker(session, world.affiliate, each, certified_for=world.program)
        for each in (Named(f"S{n}", "Doe") for n in range(PEOPLE))
    ]
    noes = []
    for n in range(size.booked):
        starts_at = NOW + timedelta(days=1) + n * timedelta(days=180) / size.booked
        visit = builders.visit(session, world, starts_at=starts_at)
        lead, beside = builders.slots(session, visit)
        first = people[2 * n % PEOPLE]
        builders.assignment(session, lead, first)
        builders.assignment(session, beside, people[(2 * n + 1) % PEOPLE])
        invites.sync(session, visit, links=links, now=NOW)
        mine = (CalendarItem.visit_id == visit.id, CalendarItem.owner_id == first.id)
        uid = session.scalars(select(CalendarItem.uid).where(*mine)).first()
        if n <= size.replies and uid:
            asked = Asked(uid=uid, attendee=first.email, said="DECLINED", own=f"no-{n}")
            noes.append((lead.id, replies.ALL[n % len(replies.ALL)](asked)))
    session.execute(update(Message).values(state="accepted"))
    return noes


if __name__ == "__main__":
    sys.exit(main())
