"""Inviting people to sign in, ending what they are, and putting speakers aside."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit, db
from outreach.accounts import service as accounts
from outreach.accounts.models import Account, Membership
from outreach.actor import Actor, Kind
from outreach.calendars import service as calendars
from outreach.directory.models import Affiliate, Hospital, Unit
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.links import Links
from outreach.speakers import own_calendar
from outreach.speakers import service as speakers
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Proposal, Visit, VisitRequest
from outreach.workflows import asking, invites, mails, profile, recipients, sign_in_changes

INVITATION_LASTS = timedelta(days=14)
"""An invitation that could not leave by then would only puzzle people."""

AGAIN_AFTER = timedelta(minutes=10)
COMES = lazy("%(name)s has a visit to come. Record there first that %(name)s can’t make it.")
INVITED_JUST_NOW = lazy("An invitation left a moment ago. Please wait ten minutes.")
THERE_ALREADY = lazy("This person is invited already. Send the invitation again from the list.")
ARCHIVED = lazy("This speaker was put aside. Take the speaker back first.")
LAST = lazy("You are the only administrator. Appoint another first.")
ONESELF = lazy("You can’t end your own place here. Ask a colleague to do it.")


def invite_speaker(
    session: Session, speaker: Speaker, *, by: Actor, inviter: str, now: datetime
) -> Membership:
    """Let a speaker sign in with the address we have, and mail it to them; again if need be.

    When the address was corrected, the place goes to the account of the new one.

    Raises:
        RuleBroken: the speaker was put aside.
        Conflict: an invitation left a moment ago.
    """
    if speaker.archived_at is not None:
        raise RuleBroken(ARCHIVED)
    name = f"{speaker.first_name} {speaker.last_name}"
    account = _account(session, speaker.email, name=name, locale=speaker.locale, now=now)
    place = session.scalar(select(Membership).where(Membership.speaker_id == speaker.id))
    if place is None:
        place = Membership(
            account_id=account.id,
            kind="speaker",
            affiliate_id=speaker.affiliate_id,
            speaker_id=speaker.id,
            starts_at=now,
        )
        session.add(place)
    if place.account_id != account.id:
        place.account_id, place.first_used_at = account.id, None
    place.ends_at = None
    session.flush()
    invite_again(session, place, by=by, inviter=inviter, now=now)
    return place


def change_speaker(
    session: Session,
    speaker: Speaker,
    facts: Mapping[str, Any],
    *,
    by: Actor,
    links: Links,
    now: datetime,
) -> None:
    """Change a speaker's columns; a new mail address is told to the one before.

    Calendars follow: a new mailbox gets its invites, and a feed made under the old address ends.

    Raises:
        RuleBroken: another speaker of the affiliate has the address.
    """
    old = speaker.email
    coming = profile.held_in_calendars(session, speaker, now=now)
    speakers.change(session, speaker, facts, by=by, now=now)
    for visit in coming:
        invites.sync(session, visit, links=links, now=now)
    if speaker.email != old:
        calendars.revoke(session, owner_kind="speaker", owner_id=speaker.id, now=now)
        sign_in_changes.tell_old_address(
            session,
            old=old,
            name=speaker.first_name,
            locale=speaker.locale,
            subject=("speaker", speaker.id),
            now=now,
        )


def invite_liaison(
    session: Session,
    hospital: Hospital,
    *,
    email: str,
    name: str,
    by: Actor,
    inviter: str,
    now: datetime,
) -> Membership:
    """Let somebody ask for visits of this hospital's units, and mail it to them.

    Raises:
        RuleBroken: the person is a liaison there already.
    """
    account = _account(session, email, name=name, locale="en", now=now)
    known = select(Membership).where(
        Membership.account_id == account.id, Membership.hospital_id == hospital.id
    )
    place = _reopened(session.scalar(known), now=now)
    if place is None:
        place = Membership(
            account_id=account.id, kind="liaison", hospital_id=hospital.id, starts_at=now
        )
        session.add(place)
    session.flush()
    invite_again(session, place, by=by, inviter=inviter, now=now)
    return place


def invite_colleague(
    session: Session,
    affiliate: Affiliate,
    *,
    kind: Kind,
    email: str,
    name: str,
    by: Actor,
    inviter: str,
    now: datetime,
) -> Membership:
    """Make somebody coordinator, intake or administrator of this affiliate, and mail it to them.

    Raises:
        RuleBroken: the person is that here already.
    """
    account = _account(session, email, name=name, locale="en", now=now)
    known = select(Membership).where(
        Membership.account_id == account.id,
        Membership.affiliate_id == affiliate.id,
        Membership.kind == kind,
    )
    place = _reopened(session.scalar(known), now=now)
    if place is None:
        place = Membership(
            account_id=account.id, kind=kind, affiliate_id=affiliate.id, starts_at=now
        )
        session.add(place)
    session.flush()
    invite_again(session, place, by=by, inviter=inviter, now=now)
    return place


def invite_again(
    session: Session, place: Membership, *, by: Actor, inviter: str, now: datetime
) -> None:
    """Mail the invitation, once more if it left before.

    Raises:
        Conflict: it left a moment ago, or the place has ended.
    """
    if place.ends_at is not None and place.ends_at <= now:
        raise Conflict(lazy("This person has no place here any more. Invite them anew."))
    if place.invited_at is not None and now - place.invited_at < AGAIN_AFTER:
        raise Conflict(INVITED_JUST_NOW)
    place.invited_at = now
    session.flush()
    account = session.get_one(Account, place.account_id)
    affiliate = _affiliate_of(session, place)
    mails.plan(
        session,
        recipients.of_account(account, zone=affiliate.time_zone),
        "invitation",
        # Each invitation is one message: the minute it was asked for tells it from the last.
        about=("membership", place.id, int(now.timestamp()) // 60),
        values={"inviter": inviter} | _shown_of(session, place, affiliate),
        affiliate_id=affiliate.id,
        expires_at=now + INVITATION_LASTS,
        now=now,
    )
    audit.record(session, "invitation.send", actor=by, subject=("membership", place.id), now=now)


def end_membership(
    session: Session, place: Membership, *, by: Actor, links: Links, now: datetime
) -> None:
    """End what a person is at one place, at once. Twice changes nothing.

    Its calendar address ends; a liaison's, which is one for all hospitals, with the last of them.
    Visits that a liaison asked for go to the ward's own calendar.

    Raises:
        RuleBroken: it is one's own, or that of the affiliate's last administrator.
    """
    if place.kind == Kind.ADMINISTRATOR and _is_the_last(session, place, now=now):
        raise RuleBroken(LAST)
    if place.account_id == by.account_id:
        raise RuleBroken(ONESELF)
    if place.ends_at is not None and place.ends_at <= now:
        return
    asked_for = _asked_for(session, place, now=now)
    place.ends_at = now
    session.flush()
    _end_feeds(session, place, now=now)
    for visit in asked_for:
        invites.sync(session, visit, links=links, now=now)
    audit.record(session, "membership.end", actor=by, subject=("membership", place.id), now=now)


def _end_feeds(session: Session, place: Membership, *, now: datetime) -> None:
    """End the calendar addresses that were made for a place: given back, it gets new ones."""
    calendars.revoke(session, owner_kind="membership", owner_id=place.id, now=now)
    if place.speaker_id is not None:
        calendars.revoke(session, owner_kind="speaker", owner_id=place.speaker_id, now=now)
    if place.kind == Kind.LIAISON and _was_the_last_of(session, place, now=now):
        calendars.revoke(session, owner_kind="account", owner_id=place.account_id, now=now)


def _was_the_last_of(session: Session, place: Membership, *, now: datetime) -> bool:
    """Say whether the account is a liaison nowhere any more.

    Its row is held, so that of two places that end at once the later sees the other's end.
    """
    db.locked(session, Account, place.account_id)
    left = select(Membership.id).where(
        Membership.account_id == place.account_id,
        Membership.kind == Kind.LIAISON,
        accounts.holds_at(now),
    )
    return session.scalar(left.limit(1)) is None


def _asked_for(session: Session, place: Membership, *, now: datetime) -> Sequence[Visit]:
    """Lock and return the visits to come that a liaison asked for at this hospital."""
    if place.hospital_id is None:
        return ()
    asked = (
        select(Visit.id)
        .join(VisitRequest, VisitRequest.id == Visit.request_id)
        .join(Unit, Unit.id == Visit.unit_id)
        .where(
            VisitRequest.requested_by_id == place.account_id,
            Unit.hospital_id == place.hospital_id,
            Visit.called_off_at.is_(None),
            Visit.starts_at > now,
        )
    )
    return db.locked_all(session, Visit, session.scalars(asked).all())


def archive_speaker(
    session: Session, speaker: Speaker, *, by: Actor, links: Links, now: datetime
) -> None:
    """Put a speaker aside: questions are taken back, nothing new is asked, signing in ends.

    Raises:
        RuleBroken: a visit is still to come; nobody must learn of that by accident.
    """
    coming = select(Assignment.id).where(
        Assignment.speaker_id == speaker.id, Assignment.active, Assignment.ends_at > now
    )
    if session.scalar(coming.limit(1)) is not None:
        raise RuleBroken(COMES, name=speaker.first_name)
    waiting = select(Offer).where(Offer.speaker_id == speaker.id, Offer.state == "open")
    for offer in session.scalars(waiting.order_by(Offer.visit_id)).all():
        asking.withdraw(session, offer, by=by, links=links, now=now)
    proposed = select(Proposal).where(
        Proposal.speaker_id == speaker.id, Proposal.state == "waiting"
    )
    for proposal in session.scalars(proposed):
        proposal.state, proposal.decided_at = "dropped", now
    place = session.scalar(select(Membership).where(Membership.speaker_id == speaker.id))
    if place is not None:
        end_membership(session, place, by=by, links=links, now=now)
    # Whoever is asked nothing any more must not be read either; coming back means pasting it again.
    own_calendar.remove(session, speaker.id)
    speakers.set_archived(session, speaker, archived=True, by=by, now=now)


def _shown_of(session: Session, place: Membership, affiliate: Affiliate) -> dict[str, str]:
    """Return the affiliate's name, but for speakers who have not chosen to see it in messages."""
    if place.speaker_id is not None:
        speaker = session.get_one(Speaker, place.speaker_id)
        if speaker.detail != "full":
            return {}
    return {"affiliate": affiliate.name}


