"""Asking speakers whether they would go: offers made, lapsed, taken back."""

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
from outreach.visits.models import Offer, Slot, Visit
from outreach.workflows import asked, eligibility, invites, notices, recipients
from outreach.workflows.eligibility import Choice
from outreach.workflows.notices import Cause

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
    offer = _make(session, slot, choice, visit=visit, wave=wave, links=links, now=now)
    audit.record(session, "offer.make", actor=by, subject=("offer", offer.id), now=now)
    invites.sync_questions(session, visit, [offer], links=links, now=now)
    return offer


def ask_next(
    session: Session, visit: Visit, *, by: Actor = SYSTEM, links: Links, now: datetime
) -> list[Offer]:
    """Ask the next speakers for each open slot nobody is being asked for; return the offers.

    How many depends on the lead time (`rules.wave`). Nobody is asked twice for one visit, nor
    more often a week than the affiliate allows. An empty answer leaves it to the coordinator.
    `by` is whose answer opened the slot: the question leaves once it can no longer be taken back.
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
            offer = _make(
                session, slot, choice, visit=visit, wave=2, because_of=by, links=links, now=now
            )
            audit.record(session, "offer.make", actor=SYSTEM, subject=("offer", offer.id), now=now)
            before.add(choice.speaker_id)
            made.append(offer)
    if made:
        invites.sync_questions(session, visit, made, links=links, by=by, now=now)
    return made


def lapse_due(session: Session, *, links: Links, now: datetime) -> int:
    """Close offers nobody answered in time and ask the next speakers; return how many."""
    due = service.with_lapsing_offers(session, now=now)
    # Visits first, all of them and in their order: whoever answers holds the visit, then the offer.
    held = db.locked_all(session, Visit, due)
    lapsed = service.lapse(session, due, now=now)
    for visit in held:
        over = [offer for offer in lapsed if offer.visit_id == visit.id]
        if over:
            invites.sync_questions(session, visit, over, links=links, now=now)
            ask_next(session, visit, links=links, now=now)
    return len(lapsed)


def withdraw_open(session: Session, visit: Visit, *, by: Actor, now: datetime) -> None:
    """Take back every open offer of a visit, and tell those whom the question has reached."""
    tell_gone(session, service.open_offers(session, visit.id), visit=visit, by=by, now=now)


def withdraw(session: Session, offer: Offer, *, by: Actor, links: Links, now: datetime) -> None:
    """Take back one offer nobody answered, and tell who was asked. Twice changes nothing."""
    visit = db.locked(session, Visit, offer.visit_id)
    if offer.state == "open":
        tell_gone(session, [offer], visit=visit, by=SYSTEM, now=now)
        invites.sync_questions(session, visit, [offer], links=links, now=now)
        audit.record(session, "offer.withdraw", actor=by, subject=("offer", offer.id), now=now)


def reopen(session: Session, offer: Offer, *, visit: Visit, now: datetime) -> None:
    """Let an offer wait for an answer again; whom the question has not reached gets it now."""
    if offer.expires_at <= now:
        return
    notices.forget(session, Cause("offer", offer.id, 1), kinds=("offer_gone",), now=now)
    offer.state, offer.answered_at, offer.answered_by = "open", None, None
    session.flush()
    speaker = session.get_one(Speaker, offer.speaker_id)
    slot = session.get_one(Slot, offer.slot_id)
    _send(session, offer, speaker, slot, visit=visit, because_of=SYSTEM, now=now)


def tell_gone(
    session: Session, offers: Sequence[Offer], *, visit: Visit, by: Actor, now: datetime
) -> None:
    """Take back offers, and tell those whom the question has reached."""
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
            by=by,
            now=now,
        )


def refuse_if_closed(session: Session, slot: Slot, visit: Visit, *, now: datetime) -> None:
    """Raise Conflict where nobody can be asked or booked for a slot any more."""
    session.refresh(slot)
    if visit.called_off_at is not None:
        raise Conflict(lazy("This visit was called off already."))
    if visit.starts_at <= now:
        raise Conflict(BEGUN)
    if slot.state != "open":
        raise Conflict(service.TAKEN)


def open_offer(session: Session, slot: Slot, speaker_id: int) -> Offer | None:
    """Return the offer of a slot that waits for this speaker's answer."""
    return session.scalar(
        select(Offer).where(
            Offer.slot_id == slot.id, Offer.speaker_id == speaker_id, Offer.state == "open"
        )
    )


def _make(
    session: Session,
    slot: Slot,
    choice: Choice,
    *,
    visit: Visit,
    wave: int,
    because_of: Actor = SYSTEM,
    links: Links,
    now: datetime,
) -> Offer:
    refuse_if_closed(session, slot, visit, now=now)
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
    _send(session, offer, speaker, slot, visit=visit, because_of=because_of, now=now)
    return offer


def _send(
    session: Session,
    offer: Offer,
    speaker: Speaker,
    slot: Slot,
    *,
    visit: Visit,
    because_of: Actor,
    now: datetime,
) -> None:
    to = recipients.speaker(speaker)
    # A question that comes into the calendar comes with a mail of its own (`invites.sync`).
    by_mail = () if invites.asks_by_mail(speaker) else ("mail",)
    notices.tell(
        session,
        to,
        "offer",
        visit=visit,
        cause=Cause("offer", offer.id, 1),
        values=notices.question(offer, speaker.public_id, role=slot.role),
        channels=("sms", *by_mail) if notices.may_be_texted(session, to) else by_mail,
        expires_at=offer.expires_at,
        by=because_of,
        now=now,
    )


def _has_open_offer(session: Session, slot: Slot, speaker_id: int) -> bool:
    return open_offer(session, slot, speaker_id) is not None


def _free_number(session: Session, speaker_id: int) -> int:
    mine = (Offer.speaker_id == speaker_id, Offer.state == "open")
    used = set(session.scalars(select(Offer.number).where(*mine)))
    while (number := _numbers.randrange(1000, 10_000)) in used:
        pass
    return number
