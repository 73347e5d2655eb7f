"""Which rows of a table a kind of membership can reach at all."""

from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from outreach.access import referrals
from outreach.access.policy import ANYONE
from outreach.accounts.models import Account, Membership, Passkey, WebSession
from outreach.actor import Actor, Kind
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

Condition = Callable[[Actor], ColumnElement[bool]]


def _own_units(actor: Actor) -> Select[int]:
    return select(Unit.id).where(Unit.hospital_id == actor.hospital_id)


def _affiliate_units(actor: Actor) -> Select[int]:
    return select(Unit.id).where(Unit.affiliate_id == actor.affiliate_id)


def _affiliate_visits(actor: Actor) -> Select[int]:
    return select(Visit.id).where(Visit.affiliate_id == actor.affiliate_id)


def _affiliate_speakers(actor: Actor) -> Select[int]:
    return select(Speaker.id).where(Speaker.affiliate_id == actor.affiliate_id)


def _affiliate_hospitals(actor: Actor) -> Select[int]:
    return select(Hospital.id).where(Hospital.affiliate_id == actor.affiliate_id)


def _visit_of_speaker(actor: Actor) -> ColumnElement[bool]:
    offered = select(Offer.visit_id).where(
        Offer.speaker_id == actor.speaker_id, Offer.state.in_(("open", "accepted"))
    )
    taken = select(Assignment.visit_id).where(Assignment.speaker_id == actor.speaker_id)
    return or_(Visit.id.in_(offered), Visit.id.in_(taken))


def _membership_of_affiliate(actor: Actor) -> ColumnElement[bool]:
    return or_(
        Membership.affiliate_id == actor.affiliate_id,
        Membership.hospital_id.in_(_affiliate_hospitals(actor)),
    )


def _account_of_affiliate(actor: Actor) -> ColumnElement[bool]:
    return exists().where(
        and_(Membership.account_id == Account.id, _membership_of_affiliate(actor))
    )


def _feed_of_account(actor: Actor) -> ColumnElement[bool]:
    return and_(FeedAddress.owner_kind == "account", FeedAddress.owner_id == actor.account_id)


def _feed_of_speaker(actor: Actor) -> ColumnElement[bool]:
    return and_(FeedAddress.owner_kind == "speaker", FeedAddress.owner_id == actor.speaker_id)


