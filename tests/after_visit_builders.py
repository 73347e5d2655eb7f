"""Rows for tests of what comes after a visit: one that took place, and who went there."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from outreach.accounts.models import Account, Membership
from outreach.actor import Actor, Kind
from outreach.links import Links
from outreach.reads import after_visit as reads
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Debrief, IncidentReport, Visit
from outreach.visits.telling import HowAreYou, HowWasIt
from outreach.workflows.after_visit import Debriefing
from tests import builders
from tests.builders import DANIEL, MARIA, NOW, SECRET, World

ENDED = timedelta(hours=2)
"""How long before NOW the visit of these tests ended: on Monday at 8:00 AM."""


@dataclass
class Past:
    """A visit of an hour that is over, to which Maria (lead) and Daniel went."""

    world: World
    visit: Visit
    maria: Speaker
    daniel: Speaker
    of_maria: Assignment
    of_daniel: Assignment
    ruth: Membership
    priya: Membership

    @property
    def tokens(self) -> dict[str, str]:
        """What the addresses of links and of past rows name, for tests of access."""
        links = Links("http://localhost", SECRET.encode())
        return {
            "debrief token": self.debrief_path(links).rpartition("/")[2],
            "came token": self.came_path(links).rpartition("/")[2],
            "past visit": self.visit.public_id,
            "past assignment": self.of_maria.public_id,
        }

    @property
    def as_maria(self) -> Actor:
        """Maria, by her link."""
        return Actor(Kind.LINK, speaker_id=self.maria.id)

    @property
    def as_unit(self) -> Actor:
        """The ward, by its link."""
        return Actor(Kind.LINK, hospital_id=self.world.hospital.id)

    @property
    def as_ruth(self) -> Actor:
        """The coordinator."""
        return builders.actor(self.ruth)

    def debrief_path(self, links: Links) -> str:
        """Where Maria tells."""
        token = reads.debrief_token(
            self.of_maria.public_id,
            speaker_id=self.maria.public_id,
            ends_at=self.visit.ends_at,
            links=links,
        )
        return f"/d/{token}"

    def came_path(self, links: Links) -> str:
        """Where the ward tells."""
        return f"/c/{reads.came_token(self.visit, links=links)}"


def past(session: Session, name: str = "Lakeshore", *, ended: timedelta = ENDED) -> Past:
    """Make a visit that ended `ended` before NOW; Priya had asked for it, Ruth coordinates."""
    world = builders.world(session, name)
    maria = builders.speaker(session, world.affiliate, MARIA, certified_for=world.program)
    daniel = builders.speaker(session, world.affiliate, DANIEL, certified_for=world.program)
    priya = builders.liaison(session, world.hospital)
    ruth = builders.coordinator(session, world.affiliate)
    return past_of(session, world, maria, daniel, ruth=ruth, priya=priya, ended=ended)


def past_of(
    session: Session,
    world: World,
    maria: Speaker,
    daniel: Speaker,
    *,
    ruth: Membership,
    priya: Membership,
    ended: timedelta = ENDED,
) -> Past:
    """Let these people have had a visit of an hour that ended `ended` before NOW."""
    visit = builders.visit(
        session,
        world,
        starts_at=NOW - ended - timedelta(hours=1),
        requested_by=session.get_one(Account, priya.account_id),
    )
    lead, co_presenter = builders.slots(session, visit)
    of_maria = builders.assignment(session, lead, maria)
    of_daniel = builders.assignment(session, co_presenter, daniel)
    return Past(world, visit, maria, daniel, of_maria, of_daniel, ruth, priya)


def debriefing(
    how_was_it: HowWasIt = HowWasIt.WELL,
    how_are_you: HowAreYou = HowAreYou.WELL,
    *,
    minutes: int | None = 90,
    miles: int | None = 12,
    people: int | None = 8,
    words: str = "",
) -> Debriefing:
    """Tell that it went well, or what the test is about."""
    return Debriefing(
        how_was_it=how_was_it,
        how_are_you=how_are_you,
        minutes=minutes,
        miles=miles,
        people=people,
        words=words,
    )


def debrief(
    session: Session,
    of: Assignment,
    how_are_you: HowAreYou = HowAreYou.CALL,
    *,
    words: str = "",
) -> Debrief:
    """Let a speaker have told, by a row of its own."""
    made = Debrief(
        affiliate_id=session.get_one(Visit, of.visit_id).affiliate_id,
        assignment_id=of.id,
        how_was_it="hard",
        how_are_you=how_are_you,
        words=words,
        said_at=NOW,
    )
    session.add(made)
    session.flush()
    return made


def incident(
    session: Session, at: Visit, *, words: str = "The fire alarm rang.", said_by: str = "liaison"
) -> IncidentReport:
    """Let an incident have been reported."""
    made = IncidentReport(
        affiliate_id=at.affiliate_id,
        visit_id=at.id,
        kind="other",
        words=words,
        said_by=said_by,
        fingerprint=f"{at.id} {words}",
        said_at=NOW,
    )
    session.add(made)
    session.flush()
    return made
