"""The affiliate's pages: what stands on them, what may be done, and who is kept out."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Account, Membership, SignInCode
from outreach.db import Database
from outreach.referrals.codes import Revoked
from outreach.referrals.models import IntakeHelper, Referral, ReferralNote
from outreach.speakers.models import Speaker
from outreach.workflows.referrals import stopping, working
from outreach.workflows.referrals.authorizing import ContactPoint
from tests import builders
from tests import intake_builders as people
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.digest import digest
from tests.leaks import CANARIES, NOTE, PATIENT
from tests.referral_builders import Ward
from tests.web.liaison.pages import count_queries, text_of

SignIn = Callable[[FlaskClient, Membership], FlaskClient]


@pytest.fixture
def ines(session: Session, ward: Ward) -> Membership:
    return builders.intake(session, ward.receiver, "Ines Castro")


@pytest.fixture
def inside(client: FlaskClient, sign_in: SignIn, ines: Membership) -> FlaskClient:
    return sign_in(client, ines)


def by_phone(number: int) -> ContactPoint:
    return ContactPoint(kind="phone", value=f"+131255502{number:02d}")


def at(made: Referral) -> str:
    return f"/intake/referrals/{made.public_id}"


def press(client: FlaskClient, made: Referral, step: str, **sent: str) -> str:
    """Load the page, press one of its buttons; return the words of the page that follows."""
    carried = people.carried(client.get(at(made)).text)
    return text_of(client.post(f"{at(made)}/{step}", data=carried | sent, follow_redirects=True))


def speaks_at(session: Session, ward: Ward, name: str) -> Speaker:
    """Let a speaker of the bureau be booked at the ward's hospital."""
    here = builders.World(ward.bureau, ward.program, ward.hospital, ward.unit)
    speaker = builders.speaker(session, ward.bureau, builders.Person(name, "Ortiz"))
    slot = builders.slots(session, builders.visit(session, here))[0]
    builders.assignment(session, slot, speaker)
    return speaker


def test_the_inbox_shows_numbers_and_clocks_and_nothing_of_the_person(
    inside: FlaskClient, session: Session, ward: Ward, db: Database
) -> None:
    made = referrals.sent(session, ward)
    session.commit()
    before = digest(db)

    page = inside.get("/intake")

    words = text_of(page)
    assert f"R-{made.number} Before the discharge Sent, not yet acknowledged" in words
    assert "Acknowledge by" in words
    assert not [canary for canary in CANARIES if canary in page.text]
    assert ward.hospital.name not in page.text
    assert digest(db) == before


