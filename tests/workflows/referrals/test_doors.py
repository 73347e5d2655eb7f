"""Link, code, name and PIN: what opens, what does not, and what a wrong try costs."""

import threading
from datetime import timedelta
from multiprocessing.pool import ThreadPool

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.audit import AuditEvent
from outreach.db import Database, retrying
from outreach.errors import Conflict, NotFound, RuleBroken, TooMany
from outreach.links import Links
from outreach.messaging.models import Message
from outreach.referrals.codes import Cancel
from outreach.referrals.models import IntakeHelper, Referral, ReferralLink
from outreach.workflows.referrals import doors, stopping
from outreach.workflows.referrals.desk import Desk
from tests import intake_builders as people
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import Ward

BROWSER = "Lena's own browser"


@pytest.fixture
def links(desk: Desk) -> Links:
    return desk.links


@pytest.fixture
def link(session: Session, ward: Ward) -> ReferralLink:
    return people.link_of(session, referrals.sent(session, ward))


@pytest.fixture
def lena(session: Session, ward: Ward, link: ReferralLink) -> IntakeHelper:
    del link
    return people.with_pin(session, referrals.helper(session, ward.receiver))


def use(session: Session, link: ReferralLink, digits: str, links: Links, **given: object) -> object:
    settings = {"browser": BROWSER, "now": NOW} | given
    return doors.use_code(session, link, digits, links=links, **settings)  # type: ignore[arg-type] # given by name


def enter(session: Session, link: ReferralLink, links: Links) -> doors.Visitor:
    code = doors.ask_code(session, link, browser=BROWSER, now=NOW)
    token = use(session, link, links.link_code(code.public_id), links)
    found = doors.visitor(session, str(token), now=NOW)
    assert found is not None
    return found


def test_a_link_lives_72_hours_and_no_second_longer(
    session: Session, link: ReferralLink, links: Links
) -> None:
    token = links.item_token(link.public_id, expires_at=link.expires_at)

    assert doors.find_link(session, token, now=NOW + timedelta(hours=72, seconds=-1)) == link
    assert doors.find_link(session, token, now=NOW + timedelta(hours=72)) is None
    assert doors.find_link(session, token + "x", now=NOW) is None
    assert link.token_hash == crypto.digest(token)


