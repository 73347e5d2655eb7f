"""Inviting people to sign in."""

import pytest
from sqlalchemy import select

from outreach.actor import SYSTEM
from outreach.messaging.models import Message
from outreach.workflows import people
from tests.builders import NOW
from tests.workflows.conftest import Bureau


@pytest.mark.parametrize(("detail", "named"), [("minimal", False), ("full", True)])
def test_an_invitation_names_the_affiliate_only_to_speakers_who_chose_so(
    bureau: Bureau, detail: str, *, named: bool
) -> None:
    bureau.maria.detail = detail

    people.invite_speaker(bureau.session, bureau.maria, by=SYSTEM, inviter="Ruth Adler", now=NOW)

    mail = bureau.session.scalars(select(Message)).one()
    assert ("affiliate" in mail.values) is named


def test_an_invitation_names_the_affiliate_to_liaisons(bureau: Bureau) -> None:
    people.invite_liaison(
        bureau.session,
        bureau.world.hospital,
        email="priya@stclare.example",
        name="Priya Nair",
        by=SYSTEM,
        inviter="Ruth Adler",
        now=NOW,
    )

    mail = bureau.session.scalars(select(Message)).one()
    assert mail.values["affiliate"] == bureau.world.affiliate.name
