"""Who may do what to which object: the policy itself. Routes: tests/web/test_access_table.py."""

import re
from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy.orm import Session

from outreach import access
from outreach.accounts.models import Account, Membership, Passkey, WebSession
from outreach.actor import ANONYMOUS, SYSTEM, Actor, Kind
from outreach.audit import AuditEvent
from outreach.calendars.models import FeedAddress
from outreach.db import Base
from outreach.directory.models import (
    Affiliate,
    Hospital,
    HospitalAgreement,
    Program,
    Unit,
    UnitPause,
)
from outreach.messaging.models import Broadcast, InboundMail, InboundMessage, Message
from outreach.referrals.models import Authorization, IntakeHelper, Referral, ReferralClock
from outreach.speakers.models import Away, Certification, Clearance, Exclusion, Speaker
from outreach.visits.models import (
    Assignment,
    Debrief,
    IncidentReport,
    MatchingRun,
    Offer,
    OtherTime,
    Proposal,
    Slot,
    Visit,
    VisitRequest,
)
from tests import builders
from tests.builders import JOY
from tests.bureau import MEMBERS, Bureau, bureau

OUTSIDERS = (Kind.LINK, Kind.SYSTEM, Kind.ANONYMOUS)


@pytest.fixture
def here(session: Session) -> Bureau:
    return bureau(session, "Lakeshore")


@pytest.fixture
def there(session: Session) -> Bureau:
    return bureau(session, "Riverbend")


# What each kind can reach of its own affiliate or hospital. Everything else: nothing.
REACHES: dict[Kind, set[type[Base]]] = {
    Kind.ADMINISTRATOR: {Affiliate},
    Kind.COORDINATOR: {
        Affiliate,
        Assignment,
        Broadcast,
        Certification,
        Clearance,
        Debrief,
        Hospital,
        HospitalAgreement,
        InboundMail,
        InboundMessage,
        IncidentReport,
        MatchingRun,
        Message,
        Offer,
        OtherTime,
        Program,
        Proposal,
        Slot,
        Speaker,
        Unit,
        UnitPause,
        Visit,
        VisitRequest,
    },
    Kind.INTAKE: {Affiliate},
    Kind.LIAISON: {Hospital, OtherTime, Program, Unit, UnitPause, Visit, VisitRequest},
    Kind.SPEAKER: {
        Assignment,
        Away,
        Certification,
        Clearance,
        Exclusion,
        FeedAddress,
        Hospital,  # to say where one does not want to go
        Offer,
        Slot,  # to take an open one
        Speaker,
        Unit,
        Visit,
    },
}
PERSONAL = {Account, Membership, Passkey, WebSession, FeedAddress}
"""Tables whose rows belong to people rather than to a bureau: tested one by one below."""

REFERRALS = {Authorization, IntakeHelper, Referral, ReferralClock}
"""Tables of the referral loop: tested in test_access_to_referrals.py."""

TABLES = sorted(set(access.SCOPES) - PERSONAL - REFERRALS, key=lambda model: model.__name__)


@pytest.mark.parametrize("kind", MEMBERS)
def test_a_member_reaches_the_rows_of_the_own_place_and_no_strangers(
    session: Session, here: Bureau, there: Bureau, kind: Kind
) -> None:
    own, strange = here.actor(kind), there.actor(kind)

    for model in TABLES:
        found = session.scalars(access.scope(own, model)).all()
        assert bool(found) == (here.rows[model] in found) == (model in REACHES[kind]), model
        assert here.rows[model] not in session.scalars(access.scope(strange, model)).all()


@pytest.mark.parametrize("kind", OUTSIDERS)
def test_who_has_no_membership_reaches_nothing(session: Session, here: Bureau, kind: Kind) -> None:
    maria = here.rows[Speaker]
    assert isinstance(maria, Speaker)
    stranger = Actor(kind, affiliate_id=maria.affiliate_id, hospital_id=1, speaker_id=maria.id)

    assert not [
        model for model in access.SCOPES if session.scalars(access.scope(stranger, model)).all()
    ]
    assert not [action for action in access.POLICY if access.can(stranger, action)]


