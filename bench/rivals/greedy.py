"""Two ways to plan by hand, in plain Python: what the engine has to be worth."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import permutations
from typing import TypeAlias

from bench.rivals.rules import Event, Person, Rules, Seat

Able: TypeAlias = dict[str, list[tuple[Person, list[str]]]]
Plan: TypeAlias = Callable[[Rules, Able], list[Seat]]


def chronological_nearest(rules: Rules, able: Able) -> list[Seat]:
    """Go through the visits by date and take the nearest who can, role by role."""
    plan = _Planner(rules, able)
    events = sorted(rules.events.values(), key=lambda event: event.starts)
    plan.fill(events, rules.km)
    return plan.seats


def scarce_least_loaded(rules: Rules, able: Able) -> list[Seat]:
    """Go through the critical visits first, then by how few can, and take who has had least."""
    plan = _Planner(rules, able)
    events = sorted(
        rules.events.values(),
        key=lambda event: (not event.critical, len(able[event.id]), event.starts),
    )
    plan.fill(events, lambda _event, person: person.recent + len(plan.events_of[person.id]))
    return plan.seats


def able_of(rules: Rules) -> Able:
    """Say for each visit who can take which roles, other visits aside."""
    return {event.id: list(rules.able(event)) for event in rules.events.values()}


class _Planner:
    """The seats so far. A visit is filled whole or not at all."""

    def __init__(self, rules: Rules, able: Able) -> None:
        self._rules = rules
        self._able = able
        self.seats = [seat for event in rules.events.values() for seat in event.fixed]
        self.events_of: defaultdict[str, list[Event]] = defaultdict(list)
        for seat in self.seats:
            self.events_of[seat.speaker].append(rules.events[seat.visit])

    def fill(self, events: Iterable[Event], rank: Callable[[Event, Person], float]) -> None:
        for event in events:
            for seat in self._team(event, rank):
                self.seats.append(seat)
                self.events_of[seat.speaker].append(event)

    def _team(self, event: Event, rank: Callable[[Event, Person], float]) -> list[Seat]:
        """Find a team, the first in rank for each role; nobody where a role stays empty."""
        there = {seat.speaker for seat in event.fixed}
        free = [
            (rank(event, person), person.id, roles)
            for person, roles in self._able[event.id]
            if person.id not in there
            and not self._rules.beside(event, person, self.events_of.get(person.id, ()))
        ]
        free.sort(key=lambda each: each[:2])
        wanted = [role for role, lack in event.vacancies().items() for _ in range(lack)]
        # Any order of the roles, so that the only lead is not spent as a co-presenter.
        for order in dict.fromkeys(permutations(wanted)):
            team: list[Seat] = []
            for role in order:
                taken = {seat.speaker for seat in team}
                name = next((n for _, n, roles in free if role in roles and n not in taken), None)
                if name is None:
                    break
                team.append(Seat(event.id, name, role))
            else:
                return team
        return []