def _account(session: Session, email: str, *, name: str, locale: str, now: datetime) -> Account:
    """Return the account of an address, made if there is none; a name is never overwritten."""
    known = accounts.by_email(session, email)
    if known is not None:
        return known
    return accounts.create(session, email=email, name=name, locale=locale, now=now)


def _reopened(place: Membership | None, *, now: datetime) -> Membership | None:
    if place is None:
        return None
    if place.ends_at is None or place.ends_at > now:
        raise RuleBroken(THERE_ALREADY, field="email")
    place.starts_at, place.ends_at, place.invited_at = now, None, None
    place.may_refer = False
    return place


def _is_the_last(session: Session, place: Membership, *, now: datetime) -> bool:
    """Say whether nobody else administers the affiliate.

    The affiliate's row is held, so that of two who end each other's place only one comes through.
    """
    db.locked(session, Affiliate, _affiliate_of(session, place).id)
    others = (
        select(Membership.id)
        .join(Account, Account.id == Membership.account_id)
        .where(
            Membership.affiliate_id == place.affiliate_id,
            Membership.kind == Kind.ADMINISTRATOR,
            Membership.id != place.id,
            accounts.holds_at(now),
            Account.disabled_at.is_(None),
        )
    )
    return session.scalar(others.limit(1)) is None


def _affiliate_of(session: Session, place: Membership) -> Affiliate:
    if place.hospital_id is not None:
        hospital = session.get_one(Hospital, place.hospital_id)
        return session.get_one(Affiliate, hospital.affiliate_id)
    if place.affiliate_id is None:
        raise LookupError("a membership is at a hospital or at an affiliate")
    return session.get_one(Affiliate, place.affiliate_id)
