"""The rules of docs once more, plainly, over JSON objects. Shares no code with the engine.

Slow on purpose: minutes are counted one by one and distances come from vectors.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from math import atan2, cos, dist, radians, sin
from typing import Any, NamedTuple

Json = dict[str, Any]
DEFAULT_LEVELS = ["fill", "critical", "kept", "usual", "fairness", "distance"]


class Seat(NamedTuple):
    visit: str
    speaker: str
    role: str


class Checker:
    """A problem's rules, asked for one visit and one speaker at a time."""

    def __init__(self, problem: Json) -> None:
        settings = problem.get("settings", {})
        self.levels: list[str] = settings.get("levels", DEFAULT_LEVELS)
        self._speed = settings.get("travel_speed_km_h", 40)
        self._desk = settings.get("desk_minutes", 15)
        self.sites: dict[str, Json] = {site["id"]: site for site in problem["sites"]}
        self.speakers: dict[str, Json] = {each["id"]: each for each in problem["speakers"]}
        self.visits: dict[str, Json] = {visit["id"]: visit for visit in problem["visits"]}
        self._free = {name: _free_minutes(each) for name, each in self.speakers.items()}
        self._km: dict[tuple[str, str], float] = {}
        self._clash: dict[tuple[str, str, str], str] = {}

    @cached_property
    def fixed(self) -> list[Seat]:
        return [
            Seat(name, each["speaker"], each["role"])
            for name, visit in self.visits.items()
            for each in visit.get("fixed", [])
        ]

    def km(self, visit: str, speaker: str) -> float:
        key = (self.visits[visit]["site"], speaker)
        if key not in self._km:
            self._km[key] = kilometers(self.sites[key[0]], self.speakers[speaker])
        return self._km[key]

    def meters(self, visit: str, speaker: str) -> int:
        return round(self.km(visit, speaker) * 1000)

    def alone(self, visit: str, speaker: str, roles: Iterable[str]) -> set[str]:
        """What speaks against this pair whatever else happens."""
        facts, who = self.visits[visit], self.speakers[speaker]
        day = _start(facts).date()
        found: set[str] = set()
        if who["radius_km"] is not None and self.km(visit, speaker) > who["radius_km"]:
            found.add("too_far")
        if facts["language"] not in who["languages"]:
            found.add("language")
        if facts["unit_type"] not in who["unit_types"]:
            found.add("unit_type")
        if not any(self._may_take(who, facts["program"], role, day) for role in roles):
            found.add("not_certified")
        if not any(c["site"] == facts["site"] and _holds(c, day) for c in who["clearances"]):
            found.add("not_cleared")
        if not self._available(facts, who):
            found.add("unavailable")
        return found

    def beside(self, visit: str, speaker: str, seats: Iterable[Seat]) -> set[str]:
        """What speaks against one more visit of a speaker who has these seats."""
        mine = {seat.visit for seat in seats if seat.speaker == speaker} - {visit}
        month = self.visits[visit]["starts_at"][:7]
        used = sum(self.visits[other]["starts_at"][:7] == month for other in mine)
        found = {"quota"} if used >= self.speakers[speaker]["quota_per_month"] else set()
        return found | {self._clashes(visit, other, speaker) for other in mine} - {""}

    def _clashes(self, here: str, there: str, speaker: str) -> str:
        key = (here, there, speaker)
        if key not in self._clash:
            self._clash[key] = self.clash(*key)
        return self._clash[key]

    def clash(self, here: str, there: str, speaker: str) -> str:
        first, second = sorted((self.visits[here], self.visits[there]), key=_start)
        rest = self.speakers[speaker]["rest_days"]
        apart = (_start(second).date() - _start(first).date()).days
        if rest > 0:
            if apart <= rest:
                return "rest"
            return "overlap" if _start(second) < _end(first) else ""
        travel = 0.0
        if first["site"] != second["site"]:
            way = kilometers(self.sites[first["site"]], self.sites[second["site"]])
            travel = way / self._speed * 60 + self._desk
        late = (_start(second) - _end(first)).total_seconds() / 60 < travel
        return "overlap" if late else ""

    def filled(self, seats: Iterable[Seat]) -> set[str]:
        has = Counter((seat.visit, seat.role) for seat in seats)
        return {
            name
            for name, visit in self.visits.items()
            if all(has[name, role] >= count for role, count in visit["roles"].items())
        }

    def values(self, seats: list[Seat]) -> dict[str, int]:
        filled, sitting = self.filled(seats), set(seats)
        comes = {(seat.visit, seat.speaker) for seat in seats}
        load = Counter(seat.speaker for seat in seats)
        visits = self.visits.items()
        return {
            "fill": len(filled),
            "critical": sum(self.visits[name]["critical"] for name in filled),
            "kept": sum(
                Seat(name, each["speaker"], each["role"]) in sitting
                for name, visit in visits
                for each in visit.get("proposed", [])
            ),
            "usual": sum(
                any((name, speaker) in comes for speaker in visit.get("usual", []))
                for name, visit in visits
            ),
            "fairness": sum(
                (who["recent_visits"] + load[name]) ** 2 for name, who in self.speakers.items()
            ),
            "distance": sum(self.meters(seat.visit, seat.speaker) for seat in seats),
        }

    def vacancies(self, visit: str) -> dict[str, int]:
        facts = self.visits[visit]
        fixed = Counter(each["role"] for each in facts.get("fixed", []))
        return {role: max(0, count - fixed[role]) for role, count in facts["roles"].items()}

    def _may_take(self, who: Json, program: str, role: str, day: date) -> bool:
        serving = {role, "lead"} if role == "co-presenter" else {role}
        return any(
            held["program"] == program and held["role"] in serving and _holds(held, day)
            for held in who["certifications"]
        )

    def _available(self, visit: Json, who: Json) -> bool:
        if visit["site"] in who["excluded_sites"]:
            return False
        if who["id"] in visit.get("excluded_speakers", []):
            return False
        minutes, days = _minutes_of(visit["starts_at"], visit["minutes"])
        if not minutes <= self._free[who["id"]]:
            return False
        if any(_holds(away, day) for away in who["away"] for day in days):
            return False
        moments = [_start(visit) + timedelta(minutes=n) for n in range(visit["minutes"])]
        return not any(_is_in(busy, each) for busy in who.get("busy", []) for each in moments)


