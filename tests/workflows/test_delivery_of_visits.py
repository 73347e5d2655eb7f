"""What still stands just before it leaves: reminders, moves, invites, codes."""

from datetime import timedelta

import pytest

from outreach.actor import SYSTEM
from outreach.db import Database
from outreach.messaging.ports import Accepted, Mail
from outreach.visits.models import Offer
from outreach.workflows import delivery, visits
from outreach.workflows.delivery import Post, Prepared, Skipped
from tests import builders, fakes
from tests.builders import NOW, VISIT_AT
from tests.workflows.conftest import LINKS, Bureau
from tests.workflows.sending import (
    book,
    calendar_of,
    mail_of,
    plan,
    prepare,
    prepare_kind,
    told,
    uid_of,
)


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database, phones=fakes.Phones())


def test_a_reminder_stands_as_long_as_the_person_goes_and_nothing_moved(
    bureau: Bureau, post: Post
) -> None:
    book(bureau)
    weeks_before = VISIT_AT - timedelta(days=7)

    prepared = prepare_kind(bureau, post, "reminder", now=weeks_before)

    assert isinstance(prepared, Prepared)


def test_a_reminder_leads_to_the_page_where_nobody_signs_in(bureau: Bureau, post: Post) -> None:
    assignment = book(bureau)
    offer = bureau.session.get_one(Offer, assignment.offer_id)

    prepared = prepare_kind(bureau, post, "reminder", now=VISIT_AT - timedelta(days=7))

    token = LINKS.answer_token(
        offer.public_id, speaker_id=bureau.maria.public_id, expires_at=offer.expires_at
    )
    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.parcel, Mail)
    assert LINKS.answer(token) in prepared.parcel.text


def test_a_reminder_of_somebody_who_stepped_back_is_not_sent(bureau: Bureau, post: Post) -> None:
    assignment = book(bureau)
    assignment.active = False
    bureau.session.flush()

    assert prepare_kind(bureau, post, "reminder", now=VISIT_AT - timedelta(days=7)) is (
        Skipped.SETTLED
    )


def test_a_reminder_of_an_old_time_is_not_sent(bureau: Bureau, post: Post) -> None:
    book(bureau)
    bureau.visit.revision += 1
    bureau.session.flush()

    assert prepare_kind(bureau, post, "reminder", now=VISIT_AT - timedelta(days=7)) is (
        Skipped.SETTLED
    )


def test_after_an_outage_only_the_last_reminder_that_is_due_leaves(
    bureau: Bureau, post: Post
) -> None:
    book(bureau)
    evening_before = VISIT_AT - timedelta(days=1)

    first = prepare_kind(bureau, post, "reminder", now=evening_before)
    second = prepare_kind(bureau, post, "reminder", now=evening_before)

    assert first is Skipped.SETTLED
    assert isinstance(second, Prepared)
    assert ("reminder", "mail", "cancelled", "superseded") in told(bureau)


def test_a_move_that_was_moved_again_is_not_told(bureau: Bureau, post: Post) -> None:
    values = {"was": VISIT_AT.isoformat()}
    subject = ("visit", bureau.visit.id, bureau.visit.revision)
    plan(bureau, kind="moved", channel="mail", values=values, subject=subject)
    bureau.visit.revision += 1
    bureau.session.flush()

    assert prepare(bureau, post, channel="mail") is Skipped.SETTLED
    assert told(bureau) == [("moved", "mail", "cancelled", "superseded")]


def test_an_invite_carries_the_calendar_file_and_keeps_its_thread(
    bureau: Bureau, post: Post
) -> None:
    book(bureau)
    first = mail_of(prepare_kind(bureau, post, "invite", now=NOW))
    visits.move(
        bureau.session,
        bureau.visit,
        day=VISIT_AT.date(),
        at=VISIT_AT.time().replace(hour=12),
        minutes=60,
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )
    second = mail_of(prepare_kind(bureau, post, "invite_update", now=NOW))

    for mail, method in ((first, "REQUEST"), (second, "REQUEST")):
        parts = {part.get_content_type(): part for part in mail.walk()}
        assert parts["text/calendar"]["Content-Type"].params["method"] == method
        assert mail["To"].addresses[0].addr_spec == bureau.maria.email
    assert first["References"] is None
    assert second["References"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]
    assert "PARTSTAT=ACCEPTED" in calendar_of(first)
    assert "PARTSTAT=NEEDS-ACTION" in calendar_of(second)


def test_a_visit_called_off_leaves_the_calendar(bureau: Bureau, post: Post) -> None:
    book(bureau)
    invite = prepare_kind(bureau, post, "invite", now=NOW)
    assert isinstance(invite, Prepared)
    delivery.conclude(bureau.session, invite, Accepted("<1@x>"), post=post, now=NOW)
    visits.call_off(bureau.session, bureau.visit, by=SYSTEM, links=LINKS, now=NOW)

    mail = mail_of(prepare_kind(bureau, post, "invite_cancel", now=NOW))

    assert "METHOD:CANCEL" in calendar_of(mail)
    assert mail["References"] == "<" + uid_of(mail).replace("@", ".0@") + ">"


def test_a_code_that_was_used_is_not_mailed(bureau: Bureau, post: Post) -> None:
    plan(
        bureau,
        kind="sign_in_code",
        channel="mail",
        values={"code_id": "x"},
        subject=("sign_in_code", 1, 1),
    )

    assert prepare(bureau, post, channel="mail") is Skipped.SETTLED


def test_a_liaison_is_written_to_as_long_as_the_account_stands(bureau: Bureau, post: Post) -> None:
    liaison = builders.account(bureau.session, "Priya Nair")
    for kind in ("called_off", "reopened"):
        plan(bureau, kind=kind, channel="mail", recipient_kind="account", recipient_id=liaison.id)
    first = prepare(bureau, post, channel="mail")
    liaison.disabled_at = NOW
    bureau.session.flush()

    assert isinstance(first, Prepared)
    assert first.parcel.to == liaison.email
    assert prepare(bureau, post, channel="mail") is Skipped.SETTLED


def test_a_ward_is_written_to_at_its_mailbox_of_today(bureau: Bureau, post: Post) -> None:
    unit = bureau.world.unit
    for kind in ("called_off", "reopened"):
        plan(bureau, kind=kind, channel="mail", recipient_kind="unit", recipient_id=unit.id)
    unit.contact_email = "new@stclare.example"
    bureau.session.flush()
    first = prepare(bureau, post, channel="mail")
    unit.contact_email = None
    bureau.session.flush()

    assert isinstance(first, Prepared)
    assert first.parcel.to == "new@stclare.example"
    assert prepare(bureau, post, channel="mail") is Skipped.SETTLED
