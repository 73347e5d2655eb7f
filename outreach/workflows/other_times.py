"""What would fill a visit nobody fits, and its two actions that ask somebody: time and papers."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import audit, db, matching
from outreach.actor import Actor
from outreach.calendars.models import CalendarItem, CalendarReply
from outreach.calendars.reply import Why
from outreach.directory.models import Affiliate, Program, Unit
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.links import Links
from outreach.matching import Change, Explainer
from outreach.speakers.models import Speaker
from outreach.visits import rules
from outreach.visits.models import OtherTime, Visit
from outreach.visits.rules import Code, UnitFacts
from outreach.workflows import invite_mails, mails, notices, problems, recipients, visits
from outreach.workflows.notices import Cause

DAYS_AROUND = 8
"""Other days that are tried lie up to 7 away, and a visit may end on the day after."""

RENEWAL_LASTS = timedelta(days=7)
OVERTAKEN = lazy("The visit has changed since this time was proposed. Nothing was moved.")


def explainer(session: Session, visit: Visit, *, now: datetime) -> Explainer:
    """Return the rules around the visit and around the other days that `what_would_fill` tries."""
    return problems.explainer(session, visit, now=now, days_around=DAYS_AROUND)


def what_would_fill(
    session: Session, visit: Visit, explainer: Explainer, *, now: datetime
) -> tuple[Change, ...]:
    """Return single changes of which each would fill the visit beside all that is promised.

    Other times are on the affiliate's clock, as the engine has them (`instant` of them says when),
    and only those the unit's own rules leave; short notice is for the unit to judge.
    """
    zone = session.get_one(Affiliate, visit.affiliate_id).time_zone
    facts = explainer.problem.visits[explainer.visit_at(visit.public_id)]
    allowed = _allowed(session, visit, now=now)
    starts = (
        start for start in matching.nearby_starts(facts) if allowed(instant(start, zone=zone))
    )
    return matching.changes_to_fill(explainer, visit.public_id, starts=starts)


def instant(start: datetime, *, zone: str) -> datetime:
    """Return the instant of the engine's time, which is on the affiliate's clock."""
    return start.replace(tzinfo=ZoneInfo(zone))


def propose(
    session: Session, visit: Visit, *, starts_at: datetime, by: Actor, now: datetime
) -> None:
    """Ask the unit whether another start would do; the same one twice is once.

    One that waited for an answer is withdrawn.

    Raises:
        Conflict: the visit was called off or has begun, or the unit's rules forbid that time.
        RuleBroken: there is nobody to write to.
    """
    visit = db.locked(session, Visit, visit.id)
    if not _is_to_come(visit, now=now) or not _allowed(session, visit, now=now)(starts_at):
        raise Conflict(lazy("The visit can’t be at that time any more. Look again at what helps."))
    if recipients.liaison(session, visit) is None:
        raise RuleBroken(lazy("Nobody on the unit has a mail address. Please call them."))
    waiting = latest(session, visit)
    if waiting is not None and waiting.state == "waiting":
        if waiting.starts_at == starts_at and waiting.visit_revision == visit.revision:
            return
        waiting.state = "withdrawn"
        session.flush()
    asked = OtherTime(
        visit_id=visit.id,
        visit_revision=visit.revision,
        starts_at=starts_at,
        asked_by_id=by.account_id,
        asked_at=now,
    )
    session.add(asked)
    session.flush()
    ends_at = starts_at + (visit.ends_at - visit.starts_at)
    notices.tell_liaison(
        session,
        "other_time",
        visit=visit,
        cause=Cause("other_time", asked.id, visit.revision),
        values={"other_start": starts_at.isoformat(), "other_end": ends_at.isoformat()},
        now=now,
    )
    audit.record(session, "time.propose", actor=by, subject=("other_time", asked.id), now=now)


def accept(session: Session, asked: OtherTime, *, by: Actor, links: Links, now: datetime) -> None:
    """Move the visit to the proposed time. Twice is once.

    Raises:
        Conflict: the visit has changed since, or somebody said that it keeps its time.
        AgainstTheRules: the unit's rules speak against that time by now.
    """
    visit = db.locked(session, Visit, asked.visit_id)
    if _answer(session, asked, "accepted", visit=visit, by=by, now=now):
        local = asked.starts_at.astimezone(ZoneInfo(visit.time_zone))
        visits.move(
            session,
            visit,
            day=local.date(),
            at=local.time(),
            minutes=int((visit.ends_at - visit.starts_at) / timedelta(minutes=1)),
            by=by,
            overrule=True,
            links=links,
            now=now,
        )


def keep(session: Session, asked: OtherTime, *, by: Actor, now: datetime) -> None:
    """Say that the visit keeps its time. Twice is once.

    Whose calendar asked for the other one is sent the entry as it stands.

    Raises:
        Conflict: the visit has changed since, or was moved to that time.
    """
    visit = db.locked(session, Visit, asked.visit_id)
    if _answer(session, asked, "kept", visit=visit, by=by, now=now):
        for item in _who_asked(session, asked):
            invite_mails.again(session, item, by=by, now=now)


def latest(session: Session, visit: Visit) -> OtherTime | None:
    """Return the other time that was proposed last, if any."""
    proposed = select(OtherTime).where(OtherTime.visit_id == visit.id)
    return session.scalars(proposed.order_by(OtherTime.id.desc()).limit(1)).first()


def is_waiting(asked: OtherTime, visit: Visit, *, now: datetime) -> bool:
    """Say whether the unit may still answer: nobody has, and the visit is as it was."""
    same = asked.visit_revision == visit.revision and _is_to_come(visit, now=now)
    return asked.state == "waiting" and same and asked.starts_at > now


def ask_to_renew(session: Session, speaker: Speaker, *, by: Actor, now: datetime) -> bool:
    """Ask a speaker by mail to renew a paper, without naming it; once a month at most.

    Return False where they were asked this month already, and nothing was sent.
    """
    affiliate = session.get_one(Affiliate, speaker.affiliate_id)
    month = f"{now.astimezone(ZoneInfo(speaker.time_zone)):%Y-%m}"
    sent = mails.plan(
        session,
        recipients.speaker(speaker),
        "renewal",
        about=("speaker", speaker.id, 1),
        values={"month": month, "phone": affiliate.phone or ""},
        affiliate_id=affiliate.id,
        expires_at=now + RENEWAL_LASTS,
        now=now,
    )
    if sent:
        audit.record(
            session, "speaker.ask_to_renew", actor=by, subject=("speaker", speaker.id), now=now
        )
    return sent


def _allowed(session: Session, visit: Visit, *, now: datetime) -> Callable[[datetime], bool]:
    """Return what says whether the unit's rules leave a start; its facts are read once."""
    unit = session.get_one(Unit, visit.unit_id)
    program = session.get_one(Program, visit.program_id)
    facts: UnitFacts = visits.unit_facts(
        session, unit, program=program, except_visit=visit.id, now=now
    )
    minutes = int((visit.ends_at - visit.starts_at) / timedelta(minutes=1))

    def allowed(starts_at: datetime) -> bool:
        local = starts_at.astimezone(ZoneInfo(facts.time_zone))
        # On the nights the clocks change some times are none, and some are two.
        if rules.instant(local.date(), local.time(), zone=facts.time_zone) != starts_at:
            return False
        found = rules.refusals(starts_at, minutes=minutes, unit=facts, now=now)
        return {refusal.code for refusal in found} <= {Code.TOO_SOON, Code.NOT_A_LENGTH}

    return allowed