SCOPES: Mapping[type[Base], Mapping[Kind, Condition]] = {
    Account: {
        Kind.ADMINISTRATOR: _account_of_affiliate,
        Kind.COORDINATOR: _account_of_affiliate,
    },
    Membership: {
        Kind.ADMINISTRATOR: _membership_of_affiliate,
        # Nobody ends the membership of who appointed them.
        Kind.COORDINATOR: lambda actor: and_(
            _membership_of_affiliate(actor), Membership.kind != Kind.ADMINISTRATOR
        ),
    },
    WebSession: {
        kind: (lambda actor: WebSession.account_id == actor.account_id) for kind in ANYONE
    },
    Passkey: {kind: (lambda actor: Passkey.account_id == actor.account_id) for kind in ANYONE},
    Affiliate: {
        Kind.ADMINISTRATOR: lambda actor: Affiliate.id == actor.affiliate_id,
        Kind.INTAKE: lambda actor: Affiliate.id == actor.affiliate_id,
        Kind.HELPER: lambda actor: Affiliate.id == actor.affiliate_id,
        # Her own, and those that only receive referrals and that hers keeps.
        Kind.COORDINATOR: lambda actor: or_(
            Affiliate.id == actor.affiliate_id, Affiliate.kept_by_id == actor.affiliate_id
        ),
    },
    Program: {
        Kind.COORDINATOR: lambda actor: Program.affiliate_id == actor.affiliate_id,
        Kind.LIAISON: lambda actor: Program.affiliate_id.in_(
            select(Unit.affiliate_id).where(Unit.hospital_id == actor.hospital_id)
        ),
    },
    Hospital: {
        Kind.COORDINATOR: lambda actor: Hospital.affiliate_id == actor.affiliate_id,
        Kind.LIAISON: lambda actor: Hospital.id == actor.hospital_id,
        # To name the places never to be offered.
        Kind.SPEAKER: lambda actor: Hospital.affiliate_id == actor.affiliate_id,
    },
    HospitalAgreement: {
        Kind.COORDINATOR: lambda actor: HospitalAgreement.hospital_id.in_(
            _affiliate_hospitals(actor)
        ),
    },
    Unit: {
        Kind.COORDINATOR: lambda actor: Unit.affiliate_id == actor.affiliate_id,
        Kind.LIAISON: lambda actor: Unit.hospital_id == actor.hospital_id,
        Kind.SPEAKER: lambda actor: Unit.affiliate_id == actor.affiliate_id,
    },
    UnitPause: {
        Kind.COORDINATOR: lambda actor: UnitPause.unit_id.in_(_affiliate_units(actor)),
        Kind.LIAISON: lambda actor: UnitPause.unit_id.in_(_own_units(actor)),
    },
    VisitRequest: {
        Kind.COORDINATOR: lambda actor: VisitRequest.affiliate_id == actor.affiliate_id,
        Kind.LIAISON: lambda actor: VisitRequest.unit_id.in_(_own_units(actor)),
    },
    Visit: {
        Kind.COORDINATOR: lambda actor: Visit.affiliate_id == actor.affiliate_id,
        Kind.LIAISON: lambda actor: Visit.unit_id.in_(_own_units(actor)),
        Kind.SPEAKER: _visit_of_speaker,
    },
    Slot: {
        Kind.COORDINATOR: lambda actor: Slot.visit_id.in_(_affiliate_visits(actor)),
        # To take an open place: whether it fits is for the rules to say, not for the scope.
        Kind.SPEAKER: lambda actor: Slot.visit_id.in_(_affiliate_visits(actor)),
    },
    MatchingRun: {
        Kind.COORDINATOR: lambda actor: MatchingRun.affiliate_id == actor.affiliate_id,
    },
    Proposal: {
        Kind.COORDINATOR: lambda actor: Proposal.slot_id.in_(
            select(Slot.id).where(Slot.visit_id.in_(_affiliate_visits(actor)))
        ),
    },
    OtherTime: {
        Kind.COORDINATOR: lambda actor: OtherTime.visit_id.in_(_affiliate_visits(actor)),
        Kind.LIAISON: lambda actor: OtherTime.visit_id.in_(
            select(Visit.id).where(Visit.unit_id.in_(_own_units(actor)))
        ),
    },
    Offer: {
        Kind.COORDINATOR: lambda actor: Offer.visit_id.in_(_affiliate_visits(actor)),
        Kind.SPEAKER: lambda actor: Offer.speaker_id == actor.speaker_id,
    },
    Assignment: {
        Kind.COORDINATOR: lambda actor: Assignment.visit_id.in_(_affiliate_visits(actor)),
        Kind.SPEAKER: lambda actor: Assignment.speaker_id == actor.speaker_id,
    },
    # What a speaker told of a visit and of herself is no unit's business.
    Debrief: {Kind.COORDINATOR: lambda actor: Debrief.affiliate_id == actor.affiliate_id},
    IncidentReport: {
        Kind.COORDINATOR: lambda actor: IncidentReport.affiliate_id == actor.affiliate_id,
    },
    Speaker: {
        Kind.COORDINATOR: lambda actor: Speaker.affiliate_id == actor.affiliate_id,
        Kind.SPEAKER: lambda actor: Speaker.id == actor.speaker_id,
    },
    Certification: {
        Kind.COORDINATOR: lambda actor: Certification.speaker_id.in_(_affiliate_speakers(actor)),
        Kind.SPEAKER: lambda actor: Certification.speaker_id == actor.speaker_id,
    },
    Clearance: {
        Kind.COORDINATOR: lambda actor: Clearance.speaker_id.in_(_affiliate_speakers(actor)),
        Kind.SPEAKER: lambda actor: Clearance.speaker_id == actor.speaker_id,
    },
    # A speaker's calendar and exclusions are nobody else's business (product.md).
    Away: {Kind.SPEAKER: lambda actor: Away.speaker_id == actor.speaker_id},
    Exclusion: {Kind.SPEAKER: lambda actor: Exclusion.speaker_id == actor.speaker_id},
    Message: {Kind.COORDINATOR: lambda actor: Message.affiliate_id == actor.affiliate_id},
    InboundMail: {
        Kind.COORDINATOR: lambda actor: InboundMail.affiliate_id == actor.affiliate_id,
    },
    Broadcast: {Kind.COORDINATOR: lambda actor: Broadcast.affiliate_id == actor.affiliate_id},
    InboundMessage: {
        Kind.COORDINATOR: lambda actor: InboundMessage.affiliate_id == actor.affiliate_id,
    },
    Referral: {
        Kind.COORDINATOR: referrals.of_bureau,
        Kind.LIAISON: referrals.of_hospital,
        Kind.INTAKE: referrals.sent_to,
        Kind.HELPER: referrals.sent_to,
    },
    ReferralClock: {Kind.COORDINATOR: referrals.clock_of_bureau},
    Authorization: {
        Kind.COORDINATOR: referrals.authorization_of_bureau,
        Kind.LIAISON: referrals.authorization_of_hospital,
    },
    IntakeHelper: {
        Kind.COORDINATOR: referrals.helper_of_bureau,
        Kind.INTAKE: referrals.helper_of_affiliate,
    },
    FeedAddress: {Kind.LIAISON: _feed_of_account, Kind.SPEAKER: _feed_of_speaker},
}
"""Table → kind of membership → the rows it can reach. A kind that is not named reaches none."""
