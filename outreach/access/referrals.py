"""Which referrals, and what hangs on them, each kind of membership can reach.

A scope is the first wall; whether the authorization still allows anybody to read is judged again at
each opening (`workflows.referrals.opening`).
"""

from sqlalchemy import ColumnElement, Select, and_, false, or_, select

from outreach.accounts.models import Membership
from outreach.actor import Actor, Kind
from outreach.directory.models import Affiliate, Unit
from outreach.referrals.models import Authorization, IntakeHelper, Referral, ReferralClock
from outreach.visits.models import Assignment, Visit


def of_bureau(actor: Actor) -> ColumnElement[bool]:
    """Return a coordinator's: those her bureau follows, and what was sent to her affiliate."""
    sent_here = and_(Referral.affiliate_id == actor.affiliate_id, Referral.sent_at.is_not(None))
    return or_(Referral.bureau_id == actor.affiliate_id, sent_here)


def of_hospital(actor: Actor) -> ColumnElement[bool]:
    """Return those of a liaison's hospital; none without the right to refer."""
    return Referral.hospital_id == actor.hospital_id if actor.may_refer else false()


def sent_to(actor: Actor) -> ColumnElement[bool]:
    """Return what was sent to an affiliate, for its people.

    Not from hospitals where the reader herself speaks: she could meet the person on the unit
    (product.md, "Rules that must hold").
    """
    return and_(
        Referral.affiliate_id == actor.affiliate_id,
        Referral.sent_at.is_not(None),
        or_(Referral.hospital_id.is_(None), Referral.hospital_id.not_in(_speaks_at(actor))),
    )


def clock_of_bureau(actor: Actor) -> ColumnElement[bool]:
    """Return the clocks of a coordinator's referrals."""
    return ReferralClock.referral_id.in_(select(Referral.id).where(of_bureau(actor)))


def authorization_of_bureau(actor: Actor) -> ColumnElement[bool]:
    """Return the authorizations that a coordinator's referrals rest on."""
    return Authorization.id.in_(select(Referral.authorization_id).where(of_bureau(actor)))


def authorization_of_hospital(actor: Actor) -> ColumnElement[bool]:
    """Return the authorizations recorded at a liaison's hospital."""
    return Authorization.hospital_id == actor.hospital_id if actor.may_refer else false()


def helper_of_bureau(actor: Actor) -> ColumnElement[bool]:
    """Return the helpers of a coordinator's affiliate, and of those it keeps."""
    kept = select(Affiliate.id).where(Affiliate.kept_by_id == actor.affiliate_id)
    return or_(IntakeHelper.affiliate_id == actor.affiliate_id, IntakeHelper.affiliate_id.in_(kept))


def helper_of_affiliate(actor: Actor) -> ColumnElement[bool]:
    """Return the helpers of an affiliate."""
    return IntakeHelper.affiliate_id == actor.affiliate_id


def _speaks_at(actor: Actor) -> Select[int]:
    """Return the hospitals where the reader has ever been booked as a speaker."""
    hospitals = (
        select(Unit.hospital_id)
        .join(Visit, Visit.unit_id == Unit.id)
        .join(Assignment, Assignment.visit_id == Visit.id)
    )
    if actor.kind is Kind.HELPER:
        linked = select(IntakeHelper.speaker_id).where(IntakeHelper.id == actor.helper_id)
    else:
        linked = select(Membership.speaker_id).where(Membership.account_id == actor.account_id)
    return hospitals.where(Assignment.speaker_id.in_(linked))
