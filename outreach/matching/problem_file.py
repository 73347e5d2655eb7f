"""A problem as a JSON object, read strictly: an error names the path of what is wrong."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from math import isfinite
from typing import TypeVar

from outreach.matching.problem import (
    DAY_MINUTES,
    Assigned,
    Away,
    Certification,
    Clearance,
    LevelName,
    Problem,
    ProblemError,
    Settings,
    Site,
    Speaker,
    Visit,
    Weekly,
)

PROBLEM_FORMAT = "outreach-matching/1"
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:00)?", re.ASCII)
# A lone surrogate cannot be written out again, so it must not come in.
_UNWRITABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_T = TypeVar("_T")


def problem_from_json(data: object) -> Problem:
    """Read what `json.loads` gave.

    Raises:
        ProblemError: naming the first wrong place, such as `visits[12].site`.
    """
    fields = _Fields("problem", data, top=True)
    written = fields.take("format", _text)
    if written != PROBLEM_FORMAT:
        raise ProblemError("format", f"is {written!r}, must be {PROBLEM_FORMAT!r}")
    settings = fields.optional("settings", _settings, Settings())
    sites = fields.take("sites", _tuple_of(_site))
    speakers = fields.take("speakers", _tuple_of(_speaker))
    visits = fields.take("visits", _tuple_of(_visit))
    fields.end()
    return Problem(settings=settings, sites=sites, speakers=speakers, visits=visits)


def problem_to_json(problem: Problem) -> dict[str, object]:
    """Write the object that `problem_from_json` reads back into an equal problem."""
    return {
        "format": PROBLEM_FORMAT,
        "settings": {
            "levels": [level.value for level in problem.settings.levels],
            "travel_speed_km_h": problem.settings.travel_speed_km_h,
            "desk_minutes": problem.settings.desk_minutes,
        },
        "sites": [{"id": site.id, "lat": site.lat, "lon": site.lon} for site in problem.sites],
        "speakers": [_speaker_to_json(speaker) for speaker in problem.speakers],
        "visits": [_visit_to_json(visit) for visit in problem.visits],
    }


class _Fields:
    """The keys of one object, taken one by one; `end` refuses what nobody took."""

    def __init__(self, path: str, data: object, *, top: bool = False) -> None:
        if not isinstance(data, dict):
            raise ProblemError(path, "must be an object")
        self._prefix = "" if top else f"{path}."
        self._left: dict[object, object] = dict(data)

    def take(self, name: str, read: Callable[[str, object], _T]) -> _T:
        path = self._prefix + name
        if name not in self._left:
            raise ProblemError(path, "is missing")
        return read(path, self._left.pop(name))

    def optional(self, name: str, read: Callable[[str, object], _T], default: _T) -> _T:
        return self.take(name, read) if name in self._left else default

    def end(self) -> None:
        for name in self._left:
            raise ProblemError(f"{self._prefix}{name}", "is not a known key")


def _settings(path: str, data: object) -> Settings:
    fields = _Fields(path, data)
    default = Settings()
    settings = Settings(
        levels=fields.optional("levels", _tuple_of(_level), default.levels),
        travel_speed_km_h=fields.optional("travel_speed_km_h", _number, default.travel_speed_km_h),
        desk_minutes=fields.optional("desk_minutes", _number, default.desk_minutes),
    )
    fields.end()
    return settings


def _site(path: str, data: object) -> Site:
    fields = _Fields(path, data)
    site = Site(
        id=fields.take("id", _text),
        lat=fields.take("lat", _number),
        lon=fields.take("lon", _number),
    )
    fields.end()
    return site


def _speaker(path: str, data: object) -> Speaker:
    fields = _Fields(path, data)
    speaker = Speaker(
        id=fields.take("id", _text),
        lat=fields.take("lat", _number),
        lon=fields.take("lon", _number),
        radius_km=fields.take("radius_km", _number_or_null),
        languages=fields.take("languages", _tuple_of(_text)),
        unit_types=fields.take("unit_types", _tuple_of(_text)),
        certifications=fields.take("certifications", _tuple_of(_certification)),
        clearances=fields.take("clearances", _tuple_of(_clearance)),
        weekly=fields.take("weekly", _tuple_of(_weekly)),
        away=fields.take("away", _tuple_of(_away)),
        excluded_sites=fields.take("excluded_sites", _tuple_of(_text)),
        quota_per_month=fields.take("quota_per_month", _integer),
        rest_days=fields.take("rest_days", _integer),
        recent_visits=fields.take("recent_visits", _integer),
    )
    fields.end()
    return speaker


def _certification(path: str, data: object) -> Certification:
    fields = _Fields(path, data)
    certification = Certification(
        program=fields.take("program", _text),
        role=fields.take("role", _text),
        starts_on=fields.take("from", _day),
        ends_on=fields.take("until", _day),
    )
    fields.end()
    return certification


def _clearance(path: str, data: object) -> Clearance:
    fields = _Fields(path, data)
    clearance = Clearance(
        site=fields.take("site", _text),
        starts_on=fields.take("from", _day),
        ends_on=fields.take("until", _day),
    )
    fields.end()
    return clearance


def _weekly(path: str, data: object) -> Weekly:
    fields = _Fields(path, data)
    weekly = Weekly(
        weekday=fields.take("weekday", _integer),
        from_minute=fields.take("from", _minute),
        until_minute=fields.take("until", _minute),
    )
    fields.end()
    return weekly


def _away(path: str, data: object) -> Away:
    fields = _Fields(path, data)
    away = Away(starts_on=fields.take("from", _day), ends_on=fields.take("until", _day))
    fields.end()
    return away


def _visit(path: str, data: object) -> Visit:
    fields = _Fields(path, data)
    visit = Visit(
        id=fields.take("id", _text),
        site=fields.take("site", _text),
        unit_type=fields.take("unit_type", _text),
        starts_at=fields.take("starts_at", _moment),
        minutes=fields.take("minutes", _integer),
        language=fields.take("language", _text),
        program=fields.take("program", _text),
        roles=fields.take("roles", _roles),
        critical=fields.take("critical", _flag),
        fixed=fields.optional("fixed", _tuple_of(_assigned), ()),
        proposed=fields.optional("proposed", _tuple_of(_assigned), ()),
        usual=fields.optional("usual", _tuple_of(_text), ()),
        excluded_speakers=fields.optional("excluded_speakers", _tuple_of(_text), ()),
    )
    fields.end()
    return visit


def _assigned(path: str, data: object) -> Assigned:
    fields = _Fields(path, data)
    assigned = Assigned(speaker=fields.take("speaker", _text), role=fields.take("role", _text))
    fields.end()
    return assigned


def _roles(path: str, data: object) -> Mapping[str, int]:
    if not isinstance(data, dict):
        raise ProblemError(path, "must be an object of roles and how many speakers each needs")
    return {_text(path, role): _integer(f"{path}.{role}", count) for role, count in data.items()}


def _tuple_of(read: Callable[[str, object], _T]) -> Callable[[str, object], tuple[_T, ...]]:
    def read_all(path: str, data: object) -> tuple[_T, ...]:
        if not isinstance(data, list):
            raise ProblemError(path, "must be a list")
        return tuple(read(f"{path}[{index}]", item) for index, item in enumerate(data))

    return read_all


def _text(path: str, data: object) -> str:
    if not isinstance(data, str):
        raise ProblemError(path, "must be text")
    if _UNWRITABLE.search(data):
        raise ProblemError(path, "must be text without control characters")
    return data


def _flag(path: str, data: object) -> bool:
    if not isinstance(data, bool):
        raise ProblemError(path, "must be true or false")
    return data


def _integer(path: str, data: object) -> int:
    if not isinstance(data, int) or isinstance(data, bool):
        raise ProblemError(path, "must be a whole number")
    return data


def _number(path: str, data: object) -> float:
    if not isinstance(data, int | float) or isinstance(data, bool):
        raise ProblemError(path, "must be a number")
    try:
        number = float(data)
    except OverflowError:
        raise ProblemError(path, "is too large") from None
    if not isfinite(number):
        raise ProblemError(path, "must be a finite number")
    return number


def _number_or_null(path: str, data: object) -> float | None:
    return None if data is None else _number(path, data)


def _level(path: str, data: object) -> LevelName:
    text = _text(path, data)
    try:
        return LevelName(text)
    except ValueError:
        names = ", ".join(LevelName)
        raise ProblemError(path, f"is {text!r}, must be one of {names}") from None


def _day(path: str, data: object) -> date:
    text = _text(path, data)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # the shape of a date, but not in the calendar
    raise ProblemError(path, f"is {text!r}, must be a date like 2027-01-31")


def _moment(path: str, data: object) -> datetime:
    text = _text(path, data)
    try:
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass  # the shape of a time, but not on the clock
    raise ProblemError(path, f"is {text!r}, must be a time without zone like 2027-01-31T14:00")


def _minute(path: str, data: object) -> int:
    text = _text(path, data)
    if not _CLOCK.fullmatch(text):
        raise ProblemError(path, f"is {text!r}, must be a time of day from 00:00 to 24:00")
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}" if minute < DAY_MINUTES else "24:00"


def _span_to_json(span: Certification | Clearance | Away) -> dict[str, object]:
    return {"from": span.starts_on.isoformat(), "until": span.ends_on.isoformat()}


def _speaker_to_json(speaker: Speaker) -> dict[str, object]:
    return {
        "id": speaker.id,
        "lat": speaker.lat,
        "lon": speaker.lon,
        "radius_km": speaker.radius_km,
        "languages": list(speaker.languages),
        "unit_types": list(speaker.unit_types),
        "certifications": [
            {"program": held.program, "role": held.role, **_span_to_json(held)}
            for held in speaker.certifications
        ],
        "clearances": [{"site": held.site, **_span_to_json(held)} for held in speaker.clearances],
        "weekly": [
            {
                "weekday": free.weekday,
                "from": _clock(free.from_minute),
                "until": _clock(free.until_minute),
            }
            for free in speaker.weekly
        ],
        "away": [_span_to_json(away) for away in speaker.away],
        "excluded_sites": list(speaker.excluded_sites),
        "quota_per_month": speaker.quota_per_month,
        "rest_days": speaker.rest_days,
        "recent_visits": speaker.recent_visits,
    }


def _visit_to_json(visit: Visit) -> dict[str, object]:
    return {
        "id": visit.id,
        "site": visit.site,
        "unit_type": visit.unit_type,
        "starts_at": visit.starts_at.isoformat(timespec="minutes"),
        "minutes": visit.minutes,
        "language": visit.language,
        "program": visit.program,
        "roles": dict(visit.roles),
        "critical": visit.critical,
        "fixed": [_assigned_to_json(each) for each in visit.fixed],
        "proposed": [_assigned_to_json(each) for each in visit.proposed],
        "usual": list(visit.usual),
        "excluded_speakers": list(visit.excluded_speakers),
    }


def _assigned_to_json(assigned: Assigned) -> dict[str, object]:
    return {"speaker": assigned.speaker, "role": assigned.role}
