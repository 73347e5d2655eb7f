"""Another time is proposed to the unit, which decides; papers are asked for once a month."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM
from outreach.errors import Conflict, RuleBroken
from outreach.matching import Change, ChangeCode
from outreach.messaging.models import Message
from outreach.speakers.models import Availability, Speaker
from outreach.visits.models import OtherTime, Visit
from outreach.workflows import other_times, standing
from tests import builders
from tests.builders import DANIEL, MARIA, NOW, VISIT_AT, World
from tests.workflows.conftest import LINKS

NOON = VISIT_AT + timedelta(hours=2)


@pytest.fixture
def here(session: Session) -> World:
    found = builders.world(session)
    found.unit.contact_email = "ward4b@stclare.example"
    session.flush()
    return found


@pytest.fixture
def visit(session: Session, here: World) -> Visit:
    return builders.visit(session, here, roles=("lead",))


def free_at(session: Session, here: World, first: int, last: int) -> Speaker:
    """Maria, free on Tuesdays between these hours alone."""
    maria = builders.speaker(
        session, here.affiliate, MARIA, certified_for=here.program, available=False
    )
    session.add(Availability(speaker_id=maria.id, weekday=1, starts=time(first), ends=time(last)))
    session.flush()
    return maria


def what_would_fill(session: Session, visit: Visit) -> tuple[Change, ...]:
    explainer = other_times.explainer(session, visit, now=NOW)
    return other_times.what_would_fill(session, visit, explainer, now=NOW)


def starts(session: Session, visit: Visit) -> list[datetime]:
    return [
        other_times.instant(change.params["starts_at"], zone=visit.time_zone)  # type: ignore[arg-type]  # a datetime
        for change in what_would_fill(session, visit)
        if change.code is ChangeCode.MOVE
    ]


def mails(session: Session, kind: str) -> list[Message]:
    return list(session.scalars(select(Message).where(Message.kind == kind)))


def proposed(session: Session, visit: Visit) -> OtherTime:
    other_times.propose(session, visit, starts_at=NOON, by=SYSTEM, now=NOW)
    return session.scalars(select(OtherTime).order_by(OtherTime.id.desc())).first()  # type: ignore[return-value]  # just made


def test_times_at_which_somebody_could_come_are_found_inside_visiting_hours(
    session: Session, here: World, visit: Visit
) -> None:
    free_at(session, here, 12, 20)

    found = starts(session, visit)

    zone = ZoneInfo(visit.time_zone)
    assert [f"{each.astimezone(zone):%m-%d %H:%M}" for each in found] == [
        "12-08 12:00",
        "12-08 12:30",
        "12-08 13:00",
    ]


def test_a_time_at_which_the_unit_has_another_visit_is_left_out(
    session: Session, here: World, visit: Visit
) -> None:
    free_at(session, here, 12, 14)
    builders.visit(session, here, starts_at=NOON, roles=("lead",))

    assert starts(session, visit) == [NOON + timedelta(hours=1)]


def test_days_off_in_the_week_around_are_looked_at_too(
    session: Session, here: World, visit: Visit
) -> None:
    maria = builders.speaker(session, here.affiliate, MARIA, certified_for=here.program)
    day = VISIT_AT.date()
    builders.away(session, maria, starts_on=day, ends_on=day + timedelta(days=2))

    assert starts(session, visit)[:2] == [
        VISIT_AT - timedelta(days=1),
        VISIT_AT + timedelta(days=3),
    ]


def test_an_exclusion_shows_no_time_as_never_being_free_shows_none(
    session: Session, here: World, visit: Visit
) -> None:
    maria = free_at(session, here, 12, 20)
    builders.exclusion(session, maria, here.unit)

    assert what_would_fill(session, visit) == ()


def test_the_unit_is_asked_once_about_a_time(session: Session, visit: Visit) -> None:
    for _ in range(2):
        other_times.propose(session, visit, starts_at=NOON, by=SYSTEM, now=NOW)

    (mail,) = mails(session, "other_time")
    assert mail.to_address == "ward4b@stclare.example"
    assert mail.values["other_start"] == NOON.isoformat()
    assert visit.starts_at == VISIT_AT
    assert standing.is_true(session, mail, now=NOW)


def test_a_second_time_takes_the_place_of_the_first(session: Session, visit: Visit) -> None:
    first = proposed(session, visit)

    other_times.propose(session, visit, starts_at=NOON + timedelta(hours=1), by=SYSTEM, now=NOW)

    assert first.state == "withdrawn"
    earlier, later = mails(session, "other_time")
    assert not standing.is_true(session, earlier, now=NOW)
    assert standing.is_true(session, later, now=NOW)
    with pytest.raises(Conflict, match="changed since"):
        other_times.accept(session, first, by=SYSTEM, links=LINKS, now=NOW)


def test_a_yes_moves_the_visit_once_and_tells_everyone(session: Session, visit: Visit) -> None:
    asked = proposed(session, visit)

    for _ in range(2):
        other_times.accept(session, asked, by=SYSTEM, links=LINKS, now=NOW)

    session.refresh(visit)
    assert (visit.starts_at, visit.ends_at) == (NOON, NOON + timedelta(hours=1))
    assert (asked.state, visit.revision) == ("accepted", 2)
    with pytest.raises(Conflict, match="changed since"):
        other_times.keep(session, asked, by=SYSTEM, now=NOW)


def test_a_no_keeps_the_time(session: Session, visit: Visit) -> None:
    asked = proposed(session, visit)

    for _ in range(2):
        other_times.keep(session, asked, by=SYSTEM, now=NOW)

    session.refresh(visit)
    assert (asked.state, visit.starts_at) == ("kept", VISIT_AT)
    with pytest.raises(Conflict, match="changed since"):
        other_times.accept(session, asked, by=SYSTEM, links=LINKS, now=NOW)


def test_what_the_visits_own_change_has_overtaken_moves_nothing(
    session: Session, visit: Visit
) -> None:
    asked = proposed(session, visit)
    visit.revision += 1
    session.flush()

    with pytest.raises(Conflict, match="changed since"):
        other_times.accept(session, asked, by=SYSTEM, links=LINKS, now=NOW)

    session.refresh(visit)
    assert (asked.state, visit.starts_at) == ("waiting", VISIT_AT)
    assert not standing.is_true(session, mails(session, "other_time")[0], now=NOW)


def test_a_time_that_cannot_be_is_not_proposed(session: Session, visit: Visit) -> None:
    midnight = VISIT_AT + timedelta(hours=14)

    with pytest.raises(Conflict, match="any more"):
        other_times.propose(session, visit, starts_at=midnight, by=SYSTEM, now=NOW)


def test_where_nobody_reads_mail_the_coordinator_is_told_to_call(
    session: Session, here: World, visit: Visit
) -> None:
    here.unit.contact_email = None
    session.flush()

    with pytest.raises(RuleBroken, match="call them"):
        other_times.propose(session, visit, starts_at=NOON, by=SYSTEM, now=NOW)


def test_a_speaker_is_asked_to_renew_once_a_month_and_no_place_is_named(
    session: Session, here: World
) -> None:
    daniel = builders.speaker(session, here.affiliate, DANIEL, certified_for=here.program)

    sent = [other_times.ask_to_renew(session, daniel, by=SYSTEM, now=NOW) for _ in range(2)]
    later = other_times.ask_to_renew(session, daniel, by=SYSTEM, now=NOW + timedelta(days=30))

    assert (sent, later) == ([True, False], True)
    assert [set(mail.values) for mail in mails(session, "renewal")] == [{"month", "phone"}] * 2
