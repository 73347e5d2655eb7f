"""The three spreadsheets the project was given, where a folder beside the repository has them."""

from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.visits.models import Visit
from outreach.workflows import imports
from outreach.workflows.imports import Report
from tests.fakes import LINKS
from tests.workflows.imports.importing import NOW, TODAY, outcome

REPOSITORY = Path(__file__).parents[3]
ROSTER = REPOSITORY.parent / "shared" / "data" / "roster"

KINDS = ("units", "speakers", "requests")

pytestmark = pytest.mark.skipif(not ROSTER.is_dir(), reason="the given spreadsheets are not here")


def bring_in(session: Session, kind: str) -> Report:
    mapping = (REPOSITORY / "docs" / "examples" / f"{kind}.toml").read_bytes()
    return imports.run(
        session,
        filename=f"{kind}-export.csv",
        content=(ROSTER / f"{kind}-export.csv").read_bytes(),
        mapping=imports.read_mapping(mapping, kind=kind),
        as_of=TODAY,
        links=LINKS,
        now=NOW,
    )


def refused(report: Report) -> list[tuple[int, str, str]]:
    return [(found.row, found.column, found.value) for found in report.refused]


@pytest.mark.both_engines
def test_the_given_spreadsheets_come_in_and_their_wrong_rows_are_named(
    session: Session,
) -> None:
    units, speakers, requests = (bring_in(session, kind) for kind in KINDS)

    assert (units.read, outcome(units)) == (24, (22, 0, 2))
    assert refused(units) == [(9, "Visits allowed", "20:00-10:00"), (17, "Serves", "maternity")]
    assert (speakers.read, outcome(speakers)) == (72, (64, 1, 7))
    assert refused(speakers) == [
        (7, "Zip", "6O614"),
        (13, "Cell", "555-01"),
        (21, "Retrain by", "02/30/2027"),
        (29, "Email", "maria.lopez(at)example.org"),
        (37, "Days/times", "whenever, ask me"),
        (45, "Name (Last, First)", ""),
        (52, "Max/month", "-2"),
    ]
    assert (requests.read, outcome(requests)) == (96, (81, 0, 15))
    assert refused(requests) == [
        (6, "Date", "2027-02-29"),
        (15, "Unit", "9 Nowhere"),
        (24, "Start", "25:00"),
        (27, "Unit", "North 2 3"),
        (39, "Minutes", "ninety"),
        (41, "Unit", "Garden 2"),
        (54, "Start", "02:30"),
        (62, "Start", "2 PM"),
        (66, "Start", "2 PM"),
        (68, "Unit", "Garden 2"),
        (69, "Unit", "Garden 2"),
        (72, "Repeats", "now and then"),
        (73, "Start", "14:00"),
        (76, "Unit", "North 2 3"),
        (83, "Date", "2025-01-05"),
    ]
    again = [bring_in(session, kind) for kind in KINDS]
    assert [outcome(report) for report in again] == [(0, 22, 2), (0, 65, 7), (0, 81, 15)]
    visits = session.scalars(select(Visit).order_by(Visit.unit_id, Visit.starts_at)).all()
    assert len(visits) > 200
    assert all(a.ends_at <= b.starts_at for a, b in pairwise(visits) if a.unit_id == b.unit_id)
