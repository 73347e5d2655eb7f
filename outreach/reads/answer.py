"""What the holder of an answer link sees: the question, or how things stand since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import crypto, i18n
from outreach.calendars.models import CalendarItem
from outreach.directory.models import Affiliate
from outreach.i18n import gettext as _
from outreach.messaging import rules
from outreach.reads import agenda
from outreach.reads.agenda import VisitView
from outreach.speakers.models import Speaker
from outreach.visits import rules as visits
from outreach.visits.models import Assignment, Offer, Slot, Visit

DIES_AFTER = timedelta(hours=24)
"""A link tells nothing more once the visit is this long over."""


class State(StrEnum):
    """How an offer stands for the person who was asked."""

    ASKED = "asked"
    YOURS = "yours"
    OVER = "over"
    NOT_THIS_TIME = "not_this_time"
    STEPPED_BACK = "stepped_back"
    RELEASED = "released"
    TAKEN = "taken"
    CALLED_OFF = "called_off"
    CLOSED = "closed"


GONE = frozenset({State.RELEASED, State.TAKEN, State.CALLED_OFF, State.CLOSED})
"""States in which what was asked is not there any more, through no doing of the person's."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of what happens next."""

    when: str
    text: str
    is_now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Everything an answer page shows.

    Words are made when they are asked for: only then is the page's language spoken.
    """

    state: State
    speaker_id: str
    assignment_id: str | None
    locale: str
    first_name: str
    by_feed: bool
    by_text: bool
    expires_at: datetime
    undo_until: datetime | None
    distance_km: float
    phone: str | None
    reminders: Sequence[Mapping[str, Any]]
    most_reminders: int | None
    reasons: Sequence[Mapping[str, Any]]
    visit: VisitView

    @property
    def away(self) -> str:
        """How long the way is."""
        return _("by video") if self.visit.by_video else agenda.how_far(self.distance_km)

    @property
    def why(self) -> str:
        """Why this person was thought of."""
        return agenda.why_you(self.reasons)

    @property
    def until(self) -> str:
        """Until when to answer: "Wednesday evening"."""
        return agenda.part_of_day(self.expires_at, zone=self.visit.zone)

    def next_steps(self, *, now: datetime) -> list[Step]:
        """Say what happens from the yes to the visit."""
        invited = (
            _("Your calendar feed shows the visit.")
            if self.by_feed
            else _("The invite is on its way to your mail.")
        )
        steps = [Step(_("Now"), invited, is_now=True), *self._reminders(now)]
        if self.visit.brief:
            steps.append(Step(_("On the day"), " ".join(self.visit.brief)))
        return steps

    def _reminders(self, now: datetime) -> list[Step]:
        visit = self.visit
        planned = rules.wanted(
            rules.reminder_times(visit.starts_at, zone=visit.zone, plan=self.reminders),
            most=self.most_reminders,
        )
        by = {"sms": _("A reminder by text message."), "mail": _("A reminder by mail.")}
        return [
            Step(
                _clock(each.due_at, zone=visit.zone),
                by[each.channel if self.by_text else "mail"],
            )
            for each in planned
            if each.due_at > now
        ]


def find(session: Session, token: str) -> Offer | None:
    """Return the offer whose link carries this token."""
    known = select(Offer).where(Offer.token_hash == crypto.digest(token))
    return session.scalars(known).one_or_none()


def answer(session: Session, token: str, *, now: datetime) -> Answer | None:
    """Return what the link shows; None for a link there never was, or that is long over."""
    row = session.execute(
        select(Offer, Slot, Speaker, Affiliate)
        .join(Slot, Slot.id == Offer.slot_id)
        .join(Speaker, Speaker.id == Offer.speaker_id)
        .join(Affiliate, Affiliate.id == Speaker.affiliate_id)
        .where(Offer.token_hash == crypto.digest(token))
    ).one_or_none()
    if row is None:
        return None
    offer, slot, speaker, affiliate = row
    assignment = assignment_of(session, offer)
    visit = agenda.views(session, {offer.visit_id: slot.role}, speaker_id=speaker.id)[
        offer.visit_id
    ]
    if visit.ends_at + DIES_AFTER <= now:
        return None
    return Answer(
        state=_state(offer, slot, visit, assignment, now=now),
        speaker_id=speaker.public_id,
        assignment_id=assignment.public_id if assignment else None,
        locale=speaker.locale,
        first_name=speaker.first_name,
        by_feed=speaker.calendar == "feed",
        by_text=speaker.channel == "sms",
        expires_at=offer.expires_at,
        undo_until=_undo_until(offer, assignment, visit, affiliate, now=now),
        distance_km=offer.distance_km,
        phone=affiliate.phone,
        reminders=affiliate.reminders,
        most_reminders=speaker.most_reminders,
        reasons=offer.reasons,
        visit=visit,
    )


def assignment_of(session: Session, offer: Offer) -> Assignment | None:
    """Return the assignment an accepted offer led to, over or not."""
    made = select(Assignment).where(Assignment.offer_id == offer.id)
    return session.scalars(made.order_by(Assignment.id.desc()).limit(1)).one_or_none()


def calendar_item(session: Session, offer: Offer) -> CalendarItem | None:
    """Return the entry of an accepted offer's visit in the speaker's own calendar."""
    mine = select(CalendarItem).join(Visit, Visit.id == CalendarItem.visit_id)
    return session.scalars(
        mine.where(
            Visit.id == offer.visit_id,
            CalendarItem.owner_kind == "speaker",
            CalendarItem.owner_id == offer.speaker_id,
            CalendarItem.cancelled_at.is_(None),
        )
    ).one_or_none()


def _state(
    offer: Offer, slot: Slot, visit: VisitView, assignment: Assignment | None, *, now: datetime
) -> State:
    if offer.state == "accepted" and assignment is not None:
        return _since_the_yes(assignment, visit, now=now)
    if offer.state == "not_this_time":
        return State.NOT_THIS_TIME
    if visit.called_off:
        return State.CALLED_OFF
    if slot.state == "filled":
        return State.TAKEN
    is_open = offer.state == "open" and slot.state == "open" and offer.expires_at > now
    return State.ASKED if is_open else State.CLOSED


def _undo_until(
    offer: Offer,
    assignment: Assignment | None,
    visit: VisitView,
    affiliate: Affiliate,
    *,
    now: datetime,
) -> datetime | None:
    """Return up to when the person may take back the last answer; None where that is over."""
    if visit.called_off:
        return None
    done_at = offer.answered_at if offer.state == "not_this_time" else None
    if offer.state == "accepted" and assignment is not None:
        stepped_back = assignment.ended_because == "cannot_come"
        done_at = assignment.created_at if assignment.active else None
        done_at = assignment.ended_at if stepped_back else done_at
    if done_at is None:
        return None
    minutes = affiliate.undo_minutes
    last = visits.undo_until(done_at, minutes=minutes, starts_at=visit.starts_at)
    return last if last > now else None


def _since_the_yes(assignment: Assignment, visit: VisitView, *, now: datetime) -> State:
    if assignment.active:
        return State.OVER if visit.ends_at <= now else State.YOURS
    if assignment.ended_because == "cannot_come":
        return State.STEPPED_BACK
    return State.CALLED_OFF if visit.called_off else State.RELEASED


def _clock(instant: datetime, *, zone: str) -> str:
    local = instant.astimezone(ZoneInfo(zone))
    return f"{i18n.day(local, capital=True)}, {i18n.clock_time(local)}"
