from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.directory.models import Affiliate, Unit, UnitPause
from outreach.messaging.models import Message
from outreach.visits.models import Slot, Visit, VisitRequest
from tests.workflows.imports.importing import (
    A_VISIT,
    NOW,
    ST_CLARE_4B,
    TODAY,
    bring_in,
    outcome,
    problems,
    warnings,
)


@pytest.fixture(autouse=True)
def st_clare(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B)


def starts(session: Session) -> list[str]:
    rows = session.scalars(select(Visit.starts_at).order_by(Visit.starts_at))
    return [f"{starts_at:%Y-%m-%d %H:%M}" for starts_at in rows]


def test_a_request_is_laid_out_as_a_visit_with_its_slots(session: Session) -> None:
    report = bring_in(session, "requests", {**A_VISIT, "program": "In our words", "critical": "x"})

    asked = session.scalars(select(VisitRequest)).one()
    visit = session.scalars(select(Visit)).one()
    assert outcome(report) == (1, 0, 0)
    assert report.warnings == ()
    assert (asked.minutes, asked.language, asked.critical) == (60, "en", True)
    assert (asked.notes, asked.requested_by_id) == ("Quiet room on the left.", None)
    # 2 PM in Chicago, in winter.
    assert visit.starts_at == datetime(2027, 1, 12, 20, tzinfo=UTC)
    assert visit.ends_at - visit.starts_at == timedelta(minutes=60)
    assert sorted(session.scalars(select(Slot.role))) == ["co-presenter", "lead"]


def test_nobody_gets_a_message(session: Session) -> None:
    bring_in(session, "requests", A_VISIT)

    assert session.scalar(select(func.count()).select_from(Message)) == 0


def test_a_repeat_keeps_its_wall_time_over_the_change_of_the_clocks(session: Session) -> None:
    bring_in(session, "requests", {**A_VISIT, "date": "2027-03-09", "repeats": "weekly x 2"})

    assert starts(session) == ["2027-03-09 20:00", "2027-03-16 19:00"]


def test_the_repeat_is_kept_in_the_words_it_was_asked_in(session: Session) -> None:
    bring_in(session, "requests", {**A_VISIT, "repeats": "2nd Tue x 3"})

    assert session.scalars(select(VisitRequest.repeats)).one() == "2nd Tue x 3"
    assert starts(session) == ["2027-01-12 20:00", "2027-02-09 20:00", "2027-03-09 20:00"]


def test_a_first_date_that_does_not_fit_the_repeat_is_kept_with_a_warning(
    session: Session,
) -> None:
    report = bring_in(session, "requests", {**A_VISIT, "repeats": "3rd Monday x 2"})

    assert starts(session) == ["2027-01-12 20:00", "2027-01-18 20:00"]
    assert warnings(report) == [
        (
            2,
            "repeats",
            (
                "The repeat does not fall on 2027-01-12. That day was taken as the first visit, and"
                " the repeat follows."
            ),
        )
    ]


@pytest.mark.parametrize(
    ("change", "column", "sentence"),
    [
        (
            {"start": "19:30"},
            "start",
            "Outside the unit’s visiting hours (that day 10:00-20:00): 2027-01-12.",
        ),
        (
            {"date": "2027-01-16"},
            "start",
            "The unit has no visiting hours on that weekday: 2027-01-16.",
        ),
        ({"minutes": "45"}, "minutes", "This program lasts 40, 60 minutes."),
        ({"date": "2026-11-27"}, "date", "Less than 7 days ahead: 2026-11-27."),
        (
            {"date": "2027-11-23"},
            "date",
            "Further ahead than is usual (after 2027-11-22): 2027-11-23.",
        ),
        ({"language": ""}, "language", "No language is given; “en” was assumed."),
    ],
)
def test_what_breaks_a_soft_rule_is_brought_in_with_a_warning(
    session: Session, change: dict[str, str], column: str, sentence: str
) -> None:
    report = bring_in(session, "requests", A_VISIT | change)

    assert outcome(report) == (1, 0, 0)
    assert warnings(report) == [(2, column, sentence)]


def test_the_soft_rules_stay_on_the_visit_for_the_coordinator(session: Session) -> None:
    bring_in(session, "requests", {**A_VISIT, "start": "19:30"})

    assert session.scalars(select(Visit.warnings)).one() == ["outside_hours"]


