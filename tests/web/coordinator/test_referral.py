"""One referral's page for coordinators: its steps, what the affiliate told, and who it is."""

import re
from collections.abc import Callable
from datetime import time, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import jobs
from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.links import Links
from outreach.messaging.models import Message
from outreach.referrals.codes import Decline, State
from outreach.referrals.models import (
    Referral,
    ReferralAttempt,
    ReferralClock,
    ReferralEvent,
    ReferralReading,
)
from outreach.workflows.referrals import authorizing, doors, working
from outreach.workflows.referrals.authorizing import ContactPoint
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.digest import digest
from tests.referral_builders import CANARIES, PATIENT, Ward

SignIn = Callable[..., FlaskClient]
BOARD = "/coordinator/referrals"


@pytest.fixture
def desk(client: FlaskClient, sign_in: SignIn, ward: Ward) -> Callable[[], FlaskClient]:
    return lambda: sign_in(client, ward.coordinator)


def of(referral: Referral, path: str = "") -> str:
    return f"{BOARD}/{referral.public_id}{path}"


def state(session: Session, referral: Referral) -> str:
    session.refresh(referral)
    return referral.state


def told(**values: str) -> dict[str, str]:
    return {"reported_by": "Lena Ortiz", **values}


def declined(session: Session, ward: Ward) -> Referral:
    made = referrals.sent(session, ward)
    lena = referrals.by_helper(referrals.helper(session, ward.receiver))
    reason = Decline.NO_CAPACITY
    working.decline(session, made, reason=reason, by=lena, desk=ward.desk, now=NOW)
    return made


# --- what it shows


