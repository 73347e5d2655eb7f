"""Who is on duty and whom others ask."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from outreach.accounts.models import Account
from outreach.reads import duty
from tests import builders
from tests.builders import NOW


def test_liaisons_ask_the_coordinator_on_duty_and_then_her_deputy(session: Session) -> None:
    here = builders.affiliate(session)
    ruth, sam = (
        builders.coordinator(session, here),
        builders.coordinator(session, here, "Sam Ortiz"),
    )
    here.on_duty_id, here.deputy_id = ruth.account_id, sam.account_id

    assert [p.name for p in duty.duty(session, here, now=NOW).in_order] == [
        "Ruth Adler",
        "Sam Ortiz",
    ]
    assert duty.whom_to_ask(session, here, now=NOW).name == "Ruth Adler"

    ruth.ends_at = NOW
    session.flush()

    assert duty.duty(session, here, now=NOW).on_duty is None
    assert duty.whom_to_ask(session, here, now=NOW).name == "Sam Ortiz"

    session.get_one(Account, sam.account_id).disabled_at = NOW
    session.flush()

    asked = duty.whom_to_ask(session, here, now=NOW)
    assert (asked.name, asked.phone) == ("", "+13135550100")
    assert asked.email == "bureau@lakeshore.example"


def test_of_an_affiliate_that_another_keeps_that_ones_people_are_asked(session: Session) -> None:
    bureau = builders.affiliate(session)
    bureau.email = None
    kept = builders.affiliate(session, "Kept", kept_by_id=bureau.id)
    ruth = builders.coordinator(session, bureau)
    bureau.on_duty_id = ruth.account_id

    asked = duty.whom_to_ask(session, kept, now=NOW)

    assert (asked.name, asked.affiliate) == ("Ruth Adler", "Lakeshore Alliance")
    assert asked.email == session.get_one(Account, ruth.account_id).email


def names(people: tuple[duty.Colleague, ...]) -> list[str]:
    return [each.name for each in people]


def test_while_she_is_away_her_deputy_comes_first_and_then_the_others(session: Session) -> None:
    here = builders.affiliate(session)
    ruth, sam, _ana = (
        builders.coordinator(session, here, name)
        for name in ("Ruth Adler", "Sam Ortiz", "Ana Bello")
    )
    here.on_duty_id, here.deputy_id = ruth.account_id, sam.account_id
    here.away_from, here.away_until = date(2026, 11, 27), date(2026, 11, 30)
    zone = ZoneInfo(here.time_zone)

    def at(day: int, hour: int, minute: int = 0) -> duty.Duty:
        wall = datetime(2026, 11, day, hour, minute, tzinfo=zone)
        return duty.duty(session, here, now=wall)

    before = at(26, 23, 59)
    assert (names(before.first), names(before.second)) == (["Ruth Adler"], ["Sam Ortiz"])
    for away in (at(27, 0), at(30, 23, 59)):
        assert (away.is_away, away.away_until) == (True, date(2026, 11, 30))
        assert names(away.first) == ["Sam Ortiz"]
        assert names(away.second) == ["Ana Bello", "Ruth Adler"]
        assert names(away.in_order) == ["Sam Ortiz", "Ruth Adler"]
    over = duty.duty(session, here, now=datetime(2026, 12, 1, tzinfo=zone))
    assert (over.is_away, over.away_until, names(over.first)) == (False, None, ["Ruth Adler"])
    assert duty.whom_to_ask(session, here, now=at_noon(here.time_zone)).name == "Sam Ortiz"


def at_noon(zone: str) -> datetime:
    return datetime(2026, 11, 28, 12, tzinfo=ZoneInfo(zone))


def test_who_is_disabled_or_away_is_never_the_only_one_told(session: Session) -> None:
    here = builders.affiliate(session)
    ruth, sam, _ana = (
        builders.coordinator(session, here, name)
        for name in ("Ruth Adler", "Sam Ortiz", "Ana Bello")
    )
    here.on_duty_id, here.deputy_id = ruth.account_id, sam.account_id
    session.get_one(Account, ruth.account_id).disabled_at = NOW
    session.flush()

    disabled = duty.duty(session, here, now=NOW)
    assert (names(disabled.first), names(disabled.second)) == (["Sam Ortiz"], ["Ana Bello"])

    session.get_one(Account, ruth.account_id).disabled_at = None
    sam.ends_at = NOW
    today = NOW.astimezone(ZoneInfo(here.time_zone)).date()
    here.away_from, here.away_until = today, today + timedelta(days=1)
    session.flush()

    alone = duty.duty(session, here, now=NOW)
    assert (names(alone.first), alone.second) == (["Ana Bello", "Ruth Adler"], ())


def test_where_nobody_is_named_every_coordinator_is_told(session: Session) -> None:
    here = builders.affiliate(session)
    for name in ("Ruth Adler", "Sam Ortiz"):
        builders.coordinator(session, here, name)

    assert names(duty.duty(session, here, now=NOW).first) == ["Ruth Adler", "Sam Ortiz"]
