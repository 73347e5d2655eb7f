"""Why this speaker, why not another, and who could come next, beside a given set of seats."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property

import numpy as np

from outreach.matching.book import Book, Seat, fixed_seats, standing_seats
from outreach.matching.candidates import BIT, METERS_PER_KM, Candidates, serves
from outreach.matching.problem import Certification, Clearance, Problem
from outreach.matching.reasons import Params, Reason, ReasonCode, Refusal, RefusalCode
from outreach.matching.solution import Chosen, Solution
from outreach.matching.timetable import Bools, Ints, Timetable, month_name


def refusals_for(
    problem: Problem, solution: Solution | None, visit_id: str, *, role: str | None = None
) -> dict[str, tuple[Refusal, ...]]:
    """Tell for everyone not on the visit every rule that speaks against, by speaker id.

    `solution` None means the fixed and the proposed as they stand, without the work of
    describing all visits that `as_it_stands` does.
    Empty reasons mean that the speaker could come as well. Without `role` the roles
    that lack somebody count (all roles where none does), and not being certified
    speaks against only if it holds for every one of them. Raises KeyError for a
    visit or role that is not there.
    """
    return Explainer.of(problem, solution).refusals_for(visit_id, role=role)


def ranking(problem: Problem, solution: Solution | None, visit_id: str, role: str) -> list[Chosen]:
    """List whom to ask for this role, best first: the solution's own, then who else could.

    The others come by fewest visits (recent and new), then by distance. Left out
    are the fixed speakers of the visit and whoever takes another role in it.
    `solution` as in `refusals_for`. Raises KeyError for a visit or role that is not there.
    """
    return Explainer.of(problem, solution).ranking(visit_id, role)


def open_to(problem: Problem, speaker_id: str) -> Iterator[tuple[str, Chosen]]:
    """Give every visit and role that lacks somebody and that this speaker could take.

    In the problem's order, as (visit id, the speaker in that role), beside the fixed seats alone:
    proposals don't count. Nothing is described that is not asked for, so a page may stop early.
    Raises KeyError for a speaker that is not there.
    """
    me = {speaker.id: index for index, speaker in enumerate(problem.speakers)}[speaker_id]
    explainer = Explainer(Candidates(problem, Timetable(problem)), fixed_seats(problem))
    for visit, facts in enumerate(problem.visits):
        for post in explainer.lacking(visit):
            if me in explainer.able(post):
                role = explainer.candidates.posts[post].role
                yield facts.id, explainer.chosen(Seat(visit, me, role, fixed=False))


class Explainer:
    """The rules around one set of seats, by positions in the problem."""

    def __init__(self, candidates: Candidates, seats: Sequence[Seat]) -> None:
        self.candidates = candidates
        self.problem = candidates.problem
        self.timetable = candidates.timetable
        self.book = Book(self.problem, self.timetable, seats)
        self._sitting = Counter((seat.visit, seat.role) for seat in seats)
        self._load = self.book.load()

    @classmethod
    def of(cls, problem: Problem, solution: Solution | None) -> "Explainer":
        """Take the seats from a solution of this problem, or as they stand in it."""
        seats = standing_seats(problem) if solution is None else seats_of(problem, solution)
        return cls(Candidates(problem, Timetable(problem)), seats)

    def refusals_for(
        self, visit_id: str, *, role: str | None = None
    ) -> dict[str, tuple[Refusal, ...]]:
        """Answer as the function `refusals_for` does."""
        visit = self.visit_at(visit_id)
        posts = self.posts_asked(visit, role=role)
        # Few are kept by another visit, and only of them is it asked by which.
        taken = self.book.taken(visit)
        return {
            self.problem.speakers[speaker].id: tuple(
                self._refusals(visit, speaker, posts, taken=bool(taken[speaker]))
            )
            for speaker in np.flatnonzero(~self.book.on(visit)).tolist()
        }

    def ranking(self, visit_id: str, role: str) -> list[Chosen]:
        """Answer as the function `ranking` does."""
        visit = self.visit_at(visit_id)
        (post,) = self.posts_asked(visit, role=role)
        proposed = [
            seat.speaker
            for seat in self.book.seats
            if (seat.visit, seat.role, seat.fixed) == (visit, role, False)
        ]
        others = sorted(self.able(post), key=lambda speaker: self.rank(visit, speaker))
        return [
            self.chosen(Seat(visit, speaker, role, fixed=False)) for speaker in proposed + others
        ]

    def attending(self, visit_id: str) -> tuple[Chosen, ...]:
        """Describe who is on the visit. Raises KeyError."""
        visit = self.visit_at(visit_id)
        return tuple(self.chosen(seat) for seat in self.book.seats if seat.visit == visit)

    def visit_at(self, visit_id: str) -> int:
        """Return a visit's position. Raises KeyError."""
        for index, visit in enumerate(self.problem.visits):
            if visit.id == visit_id:
                return index
        raise KeyError(visit_id)

    def lacking(self, visit: int) -> dict[int, int]:
        """Return how many speakers each post of the visit still lacks, where any."""
        posts = self.candidates.posts
        lacks = {
            post: posts[post].needed - self._sitting[visit, posts[post].role]
            for post in self.candidates.posts_of[visit]
        }
        return {post: lack for post, lack in lacks.items() if lack > 0}

    def posts_asked(self, visit: int, *, role: str | None = None) -> list[int]:
        """Return the posts that a question about the visit is about. Raises KeyError."""
        posts = self.candidates.posts_of[visit]
        if role is None:
            return list(self.lacking(visit)) or posts
        named = [post for post in posts if self.candidates.posts[post].role == role]
        if not named:
            raise KeyError(role)
        return named

    def able(self, post: int) -> list[int]:
        """Return who could take the post beside all the seats, in the problem's order."""
        visit = self.candidates.posts[post].visit
        busy = self.book.taken(visit) | self.book.on(visit)
        return np.flatnonzero((self.candidates.bits_for(post) == 0) & ~busy).tolist()

    def rank(self, visit: int, speaker: int) -> tuple[int, int, int]:
        """Order by visits had, then by distance, then as the problem lists them."""
        had = self.problem.speakers[speaker].recent_visits + int(self._load[speaker])
        return (had, self._meters(visit, speaker), speaker)

    def chosen(self, seat: Seat) -> Chosen:
        """Describe a seat, taken or offered."""
        return Chosen(
            speaker=self.problem.speakers[seat.speaker].id,
            role=seat.role,
            distance_km=self._distance_km(seat.visit, seat.speaker),
            fixed=seat.fixed,
            reasons=tuple(self._reasons(seat)),
        )

    def counts(self, visit: int) -> dict[RefusalCode, int]:
        """Count the absent speakers under each rule that speaks against them."""
        absent = ~self.book.on(visit)
        against = self._against(visit, self.posts_asked(visit))
        counts = {code: int((refused & absent).sum()) for code, refused in against.items()}
        return {code: count for code, count in counts.items() if count}

    def refusals(self, visit: int, speaker: int, posts: Sequence[int]) -> Iterator[Refusal]:
        """Give all that speaks against the speaker for these posts, in the codes' order."""
        return self._refusals(visit, speaker, posts, taken=True)

    def _refusals(
        self, visit: int, speaker: int, posts: Sequence[int], *, taken: bool
    ) -> Iterator[Refusal]:
        """Give what speaks against; the other visits are only looked at where `taken`."""
        bits = int(self.candidates.bits(visit)[speaker])
        for code, bit in BIT.items():
            if code is RefusalCode.NOT_CERTIFIED:
                yield from self._not_certified(visit, speaker, posts)
            elif bits & bit:
                yield Refusal(code, self._static_params(code, visit, speaker))
        if taken:
            yield from self._quota(visit, speaker)
            yield from self._clashes(visit, speaker)

    def fixed_conflicts(self, seat: Seat) -> Iterator[Refusal]:
        """Give the rules that a seat breaks as it stands, among the book's other seats."""
        posts = self.posts_asked(seat.visit, role=seat.role)
        for refusal in self.refusals(seat.visit, seat.speaker, posts):
            # The book counts this seat too, so a quota that is just used up is not broken.
            if refusal.code is not RefusalCode.QUOTA or self._over_quota(seat):
                yield refusal

    def ended_clearance(self, visit: int, speaker: int) -> date | None:
        """Return the last day of the latest clearance that ended before the visit, if any."""
        facts = self.problem.visits[visit]
        held = (
            each for each in self.problem.speakers[speaker].clearances if each.site == facts.site
        )
        return _ended(held, before=facts.starts_at.date())

    def ended_certification(self, post: int, speaker: int) -> date | None:
        """Return the last day of the latest certification that ended before the visit, if any."""
        facts = self.candidates.posts[post]
        return _ended(self._serving(post, speaker), before=self._day(facts.visit))

    def _against(self, visit: int, posts: Sequence[int]) -> Mapping[RefusalCode, Bools]:
        bits = self.candidates.bits(visit)
        against: dict[RefusalCode, Bools] = {code: (bits & bit) > 0 for code, bit in BIT.items()}
        certified = [self.candidates.certified(post) for post in posts]
        against[RefusalCode.NOT_CERTIFIED] = ~np.logical_or.reduce(certified)
        against[RefusalCode.QUOTA] = self.book.full(visit)
        against[RefusalCode.REST] = self.book.resting(visit)
        against[RefusalCode.OVERLAP] = self.book.overlapping(visit)
        return against

    def _not_certified(self, visit: int, speaker: int, posts: Sequence[int]) -> Iterator[Refusal]:
        if any(self.candidates.certified(post)[speaker] for post in posts):
            return
        program = self.problem.visits[visit].program
        for post in posts:
            params: Params = {
                "program": program,
                "role": self.candidates.posts[post].role,
                "ended_on": self.ended_certification(post, speaker),
            }
            yield Refusal(RefusalCode.NOT_CERTIFIED, params)

    def _static_params(self, code: RefusalCode, visit: int, speaker: int) -> Params:
        facts = self.problem.visits[visit]
        match code:
            case RefusalCode.TOO_FAR:
                radius = self.problem.speakers[speaker].radius_km
                return {"distance_km": self._distance_km(visit, speaker), "radius_km": radius}
            case RefusalCode.LANGUAGE:
                return {"language": facts.language}
            case RefusalCode.UNIT_TYPE:
                return {"unit_type": facts.unit_type}
            case RefusalCode.NOT_CLEARED:
                return {"site": facts.site, "ended_on": self.ended_clearance(visit, speaker)}
            case _:
                return {}

    def _quota(self, visit: int, speaker: int) -> Iterator[Refusal]:
        used, limit = int(self.book.used(visit)[speaker]), int(self.book.quota[speaker])
        if used >= limit:
            params: Params = {"month": self._month(visit), "used": used, "limit": limit}
            yield Refusal(RefusalCode.QUOTA, params)

    def _over_quota(self, seat: Seat) -> bool:
        return bool(self.book.used(seat.visit)[seat.speaker] > self.book.quota[seat.speaker])

    def _clashes(self, visit: int, speaker: int) -> Iterator[Refusal]:
        visits = self.problem.visits
        rest_days = self.problem.speakers[speaker].rest_days
        for other in self.book.blocking_rest(visit, speaker):
            yield Refusal(RefusalCode.REST, {"visit": visits[other].id, "rest_days": rest_days})
        for other in self.book.blocking_overlap(visit, speaker):
            travel = self.timetable.travel_minutes(visit, other)
            params: Params = {"visit": visits[other].id, "travel_minutes": travel}
            yield Refusal(RefusalCode.OVERLAP, params)

    def _reasons(self, seat: Seat) -> Iterator[Reason]:
        """Give what is true of the seat; a fixed one may lack some."""
        visit, speaker = seat.visit, seat.speaker
        facts, who = self.problem.visits[visit], self.problem.speakers[speaker]
        (post,) = self.posts_asked(visit, role=seat.role)
        if who.id in facts.usual:
            yield Reason(ReasonCode.USUAL)
        certified_until = _valid(self._serving(post, speaker), on=self._day(visit))
        if certified_until:
            yield Reason(ReasonCode.CERTIFIED, {"role": seat.role, "until": certified_until})
        if self._is_free(visit, speaker):
            yield Reason(ReasonCode.FREE)
        yield Reason(ReasonCode.DISTANCE, {"km": self._distance_km(visit, speaker)})
        cleared = (each for each in who.clearances if each.site == facts.site)
        cleared_until = _valid(cleared, on=self._day(visit))
        if cleared_until:
            yield Reason(ReasonCode.CLEARED, {"site": facts.site, "until": cleared_until})
        yield Reason(ReasonCode.RECENT, {"visits": who.recent_visits})
        yield self._quota_left(visit, speaker)

    def _quota_left(self, visit: int, speaker: int) -> Reason:
        on_it = bool(self.book.on(visit)[speaker])
        used = int(self.book.used(visit)[speaker]) + (not on_it)
        limit = int(self.book.quota[speaker])
        params: Params = {"month": self._month(visit), "used": used, "limit": limit}
        return Reason(ReasonCode.QUOTA, params)

    def _serving(self, post: int, speaker: int) -> Iterator[Certification]:
        facts = self.candidates.posts[post]
        program = self.problem.visits[facts.visit].program
        for held in self.problem.speakers[speaker].certifications:
            if serves(held, program=program, role=facts.role):
                yield held

    def _day(self, visit: int) -> date:
        return self.problem.visits[visit].starts_at.date()

    def _month(self, visit: int) -> str:
        return month_name(int(self.timetable.month[visit]))

    def _meters(self, visit: int, speaker: int) -> int:
        known = self._seated.get((visit, speaker))
        if known is not None:
            return known[0]
        return int(self.candidates.meters(np.array(visit), np.array(speaker)))

    def _is_free(self, visit: int, speaker: int) -> bool:
        known = self._seated.get((visit, speaker))
        if known is not None:
            return known[1]
        return not self.candidates.bits(visit)[speaker] & BIT[RefusalCode.UNAVAILABLE]

    @cached_property
    def _seated(self) -> dict[tuple[int, int], tuple[int, bool]]:
        """Meters and whether they are free, of all seats at once: a nation has 40,000."""
        visits: Ints = np.array([seat.visit for seat in self.book.seats], np.int64)
        speakers: Ints = np.array([seat.speaker for seat in self.book.seats], np.int64)
        meters = self.candidates.meters(visits, speakers).tolist()
        free = (~self.candidates.unavailable(visits, speakers)).tolist()
        keys = zip(visits.tolist(), speakers.tolist(), strict=True)
        return dict(zip(keys, zip(meters, free, strict=True), strict=True))

    def _distance_km(self, visit: int, speaker: int) -> float:
        return self._meters(visit, speaker) / METERS_PER_KM


def seats_of(problem: Problem, solution: Solution) -> list[Seat]:
    """Turn a solution's ids back into positions. Raises KeyError for an id that is not there."""
    speakers = {speaker.id: index for index, speaker in enumerate(problem.speakers)}
    visits = {visit.id: index for index, visit in enumerate(problem.visits)}
    return [
        Seat(visits[plan.visit], speakers[each.speaker], each.role, each.fixed)
        for plan in solution.visits
        for each in plan.speakers
    ]


def _valid(held: Iterable[Certification | Clearance], *, on: date) -> date | None:
    """Return the last day of the one that is valid longest among those valid on the day."""
    return max((e.ends_on for e in held if e.starts_on <= on <= e.ends_on), default=None)


def _ended(held: Iterable[Certification | Clearance], *, before: date) -> date | None:
    return max((each.ends_on for each in held if each.ends_on < before), default=None)
