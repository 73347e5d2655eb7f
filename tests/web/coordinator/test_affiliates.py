"""The pages of affiliates: whom to ask, counties, room, hours, clocks; and who is on duty."""

import io
import re
from collections.abc import Callable
from datetime import date, time, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.accounts.models import Account, Membership
from outreach.directory import receiving
from outreach.directory.models import CLOCKS, Affiliate
from tests import builders
from tests.builders import NOW, World
from tests.serving_builders import COOK, LAKE, receiver
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]
LAKESIDE: dict[str, Any] = {
    "name": "Lakeside Friends",
    "zip_code": "60614",
    "receives_referrals": "y",
    "intake_name": "Gail Moreno",
    "intake_phone": "312-555-0123",
    "intake_email": "gail@lakeside.example",
    "intake_by": "link",
}


@pytest.fixture
def desk(
    client: FlaskClient, ruth: Membership, sign_in: Callable[[FlaskClient, Membership], FlaskClient]
) -> Desk:
    return lambda: sign_in(client, ruth)


def affiliate(session: Session, name: str) -> Affiliate:
    session.expire_all()
    return session.scalars(select(Affiliate).where(Affiliate.name == name)).one()


def page_of(row: Affiliate, part: str = "") -> str:
    return f"/coordinator/hospitals/affiliates/{row.public_id}{part}"


def test_an_affiliate_is_added_and_asked_for_its_counties(
    desk: Desk, session: Session, here: World
) -> None:
    answer = desk().post("/coordinator/hospitals/affiliates/new", data=LAKESIDE)

    made = affiliate(session, "Lakeside Friends")
    assert answer.headers["Location"].endswith(f"/affiliates/{made.public_id}/counties")
    assert (made.kept_by_id, made.receives_referrals) == (here.affiliate.id, True)
    assert (made.intake_phone, made.time_zone) == ("+13125550123", "America/Chicago")
    assert made.latitude is not None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "Lakeshore Alliance"}, "one of this name already"),
        ({"zip_code": ""}, "five digits"),
        ({"zip_code": "00000"}, "no place"),
        ({"intake_email": ""}, "The link needs an e-mail address"),
        ({"intake_by": "phone", "intake_phone": ""}, "Calls need a telephone number"),
        ({"intake_by": "account"}, "Choose one of the answers on the list"),
        ({"intake_by": "carrier pigeon"}, "Choose one of the answers on the list"),
        ({"intake_phone": "call me"}, "telephone"),
    ],
)
def test_an_affiliate_nobody_could_reach_is_refused(
    desk: Desk, session: Session, wrong: dict[str, str], words: str
) -> None:
    answer = desk().post("/coordinator/hospitals/affiliates/new", data=LAKESIDE | wrong)

    assert answer.status_code == 422
    assert words in unescape(answer.text)
    assert session.scalar(select(func.count()).select_from(Affiliate)) == 1


def test_the_own_bureau_receives_too_and_keeps_its_name_and_zone(
    desk: Desk, session: Session, here: World
) -> None:
    browser = desk()
    facts = LAKESIDE | {"intake_by": "account", "name": "Somebody else’s"}

    answer = browser.post(page_of(here.affiliate, "/change"), data=facts)

    assert answer.status_code == 303
    own = affiliate(session, "Lakeshore Alliance")
    assert (own.receives_referrals, own.intake_by, own.zip_code) == (True, "account", "60614")
    assert own.time_zone == "America/New_York"


def test_a_kept_affiliate_that_moves_takes_the_zone_of_its_new_place(
    desk: Desk, session: Session, here: World
) -> None:
    kept = receiver(session, "Lakeside", kept_by_id=here.affiliate.id)
    browser = desk()
    assert 'value="60614"' in browser.get(page_of(kept, "/change")).text

    moved = LAKESIDE | {"name": "Lakeside East", "zip_code": "48201"}
    answer = browser.post(page_of(kept, "/change"), data=moved)
    refused = browser.post(page_of(kept, "/change"), data=LAKESIDE | {"zip_code": "00000"})

    assert (answer.status_code, refused.status_code) == (303, 422)
    east = affiliate(session, "Lakeside East")
    assert (east.zip_code, east.time_zone) == ("48201", "America/Detroit")


def test_the_list_names_a_few_counties_and_counts_the_others(
    desk: Desk, session: Session, here: World
) -> None:
    some = tuple(("IL", f"{name} County") for name in ("Boone", "Cook", "Lake", "Will"))
    receiver(session, "Lakeside", counties=some, kept_by_id=here.affiliate.id)

    page = desk().get("/coordinator/hospitals/affiliates").text

    assert "Boone County, Cook County and 2 more" in page


