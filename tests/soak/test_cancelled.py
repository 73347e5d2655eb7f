"""Ten thousand texts, and somebody who cancels what is about to leave."""

import pytest

from outreach.db import Database
from tests import builders, fakes
from tests.fakes import Phones
from tests.jobs import working
from tests.jobs.working import PHONE

pytestmark = pytest.mark.both_engines

TEXTS = 10_000


def test_what_was_cancelled_before_its_attempt_is_never_sent(
    database: Database, present: object
) -> None:
    del present
    with database.transaction() as session:
        maria = builders.speaker(session, builders.affiliate(session), phone=PHONE)
        builders.agrees(session, maria)
    working.plan(database, maria.id, count=TEXTS)
    phones = Phones()

    post = fakes.post(database, phones=phones)
    working.call_off_while_sending(database, post)

    working.assert_no_cancelled_text_left(database, phones, count=TEXTS)