def test_the_page_says_how_it_stands_and_never_who_it_is(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.connected(session, ward)

    page = desk().get(of(made)).text

    assert "Connected on day 0" in page
    assert "Sent to the affiliate" in page
    assert "Call: Spoke with the person" in page
    assert "A witness signed as well" in page
    assert "Lena Ortiz" in page
    assert not [each for each in (*CANARIES, "48201") if each in page]


def test_a_way_to_reach_is_safe_only_where_the_person_and_the_signed_form_said_so(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    ways = (
        ContactPoint(kind="phone", value="+13125550187", safe_to_text=True, safe_to_voicemail=True),
        ContactPoint(kind="mail", value="z@people.example"),
    )
    form = referrals.signed_form(session, ward, text_ok=False, voicemail_ok=True, mail_ok=False)
    made = referrals.ready(session, ward, who=referrals.person(contacts=ways), form=form)

    page = desk().get(of(made, "/person")).text.replace("\N{NON-BREAKING HYPHEN}", "-")

    assert "312-555-0187, voicemail is safe, no texts" in page
    assert "z@people.example, no e-mail without being asked" in page


def test_who_it_is_has_a_page_of_its_own_whose_opening_is_written_down(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.accepted(session, ward)
    lena = referrals.by_helper(ward.made["helper"])
    tried = referrals.tried(result="no_answer", note="Call after supper")
    working.attempt(session, made, tried, by=lena, desk=ward.desk, now=NOW)

    page = desk().get(of(made, "/person")).text

    assert PATIENT in page
    assert CANARIES[-1] in page  # the note
    assert "(312) 555-0187, no voicemail" in page or "voicemail is safe" in page
    assert "Call after supper" in page
    assert "It is recorded that you opened this." in page
    reading = session.scalars(select(ReferralReading)).one()
    assert (reading.referral_id, reading.via) == (made.id, "page")
    assert reading.actor == ward.by_coordinator.label


def test_after_a_withdrawal_nobody_is_shown_and_nothing_written_down(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    browser = desk()
    browser.post(of(made, "/withdrawal"), data={"how": "spoken", "received_by": "Nurse Joy"})

    page = browser.get(of(made, "/person")).text

    assert "Nothing can be shown" in page
    assert not [each for each in CANARIES if each in page]
    assert session.scalars(select(ReferralReading)).all() == []


def test_looking_changes_nothing(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward, database: Database
) -> None:
    made = declined(session, ward)
    browser = desk()
    browser.get(of(made))
    before = digest(database)

    for path in (
        *("", "/person", "/code", "/recall", "/withdrawal", "/paper", "/another-affiliate"),
        *("/error", "/disclosures", "/disclosures.csv", "/record/accept", "/record/attempt"),
    ):
        assert browser.get(of(made, path)).status_code == 200, path

    assert digest(database) == before


# --- what the affiliate told


def test_a_whole_referral_goes_by_telephone(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    browser = desk()
    tried = {"day": "2026-11-23", "time": "10:00", "channel": "call", "note": "Try again at six"}
    steps: tuple[tuple[str, dict[str, str], State], ...] = (
        ("acknowledge", {}, State.ACKNOWLEDGED),
        ("accept", {}, State.ACCEPTED),
        ("attempt", {**tried, "result": "no_answer"}, State.CONTACTING),
        ("hold", {"reason": "person_asked", "resume_on": "2026-11-30"}, State.ON_HOLD),
        ("resume", {}, State.CONTACTING),
        ("attempt", {**tried, "result": "spoke", "time": "10:02"}, State.CONNECTED),
        ("close", {"outcome": "connected_met"}, State.CLOSED),
    )

    for place, (what, given, expected) in enumerate(steps):
        session.refresh(made)
        data = told(version=str(made.version), request_key=f"key {place}", **given)
        answer = browser.post(of(made, f"/record/{what}"), data=data)
        assert (answer.status_code, state(session, made)) == (303, expected), answer.text

    events = session.scalars(select(ReferralEvent).where(ReferralEvent.reported_by != ""))
    assert {event.reported_by for event in events} == {"Lena Ortiz"}
    kept = session.scalars(select(ReferralAttempt)).all()
    assert len(kept) == 2
    assert not [each for each in kept if "six" in (each.sealed_note or "")]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"channel": "call", "result": "in_person"}, "result"),
        ({"channel": "text", "result": "text_sent"}, "channel"),
    ],
)
def test_a_try_by_a_way_that_cannot_be_is_not_recorded(
    desk: Callable[[], FlaskClient],
    session: Session,
    ward: Ward,
    given: dict[str, str],
    field: str,
) -> None:
    made = referrals.accepted(session, ward)
    browser = desk()
    page = browser.get(of(made, "/record/attempt")).text
    data = told(version=str(made.version), request_key="a key", day="2026-11-23", time="10:00")

    answer = browser.post(of(made, "/record/attempt"), data=data | given)

    assert ('value="text"' in page, 'value="call"' in page) == (False, True)
    assert (answer.status_code, f'id="{field}-error"' in answer.text) == (422, True)
    assert state(session, made) == State.ACCEPTED
    assert session.scalar(select(func.count()).select_from(ReferralAttempt)) == 0


def test_without_a_name_of_who_told_it_nothing_is_recorded(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)

    answer = desk().post(of(made, "/record/accept"), data={"version": str(made.version)})

    assert answer.status_code == 422
    assert "Write who at the affiliate told you." in answer.text
    assert state(session, made) == State.SENT


def test_a_note_with_a_telephone_number_is_refused_and_nothing_kept(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.accepted(session, ward)
    data = told(
        version=str(made.version),
        request_key="a key",
        day="2026-11-23",
        time="10:00",
        channel="call",
        result="no_answer",
        note="Call 313 555 0199",
    )

    answer = desk().post(of(made, "/record/attempt"), data=data)

    assert answer.status_code == 422
    assert "telephone number" in answer.text
    assert state(session, made) == State.ACCEPTED
    assert session.scalars(select(ReferralAttempt)).all() == []


def test_an_old_page_changes_nothing_and_shows_how_it_stands(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    browser, data = desk(), told(version=str(made.version))
    browser.post(of(made, "/record/acknowledge"), data=data)

    answer = browser.post(of(made, "/record/decline"), data=data | {"reason": "no_capacity"})

    assert answer.status_code == 409
    assert "moved on since you opened the page" in answer.text
    assert state(session, made) == State.ACKNOWLEDGED


def test_a_doubled_attempt_is_one(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.accepted(session, ward)
    browser = desk()
    data = told(
        version=str(made.version),
        request_key="the same key",
        day="2026-11-23",
        time="10:00",
        channel="call",
        result="no_answer",
    )

    answers = [browser.post(of(made, "/record/attempt"), data=data) for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 303]
    assert session.scalar(select(func.count()).select_from(ReferralAttempt)) == 1


def test_what_nobody_could_have_told_is_no_page(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)

    assert desk().get(of(made, "/record/nonsense")).status_code == 404


# --- small steps


def test_a_doubled_reminder_is_one(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward, now=NOW - timedelta(hours=1))
    browser = desk()

    first, second = (
        browser.post(of(made, "/reminder"), follow_redirects=True).text for _ in range(2)
    )

    assert "The affiliate is being reminded." in first
    assert "One notice is enough." in second
    waits = select(func.count()).where(Message.kind == "item_waits")
    assert session.scalar(waits) == 2


def test_whom_to_call_stands_with_the_telephone_where_it_is_the_next_step(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    ward.receiver.intake_by, ward.receiver.intake_phone = "phone", "+14405550162"
    made = referrals.sent(session, ward)
    session.commit()

    page = desk().get(of(made)).text

    panel = page.partition('id="next"')[2].partition("</div>")[0]
    assert "Call the affiliate and enter below" in panel
    assert 'href="tel:+14405550162"' in panel


def test_a_clock_that_ran_out_is_taken_care_of(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward, database: Database
) -> None:
    early = NOW - timedelta(days=4)
    form = referrals.signed_form(session, ward, signed_on=early.date())
    made = referrals.sent(
        session, ward, form=form, now=early, discharged_on=early.date() - timedelta(days=1)
    )
    session.commit()
    jobs.run_clocks(database, desk=ward.desk)
    browser = desk()
    clock = session.scalars(
        select(ReferralClock).where(
            ReferralClock.referral_id == made.id, ReferralClock.kind == "acknowledge"
        )
    ).one()
    page = browser.get(of(made)).text
    assert page.count("I have taken care of it") == 1
    seen = re.search(r'name="clocks" value="([^"]+)"', page)
    assert seen
    assert clock.public_id in seen[1]

    answers = [
        browser.post(f"{of(made)}/clocks-settled", data={"clocks": seen[1]}) for _ in range(2)
    ]

    assert [each.status_code for each in answers] == [303, 303]
    session.refresh(clock)
    assert clock.settled_at == NOW
    assert "I have taken care of it" not in browser.get(of(made)).text
    settled = select(func.count()).where(AuditEvent.action == "referral.settle")
    assert session.scalar(settled) == len(seen[1].split())


def test_a_code_that_waits_is_read_out_and_that_is_written_down(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward, links: Links
) -> None:
    ward.receiver.intake_email = ward.receiver.email = None
    made = referrals.sent(session, ward)
    link = doors.open_link(session, made, links=links, now=NOW)
    code = doors.ask_code(session, link, browser="their browser", now=NOW)
    browser = desk()

    page, shown = browser.get(of(made)).text, browser.get(of(made, "/code")).text

    assert "Read the code out" in page
    assert links.link_code(code.public_id) not in page
    assert links.link_code(code.public_id) in shown
    assert session.scalars(select(ReferralReading.via)).all() == ["code"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (time(14), "It leaves by itself at the discharge."),
        (None, "It leaves by itself at noon of the day of discharge, Eastern Time."),
    ],
)
def test_the_page_says_when_a_signed_referral_leaves_by_itself(
    desk: Callable[[], FlaskClient],
    session: Session,
    ward: Ward,
    given: time | None,
    words: str,
) -> None:
    made = referrals.ready(session, ward, discharged_time=given)
    authorizing.send_at_discharge(session, made, version=made.version, now=NOW)
    session.commit()

    assert words in desk().get(of(made)).text