def test_lead_time_counts_from_the_day_that_counts_as_today(session: Session) -> None:
    on_time = bring_in(session, "requests", A_VISIT, as_of=date(2027, 1, 5), dry_run=True)
    late = bring_in(session, "requests", A_VISIT, as_of=date(2027, 1, 6), dry_run=True)

    assert warnings(on_time) == []
    assert warnings(late) == [(2, "date", "Less than 7 days ahead: 2027-01-12.")]


WRONG: list[tuple[dict[str, str], str, str]] = [
    (
        {"date": "2027-02-29"},
        "date",
        (
            "“2027-02-29” is not in the calendar: that month has 28 days. Write it like"
            " 2027-01-15 or 1/15/2027."
        ),
    ),
    ({"start": "25:00"}, "start", "“25:00” is not a time of day. Write 14:00 or 2:00 PM."),
    (
        {"minutes": "ninety"},
        "minutes",
        "“ninety” is not a number of minutes. Write digits, like 60.",
    ),
    (
        {"repeats": "now and then"},
        "repeats",
        (
            "“now and then” does not say how the visit repeats and until when. Write it like"
            " “weekly until 2027-04-30”, “every 2 weeks x 6” or “3rd Monday of the month until"
            " 2027-06-30”."
        ),
    ),
    (
        {"repeats": "weekly until 2027-01-11"},
        "repeats",
        ("The repeat ends on 2027-01-11, before its first visit on 2027-01-12. Write a later end."),
    ),
    (
        {"unit": "9 Nowhere"},
        "unit",
        "This hospital has no unit “9 Nowhere”. Write one of: 4B; or import that unit first.",
    ),
    (
        {"hospital": "Mercy"},
        "hospital",
        "There is no hospital “Mercy”. Write one of: St. Clare; or import its units first.",
    ),
    (
        {"program": ""},
        "program",
        "This cell is empty. Write something like Unit story hour.",
    ),
    (
        {"date": "2027-03-14", "start": "02:30"},
        "start",
        "On 2027-03-14 the clocks go forward and this time does not exist. Write another time.",
    ),
    (
        {"date": "2027-11-07", "start": "01:30"},
        "start",
        "On 2027-11-07 the clocks go back and this time comes twice. Write another time.",
    ),
    (
        {"date": "2026-11-21"},
        "date",
        "Past: 2026-11-21. Today is 2026-11-22; write a later date.",
    ),
    (
        {"date": "2025-01-05", "repeats": "every 2 weeks x 6"},
        "date",
        (
            "Past: 2025-01-05, 2025-01-19, 2025-02-02, 2025-02-16, 2025-03-02 (+1). Today is"
            " 2026-11-22; write a later date."
        ),
    ),
]


def test_what_cannot_be_is_refused_with_what_would_be_right(session: Session) -> None:
    report = bring_in(session, "requests", *(A_VISIT | change for change, _, _ in WRONG))

    assert problems(report) == [
        (number, column, sentence) for number, (_, column, sentence) in enumerate(WRONG, 2)
    ]
    assert session.scalar(select(func.count()).select_from(VisitRequest)) == 0
    assert starts(session) == []


def test_a_visit_at_the_time_of_another_is_refused(session: Session) -> None:
    other = {**A_VISIT, "start": "14:30", "program": "In our words"}

    report = bring_in(session, "requests", A_VISIT, other)

    assert outcome(report) == (1, 0, 1)
    assert problems(report) == [
        (
            3,
            "start",
            "The unit has another visit at this time on 2027-01-12. Write another date or time.",
        )
    ]


def test_a_visit_while_the_unit_is_paused_is_refused(session: Session) -> None:
    unit_id = session.scalars(select(Unit.id)).one()
    pause = UnitPause(
        unit_id=unit_id, starts_on=date(2027, 1, 12), ends_on=date(2027, 1, 12), created_at=NOW
    )
    session.add(pause)

    report = bring_in(session, "requests", A_VISIT)

    sentence = "The unit takes no visits on 2027-01-12. Write another date."
    assert problems(report) == [(2, "date", sentence)]


@pytest.mark.parametrize(
    ("change", "laid_out", "column", "sentence"),
    [
        (
            {"date": "2027-03-07", "start": "02:30", "repeats": "weekly x 3"},
            ["2027-03-07 08:30", "2027-03-21 07:30"],
            "start",
            "Left out: 2027-03-14. The clocks go forward and this time does not exist then.",
        ),
        (
            {"date": "2026-11-15", "repeats": "weekly x 3"},
            ["2026-11-22 20:00", "2026-11-29 20:00"],
            "date",
            "Left out as past: 2026-11-15. Today is 2026-11-22.",
        ),
    ],
)
def test_one_bad_date_of_a_repeat_is_left_out_with_a_warning(
    session: Session, change: dict[str, str], laid_out: list[str], column: str, sentence: str
) -> None:
    report = bring_in(session, "requests", A_VISIT | change)

    assert outcome(report) == (1, 0, 0)
    assert starts(session) == laid_out
    assert (2, column, sentence) in warnings(report)


