"""From a slot that needs somebody to a yes: offering, answering, lapsing, stepping back."""

import random
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit, crypto, db
from outreach.actor import SYSTEM, Actor
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.links import Links
from outreach.messaging import service as messaging
from outreach.speakers.models import Speaker
from outreach.visits import rules, service
from outreach.visits.models import Assignment, Offer, Slot, Visit
from outreach.workflows import asked, eligibility, invites, notices, recipients, reminders
from outreach.workflows.eligibility import Choice
from outreach.workflows.notices import Cause

GONE = lazy("Another speaker has just taken this visit. Thank you for being ready to help.")
LAPSED = lazy("This visit is no longer open. Thank you for being ready to help.")
CALLED_OFF = lazy("The unit has called this visit off. Thank you for being ready to help.")
NOT_FREE = lazy("This visit is too close to another one you have taken.")
FITS_NO_MORE = lazy("This visit does not fit you any more. Look again at the open visits.")
ASKED_ENOUGH = lazy(
    "%(name)s was asked as often this week as your settings allow. "
    "You can call %(name)s, and record a yes."
)
BEGUN = lazy("This visit has begun already.")

_numbers = random.SystemRandom()


def make(
    session: Session,
    slot: Slot,
    choice: Choice,
    *,
    visit: Visit,
    by: Actor,
    wave: int = 1,
    links: Links,
    now: datetime,
) -> Offer:
    """Offer a slot to a speaker: a row, and a mail and perhaps a text with its answer link.

    Raises:
        Conflict: the slot is not open, the visit is over or called off, or the speaker has an
            open offer for this slot.
        RuleBroken: the speaker was asked as often this week as the affiliate allows.
    """
    _refuse_if_closed(session, slot, visit, now=now)
    if _has_open_offer(session, slot, choice.speaker_id):
        raise Conflict(lazy("This speaker has been asked already and has not answered yet."))
    speaker = session.get_one(Speaker, choice.speaker_id)
    if not asked.within_weekly_cap(session, [choice], visit=visit, now=now):
        raise RuleBroken(ASKED_ENOUGH, name=speaker.first_name)
    offer = Offer(
        public_id=crypto.public_id(),
        number=_free_number(session, speaker.id),
        slot_id=slot.id,
        visit_id=visit.id,
        speaker_id=speaker.id,
        reasons=[dict(reason) for reason in choice.reasons],
        distance_km=choice.distance_km,
        wave=wave,
        offered_at=now,
        expires_at=rules.expiry(starts_at=visit.starts_at, now=now),
    )
    token = links.answer_token(
        offer.public_id, speaker_id=speaker.public_id, expires_at=offer.expires_at
    )
    offer.token_hash = crypto.digest(token)
    session.add(offer)
    session.flush()
    _send(session, offer, speaker, slot, visit=visit, now=now)
    audit.record(session, "offer.make", actor=by, subject=("offer", offer.id), now=now)
    return offer


def accept(
    session: Session, *, offer: Offer, by: Actor, via: str, links: Links, now: datetime
) -> Assignment:
    """Take the slot that was offered. A second tap gives the same assignment.

    Raises:
        Conflict: somebody else was first, the offer is over, or the speaker is not free.
    """
    visit = db.locked(session, Visit, offer.visit_id)
    db.locked(session, Speaker, offer.speaker_id)
    if not service.answer(session, offer, state="accepted", via=via, now=now):
        return _repeated(session, offer)
    slot = session.get_one(Slot, offer.slot_id)
    assignment = _assign(
        session, slot, visit=visit, speaker_id=offer.speaker_id, offer=offer, now=now
    )
    audit.record(session, "offer.accept", actor=by, subject=("offer", offer.id), now=now)
    _after_a_yes(session, assignment, visit, via=via, links=links, now=now)
    return assignment


def not_this_time(
    session: Session, *, offer: Offer, by: Actor, via: str, links: Links, now: datetime
) -> None:
    """Record "not this time" and ask the next speaker. A second tap changes nothing.

    Raises:
        Conflict: the offer was accepted, or is over.
    """
    visit = db.locked(session, Visit, offer.visit_id)
    if not service.answer(session, offer, state="not_this_time", via=via, now=now):
        session.refresh(offer)
        if offer.state in {"not_this_time", "lapsed", "withdrawn"} or _is_late(offer, now):
            return
        raise Conflict(lazy("You have said yes to this visit. Use “I can't make it” instead."))
    audit.record(session, "offer.not_this_time", actor=by, subject=("offer", offer.id), now=now)
    ask_next(session, visit, links=links, now=now)


