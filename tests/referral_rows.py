"""Two referrals of a bureau, written as rows: for tests of access, where nothing need be opened."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.referrals.codes import State
from outreach.referrals.machine import Clock
from outreach.referrals.models import Authorization, Referral, ReferralClock
from outreach.referrals.profiles import Element
from outreach.workflows.referrals import children, drafts, forms
from tests.builders import NOW, World

PROFILE = "IL"


def waiting(
    session: Session, place: World, to: Affiliate, *, by: Actor, parent: Referral
) -> Referral:
    """Let a child of a referral wait for the form to sign; no name is kept."""
    row = _row(session, place, to, by=by, state=State.AWAITING)
    row.parent_id, row.child_because = parent.id, children.REROUTE
    session.flush()
    return row


def sent(session: Session, place: World, to: Affiliate, *, by: Actor) -> Referral:
    """Let a signed referral wait for its affiliate; what is kept of the person is erased."""
    place.hospital.form_profile = PROFILE
    forms.lay_down_wordings(session, PROFILE, now=NOW)
    wording = forms.wording(session, PROFILE, locale="en")
    assert wording is not None
    signed = Authorization(
        hospital_id=place.hospital.id,
        wording_id=wording.id,
        information=["name", "contacts"],
        discloser=place.hospital.name,
        operator=place.affiliate.name,
        affiliate_ids=[to.id],
        purpose="at the request of the individual",
        expires_on=date(2027, 2, 1),
        signed_on=NOW.date(),
        signer="person",
        statements=[str(element) for element in Element],
        witnessed=True,
        copy_given=True,
        recorded_by=by.label,
        recorded_at=NOW,
    )
    session.add(signed)
    session.flush()
    row = _row(session, place, to, by=by, state=State.SENT, authorization_id=signed.id)
    row.sent_at = NOW
    session.flush()
    return row


def over(session: Session, of: Referral) -> ReferralClock:
    """Let the clock of the acknowledgement have run out."""
    clock = ReferralClock(
        referral_id=of.id, kind=Clock.ACKNOWLEDGE, cycle=1, due_at=NOW, ran_out_at=NOW
    )
    session.add(clock)
    session.flush()
    return clock


def _row(
    session: Session,
    place: World,
    to: Affiliate,
    *,
    by: Actor,
    state: State,
    authorization_id: int | None = None,
) -> Referral:
    number = drafts.free_number(session)
    row = Referral(
        number=number,
        request_key=f"row {number}",
        bureau_id=place.affiliate.id,
        hospital_id=place.hospital.id,
        unit_id=place.unit.id,
        affiliate_id=to.id,
        authorization_id=authorization_id,
        state=state,
        state_at=NOW,
        time_zone=place.hospital.time_zone,
        discharged_at=NOW + timedelta(days=1),
        zip_code="48201",
        groups=["support_group"],
        created_by_id=by.account_id,
        created_at=NOW,
    )
    session.add(row)
    session.flush()
    return row
