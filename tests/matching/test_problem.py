"""What a problem may hold, as a file and as values, and how an error names its place."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from outreach.matching import (
    Assigned,
    ProblemError,
    Settings,
    problem_from_json,
    problem_to_json,
)
from tests.matching.people import ANA, TUESDAY, at, problem
from tests.matching.random_problems import random_problem

Json = dict[str, Any]
Change = Callable[[Json], object]


def example() -> Json:
    """The example of the format, with somebody of everything."""
    text = """{"format": "outreach-matching/1",
      "settings": {"levels": ["fill", "critical", "kept", "usual", "fairness", "distance"],
        "travel_speed_km_h": 40, "desk_minutes": 15},
      "sites": [{"id": "h1", "lat": 41.88, "lon": -87.63}],
      "speakers": [{"id": "s1", "lat": 41.9, "lon": -87.7, "radius_km": 30,
        "languages": ["en", "es"], "unit_types": ["adult"],
        "certifications": [{"program": "story", "role": "lead",
          "from": "2026-01-01", "until": "2027-12-31"}],
        "clearances": [{"site": "h1", "from": "2026-01-01", "until": "2027-06-30"}],
        "weekly": [{"weekday": 0, "from": "09:00", "until": "17:00"}],
        "away": [{"from": "2027-01-10", "until": "2027-01-12"}],
        "busy": [{"from": "2027-01-12T23:30", "until": "2027-01-13T00:15"}],
        "excluded_sites": [], "quota_per_month": 3, "rest_days": 2, "recent_visits": 2}],
      "visits": [{"id": "v1", "site": "h1", "unit_type": "adult",
        "starts_at": "2027-01-12T14:00", "minutes": 60, "language": "en", "program": "story",
        "roles": {"lead": 1, "co-presenter": 1}, "critical": false,
        "fixed": [{"speaker": "s1", "role": "lead"}], "proposed": [], "usual": [],
        "excluded_speakers": []}]}"""
    read: Json = json.loads(text)
    return read


def put(*path: str | int, value: object) -> Change:
    def change(data: Json) -> None:
        inner: Any = data
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value

    return change


def drop(*path: str | int) -> Change:
    def change(data: Json) -> None:
        inner: Any = data
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]

    return change


def visit(key: str, value: object) -> Change:
    return put("visits", 0, key, value=value)


def speaker(key: str, value: object) -> Change:
    return put("speakers", 0, key, value=value)


WRONG: list[tuple[Change, str]] = [
    (put("format", value="outreach-matching/2"), "format"),
    (drop("format"), "format"),
    (drop("visits"), "visits"),
    (put("extra", value=1), "extra"),
    (put("visits", value={}), "visits"),
    (put("visits", value=[7]), "visits[0]"),
    (put("settings", value=[]), "settings"),
    (put("settings", "pace", value=1), "settings.pace"),
    (put("settings", "levels", value=["fill", "beauty"]), "settings.levels[1]"),
    (put("settings", "levels", value=["fill", "fill"]), "settings.levels[1]"),
    (put("settings", "levels", value=[]), "settings.levels"),
    (put("settings", "travel_speed_km_h", value=0), "settings.travel_speed_km_h"),
    (put("settings", "desk_minutes", value=-1), "settings.desk_minutes"),
    (put("sites", 0, "lat", value=float("nan")), "sites[0].lat"),
    (put("sites", 0, "lon", value=181), "sites[0].lon"),
    (put("sites", 0, "lat", value="41.88"), "sites[0].lat"),
    (put("sites", 0, "lat", value=10**400), "sites[0].lat"),
    (put("sites", 0, "lat", value=True), "sites[0].lat"),
    (put("sites", 0, "id", value=""), "sites[0].id"),
    (put("sites", value=[{"id": "h1", "lat": 1, "lon": 1}] * 2), "sites[1].id"),
    (speaker("id", 7), "speakers[0].id"),
    (speaker("id", "a\x00b"), "speakers[0].id"),
    (speaker("id", "\ud800"), "speakers[0].id"),
    (speaker("nickname", "Annie"), "speakers[0].nickname"),
    (drop("speakers", 0, "quota_per_month"), "speakers[0].quota_per_month"),
    (speaker("radius_km", -1), "speakers[0].radius_km"),
    (speaker("radius_km", float("inf")), "speakers[0].radius_km"),
    (speaker("languages", "en"), "speakers[0].languages"),
    (speaker("languages", ["en", None]), "speakers[0].languages[1]"),
    (speaker("quota_per_month", 2.5), "speakers[0].quota_per_month"),
    (speaker("quota_per_month", True), "speakers[0].quota_per_month"),
    (speaker("rest_days", -1), "speakers[0].rest_days"),
    (speaker("recent_visits", 10**30), "speakers[0].recent_visits"),
    (speaker("excluded_sites", ["h9"]), "speakers[0].excluded_sites[0]"),
    (put("speakers", 0, "clearances", 0, "site", value="h9"), "speakers[0].clearances[0].site"),
    (
        put("speakers", 0, "clearances", 0, "until", value="2025-12-31"),
        "speakers[0].clearances[0].until",
    ),
    (
        put("speakers", 0, "certifications", 0, "until", value="2025-12-31"),
        "speakers[0].certifications[0].until",
    ),
    (
        put("speakers", 0, "certifications", 0, "from", value="2027-02-30"),
        "speakers[0].certifications[0].from",
    ),
    (put("speakers", 0, "away", 0, "until", value="2027-01-09"), "speakers[0].away[0].until"),
    (put("speakers", 0, "away", 0, "from", value="20270109"), "speakers[0].away[0].from"),
    (
        put("speakers", 0, "busy", 0, "until", value="2027-01-12T23:30"),
        "speakers[0].busy[0].until",
    ),
    (put("speakers", 0, "busy", 0, "from", value="2027-01-12"), "speakers[0].busy[0].from"),
    (put("speakers", 0, "weekly", 0, "weekday", value=7), "speakers[0].weekly[0].weekday"),
    (put("speakers", 0, "weekly", 0, "until", value="09:00"), "speakers[0].weekly[0].until"),
    (put("speakers", 0, "weekly", 0, "until", value="24:01"), "speakers[0].weekly[0].until"),
    (put("speakers", 0, "weekly", 0, "from", value="9:00"), "speakers[0].weekly[0].from"),
    (put("speakers", 0, "weekly", 0, "from", value=540), "speakers[0].weekly[0].from"),
    (visit("site", "h9"), "visits[0].site"),
    (visit("starts_at", "2027-01-12T14:00Z"), "visits[0].starts_at"),
    (visit("starts_at", "2027-01-12T25:00"), "visits[0].starts_at"),
    (visit("starts_at", "2027-01-12"), "visits[0].starts_at"),
    (visit("starts_at", "2027-01-12T14:00:30"), "visits[0].starts_at"),
    (visit("starts_at", "9999-12-31T23:30"), "visits[0].starts_at"),
    (visit("minutes", 0), "visits[0].minutes"),
    (visit("minutes", -60), "visits[0].minutes"),
    (visit("minutes", 10**12), "visits[0].minutes"),
    (visit("critical", 1), "visits[0].critical"),
    (visit("roles", {}), "visits[0].roles"),
    (visit("roles", ["lead"]), "visits[0].roles"),
    (visit("roles", {"lead": 0}), "visits[0].roles"),
    (visit("roles", {"lead": -1}), "visits[0].roles.lead"),
    (visit("roles", {"lead": "1"}), "visits[0].roles.lead"),
    (put("visits", 0, "fixed", 0, "speaker", value="s9"), "visits[0].fixed[0].speaker"),
    (put("visits", 0, "fixed", 0, "role", value="peer"), "visits[0].fixed[0].role"),
    (visit("fixed", [{"speaker": "s1", "role": "lead"}] * 2), "visits[0].fixed[1].speaker"),
    (visit("proposed", ["s1"]), "visits[0].proposed[0]"),
    (visit("proposed", [{"speaker": "s9", "role": "lead"}]), "visits[0].proposed[0].speaker"),
    (visit("usual", ["s9"]), "visits[0].usual[0]"),
    (visit("usual", ["s1", "s1"]), "visits[0].usual[1]"),
    (visit("excluded_speakers", ["s9"]), "visits[0].excluded_speakers[0]"),
]


@pytest.mark.parametrize(
    ("change", "path"), WRONG, ids=[f"{nth} {path}" for nth, (_, path) in enumerate(WRONG)]
)
def test_a_wrong_file_is_refused_with_the_path_of_what_is_wrong(change: Change, path: str) -> None:
    data = example()
    change(data)

    with pytest.raises(ProblemError) as refused:
        problem_from_json(data)

    assert refused.value.path == path
    assert str(refused.value).startswith(f"{path}: ")


@pytest.mark.parametrize("data", [None, [], "x", 7])
def test_what_is_not_an_object_is_no_problem(data: object) -> None:
    with pytest.raises(ProblemError, match="problem: must be an object"):
        problem_from_json(data)


def test_the_twelfth_visit_is_named_by_its_number() -> None:
    data = example()
    data["visits"] = [{**data["visits"][0], "id": f"v{number}"} for number in range(13)]
    data["visits"][12]["site"] = "nowhere"

    with pytest.raises(ProblemError, match=r"^visits\[12\]\.site: there is no site 'nowhere'$"):
        problem_from_json(data)


def test_the_format_s_example_is_read() -> None:
    read = problem_from_json(example())

    assert read.visits[0].fixed == (Assigned(speaker="s1", role="lead"),)
    assert read.visits[0].starts_at.isoformat() == "2027-01-12T14:00:00"
    assert read.speakers[0].weekly[0].until_minute == 17 * 60
    assert problem_to_json(read) == example()


def test_what_may_be_left_out_has_a_default() -> None:
    data = example()
    del data["settings"]
    for key in ("fixed", "proposed", "usual", "excluded_speakers"):
        del data["visits"][0][key]

    read = problem_from_json(data)

    assert read.settings == Settings()
    assert (read.visits[0].fixed, read.visits[0].usual) == ((), ())


def test_midnight_ends_a_day_and_no_radius_is_any_distance() -> None:
    data = example()
    data["speakers"][0]["weekly"] = [{"weekday": 6, "from": "00:00", "until": "24:00"}]
    data["speakers"][0]["radius_km"] = None

    read = problem_from_json(data)

    assert read.speakers[0].weekly[0].until_minute == 1440
    assert read.speakers[0].radius_km is None
    assert problem_to_json(read) == data


@pytest.mark.parametrize("seed", range(3))
def test_a_problem_written_is_read_back_equal(seed: int) -> None:
    read = problem_from_json(random_problem(seed, speakers=8, visits=12))

    again = problem_from_json(json.loads(json.dumps(problem_to_json(read))))

    assert again == read


def test_a_problem_made_of_values_is_checked_like_a_file() -> None:
    with pytest.raises(ProblemError, match=r"^speakers\[1\]\.id: 'ana' is there twice$"):
        problem(ANA, ANA, TUESDAY)
    with pytest.raises(ProblemError, match=r"^visits\[0\]\.starts_at: must have no time zone$"):
        problem(ANA, replace(TUESDAY, starts_at=datetime(2027, 1, 12, tzinfo=UTC)))
    with pytest.raises(ProblemError, match=r"^visits\[0\]\.starts_at: must be on a whole minute$"):
        problem(ANA, at("2027-01-12T14:00:30"))
