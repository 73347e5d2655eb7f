"""My times: the week, days away, the pause."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.audit import AuditEvent
from outreach.speakers.models import Availability, Away, Speaker
from outreach.visits.models import Offer
from tests import builders
from tests.builders import DANIEL, NOW
from tests.web.speaker.conftest import Place

TODAY = NOW.date()
BAD = ["", "\x00", "🙂", "<script>alert(1)</script>", "2026-02-30", "9999-01-01", "x" * 100_000]


def week(session: Session, speaker: Speaker) -> list[tuple[int, time, time]]:
    session.expire_all()
    rows = select(Availability).where(Availability.speaker_id == speaker.id)
    found = session.scalars(rows.order_by(Availability.weekday, Availability.starts))
    return [(row.weekday, row.starts, row.ends) for row in found]


def test_the_boxes_show_the_week_and_replace_it(place: Place) -> None:
    page = place.browser.get("/speaker/times").text
    assert "Monday to Friday, 8:00\N{NO-BREAK SPACE}AM to 6:00\N{NO-BREAK SPACE}PM" in page
    assert page.count(" checked") == 10

    answer = place.browser.post(
        "/speaker/times", data={"free": ["1-morning", "1-afternoon", "5-evening"]}
    )

    assert answer.status_code == 303
    assert week(place.session, place.maria) == [
        (1, time(8), time(17)),
        (5, time(17), time(21)),
    ]


def test_unchanged_boxes_leave_finer_times_alone(place: Place) -> None:
    before = week(place.session, place.maria)
    boxes = [f"{day}-{part}" for day in range(5) for part in ("morning", "afternoon")]

    place.browser.post("/speaker/times", data={"free": boxes})

    assert week(place.session, place.maria) == before
    assert "You have set finer times by the clock." in place.browser.get("/speaker/times").text


def test_no_box_at_all_means_never(place: Place) -> None:
    place.browser.post("/speaker/times")

    assert week(place.session, place.maria) == []
    assert "You have given no times yet" in place.browser.get("/speaker/times").text


@pytest.mark.parametrize("box", ["7-morning", "0-night", "<b>", "\x00", "🙂", "x" * 100_000, ""])
def test_a_box_that_is_not_there_changes_nothing(place: Place, box: str) -> None:
    before = week(place.session, place.maria)

    answer = place.browser.post("/speaker/times", data={"free": box})

    assert answer.status_code == 422
    assert "Nothing was changed" in answer.text
    assert week(place.session, place.maria) == before


def test_times_by_the_clock(place: Place) -> None:
    assert 'value="08:00"' in place.browser.get("/speaker/times/exact").text

    answer = place.browser.post(
        "/speaker/times/exact",
        data={
            "d0-0-from": "09:15",
            "d0-0-until": "11:45",
            "d0-1-from": "11:00",
            "d0-1-until": "12:30",
            "d6-0-from": "00:00",
            "d6-0-until": "23:59",
        },
    )

    assert answer.status_code == 303
    assert week(place.session, place.maria) == [
        (0, time(9, 15), time(12, 30)),
        (6, time(0), time(23, 59)),
    ]


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("09:00", "", "Enter both times, or none."),
        ("", "09:00", "Enter both times, or none."),
        ("10:00", "10:00", "Choose an end after the start."),
        ("10:00", "09:00", "Choose an end after the start."),
        ("25:00", "26:00", "This is not a time."),
        ("<script>", "09:00", "This is not a time."),
        ("\x00", "09:00", "cannot be kept"),
        ("🙂", "09:00", "This is not a time."),
    ],
)
def test_a_wrong_time_is_explained_beside_its_field(
    place: Place, first: str, last: str, words: str
) -> None:
    before = week(place.session, place.maria)

    answer = place.browser.post(
        "/speaker/times/exact", data={"d2-0-from": first, "d2-0-until": last}
    )

    assert answer.status_code == 422
    assert words in answer.text
    assert "<script>" not in answer.text
    assert week(place.session, place.maria) == before


def test_days_away_are_kept_once_and_taken_off(place: Place) -> None:
    days = {"starts_on": "2026-12-24", "ends_on": "2027-01-02"}

    taps = [place.browser.post("/speaker/times/away", data=days) for _tap in range(2)]

    row = place.session.scalars(select(Away)).one()
    assert [tap.status_code for tap in taps] == [303, 303]
    assert (row.starts_on, row.ends_on) == (date(2026, 12, 24), date(2027, 1, 2))
    assert "December\N{NO-BREAK SPACE}24" in place.browser.get("/speaker/times").text
    place.browser.post(f"/speaker/times/away/{row.public_id}/remove")
    place.session.expire_all()
    assert place.session.scalars(select(Away)).all() == []


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "words"),
    [
        ("2026-12-24", "2026-12-23", "not before the first"),
        ("2026-11-01", "2026-11-22", "over already"),
        ("2026-11-23", "2029-11-23", "two years at most"),
        *[("2026-12-24", bad, "") for bad in BAD],
        *[(bad, "2026-12-24", "") for bad in BAD],
    ],
)
def test_wrong_days_away_change_nothing(
    place: Place, starts_on: str, ends_on: str, words: str
) -> None:
    days = {"starts_on": starts_on, "ends_on": ends_on}

    answer = place.browser.post("/speaker/times/away", data=days)

    assert answer.status_code == 422
    assert words in answer.text
    assert "There is a problem" in answer.text
    assert "<script>alert" not in answer.text
    assert place.session.scalars(select(Away)).all() == []


def test_somebody_elses_days_do_not_exist(place: Place, session: Session) -> None:
    daniel = builders.speaker(session, place.world.affiliate, DANIEL)
    theirs = builders.away(session, daniel)
    session.commit()

    answer = place.browser.post(f"/speaker/times/away/{theirs.public_id}/remove")

    assert answer.status_code == 404
    session.expire_all()
    assert session.get_one(Away, theirs.id).speaker_id == daniel.id


def test_a_pause_is_shown_answers_open_questions_and_ends(place: Place, session: Session) -> None:
    visit = builders.visit(session, place.world)
    offer = builders.offer(session, builders.slots(session, visit)[0], place.maria)
    kept = builders.visit(session, place.world, starts_at=NOW + timedelta(days=9))
    mine = builders.assignment(session, builders.slots(session, kept)[0], place.maria)
    session.commit()

    answer = place.browser.post("/speaker/times/pause", data={"until": "2026-12-31"})

    assert answer.status_code == 303
    assert place.speaker().paused_until == date(2026, 12, 31)
    assert session.get_one(Offer, offer.id).state == "not_this_time"
    session.refresh(mine)
    assert mine.active
    assert "Paused until Thursday" in place.browser.get("/speaker/times").text
    place.browser.post("/speaker/times/resume")
    assert place.speaker().paused_until is None


@pytest.mark.parametrize(("until", "status"), [("2026-11-22", 422), ("2026-11-23", 303)])
def test_a_pause_ends_today_at_the_earliest(place: Place, until: str, status: int) -> None:
    answer = place.browser.post("/speaker/times/pause", data={"until": until})

    assert answer.status_code == status
    assert (place.speaker().paused_until is None) == (status == 422)


@pytest.mark.parametrize("until", [*BAD, "2029-01-01"])
def test_a_wrong_pause_changes_nothing(place: Place, until: str) -> None:
    answer = place.browser.post("/speaker/times/pause", data={"until": until})

    assert answer.status_code == 422
    assert place.speaker().paused_until is None


def test_each_change_is_a_row_in_the_audit_log(place: Place) -> None:
    place.browser.post("/speaker/times", data={"free": "1-morning"})
    place.browser.post("/speaker/times/pause", data={"until": "2026-12-31"})

    actions = place.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert list(actions)[-2:] == ["availability.change", "speaker.pause"]


def test_the_page_speaks_spanish(place: Place) -> None:
    place.browser.post("/language", data={"lang": "es"})

    page = place.browser.get("/speaker/times").text
    wrong = place.browser.post(
        "/speaker/times/away", data={"starts_on": "2026-12-24", "ends_on": "2026-12-23"}
    ).text

    assert "Mis horarios" in page
    assert "Mañana, de 8 a 12" in page
    assert "Elija un último día que no sea anterior al primero." in wrong
