"""The engine's words: codes with their values. Sentences are made where they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | float | date | None
Params: TypeAlias = Mapping[str, Value]


class RefusalCode(StrEnum):
    """A hard rule that speaks against a speaker. The last three depend on the other visits."""

    TOO_FAR = "too_far"
    LANGUAGE = "language"
    UNIT_TYPE = "unit_type"
    NOT_CERTIFIED = "not_certified"
    NOT_CLEARED = "not_cleared"
    # Weekly pattern, away, busy or an exclusion: on purpose nobody can tell which.
    UNAVAILABLE = "unavailable"
    QUOTA = "quota"
    REST = "rest"
    OVERLAP = "overlap"


class ReasonCode(StrEnum):
    """What speaks for a speaker."""

    CERTIFIED = "certified"
    FREE = "free"
    DISTANCE = "distance"
    CLEARED = "cleared"
    RECENT = "recent"
    QUOTA = "quota"
    USUAL = "usual"


class ChangeCode(StrEnum):
    """One single change that would fill an unfilled visit."""

    RENEW_CLEARANCE = "renew_clearance"
    CERTIFY = "certify"
    RAISE_QUOTA = "raise_quota"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason against. `params` by code.

    too_far: distance_km, radius_km. language: language. unit_type: unit_type.
    not_certified: program, role, ended_on (last day of one that ended, or None).
    not_cleared: site, ended_on (likewise). unavailable: none, ever.
    quota: month ("2027-01"), used, limit. rest: visit (the blocking one), rest_days.
    overlap: visit (the blocking one), travel_minutes (rounded up).
    """

    code: RefusalCode
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for. `params` by code.

    certified: role, until. free: none. distance: km. cleared: site, until.
    recent: visits (of the last 90 days). quota: month, used (this visit
    included), limit. usual: none.
    """

    code: ReasonCode
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `params` by code; all but a move have the speaker.

    renew_clearance: site, ended_on (None: never had one). certify: program, role,
    ended_on (likewise). raise_quota: month, limit (the new one). move: starts_at (a
    datetime on the problem's clock), and nobody's name, ever.
    """

    code: ChangeCode
    params: Params = field(default_factory=dict)