def test_thirty_referrals_cost_as_many_questions_as_one(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    def add(number: int) -> None:
        referrals.sent(session, ward, who=referrals.person(contacts=(by_phone(number),)))

    add(0)
    inside.get("/intake")
    with count_queries() as one:
        inside.get("/intake")
    for number in range(1, 30):
        add(number)
    session.commit()

    with count_queries() as many:
        page = inside.get("/intake")

    assert page.text.count("R-") >= 30
    assert many.count == one.count


def test_a_referral_is_found_by_its_number_among_ones_own_open_ones(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    foreign = referrals.sent(session, referrals.ward(session, ward.desk, name="Moraine"))

    assert inside.get(f"/intake?number=r {made.number}").location == at(made)
    for typed in (str(foreign.number), "R-1", "Zed", "9" * 50):
        page = inside.get("/intake", query_string={"number": typed})
        assert page.status_code == 404
        assert "None of your open referrals has this number." in text_of(page)


def test_the_one_main_action_follows_the_state(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)

    assert "Noted: it has reached you." in press(inside, made, "acknowledgement")
    assert "It is yours." in press(inside, made, "acceptance")
    assert "Nobody yet." in press(inside, made, "today/end")
    assert "You have it today." in press(inside, made, "today")
    assert "Wonderful." in press(inside, made, "reached", result="came_to_group")
    resting = press(inside, made, "rest", reason="waitlist", resume_on="2026-12-01")
    assert "It rests until then." in resting
    assert "It goes on." in press(inside, made, "going-on")
    closed = press(inside, made, "end", outcome="connected_enrolled")
    assert "It is closed." in closed
    assert "no longer shown" in closed
    assert PATIENT not in inside.get(at(made)).text
    session.refresh(made)
    assert (made.state, made.evidence) == ("closed", "attendance_logged")
    assert "Closed: joined a group or class" in text_of(inside.get("/intake"))


def test_who_cannot_take_it_says_why_and_sees_no_more(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)

    unsaid = press(inside, made, "cannot")
    assert "Choose a reason." in unsaid
    assert "Thank you for saying so." in press(inside, made, "cannot", reason="out_of_area")
    session.refresh(made)
    assert (made.state, made.reason) == ("declined", "out_of_area")
    assert PATIENT not in inside.get(at(made)).text


def test_the_second_of_two_helpers_is_told_who_was_first_and_a_second_tap_is_harmless(
    inside: FlaskClient, session: Session, ward: Ward, db: Database
) -> None:
    made = referrals.sent(session, ward)
    lena = referrals.helper(session, ward.receiver)
    seen = people.carried(inside.get(at(made)).text)
    working.accept(session, made, by=referrals.by_helper(lena), desk=ward.desk, now=NOW)
    session.commit()

    late = inside.post(f"{at(made)}/acceptance", data=seen)
    assert late.status_code == 409
    assert "Somebody was faster: Accepted (Lena Ortiz)." in text_of(late)

    seen = people.carried(inside.get(at(made)).text)
    rest = seen | {"reason": "waitlist", "resume_on": "2026-12-01"}
    inside.post(f"{at(made)}/rest", data=rest)
    before = digest(db)
    again = inside.post(f"{at(made)}/rest", data=rest)
    assert (again.status_code, again.location) == (303, at(made))
    assert digest(db) == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"note": "Call 312-555-0187"}, "telephone number"),
        ({"note": "MRN 4471"}, "record number"),
        ({"note": "x" * 281}, "280 characters"),
        ({"day": "1900-01-01"}, "Check the year"),
        ({"day": "9999-12-31"}, "Check the year"),
        ({"day": "2026-12-24"}, "still to come"),
        ({"day": "2026-11-01"}, "two weeks ago"),
        ({"day": "2026-11-22"}, "before the referral was sent"),
        ({"result": "cured"}, "Choose one of the answers on the list."),
        ({"at": "25:99"}, "This is not a time."),
    ],
)
def test_a_try_that_cannot_be_is_said_beside_its_field_and_changes_nothing(
    inside: FlaskClient, session: Session, ward: Ward, changes: dict[str, str], words: str
) -> None:
    made = referrals.accepted(session, ward)
    form = people.carried(inside.get(f"{at(made)}/try").text)
    usual = {"channel": "call", "result": "no_answer", "day": "2026-11-23", "at": "10:00"}

    page = inside.post(f"{at(made)}/try", data=form | usual | changes)

    assert (page.status_code, words in text_of(page)) == (422, True)
    session.refresh(made)
    assert (made.state, working.attempts(session, made)) == ("accepted", [])


