"""Problems as JSON objects from a seed, dense enough that every rule binds somewhere."""

import random
from datetime import date, timedelta
from typing import Any

MONDAY = date(2027, 1, 4)
LANGUAGES = ("en", "es")
UNIT_TYPES = ("adult", "adolescent", "geriatric")
PROGRAMS = ("story", "family")
LEVELS = ("fill", "critical", "kept", "usual", "fairness", "distance")
Json = dict[str, Any]


def random_problem(
    seed: int, *, speakers: int, visits: int, days: int = 45, density: float = 1.0
) -> Json:
    """Return an affiliate's problem over `days` days; `density` scales who may go where."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    sites = [_site(rng, number) for number in range(max(2, visits // 6))]
    site_ids = [str(site["id"]) for site in sites]
    people = [_speaker(rng, number, site_ids, density) for number in range(speakers)]
    return {
        "format": "outreach-matching/1",
        "sites": sites,
        "speakers": people,
        "visits": [_visit(rng, number, site_ids, people, days) for number in range(visits)],
    }


def _site(rng: random.Random, number: int) -> Json:
    # Two units of one hospital share its coordinates.
    spot = random.Random(rng.randrange(5)) if number % 2 else rng  # noqa: S311 - as above
    lat, lon = 41.7 + spot.random() * 0.4, -87.9 + spot.random() * 0.4
    return {"id": f"h{number}", "lat": lat, "lon": lon}


def _speaker(rng: random.Random, number: int, sites: list[str], density: float) -> Json:
    cleared = [site for site in sites if rng.random() < 0.6 * density]
    return {
        "id": f"s{number}",
        "lat": 41.7 + rng.random() * 0.4,
        "lon": -87.9 + rng.random() * 0.4,
        "radius_km": rng.choice([None, 15, 25, 40, 60]),
        "languages": ["en", "es"] if rng.random() < 0.35 else ["en"],
        "unit_types": rng.sample(UNIT_TYPES, rng.choice([1, 2, 3])),
        "certifications": [
            {"program": program, "role": role, **_span(rng)}
            for program in PROGRAMS
            for role in ("lead", "co-presenter", "peer")
            if rng.random() < 0.5
        ],
        "clearances": [{"site": site, **_span(rng)} for site in cleared],
        "weekly": _weekly(rng, density),
        "away": [_away(rng) for _ in range(rng.choice([0, 0, 1, 2]))],
        "excluded_sites": [site for site in sites if rng.random() < 0.03],
        "quota_per_month": rng.choice([0, 1, 2, 2, 3, 4]),
        "rest_days": rng.choice([0, 0, 1, 2, 5]),
        "recent_visits": rng.randrange(6),
    }


def _span(rng: random.Random) -> Json:
    first = MONDAY - timedelta(days=rng.randrange(400))
    return {"from": first.isoformat(), "until": str(first + timedelta(days=rng.choice([380, 730])))}


def _weekly(rng: random.Random, density: float) -> list[Json]:
    free: list[Json] = []
    for weekday in range(7):
        if rng.random() < 0.65 * density:
            start = rng.choice([0, 8, 9, 12])
            end = rng.choice([24, 17, 20]) if start else 24
            middle = rng.randrange(start + 1, end)
            free.append({"weekday": weekday, "from": _clock(start), "until": _clock(middle)})
            if rng.random() < 0.8:
                free.append({"weekday": weekday, "from": _clock(middle), "until": _clock(end)})
    return free


def _clock(hour: int) -> str:
    return f"{hour:02d}:00"


def _away(rng: random.Random) -> Json:
    first = MONDAY + timedelta(days=rng.randrange(45))
    return {"from": str(first), "until": str(first + timedelta(days=rng.randrange(6)))}


def _visit(
    rng: random.Random, number: int, sites: list[str], people: list[Json], days: int
) -> Json:
    day = MONDAY + timedelta(days=rng.randrange(days))
    hour = rng.choice([9, 10, 13, 14, 15, 16, 18, 23 if rng.random() < 0.1 else 19])
    roles = rng.choice(
        [{"lead": 1}, {"lead": 1, "co-presenter": 1}, {"lead": 1, "co-presenter": 2}, {"peer": 1}]
    )
    names = [str(person["id"]) for person in people]
    visit: Json = {
        "id": f"v{number}",
        "site": rng.choice(sites),
        "unit_type": rng.choice(UNIT_TYPES),
        "starts_at": f"{day}T{hour:02d}:00",
        "minutes": rng.choice([45, 60, 90, 120]),
        "language": rng.choices(LANGUAGES, [0.85, 0.15])[0],
        "program": rng.choice(PROGRAMS),
        "roles": roles,
        "critical": rng.random() < 0.2,
        "usual": rng.sample(names, min(len(names), rng.choice([0, 0, 1, 3]))),
        "excluded_speakers": [name for name in names if rng.random() < 0.02],
    }
    # Mostly people who fit, now and then somebody who does not.
    fitting = [str(person["id"]) for person in people if _fits(person, visit)]
    for key, chance in (("fixed", 0.1), ("proposed", 0.4)):
        if rng.random() < chance:
            among = fitting if fitting and rng.random() < 0.8 else names
            visit[key] = [{"speaker": rng.choice(among), "role": rng.choice(list(roles))}]
    return visit


def _fits(person: Json, visit: Json) -> bool:
    cleared = any(each["site"] == visit["site"] for each in person["clearances"])
    return cleared and visit["unit_type"] in person["unit_types"]
