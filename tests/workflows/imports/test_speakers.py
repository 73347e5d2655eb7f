from datetime import date, time

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM
from outreach.directory.models import Affiliate, Hospital, Program
from outreach.messaging import service as messaging
from outreach.messaging.models import Consent, Message
from outreach.speakers.models import Availability, Away, Certification, Clearance, Speaker
from tests.workflows.imports.importing import (
    ANA,
    NOW,
    ST_CLARE_4B,
    bring_in,
    outcome,
    problems,
    warnings,
)


@pytest.fixture(autouse=True)
def st_clare(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B)


def clearances(session: Session) -> set[tuple[str, date, date | None]]:
    return {(row.kind, row.starts_on, row.ends_on) for row in session.scalars(select(Clearance))}


def certifications(session: Session) -> set[tuple[str, str, date, date]]:
    rows = select(Certification, Program.name).join(Program, Program.id == Certification.program_id)
    return {(name, row.role, row.starts_on, row.ends_on) for row, name in session.execute(rows)}


def consents(session: Session) -> list[tuple[str, str]]:
    rows = select(Consent.event, Consent.phone).order_by(Consent.id)
    return [(event, phone) for event, phone in session.execute(rows)]


def test_a_speaker_comes_with_training_clearances_and_free_hours(session: Session) -> None:
    report = bring_in(session, "speakers", ANA)

    ana = session.scalars(select(Speaker)).one()
    assert outcome(report) == (1, 0, 0)
    assert (ana.first_name, ana.last_name, ana.email) == ("Ana", "Reyes", "ana@example.org")
    assert (ana.zip_code, ana.time_zone, ana.radius_km) == ("60657", "America/Chicago", 32.19)
    assert (ana.languages, ana.age_groups) == (["en", "es"], ["adult", "older adult"])
    assert (ana.quota_per_month, ana.rest_days, ana.locale) == (2, 1, "en")
    assert certifications(session) == {
        ("Story hour", "lead", date(2026, 1, 15), date(2028, 1, 15)),
        ("In our words", "lead", date(2026, 1, 15), date(2028, 1, 15)),
    }
    hours = [(row.weekday, row.starts, row.ends) for row in session.scalars(select(Availability))]
    assert hours == [(day, time(9), time(17)) for day in range(5)]
    away = [(row.starts_on, row.ends_on) for row in session.scalars(select(Away))]
    assert away == [(date(2026, 12, 20), date(2027, 1, 3))]


def test_a_clearance_lasts_its_months_and_a_hospitals_own_has_no_end(session: Session) -> None:
    bring_in(session, "speakers", ANA)

    assert clearances(session) == {
        ("tb", date(2026, 5, 11), date(2027, 5, 11)),
        ("flu", date(2026, 10, 9), date(2027, 10, 9)),
        ("background_check", date(2025, 6, 28), date(2028, 6, 28)),
        ("hospital", date(2026, 1, 15), None),
    }
    own = session.scalars(select(Clearance).where(Clearance.kind == "hospital")).one()
    assert own.hospital_id == session.scalars(select(Hospital.id)).one()


def test_any_distance_and_all_units_are_no_limits(session: Session) -> None:
    bring_in(session, "speakers", {**ANA, "distance": "any", "age_groups": "all"})

    ana = session.scalars(select(Speaker)).one()
    assert ana.radius_km is None
    assert ana.age_groups == ["adult", "adolescent", "older adult"]


def test_who_speaks_spanish_alone_is_written_to_in_spanish(session: Session) -> None:
    bring_in(session, "speakers", {**ANA, "languages": "Spanish"})

    assert session.scalars(select(Speaker.locale)).one() == "es"


def test_blank_cells_of_a_new_speaker_mean_the_defaults_and_two_warnings(session: Session) -> None:
    names = ("phone", "languages", "distance", "weekly", "away", "tb", "cleared_at", "age_groups")

    report = bring_in(session, "speakers", ANA | dict.fromkeys(names, ""))

    ana = session.scalars(select(Speaker)).one()
    assert (ana.phone, ana.languages, ana.radius_km) == (None, ["en"], None)
    assert ana.age_groups == ["adult", "adolescent", "older adult"]
    assert warnings(report) == [
        (2, "languages", "No language is given; “en” was assumed."),
        (2, "weekly", "Without days and times this speaker is never proposed."),
        (2, "text_ok", "There is no telephone number to text to."),
    ]


