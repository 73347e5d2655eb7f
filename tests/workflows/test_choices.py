"""What a message shows is what its reader wants to see on the day it leaves."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from outreach.db import Database
from outreach.messaging.models import Message
from outreach.messaging.ports import Mail
from outreach.workflows.delivery import Post, Prepared
from tests import fakes
from tests.builders import VISIT_AT
from tests.workflows.conftest import Bureau
from tests.workflows.sending import book, prepare_kind

WEEK_BEFORE = VISIT_AT - timedelta(days=7)


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database, phones=fakes.Phones())


def reminder(bureau: Bureau, post: Post) -> Mail:
    prepared = prepare_kind(bureau, post, "reminder", now=WEEK_BEFORE)
    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.parcel, Mail)
    return prepared.parcel


def test_a_place_that_must_not_be_shown_any_more_is_not(bureau: Bureau, post: Post) -> None:
    bureau.maria.detail = "full"
    book(bureau)
    bureau.maria.detail = "minimal"

    mail = reminder(bureau, post)

    assert "4B" not in mail.text
    assert "Clare" not in mail.text
    left = bureau.session.scalars(select(Message).where(Message.state == "sending")).one()
    assert {"unit", "hospital"}.isdisjoint(left.values)


def test_a_place_that_may_be_shown_by_now_is(bureau: Bureau, post: Post) -> None:
    book(bureau)
    bureau.maria.detail = "full"

    assert "Unit 4B" in reminder(bureau, post).text


def test_a_message_speaks_the_language_chosen_since(bureau: Bureau, post: Post) -> None:
    book(bureau)
    bureau.maria.locale = "es"

    assert reminder(bureau, post).subject.startswith("Su visita")