def test_a_coordinator_never_reaches_exclusions_or_days_away(
    session: Session, here: Bureau
) -> None:
    ruth = here.actor(Kind.COORDINATOR)

    for model in (Exclusion, Away):
        assert session.scalars(access.scope(ruth, model)).all() == []


def test_a_liaison_never_reaches_a_speaker(session: Session, here: Bureau) -> None:
    priya = here.actor(Kind.LIAISON)

    for model in (Speaker, Offer, Assignment, Certification, Clearance, Slot, Message):
        assert session.scalars(access.scope(priya, model)).all() == []


def test_a_speaker_reaches_no_other_speakers_offers_or_visits(
    session: Session, here: Bureau
) -> None:
    maria = here.rows[Speaker]
    assert isinstance(maria, Speaker)
    bureau_ = session.get_one(Affiliate, maria.affiliate_id)
    joy = builders.actor(builders.speaker_member(session, builders.speaker(session, bureau_, JOY)))

    for model in (Offer, Assignment, Visit, Away, Exclusion):
        assert session.scalars(access.scope(joy, model)).all() == []


@pytest.mark.parametrize(
    ("state", "is_reached"),
    [
        ("open", True),
        ("accepted", True),
        ("not_this_time", False),
        ("lapsed", False),
        ("withdrawn", False),
    ],
)
def test_a_speaker_sees_a_visit_while_it_is_offered_or_taken(
    session: Session, state: str, is_reached: bool
) -> None:
    place = builders.world(session)
    maria = builders.speaker(session, place.affiliate)
    visit = builders.visit(session, place)
    builders.offer(session, builders.slots(session, visit)[0], maria, state=state)
    actor = builders.actor(builders.speaker_member(session, maria))

    found = session.scalars(access.scope(actor, Visit)).all()

    assert found == ([visit] if is_reached else [])


@pytest.mark.usefixtures("there")
def test_staff_reach_the_accounts_of_their_affiliate_and_its_hospitals(
    session: Session, here: Bureau
) -> None:
    for kind in (Kind.ADMINISTRATOR, Kind.COORDINATOR):
        accounts = session.scalars(access.scope(here.actor(kind), Account)).all()
        memberships = session.scalars(access.scope(here.actor(kind), Membership)).all()
        expected = set(here.members.values())
        if kind is Kind.COORDINATOR:
            expected -= {here.members[Kind.ADMINISTRATOR]}

        assert {row.id for row in accounts} == {m.account_id for m in here.members.values()}
        assert set(memberships) == expected
    for kind in (Kind.INTAKE, Kind.LIAISON, Kind.SPEAKER):
        assert session.scalars(access.scope(here.actor(kind), Account)).all() == []
        assert session.scalars(access.scope(here.actor(kind), Membership)).all() == []


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize("kind", MEMBERS)
def test_everyone_reaches_the_own_sessions_only(session: Session, here: Bureau, kind: Kind) -> None:
    own = session.scalars(access.scope(here.actor(kind), WebSession)).all()

    assert [row.account_id for row in own] == [here.members[kind].account_id]


def test_a_feed_is_reached_by_its_owner_alone(
    session: Session, here: Bureau, there: Bureau
) -> None:
    priya, maria = here.actor(Kind.LIAISON), here.actor(Kind.SPEAKER)
    hers = builders.feed(session, "account", priya.account_id)
    marias = here.rows[FeedAddress]

    assert session.scalars(access.scope(priya, FeedAddress)).all() == [hers]
    assert session.scalars(access.scope(maria, FeedAddress)).all() == [marias]
    for kind in MEMBERS:
        seen = session.scalars(access.scope(there.actor(kind), FeedAddress)).all()
        assert not {hers, marias} & set(seen)
    assert session.scalars(access.scope(here.actor(Kind.COORDINATOR), FeedAddress)).all() == []


# --- load


