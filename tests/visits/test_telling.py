"""What may be told after a visit: when, by whom, within which bounds."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
from sqlalchemy import CheckConstraint

from outreach.actor import ANONYMOUS, SYSTEM, Actor, Kind
from outreach.tables import metadata
from outreach.visits import telling
from outreach.visits.telling import HowAreYou, HowWasIt, Incident, Outcome, Said, Teller

ENDS_AT = datetime(2026, 12, 8, 16, tzinfo=UTC)
STARTS_AT = ENDS_AT - timedelta(hours=1)
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("after", "due"),
    [
        (timedelta(hours=1) - MOMENT, False),
        (timedelta(hours=1), True),
        (timedelta(days=7), True),
        (timedelta(days=7) + MOMENT, False),
    ],
)
def test_people_are_asked_from_an_hour_to_seven_days_after_the_end(
    after: timedelta, due: bool
) -> None:
    first, last = telling.asked_about(ENDS_AT + after)

    assert (first <= ENDS_AT <= last) is due
    assert telling.ask_until(ENDS_AT) == ENDS_AT + timedelta(days=7)


@pytest.mark.parametrize("to", Teller)
@pytest.mark.parametrize(
    ("after", "is_open"),
    [
        (-MOMENT, False),
        (timedelta(0), True),
        (timedelta(days=14) - MOMENT, True),
        (timedelta(days=14), False),
    ],
)
def test_telling_is_open_for_14_days_and_longer_for_coordinators(
    to: Teller, after: timedelta, is_open: bool
) -> None:
    later = to is Teller.COORDINATOR and after > timedelta(0)

    assert telling.is_open(ENDS_AT, to=to, now=ENDS_AT + after) is (is_open or later)


@pytest.mark.parametrize("by", Teller)
def test_an_incident_may_be_reported_from_the_start_on(by: Teller) -> None:
    def may(at: datetime) -> bool:
        return telling.may_report(STARTS_AT, ENDS_AT, by=by, now=at)

    assert [may(STARTS_AT - MOMENT), may(STARTS_AT)] == [False, True]
    assert may(ENDS_AT + timedelta(days=14) - MOMENT)
    assert may(ENDS_AT + timedelta(days=14)) is (by is Teller.COORDINATOR)


@pytest.mark.parametrize(
    ("by", "teller"),
    [
        (Actor(Kind.SPEAKER, account_id=1, speaker_id=2), Teller.SPEAKER),
        (Actor(Kind.LINK, speaker_id=2), Teller.SPEAKER),
        (Actor(Kind.LINK), Teller.LIAISON),
        (Actor(Kind.LIAISON, account_id=1, hospital_id=2), Teller.LIAISON),
        (Actor(Kind.COORDINATOR, account_id=1, affiliate_id=2), Teller.COORDINATOR),
    ],
)
def test_everyone_speaks_as_what_they_are(by: Actor, teller: Teller) -> None:
    assert telling.teller(by) is teller


@pytest.mark.parametrize("by", [SYSTEM, ANONYMOUS, Actor(Kind.ADMINISTRATOR), Actor(Kind.SPEAKER)])
def test_whoever_was_not_there_has_nothing_to_say(by: Actor) -> None:
    with pytest.raises(ValueError, match="nothing to say"):
        telling.teller(by)


def test_a_debrief_is_the_speakers_and_the_ward_report_the_units() -> None:
    everyone = {what: {who for who in Teller if telling.may_say(who, what)} for what in Said}

    assert everyone == {
        Said.CAME: set(Teller),
        Said.AUDIENCE: set(Teller),
        Said.INCIDENT: set(Teller),
        Said.EFFORT: {Teller.SPEAKER, Teller.COORDINATOR},
        Said.DEBRIEF: {Teller.SPEAKER},
        Said.WARD_REPORT: {Teller.LIAISON},
    }


def test_a_coordinators_record_stands_and_other_words_follow_each_other() -> None:
    stands = {
        (who, over)
        for who in Teller
        for over in (None, *Teller)
        if telling.prevails(who, over=over)
    }

    assert {(who, Teller.COORDINATOR) for who in Teller} & stands == {
        (Teller.COORDINATOR, Teller.COORDINATOR)
    }
    assert len(stands) == len(Teller) * 3 + 1


def test_who_came_follows_from_either_word() -> None:
    assert {how for how in HowWasIt if telling.came(how)} == {
        HowWasIt.WELL,
        HowWasIt.MIXED,
        HowWasIt.HARD,
    }
    by_unit = {
        (outcome, missing)
        for outcome in Outcome
        for missing in (False, True)
        if telling.came_by_unit(outcome, is_missing=missing)
    }
    assert by_unit == {
        (Outcome.ALL_CAME, False),
        (Outcome.ALL_CAME, True),
        (Outcome.SOMEONE_MISSING, False),
    }


def test_the_way_to_a_visit_that_did_not_take_place_counts() -> None:
    assert {how for how in HowWasIt if not telling.counts_effort(how)} == {HowWasIt.NOT_THERE}


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("2", 120),
        (" 1.5 ", 90),
        ("1,5", 90),
        ("1.25", 75),
        ("1.33", 80),
        ("1:30", 90),
        ("0", 0),
        ("0:05", 5),
        ("24", 1440),
        ("9999", 599940),
        ("", None),
        ("one", None),
        ("1.", None),
        (".5", None),
        ("1:60", None),
        ("1:5", None),
        ("-1", None),
        ("1e3", None),
        ("1.234", None),
        ("12345", None),
        ("NaN", None),
        ("\0", None),
    ],
)
def test_hours_are_read_as_people_type_them(typed: str, minutes: int | None) -> None:
    assert telling.minutes_typed(typed) == minutes


def test_every_number_that_cannot_be_is_named() -> None:
    assert telling.out_of_bounds() == ()
    assert telling.out_of_bounds(minutes=0, miles=0, people=0) == ()
    assert telling.out_of_bounds(minutes=1440, miles=1000, people=500) == ()
    assert telling.out_of_bounds(minutes=1441, miles=1001, people=501) == (
        "hours",
        "miles",
        "people",
    )
    assert telling.out_of_bounds(minutes=-1) == ("hours",)


@pytest.mark.parametrize(
    ("words", "table", "column"),
    [
        (HowWasIt, "debrief", "how_was_it"),
        (HowAreYou, "debrief", "how_are_you"),
        (Outcome, "ward_report", "outcome"),
        (Incident, "incident_report", "kind"),
        (Teller, "incident_report", "said_by"),
    ],
)
def test_the_tables_know_the_words_of_the_rules(
    words: type[StrEnum], table: str, column: str
) -> None:
    checks = [
        str(check.sqltext)
        for check in metadata.tables[table].constraints
        if isinstance(check, CheckConstraint)
    ]

    assert f"{column} IN {tuple(str(word) for word in words)}" in checks