def test_a_link_is_dead_at_once_when_the_referral_is_called_back(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = referrals.sent(session, ward)
    link = people.link_of(session, made)
    token = desk.links.item_token(link.public_id, expires_at=link.expires_at)
    code = doors.ask_code(session, link, browser=BROWSER, now=NOW)
    inside = str(use(session, link, desk.links.link_code(code.public_id), desk.links))
    stopping.cancel(
        session,
        made,
        reason=Cancel.RECALLED,
        by=ward.by_liaison,
        version=None,
        desk=desk,
        now=NOW,
    )

    assert doors.find_link(session, token, now=NOW) is None
    assert doors.visitor(session, inside, now=NOW) is None


def test_the_code_goes_to_the_address_on_file_and_works_once(
    session: Session, ward: Ward, link: ReferralLink, links: Links
) -> None:
    code = doors.ask_code(session, link, browser=BROWSER, now=NOW)
    digits = links.link_code(code.public_id)

    told = session.scalars(select(Message).where(Message.kind == "item_code")).one()
    assert (told.to_address, told.values) == (
        ward.receiver.intake_email,
        {"link_code_id": code.public_id},
    )
    assert use(session, link, digits, links)
    assert use(session, link, digits, links) is None


def test_a_code_is_bound_to_its_browser_its_link_and_ten_minutes(
    session: Session, link: ReferralLink, links: Links
) -> None:
    code = doors.ask_code(session, link, browser=BROWSER, now=NOW)
    digits = links.link_code(code.public_id)
    other = doors.open_link(
        session,
        session.get_one(Referral, link.referral_id),
        links=links,
        now=NOW + timedelta(seconds=1),
    )

    assert use(session, link, digits, links, browser="another browser") is None
    assert use(session, other, digits, links) is None
    assert use(session, link, digits, links, now=NOW + timedelta(minutes=10)) is None
    assert use(session, link, digits, links, now=NOW + timedelta(minutes=9, seconds=59))


def test_the_sixth_wrong_code_is_refused_even_when_it_is_right(
    session: Session, link: ReferralLink, links: Links
) -> None:
    code = doors.ask_code(session, link, browser=BROWSER, now=NOW)
    for _wrong in range(5):
        assert use(session, link, "00000000", links) is None

    with pytest.raises(TooMany):
        use(session, link, links.link_code(code.public_id), links)


def test_without_a_mailbox_the_coordinator_reads_the_code(
    session: Session, ward: Ward, link: ReferralLink
) -> None:
    ward.receiver.intake_email = ward.receiver.email = None
    before = session.scalars(select(Message.id)).all()

    code = doors.ask_code(session, link, browser=BROWSER, now=NOW)

    assert code.spoken
    assert session.scalars(select(Message.id)).all() == before


def test_the_first_pin_is_chosen_and_later_ones_must_fit(
    session: Session, ward: Ward, link: ReferralLink, links: Links
) -> None:
    omar = referrals.helper(session, ward.receiver, "Omar Reyes")
    seen = enter(session, link, links)
    for easy in ("111111", "123456", "654321", "12345", "12345a", "١٢٣٤٥٦"):
        with pytest.raises(RuleBroken, match="six digits"):
            doors.show_pin(session, seen, omar.public_id, easy, now=NOW)

    assert doors.show_pin(session, seen, omar.public_id, people.PIN, now=NOW)
    assert not doors.show_pin(session, seen, omar.public_id, "270941", now=NOW)
    assert people.PIN not in (omar.pin_hash or "")


def test_five_wrong_pins_lock_and_the_coordinator_unlocks(
    session: Session, ward: Ward, link: ReferralLink, links: Links, lena: IntakeHelper
) -> None:
    seen = enter(session, link, links)
    for _wrong in range(5):
        assert not doors.show_pin(session, seen, lena.public_id, "270941", now=NOW)

    with pytest.raises(Conflict, match="locked"):
        doors.show_pin(session, seen, lena.public_id, people.PIN, now=NOW)
    doors.forget_pin(session, lena, by=ward.by_coordinator, now=NOW)
    assert doors.show_pin(session, seen, lena.public_id, "270941", now=NOW)
    actions = session.scalars(select(AuditEvent.action)).all()
    assert {"helper.locked", "helper.forget_pin", "helper.enter"} <= set(actions)


def test_a_helper_of_another_affiliate_or_who_has_left_is_not_there(
    session: Session, ward: Ward, link: ReferralLink, links: Links, lena: IntakeHelper
) -> None:
    stranger = referrals.helper(session, ward.bureau, "Ines Castro")
    seen = enter(session, link, links)
    doors.let_go(session, lena, by=ward.by_coordinator, now=NOW)

    for helper in (stranger, lena):
        with pytest.raises(NotFound):
            doors.show_pin(session, seen, helper.public_id, people.PIN, now=NOW)


def test_a_session_ends_after_15_idle_minutes_and_after_two_hours(
    session: Session, link: ReferralLink, links: Links
) -> None:
    code = doors.ask_code(session, link, browser=BROWSER, now=NOW)
    token = str(use(session, link, links.link_code(code.public_id), links))
    at = NOW
    for _quarter in range(8):
        at += timedelta(minutes=14, seconds=59)
        seen = doors.visitor(session, token, now=at)
        assert seen is not None
        doors.touch(session, seen, now=at)

    assert doors.visitor(session, token, now=at + timedelta(minutes=15)) is None
    assert doors.visitor(session, token, now=NOW + timedelta(hours=2)) is None


@pytest.mark.both_engines
def test_of_two_who_race_with_the_same_code_one_comes_in(
    session: Session, ward: Ward, desk: Desk, database: Database
) -> None:
    link = people.link_of(session, referrals.sent(session, ward))
    code = doors.ask_code(session, link, browser=BROWSER, now=NOW)
    session.commit()
    digits, gate = desk.links.link_code(code.public_id), threading.Barrier(4)

    @retrying
    def attempt() -> bool:
        with database.transaction() as own:
            row = own.get_one(ReferralLink, link.id)
            return bool(use(own, row, digits, desk.links))

    def race(_rival: int) -> bool:
        gate.wait(30)
        return attempt()

    with ThreadPool(4) as rivals:
        assert sorted(rivals.map(race, range(4), chunksize=1)) == [False, False, False, True]
