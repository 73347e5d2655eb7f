import json
from pathlib import Path

import pytest

from tests.cli_match.commands import assert_refused, outreach, solved
from tests.matching.random_problems import Json


def test_a_visit_is_explained_by_who_goes_and_what_speaks_against_the_others(here: Path) -> None:
    answer = solved(here)
    plan = next(plan for plan in answer["visits"] if plan["speakers"])
    chosen = plan["speakers"][0]

    result = outreach("explain", "problem.json", "solution.json", "--visit", plan["id"])

    assert result.exit_code == 0
    assert f"{chosen['id']} goes as {chosen['role']}" in result.stdout
    assert "; ".join(chosen["reasons"]) in result.stdout
    assert "What speaks against the other" in result.stdout


def test_an_explanation_counts_as_the_solution_does_and_names_the_visits_in_the_way(
    here: Path,
) -> None:
    answer = solved(here)
    for unfilled in answer["unfilled"]:
        result = outreach(
            "explain", "problem.json", "solution.json", "--visit", unfilled["id"], "--json"
        )
        against = json.loads(result.stdout)["against"]

        counts: dict[str, int] = {}
        for refusals in against.values():
            for code in {refusal["code"] for refusal in refusals}:
                counts[code] = counts.get(code, 0) + 1
        assert counts == unfilled["refusals"]
        for refusals in against.values():
            for refusal in refusals:
                if refusal["code"] in {"quota", "rest", "overlap"}:
                    assert "v" in refusal["words"]


def test_a_quota_names_the_visits_that_use_it_up(here: Path) -> None:
    data = ana_and_two_visits()
    (here / "problem.json").write_text(json.dumps(data))
    answer = solved(here)
    (unfilled,) = answer["unfilled"]
    (plan,) = answer["visits"]

    result = outreach(
        "explain", "problem.json", "solution.json", "--visit", unfilled["id"], "--speaker", "ana"
    )

    assert f"quota: ana has 1 of 1 visits in 2027-01: {plan['id']}" in result.stdout


def test_why_somebody_goes_and_why_nothing_speaks_against_another(here: Path) -> None:
    data = ana_and_two_visits()
    data["speakers"].append(data["speakers"][0] | {"id": "ben", "recent_visits": 9})
    data["visits"].pop()
    (here / "problem.json").write_text(json.dumps(data))
    solved(here)
    asked = ("explain", "problem.json", "solution.json", "--visit", "first", "--speaker")

    ana, ben = outreach(*asked, "ana"), outreach(*asked, "ben")

    assert "ana goes as lead: certified as lead until" in ana.stdout
    assert "Nothing speaks against ben." in ben.stdout
    assert "As lead: number 2 of 2 in the order of whom to ask." in ben.stdout


def test_what_having_somebody_else_would_change_is_told(here: Path) -> None:
    data = ana_and_two_visits()
    data["speakers"].append(data["speakers"][0] | {"id": "ben", "recent_visits": 9})
    (here / "problem.json").write_text(json.dumps(data))
    answer = solved(here)
    (ana_has,) = (plan["id"] for plan in answer["visits"] if plan["speakers"][0]["id"] == "ana")
    asked = ("explain", "problem.json", "solution.json", "--visit", ana_has, "--speaker", "ben")

    words, told = outreach(*asked).stdout, json.loads(outreach(*asked, "--json").stdout)

    assert "If ben came as lead:" in words
    assert f"  {ana_has}: ana leaves as lead, ben comes as lead" in words
    assert (told["if_they_came"]["emptied"], told["if_they_came"]["proven"]) == ([], True)
    assert len(told["if_they_came"]["changed"]) == 2
    already = outreach(*asked[:-1], "ana", "--json").stdout
    assert json.loads(already)["if_they_came"] is None


def test_what_would_fill_a_visit_is_told_with_other_times(here: Path) -> None:
    data = ana_and_two_visits()
    data["speakers"][0] |= {"quota_per_month": 5, "rest_days": 0}
    data["speakers"][0]["weekly"] = [
        {"weekday": day, "from": "09:00", "until": "12:00"} for day in range(7)
    ]
    data["visits"][0]["starts_at"] = "2027-01-12T11:30"
    data["visits"].pop()
    (here / "problem.json").write_text(json.dumps(data))
    solved(here)
    asked = ("explain", "problem.json", "solution.json", "--visit", "first")

    words, told = outreach(*asked).stdout, json.loads(outreach(*asked, "--json").stdout)

    assert "It would be filled if it began at 2027-01-12 11:00\n" in words
    assert told["would_fill_if"][0] == "if it began at 2027-01-12 11:00"


def test_an_exclusion_is_explained_in_the_words_of_any_other_absence(here: Path) -> None:
    data = ana_and_two_visits()
    away = [{"from": "2027-01-01", "until": "2027-02-28"}]
    texts = []
    changes: list[Json] = [{"excluded_sites": ["h1"]}, {"away": away}, {"weekly": []}]
    for change in changes:
        changed = json.loads(json.dumps(data))
        changed["speakers"][0] |= change
        (here / "problem.json").write_text(json.dumps(changed))
        solved(here)
        asked = ("explain", "problem.json", "solution.json", "--visit", "first")
        texts.append([outreach(*asked, *more).stdout for more in ((), ("--json",))])

    assert texts[0] == texts[1] == texts[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--visit", "v99"], "problem.json: there is no visit 'v99'"),
        (["--visit", "v0", "--speaker", "s99"], "problem.json: there is no speaker 's99'"),
    ],
)
def test_a_visit_or_speaker_that_is_not_there_is_refused(
    here: Path, arguments: list[str], words: str
) -> None:
    solved(here)

    assert_refused(outreach("explain", "problem.json", "solution.json", *arguments), words)


def test_a_solution_of_another_problem_is_refused_with_its_place(here: Path) -> None:
    answer = solved(here)
    answer["visits"][0]["id"] = "w1"
    (here / "solution.json").write_text(json.dumps(answer))
    asked = ("explain", "problem.json")

    assert_refused(
        outreach(*asked, "solution.json", "--visit", "v0"),
        "solution.json: visits[0].id: the problem has no visit 'w1'",
    )
    assert_refused(outreach(*asked, "problem.json", "--visit", "v0"), "problem.json: format: is")
    assert_refused(outreach("explain", "-", "-", "--visit", "v0"), "Only one of the two")


def ana_and_two_visits() -> Json:
    """Return two visits, and Ana, who may take one a month."""
    visit = {
        "id": "first",
        "site": "h1",
        "unit_type": "adult",
        "starts_at": "2027-01-12T14:00",
        "minutes": 60,
        "language": "en",
        "program": "story",
        "roles": {"lead": 1},
        "critical": False,
    }
    span = {"from": "2026-01-01", "until": "2027-12-31"}
    ana = {
        "id": "ana",
        "lat": 41.9,
        "lon": -87.7,
        "radius_km": None,
        "languages": ["en"],
        "unit_types": ["adult"],
        "certifications": [{"program": "story", "role": "lead", **span}],
        "clearances": [{"site": "h1", **span}],
        "weekly": [{"weekday": day, "from": "08:00", "until": "18:00"} for day in range(7)],
        "away": [],
        "excluded_sites": [],
        "quota_per_month": 1,
        "rest_days": 1,
        "recent_visits": 0,
    }
    return {
        "format": "outreach-matching/1",
        "sites": [{"id": "h1", "lat": 41.88, "lon": -87.63}],
        "speakers": [ana],
        "visits": [visit, visit | {"id": "second", "starts_at": "2027-01-26T14:00"}],
    }
