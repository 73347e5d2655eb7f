"""The referrals of the demo as they stand when one looks, made by the product's own workflows."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import clock, jobs
from outreach.actor import Actor, Kind
from outreach.demo.cast import ZONE, World
from outreach.demo.referral_cast import PROFILE, REFERRED, REFERRING, Referred
from outreach.referrals.codes import CAME_OF, Channel, Field, Group, Result
from outreach.referrals.models import IntakeHelper, Referral
from outreach.referrals.profiles import PROFILES
from outreach.referrals.rules import STATEMENTS
from outreach.wiring import Wiring
from outreach.workflows.referrals import authorizing, drafts, forms, working
from outreach.workflows.referrals.authorizing import ContactPoint, Person, SignedForm
from outreach.workflows.referrals.drafts import Description
from outreach.workflows.referrals.working import Attempt, By


def tell(wired: Wiring, world: World, *, now: datetime) -> None:
    """Play every referral up to where it stands, each step on the clock of its time."""
    for place, referred in enumerate(REFERRED):
        _play(wired, world, referred, key=f"demo-{place}", now=now)


def signed(session: Session, referral: Referral, *, now: datetime) -> SignedForm:
    """Return the demo's form as signed today, with every element its profile asks for."""
    wording = forms.wording(session, PROFILE, locale="en")
    if wording is None:
        raise LookupError("the demo lays its wording down")
    needed = PROFILES[PROFILE].required & STATEMENTS
    return SignedForm(
        wording_id=wording.public_id,
        information=sorted(set(Field) - {Field.NOTE}),
        signed_on=now.astimezone(ZoneInfo(ZONE)).date(),
        expires_on=authorizing.usual_expiry(referral),
        signer="person",
        copy_given=True,
        statements=sorted(needed),
        voicemail_ok=True,
        feedback_to_hospital=True,
    )


def nora(world: World) -> Actor:
    """Return the liaison who may refer."""
    member = world.memberships["Nora"]
    return Actor(
        Kind.LIAISON,
        account_id=member.account_id,
        hospital_id=member.hospital_id,
        may_refer=True,
    )


def _way_of(result: Result) -> Channel:
    """Return the way a try was made that came to this: everybody is called who does not come."""
    return Channel.CALL if result in CAME_OF[Channel.CALL] else Channel.IN_PERSON


def _play(wired: Wiring, world: World, referred: Referred, *, key: str, now: datetime) -> None:
    today = now.astimezone(ZoneInfo(ZONE)).date()
    discharged_on = today - timedelta(days=referred.days_ago)
    noon = datetime.combine(discharged_on, time(12), ZoneInfo(ZONE))
    with clock.at(noon):
        referral_id = _refer(wired, world, referred, key=key, now=clock.now())
        jobs.deliver_everything(wired.post)
    with clock.at(noon + timedelta(hours=2)):
        _answer(wired, world, referred, referral_id, now=clock.now())
    for place, (days, result) in enumerate(referred.tries):
        with clock.at(noon + timedelta(days=days)), wired.db.transaction() as session:
            tried = Attempt(
                request_key=f"{key}-try-{place}",
                at=clock.now(),
                channel=_way_of(result),
                result=result,
            )
            referral = session.get_one(Referral, referral_id)
            by = _intake(session, world, referred)
            working.attempt(session, referral, tried, by=by, desk=wired.desk, now=clock.now())
    if referred.hold is not None:
        with wired.db.transaction() as session:
            working.hold(
                session,
                session.get_one(Referral, referral_id),
                reason=referred.hold,
                resume_on=today + timedelta(days=6),
                by=_intake(session, world, referred),
                desk=wired.desk,
                now=now,
            )


def _refer(wired: Wiring, world: World, referred: Referred, *, key: str, now: datetime) -> int:
    by = nora(world)
    with wired.db.transaction() as session:
        referral = drafts.begin(
            session,
            unit=world.units[REFERRING, "Unit 4B"],
            bureau=world.affiliate,
            description=Description(
                discharged_on=now.astimezone(ZoneInfo(ZONE)).date(),
                discharged_time=time(12),
                zip_code=referred.zip_code,
                age_group="adult",
                groups=(Group.SUPPORT_GROUP,),
            ),
            request_key=key,
            by=by,
            now=now,
        )
        receiver = world.receivers[referred.receiver]
        drafts.choose_affiliate(session, referral, receiver, chosen_by="area", by=by, now=now)
        drafts.ask_signature(session, referral, by=by, desk=wired.desk, now=now)
    data_key_id = authorizing.prepare_key(wired.desk, referral)
    with wired.db.transaction() as session:
        held = session.get_one(Referral, referral.id)
        authorizing.record(
            session,
            held,
            signed(session, held, now=now),
            Person(
                name=referred.name,
                contacts=[
                    ContactPoint(kind="phone", value=referred.number, safe_to_voicemail=True)
                ],
            ),
            operator=wired.config.service_name,
            data_key_id=data_key_id,
            version=held.version,
            by=by,
            desk=wired.desk,
            now=now,
        )
        authorizing.send(session, held, version=None, by=by, desk=wired.desk, now=now)
    return referral.id


def _answer(
    wired: Wiring, world: World, referred: Referred, referral_id: int, *, now: datetime
) -> None:
    with wired.db.transaction() as session:
        referral = session.get_one(Referral, referral_id)
        by = _intake(session, world, referred)
        if referred.acknowledged:
            working.acknowledge(session, referral, by=by, desk=wired.desk, now=now)
        if referred.accepted:
            working.accept(session, referral, by=by, desk=wired.desk, now=now)


def _intake(session: Session, world: World, referred: Referred) -> By:
    """Return who speaks for an affiliate of the demo: an account, a helper, or Ruth by phone."""
    affiliate = world.receivers[referred.receiver]
    if affiliate.intake_by == "phone":
        member = world.memberships["Ruth"]
        ruth = Actor(
            Kind.COORDINATOR, account_id=member.account_id, affiliate_id=world.affiliate.id
        )
        return By(actor=ruth, reported_by=affiliate.intake_name)
    if affiliate.intake_by == "account":
        member = world.memberships["Ines"]
        ines = Actor(Kind.INTAKE, account_id=member.account_id, affiliate_id=affiliate.id)
        return By(actor=ines)
    helper = session.scalars(
        select(IntakeHelper).where(IntakeHelper.affiliate_id == affiliate.id)
    ).first()
    if helper is None:
        raise LookupError("the demo's affiliate has a helper")
    return By(actor=Actor(Kind.HELPER, affiliate_id=affiliate.id, helper_id=helper.id))
