"""The answer's words when there is no time for all of them."""

from dataclasses import replace
from datetime import date
from time import monotonic

from outreach import matching
from outreach.matching.book import fixed_seats
from outreach.matching.describe import describe
from tests.matching.checker import violations
from tests.matching.cutting import candidates_of
from tests.matching.people import ANA, TUESDAY, WARD, cleared, problem
from tests.matching.random_problems import random_problem


def test_when_the_time_is_up_the_changes_are_left_out_and_the_counts_are_right() -> None:
    asked = random_problem(3, speakers=20, visits=40)
    read = matching.problem_from_json(asked)

    hurried, patient = (matching.solve(read, time_limit_s=limit) for limit in (0.0, 30.0))

    assert hurried.unfilled
    assert all(each.would_fill_if == () for each in hurried.unfilled)
    assert any(each.would_fill_if for each in patient.unfilled)
    for solution in (hurried, patient):
        assert violations(asked, matching.solution_to_json(solution)) == []


def test_the_changes_are_looked_for_until_the_time_is_up() -> None:
    lapsed = replace(ANA, clearances=(cleared(WARD, until=date(2027, 1, 1)),))
    asked = problem(lapsed, TUESDAY)
    now = monotonic()

    answers = [
        describe(
            candidates_of(asked), fixed_seats(asked), levels=(), began=now, ends_at=now + left_s
        )
        for left_s in (0.0, 60.0)
    ]

    late, early = (answer.unfilled[0] for answer in answers)
    assert (late.considered, dict(late.refusals)) == (early.considered, dict(early.refusals))
    assert late.would_fill_if == ()
    assert [change.code.value for change in early.would_fill_if] != []