def test_counties_are_written_as_people_write_them_one_state_at_a_time(
    desk: Desk, session: Session, here: World
) -> None:
    kept = receiver(
        session, "Lakeside", counties=(("WI", "Kenosha County"),), kept_by_id=here.affiliate.id
    )
    browser = desk()
    path = page_of(kept, "/counties")

    shown = browser.get(f"{path}?state=IL").text
    answer = browser.post(path, data={"state": "IL", "counties": "cook; Lake co\nDu Page"})

    assert "Save the counties of IL" in shown
    assert answer.status_code == 303
    session.expire_all()
    assert receiving.counties(session, kept.id) == [
        COOK,
        ("IL", "DuPage County"),
        LAKE,
        ("WI", "Kenosha County"),
    ]
    assert "Kenosha County" in browser.get(page_of(kept)).text


def test_every_county_that_is_unknown_is_named_and_nothing_is_kept(
    desk: Desk, session: Session, here: World
) -> None:
    kept = receiver(session, "Lakeside", kept_by_id=here.affiliate.id)
    browser = desk()

    answer = browser.post(
        page_of(kept, "/counties"), data={"state": "IL", "counties": "Lake, Cok, Narnia"}
    )

    assert answer.status_code == 422
    page = unescape(answer.text)
    assert "Did you mean “Cook County”?" in page
    assert "no county “Narnia” in IL" in page
    assert receiving.counties(session, kept.id) == [COOK]
    wrong = browser.post(page_of(kept, "/counties"), data={"state": "XX"})
    assert wrong.status_code == 422


def test_room_is_switched_and_shown_with_its_day(desk: Desk, session: Session, here: World) -> None:
    kept = receiver(session, "Lakeside", kept_by_id=here.affiliate.id)
    browser = desk()

    browser.post(page_of(kept, "/capacity"), data={"capacity": "no_capacity"})
    refused = browser.post(page_of(kept, "/capacity"), data={"capacity": "plenty"})

    session.expire_all()
    assert (kept.capacity, kept.capacity_changed_at) == ("no_capacity", NOW)
    assert refused.status_code == 422
    assert "Takes nobody new at present" in browser.get("/coordinator/hospitals/affiliates").text


def test_office_hours_closed_days_and_clocks_are_kept(
    desk: Desk, session: Session, here: World
) -> None:
    kept = receiver(session, "Lakeside", kept_by_id=here.affiliate.id)
    browser = desk()
    hours = {
        "business_days": ["1", "3"],
        "opens": "10:00",
        "closes": "14:00",
        "holiday_region": "US-IL",
        "closed_days": "2026-12-24 Christmas Eve\r\n12/31/2026",
    }

    browser.post(page_of(kept, "/hours"), data=hours)
    browser.post(page_of(kept, "/clocks"), data=CLOCKS | {"accept_days": "4"})

    session.expire_all()
    calendar = receiving.business_calendar(session, kept, on=date(2026, 11, 23))
    assert (calendar.weekdays, calendar.opens) == (frozenset({1, 3}), time(10))
    assert {date(2026, 12, 24), date(2026, 12, 31), date(2027, 2, 12)} <= calendar.closed
    assert receiving.clocks(kept) == CLOCKS | {"accept_days": 4}
    shown = unescape(browser.get(page_of(kept)).text)
    assert "Christmas Eve" in shown
    assert "Closed on the holidays of IL." in shown
    assert "2026-12-24 Christmas Eve" in browser.get(page_of(kept, "/hours")).text


def test_hours_and_clocks_that_cannot_be_are_told_beside_their_field(
    desk: Desk, session: Session, here: World
) -> None:
    kept = receiver(session, "Lakeside", kept_by_id=here.affiliate.id)
    browser = desk()
    hours = {
        "business_days": ["1"],
        "opens": "10:00",
        "closes": "14:00",
        "holiday_region": "US",
        "closed_days": "",
    }

    def refused(part: str, sent: dict[str, Any]) -> str:
        answer = browser.post(page_of(kept, part), data=sent)
        assert answer.status_code == 422
        return unescape(answer.text)

    assert "at least one day" in refused("/hours", hours | {"business_days": []})
    assert "close after it opens" in refused("/hours", hours | {"closes": "09:00"})
    assert "begin with a date" in refused("/hours", hours | {"closed_days": "Christmas"})
    assert "answers on the list" in refused("/hours", hours | {"holiday_region": "FR"})
    assert "from 1 to 30" in refused("/clocks", CLOCKS | {"hold_days": 31})
    assert "before it connects" in refused("/clocks", CLOCKS | {"connect_days": 31})
    session.expire_all()
    assert (kept.business_days, kept.clocks) == (list(range(5)), CLOCKS)


def test_who_is_on_duty_stands_on_today_and_is_changed_there(
    desk: Desk, session: Session, here: World, ruth: Membership
) -> None:
    sam = builders.coordinator(session, here.affiliate, "Sam Ortiz")
    account = {
        member: session.get_one(Account, member.account_id).public_id for member in (ruth, sam)
    }
    browser = desk()
    assert "Nobody is on duty" in unescape(browser.get("/coordinator/").text)

    same = {"on_duty": account[ruth], "deputy": account[ruth]}
    assert browser.post("/coordinator/setup/duty", data=same).status_code == 422
    assert browser.post("/coordinator/setup/duty", data={"on_duty": "made up"}).status_code == 422
    both = {"on_duty": account[ruth], "deputy": account[sam]}
    assert browser.post("/coordinator/setup/duty", data=both).status_code == 303

    assert "You. Sam Ortiz is your deputy." in unescape(browser.get("/coordinator/").text)


