from statistics import fmean

import pytest

from outreach.matching import Problem, Speaker, Visit, problem_from_json, problem_to_json
from outreach.matching.make_problem import SCALES, SHAPES, make_problem


@pytest.fixture(scope="module")
def made() -> dict[str, list[Problem]]:
    """Five affiliates of each shape."""
    return {
        shape: [make_problem("affiliate", shape=shape, seed=seed) for seed in range(1, 6)]
        for shape in SHAPES
    }


def speakers(problems: list[Problem]) -> list[Speaker]:
    return [speaker for problem in problems for speaker in problem.speakers]


def visits(problems: list[Problem]) -> list[Visit]:
    return [visit for problem in problems for visit in problem.visits]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_seed_makes_the_same_problem_and_another_seed_another(shape: str) -> None:
    made = make_problem("affiliate", shape=shape, seed=5)

    assert made == make_problem("affiliate", shape=shape, seed=5)
    assert made != make_problem("affiliate", shape=shape, seed=6)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_made_can_be_written_and_read(shape: str) -> None:
    made = make_problem("affiliate", shape=shape, seed=1)

    assert problem_from_json(problem_to_json(made)) == made


def test_a_scale_has_the_size_it_promises() -> None:
    made = make_problem("state")

    assert (len(made.speakers), len(made.visits)) == (1_500, 3_000)
    hospitals = {site.id.partition("u")[0] for site in made.sites}
    assert len(hospitals) == SCALES["state"].hospitals
    assert len({visit.site for visit in made.visits}) > len(made.sites) / 2


def test_in_every_shape_the_visits_come_in_two_months(made: dict[str, list[Problem]]) -> None:
    for problems in made.values():
        assert {visit.starts_at.month for visit in visits(problems)} == {1, 2}


def test_oversubscribed_needs_more_people_than_the_quotas_allow(
    made: dict[str, list[Problem]],
) -> None:
    def needed(shape: str) -> int:
        return sum(sum(visit.roles.values()) for visit in visits(made[shape]))

    def allowed(shape: str) -> int:
        return 2 * sum(speaker.quota_per_month for speaker in speakers(made[shape]))

    assert allowed("oversubscribed") < needed("oversubscribed")
    assert allowed("typical") > needed("typical")


def test_rest_free_are_most_people_and_usually_few(made: dict[str, list[Problem]]) -> None:
    def share(shape: str) -> float:
        return fmean(speaker.rest_days == 0 for speaker in speakers(made[shape]))

    assert share("rest-free") > 0.7
    assert share("typical") < 0.2


def test_teams_of_three_are_all_there_is(made: dict[str, list[Problem]]) -> None:
    def sizes(shape: str) -> set[int]:
        return {sum(visit.roles.values()) for visit in visits(made[shape])}

    assert sizes("teams-of-three") == {3}
    assert sizes("typical") == {1, 2, 3}


def test_rural_speakers_hold_less_than_half_the_clearances(made: dict[str, list[Problem]]) -> None:
    def held(shape: str) -> float:
        return fmean(len(speaker.clearances) for speaker in speakers(made[shape]))

    assert held("rural") < held("typical") / 2


def test_bilingual_asks_for_more_spanish_than_is_spoken(made: dict[str, list[Problem]]) -> None:
    assert fmean(visit.language == "es" for visit in visits(made["bilingual"])) > 0.4
    assert fmean("es" in speaker.languages for speaker in speakers(made["bilingual"])) < 0.2