def test_from_the_call_page_a_try_is_one_tap_away(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    made = referrals.accepted(session, ward)

    assert f'href="{at(made)}/try"' in inside.get(f"{at(made)}/call").text


def test_the_times_of_a_referral_name_their_zone(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    made = referrals.accepted(session, ward)

    assert "All times are Eastern Time." in text_of(inside.get(at(made)))


def test_unable_to_reach_needs_tries_and_says_so(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    made = referrals.accepted(session, ward)

    assert "three attempts" in press(inside, made, "end", outcome="unable_to_reach")
    session.refresh(made)
    assert made.state == "accepted"


def test_a_note_for_the_next_helper_is_sealed_and_screened(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    made = referrals.accepted(session, ward)
    carried = people.carried(inside.get(at(made)).text)

    for _twice in range(2):
        inside.post(f"{at(made)}/notes", data=carried | {"note": "Ask for the side door"})
    page = inside.get(at(made))
    assert page.text.count("Ask for the side door") == 1
    kept = session.scalars(select(ReferralNote)).one()
    assert "side door" not in kept.sealed_note
    assert "mail address" in press(inside, made, "notes", note="z@people.example")
    assert "Write what the next helper should know." in press(inside, made, "notes", note=" ")


def test_the_call_page_speaks_the_persons_language_and_spares_an_unsafe_voicemail(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    contacts = (ContactPoint(kind="phone", value="+13125550187", hours="evenings"),)
    who = referrals.person(contacts=contacts, language="es", interpreter=True)
    made = referrals.sent(session, ward, who=who)

    page = inside.get(f"{at(made)}/call")

    words = text_of(page)
    assert "What to say on the telephone" in words
    assert "Record a try" not in words  # it is not taken on yet
    assert '<div lang="es">' in page.text
    assert f"¿Puedo hablar con {PATIENT}, por favor?" in words
    assert "Cuelgue sin decir nada." in words
    assert "988" in words
    assert "Good times: evenings Please send no text message. Please leave no voicemail." in words
    assert ward.hospital.name not in page.text


def test_only_what_the_authorization_lets_out_is_shown(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    form = referrals.signed_form(session, ward, information=("name", "zip_code"))
    made = referrals.sent(session, ward, form=form)

    page = inside.get(at(made))

    assert PATIENT in page.text
    assert "48201" in page.text
    assert not [each for each in ("5550187", "tel:+13125", NOTE) if each in page.text]


def test_once_the_authorization_has_run_out_nothing_is_shown(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    form = referrals.signed_form(session, ward, expires_on=NOW.date())
    made = referrals.sent(session, ward, form=form)
    assert PATIENT in inside.get(at(made)).text
    signed = referrals.authorization_of(session, made)
    signed.signed_on = signed.expires_on = NOW.date() - timedelta(days=1)

    page = inside.get(at(made))

    assert "permission has ended" in text_of(page)
    assert not [canary for canary in CANARIES if canary in page.text]
    assert inside.get(f"{at(made)}/call").location == at(made)


def test_who_speaks_at_the_hospital_never_opens_its_referrals(
    inside: FlaskClient, session: Session, ward: Ward, ines: Membership
) -> None:
    made = referrals.sent(session, ward)
    lena = people.with_pin(session, referrals.helper(session, ward.receiver))
    maria = speaks_at(session, ward, "Maria")
    session.add(
        Membership(
            account_id=ines.account_id,
            kind="speaker",
            affiliate_id=ward.bureau.id,
            speaker_id=maria.id,
            starts_at=NOW,
        )
    )
    helper = people.inside(session, inside.application.test_client(), made, lena, ward.desk.links)
    assert helper.get(at(made)).status_code == 200
    lena.speaker_id = maria.id

    for browser in (inside, helper):
        assert f"R-{made.number}" not in browser.get("/intake").text
        for path in (at(made), f"{at(made)}/call", f"{at(made)}/try"):
            assert browser.get(path).status_code == 404
        assert browser.post(f"{at(made)}/acceptance", data={"version": "1"}).status_code == 404
    session.refresh(made)
    assert made.state == "sent"


def test_strangers_of_every_kind_find_nothing(
    client: FlaskClient, session: Session, ward: Ward, sign_in: SignIn
) -> None:
    made = referrals.sent(session, ward)
    elsewhere = referrals.receiving(session, "Prairie Friends", kept_by=ward.bureau)
    stranger = builders.intake(session, elsewhere, "Nora Webb")
    at_door = client.application.test_client()
    people.at_the_door(session, at_door, made, ward.desk.links)

    assert client.get(at(made)).location.startswith("/sign-in")
    assert at_door.get(at(made)).location == "/intake/left"
    assert sign_in(client, stranger).get(at(made)).status_code == 404
    assert client.post(f"{at(made)}/acceptance", data={"version": "1"}).status_code == 404


def test_a_helper_switches_room_but_keeps_no_list_of_helpers(
    client: FlaskClient, session: Session, ward: Ward
) -> None:
    lena = referrals.helper(session, ward.receiver)
    people.inside(session, client, referrals.sent(session, ward), lena, ward.desk.links)

    client.post("/intake/capacity", data={"capacity": "waitlist"})
    session.refresh(ward.receiver)
    assert ward.receiver.capacity == "waitlist"
    assert client.get("/intake/helpers").status_code == 403
    assert client.post("/intake/helpers", data={"name": "Omar"}).status_code == 403


def test_an_account_keeps_the_helpers(inside: FlaskClient, session: Session, ward: Ward) -> None:
    inside.post("/intake/helpers", data={"name": "Omar  Reyes"})
    omar = session.scalars(select(IntakeHelper)).one()
    assert (omar.name, omar.affiliate_id) == ("Omar Reyes", ward.receiver.id)
    twice = inside.post("/intake/helpers", data={"name": "omar reyes"})
    assert "There is a helper with this name already." in text_of(twice)
    omar.pin_hash, omar.locked_at = "x:y", NOW
    assert "The PIN is locked" in text_of(inside.get("/intake/helpers"))

    inside.post(f"/intake/helpers/{omar.public_id}/pin/forget")
    assert "Chooses a PIN when they first come in" in text_of(inside.get("/intake/helpers"))
    omar.pin_hash, omar.pin_set_at = "x:y", NOW
    session.commit()
    said = "PIN set on Monday, November 23, 10:00 AM Eastern Time"
    assert said in text_of(inside.get("/intake/helpers"))
    inside.post(f"/intake/helpers/{omar.public_id}/leave")
    assert f"{omar.public_id}/pin/forget" not in inside.get("/intake/helpers").text
    again = inside.post("/intake/helpers", data={"name": "Omar Reyes"})
    assert "A helper with this name has left." in text_of(again)
    inside.post(f"/intake/helpers/{omar.public_id}/return")
    page = text_of(inside.get("/intake/helpers"))
    assert "Chooses a PIN when they first come in" in page
    assert "Have left" not in page


def test_who_cannot_see_the_speaker_does_not_undo_the_link(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward
) -> None:
    lena = referrals.helper(session, ward.receiver, "Lena Ortiz")
    maria = lena.speaker_id = speaks_at(session, ward, "Maria").id
    nora = sign_in(client, builders.coordinator(session, ward.receiver, "Nora Field"))
    page = f"/coordinator/helpers/{lena.public_id}/speaker"

    answers = nora.get(page), nora.post(page, data={"speaker": ""})

    assert [answer.status_code for answer in answers] == [403, 403]
    session.refresh(lena)
    assert lena.speaker_id == maria


def test_the_coordinator_links_a_helper_of_a_kept_affiliate_to_a_speaker(
    client: FlaskClient, session: Session, ward: Ward, sign_in: SignIn
) -> None:
    lena = referrals.helper(session, ward.receiver)
    maria = speaks_at(session, ward, "Maria")
    ruth = sign_in(client, ward.coordinator)
    listed = f"/coordinator/affiliates/{ward.receiver.public_id}/helpers"
    assert "Lena Ortiz" in ruth.get(listed).text

    ruth.post(f"/coordinator/helpers/{lena.public_id}/leave")
    assert "Have left" in ruth.get(listed).text
    back = ruth.post(f"/coordinator/helpers/{lena.public_id}/return")
    assert (back.status_code, back.location) == (303, listed)
    assert "Have left" not in ruth.get(listed).text

    path = f"/coordinator/helpers/{lena.public_id}/speaker"
    assert "Maria Ortiz" in ruth.get(path).text
    done = ruth.post(path, data={"speaker": maria.public_id})

    assert (done.status_code, done.location) == (303, listed)
    session.refresh(lena)
    assert lena.speaker_id == maria.id
    assert "referrals from those stay closed to them" in ruth.get(listed).text


def test_after_a_withdrawal_an_account_sees_the_number_and_the_word_stop_alone(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    made = referrals.accepted(session, ward)
    press(inside, made, "notes", note="Ask for the side door")
    stopping.revoke(
        session,
        referrals.authorization_of(session, made),
        how=Revoked.SPOKEN,
        received_by="Priya",
        by=ward.by_liaison,
        desk=ward.desk,
        now=NOW,
    )
    session.commit()

    page = inside.get(at(made))
    assert "Please make no more contact" in text_of(page)
    for kept in (*CANARIES, "side door"):
        assert kept not in page.text
    assert "Please stop 1" in text_of(inside.get("/intake"))
    for step in ("try", "notes", "today", "acceptance", "rest", "end", "reached"):
        sent = {"version": str(made.version), "request_key": "a-key-of-its-own"}
        more = {"note": "Later", "result": "they_called", "reason": "waitlist"}
        answer = inside.post(f"{at(made)}/{step}", data=sent | more)
        assert answer.status_code in {409, 422}, step
    stopped = press_stop(inside, made)
    assert "contact has stopped" in stopped
    session.refresh(made)
    assert (made.state, made.stop_confirmed_at) == ("cancelled", NOW)
    assert "Please stop" not in text_of(inside.get("/intake"))


def press_stop(client: FlaskClient, made: Referral) -> str:
    return text_of(client.post(f"{at(made)}/stopped", follow_redirects=True))


def test_a_time_beyond_the_calendar_is_no_error_of_ours(
    client: FlaskClient, session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    omar = referrals.helper(session, ward.receiver, "Omar Diaz")
    browser = people.inside(session, client, made, omar, ward.desk.links)

    for beyond in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        sent = {"held_at": beyond}
        answer = browser.post(f"/intake/referrals/{made.public_id}/today", data=sent)

        assert answer.status_code in {303, 409}


def test_who_signs_in_where_a_helper_sat_is_not_taken_for_the_helper(
    client: FlaskClient, session: Session, ward: Ward, ines: Membership
) -> None:
    made = referrals.sent(session, ward)
    omar = referrals.helper(session, ward.receiver, "Omar Diaz")
    browser = people.inside(session, client, made, omar, ward.desk.links)
    assert "Omar Diaz" in browser.get("/intake").text

    browser.post("/sign-in", data={"email": session.get_one(Account, ines.account_id).email})
    asked = session.scalars(select(SignInCode).order_by(SignInCode.id.desc())).first()
    assert asked is not None
    digits = ward.desk.links.sign_in_code(asked.public_id)
    assert browser.post("/sign-in/code", data={"code": digits}).status_code == 303

    assert browser.get("/intake").location == "/sign-in/second-step?next=/intake"
