"""Many visits changed at once: one mail for each person and visit, whatever is changed twice."""

from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from outreach.actor import SYSTEM, Actor, Kind
from outreach.messaging.models import Message
from outreach.visits.models import Visit
from outreach.workflows import directory, invites, pauses
from tests import builders
from tests.builders import NOW, VISIT_AT
from tests.workflows.conftest import LINKS, Bureau

VISITS = 25


@pytest.fixture
def booked(bureau: Bureau) -> list[Visit]:
    """Maria and Daniel, who show places, come to each; their invites and the ward's have left."""
    bureau.maria.detail = bureau.daniel.detail = "full"
    found = [bureau.visit]
    for day in range(1, VISITS):
        starts_at = VISIT_AT + timedelta(days=day)
        found.append(builders.visit(bureau.session, bureau.world, starts_at=starts_at))
    for visit in found:
        pair = zip(
            builders.slots(bureau.session, visit), (bureau.maria, bureau.daniel), strict=True
        )
        for slot, speaker in pair:
            builders.assignment(bureau.session, slot, speaker)
        invites.sync(bureau.session, visit, links=LINKS, now=NOW)
    bureau.session.execute(update(Message).values(state="accepted"))
    return found


def waiting(bureau: Bureau) -> Counter[tuple[str, str, int]]:
    """Count the calendar mails that wait, by kind, person and entry."""
    waits = select(Message.kind, Message.to_address, Message.subject_id).where(
        Message.state == "pending", Message.kind.startswith("invite")
    )
    return Counter((kind, to, entry) for kind, to, entry in bureau.session.execute(waits))


def test_a_unit_renamed_and_moved_is_one_mail_for_each_person_and_visit(
    bureau: Bureau, booked: list[Visit]
) -> None:
    unit, by = bureau.world.unit, coordinator(bureau)
    for facts in ({"name": "Unit 4B West"}, {"name": "Unit 4C", "street": "7 Cedar Road"}):
        directory.keep_unit(
            bureau.session,
            bureau.world.hospital,
            facts,
            unit=unit,
            hours=(),
            requirements=(),
            by=by,
            links=LINKS,
            now=NOW,
        )
    directory.write_brief(
        bureau.session, unit, "Ring at the red door.", by=by, links=LINKS, now=NOW
    )

    counted = waiting(bureau)
    assert set(counted.values()) == {1}
    # Two speakers and the ward, whose entries name the unit.
    assert Counter(to for _kind, to, _entry in counted) == {
        bureau.maria.email: len(booked),
        bureau.daniel.email: len(booked),
        "ward4b@stclare.example": len(booked),
    }
    assert {kind for kind, _to, _entry in counted} == {"invite_update"}


def test_a_pause_takes_each_visit_out_of_each_calendar_once(
    bureau: Bureau, booked: list[Visit]
) -> None:
    off = booked[:3]
    first, last = date(2026, 12, 8), date(2026, 12, 10)

    pauses.begin(
        bureau.session,
        bureau.world.unit,
        starts_on=first,
        ends_on=last,
        call_off=True,
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )

    counted = waiting(bureau)
    assert set(counted.values()) == {1}
    assert Counter(kind for kind, _to, _entry in counted) == {"invite_cancel": 3 * len(off)}
    assert all(visit.called_off_at == NOW for visit in off)
    assert booked[3].called_off_at is None


def test_a_pause_that_lets_visits_stay_mails_nobody(bureau: Bureau, booked: list[Visit]) -> None:
    pauses.begin(
        bureau.session,
        bureau.world.unit,
        starts_on=date(2026, 12, 8),
        ends_on=None,
        call_off=False,
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )

    assert len(booked) == VISITS
    assert waiting(bureau) == {}


def coordinator(bureau: Bureau) -> Actor:
    return Actor(Kind.COORDINATOR, account_id=0, affiliate_id=bureau.world.affiliate.id)