def test_what_is_out_of_scope_does_not_exist(session: Session, here: Bureau, there: Bureau) -> None:
    ruth = there.actor(Kind.COORDINATOR)
    visit = here.rows[Visit]
    assert isinstance(visit, Visit)

    for public_id in (visit.public_id, "made-up", str(visit.id), ""):
        with pytest.raises(access.OutOfScope) as refusal:
            access.load(session, Visit, public_id, actor=ruth, action="visit.see")
        assert (refusal.value.status, refusal.value.subject_kind) == (404, "visit")


def test_what_is_in_scope_but_not_ones_own_to_do_is_said_so(session: Session, here: Bureau) -> None:
    maria = here.actor(Kind.SPEAKER)
    visit = here.rows[Visit]
    assert isinstance(visit, Visit)

    assert access.load(session, Visit, visit.public_id, actor=maria, action="visit.see") == visit
    with pytest.raises(access.NotAllowed) as refusal:
        access.load(session, Visit, visit.public_id, actor=maria, action="visit.move")
    assert (refusal.value.status, refusal.value.action) == (403, "visit.move")


def test_an_unknown_action_raises(session: Session, here: Bureau) -> None:
    ruth = here.actor(Kind.COORDINATOR)

    with pytest.raises(KeyError):
        access.can(ruth, "visit.steal")
    with pytest.raises(KeyError):
        access.load(session, Visit, "any", actor=ruth, action="visit.steal")


def test_a_table_nobody_was_given_raises(here: Bureau) -> None:
    with pytest.raises(KeyError):
        access.scope(here.actor(Kind.ADMINISTRATOR), AuditEvent)


# --- the right to refer


@pytest.mark.parametrize("may_refer", [True, False])
def test_a_liaison_does_what_refers_only_with_the_right_to(
    session: Session, here: Bureau, monkeypatch: pytest.MonkeyPatch, may_refer: bool
) -> None:
    monkeypatch.setattr(access, "REFERRING", frozenset({"visit.see"}))
    priya = replace(here.actor(Kind.LIAISON), may_refer=may_refer)
    visit = here.rows[Visit]
    assert isinstance(visit, Visit)

    def loaded() -> Visit:
        return access.load(session, Visit, visit.public_id, actor=priya, action="visit.see")

    assert access.can(priya, "visit.see") == may_refer
    assert access.can(priya, "unit.see")
    if may_refer:
        access.demand(priya, "visit.see", room="liaison")
        assert loaded() == visit
        return
    with pytest.raises(access.NotAllowed):
        access.demand(priya, "visit.see", room="liaison")
    with pytest.raises(access.NotAllowed):
        loaded()


def test_nobody_but_liaisons_needs_the_right_to_refer(
    here: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "REFERRING", frozenset({"visit.see"}))

    for kind in (Kind.COORDINATOR, Kind.SPEAKER):
        assert access.can(here.actor(kind), "visit.see"), kind


def test_the_right_to_refer_opens_nothing_to_others(
    here: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "REFERRING", frozenset({"visit.move"}))

    assert not access.can(replace(here.actor(Kind.SPEAKER), may_refer=True), "visit.move")


# --- the tables themselves


def test_what_refers_is_a_liaisons_to_do() -> None:
    for action in access.REFERRING:
        assert Kind.LIAISON in access.POLICY[action], action


def test_actions_are_a_noun_and_a_verb_for_kinds_of_membership() -> None:
    for action, kinds in access.POLICY.items():
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", action), action
        assert kinds, action
        assert kinds <= {*MEMBERS, Kind.HELPER}, action


def test_scopes_are_for_kinds_of_membership_and_rows_a_url_can_name() -> None:
    for model, kinds in access.SCOPES.items():
        assert "public_id" in model.__table__.c, model
        # A helper who came by a mailed link stands beside the members of an affiliate.
        assert set(kinds) <= {*MEMBERS, Kind.HELPER}, model


def test_no_endpoint_stands_on_two_lists() -> None:
    lists = (access.PUBLIC, access.BY_LINK, access.HOOKS, access.DEMO)

    for first, second in product(lists, lists):
        assert first is second or not first & second


@pytest.mark.parametrize("actor", [ANONYMOUS, SYSTEM])
def test_default_is_no(actor: Actor) -> None:
    with pytest.raises(access.NotAllowed):
        access.demand(actor, "self.see")
