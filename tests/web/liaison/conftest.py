"""A hospital, and a browser in which its liaison Priya is signed in."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from tests import builders
from tests.builders import World


@pytest.fixture
def here(session: Session) -> World:
    """An affiliate with St. Clare and its Unit 4B."""
    return builders.world(session)


@pytest.fixture
def elsewhere(session: Session) -> World:
    """Another affiliate with another hospital, whose rows are nobody's business here."""
    made = builders.world(session, "Hillside")
    session.commit()
    return made


@pytest.fixture
def priya(session: Session, here: World) -> Membership:
    """A liaison of St. Clare."""
    return builders.liaison(session, here.hospital)


@pytest.fixture
def browser(
    session: Session,
    client: FlaskClient,
    priya: Membership,
    sign_in: Callable[[FlaskClient, Membership], FlaskClient],
) -> FlaskClient:
    """A browser in which Priya is signed in."""
    session.commit()
    return sign_in(client, priya)