def record_yes(
    session: Session,
    slot: Slot,
    *,
    speaker: Speaker,
    by: Actor,
    links: Links,
    now: datetime,
) -> Assignment:
    """Record a yes a coordinator heard on the telephone, asked before or not.

    Raises:
        Conflict: the slot is taken or the speaker has another visit then.
        RuleBroken: a hard rule speaks against it; a coordinator may not overrule it.
    """
    visit = db.locked(session, Visit, slot.visit_id)
    db.locked(session, Speaker, speaker.id)
    _refuse_if_closed(session, slot, visit, now=now)
    against = eligibility.refusals(session, visit, slot.role, speaker_id=speaker.id, now=now)
    if against:
        raise RuleBroken(lazy("%(name)s cannot be booked for this visit."), name=speaker.first_name)
    open_offer = _open_offer(session, slot, speaker.id)
    if open_offer is not None:
        service.answer(session, open_offer, state="accepted", via="phone", now=now)
    assignment = _assign(
        session, slot, visit=visit, speaker_id=speaker.id, offer=open_offer, now=now
    )
    audit.record(
        session, "assignment.record_yes", actor=by, subject=("assignment", assignment.id), now=now
    )
    _after_a_yes(session, assignment, visit, via="phone", links=links, now=now)
    return assignment


def volunteer(
    session: Session, slot: Slot, *, speaker: Speaker, by: Actor, links: Links, now: datetime
) -> Assignment:
    """Let a speaker take an open place nobody asked about. A second tap gives the same one.

    Raises:
        Conflict: the slot is taken, or a hard rule speaks against it by now.
    """
    visit = db.locked(session, Visit, slot.visit_id)
    db.locked(session, Speaker, speaker.id)
    mine = (Assignment.slot_id == slot.id, Assignment.speaker_id == speaker.id, Assignment.active)
    held = session.scalar(select(Assignment).where(*mine))
    if held is not None:
        return held
    _refuse_if_closed(session, slot, visit, now=now)
    if eligibility.refusals(session, visit, slot.role, speaker_id=speaker.id, now=now):
        raise Conflict(FITS_NO_MORE)
    offer = _open_offer(session, slot, speaker.id)
    if offer is not None:
        service.answer(session, offer, state="accepted", via="site", now=now)
    assignment = _assign(session, slot, visit=visit, speaker_id=speaker.id, offer=offer, now=now)
    audit.record(
        session, "assignment.volunteer", actor=by, subject=("assignment", assignment.id), now=now
    )
    _after_a_yes(session, assignment, visit, via="site", links=links, now=now)
    return assignment


def cannot_come(
    session: Session, assignment: Assignment, *, by: Actor, links: Links, now: datetime
) -> None:
    """Let a speaker step back, no reason asked: the slot is open again and others are asked.

    A second tap changes nothing.

    Raises:
        Conflict: the visit has begun.
    """
    visit = db.locked(session, Visit, assignment.visit_id)
    if visit.starts_at <= now:
        raise Conflict(BEGUN)
    if not service.vacate(session, assignment, because="cannot_come", now=now):
        return
    # The rows were changed in SQL; what is in memory must follow before others read it.
    session.expire_all()
    audit.record(
        session, "assignment.step_back", actor=by, subject=("assignment", assignment.id), now=now
    )
    invites.sync(session, visit, host=links.host, now=now)
    reminders.sync(session, visit, now=now)
    ward = recipients.liaison(session, visit)
    if ward is not None and not invites.has_entry(session, visit, ward):
        cause = _ended(assignment, visit)
        notices.tell(session, ward, "reopened", visit=visit, cause=cause, now=now)
    notices.tell_coordinators(
        session, "late_trouble", visit=visit, cause=_ended(assignment, visit), now=now
    )
    ask_next(session, visit, links=links, now=now)


def ask_next(session: Session, visit: Visit, *, links: Links, now: datetime) -> list[Offer]:
    """Ask the next speakers for each open slot nobody is being asked for; return the offers.

    How many depends on the lead time (`rules.wave`). Nobody is asked twice for one visit, nor
    more often a week than the affiliate allows. An empty answer leaves it to the coordinator.
    """
    if visit.called_off_at is not None or visit.starts_at <= now:
        return []
    waiting = {offer.slot_id for offer in service.open_offers(session, visit.id)}
    before = asked.before(session, visit)
    made: list[Offer] = []
    for slot in service.slots(session, visit.id):
        if slot.state != "open" or slot.id in waiting:
            continue
        size = rules.wave(starts_at=visit.starts_at, now=now).size
        ranked = eligibility.ranking(session, visit, slot.role, now=now)
        fresh = [c for c in ranked if c.speaker_id not in before]
        for choice in asked.within_weekly_cap(session, fresh, visit=visit, now=now)[:size]:
            offer = make(
                session, slot, choice, visit=visit, by=SYSTEM, wave=2, links=links, now=now
            )
            before.add(choice.speaker_id)
            made.append(offer)
    return made


def lapse_due(session: Session, *, links: Links, now: datetime) -> int:
    """Close offers nobody answered in time and ask the next speakers; return how many."""
    lapsed = service.lapse(session, now=now)
    for visit_id in dict.fromkeys(offer.visit_id for offer in lapsed):
        ask_next(session, db.locked(session, Visit, visit_id), links=links, now=now)
    return len(lapsed)


def withdraw_open(session: Session, visit: Visit, *, now: datetime) -> None:
    """Take back every open offer of a visit, and tell those whom the question has reached."""
    _tell_gone(session, service.open_offers(session, visit.id), visit=visit, now=now)


