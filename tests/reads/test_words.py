"""Codes become sentences, in both languages."""

from datetime import date, time

import pytest

from outreach.i18n import speaking
from outreach.matching import ReasonCode, RefusalCode
from outreach.messaging.kinds import KINDS
from outreach.messaging.models import STATES
from outreach.reads import words
from outreach.reads.words import Status
from outreach.visits.rules import Code, Hours, Refusal, Staffing

NBSP = "\N{NO-BREAK SPACE}"
REASONS = [
    {"code": "usual", "params": {}},
    {"code": "certified", "params": {"role": "lead", "until": "2027-12-31"}},
    {"code": "free", "params": {}},
    {"code": "distance", "params": {"km": 14.5}},
    {"code": "cleared", "params": {"site": "x", "until": "2027-06-30"}},
    {"code": "recent", "params": {"visits": 1}},
    {"code": "quota", "params": {"month": "2026-12", "used": 2, "limit": 3}},
]


def test_reasons_are_lines_a_coordinator_can_check() -> None:
    assert words.reasons(REASONS, hospital="Mercy") == [
        "Comes to this unit often",
        "Trained as lead for this program",
        "Free at that time, about 9 miles away",
        f"Cleared for Mercy until June{NBSP}30, 2027",
        "1 visit in the last 90 days; visit 2 of at most 3 that month",
    ]


def test_every_reason_of_the_engine_has_words() -> None:
    codes = {reason["code"] for reason in REASONS}

    assert codes == {str(code) for code in ReasonCode}


def test_a_clearance_without_an_end_names_none() -> None:
    given = [{"code": "cleared", "params": {"site": "x", "until": "9999-12-31"}}]

    assert words.reasons(given, hospital="Mercy") == ["Cleared for Mercy"]


PARAMS = {
    "distance_km": 80.0,
    "radius_km": 40.0,
    "language": "es",
    "unit_type": "adolescent",
    "program": "p",
    "role": "lead",
    "ended_on": date(2026, 12, 7),
    "site": "s",
    "month": "2026-12",
    "used": 2,
    "limit": 2,
    "visit": "v",
    "rest_days": 2,
    "travel_minutes": 35,
}


@pytest.mark.parametrize("code", RefusalCode)
@pytest.mark.parametrize("locale", ["en", "es"])
def test_every_refusal_of_the_engine_has_words(code: RefusalCode, locale: str) -> None:
    with speaking(locale):
        stands, helps = words.refusal(
            str(code), PARAMS, hospital="Mercy", blocking={"v": "St. Clare, December 3"}
        )

    assert stands
    assert helps
    assert "%(" not in stands + helps


def test_unavailable_says_nothing_more_and_nothing_helps() -> None:
    said = words.refusal("unavailable", PARAMS, hospital="Mercy", blocking={})

    assert said == ("Not available", "–")


def test_a_refusal_of_a_time_says_what_would_do() -> None:
    outside = Refusal(
        Code.OUTSIDE_HOURS, "time", {"hours": [["09:00", "12:00"], ["14:00", "17:00"]]}
    )
    too_long = Refusal(Code.OUTSIDE_HOURS, "time", {"hours": [["09:00", "09:30"]]})

    assert words.against(outside, minutes=60) == (
        f"Choose a start between 9:00{NBSP}AM and 11:00{NBSP}AM"
        f" or between 2:00{NBSP}PM and 4:00{NBSP}PM."
    )
    assert "Choose another day" in words.against(too_long, minutes=60)


FACTS = {
    "days": 7,
    "earliest": "2026-12-02",
    "latest": "2027-12-02",
    "until": None,
    "lengths": [60, 90],
    "hours": [],
}


@pytest.mark.parametrize("code", Code)
def test_every_rule_of_a_time_has_words(code: Code) -> None:
    said = words.against(Refusal(code, "time", FACTS), minutes=60)

    assert said.endswith(".")
    assert "%(" not in said


@pytest.mark.parametrize(
    ("state", "open_roles", "asked", "status"),
    [
        (Staffing.FULL, (), 0, Status("settled", "Both confirmed")),
        (Staffing.HALF, ("co-presenter",), 0, Status("half", "Co-presenter open")),
        (Staffing.HALF, ("co-presenter",), 1, Status("half", "Co-presenter being asked")),
        (Staffing.NOBODY, ("lead", "co-presenter"), 0, Status("needs", "Nobody yet")),
        (Staffing.NOBODY, ("lead", "co-presenter"), 2, Status("waiting", "Waiting for answers")),
        (Staffing.CALLED_OFF, (), 0, Status("off", "Called off")),
    ],
)
def test_a_visit_stands_in_words(
    state: Staffing, open_roles: tuple[str, ...], asked: int, status: Status
) -> None:
    filled = 2 - len(open_roles)

    said = words.staffing(state, slots=2, filled=filled, open_roles=open_roles, asked=asked)

    assert said == status


def test_a_past_visit_without_people_says_so_quietly() -> None:
    status = words.staffing(
        Staffing.NOBODY, slots=2, filled=0, open_roles=("lead",), asked=0, is_over=True
    )

    assert (status.kind, status.words) == ("off", "Nobody was found")


def test_equal_days_share_a_line_of_hours() -> None:
    week = [Hours(day, time(9), time(17)) for day in range(5)]
    saturday = [Hours(5, time(10), time(12)), Hours(5, time(14), time(16))]

    assert words.visiting_hours([*saturday, *week]) == [
        f"Monday to Friday, 9:00{NBSP}AM to 5:00{NBSP}PM",
        f"Saturday, 10:00{NBSP}AM to 12:00{NBSP}PM and 2:00{NBSP}PM to 4:00{NBSP}PM",
    ]


def test_every_kind_and_state_of_message_has_words() -> None:
    assert set(words.MESSAGE_KINDS) == set(KINDS)
    assert set(words.MESSAGE_STATES) == set(STATES)


def test_spanish_begins_sentences_too() -> None:
    with speaking("es"):
        assert words.weekday(0) == "Lunes"
        assert words.role_name("co-presenter") == "Copresentación"


@pytest.mark.parametrize(
    ("locale", "languages", "groups"),
    [
        ("en", "English and Spanish", "Adults and older adults"),
        ("es", "Inglés y español", "Personas adultas y personas mayores"),
    ],
)
def test_a_list_of_names_begins_large_and_goes_on_as_its_language_does(
    locale: str, languages: str, groups: str
) -> None:
    with speaking(locale):
        assert words.languages(["en", "es"]) == languages
        assert words.age_groups(["adult", "older adult"]) == groups


def test_a_number_without_its_noun_is_another_word_in_spanish() -> None:
    with speaking("es"):
        assert (words.number(1), words.number_alone(1)) == ("un", "uno")
        assert words.number_alone(2) == words.number(2)


def test_spanish_writes_a_weekday_inside_a_line_small() -> None:
    hours = [Hours(weekday, time(9), time(17)) for weekday in range(5)]

    with speaking("es"):
        assert words.visiting_hours(hours)[0].startswith("Lunes a viernes, 9:00")
