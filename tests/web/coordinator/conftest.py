"""A coordinator at her desk, and a count of what a page asks the database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from outreach import jobs
from outreach.accounts.models import Membership
from outreach.wiring import Wiring
from tests import builders
from tests.builders import World


@dataclass
class Counted:
    """The statements that were sent."""

    statements: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.statements)


Counting = Callable[[], AbstractContextManager[Counted]]


@pytest.fixture
def counting() -> Counting:
    """Count the statements of any engine inside a block."""

    @contextmanager
    def count() -> Iterator[Counted]:
        counted = Counted()

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            counted.statements.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        try:
            yield counted
        finally:
            event.remove(Engine, "before_cursor_execute", note)

    return count


@pytest.fixture
def here(session: Session) -> World:
    """Ruth's affiliate with a hospital and a unit."""
    return builders.world(session)


@pytest.fixture
def ruth(session: Session, here: World) -> Membership:
    """The coordinator."""
    return builders.coordinator(session, here.affiliate)


@pytest.fixture
def desk(
    client: FlaskClient,
    sign_in: Callable[[FlaskClient, Membership], FlaskClient],
    ruth: Membership,
) -> Callable[[], FlaskClient]:
    """Ruth's browser, once the rows of the test are made."""
    return lambda: sign_in(client, ruth)


@pytest.fixture
def search(wired: Wiring) -> Callable[[], int]:
    """What the worker does when its tick comes: carry out the search that was asked for."""
    return lambda: jobs.find_speakers(wired.db, links=wired.links, time_limit_s=10)
