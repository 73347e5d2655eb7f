import json
import os
import signal
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bench.rivals import checking
from outreach import matching
from outreach.cli import running
from outreach.matching import Progress
from outreach.matching.make_problem import make_problem
from tests.cli_match.commands import assert_refused, outreach, problem
from tests.matching.checker import violations
from tests.matching.random_problems import random_problem


def test_a_problem_is_solved_into_a_file_with_the_levels_on_the_terminal(here: Path) -> None:
    result = outreach("solve", "problem.json", "--out", "solution.json")

    assert result.exit_code == 0
    assert violations(problem(here), json.loads((here / "solution.json").read_text())) == []
    assert result.stdout.splitlines()[0].split() == ["level", "value", "at", "best"]
    assert result.stdout.splitlines()[1].split()[::3] == ["fill", "proven"]
    assert "14 visits have all their people" in result.stdout
    assert sorted(path.name for path in here.iterdir()) == ["problem.json", "solution.json"]


def test_without_a_file_the_solution_is_what_is_printed(here: Path) -> None:
    result = outreach("solve", "-", given=(here / "problem.json").read_bytes())

    assert violations(problem(here), json.loads(result.stdout)) == []
    assert "visits have all their people" in result.stderr


@pytest.mark.parametrize("more", [("--out", "-"), ("--json",), ("--out", "s.json", "--json")])
@pytest.mark.usefixtures("here")
def test_json_goes_to_standard_output_once_where_it_is_asked_for(more: tuple[str, ...]) -> None:
    result = outreach("solve", "problem.json", *more)

    assert json.loads(result.stdout)["format"] == "outreach-matching-solution/1"


@pytest.mark.parametrize("lists", [("speakers", "visits"), ("visits",), ("speakers",)])
@pytest.mark.usefixtures("here")
def test_a_problem_without_speakers_or_visits_has_an_honest_empty_answer(
    here: Path, lists: tuple[str, ...]
) -> None:
    empty = problem(here)
    for name in lists:
        empty[name] = []
    for visit in empty["visits"]:
        visit |= {"fixed": [], "proposed": [], "usual": [], "excluded_speakers": []}

    result = outreach("solve", "-", given=json.dumps(empty).encode())

    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["visits"]) == (0, [])
    assert len(answer["unfilled"]) == len(empty["visits"])


def test_fixed_places_that_contradict_each_other_stay_and_are_told(here: Path) -> None:
    twice = problem(here)
    first, second = twice["visits"][:2]
    second |= {"starts_at": first["starts_at"], "roles": {"lead": 1}}
    first |= {"roles": {"lead": 1}}
    for visit in (first, second):
        visit |= {"fixed": [{"speaker": "s1", "role": "lead"}], "proposed": []}

    result = outreach("solve", "-", given=json.dumps(twice).encode())

    answer = json.loads(result.stdout)
    told = {(each["visit"], each["speaker"]) for each in answer["fixed_conflicts"]}
    assert result.exit_code == 0
    assert {("v0", "s1"), ("v1", "s1")} <= told
    assert "Fixed places that break a rule" in result.stderr


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("visits", 0, "site"), "h99", "visits[0].site: there is no site 'h99'"),
        (("visits", 1, "minutes"), -60, "visits[1].minutes: must be at least 1"),
        (("visits", 1, "minutes"), 10**40, "visits[1].minutes: must be from 1 to"),
        (("visits", 1, "starts_at"), "2027-01-12T14:00Z", "visits[1].starts_at: is "),
        (("visits", 2, "color"), "blue", "visits[2].color: is not a known key"),
        (("visits", 2, "usual"), ["s99"], "visits[2].usual[0]: there is no speaker 's99'"),
        (("speakers", 0, "lat"), float("nan"), "speakers[0].lat: must be a finite number"),
        (("speakers", 0, "lat"), 10**400, "speakers[0].lat: is too large"),
        (("speakers", 3, "quota_per_month"), -1, "speakers[3].quota_per_month: must be from 0"),
        (("speakers", 3, "rest_days"), "two", "speakers[3].rest_days: must be a whole number"),
        (
            ("speakers", 1, "weekly"),
            [{"weekday": 0, "from": "22:00", "until": "02:00"}],
            "speakers[1].weekly[0].until: must be after its start",
        ),
        (
            ("speakers", 1, "away"),
            [{"from": "2027-01-12", "until": "2027-01-10"}],
            "speakers[1].away[0].until: 2027-01-10 is before its start",
        ),
    ],
)
def test_a_wrong_place_is_named_and_nothing_is_written(
    here: Path, place: tuple[str, int, str], value: object, words: str
) -> None:
    spoilt = problem(here)
    rows, index, key = place
    spoilt[rows][index][key] = value
    (here / "problem.json").write_text(json.dumps(spoilt))

    result = outreach("solve", "problem.json", "--out", "solution.json")

    assert_refused(result, f"problem.json: {words}")
    assert not (here / "solution.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.json"], "Cannot use nowhere.json: No such file"),
        (["."], "Cannot use .: Is a directory"),
        (["problem.json", "--out", "."], "Cannot write .: it is a folder"),
        (
            ["problem.json", "--out", "no/solution.json"],
            "Cannot write no/solution.json: there is no",
        ),
        (["problem.json", "--time-limit-s", "-1"], "--time-limit-s"),
        (["problem.json", "--time-limit-s", "nan"], "--time-limit-s"),
        (["problem.json", "--workers", "0"], "--workers"),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_cannot_be_read_or_written_is_said_before_anything_is_done(
    arguments: list[str], words: str
) -> None:
    assert_refused(outreach("solve", *arguments), words)


