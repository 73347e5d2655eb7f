"""When else a visit could be filled, beside all that stands.

A time is told with nobody's name. So whoever could come then is not told apart from whoever
could not, and it says nothing about exclusions or about anybody's week.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import chain

import numpy as np

from outreach.matching.book import fixed_seats
from outreach.matching.candidates import BIT, Candidates
from outreach.matching.explain import Explainer
from outreach.matching.problem import Assigned, Problem, Speaker, Visit
from outreach.matching.reasons import RefusalCode
from outreach.matching.seating import missing
from outreach.matching.timetable import Timetable

EARLIEST, LATEST = time(7), time(21)
"""A visit that is moved lies between these, if nothing else is known of the unit."""

MOST_SHOWN = 3
_HALF_HOURS = [timedelta(minutes=30 * n) for n in range(48)]
_DAYS = [n for each in range(1, 8) for n in (each, -each)]
_WHEREVER = (
    BIT[RefusalCode.TOO_FAR] | BIT[RefusalCode.LANGUAGE] | BIT[RefusalCode.UNIT_TYPE]
)  # what speaks against somebody at any time


def nearby_starts(visit: Visit) -> Iterator[datetime]:
    """Give other starts worth a try: the same day's by how near they are, then other days'.

    On its own day a visit begins on a whole or half hour, and lies between `EARLIEST` and
    `LATEST`; on the 7 days before and after it keeps its hour. Of two equally near the later
    is first.
    """
    start = visit.starts_at
    midnight = datetime.combine(start, time())
    first = datetime.combine(start, EARLIEST)
    last = datetime.combine(start, LATEST) - timedelta(minutes=visit.minutes)
    that_day = [midnight + past for past in _HALF_HOURS if first <= midnight + past <= last]
    yield from sorted(
        (each for each in that_day if each != start),
        key=lambda each: (abs(each - start), each < start),
    )
    yield from (start + timedelta(days=days) for days in _DAYS)


def would_fill_at(
    explainer: Explainer, visit: int, starts: Iterable[datetime], *, most: int = MOST_SHOWN
) -> tuple[datetime, ...]:
    """Return the first of `starts` at which the visit would be filled, at most so many.

    Nothing else moves, and whoever is on the visit already must be able to come then, too.
    Empty where the visit is filled, or could be as it is.
    """
    lacking = explainer.lacking(visit)
    if missing(lacking, {post: set(explainer.able(post)) for post in lacking}) == 0:
        return ()
    asked = tuple(starts)
    question = _Question(explainer, visit, asked)
    filling = (start for index, start in enumerate(asked) if question.fills(index))
    return tuple(start for start, _ in zip(filling, range(most), strict=False))


class _Question:
    """A small problem: the visit at each of the times first, then what keeps people busy.

    Of the speakers it has those whom place, language and kind of unit allow, and of their
    facts what the visit's site makes matter. The visit keeps nobody from itself at another time.
    """

    def __init__(self, explainer: Explainer, visit: int, starts: Sequence[datetime]) -> None:
        problem = explainer.problem
        facts = problem.visits[visit]
        bits, on = explainer.candidates.bits(visit), explainer.book.on(visit)
        people = np.flatnonzero(((bits & _WHEREVER) == 0) | on).tolist()
        ids = {problem.speakers[each].id: index for index, each in enumerate(people)}
        self.there = [
            (ids[problem.speakers[seat.speaker].id], seat.role)
            for seat in explainer.book.seats
            if seat.visit == visit
        ]
        busy: defaultdict[int, list[Assigned]] = defaultdict(list)
        for seat in explainer.book.seats:
            speaker = problem.speakers[seat.speaker].id
            if seat.visit != visit and speaker in ids:
                busy[seat.visit].append(Assigned(speaker=speaker, role=seat.role))
        others = [_held(problem.visits[other], tuple(dict.fromkeys(busy[other]))) for other in busy]
        tried = [_at(facts, start, known=ids) for start in starts]
        used = {each.site for each in chain(tried, others)}
        question = Problem(
            sites=tuple(site for site in problem.sites if site.id in used),
            speakers=tuple(_only_for(problem.speakers[each], facts.site) for each in people),
            visits=(*tried, *others),
            settings=problem.settings,
        )
        self.explainer = Explainer(Candidates(question, Timetable(question)), fixed_seats(question))

    def fills(self, index: int) -> bool:
        """Whether the visit would be filled at the time with this position."""
        explainer = self.explainer
        posts = {explainer.candidates.posts[p].role: p for p in explainer.lacking(index)}
        able = {post: set(explainer.able(post)) for post in posts.values()}
        if not all(speaker in able[posts[role]] for speaker, role in self.there):
            return False
        sitting = {speaker for speaker, _ in self.there}
        needed = explainer.lacking(index)
        for _, role in self.there:
            needed[posts[role]] -= 1
        return missing(needed, {post: who - sitting for post, who in able.items()}) == 0


def _at(facts: Visit, start: datetime, *, known: Iterable[str]) -> Visit:
    barred = tuple(each for each in facts.excluded_speakers if each in known)
    return replace(
        facts,
        id=f"{facts.id} {start.isoformat()}",
        starts_at=start,
        fixed=(),
        proposed=(),
        usual=(),
        excluded_speakers=barred,
    )


def _held(facts: Visit, seats: tuple[Assigned, ...]) -> Visit:
    return replace(facts, fixed=seats, proposed=(), usual=(), excluded_speakers=())


def _only_for(speaker: Speaker, site: str) -> Speaker:
    """Return the speaker without what other sites alone make matter."""
    return replace(
        speaker,
        clearances=tuple(each for each in speaker.clearances if each.site == site),
        excluded_sites=tuple(each for each in speaker.excluded_sites if each == site),
    )