def _is_to_come(visit: Visit, *, now: datetime) -> bool:
    return visit.called_off_at is None and visit.starts_at > now


def _who_asked(session: Session, asked: OtherTime) -> Sequence[CalendarItem]:
    """Return the entries for which a calendar has proposed this time."""
    proposed = select(CalendarReply.item_id).where(
        CalendarReply.why == Why.OTHER_TIME, CalendarReply.starts_at == asked.starts_at
    )
    its = select(CalendarItem).where(
        CalendarItem.visit_id == asked.visit_id, CalendarItem.id.in_(proposed)
    )
    return session.scalars(its.order_by(CalendarItem.id)).all()


def _answer(
    session: Session, asked: OtherTime, state: str, *, visit: Visit, by: Actor, now: datetime
) -> bool:
    """Give an answer once; False where the same was given before. Raises Conflict."""
    session.refresh(asked)
    if asked.state == state:
        return False
    if not is_waiting(asked, visit, now=now):
        raise Conflict(OVERTAKEN)
    won = session.scalar(
        update(OtherTime)
        .where(OtherTime.id == asked.id, OtherTime.state == "waiting")
        .values(state=state, answered_by_id=by.account_id, answered_at=now)
        .returning(OtherTime.id)
    )
    if won is None:
        raise Conflict(OVERTAKEN)
    audit.record(
        session,
        "time.answer",
        actor=by,
        subject=("other_time", asked.id),
        details={"answer": state},
        now=now,
    )
    return True
