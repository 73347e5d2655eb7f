"""What a coordinator does about messages that went wrong."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from outreach.actor import SYSTEM
from outreach.db import Database
from outreach.errors import Conflict
from outreach.messaging.models import Message
from outreach.messaging.ports import Accepted
from outreach.workflows import settling
from outreach.workflows.delivery import Post
from tests import fakes
from tests.builders import NOW
from tests.workflows.conftest import Bureau
from tests.workflows.sending import conclude, may_text, plan, said, told


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database, phones=fakes.Phones())


@pytest.fixture
def undelivered(bureau: Bureau, post: Post) -> Message:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    conclude(bureau, post, Accepted("SM1", "queued"))
    said(bureau, "undelivered", "30005", provider_id="SM1")
    return bureau.session.scalars(select(Message)).one()


def test_a_text_sent_once_more_is_known_by_its_new_number(
    bureau: Bureau, post: Post, undelivered: Message
) -> None:
    settling.retry(bureau.session, undelivered, by=SYSTEM, now=NOW)

    conclude(bureau, post, Accepted("SM2", "queued"))
    said(bureau, "delivered", "", provider_id="SM2")

    assert told(bureau) == [("offer_gone", "sms", "delivered", "")]
    assert (undelivered.provider_id, undelivered.provider_code) == ("SM2", "")


def test_a_text_that_arrives_late_after_all_is_not_sent_once_more(
    bureau: Bureau, undelivered: Message
) -> None:
    settling.retry(bureau.session, undelivered, by=SYSTEM, now=NOW)

    said(bureau, "delivered", "", provider_id="SM1")

    assert told(bureau) == [("offer_gone", "sms", "delivered", "")]


def test_what_is_past_its_time_is_not_sent_once_more(undelivered: Message, bureau: Bureau) -> None:
    with pytest.raises(Conflict, match="too late"):
        settling.retry(
            bureau.session,
            undelivered,
            by=SYSTEM,
            now=undelivered.expires_at + timedelta(seconds=1),
        )


def test_what_is_no_longer_so_is_not_sent_once_more(bureau: Bureau) -> None:
    about = ("visit", bureau.visit.id, bureau.visit.revision - 1)
    plan(bureau, kind="moved", channel="mail", subject=about)
    failed = bureau.session.scalars(select(Message)).one()
    failed.state = "failed"
    bureau.session.flush()

    with pytest.raises(Conflict, match="no longer so"):
        settling.retry(bureau.session, failed, by=SYSTEM, now=NOW)