def test_a_new_solution_takes_the_place_of_an_old_one_and_keeps_its_rights(here: Path) -> None:
    old = here / "kept" / "solution.json"
    old.parent.mkdir()
    old.write_text("old")
    old.chmod(0o640)
    (here / "link.json").symlink_to(old)

    outreach("solve", "problem.json", "--out", "link.json")

    assert (here / "link.json").is_symlink()
    assert json.loads(old.read_text())["levels"]
    assert old.stat().st_mode & 0o777 == 0o640
    assert list(old.parent.iterdir()) == [old]


def test_a_solution_that_cannot_be_written_leaves_the_old_one(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "solution.json").write_text("old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = outreach("solve", "problem.json", "--out", "solution.json")

    assert_refused(result, "No space left on device")
    assert (here / "solution.json").read_text() == "old"
    assert len(list(here.iterdir())) == 2


def test_a_device_stays_what_it_is(here: Path) -> None:
    pipe = here / "pipe"
    os.mkfifo(pipe)
    heard: list[str] = []
    listener = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    listener.start()

    outreach("solve", "problem.json", "--out", "pipe")

    listener.join(10)
    assert json.loads(heard[0])["levels"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_search_and_the_best_so_far_is_written(
    here: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    solve = matching.solve

    def until_stopped(
        asked: matching.Problem, *, stop: matching.Stop, **_: object
    ) -> matching.Solution:
        os.kill(os.getpid(), number)
        while not stop():
            threading.Event().wait(0.01)
        return solve(asked, time_limit_s=0)

    monkeypatch.setattr(matching, "solve", until_stopped)
    result = outreach("solve", "problem.json", "--out", "solution.json")

    answer = json.loads((here / "solution.json").read_text())
    assert result.exit_code == 0
    assert "Stopped: this is the best found so far" in result.stderr
    assert violations(problem(here), answer) == []


def test_a_second_ctrl_c_ends_at_once_and_writes_nothing(here: Path) -> None:
    program = """
import os, signal, threading
from bench.rivals import checking
from outreach import cli, matching
def deaf(*_, **__):
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(0.5)
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(60)
matching.solve = deaf
cli.main(["match", "solve", "problem.json", "--out", "solution.json"])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, cwd=here
    )

    assert (done.returncode, done.stderr) == (130, "outreach: Stopped, nothing is written.\n")
    assert not (here / "solution.json").exists()


def test_ctrl_c_reaches_every_process_and_the_best_so_far_is_written(here: Path) -> None:
    asked = random_problem(1, speakers=150, visits=300)
    (here / "problem.json").write_text(json.dumps(asked))
    # A terminal sends Ctrl-C to the whole group, here while the search's processes begin.
    program = """
import os, signal, threading
from multiprocessing import active_children
from outreach import cli
def press():
    while not active_children():
        threading.Event().wait(0.01)
    threading.Event().wait(0.5)
    print(*(child.pid for child in active_children()), flush=True)
    os.killpg(0, signal.SIGINT)
if __name__ == "__main__":
    threading.Thread(target=press, daemon=True).start()
    cli.main(["match", "solve", "problem.json", "--out", "solution.json", "--workers", "2"])
"""
    (here / "pressed.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "pressed.py"],
        check=False, capture_output=True, text=True, cwd=here, start_new_session=True, timeout=30,
    )  # fmt: skip

    children = done.stdout.splitlines()[0].split()
    answer = json.loads((here / "solution.json").read_text())
    assert done.returncode == 0
    assert "Stopped: this is the best found so far" in done.stderr
    assert "Traceback" not in done.stderr
    assert children
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    assert checking.violations(asked, answer) == []


def test_what_fails_in_the_engine_is_not_swallowed(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> matching.Solution:
        raise ZeroDivisionError

    monkeypatch.setattr(matching, "solve", broken)
    result = outreach("solve", "problem.json", "--out", "solution.json")

    assert isinstance(result.exception, ZeroDivisionError)
    assert not (here / "solution.json").exists()


def test_off_a_terminal_progress_is_a_line_every_five_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([0.0, 4.9, 5.0, 9.9, 10.1])
    monkeypatch.setattr(running, "monotonic", lambda: next(times))
    news = Progress(
        seconds=1, components=1_190, components_done=31, visits=30_000, filled=20_300,
        fill_bound=29_950,
    )  # fmt: skip
    lines = running.Lines()

    for _ in range(4):
        lines.show(news)

    assert capsys.readouterr().err.splitlines() == [
        "5 s: 31 of 1,190 parts done, 20,300 of at most 29,950 visits filled",
        "10 s: 31 of 1,190 parts done, 20,300 of at most 29,950 visits filled",
    ]


def test_on_a_terminal_a_bar_shows_the_parts_done_and_goes_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = StringIO()
    monkeypatch.setattr(
        running, "Console", lambda **_: Console(file=screen, force_terminal=True, width=120)
    )
    run = running.Run()

    def work() -> str:
        run.told(
            Progress(
                seconds=1,
                components=119,
                components_done=31,
                visits=30_000,
                filled=20_300,
                fill_bound=29_950,
            )
        )
        threading.Event().wait(0.5)
        return "done"

    assert running.watched(run, work) == "done"
    assert "31 of 119 parts done" in screen.getvalue()
    assert "20,300 of at most 29,950 visits filled" in screen.getvalue()


def test_a_made_problem_is_the_one_of_its_seed_and_can_be_solved(here: Path) -> None:
    made = outreach("make-problem", "--scale", "affiliate", "--shape", "rural", "--seed", "3")
    outreach(
        *("make-problem", "--scale", "affiliate", "--shape", "rural", "--seed", "3"),
        *("--out", "made.json"),
    )
    result = outreach("solve", "made.json")

    expected = matching.problem_to_json(make_problem("affiliate", shape="rural", seed=3))
    assert json.loads(made.stdout) == expected
    assert json.loads((here / "made.json").read_text()) == expected
    assert violations(json.loads(made.stdout), json.loads(result.stdout)) == []


@pytest.mark.parametrize(
    "arguments", [["--scale", "galaxy"], ["--scale", "state", "--shape", "round"], []]
)
def test_a_problem_of_no_known_kind_is_refused(arguments: list[str]) -> None:
    assert_refused(outreach("make-problem", *arguments), "match make-problem --help")


@pytest.mark.parametrize("command", ["", "solve", "explain", "make-problem"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = outreach(*command.split(), "--help")

    assert result.exit_code == 0
    assert any(line.startswith("    outreach match ") for line in result.output.splitlines())
