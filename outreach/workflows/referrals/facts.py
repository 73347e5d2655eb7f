"""Rows → what the rules of a referral need to know, at one instant."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.directory import agreements, receiving
from outreach.directory.models import Affiliate, Unit
from outreach.referrals import profiles, rules
from outreach.referrals.clocks import BusinessCalendar, Limits, Moments
from outreach.referrals.codes import Action, Channel, Field, Outcome, Result, State
from outreach.referrals.models import Authorization, FormWording, Referral, ReferralAttempt
from outreach.referrals.profiles import Element, Profile
from outreach.referrals.rules import AuthorizationFacts, Facts, Fault

if TYPE_CHECKING:
    from outreach.workflows.referrals.steps import Order

YOUNGEST: Final = {"adult": 18, "youth": 12, "child": 0}
"""The least age of each age group: no birth date is kept."""


def of(session: Session, referral: Referral, order: "Order", *, now: datetime) -> Facts:
    """Return what the guards of a step look at."""
    today = local_day(now, zone=referral.time_zone)
    authorization = authorization_of(session, referral)
    affiliate = session.get(Affiliate, referral.affiliate_id) if referral.affiliate_id else None
    outcome = order.values.get("outcome")
    return Facts(
        state=State(referral.state),
        today=today,
        is_described=bool(referral.zip_code and referral.groups),
        hospital_refers=order.action is not Action.SEND
        or hospital_refers(session, referral, today=today),
        authorization=stated(authorization, age_group=referral.age_group)
        if authorization
        else None,
        missing=authorization_lacks(session, referral, authorization, today=today),
        affiliate_id=referral.affiliate_id,
        affiliate_takes=affiliate is not None and takes(affiliate),
        reason=order.reason,
        resume_on=order.values.get("resume_on"),
        hold_days=limits(session, referral).hold_days,
        attempt_days=attempt_days(session, referral),
        was_connected=referral.connected_on is not None,
        outcome=Outcome(outcome) if outcome else None,
        needs_second_person=_needs_second_person(referral, order),
    )


def local_day(now: datetime, *, zone: str) -> date:
    """Return the day it is there."""
    return now.astimezone(ZoneInfo(zone)).date()


def hospital_refers(session: Session, referral: Referral, *, today: date) -> bool:
    """Say whether the unit may refer on that day; who came by themselves needs no unit."""
    unit = session.get(Unit, referral.unit_id) if referral.unit_id else None
    return unit is None or not agreements.obstacles(session, unit, on=today)


def takes(affiliate: Affiliate) -> bool:
    """Say whether an affiliate takes referrals now."""
    return affiliate.receives_referrals and affiliate.capacity != "no_capacity"


def authorization_of(session: Session, referral: Referral) -> Authorization | None:
    """Return the authorization a referral rests on, as it stands in the database now."""
    if referral.authorization_id is None:
        return None
    return session.get(Authorization, referral.authorization_id, populate_existing=True)


def possible_tries(session: Session, referral: Referral) -> Mapping[Channel, frozenset[Result]]:
    """Return by which ways the person may be tried, and what can come of each."""
    signed = authorization_of(session, referral)
    return rules.possible_tries(
        text_ok=signed is not None and signed.text_ok,
        voicemail_ok=signed is not None and signed.voicemail_ok,
        mail_ok=signed is not None and signed.mail_ok,
    )


def stated(authorization: Authorization, *, age_group: str) -> AuthorizationFacts:
    """Return a recorded authorization as the rules see it."""
    return AuthorizationFacts(
        information=frozenset(map(Field, authorization.information)),
        discloser=authorization.discloser,
        affiliate_ids=frozenset(authorization.affiliate_ids),
        purpose=authorization.purpose,
        expires_on=authorization.expires_on,
        signed_on=authorization.signed_on,
        signer=authorization.signer,
        age=YOUNGEST[age_group],
        authority=authorization.authority,
        authority_words=authorization.authority_words,
        witnessed=authorization.witnessed,
        copy_given=authorization.copy_given,
        statements=frozenset(map(Element, authorization.statements)),
        is_active=authorization.active,
    )


def authorization_lacks(
    session: Session, referral: Referral, authorization: Authorization | None, *, today: date
) -> tuple[Element | Fault, ...]:
    """Return what a recorded authorization lacks under the profile whose form was signed."""
    if authorization is None:
        return ()
    given = stated(authorization, age_group=referral.age_group)
    return rules.lacks(given, profile=profile_of(session, authorization), today=today)


def profile_of(session: Session, authorization: Authorization) -> Profile:
    """Return the profile whose form was signed, which may not be the hospital's of today."""
    wording = session.get_one(FormWording, authorization.wording_id)
    return profiles.PROFILES[wording.profile]


def attempt_days(session: Session, referral: Referral) -> tuple[date, ...]:
    """Return the local day of every attempt, one for each."""
    times = session.scalars(
        select(ReferralAttempt.at).where(ReferralAttempt.referral_id == referral.id)
    )
    return tuple(local_day(at, zone=referral.time_zone) for at in times)


def limits(session: Session, referral: Referral) -> Limits:
    """Return how long each clock runs: as the affiliate that has the referral chose."""
    chosen = referral.affiliate_id or referral.bureau_id
    return Limits.of(receiving.clocks(session.get_one(Affiliate, chosen)))


def office(session: Session, affiliate_id: int, *, now: datetime) -> BusinessCalendar:
    """Return when an affiliate's office is open."""
    affiliate = session.get_one(Affiliate, affiliate_id)
    on = local_day(now, zone=affiliate.time_zone)
    hours = receiving.business_calendar(session, affiliate, on=on)
    return BusinessCalendar(
        zone=hours.zone,
        weekdays=hours.weekdays,
        opens=hours.opens,
        closes=hours.closes,
        closed=hours.closed,
    )


def moments(session: Session, referral: Referral, *, now: datetime) -> Moments:
    """Return what a referral's deadlines are counted from."""
    authorization = authorization_of(session, referral)
    return Moments(
        now=now,
        discharged_at=referral.discharged_at,
        zone=referral.time_zone,
        resume_on=referral.resume_on,
        authorization_ends_on=authorization.expires_on if authorization else None,
    )


def _needs_second_person(referral: Referral, order: "Order") -> bool:
    """Say whether somebody besides who asked must take back what was already sent."""
    if order.action is not Action.TAKE_BACK or referral.sent_at is None:
        return False
    asked = referral.error_asked_by_id
    return asked is None or asked == order.by.account_id