def test_a_repeat_whose_first_date_does_not_exist_is_known_again(session: Session) -> None:
    gap_first = {**A_VISIT, "date": "2027-03-14", "start": "02:30", "repeats": "weekly x 2"}

    reports = [bring_in(session, "requests", gap_first) for _ in range(2)]

    assert [outcome(report) for report in reports] == [(1, 0, 0), (0, 1, 0)]
    assert starts(session) == ["2027-03-21 07:30"]


def test_a_repeat_through_another_visit_leaves_out_that_date(session: Session) -> None:
    weekly = {**A_VISIT, "program": "In our words", "date": "2027-01-05", "repeats": "weekly x 3"}

    report = bring_in(session, "requests", A_VISIT, weekly)

    assert starts(session) == ["2027-01-05 20:00", "2027-01-12 20:00", "2027-01-19 20:00"]
    assert warnings(report) == [
        (3, "start", "Left out: 2027-01-12. The unit has another visit at this time.")
    ]


def test_a_request_that_has_happened_is_unchanged_and_not_past(session: Session) -> None:
    bring_in(session, "requests", A_VISIT)

    report = bring_in(session, "requests", A_VISIT, as_of=date(2027, 6, 1))

    assert outcome(report) == (0, 1, 0)


def test_details_are_brought_up_to_date(session: Session) -> None:
    bring_in(session, "requests", A_VISIT)

    report = bring_in(session, "requests", {**A_VISIT, "critical": "x", "notes": "Bring chairs."})

    asked = session.scalars(select(VisitRequest)).one()
    assert outcome(report) == (1, 0, 0)
    assert (asked.critical, asked.notes) == (True, "Bring chairs.")
    assert session.scalars(select(Visit.critical)).one() is True


@pytest.mark.parametrize(
    ("change", "there"),
    [
        ({"minutes": "40"}, "60"),
        ({"language": "Spanish"}, "en"),
        ({"repeats": "weekly x 2"}, ""),
    ],
)
def test_what_people_were_told_is_not_changed_by_a_sheet(
    session: Session, change: dict[str, str], there: str
) -> None:
    bring_in(session, "requests", A_VISIT)

    report = bring_in(session, "requests", A_VISIT | change | {"notes": "Bring chairs."})

    column = next(iter(change))
    sentence = (
        f"This request is here already, with “{there}”. People may know of it, so an import does"
        " not change that: change the visit on its page."
    )
    assert problems(report) == [(2, column, sentence)]
    assert session.scalars(select(VisitRequest.notes)).one() == "Quiet room on the left."


def test_all_a_liaison_can_say_can_be_said_in_a_sheet(session: Session) -> None:
    more = {
        "group_size": "12",
        "room": "Day room",
        "screen": "yes",
        "by_video": "no",
        "access_needs": "Step-free",
    }

    bring_in(session, "requests", A_VISIT | more)

    asked = session.scalars(select(VisitRequest)).one()
    assert (asked.group_size, asked.room, asked.access_needs) == (12, "Day room", "Step-free")
    assert (asked.screen, asked.by_video) == (True, False)


def test_a_unit_in_a_hospital_that_another_affiliate_keeps_is_known(session: Session) -> None:
    served_by = Affiliate(name="Elsewhere", created_at=NOW)
    session.add(served_by)
    session.flush()
    session.scalars(select(Unit)).one().affiliate_id = served_by.id

    report = bring_in(session, "requests", A_VISIT, affiliate="Elsewhere")

    assert outcome(report) == (1, 0, 0)
    assert session.scalars(select(Visit.affiliate_id)).one() == served_by.id


def test_units_of_another_affiliate_are_not_known(session: Session) -> None:
    session.add(Affiliate(name="Elsewhere", created_at=NOW))

    report = bring_in(session, "requests", A_VISIT, affiliate="Elsewhere", as_of=TODAY)

    assert problems(report) == [
        (
            2,
            "hospital",
            "There is no hospital “St. Clare”. Write one of: –; or import its units first.",
        )
    ]