def test_days_away_are_entered_with_who_is_on_duty_and_said_on_today(
    client: FlaskClient,
    session: Session,
    here: World,
    ruth: Membership,
    sign_in: Callable[[FlaskClient, Membership], FlaskClient],
) -> None:
    ruth_name = session.get_one(Account, ruth.account_id).name
    sam = builders.coordinator(session, here.affiliate, "Sam Ortiz")
    account = {
        member: session.get_one(Account, member.account_id).public_id for member in (ruth, sam)
    }
    today = NOW.astimezone(ZoneInfo(here.affiliate.time_zone)).date()
    both = {"on_duty": account[ruth], "deputy": account[sam]}
    days = {"away_from": f"{today}", "away_until": f"{today + timedelta(days=2)}"}
    browser = sign_in(client, ruth)

    half = browser.post("/coordinator/setup/duty", data=both | {"away_from": f"{today}"})
    assert (half.status_code, "Choose the last day away" in half.text) == (422, True)
    alone = browser.post("/coordinator/setup/duty", data={"on_duty": account[ruth]} | days)
    assert (alone.status_code, "Choose who stands in" in alone.text) == (422, True)
    assert browser.post("/coordinator/setup/duty", data=both | days).status_code == 303

    said = unescape(browser.get("/coordinator/").text)
    assert "You are away until" in said
    assert "Sam Ortiz stands in." in said
    as_sam = unescape(sign_in(client.application.test_client(), sam).get("/coordinator/").text)
    assert f"{ruth_name} is away until" in as_sam
    assert "You stand in." in as_sam
    ruth.ends_at = NOW
    session.commit()
    gone = unescape(sign_in(client.application.test_client(), sam).get("/coordinator/").text)
    assert "Who was on duty is no longer here. You stand in." in gone
    ruth.ends_at = None
    session.commit()
    assert days["away_until"] in browser.get("/coordinator/setup/duty").text
    assert browser.post("/coordinator/setup/duty", data=both).status_code == 303
    assert "You. Sam Ortiz is your deputy." in unescape(browser.get("/coordinator/").text)


def test_an_affiliate_that_another_bureau_keeps_does_not_exist_here(
    desk: Desk, session: Session
) -> None:
    strange = builders.affiliate(session, "Riverbend")
    kept_there = receiver(session, "Kept there", kept_by_id=strange.id)
    browser = desk()

    for part in ("", "/change", "/counties", "/hours", "/clocks"):
        assert browser.get(page_of(kept_there, part)).status_code == 404
    page = browser.get("/coordinator/hospitals/affiliates").text
    assert "Kept there" not in page
    assert "Riverbend" not in page


def test_the_list_asks_as_little_for_thirty_as_for_one(
    desk: Desk, session: Session, here: World, counting: Counting
) -> None:
    browser = desk()
    receiver(session, "Lakeside", kept_by_id=here.affiliate.id)
    browser.get("/coordinator/hospitals/affiliates")
    with counting() as few:
        browser.get("/coordinator/hospitals/affiliates")
    for number in range(29):
        receiver(session, f"Number {number}", counties=(COOK, LAKE), kept_by_id=here.affiliate.id)

    with counting() as many:
        page = browser.get("/coordinator/hospitals/affiliates")

    assert "Number 28" in page.text
    assert many.count == few.count


def test_affiliates_are_brought_in_from_a_sheet_on_the_page(
    desk: Desk, session: Session, here: World
) -> None:
    browser, path = desk(), "/coordinator/setup/imports"
    sheet = b"Affiliate,ZIP,Counties served,E-mail\nLakeside,60614,Cook; Lake,g@lakeside.example\n"
    sent = {"kind": "affiliates", "sheet": (io.BytesIO(sheet), "affiliates.csv")}

    columns = browser.post(path, data=sent, content_type="multipart/form-data")
    chosen = {
        "parcel": parcel_of(columns.text),
        "column-name": "Affiliate",
        "column-zip": "ZIP",
        "column-counties": "Counties served",
        "column-email": "E-mail",
    }
    trial = browser.post(f"{path}/columns", data=chosen)
    browser.post(f"{path}/rows", data={"parcel": parcel_of(trial.text)})

    made = affiliate(session, "Lakeside")
    assert (made.kept_by_id, made.intake_email) == (here.affiliate.id, "g@lakeside.example")
    assert receiving.counties(session, made.id) == [COOK, LAKE]


def parcel_of(page: str) -> str:
    """Return the file as a page of the import hands it on."""
    found = re.search(r'name="parcel" value="([^"]+)"', page)
    assert found, page
    return unescape(found[1])
