import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from rich.console import Console
from sqlalchemy import func, select

from outreach import calendar_jobs, clock
from outreach.accounts.models import DemoSignIn
from outreach.demo import afterwards, cast, referral_cast, stage, story, tour, window
from outreach.demo.stage import Stage
from outreach.i18n import NBSP
from outreach.messaging.models import ConsoleMessage
from outreach.referrals.models import Referral
from outreach.speakers import own_calendar
from outreach.visits.models import Debrief, Visit, WardReport
from tests.builders import NOW

NIGHT = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)  # 11:30 PM on Monday in the demo's zone


@pytest.fixture(autouse=True)
def clock_set_right_afterwards() -> Iterator[None]:
    yield
    clock._offset = timedelta(0)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Build the demo once for the tests that look at it."""
    with clock.at(NOW):
        made = stage.build(tmp_path_factory.mktemp("demo"), port=8000, now=NOW)
    yield made
    made.wired.close()


@pytest.mark.parametrize("days", range(7))
def test_the_demo_can_begin_on_any_day_of_the_week(days: int) -> None:
    now = NOW + timedelta(days=days)

    spans = [
        (asked.hospital, asked.unit, story.day_of(asked, now=now), asked.at)
        for asked in (story.NOBODY_FITS, *story.REQUESTS)
    ]

    assert len(set(spans)) == len(spans)
    assert min(day for _, _, day, _ in spans) == now.date() + timedelta(days=3)


def test_by_day_the_demo_takes_the_time_as_it_is() -> None:
    assert stage.waking_hour(NOW) == NOW


def test_by_night_the_demo_wakes_up_the_next_morning() -> None:
    morning = stage.waking_hour(NIGHT)

    assert (morning.day, morning.hour, morning.minute) == (24, 9, 30)


def test_each_character_has_one_door_whose_key_is_stored_hashed(built: Stage) -> None:
    with built.wired.db.reading() as session:
        hashes = set(session.scalars(select(DemoSignIn.token_hash)))

    tokens = {link.rsplit("/", 1)[1] for link in built.links.values()}
    assert len(hashes) == len(tokens) == len(stage.CHARACTERS)
    assert not hashes & tokens


def test_the_demo_has_a_past_that_was_really_sent(built: Stage) -> None:
    with built.wired.db.reading() as session:
        kinds = set(session.scalars(select(ConsoleMessage.kind)))
        earliest = session.scalar(select(func.min(ConsoleMessage.at)))

    assert {"invite", "reminder"} <= kinds
    assert earliest is not None
    assert earliest < NOW - timedelta(weeks=4)


def test_no_calendar_is_read_from_anywhere(built: Stage) -> None:
    maria = built.world.speakers["Maria"]
    with built.wired.db.transaction() as session:
        own_calendar.add(
            session,
            maria.id,
            "https://calendar.example.org/own.ics",
            ring=built.wired.vault.ring,
            now=clock.now(),
        )

    read = calendar_jobs.read_calendars(
        built.wired.db, built.wired.vault, built.wired.calendars, host=built.wired.links.host
    )

    with built.wired.db.transaction() as session:
        kept = own_calendar.of(session, maria.id)
        assert (read, kept and kept.trouble) == (1, "unreachable")
        own_calendar.remove(session, maria.id)


def test_a_visit_of_yesterday_waits_to_be_told(built: Stage) -> None:
    with built.wired.db.reading() as session:
        yesterday = session.scalars(
            select(Visit).where(Visit.starts_at.between(NOW - timedelta(days=2), NOW))
        ).one()
        asked = select(ConsoleMessage.kind, ConsoleMessage.to_address).where(
            ConsoleMessage.kind.in_(["debrief", "they_came"])
        )
        answers = [*session.scalars(select(Debrief)), *session.scalars(select(WardReport))]
        to: dict[str, set[str]] = {}
        for kind, address in session.execute(asked):
            to.setdefault(kind, set()).add(address)

    zone = ZoneInfo(cast.ZONE)
    day = NOW.astimezone(zone).date() - timedelta(days=1)
    assert yesterday.starts_at.astimezone(zone).date() == day
    assert len(to["debrief"]) == len(story.CAME_YESTERDAY)
    assert "nora.kim@example.org" in to["they_came"]
    assert answers == []


@pytest.mark.parametrize("first", story.CAME_YESTERDAY)
def test_who_came_yesterday_is_free_on_whatever_day_that_was(first: str) -> None:
    peer = next(peer for peer in cast.PEERS if peer.first == first)

    days = {day for day, opens, until in peer.free if opens <= story.YESTERDAY.at < until}
    assert days == set(range(7))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[bool, str, Path]:
    """Play the tour once for the tests that look at what it left."""
    out = tmp_path_factory.mktemp("tour")
    said = StringIO()
    held = tour.play(out=out, console=Console(file=said, width=200))
    clock._offset = timedelta(0)
    return held, said.getvalue(), out


def test_every_step_of_the_tour_holds(played: tuple[bool, str, Path]) -> None:
    held, said, _ = played

    assert "Every step held." in said
    assert held


def test_the_tour_keeps_each_mail_as_it_left(played: tuple[bool, str, Path]) -> None:
    mails = sorted((played[2] / "mails").iterdir())

    assert mails[0].name.startswith("001-")
    assert mails[0].suffix == ".eml"
    for path in mails:
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert mail["To"] is not None
        assert mail["Message-ID"] is not None


def test_the_tour_keeps_each_text_with_its_kind(played: tuple[bool, str, Path]) -> None:
    lines = (played[2] / "sms.jsonl").read_text().splitlines()

    texts = [json.loads(line) for line in lines]
    assert all(set(text) == {"to", "body", "kind", "at"} for text in texts)
    assert {"offer", "yes_reply", "reminder"} <= {text["kind"] for text in texts}


def test_the_tour_keeps_feeds_that_a_calendar_reads(played: tuple[bool, str, Path]) -> None:
    feeds = {path.stem: path.read_bytes() for path in (played[2] / "feeds").glob("*.ics")}

    visits = {name: Calendar.from_ical(body).events for name, body in feeds.items()}
    assert set(visits) >= {peer.first.lower() for peer in cast.PEERS} | {"nora", "omar"}
    assert all(visits[name] for name in ("eve", "tomás", "nora"))


def test_the_tour_keeps_the_pages_that_were_seen(played: tuple[bool, str, Path]) -> None:
    names = [path.name for path in sorted((played[2] / "pages").iterdir())]

    assert names[0] == "001-liaison-home.html"
    assert any("answer" in name for name in names)


def test_the_tour_plays_all_nine_steps_of_the_journey(played: tuple[bool, str, Path]) -> None:
    titles = re.findall(r"^(\d)\. ", played[1], re.MULTILINE)

    assert titles == [*"123456789"]


def test_each_step_of_the_tour_prints_the_hour_of_what_it_tells(
    played: tuple[bool, str, Path],
) -> None:
    printed = dict(
        re.findall(r"^(\d)\. .*\n +(\S.*?)\s*$", played[1].replace(NBSP, " "), re.MULTILINE)
    )

    assert printed["6"].startswith("Monday, January 4")
    assert printed["7"].startswith("Wednesday, January 20, 5:05")  # the visit ended at 4:00 PM
    assert printed["8"].startswith("Thursday, January 21, 5:05")
    assert printed["9"].startswith("Saturday, January 23, 10:00")


def test_nothing_the_tour_sent_names_whom_it_referred(played: tuple[bool, str, Path]) -> None:
    mails = [path.read_text("utf-8") for path in (played[2] / "mails").iterdir()]
    feeds = [path.read_text("utf-8") for path in (played[2] / "feeds").iterdir()]
    texts = (played[2] / "sms.jsonl").read_text("utf-8")

    told = [*mails, *feeds, texts, played[1]]
    people = [afterwards.WREN["name"], *(one.name for one in referral_cast.REFERRED)]
    assert [name for name in people if any(re.search(rf"\b{name}\b", each) for each in told)] == []


def test_the_referrals_of_the_demo_stand_where_their_story_ends(built: Stage) -> None:
    with built.wired.db.reading() as session:
        found = session.execute(select(Referral.state, func.count()).group_by(Referral.state))

        assert {row[0]: row[1] for row in found} == {
            "accepted": 1,
            "sent": 1,
            "acknowledged": 1,
            "contacting": 2,
            "connected": 2,
            "on_hold": 1,
        }


def test_a_broken_step_is_named_and_the_tour_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "request", _refuse)
    monkeypatch.setattr(story, "tell", lambda *_, **__: None)
    said = StringIO()

    held = tour.play(out=None, console=Console(file=said, width=200))

    assert not held
    assert "This step is broken: A liaison asks for a visit." in said.getvalue()


def _refuse(*_: object, **__: object) -> None:
    raise window.Broken("Nothing works today.")
