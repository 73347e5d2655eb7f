"""Inviting people to sign in, and ending what they are."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.actor import SYSTEM, Kind
from outreach.calendars.models import FeedAddress
from outreach.db import Database
from outreach.messaging.models import Message
from outreach.workflows import people
from tests import builders
from tests.builders import NOW
from tests.fakes import LINKS
from tests.workflows.conftest import Bureau, open_bureau


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


# --- a liaison's calendar address, which is one for all places of the account


def end(bureau: Bureau, place: Membership) -> None:
    people.end_membership(bureau.session, place, by=SYSTEM, links=LINKS, now=NOW)


def live_feeds(session: Session) -> list[tuple[str, int]]:
    live = select(FeedAddress).where(FeedAddress.revoked_at.is_(None)).order_by(FeedAddress.id)
    return [(each.owner_kind, each.owner_id) for each in session.scalars(live)]


def test_a_liaisons_calendar_address_ends_with_the_last_place_alone(bureau: Bureau) -> None:
    first = builders.liaison(bureau.session, bureau.world.hospital)
    elsewhere = builders.hospital(bureau.session, bureau.world.affiliate, name="Riverbend")
    second = builders.also(bureau.session, first, Kind.LIAISON, hospital_id=elsewhere.id)
    tom = builders.liaison(bureau.session, elsewhere, "Tom Reyes")
    for each in (first, tom):
        builders.feed(bureau.session, "account", each.account_id)

    end(bureau, first)
    after_one = live_feeds(bureau.session)
    end(bureau, second)

    assert after_one == [("account", first.account_id), ("account", tom.account_id)]
    assert live_feeds(bureau.session) == [("account", tom.account_id)]


def test_a_place_that_is_no_liaisons_keeps_no_liaisons_address(bureau: Bureau) -> None:
    liaison = builders.liaison(bureau.session, bureau.world.hospital)
    affiliate_id = bureau.world.affiliate.id
    builders.also(bureau.session, liaison, Kind.COORDINATOR, affiliate_id=affiliate_id)
    builders.feed(bureau.session, "account", liaison.account_id)

    end(bureau, liaison)

    assert live_feeds(bureau.session) == []


def test_another_place_that_ends_leaves_a_liaisons_address(bureau: Bureau) -> None:
    liaison = builders.liaison(bureau.session, bureau.world.hospital)
    affiliate_id = bureau.world.affiliate.id
    other = builders.also(bureau.session, liaison, Kind.COORDINATOR, affiliate_id=affiliate_id)
    builders.feed(bureau.session, "account", liaison.account_id)
    builders.feed(bureau.session, "membership", other.id)

    end(bureau, other)

    assert live_feeds(bureau.session) == [("account", liaison.account_id)]


@pytest.mark.both_engines
def test_of_two_places_that_end_at_once_one_ends_the_address(
    database: Database, session: Session
) -> None:
    bureau = open_bureau(session)
    first = builders.liaison(session, bureau.world.hospital)
    elsewhere = builders.hospital(session, bureau.world.affiliate, name="Riverbend")
    second = builders.also(session, first, Kind.LIAISON, hospital_id=elsewhere.id)
    builders.feed(session, "account", first.account_id)
    ids = (first.id, second.id)
    session.commit()

    def end_it(place_id: int) -> None:
        with database.transaction() as own:
            place = own.get_one(Membership, place_id)
            people.end_membership(own, place, by=SYSTEM, links=LINKS, now=NOW)

    with ThreadPoolExecutor(len(ids)) as pool:
        list(pool.map(end_it, ids))

    with database.reading() as fresh:
        assert live_feeds(fresh) == []
