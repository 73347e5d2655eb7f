from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.speakers.models import Speaker
from tests import builders
from tests.builders import MARIA, World

SignIn = Callable[[FlaskClient, Membership], FlaskClient]


@dataclass
class Place:
    """A bureau and Maria, a speaker who is signed in."""

    world: World
    maria: Speaker
    browser: FlaskClient
    session: Session

    def speaker(self) -> Speaker:
        """Return Maria's row as it is now."""
        self.session.expire_all()
        return self.session.get_one(Speaker, self.maria.id)


@pytest.fixture
def place(client: FlaskClient, sign_in: SignIn, session: Session) -> Place:
    world = builders.world(session)
    maria = builders.speaker(session, world.affiliate, MARIA, certified_for=world.program)
    member = builders.speaker_member(session, maria)
    session.commit()
    return Place(world, maria, sign_in(client, member), session)
