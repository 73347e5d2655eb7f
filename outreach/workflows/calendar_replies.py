"""What a person's calendar answers, done as if the person had said it on our pages.

It counts where the UID, the attendee and the sender are those of one entry of ours. Everything else
changes nothing and waits for a coordinator, with the reason. UIDs are random and were told to
nobody else, but whoever has an invite can pass it on: so a name alone is never enough.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit, db, logs
from outreach.actor import Actor, Kind
from outreach.calendars import reply
from outreach.calendars.models import CalendarItem, CalendarReply
from outreach.calendars.reply import Method, Reply, Said, Unfit, Why
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.links import Links
from outreach.messaging import service as messaging
from outreach.messaging.inbox import Incoming
from outreach.messaging.models import InboundMail, Message
from outreach.speakers.models import Speaker
from outreach.visits import service
from outreach.visits.models import Assignment, Offer, Visit
from outreach.workflows import (
    invite_mails,
    invites,
    offers,
    other_times,
    recipients,
    settling,
    visits,
)

log = logs.get(__name__)

NO_TIME = lazy("This mail proposes no time.")
ALREADY_SETTLED = lazy("This mail is settled already. Nothing was changed.")


@dataclass(frozen=True, slots=True)
class _Heard:
    """An answer that counts: whose entry it is about, and who says it."""

    answer: Reply
    item: CalendarItem
    visit: Visit
    by: Actor


def take(
    session: Session, mail: Incoming, row: InboundMail, *, links: Links, now: datetime
) -> bool:
    """Do what a calendar's answer says; return whether nobody has to look at it.

    Repeats and answers to what has changed since do nothing.
    """
    answer = reply.read(mail.calendar)
    if isinstance(answer, Unfit):
        return _wait(session, row, answer)
    item = session.scalar(select(CalendarItem).where(CalendarItem.uid == answer.uid))
    if item is None:
        return _wait(session, row, Why.UNKNOWN)
    visit = db.locked(session, Visit, item.visit_id)
    session.refresh(item)
    row.affiliate_id = visit.affiliate_id
    doubt = _doubt(session, mail, answer, item, visit)
    if doubt is not None:
        return _wait(session, row, doubt, item=item)
    heard = _Heard(answer, item, visit, _actor(session, item))
    if answer.method is Method.COUNTER and not _is_nobodys(session, heard):
        return _wait(session, row, Why.OTHER_TIME, item=item, times=_times(answer))
    why = _followed(session, heard, links=links, now=now)
    return why is None or _wait(session, row, why, item=item)


def take_time(
    session: Session, mail: InboundMail, *, by: Actor, links: Links, now: datetime
) -> bool:
    """Follow the time a calendar proposed; return whether the visit moved at once.

    The unit's own proposal moves the visit. A speaker's is for the unit to decide: it is asked by
    mail, and says yes with one button. The mail is settled.

    Raises:
        Conflict: it proposes no time, is settled already, the visit has begun or was called off,
            or the unit's rules forbid that time.
        AgainstTheRules: the unit's rules speak against the time it proposed itself.
        RuleBroken: there is nobody to ask.
    """
    kept = session.scalars(select(CalendarReply).where(CalendarReply.mail_id == mail.id)).first()
    if kept is None or kept.item_id is None or kept.starts_at is None:
        raise Conflict(NO_TIME)
    item = session.get_one(CalendarItem, kept.item_id)
    visit = db.locked(session, Visit, item.visit_id)
    session.refresh(mail)
    if mail.settled_at is not None:
        raise Conflict(ALREADY_SETTLED)
    if item.owner_kind == "speaker":
        other_times.propose(session, visit, starts_at=kept.starts_at, by=by, now=now)
    else:
        _move(session, visit, kept, by=by, links=links, now=now)
    settling.settle_mail(session, mail, by=by, now=now)
    return item.owner_kind != "speaker"


def settle(session: Session, mail: InboundMail, *, by: Actor, now: datetime) -> None:
    """Leave a visit as it is; who proposed another time is sent it as it stands."""
    kept = session.scalars(select(CalendarReply).where(CalendarReply.mail_id == mail.id)).first()
    is_waiting = mail.settled_at is None
    settling.settle_mail(session, mail, by=by, now=now)
    if is_waiting and kept is not None and kept.item_id and kept.why == Why.OTHER_TIME:
        invite_mails.again(session, session.get_one(CalendarItem, kept.item_id), by=by, now=now)


# --- whether it counts


def _doubt(
    session: Session, mail: Incoming, answer: Reply, item: CalendarItem, visit: Visit
) -> Why | None:
    if mail.is_forged:
        return Why.FORGED
    known = _addresses(session, item, visit)
    if answer.attendee not in known:
        return Why.STRANGER
    if mail.only_sender not in known:
        return Why.OTHER_SENDER
    is_ahead = answer.method is Method.REPLY and answer.sequence > item.sequence
    return Why.NEVER_SENT if is_ahead else None


def _addresses(session: Session, item: CalendarItem, visit: Visit) -> set[str]:
    """Return where the entry's owner is invited: today, and with the last mail that left.

    Not where that mailbox was told goodbye: it may never have been theirs.
    """
    owner = recipients.owner(session, item.owner_kind, item.owner_id, visit=visit)
    last = messaging.last_left(session, subject=("calendar_item", item.id))
    invited = {last.to_address.lower()} if last else set()
    found = {owner.email.lower()} if owner else set()
    return (found | (invited - _former(session, item))) - {""}


def _former(session: Session, item: CalendarItem) -> set[str]:
    """Return the mailboxes whose calendars were told, or will be, that the entry has left them."""
    told = select(Message.to_address).where(
        Message.subject_kind == invite_mails.FORMER,
        Message.subject_id == item.id,
        Message.state != "cancelled",
    )
    return {address.lower() for address in session.scalars(told)}


def _actor(session: Session, item: CalendarItem) -> Actor:
    if item.owner_kind != "speaker":
        account = item.owner_id if item.owner_kind == "account" else None
        return Actor(Kind.LIAISON, account_id=account)
    affiliate_id = session.get_one(Speaker, item.owner_id).affiliate_id
    return Actor(Kind.SPEAKER, affiliate_id=affiliate_id, speaker_id=item.owner_id)


# --- what it does


def _followed(session: Session, heard: _Heard, *, links: Links, now: datetime) -> Why | None:
    """Do what an answer says; return why somebody must look all the same."""
    if heard.answer.method is not Method.REPLY:
        # The invite is wanted again, or another time for what is not theirs: they get what stands.
        _send_again(session, heard, now=now)
        return None
    why = _done(session, heard, links=links, now=now)
    return Why.COMMENT if why is None and heard.answer.comment else why


def _done(session: Session, heard: _Heard, *, links: Links, now: datetime) -> Why | None:
    """Do what a REPLY says; return why somebody must look all the same."""
    answer, item = heard.answer, heard.item
    if answer.said is Said.ANOTHER:
        return Why.ANOTHER
    if answer.sequence < invites.right_since(session, item):
        return _older(session, heard, now=now)
    if answer.said is Said.NOTHING:
        return None
    if not _is_news(heard, now=now):
        # Of two programs one may have a slow clock: a no must not get lost.
        is_no = answer.said is Said.NO and item.answer != Said.NO
        return Why.OLDER if is_no and _holds(session, heard) else None
    item.answer, item.answer_sequence = str(answer.said), item.sequence
    item.answer_at = _stamp(answer, now=now)
    item.agreed_to = invite_mails.time_and_place(item) if answer.said is Said.YES else ""
    session.flush()
    audit.record(
        session,
        "calendar.answer",
        actor=heard.by,
        subject=("calendar_item", item.id),
        details={"answer": str(answer.said)},
        now=now,
    )
    if item.owner_kind != "speaker":
        return _ward(heard)
    return _speaker(session, heard, links=links, now=now)


def _older(session: Session, heard: _Heard, *, now: datetime) -> Why | None:
    """Judge an answer to what has changed since: it may be meant for the new, or not."""
    said = heard.answer.said
    if _holds(session, heard):
        return Why.OLDER if said is Said.NO else None
    if heard.item.owner_kind != "speaker":
        return None
    is_gone = heard.item.cancelled_at is not None
    return _not_theirs(session, heard, now=now) if said is Said.YES and is_gone else None


def _is_news(heard: _Heard, *, now: datetime) -> bool:
    """Say whether an answer is later than the last (RFC 5546 §2.1.5), or another of its second."""
    item, stamp = heard.item, _stamp(heard.answer, now=now)
    if item.answer_at is None or (item.answer_sequence or 0) < item.sequence:
        return True
    is_other = item.answer != heard.answer.said
    return stamp > item.answer_at or (stamp == item.answer_at and is_other)


def _stamp(answer: Reply, *, now: datetime) -> datetime:
    """Return when it was written; a clock that is ahead must not outdo what is said later."""
    return min(answer.stamped_at or now, now)


def _ward(heard: _Heard) -> Why | None:
    """Leave the ward's doubts to a coordinator: a visit is called off on its page, with reasons."""
    if heard.item.cancelled_at is not None:
        return None
    return {Said.NO: Why.WARD_NO, Said.PERHAPS: Why.PERHAPS}.get(heard.answer.said)