def test_a_yes_to_texts_is_kept_with_the_file_and_row_it_came_from(session: Session) -> None:
    bring_in(session, "speakers", ANA)

    consent = session.scalars(select(Consent)).one()
    assert (consent.event, consent.phone, consent.source) == ("opt_in", "+13125550142", "import")
    assert consent.evidence == "speakers.csv, row 2"
    assert session.scalars(select(Speaker.channel)).one() == "sms"
    assert session.scalar(select(func.count()).select_from(Message)) == 0


@pytest.mark.parametrize("text_ok", ["", "no"])
def test_nobody_is_texted_who_did_not_agree(session: Session, text_ok: str) -> None:
    bring_in(session, "speakers", {**ANA, "text_ok": text_ok})

    assert consents(session) == []
    assert session.scalars(select(Speaker.channel)).one() == "mail"


def test_an_old_yes_in_a_sheet_does_not_undo_a_stop(session: Session) -> None:
    bring_in(session, "speakers", ANA)
    ana = session.scalars(select(Speaker)).one()
    ana.channel = "mail"
    messaging.record_consent(
        session,
        phone="+13125550142",
        event="opt_out",
        source="inbound",
        actor=SYSTEM,
        speaker_id=ana.id,
        now=NOW,
    )

    report = bring_in(session, "speakers", ANA)

    assert outcome(report) == (0, 1, 0)
    assert ana.channel == "mail"
    assert not messaging.agreed(session, "+13125550142")


def test_a_no_after_a_yes_ends_the_consent_once(session: Session) -> None:
    bring_in(session, "speakers", ANA)

    reports = [bring_in(session, "speakers", {**ANA, "text_ok": "no"}) for _ in range(2)]

    assert [outcome(report) for report in reports] == [(1, 0, 0), (0, 1, 0)]
    assert [event for event, _ in consents(session)] == ["opt_in", "opt_out"]
    assert session.scalars(select(Speaker.channel)).one() == "mail"


def test_a_new_number_needs_its_own_yes(session: Session) -> None:
    bring_in(session, "speakers", ANA)

    bring_in(session, "speakers", {**ANA, "phone": "312-555-0143", "text_ok": ""})

    assert consents(session) == [("opt_in", "+13125550142")]
    assert not messaging.agreed(session, "+13125550143")


def test_a_speaker_is_known_by_email_in_any_case(session: Session) -> None:
    bring_in(session, "speakers", ANA)

    report = bring_in(session, "speakers", {**ANA, "email": "ANA@example.org", "zip": "60614"})

    assert outcome(report) == (1, 0, 0)
    ana = session.scalars(select(Speaker)).one()
    assert (ana.zip_code, ana.revision) == ("60614", 2)


def test_a_renewal_adds_to_what_was_held(session: Session) -> None:
    bring_in(session, "speakers", ANA)
    renewed = {
        **ANA,
        "role": "co-presenter",
        "programs": "Story hour",
        "trained_on": "2028-01-10",
        "retrain_by": "2030-01-10",
        "tb": "2027-05-01",
        "away": "2027-03-01",
        "weekly": "Sat 10:00-12:00",
    }

    bring_in(session, "speakers", renewed)

    assert len(certifications(session)) == 3
    assert {row for row in clearances(session) if row[0] == "tb"} == {
        ("tb", date(2026, 5, 11), date(2027, 5, 11)),
        ("tb", date(2027, 5, 1), date(2028, 5, 1)),
    }
    assert session.scalar(select(func.count()).select_from(Away)) == 2
    assert session.scalars(select(Availability.weekday)).all() == [5]
    # The hospital's own clearance was there already and stays one.
    assert {row for row in clearances(session) if row[0] == "hospital"} == {
        ("hospital", date(2026, 1, 15), None)
    }


def test_a_corrected_end_corrects_what_is_held(session: Session) -> None:
    bring_in(session, "speakers", ANA)

    report = bring_in(
        session,
        "speakers",
        {**ANA, "retrain_by": "2029-01-15"},
        mapping="[clearance_months]\ntb = 24\n",
    )

    assert outcome(report) == (1, 0, 0)
    assert {row[3] for row in certifications(session)} == {date(2029, 1, 15)}
    assert ("tb", date(2026, 5, 11), date(2028, 5, 11)) in clearances(session)


