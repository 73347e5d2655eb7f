"""Links, codes and PINs over HTTP: looking changes nothing, and what is dead tells nothing."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach.db import Database
from outreach.links import Links
from outreach.referrals.codes import Revoked
from outreach.referrals.models import IntakeHelper, Referral
from outreach.workflows.referrals import stopping
from outreach.workflows.referrals.authorizing import ContactPoint
from tests import intake_builders as people
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.digest import digest
from tests.leaks import CANARIES
from tests.referral_builders import Ward
from tests.web.liaison.pages import text_of

BROWSER = "the browser of the affiliate"
DEAD = "This link has ended. Nothing was changed, and nothing is shown here."


@pytest.fixture
def made(session: Session, ward: Ward) -> Referral:
    return referrals.sent(session, ward)


@pytest.fixture
def lena(session: Session, ward: Ward) -> IntakeHelper:
    return people.with_pin(session, referrals.helper(session, ward.receiver))


def links_of(client: FlaskClient) -> Links:
    found: Links = client.application.extensions["outreach"].links
    return found


def revoke(session: Session, ward: Ward, made: Referral) -> None:
    stopping.revoke(
        session,
        referrals.authorization_of(session, made),
        how=Revoked.SPOKEN,
        received_by="Priya",
        by=ward.by_liaison,
        desk=ward.desk,
        now=NOW,
    )


def test_looking_changes_nothing_and_tells_nobody_where_one_came_from(
    client: FlaskClient, session: Session, made: Referral, lena: IntakeHelper, db: Database
) -> None:
    path = people.at_the_door(session, client, made, links_of(client))
    before = digest(db)

    for page in (client.get(path), client.get(f"{path}/who"), client.get(f"{path}/code")):
        assert page.status_code in {200, 303}
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert not [canary for canary in CANARIES if canary in page.text]
        assert page.status_code == 303 or 'content="noindex"' in page.text
    client.head(path)
    client.head(f"{path}/who")

    assert digest(db) == before
    assert lena.wrong_tries == 0


@pytest.mark.both_engines
def test_dead_links_of_every_kind_get_the_same_plain_page(
    client: FlaskClient, session: Session, ward: Ward, db: Database, present: Traveller
) -> None:
    links, made = ward.desk.links, referrals.sent(session, ward)
    path = people.path_of(session, made, links)
    closed = referrals.closed(
        session,
        ward,
        who=referrals.person(contacts=(ContactPoint(kind="phone", value="+13125550199"),)),
    )
    ended = people.path_of(session, closed, links)
    session.commit()
    present.shift(timedelta(hours=72))
    before = digest(db)

    for dead in (path, ended, "/i/madeup", f"{path}x", f"/i/{made.public_id}"):
        pages = [client.get(dead), client.get(f"{dead}/code"), client.get(f"{dead}/who")]
        pages.append(client.post(dead, forged=True))
        pages.append(client.post(f"{dead}/code", data={"code": "12345678"}, forged=True))
        for page in pages:
            assert (page.status_code, DEAD in text_of(page)) == (404, True), dead

    assert digest(db) == before


def test_a_wrong_or_replayed_code_opens_nothing(
    client: FlaskClient, session: Session, made: Referral, links: Links
) -> None:
    path = people.path_of(session, made, links)
    client.post(path, forged=True)
    digits = people.code_of(session, links)

    wrong = client.post(f"{path}/code", data={"code": "00000000"}, forged=True)
    assert wrong.status_code == 422
    assert "This code is not right" in text_of(wrong)
    client.post(f"{path}/code", data={"code": f"{digits[:4]} {digits[4:]}"}, forged=True)
    other = client.application.test_client()
    other.set_cookie("item-code", "somebody else's browser")
    replayed = other.post(f"{path}/code", data={"code": digits}, forged=True)
    assert replayed.status_code == 422
    assert other.get_cookie("item") is None


def test_the_sixth_code_is_too_many(
    client: FlaskClient, session: Session, made: Referral, links: Links
) -> None:
    path = people.path_of(session, made, links)
    client.post(path, forged=True)
    for _wrong in range(5):
        client.post(f"{path}/code", data={"code": "00000000"}, forged=True)

    page = client.post(f"{path}/code", data={"code": people.code_of(session, links)}, forged=True)

    assert page.status_code == 429
    assert "There were too many tries." in text_of(page)


def test_behind_the_code_a_form_needs_its_token(
    client: FlaskClient, session: Session, made: Referral, lena: IntakeHelper, links: Links
) -> None:
    path = people.at_the_door(session, client, made, links)
    sent = {"helper": lena.public_id, "pin": people.PIN}

    assert client.post(f"{path}/who", data=sent, forged=True).status_code == 400
    assert client.get("/intake").location == "/intake/left"
    assert client.post(f"{path}/who", data=sent).status_code == 303
    assert client.get("/intake").status_code == 200
    step = f"/intake/referrals/{made.public_id}/acceptance"
    assert client.post(step, data={"version": made.version}, forged=True).status_code == 400
    session.refresh(made)
    assert made.state == "sent"


def test_a_pin_is_never_written_back_and_five_wrong_ones_lock(
    client: FlaskClient, session: Session, made: Referral, lena: IntakeHelper, links: Links
) -> None:
    path = people.at_the_door(session, client, made, links)
    for _wrong in range(5):
        page = client.post(f"{path}/who", data={"helper": lena.public_id, "pin": "270941"})
        assert (page.status_code, "Name and PIN do not fit" in text_of(page)) == (422, True)
        assert "270941" not in page.text

    locked = client.post(f"{path}/who", data={"helper": lena.public_id, "pin": people.PIN})

    assert locked.status_code == 409
    assert "Please call the coordinator." in text_of(locked)
    assert client.get("/intake").location == "/intake/left"


def test_the_first_pin_must_be_typed_twice(
    client: FlaskClient, session: Session, ward: Ward, made: Referral, links: Links
) -> None:
    omar = referrals.helper(session, ward.receiver, "Omar Reyes")
    path = people.at_the_door(session, client, made, links)

    once = client.post(f"{path}/who", data={"helper": omar.public_id, "pin": people.PIN})
    assert "type the PIN you choose twice" in text_of(once)
    easy = {"helper": omar.public_id, "pin": "123456", "again": "123456"}
    assert "not all alike and not in a row." in text_of(client.post(f"{path}/who", data=easy))
    session.refresh(omar)
    assert omar.pin_hash is None


def test_a_link_of_another_affiliate_is_no_way_in_for_who_is_inside(
    client: FlaskClient, session: Session, ward: Ward, made: Referral, lena: IntakeHelper
) -> None:
    links = ward.desk.links
    elsewhere = referrals.receiving(session, "Prairie Friends", kept_by=ward.bureau)
    theirs = referrals.ward(session, ward.desk, name="Moraine")
    foreign = referrals.sent(session, theirs)
    people.inside(session, client, made, lena, links)
    path = people.path_of(session, foreign, links)

    assert client.get(f"{path}/who").location == path
    assert client.get(f"/intake/referrals/{foreign.public_id}").status_code == 404
    assert elsewhere.name not in client.get("/intake").text


def test_after_a_withdrawal_the_link_says_stop_and_a_button_confirms(
    client: FlaskClient, session: Session, ward: Ward, made: Referral, lena: IntakeHelper
) -> None:
    links = ward.desk.links
    people.inside(session, client, made, lena, links)
    path = people.path_of(session, made, links)
    revoke(session, ward, made)
    session.commit()

    item = f"/intake/referrals/{made.public_id}"
    assert "Please make no more contact" in text_of(client.get(item))
    assert client.get(f"{item}/call").location == item
    for page in (client.get(item), client.get("/intake")):
        assert not [canary for canary in CANARIES if canary in page.text]
    assert client.post(f"{item}/acceptance", data={"version": "9"}).status_code == 409
    page = client.get(path)
    assert page.status_code == 410
    assert f"Please stop: R-{made.number}" in text_of(page)
    assert not [canary for canary in CANARIES if canary in page.text]

    done = client.post(f"{path}/stopped", forged=True, follow_redirects=True)
    assert "contact about this item has stopped" in text_of(done)
    session.refresh(made)
    assert made.stop_confirmed_at == NOW
    assert (
        client.get(path).status_code,
        client.post(f"{path}/stopped", forged=True).status_code,
    ) == (
        404,
        404,
    )


def test_who_came_by_a_link_works_on_after_the_referral_of_that_link_has_ended(
    client: FlaskClient, session: Session, ward: Ward, made: Referral, lena: IntakeHelper
) -> None:
    other = referrals.sent(
        session,
        ward,
        who=referrals.person(contacts=(ContactPoint(kind="phone", value="+13125550199"),)),
    )
    people.inside(session, client, made, lena, ward.desk.links)
    revoke(session, ward, made)
    session.commit()

    inbox = client.get("/intake")
    opened = client.get(f"/intake/referrals/{other.public_id}")
    taken = client.post(
        f"/intake/referrals/{other.public_id}/acceptance", data={"version": str(other.version)}
    )

    assert (inbox.status_code, opened.status_code, taken.status_code) == (200, 200, 303)
    assert f"R-{other.number}" in inbox.text
    session.refresh(other)
    assert other.state == "accepted"


def test_at_the_door_of_a_withdrawn_referral_no_pin_opens_anything(
    client: FlaskClient, session: Session, ward: Ward, made: Referral, lena: IntakeHelper
) -> None:
    path = people.at_the_door(session, client, made, ward.desk.links)
    revoke(session, ward, made)
    session.commit()

    answer = client.post(f"{path}/who", data={"helper": lena.public_id, "pin": people.PIN})

    assert answer.status_code == 410
    assert client.get("/intake").location == "/intake/left"


@pytest.mark.both_engines
def test_the_cookie_of_before_the_pin_is_worth_nothing_after_it(
    client: FlaskClient, session: Session, made: Referral, lena: IntakeHelper, links: Links
) -> None:
    path = people.at_the_door(session, client, made, links)
    before = client.get_cookie("item")
    assert before is not None

    client.post(f"{path}/who", data={"helper": lena.public_id, "pin": people.PIN})

    after = client.get_cookie("item")
    assert after is not None
    assert after.value != before.value
    assert client.get("/intake").status_code == 200
    thief = client.application.test_client()
    thief.set_cookie("item", before.value)
    assert thief.get("/intake").location == "/intake/left"
    assert thief.get(f"{path}/who").location == path


def test_a_name_without_a_pin_is_not_taken_by_who_is_inside_under_another(
    client: FlaskClient, session: Session, ward: Ward, made: Referral, lena: IntakeHelper
) -> None:
    omar = referrals.helper(session, ward.receiver, "Omar Reyes")
    people.inside(session, client, made, lena, ward.desk.links)
    path = people.path_of(session, made, ward.desk.links)
    sent = {"helper": omar.public_id, "pin": "270941", "again": "270941"}

    answer = client.post(f"{path}/who", data=sent)

    assert answer.status_code == 409
    assert "A PIN is chosen right after the code." in text_of(answer)
    session.refresh(omar)
    assert omar.pin_hash is None


@pytest.mark.both_engines
def test_codes_that_are_wrong_used_foreign_or_old_say_so_and_change_nothing(
    client: FlaskClient, session: Session, ward: Ward, db: Database, present: Traveller
) -> None:
    links, made = ward.desk.links, referrals.sent(session, ward)
    theirs = referrals.sent(session, referrals.ward(session, ward.desk, name="Moraine"))
    path, elsewhere = (people.path_of(session, each, links) for each in (made, theirs))
    foreign = digits_for(client, session, elsewhere, links)
    used = digits_for(client, session, path, links)
    client.post(f"{path}/code", data={"code": used}, forged=True)
    waiting = digits_for(client, session, path, links)
    session.commit()
    before = digest(db)

    tries = [("00000000", 0), (used, 0), (foreign, 0), (waiting, 10)]
    for code, minutes in tries:
        present.shift(timedelta(minutes=minutes))
        client.set_cookie("item-code", BROWSER)
        page = client.post(f"{path}/code", data={"code": code}, forged=True)
        assert page.status_code == 422
        assert "This code is not right, or it is no longer good." in text_of(page)

    assert digest(db) == before


@pytest.mark.both_engines
def test_a_wrong_pin_changes_its_count_alone_and_a_locked_one_nothing(
    client: FlaskClient, session: Session, made: Referral, lena: IntakeHelper, db: Database
) -> None:
    path = people.at_the_door(session, client, made, links_of(client))
    wrong = {"helper": lena.public_id, "pin": "270941"}

    def changed_by(sent: dict[str, str], *, status: int) -> set[str]:
        before = digest(db)
        assert client.post(f"{path}/who", data=sent).status_code == status
        after = digest(db)
        return {table for table in after if after[table] != before[table]}

    for _wrong in range(4):
        assert changed_by(wrong, status=422) == {"intake_helper"}
    assert changed_by(wrong, status=422) == {"intake_helper", "audit_event", "message"}
    assert changed_by(wrong, status=409) == set()
    assert changed_by(wrong | {"pin": people.PIN}, status=409) == set()
    assert changed_by(wrong | {"helper": made.public_id}, status=422) == set()


def digits_for(client: FlaskClient, session: Session, path: str, links: Links) -> str:
    """Ask for a code at a link, always from the same browser, and read it in the mail."""
    client.set_cookie("item-code", BROWSER)
    assert client.post(path, forged=True).status_code == 303
    return people.code_of(session, links)


def test_who_leaves_is_out_and_the_cookie_is_worth_nothing(
    client: FlaskClient, session: Session, made: Referral, lena: IntakeHelper, links: Links
) -> None:
    people.inside(session, client, made, lena, links)
    cookie = client.get_cookie("item")
    assert cookie is not None

    left = client.post("/intake/leave")

    assert (left.status_code, left.location) == (303, "/intake/left")
    assert left.headers["Clear-Site-Data"]
    client.set_cookie("item", cookie.value)
    assert client.get("/intake").location == "/intake/left"