def violations(problem: Json, solution: Json) -> list[str]:
    """Return whatever is wrong with a solution file, as sentences."""
    checker = Checker(problem)
    seats = [
        Seat(plan["id"], each["id"], each["role"])
        for plan in solution["visits"]
        for each in plan["speakers"]
    ]
    return [
        *_broken_rules(checker, seats),
        *_wrong_filling(checker, seats, solution),
        *_wrong_levels(checker, seats, solution),
        *_wrong_counts(checker, seats, solution),
        *_wrong_conflicts(checker, solution),
    ]


def _broken_rules(checker: Checker, seats: list[Seat]) -> Iterator[str]:
    for seat in seats:
        if seat in checker.fixed:
            continue
        broken = checker.alone(seat.visit, seat.speaker, [seat.role])
        broken |= checker.beside(seat.visit, seat.speaker, seats)
        if broken:
            yield f"{seat} breaks {sorted(broken)}"
        if sum(other[:2] == seat[:2] for other in seats) > 1:
            yield f"{seat} is not the speaker's only role"
    for seat in set(checker.fixed) - set(seats):
        yield f"{seat} was fixed and has moved"


def _wrong_filling(checker: Checker, seats: list[Seat], solution: Json) -> Iterator[str]:
    filled, unfilled = checker.filled(seats), [each["id"] for each in solution["unfilled"]]
    if set(unfilled) != set(checker.visits) - filled or len(unfilled) != len(set(unfilled)):
        yield f"unfilled are {sorted(unfilled)}"
    new = Counter((seat.visit, seat.role) for seat in seats if seat not in checker.fixed)
    for name in checker.visits:
        wanted = checker.vacancies(name) if name in filled else {}
        for role in checker.visits[name]["roles"]:
            if new[name, role] != wanted.get(role, 0):
                yield f"{name} has {new[name, role]} new in {role}"


def _wrong_levels(checker: Checker, seats: list[Seat], solution: Json) -> Iterator[str]:
    values = checker.values(seats)
    if [level["name"] for level in solution["levels"]] != checker.levels:
        yield "levels are not those asked for"
    for level in solution["levels"]:
        scale = 1000 if level["name"] == "distance" else 1
        value, bound = round(level["value"] * scale), round(level["bound"] * scale)
        if value != values[level["name"]]:
            yield f"{level} is {values[level['name']]}"
        passed = value < bound if level["name"] in {"fairness", "distance"} else value > bound
        if passed or level["proven"] != (value == bound):
            yield f"{level} does not fit its bound"


def _wrong_counts(checker: Checker, seats: list[Seat], solution: Json) -> Iterator[str]:
    for each in solution["unfilled"]:
        name = each["id"]
        roles = [role for role, lack in checker.vacancies(name).items() if lack]
        others = set(checker.speakers) - {seat.speaker for seat in seats if seat.visit == name}
        counts: Counter[str] = Counter()
        for speaker in others:
            counts.update(checker.alone(name, speaker, roles))
            counts.update(checker.beside(name, speaker, seats))
        if each["considered"] != len(others) or each["refusals"] != dict(counts):
            yield f"{name} counts {each['refusals']}, not {dict(counts)}"


