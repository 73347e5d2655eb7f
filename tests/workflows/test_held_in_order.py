"""Who holds several visits takes them in the order of their keys: nobody waits in a circle."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM
from outreach.directory.models import Unit
from outreach.workflows import asking, directory, pauses
from tests import builders
from tests.builders import NOW, VISIT_AT
from tests.workflows.conftest import LINKS, Bureau

LATER = NOW + timedelta(days=3)


def pause(session: Session, unit: Unit) -> None:
    first, last = date(2026, 12, 1), date(2026, 12, 31)
    pauses.begin(
        session,
        unit,
        starts_on=first,
        ends_on=last,
        call_off=True,
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )


def lapse(session: Session, unit: Unit) -> None:
    del unit
    assert asking.lapse_due(session, links=LINKS, now=LATER) == 2


def write_brief(session: Session, unit: Unit) -> None:
    directory.write_brief(session, unit, "Ring twice.", by=SYSTEM, links=LINKS, now=NOW)


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("change", [pause, lapse, write_brief])
def test_visits_are_held_in_the_order_of_their_keys(
    bureau: Bureau, change: Callable[[Session, Unit], None]
) -> None:
    """Though the one that was made later is sooner, and was asked about first."""
    session, world = bureau.session, bureau.world
    earlier, later = (
        bureau.visit,
        builders.visit(session, world, starts_at=VISIT_AT - timedelta(days=1)),
    )
    for visit, who in ((later, bureau.maria), (earlier, bureau.daniel)):
        slot = builders.slots(session, visit)[0]
        ends = NOW + timedelta(days=1 if visit is later else 2)
        builders.offer(session, slot, who, expires_at=ends)
    session.flush()
    held = record(session)

    change(session, world.unit)

    assert list(dict.fromkeys(held)) == [earlier.id, later.id]


def record(session: Session) -> list[int]:
    """Write down which visits are held from now on, as the statements name them."""
    held: list[int] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        if "FROM visit " in statement.replace("\n", " ") and "FOR NO KEY UPDATE" in statement:
            held.extend(parameters.values())

    event.listen(session.get_bind(), "before_cursor_execute", note)
    return held
