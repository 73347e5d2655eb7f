"""What messages say, on the coordinator's pages, and what texts cost."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.db import Database
from outreach.links import Links
from outreach.messaging import kinds, own_words
from outreach.messaging.models import MessageAttempt, OwnWording, SmsBudget
from outreach.reads import words
from outreach.wiring import Wiring
from tests import builders
from tests.builders import NOW, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]
PAGE = "/coordinator/messages/wording"
FORM = f"{PAGE}/called_off/sms/en"
GOOD = "{service}: {name}, no visit on {when}."
COST = "/coordinator/messages/cost"


def kept(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(OwnWording.text).order_by(OwnWording.id)))


def test_every_kind_is_listed_and_its_english_is_one_text(desk: Desk) -> None:
    page = desk().get(PAGE).text

    for kind in kinds.KINDS:
        assert f'href="{PAGE}/{kind}"' in page
        assert words.message_kind(kind) in page
    assert "3 texts" not in page
    assert "Always ours" in page


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_each_kind_is_shown_in_both_languages(desk: Desk, kind: str) -> None:
    page = desk().get(f"{PAGE}/{kind}").text

    channels = kinds.KINDS[kind].channels - {kinds.CALL}  # a call has no text
    assert page.count('class="mail-text" lang="en"') == len(channels)
    assert page.count('class="mail-text" lang="es"') == len(channels)
    if "sms" in channels:
        assert page.count("It fits") == 2
        assert page.count("All are cheap to send") == 2
    changeable = sum(own_words.room(kind, channel) is not None for channel in channels)
    assert page.count("/messages/wording/" + kind + "/") == changeable * 2


def test_an_own_wording_is_shown_and_taken_back(desk: Desk, database: Database) -> None:
    browser = desk()

    saved = browser.post(FORM, data={"text": GOOD}, follow_redirects=True).text
    listed = browser.get(PAGE).text
    again = browser.post(f"{FORM}/ours", follow_redirects=True).text

    assert "Your wording is saved" in saved
    assert "Outreach: Maria, no visit on Tue, Dec 8, 10:00 AM ET." in saved
    assert "Back to our words" in saved
    assert "Your wording" in listed
    assert "has been called off" in again
    assert kept(database) == [GOOD, ""]
    assert GOOD in browser.get(FORM).text


def test_the_form_begins_with_our_words_and_says_what_they_need(desk: Desk) -> None:
    page = desk().get(FORM).text

    assert "{service}: the visit on {when} has been called off." in page
    assert "These must be in it" in page
    assert "{when}" in page


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Write your wording"),
        ("{service}: no visit", "Add {when} to your wording"),
        (f"{GOOD} Reply STOP", "Take out “stop”"),
        (f"{GOOD} \x00", "holds characters that cannot be kept"),
        (f"{GOOD} {'long ' * 40}", "comes to 2 texts"),
        ("x" * 500, "Shorten your wording to 400 characters"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_kept(
    desk: Desk, database: Database, text: str, reason: str
) -> None:
    answer = desk().post(FORM, data={"text": text})

    assert answer.status_code == 422
    assert reason in answer.text
    assert 'id="text-error"' in answer.text
    assert kept(database) == []


def test_a_place_of_the_affiliate_is_refused_by_its_name(
    desk: Desk, here: World, database: Database
) -> None:
    answer = desk().post(FORM, data={"text": f"{GOOD} {here.unit.name}"})

    assert f"Take out “{here.unit.name}”" in answer.text
    assert kept(database) == []


def test_a_wording_that_a_new_name_spoils_is_shown_with_the_reason(
    desk: Desk, session: Session, here: World
) -> None:
    browser = desk()
    browser.post(FORM, data={"text": f"{GOOD} Go to Oak Row"})
    fine = browser.get(f"{PAGE}/called_off").text

    here.unit.name = "Oak Row"
    session.commit()

    assert "would not be taken today" not in fine
    page = browser.get(f"{PAGE}/called_off").text
    assert "would not be taken today" in page
    assert "Take out “Oak Row”" in page


def test_a_long_address_of_the_service_shows_which_texts_no_longer_fit(
    desk: Desk, wired: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wired.post.texts, "_links", Links(f"https://{'long.' * 9}example", b"key"))
    browser = desk()

    assert "Too long" in browser.get(PAGE).text
    assert "Too long: 1 text is the most here" in browser.get(f"{PAGE}/offer").text


@pytest.mark.parametrize(
    "address",
    ["nonsense", "offer/fax/en", "offer/sms/fr", "sign_in_code/mail/en", "stop_reply/sms/en"],
)
def test_there_is_no_page_for_what_nobody_may_word(desk: Desk, address: str) -> None:
    assert desk().get(f"{PAGE}/{address}").status_code == 404


def test_messages_and_set_up_lead_there(desk: Desk) -> None:
    browser = desk()

    for page in ("/coordinator/messages", "/coordinator/setup"):
        text = browser.get(page).text
        assert f'href="{PAGE}"' in text
        assert f'href="{COST}"' in text


def texts_left(session: Session, here: World, count: int) -> None:
    maria = builders.speaker(session, here.affiliate)
    for place in range(count):
        row = builders.message(session, here.affiliate, to=maria, state="delivered")
        row.channel = "sms"
        session.add(
            MessageAttempt(
                message_id=row.id,
                number=1,
                started_at=NOW - timedelta(days=31 * (place % 2)),
                affiliate_id=here.affiliate.id,
                segments=2,
            )
        )
    session.flush()


def test_texts_are_counted_by_month_in_a_picture_and_its_table(
    desk: Desk, session: Session, here: World
) -> None:
    texts_left(session, here, 3)

    page = desk().get(COST).text

    assert page.count('class="plot-done"') == 2
    assert "November 2026" in page
    assert "Question whether they can visit" in page
    assert 'aria-labelledby="cost-title cost-desc"' in page
    assert "Its price is not known here" in page


@pytest.mark.parametrize("count", [1, 30])
def test_the_page_asks_the_same_for_one_text_and_thirty(
    desk: Desk, session: Session, here: World, counting: Counting, count: int
) -> None:
    texts_left(session, here, count)
    browser = desk()

    with counting() as counted:
        browser.get(COST)

    assert len([asked for asked in counted.statements if asked != "BEGIN"]) == 9


def test_a_budget_is_set_shown_and_taken_away(
    desk: Desk, session: Session, here: World, database: Database
) -> None:
    texts_left(session, here, 2)
    browser = desk()

    page = browser.post(
        f"{COST}/budget", data={"amount": "2", "unit": "segments"}, follow_redirects=True
    ).text

    assert "The budget is saved." in page
    assert "100 %" in page
    assert "The budget is used up." in page
    browser.post(f"{COST}/budget", data={"amount": "", "unit": "segments"})
    with database.reading() as reading:
        assert reading.scalars(select(SmsBudget)).all() == []


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"amount": "0", "unit": "segments"}, "Write a number from 1 to"),
        ({"amount": "many", "unit": "segments"}, "Write a whole number"),
        ({"amount": "5", "unit": "dollars"}, "What a text costs is not known here"),
        ({"amount": "5", "unit": "pounds"}, "Choose one of the answers"),
        ({"amount": "5"}, "Choose one"),
    ],
)
def test_a_wrong_budget_is_refused(
    desk: Desk, database: Database, form: dict[str, str], reason: str
) -> None:
    answer = desk().post(f"{COST}/budget", data=form)

    assert answer.status_code == 422
    assert reason in answer.text
    with database.reading() as reading:
        assert reading.scalars(select(SmsBudget)).all() == []


def test_with_a_price_costs_are_shown(
    desk: Desk, session: Session, here: World, wired: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts_left(session, here, 1)
    priced = wired.config.model_copy(update={"sms_price_cents": 1.19})
    monkeypatch.setattr("outreach.web.context.config", lambda: priced)
    browser = desk()
    browser.post(f"{COST}/budget", data={"amount": "5", "unit": "dollars"})

    page = browser.get(COST).text

    assert "$0.02" in page
    assert "1.19 cents" in page
    assert "$5.00" in page
