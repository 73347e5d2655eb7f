"""A visit of yesterday in the lived-in demo: its links, what was told of it, what waits."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.actor import Actor, Kind
from outreach.directory.models import Hospital, Unit
from outreach.speakers.models import Speaker
from outreach.visits.telling import HowAreYou, HowWasIt, Outcome
from outreach.workflows import after_visit
from outreach.workflows.after_visit import UnitsWord
from tests import after_visit_builders
from tests.browser.served import Demo
from tests.builders import NOW, World

YESTERDAY = timedelta(hours=22)
UNIT = ("St. Clare Hospital", "Unit 4B")


def tell(session: Session, demo: Demo) -> Mapping[str, str]:
    """Let Maria and Grace have been on a unit of Nora's yesterday; return what addresses name.

    Grace has told, and would like a call; so has the unit. Maria has not told yet, and of a visit
    some days earlier nobody has.
    """
    unit = session.get_one(Unit, demo.world.units[UNIT].id)
    world = World(
        demo.world.affiliate,
        next(iter(demo.world.programs.values())),
        session.get_one(Hospital, unit.hospital_id),
        unit,
    )
    maria, grace = (
        session.get_one(Speaker, demo.world.speakers[name].id) for name in ("Maria", "Grace")
    )
    ruth, nora = (
        session.scalars(
            select(Membership).where(Membership.id == demo.world.memberships[name].id)
        ).one()
        for name in ("Ruth", "Nora")
    )
    over, _untold = (
        after_visit_builders.past_of(
            session, world, maria, grace, ruth=ruth, priya=nora, ended=ended
        )
        for ended in (YESTERDAY, 3 * YESTERDAY)
    )
    told = after_visit_builders.debriefing(
        HowWasIt.MIXED, HowAreYou.CALL, words="The questions afterwards went deep."
    )
    after_visit.tell(
        session,
        over.of_daniel,
        told,
        by=Actor(Kind.LINK, speaker_id=grace.id),
        now=NOW,
    )
    said = UnitsWord(outcome=Outcome.ALL_CAME, people=9, words="Thank you for coming.")
    after_visit.say_who_came(session, over.visit, said, by=over.as_unit, now=NOW)
    report = after_visit_builders.incident(
        session, over.visit, words="The fire alarm rang, and all went into the yard."
    )
    links = demo.wired.links
    return {
        "ending link": links.ending_token("reminders", maria.public_id),
        "debrief link": over.debrief_path(links).rpartition("/")[2],
        "came link": over.came_path(links).rpartition("/")[2],
        "told visit": over.visit.public_id,
        "told assignment": over.of_maria.public_id,
        "incident": report.public_id,
    }