def _wrong_conflicts(checker: Checker, solution: Json) -> Iterator[str]:
    expected: dict[tuple[str, str], set[str]] = {}
    for seat in checker.fixed:
        broken = checker.alone(seat.visit, seat.speaker, [seat.role])
        broken |= checker.beside(seat.visit, seat.speaker, checker.fixed)
        if broken:
            expected[seat.visit, seat.speaker] = broken
    told = {(c["visit"], c["speaker"]): set(c["reasons"]) for c in solution["fixed_conflicts"]}
    if told != expected:
        yield f"fixed conflicts are {told}, not {expected}"


def best_values(problem: Json) -> list[int]:
    """Return the values of the levels, in their order, by trying everything there is."""
    checker = Checker(problem)
    choices = {name: list(fillings(checker, name)) for name in checker.visits}
    best: list[int] | None = None
    for seats in _every_plan(checker, list(checker.visits), choices, list(checker.fixed)):
        values = checker.values(seats)
        signed = [
            values[level] if level in {"fairness", "distance"} else -values[level]
            for level in checker.levels
        ]
        best = signed if best is None else min(best, signed)
    assert best is not None
    return [abs(value) for value in best]


def fillings(checker: Checker, visit: str) -> Iterator[list[Seat]]:
    """Give every way to fill the visit beside its fixed speakers, other visits aside."""
    there = {seat.speaker for seat in checker.fixed if seat.visit == visit}
    places = [role for role, lack in checker.vacancies(visit).items() for _ in range(lack)]
    seen: set[frozenset[Seat]] = set()
    for speakers in _lineups(checker, visit, places, there):
        seats = [Seat(visit, s, role) for s, role in zip(speakers, places, strict=True)]
        if seats and frozenset(seats) not in seen:
            seen.add(frozenset(seats))
            yield seats


def _lineups(
    checker: Checker, visit: str, places: list[str], taken: set[str]
) -> Iterator[list[str]]:
    if not places:
        yield []
        return
    for speaker in checker.speakers:
        if speaker not in taken and not (
            checker.alone(visit, speaker, places[:1])
            | checker.beside(visit, speaker, checker.fixed)
        ):
            for rest in _lineups(checker, visit, places[1:], taken | {speaker}):
                yield [speaker, *rest]


def _every_plan(
    checker: Checker, visits: list[str], choices: dict[str, list[list[Seat]]], seats: list[Seat]
) -> Iterator[list[Seat]]:
    if not visits:
        yield seats
        return
    yield from _every_plan(checker, visits[1:], choices, seats)
    for filling in choices[visits[0]]:
        if not any(checker.beside(seat.visit, seat.speaker, seats) for seat in filling):
            yield from _every_plan(checker, visits[1:], choices, seats + filling)


def kilometers(here: Json, there: Json) -> float:
    """The angle between two unit vectors, from their sum and difference, as an arc."""
    one, two = _vector(here), _vector(there)
    opposite = tuple(-part for part in two)
    return 2 * atan2(dist(one, two), dist(one, opposite)) * 6371.0088


def _vector(place: Json) -> tuple[float, float, float]:
    lat, lon = radians(place["lat"]), radians(place["lon"])
    return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)


def _free_minutes(speaker: Json) -> frozenset[tuple[int, int]]:
    spans = [(free["weekday"], free["from"], free["until"]) for free in speaker["weekly"]]
    return _minutes_in(tuple(spans))


@lru_cache(maxsize=1000)
def _minutes_in(spans: tuple[tuple[int, str, str], ...]) -> frozenset[tuple[int, int]]:
    return frozenset(
        (weekday, minute)
        for weekday, start, end in spans
        for minute in range(_minute(start), _minute(end))
    )


@lru_cache(maxsize=1000)
def _minutes_of(starts_at: str, count: int) -> tuple[frozenset[tuple[int, int]], frozenset[date]]:
    start = datetime.fromisoformat(starts_at)
    minutes = [start + timedelta(minutes=minute) for minute in range(count)]
    clock = frozenset((each.weekday(), each.hour * 60 + each.minute) for each in minutes)
    return clock, frozenset(each.date() for each in minutes)


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _start(visit: Json) -> datetime:
    return datetime.fromisoformat(visit["starts_at"])


def _end(visit: Json) -> datetime:
    return _start(visit) + timedelta(minutes=visit["minutes"])


def _is_in(busy: Json, moment: datetime) -> bool:
    begin, end = (datetime.fromisoformat(busy[name]) for name in ("from", "until"))
    return begin <= moment < end


def _holds(span: Json, day: date) -> bool:
    return date.fromisoformat(span["from"]) <= day <= date.fromisoformat(span["until"])