def withdraw(session: Session, offer: Offer, *, by: Actor, now: datetime) -> None:
    """Take back one offer nobody answered, and tell who was asked. Twice changes nothing."""
    visit = db.locked(session, Visit, offer.visit_id)
    if offer.state == "open":
        _tell_gone(session, [offer], visit=visit, now=now)
        audit.record(session, "offer.withdraw", actor=by, subject=("offer", offer.id), now=now)


def _assign(
    session: Session,
    slot: Slot,
    *,
    visit: Visit,
    speaker_id: int,
    offer: Offer | None,
    now: datetime,
) -> Assignment:
    """Fill the slot under the speaker's lock, after a second look at rest, quota and travel."""
    if visit.called_off_at is not None:
        raise Conflict(CALLED_OFF)
    if eligibility.too_close(session, visit, slot.role, speaker_id=speaker_id, now=now):
        raise Conflict(NOT_FREE)
    return service.fill(
        session,
        slot,
        visit=visit,
        speaker_id=speaker_id,
        offer_id=offer.id if offer else None,
        now=now,
    )


def _after_a_yes(
    session: Session, assignment: Assignment, visit: Visit, *, via: str, links: Links, now: datetime
) -> None:
    slot_id = assignment.slot_id
    session.expire(session.get_one(Slot, slot_id))
    service.drop_proposals(session, [slot_id], now=now)
    others = [o for o in service.open_offers(session, visit.id) if o.slot_id == slot_id]
    _tell_gone(session, others, visit=visit, now=now)
    invites.sync(session, visit, host=links.host, now=now)
    invites.confirm(session, assignment, visit, via=via, now=now)
    reminders.sync(session, visit, now=now)


def _tell_gone(session: Session, offers: Sequence[Offer], *, visit: Visit, now: datetime) -> None:
    for offer in service.withdraw(session, offers, now=now):
        cause = Cause("offer", offer.id, 1)
        notices.forget(session, cause, now=now)
        asked = messaging.last_left(session, subject=("offer", offer.id))
        if asked is None:
            continue
        to = recipients.speaker_by_id(session, offer.speaker_id)
        # The visit may have moved since: they know it at the time they were asked about.
        times = {name: asked.values[name] for name in ("starts_at", "ends_at")}
        notices.tell(
            session,
            to,
            "offer_gone",
            visit=visit,
            cause=cause,
            values=times,
            channels=("sms",),
            now=now,
        )


def _send(
    session: Session, offer: Offer, speaker: Speaker, slot: Slot, *, visit: Visit, now: datetime
) -> None:
    to = recipients.speaker(speaker)
    values = {
        **notices.link_values(offer.public_id, speaker.public_id, offer.expires_at),
        "number": offer.number,
        "role": slot.role,
        "distance_km": offer.distance_km,
    }
    notices.tell(
        session,
        to,
        "offer",
        visit=visit,
        cause=Cause("offer", offer.id, 1),
        values=values,
        channels=("sms", "mail") if notices.may_be_texted(session, to) else ("mail",),
        expires_at=offer.expires_at,
        now=now,
    )


def _repeated(session: Session, offer: Offer) -> Assignment:
    """Give the assignment of an offer accepted before, or say kindly why there is none."""
    session.refresh(offer)
    if offer.state == "accepted":
        held = select(Assignment).where(Assignment.offer_id == offer.id, Assignment.active)
        assignment = session.scalar(held)
        if assignment is not None:
            return assignment
        raise Conflict(LAPSED)
    visit = session.get_one(Visit, offer.visit_id)
    if visit.called_off_at is not None:
        raise Conflict(CALLED_OFF)
    slot = session.get_one(Slot, offer.slot_id)
    raise Conflict(GONE if slot.state == "filled" else LAPSED)


def _is_late(offer: Offer, now: datetime) -> bool:
    return offer.state == "open" and offer.expires_at <= now


def _refuse_if_closed(session: Session, slot: Slot, visit: Visit, *, now: datetime) -> None:
    session.refresh(slot)
    if visit.called_off_at is not None:
        raise Conflict(lazy("This visit was called off already."))
    if visit.starts_at <= now:
        raise Conflict(BEGUN)
    if slot.state != "open":
        raise Conflict(service.TAKEN)


def _has_open_offer(session: Session, slot: Slot, speaker_id: int) -> bool:
    return _open_offer(session, slot, speaker_id) is not None


def _open_offer(session: Session, slot: Slot, speaker_id: int) -> Offer | None:
    return session.scalar(
        select(Offer).where(
            Offer.slot_id == slot.id, Offer.speaker_id == speaker_id, Offer.state == "open"
        )
    )


def _free_number(session: Session, speaker_id: int) -> int:
    mine = (Offer.speaker_id == speaker_id, Offer.state == "open")
    used = set(session.scalars(select(Offer.number).where(*mine)))
    while (number := _numbers.randrange(1000, 10_000)) in used:
        pass
    return number


def _ended(assignment: Assignment, visit: Visit) -> Cause:
    return Cause("assignment", assignment.id, visit.revision)
