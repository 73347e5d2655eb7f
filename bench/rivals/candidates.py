"""Who could take which visit: the engine's arrays beside a plain loop over everybody."""

import random
import time as stopwatch
from dataclasses import dataclass

from bench.rivals.rules import Event, Rules
from outreach import matching
from outreach.matching.candidates import Candidates
from outreach.matching.timetable import Timetable

BETWEEN_VISITS = {"quota", "rest", "overlap"}


@dataclass(frozen=True, slots=True)
class Candidacy:
    """Seconds for all visits of the problem; the plain loops ran over some, and are scaled up.

    `differing` of the `compared` pairs of visit and speaker have not the same reasons.
    """

    ours_s: float
    ours_with_reasons_s: float
    plain_s: float
    plain_with_reasons_s: float
    compared: int
    differing: int


def measure(problem: matching.Problem, *, visits: int) -> Candidacy:
    """Find candidates with and without reasons, plainly for so many of the visits."""
    rules = Rules(matching.problem_to_json(problem))
    events = random.Random(1).sample(list(rules.events.values()), visits)  # noqa: S311 - repeatable
    scale = len(rules.events) / visits
    # Neither side pays for turning the file into the facts it looks at.
    candidates = Candidates(problem, Timetable(problem))
    _ = candidates.clearances
    began = stopwatch.process_time()
    candidates.pairs()
    ours_s = stopwatch.process_time() - began
    began = stopwatch.process_time()
    for visit in range(len(problem.visits)):
        candidates.bits(visit)
    ours_with_reasons_s = stopwatch.process_time() - began
    began = stopwatch.process_time()
    for event in events:
        for person in rules.people.values():
            rules.roles_open_to(event, person)
    plain_s = stopwatch.process_time() - began
    began = stopwatch.process_time()
    plain = {event.id: _reasons(rules, event) for event in events}
    with_reasons_s = stopwatch.process_time() - began
    explainer = matching.Explainer.of(problem, None)
    differing = 0
    for name, reasons in plain.items():
        for speaker, refusals in explainer.refusals_for(name).items():
            codes = {refusal.code.value for refusal in refusals} - BETWEEN_VISITS
            differing += codes != reasons[speaker]
    return Candidacy(
        ours_s=ours_s,
        ours_with_reasons_s=ours_with_reasons_s,
        plain_s=plain_s * scale,
        plain_with_reasons_s=with_reasons_s * scale,
        compared=visits * len(rules.people),
        differing=differing,
    )


def _reasons(rules: Rules, event: Event) -> dict[str, set[str]]:
    return {person.id: rules.alone(event, person, event.roles) for person in rules.people.values()}
