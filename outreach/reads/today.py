"""What needs the coordinator now, in the order it does, and how the coming visits stand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, func, not_, or_, select
from sqlalchemy.orm import Session

from outreach import access, i18n
from outreach.actor import Actor
from outreach.i18n import gettext as _
from outreach.i18n import lazy, ngettext
from outreach.messaging.models import InboundMail, InboundMessage, Message, Sender
from outreach.reads import (
    board,
    call_list,
    calls_and_reports,
    outbox,
    outbox_words,
    referral_needs,
    words,
)
from outreach.reads.board import VisitRow
from outreach.reads.needs import Group, Need, Step
from outreach.reads.words import Status
from outreach.visits.models import Offer, Proposal, Slot, Visit
from outreach.visits.rules import Staffing

AHEAD = timedelta(days=14)
"""How far ahead an unfilled visit needs somebody (product.md: "unfilled soon")."""

PRESSING = timedelta(days=3)
THIS_WEEK = timedelta(days=7)
MOST = 12
"""How many messages or texts a list shows; the rest is on the messages page."""

MORNING_ENDS, EVENING_BEGINS = 12, 17


@dataclass(frozen=True, slots=True)
class Numbers:
    """How the visits of the next 14 days stand."""

    visits: int
    settled: int
    waiting: int
    nobody: int


@dataclass(frozen=True, slots=True)
class Today:
    """All that the page shows."""

    day: date
    hour: int
    zone: str
    numbers: Numbers
    needs: dict[Group, list[Need]]
    more_referrals: int
    visits: list[VisitRow]

    @property
    def count(self) -> int:
        """How many things need somebody, with the referrals that are not named."""
        return sum(map(len, self.needs.values())) + self.more_referrals

    @property
    def is_morning(self) -> bool:
        """Say whether it is before noon, where the affiliate is."""
        return self.hour < MORNING_ENDS

    @property
    def is_evening(self) -> bool:
        """Say whether it is evening there."""
        return self.hour >= EVENING_BEGINS


def today(session: Session, actor: Actor, *, now: datetime) -> Today:
    """Return what the page shows. The number of queries does not depend on how much there is."""
    affiliate = access.own_affiliate(session, actor)
    local = now.astimezone(ZoneInfo(affiliate.time_zone))
    visits = board.rows(session, _relevant(actor, local), now=now)
    ahead = [v for v in visits if now < v.starts_at < now + AHEAD and not v.called_off]
    referrals = referral_needs.first(session, actor, zone=affiliate.time_zone, now=now)
    found = [
        *_silence(session, actor, zone=affiliate.time_zone, now=now),
        *_stuck(session, actor, zone=affiliate.time_zone, now=now),
        *calls_and_reports.needs(session, actor),
        *referrals.needs,
        *_unfilled(visits, now=now),
        *_proposals(session, actor, now=now),
        *_calls(session, actor, now=now),
        *_messages(session, actor, now=now),
        *_texts(session, actor),
        *_mails(session, actor),
    ]
    return Today(
        day=local.date(),
        hour=local.hour,
        zone=affiliate.time_zone,
        numbers=_numbers(ahead),
        needs={group: [need for need in found if need.group is group] for group in Group},
        more_referrals=referrals.more,
        visits=[v for v in visits if v.day == local.date() and not v.called_off],
    )


def count(session: Session, actor: Actor, *, now: datetime) -> int:
    """Return how many things `today` would name, by two small queries: every page asks for it."""
    unfilled = access.scope(actor, Visit).where(
        Visit.starts_at > now,
        Visit.called_off_at.is_(None),
        board.lacks_somebody(),
        not_(board.has_open_offer()),
        not_(board.has_proposal()),
        or_(Visit.starts_at < now + AHEAD, _was_asked()),
    )
    lists = (
        unfilled.with_only_columns(Visit.id),
        # However many proposals wait, they are one thing.
        _waiting(actor, now=now).with_only_columns(Proposal.id).limit(1),
        outbox.stuck(actor, now=now).with_only_columns(Sender.id),
        # As do calls.
        call_list.waiting(actor, now=now).with_only_columns(Message.id).limit(1),
        _unseen(actor).with_only_columns(Message.id).limit(MOST),
        outbox.not_understood(actor).with_only_columns(InboundMessage.id).limit(MOST),
        outbox.unread_mails(actor).with_only_columns(InboundMail.id).limit(MOST),
        *calls_and_reports.waiting(actor),
        *referral_needs.waiting(actor, now=now),
    )
    sizes = select(*(_size(each) for each in lists))
    is_silent = outbox.silent_since(session, actor, now=now) is not None
    return is_silent + sum(session.execute(sizes).one())


def _size(wanted: Select[int]) -> ScalarSelect[int]:
    return select(func.count()).select_from(wanted.subquery()).scalar_subquery()


def _silence(session: Session, actor: Actor, *, zone: str, now: datetime) -> Iterator[Need]:
    since = outbox.silent_since(session, actor, now=now)
    if since is None:
        return
    yield Need(
        group=Group.FIRST,
        status=Status("needs", _("Nothing is being sent")),
        title=_("No message has left since %(time)s", time=i18n.when(since, zone=zone)),
        text=_("Ask your administrator to start the worker. Call whoever must hear of it today."),
        step=Step.SEE_WAITING,
    )


def _stuck(session: Session, actor: Actor, *, zone: str, now: datetime) -> Iterator[Need]:
    titles = {
        "sms": lazy("No text has got through since %(time)s"),
        "mail": lazy("No mail has got through since %(time)s"),
    }
    found = outbox.stuck(actor, now=now).with_only_columns(Sender.channel, Sender.troubled_since)
    for channel, since in session.execute(found):
        yield Need(
            group=Group.FIRST,
            status=Status("needs", _("The provider does not take them")),
            # The query asks for those that have a time.
            title=_(titles[channel], time=i18n.when(since or now, zone=zone)),
            text=_(
                "We try again and again, and they leave once it works. Ask your administrator to "
                "look. Call whoever must hear of it today."
            ),
            step=Step.SEE_WAITING,
        )


def _relevant(actor: Actor, local: datetime) -> Select[Visit]:
    """Select today's and the next 14 days' visits, and later ones for which nobody was found."""
    midnight = datetime.combine(local.date(), time(), local.tzinfo).astimezone(UTC)
    later = and_(
        _was_asked(),
        board.lacks_somebody(),
        not_(board.has_open_offer()),
        Visit.called_off_at.is_(None),
    )
    soon = Visit.starts_at < local.astimezone(UTC) + AHEAD
    return (
        access.scope(actor, Visit)
        .where(Visit.starts_at >= midnight, or_(soon, later))
        .order_by(Visit.starts_at, Visit.id)
    )


def _was_asked() -> ColumnElement[bool]:
    return exists().where(Offer.visit_id == Visit.id, Offer.state.in_(("not_this_time", "lapsed")))


def _numbers(ahead: Sequence[VisitRow]) -> Numbers:
    return Numbers(
        visits=len(ahead),
        settled=sum(v.staffing is Staffing.FULL for v in ahead),
        waiting=sum(v.asked > 0 for v in ahead),
        nobody=sum(v.staffing is Staffing.NOBODY and not v.asked for v in ahead),
    )


def _unfilled(visits: Sequence[VisitRow], *, now: datetime) -> Iterator[Need]:
    for visit in visits:
        if not visit.is_open or visit.asked or visit.proposed:
            continue
        yield Need(
            group=_by_lead(visit.starts_at, now=now),
            status=visit.status,
            title=f"{words.capital(i18n.day(visit.day))}, {visit.hospital}, {visit.unit}",
            text=_what_happened(visit),
            step=Step.SEE_WHO_FITS if visit.ended or visit.who else Step.FIND,
            target=visit.public_id,
        )


def _what_happened(visit: VisitRow) -> str:
    said = []
    if visit.who:
        said.append(
            ngettext(
                "%(names)s comes.", "%(names)s come.", len(visit.who), names=words.names(visit.who)
            )
        )
    if visit.ended:
        said.append(
            ngettext(
                "One person was asked and could not.",
                "%(num)s people were asked and could not.",
                visit.ended,
                num=words.capital(words.number(visit.ended)),
            )
        )
    else:
        said.append(
            _("Nobody is being asked for the open place.")
            if visit.who
            else _("Nobody has been asked yet.")
        )
    return " ".join(said)


def _proposals(session: Session, actor: Actor, *, now: datetime) -> Iterator[Need]:
    count, first, zone = session.execute(
        _waiting(actor, now=now).with_only_columns(
            func.count(), func.min(Visit.starts_at), func.min(Visit.time_zone)
        )
    ).one()
    if not count:
        return
    day = first.astimezone(ZoneInfo(zone))
    pressing = _by_lead(first, now=now) is Group.FIRST
    yield Need(
        group=Group.FIRST if pressing else Group.TODAY,
        status=Status("waiting", _("Proposed, not yet asked")),
        title=ngettext(
            "One proposal waits for you",
            "%(num)s proposals wait for you",
            count,
            num=words.capital(words.number(count)),
        ),
        text=_("The first visit is on %(day)s.", day=i18n.day(day)),
        step=Step.APPROVE,
    )


def _waiting(actor: Actor, *, now: datetime) -> Select[Visit]:
    """Select visits ahead once for each of their proposals that wait."""
    # From the visits, of which few are ahead: the scope of proposals goes over all there ever were.
    return (
        access.scope(actor, Visit)
        .join(Slot, Slot.visit_id == Visit.id)
        .join(Proposal, Proposal.slot_id == Slot.id)
        .where(
            Proposal.state == "waiting",
            Slot.state == "open",
            Visit.called_off_at.is_(None),
            Visit.starts_at > now,
        )
    )


def _calls(session: Session, actor: Actor, *, now: datetime) -> Iterator[Need]:
    due = call_list.waiting(actor, now=now).order_by(None)
    count, until = session.execute(
        due.with_only_columns(func.count(), func.min(Message.expires_at))
    ).one()
    if not count:
        return
    yield Need(
        group=Group.FIRST if until < now + timedelta(days=1) else Group.TODAY,
        status=Status("needs", _("Calls to make")),
        title=ngettext(
            "One call to make",
            "%(num)s calls to make",
            count,
            num=words.capital(words.number(count)),
        ),
        text=_("They prefer a call, or a text may not leave at this hour."),
        step=Step.CALL,
    )


def _messages(session: Session, actor: Actor, *, now: datetime) -> Iterator[Need]:
    latest_first = _unseen(actor).order_by(Message.state_at.desc(), Message.id.desc())
    for message in session.scalars(latest_first.limit(MOST)):
        soon = now < message.expires_at < now + timedelta(days=1)
        yield Need(
            group=Group.FIRST if soon else Group.TODAY,
            status=words.message_state(message.state),
            title=_(
                "%(what)s for %(name)s",
                what=words.message_kind(message.kind),
                name=message.to_name or _("somebody"),
            ),
            text=outbox_words.why(message),
            step=Step.LOOK,
            target=message.public_id,
        )


def _unseen(actor: Actor) -> Select[Message]:
    return access.scope(actor, Message).where(outbox.needs_somebody())


def _texts(session: Session, actor: Actor) -> Iterator[Need]:
    for text in session.scalars(outbox.not_understood(actor).limit(MOST)):
        yield Need(
            group=Group.TODAY,
            status=Status("needs", _("A text we did not understand")),
            title=outbox.shortened(text.body),
            text=_("It came on %(day)s. Please read it and call back.", day=_day(text)),
            step=Step.SETTLE,
            target=text.public_id,
        )


def _mails(session: Session, actor: Actor) -> Iterator[Need]:
    for mail in session.scalars(outbox.unread_mails(actor).limit(MOST)):
        yield Need(
            group=Group.TODAY,
            status=Status("needs", _("A mail to read")),
            title=outbox.shortened(mail.subject or mail.body),
            text=_("It came on %(day)s. Please read it and answer.", day=_day(mail)),
            step=Step.SETTLE,
            target=mail.public_id,
        )


def _day(text: InboundMessage | InboundMail) -> str:
    return i18n.day(text.received_at)


def _by_lead(starts_at: datetime, *, now: datetime) -> Group:
    lead = starts_at - now
    if lead <= PRESSING:
        return Group.FIRST
    return Group.TODAY if lead <= THIS_WEEK else Group.WEEK
