"""`outreach serves`: the same answer in the terminal."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from outreach import cli
from outreach.db import Database
from tests.serving_builders import receiver


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_template: Path) -> Path:
    """A folder whose database has one affiliate that serves Cook County."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    file = tmp_path / "var" / "outreach.sqlite"
    shutil.copy(sqlite_template, file)
    database = Database(f"sqlite:///{file}", audit_key=b"unused")
    with database.transaction() as session:
        receiver(session, "Lakeside Friends", zip_code="60201")
    database.dispose()
    return tmp_path


def outreach(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


def test_who_serves_is_told_with_reasons_and_the_person_to_call() -> None:
    result = outreach("serves", "60614")

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "60614 is Chicago, IL, in Cook County.",
        "1. Lakeside Friends: Serves Cook County, Has room, 9 miles from 60614",
        "   Gail of Lakeside Friends, 312-555-0123, intake@receiver.example",
    ]


def test_the_answer_as_json_names_no_primary_key() -> None:
    result = outreach("serves", "60614", "--json")

    answer = json.loads(result.output)
    assert answer["county"] == "Cook County"
    (affiliate,) = answer["affiliates"]
    assert (affiliate["name"], affiliate["in_area"], affiliate["miles"]) == (
        "Lakeside Friends",
        True,
        9,
    )
    assert "affiliate_id" not in affiliate


def test_nobody_is_exit_1_and_the_nearest_is_named() -> None:
    result = outreach("serves", "48201")

    assert result.exit_code == 1
    assert "Nobody serves it. The nearest:" in result.output
    assert "Wayne County is not in its area" in result.output


@pytest.mark.parametrize("zip_code", ["6O614", "00000", "09001"])
def test_what_is_no_place_is_one_line(zip_code: str) -> None:
    result = outreach("serves", zip_code)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
