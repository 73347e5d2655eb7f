"""Link, code, name and PIN: what opens, what does not, and what a wrong try costs."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from multiprocessing.pool import ThreadPool

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts.models import Account
from outreach.audit import AuditEvent
from outreach.db import Database, retrying
from outreach.errors import Conflict, NotFound, RuleBroken, TooMany
from outreach.links import Links
from outreach.messaging.models import Message
from outreach.messaging.templates import Texts
from outreach.referrals.codes import Cancel
from outreach.referrals.models import IntakeHelper, Referral, ReferralLink
from outreach.workflows import standing
from outreach.workflows.referrals import doors, helping, stopping
from outreach.workflows.referrals.desk import Desk
from tests import intake_builders as people
from tests import races
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


def test_a_link_is_dead_at_once_when_the_referral_is_called_back_and_who_came_in_stays(
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
    seen = doors.visitor(session, inside, now=NOW)
    assert seen is not None
    assert seen.affiliate_id == ward.receiver.id


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
    helping.forget_pin(session, lena, by=ward.by_coordinator, now=NOW)
    assert doors.show_pin(session, seen, lena.public_id, "270941", now=NOW)
    actions = session.scalars(select(AuditEvent.action)).all()
    assert {"helper.locked", "helper.forget_pin", "helper.enter"} <= set(actions)


def test_a_pin_gives_the_browser_a_new_token_and_the_old_one_is_dead(
    session: Session, link: ReferralLink, links: Links, lena: IntakeHelper
) -> None:
    code = doors.ask_code(session, link, browser=BROWSER, now=NOW)
    token = str(use(session, link, links.link_code(code.public_id), links))
    seen = doors.visitor(session, token, now=NOW)
    assert seen is not None

    renewed = doors.show_pin(session, seen, lena.public_id, people.PIN, now=NOW)

    assert doors.visitor(session, token, now=NOW) is None
    inside = doors.visitor(session, str(renewed), now=NOW)
    assert inside is not None
    assert (inside.session_id, inside.helper_id) == (seen.session_id, lena.id)


def test_a_session_that_has_ended_takes_no_pin(
    session: Session, link: ReferralLink, links: Links, lena: IntakeHelper
) -> None:
    seen = enter(session, link, links)
    doors.leave(session, seen, now=NOW)

    with pytest.raises(NotFound):
        doors.show_pin(session, seen, lena.public_id, people.PIN, now=NOW)


def test_a_first_pin_needs_the_code_of_this_very_session_just_typed(
    session: Session, ward: Ward, link: ReferralLink, links: Links, lena: IntakeHelper
) -> None:
    omar = referrals.helper(session, ward.receiver, "Omar Reyes")
    seen = enter(session, link, links)
    as_lena = replace(seen, helper_id=lena.id)
    late = NOW + timedelta(minutes=10)

    for visitor, at in ((as_lena, NOW), (seen, late)):
        with pytest.raises(Conflict, match="right after the code"):
            doors.show_pin(session, visitor, omar.public_id, people.PIN, now=at)

    assert (omar.pin_hash, told(session)) == (None, [])
    assert doors.show_pin(session, as_lena, lena.public_id, people.PIN, now=late)
    just = late - timedelta(seconds=1)
    assert doors.show_pin(session, seen, omar.public_id, people.PIN, now=just)
    assert omar.pin_set_at == just


def test_a_first_pin_is_told_to_the_coordinator_and_to_the_other_address(
    session: Session, ward: Ward, link: ReferralLink, links: Links
) -> None:
    ward.receiver.email = "office@harbor.example"
    omar = referrals.helper(session, ward.receiver, "Omar Reyes")
    ruth = session.get_one(Account, ward.coordinator.account_id)
    seen = enter(session, link, links)

    doors.show_pin(session, seen, omar.public_id, people.PIN, now=NOW)
    doors.show_pin(session, seen, omar.public_id, people.PIN, now=NOW)

    assert told(session) == [("set", ruth.email), ("set", "office@harbor.example")]
    helping.forget_pin(session, omar, by=ward.by_coordinator, now=NOW)
    assert omar.pin_set_at is None
    anew = enter(session, link, links)
    doors.show_pin(session, anew, omar.public_id, people.PIN, now=NOW)
    assert len(told(session)) == 4
    actions = session.scalars(select(AuditEvent.action)).all()
    assert actions.count("helper.set_pin") == 2


def test_five_wrong_pins_are_told_to_the_coordinator_once(
    session: Session, ward: Ward, link: ReferralLink, links: Links, lena: IntakeHelper
) -> None:
    ruth = session.get_one(Account, ward.coordinator.account_id)
    seen = enter(session, link, links)
    for _wrong in range(4):
        doors.show_pin(session, seen, lena.public_id, "270941", now=NOW)
    before = told(session)
    doors.show_pin(session, seen, lena.public_id, "270941", now=NOW)
    with pytest.raises(Conflict):
        doors.show_pin(session, seen, lena.public_id, "270941", now=NOW)

    assert (before, told(session)) == ([], [("locked", ruth.email)])


@pytest.mark.parametrize("locale", ["en", "es"])
def test_word_of_a_pin_names_nobody_and_leads_only_coordinators_to_the_page(
    links: Links, ward: Ward, locale: str
) -> None:
    texts = Texts(links=links, service_name="Outreach")
    page = f"/coordinator/affiliates/{ward.receiver.public_id}/helpers"

    def said(what: str, helpers_of: str, phone: str) -> str:
        values = {"what": what, "event": "e", "helpers_of": helpers_of, "phone": phone}
        return texts.mail("helper_pin", values, to_name="Ruth", locale=locale).text

    ours = [said(what, ward.receiver.public_id, "") for what in ("set", "locked")]
    theirs = [said("set", "", phone) for phone in ("", "(313) 555-0100")]

    assert [page in text for text in (*ours, *theirs)] == [True, True, False, False]
    assert "(313) 555-0100" in theirs[1]
    assert not [text for text in (*ours, *theirs) if "Lena" in text or ward.receiver.name in text]


def told(session: Session) -> list[tuple[str, str]]:
    """Return what was said of PINs, and to which address it would leave now."""
    rows = session.scalars(select(Message).where(Message.kind == "helper_pin").order_by(Message.id))
    return [(row.values["what"], str(standing.address(session, row))) for row in rows]


def test_who_has_left_is_let_back_under_the_same_name_with_a_new_pin(
    session: Session, ward: Ward, link: ReferralLink, links: Links, lena: IntakeHelper
) -> None:
    seen = enter(session, link, links)
    helping.let_go(session, lena, by=ward.by_coordinator, now=NOW)
    for name in ("Lena Ortiz", "lena  ortiz"):
        with pytest.raises(RuleBroken, match="has left"):
            helping.add_helper(
                session,
                ward.receiver,
                name=name,
                speaker_id=None,
                by=ward.by_coordinator,
                now=NOW,
            )
    assert helping.helpers(session, ward.receiver.id, have_left=True) == [lena]

    for _twice in range(2):
        helping.let_back(session, lena, by=ward.by_coordinator, now=NOW)

    assert (lena.pin_hash, lena.left_at, lena.locked_at) == (None, None, None)
    assert helping.helpers(session, ward.receiver.id) == [lena]
    assert doors.show_pin(session, seen, lena.public_id, "270941", now=NOW)
    actions = session.scalars(select(AuditEvent.action)).all()
    assert actions.count("helper.return") == 1


def test_a_helper_of_another_affiliate_or_who_has_left_is_not_there(
    session: Session, ward: Ward, link: ReferralLink, links: Links, lena: IntakeHelper
) -> None:
    stranger = referrals.helper(session, ward.bureau, "Ines Castro")
    seen = enter(session, link, links)
    helping.let_go(session, lena, by=ward.by_coordinator, now=NOW)

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
def test_of_two_who_choose_a_first_pin_at_once_one_has_chosen_and_it_is_told_once(
    session: Session, ward: Ward, desk: Desk, database: Database
) -> None:
    link = people.link_of(session, referrals.sent(session, ward))
    omar = referrals.helper(session, ward.receiver, "Omar Reyes")
    browsers = [enter(session, link, desk.links) for _ in range(2)]
    session.commit()

    def choose(seen: doors.Visitor, pin: str) -> Callable[[Session], bool]:
        return lambda own: bool(doors.show_pin(own, seen, omar.public_id, pin, now=NOW))

    pins = (people.PIN, "270941")
    chosen = races.at_once(
        database, [choose(seen, pin) for seen, pin in zip(browsers, pins, strict=True)]
    )

    session.expire_all()
    assert sorted(chosen) == [False, True]
    assert doors.pin_fits(pins[chosen.index(True)], str(omar.pin_hash))
    addresses = [to for _what, to in told(session)]
    assert len(addresses) == len(set(addresses)) == 2, "the coordinator, and the other address"


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
