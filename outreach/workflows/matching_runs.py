"""Searches for speakers: asked for in a row, done by a worker, kept with what they changed.

No transaction is open while the solver works: the problem is read under `reading()`, and the answer
is kept in one `transaction()`, if the run is still ours by then.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from outreach import audit, clock, db, logs, matching
from outreach.actor import SYSTEM, Actor, Kind
from outreach.db import Database
from outreach.directory.models import Affiliate
from outreach.links import Links
from outreach.matching import Difference, Progress, Solution
from outreach.visits import runs
from outreach.visits.models import MatchingRun
from outreach.visits.runs import Claimed
from outreach.workflows import matching_changes, proposals
from outreach.workflows.proposals import Search, Stored
from outreach.workflows.selection import EVERYTHING, Selection

log = logs.get(__name__)

BEAT_S = 1.0
"""How often a run writes how far it is, and looks whether somebody asked to stop it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to: its answer, and what became of the proposals."""

    search: Search
    solution: Solution
    stored: Stored
    asked: int


def ask(
    session: Session,
    affiliate: Affiliate,
    *,
    selection: Selection = EVERYTHING,
    by: Actor,
    now: datetime,
) -> MatchingRun:
    """Ask for a run. Raises Conflict where one of the affiliate is under way."""
    run = MatchingRun(
        affiliate_id=affiliate.id,
        asked_by_id=by.account_id,
        until_at=selection.until,
        hospital_id=selection.hospital_id,
        visit_id=selection.visit_id,
        only_missing=selection.only_missing,
        created_at=now,
    )
    runs.ask(session, run)
    subject = ("matching_run", run.id)
    audit.record(session, "matching.ask", actor=by, subject=subject, now=now)
    return run


def begin(session: Session, affiliate: Affiliate, *, by: Actor, now: datetime) -> Claimed:
    """Ask for a run over everything that this very process carries out. Raises Conflict."""
    runs.give_up(session, now=now, affiliate_id=affiliate.id)
    run = ask(session, affiliate, by=by, now=now)
    claimed = runs.claim(session, run_id=run.id, now=now)
    if claimed is None:
        raise LookupError(f"no run {run.id} that waits")
    return claimed


def stop(session: Session, run: MatchingRun, *, by: Actor, now: datetime) -> bool:
    """Ask a run for the best so far; False where it was over already."""
    asked = runs.ask_to_stop(session, run, now=now)
    if asked:
        subject = ("matching_run", run.id)
        audit.record(session, "matching.stop", actor=by, subject=subject, now=now)
    return asked


def carry_out(
    database: Database,
    claimed: Claimed,
    *,
    links: Links,
    time_limit_s: float,
    stopping: matching.Stop = lambda: False,
    on_progress: matching.OnProgress = lambda _progress: None,
    now: datetime | None = None,
) -> Outcome | None:
    """Work on a run to its end; None where it was given back or taken by somebody else.

    It is given back when this process is told to stop. Whatever is raised leaves a run that has
    failed and proposals as they were. `now` stands for another day than today.
    """
    now = now or clock.now()
    try:
        with database.reading() as session:
            run = session.get_one(MatchingRun, claimed.id)
            affiliate = session.get_one(Affiliate, run.affiliate_id)
            search = proposals.read(session, affiliate, selection=Selection.of(run), now=now)
        with _Hold(database, claimed, beside=len(search.problem.visits) - search.visits) as hold:
            solution = matching.solve(
                search.problem,
                time_limit_s=time_limit_s,
                on_progress=hold.telling(on_progress),
                stop=lambda: hold.is_over() or stopping(),
            )
            differences = matching.compare(search.problem, solution)
        if stopping() and not hold.is_stopped:
            with database.transaction() as session:
                runs.let_go(session, claimed)
            return None
        return _keep(
            database,
            claimed,
            hold,
            search=search,
            solution=solution,
            differences=differences,
            links=links,
            now=now,
        )
    except BaseException:
        with database.transaction() as session:
            runs.finish(session, claimed, state="failed", failure="broken", now=clock.now())
        raise


class _Hold:
    """Holds a run in a thread of its own while the solver works.

    Each second it writes how far the run is, which also renews the lease, and learns whether
    somebody asked to stop. `beside` visits of the problem have their people from the start.
    """

    def __init__(self, database: Database, claimed: Claimed, *, beside: int) -> None:
        self.is_stopped = False
        self.progress: Mapping[str, Any] | None = None
        self._database = database
        self._claimed = claimed
        self._beside = beside
        self._is_lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="matching-run", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def telling(self, on_progress: matching.OnProgress) -> matching.OnProgress:
        """Return what the solver tells: the row hears of it at the next beat, the caller now."""

        def tell(progress: Progress) -> None:
            own = replace(
                progress,
                visits=progress.visits - self._beside,
                filled=progress.filled - self._beside,
                fill_bound=progress.fill_bound - self._beside,
            )
            self.progress = asdict(own)
            on_progress(own)

        return tell

    def is_over(self) -> bool:
        """Say whether the best so far is wanted, or nothing is: the run is not ours any more."""
        return self.is_stopped or self._is_lost

    def _run(self) -> None:
        while not self._ended.wait(BEAT_S) and not self._is_lost:
            try:
                self._beat()
            except DBAPIError as error:
                # The lease outlasts many beats.
                log.warning(
                    "matching.beat_failed", run=self._claimed.id, error=type(error).__name__
                )

    def _beat(self) -> None:
        with self._database.transaction() as session:
            found = runs.hold(session, self._claimed, progress=self.progress, now=clock.now())
        self._is_lost, self.is_stopped = found is None, bool(found)


def _keep(
    database: Database,
    claimed: Claimed,
    hold: _Hold,
    *,
    search: Search,
    solution: Solution,
    differences: Sequence[Difference],
    links: Links,
    now: datetime,
) -> Outcome | None:
    """Keep the answer and end the run; None, and nothing is kept, where it is not ours."""

    @db.retrying
    def keep() -> Outcome | None:
        with database.transaction() as session:
            ours = runs.finish(
                session,
                claimed,
                state="stopped" if hold.is_stopped else "done",
                progress=hold.progress,
                levels=[asdict(level) for level in solution.levels],
                now=clock.now(),
            )
            if not ours:
                return None
            run = session.get_one(MatchingRun, claimed.id)
            affiliate, by = session.get_one(Affiliate, run.affiliate_id), _actor(run)
            stored = proposals.store(
                session, affiliate, solution, movable=search.movable, by=by, now=now
            )
            changes = matching_changes.rows(session, differences, stored, now=now)
            asked = proposals.ask_by_itself(session, affiliate, by=by, links=links, now=now)
            run.result = {"kept": stored.kept, "asked": asked, "changes": changes}
            return Outcome(search, solution, stored, asked)

    return keep()


def _actor(run: MatchingRun) -> Actor:
    """Return who asked for the run: a coordinator, or the command line."""
    if run.asked_by_id is None:
        return SYSTEM
    return Actor(Kind.COORDINATOR, account_id=run.asked_by_id, affiliate_id=run.affiliate_id)
