"""Whom to call and what to settle is counted on every page: by an index, not by all there were."""

from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from outreach.actor import Actor, Kind
from outreach.reads import calls_and_reports


@pytest.mark.only("sqlite")
@pytest.mark.parametrize(
    ("which", "index"),
    [(0, "ix_debrief_affiliate_id_waiting"), (1, "ix_incident_report_affiliate_id_open")],
)
def test_what_waits_is_found_by_the_index_of_what_waits(
    session: Session, which: int, index: str
) -> None:
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:  # noqa: ANN401 - as the driver gets them
        sent.append((statement, values))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    session.execute(calls_and_reports.waiting(Actor(Kind.COORDINATOR, affiliate_id=1))[which])
    ((statement, values),) = sent

    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()

    assert [index in row.detail for row in plan] == [True]
