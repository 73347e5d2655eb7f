"""My own calendar: connecting it, how it stands, reading it again, taking it away."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from outreach.speakers import own_calendar as rows
from outreach.speakers.models import BusyTime, OwnCalendar
from outreach.speakers.ports import BusySpan
from outreach.wiring import Wiring
from tests import builders
from tests.builders import DANIEL, NOW, VISIT_AT
from tests.speakers.calendars import ADDRESS, BUSY, PERHAPS, connected
from tests.web.speaker.conftest import Place

PAGE = "/speaker/times/calendar"


def calendar(place: Place) -> OwnCalendar | None:
    place.session.expire_all()
    return rows.of(place.session, place.maria.id)


def count(place: Place) -> tuple[int, int]:
    place.session.expire_all()
    models = (OwnCalendar, BusyTime)
    found = [place.session.scalar(select(func.count()).select_from(model)) or 0 for model in models]
    return found[0], found[1]


def test_my_times_lead_to_it(place: Place) -> None:
    assert f'href="{PAGE}"' in place.browser.get("/speaker/times").text
    assert "Connect your calendar" in place.browser.get(PAGE).text


def test_an_address_is_kept_and_never_shown_again(
    place: Place, wired: Wiring, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = place.browser.post(PAGE, data={"address": ADDRESS.replace("https", "webcal")})

    assert (answer.status_code, answer.location) == (303, PAGE)
    kept = calendar(place)
    assert kept
    assert rows.address_of(kept, wired.vault.ring) == ADDRESS
    page = place.browser.get(PAGE).text
    assert "It is read within a minute." in page
    assert "Not yet" in page
    assert [word for word in ("secret-of-maria", "example.org") if word in page + caplog.text] == []


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Paste the address of your calendar."),
        ("http://secret-of-maria.example/x", "begins with https:// or webcal://"),
        ("javascript:alert(1)//secret-of-maria", "begins with https:// or webcal://"),
        ("https://secret-of-maria:pw@calendar.example.org/", "without a name and password"),
        ("https://calendar.example.org:8443/secret-of-maria", "names a port"),
        ("https://127.0.0.1/secret-of-maria", "with the name of its server"),
        ("https://169.254.169.254/secret-of-maria", "with the name of its server"),
        ("https://2130706433/secret-of-maria", "with the name of its server"),
        ("https://calendar.example.org/secret-of maria", "does not look like an address"),
        ("\x00secret-of-maria", ""),
        ("🙂", "begins with https:// or webcal://"),
        ("https://calendar.example.org/secret-of-maria" + "x" * 100_000, ""),
    ],
)
def test_what_is_no_address_is_said_beside_its_field_and_changes_nothing(
    place: Place, typed: str, words: str
) -> None:
    connected_before = count(place)

    answer = place.browser.post(PAGE, data={"address": typed})

    assert (answer.status_code, count(place)) == (422, connected_before)
    assert 'id="address-error"' in answer.text
    assert words in answer.text
    assert "secret-of-maria" not in answer.text


def test_how_it_stands(place: Place, wired: Wiring) -> None:
    past = BusySpan(NOW - timedelta(hours=9), NOW - timedelta(hours=8))
    connected(place.session, place.maria, past, BUSY, PERHAPS, ring=wired.vault.ring)
    place.session.commit()

    page = place.browser.get(PAGE).text

    assert page.replace("\N{NO-BREAK SPACE}", " ").count("Monday, November 23, 10:00 AM") == 2
    assert "<dt>Busy times to come</dt><dd>1</dd>" in page
    assert "<dt>Tentative ones</dt><dd>1</dd>" in page
    assert "Five minutes after a reading" in page


def test_trouble_in_words_and_what_is_gone_by_meanwhile(place: Place, wired: Wiring) -> None:
    made = connected(place.session, place.maria, BUSY, ring=wired.vault.ring)
    made.trouble, made.failures = "not_there", 1
    place.session.commit()

    page = place.browser.get(PAGE).text
    assert "There is no calendar at this address any more" in page
    assert "we go by what we read last" in page
    assert "do not count" not in page

    made.last_ok_at = NOW - timedelta(days=7, seconds=1)
    place.session.commit()
    page = place.browser.get(PAGE).text
    assert "its times do not count at present" in page
    assert "we go by what we read last" not in page


def test_reading_it_now_only_makes_it_due(place: Place, wired: Wiring) -> None:
    early = NOW - timedelta(minutes=6)
    connected(place.session, place.maria, BUSY, ring=wired.vault.ring, read_at=early)
    place.session.commit()
    assert "Read it now" in place.browser.get(PAGE).text

    answer = place.browser.post(f"{PAGE}/reading", follow_redirects=True)

    kept = calendar(place)
    assert kept
    assert (kept.next_read_at, kept.last_read_at) == (NOW, early)
    assert "It is read within a minute." in answer.text


def test_and_not_twice_in_five_minutes(place: Place, wired: Wiring) -> None:
    connected(place.session, place.maria, BUSY, ring=wired.vault.ring)
    place.session.commit()

    answer = place.browser.post(f"{PAGE}/reading", follow_redirects=True)

    kept = calendar(place)
    assert kept
    assert kept.next_read_at == NOW + timedelta(hours=1)
    assert "Please wait five minutes" in answer.text


def test_disconnecting_deletes_all_of_it_and_twice_is_once(place: Place, wired: Wiring) -> None:
    connected(place.session, place.maria, BUSY, PERHAPS, ring=wired.vault.ring)
    place.session.commit()

    first = place.browser.post(f"{PAGE}/removal", follow_redirects=True)
    second = place.browser.post(f"{PAGE}/removal")

    assert (count(place), second.status_code) == ((0, 0), 303)
    assert "Its address and its times are deleted." in first.text
    assert "Connect your calendar" in first.text


def test_it_is_only_ever_ones_own(place: Place, wired: Wiring) -> None:
    daniel = builders.speaker(
        place.session, place.world.affiliate, DANIEL, certified_for=place.world.program
    )
    connected(place.session, daniel, BUSY, ring=wired.vault.ring)
    place.session.commit()

    assert "Connect your calendar" in place.browser.get(PAGE).text
    place.browser.post(f"{PAGE}/reading")
    place.browser.post(f"{PAGE}/removal")
    place.browser.post(PAGE, data={"address": f"{ADDRESS}?hers"})

    place.session.expire_all()
    his = rows.of(place.session, daniel.id)
    assert his
    assert his.next_read_at == NOW + timedelta(hours=1)
    assert rows.address_of(his, wired.vault.ring) == ADDRESS
    assert count(place) == (2, 1)


@pytest.mark.parametrize(
    ("tentative", "words"),
    [
        (True, "Your own calendar has something tentative then."),
        (False, "Your own calendar shows you are busy then."),
    ],
)
def test_beside_a_question_stands_what_the_calendar_has_then(
    place: Place, wired: Wiring, tentative: bool, words: str
) -> None:
    visit = builders.visit(place.session, place.world)
    builders.offer(place.session, builders.slots(place.session, visit)[0], place.maria)
    hour = timedelta(hours=1)
    connected(
        place.session,
        place.maria,
        BusySpan(VISIT_AT - hour, VISIT_AT + hour, tentative),
        ring=wired.vault.ring,
    )
    place.session.commit()

    for page in ("/speaker", "/speaker/open-visits"):
        assert words in place.browser.get(page).text


def test_an_open_visit_is_shown_beside_what_is_tentative_and_not_where_one_is_busy(
    place: Place, wired: Wiring
) -> None:
    builders.visit(place.session, place.world)
    hour = timedelta(hours=1)
    span = BusySpan(VISIT_AT, VISIT_AT + hour, tentative=True)
    connected(place.session, place.maria, span, ring=wired.vault.ring)
    place.session.commit()
    page = place.browser.get("/speaker/open-visits").text
    assert page.count("Your own calendar has something tentative then.") == 1

    place.session.scalars(select(BusyTime)).one().tentative = False
    place.session.commit()

    assert "No open visit fits just now" in place.browser.get("/speaker/open-visits").text
