"""A problem as a JSON object, read strictly: an error names the path of what is wrong."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from outreach.matching.fields import (
    Fields,
    day,
    flag,
    integer,
    members,
    number,
    number_or_null,
    text,
    tuple_of,
)
from outreach.matching.json_stream import Each, Member, Once, Source, read_members
from outreach.matching.problem import (
    DAY_MINUTES,
    Assigned,
    Away,
    Busy,
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
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:00)?", re.ASCII)


def problem_from_json(data: object) -> Problem:
    """Read what `json.loads` gave.

    Raises:
        ProblemError: naming the first wrong place, such as `visits[12].site`.
    """
    try:
        fields = Fields(data)
        fields.take("format", _format)
        settings = fields.optional("settings", _settings, Settings())
        sites = fields.take("sites", tuple_of(_site))
        speakers = fields.take("speakers", tuple_of(_speaker))
        visits = fields.take("visits", tuple_of(_visit))
        fields.end()
    except ProblemError as error:
        raise error if error.path else error.below("problem")  # noqa: B904 - the same error
    return Problem(settings=settings, sites=sites, speakers=speakers, visits=visits)


def read_problem(source: Source) -> Problem:
    """Read a file as `problem_from_json` does, entry by entry. Raises ProblemError."""
    settings = Once(_settings, Settings())
    sites, speakers, visits = Each(_site), Each(_speaker), Each(_visit)
    known: dict[str, Member] = {
        "format": Once(_format, ""),
        "settings": settings,
        "sites": sites,
        "speakers": speakers,
        "visits": visits,
    }
    read_members(source, known, optional={"settings"}, name="problem")
    return Problem(
        settings=settings.value,
        sites=tuple(sites.rows),
        speakers=tuple(speakers.rows),
        visits=tuple(visits.rows),
    )


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


def _format(data: object) -> str:
    written = text(data)
    if written != PROBLEM_FORMAT:
        raise ProblemError("", f"is {written!r}, must be {PROBLEM_FORMAT!r}")
    return written


def _settings(data: object) -> Settings:
    fields = Fields(data)
    default = Settings()
    settings = Settings(
        levels=fields.optional("levels", tuple_of(_level), default.levels),
        travel_speed_km_h=fields.optional("travel_speed_km_h", number, default.travel_speed_km_h),
        desk_minutes=fields.optional("desk_minutes", number, default.desk_minutes),
    )
    fields.end()
    return settings


def _site(data: object) -> Site:
    fields = Fields(data)
    site = Site(
        id=fields.take("id", text),
        lat=fields.take("lat", number),
        lon=fields.take("lon", number),
    )
    fields.end()
    return site


def _speaker(data: object) -> Speaker:
    fields = Fields(data)
    speaker = Speaker(
        id=fields.take("id", text),
        lat=fields.take("lat", number),
        lon=fields.take("lon", number),
        radius_km=fields.take("radius_km", number_or_null),
        languages=fields.take("languages", tuple_of(text)),
        unit_types=fields.take("unit_types", tuple_of(text)),
        certifications=fields.take("certifications", tuple_of(_certification)),
        clearances=fields.take("clearances", tuple_of(_clearance)),
        weekly=fields.take("weekly", tuple_of(_weekly)),
        away=fields.take("away", tuple_of(_away)),
        busy=fields.optional("busy", tuple_of(_busy), ()),
        excluded_sites=fields.take("excluded_sites", tuple_of(text)),
        quota_per_month=fields.take("quota_per_month", integer),
        rest_days=fields.take("rest_days", integer),
        recent_visits=fields.take("recent_visits", integer),
    )
    fields.end()
    return speaker


def _certification(data: object) -> Certification:
    fields = Fields(data)
    certification = Certification(
        program=fields.take("program", text),
        role=fields.take("role", text),
        starts_on=fields.take("from", day),
        ends_on=fields.take("until", day),
    )
    fields.end()
    return certification


def _clearance(data: object) -> Clearance:
    fields = Fields(data)
    clearance = Clearance(
        site=fields.take("site", text),
        starts_on=fields.take("from", day),
        ends_on=fields.take("until", day),
    )
    fields.end()
    return clearance


def _weekly(data: object) -> Weekly:
    fields = Fields(data)
    weekly = Weekly(
        weekday=fields.take("weekday", integer),
        from_minute=fields.take("from", _minute),
        until_minute=fields.take("until", _minute),
    )
    fields.end()
    return weekly


def _away(data: object) -> Away:
    fields = Fields(data)
    away = Away(starts_on=fields.take("from", day), ends_on=fields.take("until", day))
    fields.end()
    return away


def _busy(data: object) -> Busy:
    fields = Fields(data)
    busy = Busy(starts_at=fields.take("from", _moment), ends_at=fields.take("until", _moment))
    fields.end()
    return busy


def _visit(data: object) -> Visit:
    fields = Fields(data)
    visit = Visit(
        id=fields.take("id", text),
        site=fields.take("site", text),
        unit_type=fields.take("unit_type", text),
        starts_at=fields.take("starts_at", _moment),
        minutes=fields.take("minutes", integer),
        language=fields.take("language", text),
        program=fields.take("program", text),
        roles=fields.take("roles", _roles),
        critical=fields.take("critical", flag),
        fixed=fields.optional("fixed", tuple_of(_assigned), ()),
        proposed=fields.optional("proposed", tuple_of(_assigned), ()),
        usual=fields.optional("usual", tuple_of(text), ()),
        excluded_speakers=fields.optional("excluded_speakers", tuple_of(text), ()),
    )
    fields.end()
    return visit


def _assigned(data: object) -> Assigned:
    fields = Fields(data)
    assigned = Assigned(speaker=fields.take("speaker", text), role=fields.take("role", text))
    fields.end()
    return assigned


def _roles(data: object) -> Mapping[str, int]:
    needed = members(data, kind="an object of roles and how many speakers each needs")
    fields = Fields(needed)
    return {text(role): fields.take(role, integer) for role in needed}


def _level(data: object) -> LevelName:
    written = text(data)
    try:
        return LevelName(written)
    except ValueError:
        names = ", ".join(LevelName)
        raise ProblemError("", f"is {written!r}, must be one of {names}") from None


def _moment(data: object) -> datetime:
    written = text(data)
    try:
        if _MOMENT.fullmatch(written):
            return datetime.fromisoformat(written)
    except ValueError:
        pass  # the shape of a time, but not on the clock
    raise ProblemError("", f"is {written!r}, must be a time without zone like 2027-01-31T14:00")


def _minute(data: object) -> int:
    return _minute_of(text(data))


@lru_cache(maxsize=1 << 11)
def _minute_of(written: str) -> int:
    if not _CLOCK.fullmatch(written):
        raise ProblemError("", f"is {written!r}, must be a time of day from 00:00 to 24:00")
    hours, minutes = written.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}" if minute < DAY_MINUTES else "24:00"


def _span_to_json(span: Certification | Clearance | Away) -> dict[str, object]:
    return {"from": span.starts_on.isoformat(), "until": span.ends_on.isoformat()}


def _busy_to_json(busy: Busy) -> dict[str, object]:
    return {
        "from": busy.starts_at.isoformat(timespec="minutes"),
        "until": busy.ends_at.isoformat(timespec="minutes"),
    }


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
        # Left out where there are none, as in nearly every problem.
        **({"busy": [_busy_to_json(each) for each in speaker.busy]} if speaker.busy else {}),
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
