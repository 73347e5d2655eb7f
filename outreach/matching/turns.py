"""What speaks against seats that somebody has in mind, taken one after the other."""

from collections.abc import Iterable
from typing import NamedTuple

from outreach.matching.book import Seat, fixed_seats
from outreach.matching.candidates import Candidates
from outreach.matching.explain import Explainer
from outreach.matching.problem import Problem
from outreach.matching.reasons import Refusal, RefusalCode
from outreach.matching.timetable import Timetable


class Wanted(NamedTuple):
    """A speaker somebody would ask for a role of a visit, by ids."""

    visit: str
    speaker: str
    role: str


def refusals_in_turn(
    problem: Problem, wanted: Iterable[Wanted], *, together: bool
) -> list[tuple[Refusal, ...]]:
    """Tell for each every hard rule that speaks against it; empty means none.

    Judged beside the fixed seats and, where `together`, beside those before it that nothing speaks
    against, as if they were fixed by then. Proposals of the problem don't count. Whoever is
    not in the problem is unavailable. Raises KeyError for a visit or role that is not there.
    """
    candidates, seats = Candidates(problem, Timetable(problem)), fixed_seats(problem)
    speakers = {speaker.id: index for index, speaker in enumerate(problem.speakers)}
    explainer = Explainer(candidates, seats)
    answers: list[tuple[Refusal, ...]] = []
    for visit_id, speaker_id, role in wanted:
        speaker = speakers.get(speaker_id)
        if speaker is None:
            answers.append((Refusal(RefusalCode.UNAVAILABLE),))
            continue
        visit = explainer.visit_at(visit_id)
        posts = explainer.posts_asked(visit, role=role)
        against = tuple(explainer.refusals(visit, speaker, posts))
        answers.append(against)
        if together and not against:
            seats = [*seats, Seat(visit, speaker, role, fixed=True)]
            explainer = Explainer(candidates, seats)
    return answers
