"""The worker's search for speakers: claimed once, held, stopped, taken up again after a death."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from time_machine import Traveller

from outreach import clock, jobs, matching
from outreach.actor import SYSTEM
from outreach.db import Database
from outreach.errors import Conflict
from outreach.matching import Problem, Progress, Solution
from outreach.visits import runs
from outreach.visits.models import MatchingRun, Offer, Proposal
from outreach.visits.runs import Claimed
from outreach.workflows import matching_runs
from tests import builders
from tests.builders import DANIEL, MARIA, NOW, World
from tests.fakes import LINKS

pytestmark = pytest.mark.both_engines
SOLVES_FOR_EVER = """
import sys, time
from datetime import datetime
from outreach import clock, jobs, matching
from outreach.db import Database
from outreach.links import Links

def solve(*_, **__):
    print("began", flush=True)
    time.sleep(60)

matching.solve = solve
with clock.at(datetime.fromisoformat(sys.argv[2])):
    database = Database(sys.argv[1], audit_key=b"unused")
    jobs.find_speakers(database, links=Links("http://localhost", b"key"), time_limit_s=60)
"""
LONGER_THAN_A_LEASE = runs.LEASE + timedelta(seconds=1)


@pytest.fixture
def bureau(database: Database) -> World:
    """Two peer speakers and a visit for both."""
    with database.transaction() as session:
        here = builders.world(session)
        for person in (MARIA, DANIEL):
            builders.speaker(session, here.affiliate, person, certified_for=here.program)
        builders.visit(session, here)
        return here


def ask(database: Database, bureau: World) -> int:
    with database.transaction() as session:
        return matching_runs.ask(session, bureau.affiliate, by=SYSTEM, now=clock.now()).id


def find(database: Database, *, stopping: Callable[[], bool] = lambda: False) -> int:
    return jobs.find_speakers(database, links=LINKS, time_limit_s=10, stopping=stopping)


def claim(database: Database) -> Claimed:
    with database.transaction() as session:
        claimed = runs.claim(session, now=clock.now())
    assert claimed is not None
    return claimed


def the_run(database: Database) -> MatchingRun:
    with database.reading() as session:
        return session.scalars(select(MatchingRun).order_by(MatchingRun.id.desc())).first() or (
            pytest.fail("there is no run")
        )


def proposed(database: Database) -> int:
    with database.reading() as session:
        waiting = select(Proposal).where(Proposal.state == "waiting")
        return len(session.scalars(waiting).all())


def test_a_run_ends_with_proposals_its_levels_and_its_figures(
    database: Database, bureau: World
) -> None:
    ask(database, bureau)

    begun, again = find(database), find(database)

    run = the_run(database)
    assert (begun, again, proposed(database)) == (1, 0, 2)
    assert (run.state, run.attempts, run.lease_token, run.finished_at) == ("done", 1, None, NOW)
    assert run.progress["visits"] == run.progress["filled"] == run.progress["fill_bound"] == 1
    assert run.levels[0] == {"name": "fill", "value": 1, "bound": 1.0, "proven": True}
    assert len(run.result["changes"]) == 2
    assert run.result["kept"] == 0


def test_one_run_of_an_affiliate_is_under_way_at_most(database: Database, bureau: World) -> None:
    ask(database, bureau)

    with pytest.raises(Conflict, match="under way already"):
        ask(database, bureau)
    find(database)

    assert ask(database, bureau)


def test_of_workers_side_by_side_one_carries_a_run_out(database: Database, bureau: World) -> None:
    ask(database, bureau)

    with ThreadPoolExecutor(3) as pool:
        begun = sum(pool.map(lambda _: find(database), range(3)))

    assert (begun, the_run(database).attempts, proposed(database)) == (1, 1, 2)


def test_a_run_whose_worker_died_is_taken_up_again(
    database: Database, bureau: World, at_ten: Traveller
) -> None:
    ask(database, bureau)
    dead = claim(database)

    at_once = find(database)
    at_ten.shift(LONGER_THAN_A_LEASE)
    later = find(database)

    run = the_run(database)
    assert (at_once, later, run.id, run.state, run.attempts) == (0, 1, dead.id, "done", 2)
    assert proposed(database) == 2


@pytest.mark.only("sqlite")
def test_a_process_killed_in_the_middle_leaves_a_run_that_is_taken_up(
    database: Database, bureau: World, at_ten: Traveller, database_url: str
) -> None:
    ask(database, bureau)
    command = [sys.executable, "-c", SOLVES_FOR_EVER, database_url, NOW.isoformat()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "began\n"
        worker.kill()
    left = the_run(database)

    at_ten.shift(LONGER_THAN_A_LEASE + timedelta(minutes=1))
    find(database)

    assert left.state == "running"
    assert (the_run(database).state, the_run(database).attempts) == ("done", 2)
    assert proposed(database) == 2


def test_a_run_two_workers_died_over_is_said_to_have_failed(
    database: Database, bureau: World, at_ten: Traveller
) -> None:
    ask(database, bureau)
    for _worker in range(2):
        claim(database)
        at_ten.shift(LONGER_THAN_A_LEASE)

    with capture_logs() as logged:
        begun = find(database)

    run = the_run(database)
    assert (begun, run.state, run.failure, proposed(database)) == (0, "failed", "lost", 0)
    assert [line["event"] for line in logged] == ["matching.lost"]


def test_a_worker_that_was_thought_dead_keeps_nothing(
    database: Database, bureau: World, at_ten: Traveller
) -> None:
    ask(database, bureau)
    slow = claim(database)
    at_ten.shift(LONGER_THAN_A_LEASE)
    find(database)

    found = matching_runs.carry_out(database, slow, links=LINKS, time_limit_s=10)

    assert found is None
    assert (the_run(database).attempts, proposed(database)) == (2, 2)


def test_a_run_that_breaks_leaves_the_proposals_as_they_were(
    database: Database, bureau: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(database, bureau)
    find(database)
    ask(database, bureau)

    def broken(*_: object, **__: object) -> Solution:
        raise matching.SolverFailed("on purpose")

    monkeypatch.setattr(matching, "solve", broken)
    with capture_logs() as logged:
        find(database)

    run = the_run(database)
    assert (run.state, run.failure, proposed(database)) == ("failed", "broken", 2)
    assert [(line["event"], line["error"]) for line in logged] == [
        ("matching.failed", "SolverFailed")
    ]


class Slow:
    """A solver that tells how far it is, and works until it is asked to stop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began = threading.Event()
        self._solve = matching.solve
        monkeypatch.setattr(matching, "solve", self)
        monkeypatch.setattr(matching_runs, "BEAT_S", 0.01)

    def __call__(
        self,
        problem: Problem,
        *,
        time_limit_s: float,
        on_progress: matching.OnProgress,
        stop: matching.Stop,
    ) -> Solution:
        on_progress(
            Progress(seconds=1, components=3, components_done=1, visits=1, filled=0, fill_bound=1)
        )
        self.began.set()
        asked = threading.Event()
        for _ in range(int(time_limit_s * 200)):
            if stop():
                return self._solve(problem, time_limit_s=0)
            asked.wait(0.005)
        raise AssertionError("Nobody stopped it.")


