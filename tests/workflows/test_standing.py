"""Whether a message still stands just before it leaves."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from outreach.accounts.models import Account, Membership
from outreach.messaging.models import Message
from outreach.workflows import people, standing
from tests import builders
from tests.builders import NOW
from tests.fakes import LINKS
from tests.workflows.conftest import Bureau


def _ended(bureau: Bureau, place: Membership) -> None:
    ruth = builders.coordinator(bureau.session, bureau.world.affiliate)
    people.end_membership(bureau.session, place, by=builders.actor(ruth), links=LINKS, now=NOW)


def _moved(bureau: Bureau, place: Membership) -> None:
    place.account_id = builders.account(bureau.session, "Somebody Else").id


def _kept(bureau: Bureau, place: Membership) -> None:
    assert bureau.session.get_one(Account, place.account_id).email == "maria@right.example"


@pytest.mark.parametrize(("then", "stands"), [(_kept, True), (_ended, False), (_moved, False)])
def test_an_invitation_leaves_only_while_its_place_is_open_and_the_persons(
    bureau: Bureau, then: Callable[[Bureau, Membership], None], *, stands: bool
) -> None:
    ruth = builders.coordinator(bureau.session, bureau.world.affiliate, "Rita Adler")
    bureau.maria.email = "maria@right.example"
    place = people.invite_speaker(
        bureau.session, bureau.maria, by=builders.actor(ruth), inviter="Rita", now=NOW
    )
    mail = bureau.session.scalars(select(Message).where(Message.kind == "invitation")).one()

    then(bureau, place)

    assert standing.is_true(bureau.session, mail, now=NOW) == stands
