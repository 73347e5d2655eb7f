"""Problems small enough to try everything, crowded enough that every rule and level matters."""

import random
from math import prod
from typing import Any

from hypothesis import strategies as st

from tests.matching.checker import DEFAULT_LEVELS, Checker, fillings

Json = dict[str, Any]
# The end of January, so that the months' quotas change in the middle.
DAYS = ["2027-01-29", "2027-01-30", "2027-01-31", "2027-02-01", "2027-02-02"]
HOURS = ["09:00", "10:00", "11:00", "11:30", "14:00", "14:00", "23:30"]
ROLES: list[dict[str, int]] = [
    {"lead": 1},
    {"lead": 1},
    {"peer": 1},
    {"lead": 1, "co-presenter": 1},
    {"lead": 1, "co-presenter": 1},
    {"co-presenter": 2},
    {"peer": 1},
    {"peer": 1, "lead": 1, "co-presenter": 1},
    {"lead": 2, "peer": 0},
]
ALWAYS = [{"weekday": day, "from": "00:00", "until": "24:00"} for day in range(7)]
DAYTIME = [
    {"weekday": day, "from": start, "until": end}
    for day in range(7)
    for start, end in (("09:00", "11:00"), ("11:00", "15:30"))
]
MOST_PLANS = 3_000


@st.composite
def small_problems(draw: st.DrawFn, *, people: int = 6, visits: int = 6) -> Json:
    """A problem of at most so many speakers and visits, and some 3,000 plans.

    Only sizes, levels and a seed are hypothesis's own: drawn one by one, the facts
    would hardly ever agree, and nobody could go anywhere.
    """
    rng = random.Random(draw(st.integers(0, 10**9)))  # noqa: S311 - repeatable, not secret
    problem = _problem(rng, draw(st.integers(4, people)), draw(st.integers(4, visits)))
    levels = draw(st.permutations(DEFAULT_LEVELS))[: draw(st.integers(2, 6))]
    problem["settings"] = {
        "levels": draw(st.sampled_from([DEFAULT_LEVELS, levels])),
        "travel_speed_km_h": 20,
        "desk_minutes": rng.choice([0, 15]),
    }
    checker = Checker(problem)
    ways = [1 + len(list(fillings(checker, visit))) for visit in checker.visits]
    while prod(ways) > MOST_PLANS:
        ways.pop()
        problem["visits"].pop()
    return problem


def _problem(rng: random.Random, people: int, visits: int) -> Json:
    sites = [
        {"id": f"h{number}", "lat": lat, "lon": -87.6}
        for number, lat in enumerate([41.8, 41.8, 42])
    ]
    speakers = [_speaker(rng, f"s{number}") for number in range(people)]
    return {
        "format": "outreach-matching/1",
        "sites": sites,
        "speakers": speakers,
        "visits": [_visit(rng, f"v{number}", speakers) for number in range(visits)],
    }


def _rarely(rng: random.Random, value: Any, otherwise: Any) -> Any:  # noqa: ANN401 - any JSON
    return value if rng.random() < 0.05 else otherwise


def _speaker(rng: random.Random, name: str) -> Json:
    until = _rarely(rng, "2027-01-31", "2028-01-31")
    return {
        "id": name,
        "lat": rng.choice([41.79, 41.81, 41.95]),
        "lon": rng.choice([-87.6, -87.62]),
        "radius_km": rng.choice([None, 30, 30, 18]),
        "languages": _rarely(rng, ["es"], ["en", "es"]),
        "unit_types": _rarely(rng, ["geriatric"], ["adult", "geriatric"]),
        "certifications": [
            {"program": "story", "role": role, "from": "2026-01-01", "until": "2027-12-31"}
            for role in rng.sample(["lead", "co-presenter", "peer"], rng.choice([1, 2, 3]))
        ],
        "clearances": [
            {"site": site, "from": "2026-02-01", "until": until}
            for site in rng.sample(["h0", "h1", "h2"], rng.choice([2, 3, 3]))
        ],
        "weekly": rng.choice([ALWAYS, ALWAYS, DAYTIME]),
        "away": _rarely(rng, [{"from": DAYS[0], "until": DAYS[1]}], []),
        "excluded_sites": _rarely(rng, ["h0"], []),
        "quota_per_month": rng.choice([3, 2, 1, 1]),
        "rest_days": rng.choice([0, 0, 1, 2]),
        "recent_visits": rng.randrange(4),
    }


def _visit(rng: random.Random, name: str, speakers: list[Json]) -> Json:
    roles, names = rng.choice(ROLES), [str(speaker["id"]) for speaker in speakers]
    return {
        "id": name,
        "site": rng.choice(["h0", "h0", "h1", "h2"]),
        "unit_type": _rarely(rng, "geriatric", "adult"),
        "starts_at": f"{rng.choice(DAYS)}T{rng.choice(HOURS)}",
        "minutes": rng.choice([30, 60, 90]),
        "language": _rarely(rng, "es", "en"),
        "program": _rarely(rng, "family", "story"),
        "roles": roles,
        "critical": rng.random() < 0.4,
        "fixed": _assigned(rng, names, roles, most=_rarely(rng, 2, 0)),
        "proposed": _assigned(rng, names, roles, most=2),
        "usual": rng.sample(names, rng.randrange(3)),
        "excluded_speakers": rng.sample(names, _rarely(rng, 1, 0)),
    }


def _assigned(
    rng: random.Random, names: list[str], roles: dict[str, int], *, most: int
) -> list[Json]:
    chosen = rng.sample(names, rng.randint(0, most))
    return [{"speaker": name, "role": rng.choice(list(roles))} for name in chosen]
