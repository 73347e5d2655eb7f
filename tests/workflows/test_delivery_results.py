"""What follows from what providers say."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from outreach.db import Database
from outreach.messaging import service
from outreach.messaging.models import Consent, Message
from outreach.messaging.ports import Accepted, Rejected
from outreach.workflows.delivery import Post
from tests import fakes
from tests.builders import NOW
from tests.workflows.conftest import Bureau
from tests.workflows.sending import conclude, may_text, plan, said, told


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database, phones=fakes.Phones())


def test_a_number_that_takes_no_texts_is_noted_and_mailed_from_then_on(
    bureau: Bureau, post: Post
) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    plan(bureau, kind="called_off", channel="sms")

    conclude(bureau, post, Rejected("21211"))

    assert told(bureau) == [
        ("offer_gone", "sms", "failed", "bad_number"),
        ("called_off", "sms", "cancelled", "no_consent"),
        ("called_off", "mail", "pending", ""),
        ("offer_gone", "mail", "pending", ""),
    ]
    assert not service.agreed(bureau.session, bureau.maria.phone or "")


def test_a_stop_told_by_the_provider_is_a_stop(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")

    conclude(bureau, post, Rejected("21610"))

    last = bureau.session.scalars(select(Consent).order_by(Consent.id.desc())).first()
    assert last is not None
    assert (last.event, last.source, last.evidence) == ("opt_out", "provider", "21610")


def test_a_passing_trouble_is_tried_once_more_after_half_an_hour(
    bureau: Bureau, post: Post
) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    conclude(bureau, post, Accepted("SM1", "queued"))

    said(bureau, "undelivered", "30003", provider_id="SM1")

    assert [row[:3] for row in told(bureau)] == [
        ("offer_gone", "sms", "undelivered"),
        ("offer_gone", "sms", "pending"),
    ]
    again = bureau.session.scalars(select(Message).order_by(Message.id.desc())).first()
    assert again is not None
    assert again.send_after == NOW + timedelta(minutes=30)

    conclude(bureau, post, Accepted("SM2", "queued"), now=again.send_after)
    said(bureau, "undelivered", "30003", provider_id="SM2")
    assert len(told(bureau)) == 2


def test_a_passing_trouble_too_late_is_not_tried_again(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms", expires_at=NOW + timedelta(minutes=30))
    conclude(bureau, post, Accepted("SM1", "queued"))

    said(bureau, "undelivered", "30003", provider_id="SM1")

    assert [state for _, _, state, _ in told(bureau)] == ["undelivered"]


def test_an_opt_out_known_only_from_a_callback_counts(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    conclude(bureau, post, Accepted("SM1", "queued"))

    said(bureau, "failed", "21610", provider_id="SM1")

    assert not service.agreed(bureau.session, bureau.maria.phone or "")


def test_a_word_of_delivery_has_no_further_consequence(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    conclude(bureau, post, Accepted("SM1", "queued"))

    said(bureau, "delivered", "", provider_id="SM1")

    assert [row[:3] for row in told(bureau)] == [("offer_gone", "sms", "delivered")]
