"""What the engine answers: who goes where, how good that is, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from outreach.matching.problem import LevelName
from outreach.matching.reasons import Change, Reason, Refusal, RefusalCode


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """One goal: what was reached and what cannot be passed with the earlier goals as reached.

    `value` and `bound` count visits or pairs, are a sum of squares (fairness) or
    kilometers (distance). `proven` means that the two are the same.
    """

    name: LevelName
    value: float
    bound: float
    proven: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A speaker of a visit. `fixed` ones were given; the others are proposals."""

    speaker: str
    role: str
    distance_km: float
    fixed: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The speakers of one visit, those of one role together."""

    visit: str
    speakers: tuple[Chosen, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Unfilled:
    """A visit that lacks somebody in a role.

    `refusals` counts, of the `considered` speakers who are not on it, those whom
    each rule speaks against for every lacking role; one speaker may count under
    several. `would_fill_if` are single changes of which each would fill it.
    """

    visit: str
    considered: int
    refusals: Mapping[RefusalCode, int]
    would_fill_if: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FixedConflict:
    """A fixed speaker who breaks rules, and stays all the same."""

    visit: str
    speaker: str
    reasons: tuple[Refusal, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Solution:
    """The answer, in the order of the problem's visits.

    `visits` are those with any speaker. Of an unfilled one `solve` has only the fixed
    speakers there: it proposes for the whole of a visit or not at all.
    """

    seconds: float
    levels: tuple[Level, ...]
    visits: tuple[Plan, ...]
    unfilled: tuple[Unfilled, ...] = ()
    fixed_conflicts: tuple[FixedConflict, ...] = ()

    def speakers_of(self, visit_id: str) -> tuple[Chosen, ...]:
        """Return who attends this visit; empty if nobody does."""
        return next((plan.speakers for plan in self.visits if plan.visit == visit_id), ())
