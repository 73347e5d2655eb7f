"""A problem's JSON cut into the parts that the engine solves."""

from outreach.matching import Problem, problem_from_json
from outreach.matching.book import fixed_seats
from outreach.matching.candidates import Candidates
from outreach.matching.parts import Part, parts
from outreach.matching.timetable import Timetable
from tests.matching.checker import Json


def candidates_of(asked: Problem | Json) -> Candidates:
    problem = asked if isinstance(asked, Problem) else problem_from_json(asked)
    return Candidates(problem, Timetable(problem))


def parts_of(asked: Problem | Json) -> list[Part]:
    candidates = candidates_of(asked)
    return parts(candidates, fixed_seats(candidates.problem))
