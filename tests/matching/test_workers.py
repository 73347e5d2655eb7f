"""Parts solved in real processes: what they find, and what stays when one of them dies."""

import os
import signal
from collections.abc import Callable, Iterator
from importlib import import_module
from multiprocessing import active_children
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic

import pytest

from outreach import matching
from outreach.matching import search, workers
from outreach.matching.progress import never, untold
from tests.matching import dying
from tests.matching.checker import Json, violations
from tests.matching.cutting import parts_of
from tests.matching.random_problems import random_problem

Work = Callable[[Connection], None]


@pytest.fixture(autouse=True)
def any_part_is_large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Use processes for parts of any size, and leave none."""
    # The package has a function of that name.
    solving = import_module("outreach.matching.solve")
    monkeypatch.setattr(solving, "EXACT_PAIRS", 0)
    yield
    assert active_children() == []


@pytest.fixture
def deaths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that has a line for each process that died."""
    file = tmp_path / "deaths"
    file.touch()
    monkeypatch.setenv(dying.DEATHS, str(file))
    return file


def one_part() -> Json:
    asked = random_problem(1, speakers=30, visits=60)
    assert len(parts_of(asked)) == 1
    return asked


def bureaus(*seeds: int) -> Json:
    """Several bureaus in one problem: they share nobody, so each is a part at least."""
    whole: Json = {"format": "outreach-matching/1", "sites": [], "speakers": [], "visits": []}
    for seed in seeds:
        own = random_problem(seed, speakers=14, visits=24)
        for rows in ("sites", "speakers", "visits"):
            whole[rows] += [_named(row, f"b{seed}-") for row in own[rows]]
    return whole


def _named(row: Json, prefix: str) -> Json:
    named = dict(row, id=prefix + row["id"])
    if "site" in row:
        named["site"] = prefix + row["site"]
    for key in ("excluded_sites", "usual", "excluded_speakers"):
        if key in row:
            named[key] = [prefix + name for name in row[key]]
    for key, inner in (("clearances", "site"), ("fixed", "speaker"), ("proposed", "speaker")):
        if key in row:
            named[key] = [dict(each, **{inner: prefix + each[inner]}) for each in row[key]]
    return named


def solved(
    asked: Json,
    *,
    workers: int = 2,
    time_limit_s: float = 30.0,
    on_progress: matching.OnProgress = untold,
    stop: matching.Stop = never,
) -> Json:
    solution = matching.solve(
        matching.problem_from_json(asked),
        time_limit_s=time_limit_s,
        workers=workers,
        on_progress=on_progress,
        stop=stop,
    )
    return matching.solution_to_json(solution)


def values(solution: Json) -> list[float]:
    return [level["value"] for level in solution["levels"]]


def test_two_processes_find_what_one_finds() -> None:
    asked = bureaus(1, 2, 3)
    told: list[matching.Progress] = []

    alone, together = solved(asked, workers=1), solved(asked, on_progress=told.append)

    assert all(level["proven"] for level in alone["levels"])
    assert {**together, "seconds": 0} == {**alone, "seconds": 0}
    assert violations(asked, together) == []
    assert told[-1].components_done == told[-1].components >= 3


def test_a_part_whose_process_is_killed_is_begun_once_more(
    deaths: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = one_part()
    alone = solved(asked, workers=1)
    monkeypatch.setattr(workers, "_work", dying.once)

    survived = solved(asked)

    assert len(deaths.read_text().splitlines()) == 1
    assert values(survived) == values(alone)
    assert all(level["proven"] for level in survived["levels"])
    assert violations(asked, survived) == []


def test_killed_twice_the_best_that_was_told_stays(
    deaths: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = one_part()
    alone, greedy = solved(asked, workers=1), solved(asked, time_limit_s=0)
    monkeypatch.setattr(workers, "_work", dying.always)

    killed = solved(asked)

    assert len(deaths.read_text().splitlines()) == workers.MOST_STARTS
    assert values(killed) == values(alone) != values(greedy)
    assert violations(asked, killed) == []


def test_killed_without_a_word_the_greedy_answer_stays(
    deaths: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = one_part()
    greedy = solved(asked, time_limit_s=0)
    monkeypatch.setattr(workers, "_work", dying.silently)

    killed = solved(asked)

    assert {**killed, "seconds": 0, "unfilled": []} == {**greedy, "seconds": 0, "unfilled": []}
    assert violations(asked, killed) == []
    assert len(deaths.read_text().splitlines()) == workers.MOST_STARTS


def test_stopped_it_ends_at_once_with_the_best_so_far(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = bureaus(1, 2)
    monkeypatch.setattr(workers, "_work", dying.forever)
    stopped_at: list[float] = []
    told = 0

    def on_progress(_progress: matching.Progress) -> None:
        nonlocal told
        told += 1

    def stop() -> bool:
        # The first news is that nothing is found yet; then both tell their first answer.
        if told >= 3 and not stopped_at:
            stopped_at.append(monotonic())
        return bool(stopped_at)

    stopped = solved(asked, on_progress=on_progress, stop=stop)

    # Far less than the limit of a minute, and room for a machine that has more to do.
    assert monotonic() - stopped_at[0] < 10.0
    assert values(stopped)[0] >= values(solved(asked, time_limit_s=0))[0]
    assert violations(asked, stopped) == []


@pytest.mark.parametrize("work", [None, dying.forever])
def test_the_time_limit_is_kept(monkeypatch: pytest.MonkeyPatch, work: Work | None) -> None:
    asked = random_problem(1, speakers=60, visits=120)
    monkeypatch.setattr(search, "EXACT_PAIRS", 0)
    if work:
        monkeypatch.setattr(workers, "_work", work)
    began = monotonic()

    solution = solved(asked, time_limit_s=1.0)

    # On a quiet machine within a second; "forever" shows that it is the limit that ends it.
    assert monotonic() - began < 10.0
    assert violations(asked, solution) == []
    assert solution["seconds"] < 10.0


def test_the_real_processes_killed_from_outside_are_replaced() -> None:
    asked = bureaus(1, 2, 3)
    alone = solved(asked, workers=1)
    killed: list[int] = []

    def on_progress(progress: matching.Progress) -> None:
        if progress.components_done == 1 and not killed:
            for child in active_children():
                assert child.pid
                os.kill(child.pid, signal.SIGKILL)
                killed.append(child.pid)

    survived = solved(asked, on_progress=on_progress)

    assert len(killed) == 2
    assert {**survived, "seconds": 0} == {**alone, "seconds": 0}
