from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.links import Links
from outreach.messaging.models import Message
from outreach.speakers.models import Speaker
from outreach.visits.models import Offer, Slot, Visit
from outreach.workflows import asking
from outreach.workflows.eligibility import Choice
from tests import builders
from tests.builders import DANIEL, HENRY, JOY, MARIA, NOW, World

LINKS = Links("https://outreach.example", b"a key for tests")


@dataclass
class Bureau:
    """A visit for two, and four people who could go."""

    world: World
    visit: Visit
    maria: Speaker
    daniel: Speaker
    joy: Speaker
    henry: Speaker
    session: Session

    def slot(self, role: str) -> Slot:
        return next(s for s in builders.slots(self.session, self.visit) if s.role == role)

    def ask(self, speaker: Speaker, role: str = "lead", *, now: datetime = NOW) -> Offer:
        return asking.make(
            self.session,
            self.slot(role),
            Choice(speaker_id=speaker.id, reasons=[], distance_km=3.0),
            visit=self.visit,
            by=builders.actor(builders.coordinator(self.session, self.world.affiliate)),
            links=LINKS,
            now=now,
        )

    def messages(self, *, to: Speaker | None = None, state: str = "pending") -> list[str]:
        mine = select(Message).where(Message.state == state).order_by(Message.id)
        if to is not None:
            mine = mine.where(Message.recipient_kind == "speaker", Message.recipient_id == to.id)
        return [f"{m.kind} {m.channel}" for m in self.session.scalars(mine)]


def open_bureau(session: Session) -> Bureau:
    world = builders.world(session)
    world.unit.contact_email = "ward4b@stclare.example"
    maria, daniel, joy, henry = (
        builders.speaker(session, world.affiliate, person, certified_for=world.program)
        for person in (MARIA, DANIEL, JOY, HENRY)
    )
    visit = builders.visit(session, world)
    return Bureau(world, visit, maria, daniel, joy, henry, session)


@pytest.fixture
def bureau(session: Session) -> Bureau:
    return open_bureau(session)