def test_a_clearance_that_the_sheet_no_longer_names_is_kept_with_a_warning(
    session: Session,
) -> None:
    bring_in(session, "units", {**ST_CLARE_4B, "hospital": "Mercy"})
    bring_in(session, "speakers", ANA)

    report = bring_in(session, "speakers", {**ANA, "cleared_at": "Mercy"})

    assert warnings(report) == [
        (2, "cleared_at", "St. Clare is not named here any more; the clearance was kept.")
    ]
    own = select(func.count()).select_from(Clearance).where(Clearance.kind == "hospital")
    assert session.scalar(own) == 2


def test_a_clearance_that_was_ended_is_not_opened_again(session: Session) -> None:
    bring_in(session, "speakers", ANA)
    own = session.scalars(select(Clearance).where(Clearance.kind == "hospital")).one()
    own.ends_on = date(2026, 11, 1)

    report = bring_in(session, "speakers", ANA)

    assert outcome(report) == (0, 1, 0)
    assert own.ends_on == date(2026, 11, 1)


def test_a_day_still_to_come_is_a_warning(session: Session) -> None:
    report = bring_in(session, "speakers", {**ANA, "tb": "2026-11-23", "flu": "2026-11-22"})

    assert outcome(report) == (1, 0, 0)
    assert warnings(report) == [(2, "tb", "This day is still to come. Is the year right?")]


def test_a_program_that_exists_is_left_as_its_coordinator_has_it(session: Session) -> None:
    affiliate = session.scalars(select(Affiliate)).one()
    session.add(Program(affiliate_id=affiliate.id, name="story hour", minutes=[25]))
    session.flush()

    bring_in(session, "speakers", ANA)

    programs = session.execute(select(Program.name, Program.minutes).order_by(Program.id))
    assert [tuple(row) for row in programs] == [("story hour", [25]), ("In our words", [60, 90])]


WRONG = [
    ("name", "", "This cell is empty. Write something like Reyes, Ana."),
    ("email", "ana", "“ana” is not an e-mail address. Write it like name@example.org."),
    (
        "phone",
        "555-01",
        "“555-01” is not a telephone number. Write it with the area code, like 312-555-0123.",
    ),
    ("zip", "6O614", "“6O614” is not a ZIP code. Write five digits, like 60614."),
    ("languages", "Englsh", "“Englsh” is not known here. Did you mean “English”?"),
    ("role", "star", "“star” is not known here. Write one of: lead, co-presenter, observer."),
    (
        "programs",
        "Puppet show",
        (
            "There is no program “Puppet show”. Write one of: Story hour, In our words; or"
            " add that program first."
        ),
    ),
    (
        "retrain_by",
        "02/30/2027",
        (
            "“02/30/2027” is not in the calendar: that month has 28 days. Write it like"
            " 2027-01-15 or 1/15/2027."
        ),
    ),
    (
        "retrain_by",
        "2026-01-14",
        "The training ends on 2026-01-14, before it began on 2026-01-15. Write a later day.",
    ),
    ("distance", "far", "“far” is not a distance. Write a number like 15 or 25 mi, or “any”."),
    (
        "weekly",
        "whenever, ask me",
        (
            "“whenever, ask me” does not say which days and hours. Write it like Mon, Wed"
            " 10:00-15:00; Sat 9am-1pm."
        ),
    ),
    ("away", "in May", "“in May” is not a date. Write it like 2027-01-15 or 1/15/2027."),
    ("flu", "last fall", "“last fall” is not a date. Write it like 2027-01-15 or 1/15/2027."),
    (
        "cleared_at",
        "St. Clair; Mercy",
        "There is no hospital “St. Clair”. Write one of: St. Clare; or import its units first.",
    ),
    (
        "quota_per_month",
        "-2",
        "“-2” does not fit here. Write a whole number from 0 to 31.",
    ),
    ("rest_days", "often", "“often” does not fit here. Write a whole number from 0 to 365."),
    (
        "age_groups",
        "children",
        "“children” is not known here. Write one of: adult, adolescent, older adult, all.",
    ),
    (
        "text_ok",
        "maybe",
        "“maybe” is not known here. Write one of: yes, y, true, x, 1, no, n, false, 0.",
    ),
]


def test_each_wrong_cell_is_named_with_what_would_be_right(session: Session) -> None:
    rows = [{**ANA, column: value} for column, value, _ in WRONG]

    report = bring_in(session, "speakers", *rows)

    assert problems(report) == [
        (number, column, problem) for number, (column, _, problem) in enumerate(WRONG, 2)
    ]
    assert session.scalar(select(func.count()).select_from(Speaker)) == 0
    assert consents(session) == []
