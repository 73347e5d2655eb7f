"""What each level counts, for seats as they stand. The model says the same in linear rows."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from outreach.matching.book import Seat
from outreach.matching.candidates import METERS_PER_KM, Candidates
from outreach.matching.problem import LevelName
from outreach.matching.timetable import Ints

# More is better for the levels that count visits, less for the others.
MAXIMIZED = frozenset({LevelName.FILL, LevelName.CRITICAL, LevelName.KEPT, LevelName.USUAL})


def filled_visits(candidates: Candidates, seats: Sequence[Seat]) -> frozenset[int]:
    """Return the visits whose every role has its speakers."""
    sitting = Counter((seat.visit, seat.role) for seat in seats)
    lacking = {
        post.visit for post in candidates.posts if sitting[post.visit, post.role] < post.needed
    }
    return frozenset(range(len(candidates.problem.visits))) - lacking


def measure(candidates: Candidates, seats: Sequence[Seat]) -> dict[LevelName, int]:
    """Return the value of every level; distance in meters, so that all are exact."""
    problem = candidates.problem
    filled = filled_visits(candidates, seats)
    speaker_ids = [speaker.id for speaker in problem.speakers]
    attending = {(seat.visit, speaker_ids[seat.speaker]): seat.role for seat in seats}
    visits: Ints = np.array([seat.visit for seat in seats], np.int64)
    speakers: Ints = np.array([seat.speaker for seat in seats], np.int64)
    load = candidates.speakers.recent + np.bincount(speakers, minlength=len(speaker_ids))
    return {
        LevelName.FILL: len(filled),
        LevelName.CRITICAL: sum(problem.visits[visit].critical for visit in filled),
        LevelName.KEPT: sum(
            attending.get((index, each.speaker)) == each.role
            for index, visit in enumerate(problem.visits)
            for each in visit.proposed
        ),
        LevelName.USUAL: sum(
            any((index, speaker) in attending for speaker in visit.usual)
            for index, visit in enumerate(problem.visits)
        ),
        LevelName.FAIRNESS: int((load**2).sum()),
        LevelName.DISTANCE: int(candidates.meters(visits, speakers).sum()),
    }


def shown(level: LevelName, value: int) -> float:
    """Turn a measured value into the one people see: kilometers for distance."""
    return value / METERS_PER_KM if level is LevelName.DISTANCE else value
