"""Searches for speakers as pages show them: one that changed much, one that broke off, one begun.

Written as rows: the changes of a real search hang on days of life.
"""

from collections.abc import Mapping
from datetime import timedelta
from itertools import cycle
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import clock
from outreach.speakers.models import Speaker
from outreach.visits.models import MatchingRun, Visit
from tests import builders
from tests.browser.served import Demo
from tests.browser.visitor import Visitor

WHY: tuple[dict[str, Any] | None, ...] = (
    {"code": "refused", "refusals": [{"code": "unavailable", "params": {}}]},
    {"code": "fill", "count": 1},
    {"code": "fairness", "recent": [5, 1]},
    {"code": "distance"},
    {"code": "whole"},
    None,
)


def leave(session: Session, demo: Demo) -> Mapping[str, str]:
    """Write the searches; return their public ids by name."""
    begun = clock.now() - timedelta(days=2)
    affiliate = demo.world.affiliate
    over = {"created_at": begun, "started_at": begun, "finished_at": begun}
    changed = builders.matching_run(
        session,
        affiliate,
        **over,
        state="done",
        progress={"components": 1, "components_done": 1, "visits": 9, "filled": 8, "fill_bound": 8},
        levels=[{"name": "fill", "value": 8, "bound": 8.0, "proven": True}],
        result={"kept": 11, "asked": 0, "changes": _changes(session)},
    )
    # The page shows its number; the widest there is must not push the page sideways.
    wide = {"public_id": "W" * 22, "state": "failed", "failure": "broken"}
    broken = builders.matching_run(session, affiliate, **over, **wide)
    return {"changed search": changed.public_id, "broken search": broken.public_id}


def press_find(visitor: Visitor) -> None:
    """Ask for a search, and see that it begins in a moment."""
    find = 'main form[action$="/visits/proposals"] [type=submit]'
    with visitor.page.expect_navigation():
        visitor.page.locator(find).first.click()


def get_on(demo: Demo) -> None:
    """Let the search that waits be held by a worker that has found something for most visits."""
    now = clock.now()
    progress = {
        "components": 4,
        "components_done": 3,
        "visits": 9,
        "filled": 7,
        "fill_bound": 8,
        "seconds": 12.0,
    }
    _end_or_hold(
        demo,
        state="running",
        started_at=now,
        lease_token="held",
        lease_until=now + timedelta(hours=1),
        progress=progress,
    )


def take_back(demo: Demo) -> None:
    """Let no search be under way any more."""
    _end_or_hold(demo, state="stopped", finished_at=clock.now(), lease_token=None)


def _end_or_hold(demo: Demo, **values: object) -> None:
    under_way = MatchingRun.state.in_(("waiting", "running"))
    with demo.wired.db.transaction() as session:
        session.execute(update(MatchingRun).where(under_way).values(**values))


def _changes(session: Session) -> list[dict[str, Any]]:
    visits = session.scalars(
        select(Visit.id).where(Visit.starts_at > clock.now()).order_by(Visit.starts_at).limit(6)
    ).all()
    people = cycle(session.scalars(select(Speaker.id).order_by(Speaker.id).limit(8)))
    nothing = {"count": 0, "refusals": [], "recent": [0, 0]}
    return [
        {
            "visit": visit,
            "role": "lead",
            "before": next(people) if why else None,
            "after": None if why and why["code"] == "whole" else next(people),
            "why": nothing | why if why else None,
        }
        for visit, why in zip(visits, WHY, strict=False)
    ]