def _speaker(session: Session, heard: _Heard, *, links: Links, now: datetime) -> Why | None:
    said = heard.answer.said
    assignment = _held(session, heard)
    if assignment is None:
        offer = _open_offer(session, heard)
        if offer is not None:
            return _asked(session, heard, offer, links=links, now=now)
        return _not_theirs(session, heard, now=now) if said is Said.YES else None
    if said is Said.PERHAPS:
        return Why.PERHAPS
    if said is Said.YES:
        return None
    try:
        # What the workflow has written is taken back when it finds that it is too late.
        with session.begin_nested():
            offers.cannot_come(session, assignment, by=heard.by, links=links, now=now)
    except (Conflict, RuleBroken):
        return Why.TOO_LATE
    return None


def _asked(
    session: Session, heard: _Heard, offer: Offer, *, links: Links, now: datetime
) -> Why | None:
    """Answer a question as its page does; whoever is too late loses it from the calendar."""
    said = {Said.YES: offers.accept, Said.NO: offers.not_this_time}.get(heard.answer.said)
    if said is None:
        return None
    try:
        with session.begin_nested():
            said(session, offer=offer, by=heard.by, via="calendar", links=links, now=now)
    except (Conflict, RuleBroken):
        return _not_theirs(session, heard, now=now)
    # The answer made a later state of the entry, and holds for it.
    heard.item.answer_sequence = heard.item.sequence
    return None


