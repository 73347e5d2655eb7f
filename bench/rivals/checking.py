"""A solution file held against its problem, at the scale of a nation. No code of the engine."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator

from bench.rivals.rules import Event, Json, Rules, Seat

LOWER_IS_BETTER = {"fairness", "distance"}


def violations(
    problem: Json, solution: Json, *, rules: Rules | None = None, most_counted: int | None = None
) -> list[str]:
    """Return whatever is wrong with a solution file, as sentences.

    The refusals of an unfilled visit are counted over everybody: with `most_counted` only those
    of so many visits, drawn by lot but always the same.
    """
    return list(_Check(rules or Rules(problem), solution).all(most_counted))


def filled(rules: Rules, seats: list[Seat]) -> set[str]:
    """Return the visits that have all they need."""
    sitting = Counter((seat.visit, seat.role) for seat in seats)
    return {
        event.id
        for event in rules.events.values()
        if all(sitting[event.id, role] >= count for role, count in event.roles.items())
    }


class _Check:
    def __init__(self, rules: Rules, solution: Json) -> None:
        self._rules = rules
        self._solution = solution
        self._seats = [
            Seat(plan["id"], each["id"], each["role"])
            for plan in solution["visits"]
            for each in plan["speakers"]
        ]
        self._fixed = [seat for event in rules.events.values() for seat in event.fixed]
        self._events_of = self._by_speaker(self._seats)
        self._filled = filled(rules, self._seats)

    def all(self, most_counted: int | None) -> Iterator[str]:
        yield from self._broken_rules()
        yield from self._wrong_filling()
        yield from self._wrong_levels()
        yield from self._wrong_counts(most_counted)
        yield from self._wrong_conflicts()

    def _broken_rules(self) -> Iterator[str]:
        fixed, comes = set(self._fixed), Counter(seat[:2] for seat in self._seats)
        for seat in self._seats:
            if comes[seat[:2]] > 1:
                yield f"{seat} is not the speaker's only role"
            if seat not in fixed:
                broken = self._against(seat, self._events_of[seat.speaker])
                if broken:
                    yield f"{seat} breaks {sorted(broken)}"
        for seat in fixed - set(self._seats):
            yield f"{seat} was fixed and has moved"

    def _wrong_filling(self) -> Iterator[str]:
        unfilled = [each["id"] for each in self._solution["unfilled"]]
        if sorted(unfilled) != sorted(set(self._rules.events) - self._filled):
            yield "unfilled are not those that lack somebody"
        fixed = set(self._fixed)
        new = Counter((s.visit, s.role) for s in self._seats if s not in fixed)
        for event in self._rules.events.values():
            vacancies = event.vacancies()
            for role in event.roles:
                wanted = vacancies[role] if event.id in self._filled else 0
                if new[event.id, role] != wanted:
                    yield f"{event.id} has {new[event.id, role]} new in {role}, not {wanted}"

    def _wrong_levels(self) -> Iterator[str]:
        if [level["name"] for level in self._solution["levels"]] != self._rules.levels:
            yield "levels are not those asked for"
        values = self._values()
        for level in self._solution["levels"]:
            scale = 1000 if level["name"] == "distance" else 1
            value, bound = round(level["value"] * scale), round(level["bound"] * scale)
            if value != values[level["name"]]:
                yield f"{level} is {values[level['name']]}"
            passed = value < bound if level["name"] in LOWER_IS_BETTER else value > bound
            if passed or level["proven"] != (value == bound):
                yield f"{level} does not fit its bound"

    def _values(self) -> dict[str, int]:
        rules, events = self._rules, self._rules.events
        seats, comes = set(self._seats), {seat[:2] for seat in self._seats}
        return {
            "fill": len(self._filled),
            "critical": sum(events[name].critical for name in self._filled),
            "kept": sum(seat in seats for event in events.values() for seat in event.proposed),
            "usual": sum(
                any((event.id, speaker) in comes for speaker in event.usual)
                for event in events.values()
            ),
            "fairness": sum(
                (person.recent + len(self._events_of.get(person.id, ()))) ** 2
                for person in rules.people.values()
            ),
            "distance": sum(
                round(rules.km(events[seat.visit], rules.people[seat.speaker]) * 1000)
                for seat in self._seats
            ),
        }

    def _wrong_counts(self, most: int | None) -> Iterator[str]:
        told: list[Json] = self._solution["unfilled"]
        if most is not None and len(told) > most:
            told = random.Random(1).sample(told, most)  # noqa: S311 - the same ones each time
        for each in told:
            event = self._rules.events[each["id"]]
            counts, considered = self._counts(event)
            if each["considered"] != considered or each["refusals"] != counts:
                yield f"{event.id} counts {each['refusals']}, not {counts}"

    def _counts(self, event: Event) -> tuple[dict[str, int], int]:
        there = {seat.speaker for seat in self._seats if seat.visit == event.id}
        roles = [role for role, lack in event.vacancies().items() if lack]
        others = [person for person in self._rules.people.values() if person.id not in there]
        counts: Counter[str] = Counter()
        for person in others:
            mine = self._events_of.get(person.id, [])
            counts.update(self._rules.alone(event, person, roles))
            counts.update(self._rules.beside(event, person, mine))
        return dict(counts), len(others)

    def _wrong_conflicts(self) -> Iterator[str]:
        beside = self._by_speaker(self._fixed)
        expected = {
            seat[:2]: broken
            for seat in self._fixed
            if (broken := self._against(seat, beside[seat.speaker]))
        }
        told = {
            (each["visit"], each["speaker"]): set(each["reasons"])
            for each in self._solution["fixed_conflicts"]
        }
        if told != expected:
            yield f"fixed conflicts are {told}, not {expected}"

    def _against(self, seat: Seat, mine: list[Event]) -> set[str]:
        event, person = self._rules.events[seat.visit], self._rules.people[seat.speaker]
        alone = self._rules.alone(event, person, [seat.role])
        return alone | self._rules.beside(event, person, mine)

    def _by_speaker(self, seats: list[Seat]) -> defaultdict[str, list[Event]]:
        events: defaultdict[str, list[Event]] = defaultdict(list)
        for seat in seats:
            events[seat.speaker].append(self._rules.events[seat.visit])
        return events
