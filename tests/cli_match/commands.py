"""`outreach match` as somebody at a terminal uses it, in the folder of the fixture `here`."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from outreach import cli
from tests.matching.random_problems import Json


def outreach(*arguments: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(cli.main, ["match", *arguments], input=given)


def problem(here: Path) -> Json:
    read: Json = json.loads((here / "problem.json").read_text())
    return read


def solved(here: Path) -> Json:
    assert outreach("solve", "problem.json", "--out", "solution.json").exit_code == 0
    read: Json = json.loads((here / "solution.json").read_text())
    return read


def assert_refused(result: Result, words: str) -> None:
    assert result.exit_code == 2
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert result.stdout == ""