def _not_theirs(session: Session, heard: _Heard, *, now: datetime) -> Why | None:
    """Take the visit out of their calendar again; while it lacks somebody, a person may call."""
    _send_again(session, heard, now=now)
    visit = heard.visit
    if visit.called_off_at is not None or visit.starts_at <= now:
        return None
    lacks_somebody = any(slot.state == "open" for slot in service.slots(session, visit.id))
    return Why.NOT_THEIRS if lacks_somebody else None


def _held(session: Session, heard: _Heard) -> Assignment | None:
    mine = (
        Assignment.visit_id == heard.visit.id,
        Assignment.speaker_id == heard.item.owner_id,
        Assignment.active,
    )
    return session.scalar(select(Assignment).where(*mine))


def _is_nobodys(session: Session, heard: _Heard) -> bool:
    """Say whether it is about a visit that is neither theirs nor asked of them any more."""
    return not _holds(session, heard) and _open_offer(session, heard) is None


def _holds(session: Session, heard: _Heard) -> bool:
    """Say whether the visit is still the speaker's, or the ward's entry still this one's."""
    if heard.item.owner_kind != "speaker":
        return heard.item.cancelled_at is None
    return _held(session, heard) is not None


def _open_offer(session: Session, heard: _Heard) -> Offer | None:
    if heard.item.owner_kind != "speaker":
        return None
    mine = (
        Offer.visit_id == heard.visit.id,
        Offer.speaker_id == heard.item.owner_id,
        Offer.state == "open",
    )
    return session.scalar(select(Offer).where(*mine).order_by(Offer.id).limit(1))


def _send_again(session: Session, heard: _Heard, *, now: datetime) -> None:
    invite_mails.again(session, heard.item, by=heard.by, now=now)


def _move(
    session: Session, visit: Visit, kept: CalendarReply, *, by: Actor, links: Links, now: datetime
) -> None:
    starts_at = kept.starts_at
    if starts_at is None:
        raise Conflict(NO_TIME)
    local = starts_at.astimezone(ZoneInfo(visit.time_zone))
    lasts = (kept.ends_at - starts_at) if kept.ends_at else (visit.ends_at - visit.starts_at)
    visits.move(
        session,
        visit,
        day=local.date(),
        at=local.time(),
        minutes=int(lasts / timedelta(minutes=1)),
        by=by,
        links=links,
        now=now,
    )


# --- what waits


_Times = tuple[datetime | None, datetime | None]
_NO_TIMES: Final[_Times] = (None, None)


def _times(answer: Reply) -> _Times:
    return answer.starts_at, answer.ends_at


def _wait(
    session: Session,
    row: InboundMail,
    why: Why | Unfit,
    *,
    item: CalendarItem | None = None,
    times: _Times = _NO_TIMES,
) -> bool:
    """Leave a mail to a coordinator; False, as `take` says of one that waits."""
    starts_at, ends_at = times
    item_id = item.id if item is not None else None
    waiting = CalendarReply(
        mail_id=row.id, item_id=item_id, why=str(why), starts_at=starts_at, ends_at=ends_at
    )
    session.add(waiting)
    session.flush()
    log.info("calendar.answer_waits", mail=row.id, why=str(why))
    return False