def test_a_coordinator_stops_a_run_and_keeps_the_best_so_far(
    database: Database, bureau: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(database, bureau)
    solver = Slow(monkeypatch)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(find, database)
        assert solver.began.wait(10)
        while not the_run(database).progress:
            threading.Event().wait(0.01)
        seen = the_run(database)
        with database.transaction() as session:
            matching_runs.stop(session, session.merge(seen), by=SYSTEM, now=NOW)
        working.result(10)

    run = the_run(database)
    assert (seen.state, seen.progress["components_done"]) == ("running", 1)
    assert (run.state, proposed(database)) == ("stopped", 2)


def test_a_run_nobody_has_begun_is_taken_back(database: Database, bureau: World) -> None:
    ask(database, bureau)

    with database.transaction() as session:
        run = session.scalars(select(MatchingRun)).one()
        stopped = matching_runs.stop(session, run, by=SYSTEM, now=NOW)

    assert (stopped, find(database), the_run(database).state) == (True, 0, "stopped")


def test_a_worker_told_to_end_gives_its_run_back(
    database: Database, bureau: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(database, bureau)
    with monkeypatch.context() as patched:
        solver = Slow(patched)
        find(database, stopping=solver.began.is_set)
    given_back = the_run(database)

    find(database)

    assert (given_back.state, given_back.attempts) == ("waiting", 0)
    assert (the_run(database).state, proposed(database)) == ("done", 2)


def test_where_nobody_looks_first_a_run_asks_by_itself(database: Database, bureau: World) -> None:
    with database.transaction() as session:
        session.merge(bureau.affiliate).approval = "automatic"
    ask(database, bureau)

    find(database)

    with database.reading() as session:
        assert len(session.scalars(select(Offer)).all()) == 2
    assert the_run(database).result["asked"] == 2


def test_no_transaction_is_open_while_the_solver_works(
    database: Database, bureau: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(database, bureau)
    solve = matching.solve

    def look(problem: Problem, **options: Any) -> Solution:  # noqa: ANN401 - as solve has them
        pools = (database.writer.pool, database.reader.pool)
        out.append([pool.checkedout() for pool in pools])  # type: ignore[attr-defined] # QueuePool
        return solve(problem, **options)

    out: list[list[int]] = []
    monkeypatch.setattr(matching, "solve", look)
    find(database)

    assert out == [[0, 0]]
