"""What speakers say of themselves: when they are free, how they are reached, what they wish."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from outreach import audit, db, i18n
from outreach.accounts import service as accounts
from outreach.actor import Actor
from outreach.directory.models import Hospital, Unit
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.links import Links
from outreach.messaging import service as messaging
from outreach.speakers.models import Availability, Away, Exclusion, Speaker
from outreach.visits.models import Assignment, Offer, Visit
from outreach.workflows import delivery, invites, offers, reminders

TEXT_WORDING = lazy(
    "I agree to get text messages about visits at this number: questions whether I can visit, "
    "reminders and changes, a few a month. Message and data rates may apply. I can reply STOP at "
    "any time to end them, or HELP for help. I do not have to agree to be a speaker."
)
ANY_HOUR_WORDING = lazy(
    "When a visit changes within a day of it, you may text me at night too. Otherwise a "
    "coordinator calls me in such a case."
)
TEXT_WORDING_VERSION = "2026-11"
"""Goes into the ledger with each agreement: raise it when the wording changes."""

LONGEST_AWAY = timedelta(days=731)
MOST_AWAY = 50
MOST_EXCLUSIONS = 200


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Free on a weekday (0 is Monday) between two times of the speaker's wall clock."""

    weekday: int
    starts: time
    ends: time


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, those that touch or overlap as one."""
    found: list[Span] = []
    for span in sorted(spans):
        last = found[-1] if found else None
        if last and last.weekday == span.weekday and span.starts <= last.ends:
            found[-1] = Span(last.weekday, last.starts, max(last.ends, span.ends))
        else:
            found.append(span)
    return found


def set_times(
    session: Session, speaker: Speaker, spans: Iterable[Span], *, by: Actor, now: datetime
) -> None:
    """Replace the weekly pattern. The same pattern again changes nothing."""
    speaker = db.locked(session, Speaker, speaker.id)
    known = session.scalars(select(Availability).where(Availability.speaker_id == speaker.id))
    wanted = merged(spans)
    if wanted == sorted(Span(a.weekday, a.starts, a.ends) for a in known):
        return
    session.execute(delete(Availability).where(Availability.speaker_id == speaker.id))
    for span in wanted:
        session.add(
            Availability(
                speaker_id=speaker.id, weekday=span.weekday, starts=span.starts, ends=span.ends
            )
        )
    _changed(session, speaker, "availability.change", by=by, now=now)


def add_away(
    session: Session, speaker: Speaker, *, starts_on: date, ends_on: date, by: Actor, now: datetime
) -> None:
    """Keep that the speaker is away, both days included. The same days again change nothing.

    Raises:
        RuleBroken: the days are the wrong way round, over, or too many.
    """
    speaker = db.locked(session, Speaker, speaker.id)
    if ends_on < starts_on:
        raise RuleBroken(lazy("Choose a last day that is not before the first."), field="ends_on")
    if ends_on < _today(speaker, now):
        raise RuleBroken(lazy("These days are over already."), field="ends_on")
    if ends_on - starts_on > LONGEST_AWAY:
        raise RuleBroken(lazy("Choose two years at most."), field="ends_on")
    known = session.scalars(select(Away).where(Away.speaker_id == speaker.id)).all()
    if any((a.starts_on, a.ends_on) == (starts_on, ends_on) for a in known):
        return
    if len(known) >= MOST_AWAY:
        raise RuleBroken(lazy("That is a long list already. Take old days off it first."))
    session.add(Away(speaker_id=speaker.id, starts_on=starts_on, ends_on=ends_on))
    _changed(session, speaker, "away.add", by=by, now=now)


def remove_away(session: Session, away: Away, *, by: Actor, now: datetime) -> None:
    """Take days off the list."""
    speaker = db.locked(session, Speaker, away.speaker_id)
    session.delete(away)
    _changed(session, speaker, "away.remove", by=by, now=now)


def pause(
    session: Session, speaker: Speaker, *, until: date, by: Actor, links: Links, now: datetime
) -> None:
    """Ask nothing of the speaker up to this day, included; open questions count as answered.

    Visits already taken stay.

    Raises:
        RuleBroken: the day is over, or too far away.
    """
    today = _today(speaker, now)
    if until < today:
        raise RuleBroken(lazy("Choose today or a later day."), field="until")
    if until - today > LONGEST_AWAY:
        raise RuleBroken(lazy("Choose two years at most."), field="until")
    waiting = select(Offer).where(Offer.speaker_id == speaker.id, Offer.state == "open")
    for offer in session.scalars(waiting.order_by(Offer.visit_id)).all():
        offers.not_this_time(session, offer=offer, by=by, via="pause", links=links, now=now)
    speaker = db.locked(session, Speaker, speaker.id)
    speaker.paused_until = until
    _changed(session, speaker, "speaker.pause", by=by, now=now)


def resume(session: Session, speaker: Speaker, *, by: Actor, now: datetime) -> None:
    """End a pause. Twice changes nothing."""
    speaker = db.locked(session, Speaker, speaker.id)
    if speaker.paused_until is not None:
        speaker.paused_until = None
        _changed(session, speaker, "speaker.resume", by=by, now=now)


def change_reach(
    session: Session,
    speaker: Speaker,
    *,
    channel: str,
    phone: str | None,
    agrees: bool,
    any_hour: bool = False,
    by: Actor,
    now: datetime,
) -> None:
    """Choose how to be reached. Texts need an agreement to the wording, for this very number.

    `any_hour` agrees besides to be texted at night when a visit changes within a day of it.

    Turning texts off is written into the ledger as well; what waits goes by mail. An agreement
    is for a number: a new number starts without one.

    Raises:
        RuleBroken: a number or the agreement is missing.
    """
    speaker = db.locked(session, Speaker, speaker.id)
    if phone is None and channel in {"sms", "call"}:
        raise RuleBroken(lazy("Enter the number."), field="phone")
    before = speaker.phone
    had = _agreed(session, speaker)
    if channel == "sms" and phone is not None and not (had and phone == before):
        if not agrees:
            raise RuleBroken(
                lazy("Tick the box to get texts at this number, or choose mail."), field="agrees"
            )
        _consent(session, speaker, phone, "opt_in", by=by, now=now)
    if had and before is not None and channel != "sms":
        _consent(session, speaker, before, "opt_out", by=by, now=now)
        delivery.stop_texts(session, before, now=now)
    at_night = any_hour and channel == "sms" and phone is not None
    if at_night and not (speaker.any_hour and phone == before):
        _consent(session, speaker, phone or "", "opt_in", what="-any-hour", by=by, now=now)
    facts = {"channel": channel, "phone": phone, "any_hour": at_night}
    _set(session, speaker, facts, "speaker.change_reach", by=by, now=now)


def change_reminders(
    session: Session, speaker: Speaker, *, most: int | None, by: Actor, now: datetime
) -> None:
    """Choose how many reminders of a visit come, the last ones; None is as the affiliate plans.

    Those of visits to come follow at once.
    """
    coming = _coming(session, speaker, now=now)
    db.locked_all(session, Visit, (visit.id for visit in coming))
    speaker = db.locked(session, Speaker, speaker.id)
    facts = {"most_reminders": most}
    if not _set(session, speaker, facts, "speaker.change_reminders", by=by, now=now):
        return
    mine = select(Assignment).where(
        Assignment.speaker_id == speaker.id,
        Assignment.active,
        Assignment.visit_id.in_([visit.id for visit in coming]),
    )
    for assignment in session.scalars(mine.order_by(Assignment.visit_id)).all():
        reminders.follow_choice(session, assignment, now=now)


def change_shown(
    session: Session,
    speaker: Speaker,
    *,
    detail: str,
    calendar: str,
    asked_by_calendar: bool,
    alarm_minutes: int | None,
    locale: str,
    by: Actor,
    links: Links,
    now: datetime,
) -> None:
    """Choose what messages and calendars may show, where calendars come from, the language.

    Calendars of visits to come, and of those one is asked about, follow at once.
    """
    coming = held_in_calendars(session, speaker, now=now)
    speaker = db.locked(session, Speaker, speaker.id)
    facts = {
        "detail": detail,
        "calendar": calendar,
        "asked_by_calendar": asked_by_calendar,
        "alarm_minutes": alarm_minutes,
        "locale": locale,
    }
    if not _set(session, speaker, facts, "speaker.change_shown", by=by, now=now):
        return
    if by.account_id is not None:
        accounts.choose_locale(session, by.account_id, locale)
    if detail == "minimal":
        invites.hide_places(session, speaker, now=now)
    for visit in coming:
        invites.sync(session, visit, links=links, now=now)


def held_in_calendars(session: Session, speaker: Speaker, *, now: datetime) -> Sequence[Visit]:
    """Lock and return the visits to come that the speaker's calendar shows, or may."""
    coming = _coming(session, speaker, now=now, asked=True)
    return db.locked_all(session, Visit, (visit.id for visit in coming))


def change_wishes(
    session: Session,
    speaker: Speaker,
    *,
    quota_per_month: int,
    rest_days: int,
    radius_km: float | None,
    languages: Sequence[str],
    by: Actor,
    now: datetime,
) -> None:
    """Choose how often, how far and in which languages. No radius means any distance."""
    facts = {
        "quota_per_month": quota_per_month,
        "rest_days": rest_days,
        "radius_km": radius_km,
        "languages": list(languages),
    }
    speaker = db.locked(session, Speaker, speaker.id)
    _set(session, speaker, facts, "speaker.change_wishes", by=by, now=now)


def exclude(
    session: Session, speaker: Speaker, place: Hospital | Unit, *, by: Actor, now: datetime
) -> None:
    """Never offer this place again. No reason is asked or kept; twice changes nothing.

    Raises:
        RuleBroken: the list is too long.
    """
    speaker = db.locked(session, Speaker, speaker.id)
    hospital_id = place.id if isinstance(place, Hospital) else None
    unit_id = place.id if isinstance(place, Unit) else None
    # NULLs differ in a unique constraint, so the database alone would take it twice.
    same = select(Exclusion.id).where(
        Exclusion.speaker_id == speaker.id,
        Exclusion.hospital_id.is_not_distinct_from(hospital_id),
        Exclusion.unit_id.is_not_distinct_from(unit_id),
    )
    if session.scalar(same.limit(1)) is not None:
        return
    count = select(func.count()).where(Exclusion.speaker_id == speaker.id)
    if (session.scalar(count) or 0) >= MOST_EXCLUSIONS:
        raise RuleBroken(lazy("The list is full. Please call your coordinator."), field="place")
    session.add(Exclusion(speaker_id=speaker.id, hospital_id=hospital_id, unit_id=unit_id))
    # Logged like any change of times, so that the log tells nobody what it was.
    _changed(session, speaker, "availability.change", by=by, now=now)


def include(session: Session, exclusion: Exclusion, *, by: Actor, now: datetime) -> None:
    """Let a place be offered again."""
    speaker = db.locked(session, Speaker, exclusion.speaker_id)
    session.delete(exclusion)
    _changed(session, speaker, "availability.change", by=by, now=now)


def _agreed(session: Session, speaker: Speaker) -> bool:
    return bool(speaker.phone and messaging.agreed(session, speaker.phone, speaker_id=speaker.id))


def _consent(
    session: Session,
    speaker: Speaker,
    phone: str,
    event: str,
    *,
    what: str = "",
    by: Actor,
    now: datetime,
) -> None:
    messaging.record_consent(
        session,
        phone=phone,
        event=event,
        source="form",
        actor=by,
        speaker_id=speaker.id,
        wording=f"{TEXT_WORDING_VERSION}{what}-{i18n.locale()}" if event == "opt_in" else "",
        now=now,
    )
    audit.record(session, f"consent.{event}", actor=by, subject=("speaker", speaker.id), now=now)


def _coming(
    session: Session, speaker: Speaker, *, now: datetime, asked: bool = False
) -> Sequence[Visit]:
    """Return the visits to come that are the speaker's, and with `asked` those that may be."""
    mine = select(Assignment.visit_id).where(
        Assignment.speaker_id == speaker.id, Assignment.active, Assignment.starts_at > now
    )
    open_ones = select(Offer.visit_id).where(Offer.speaker_id == speaker.id, Offer.state == "open")
    which = Visit.id.in_(mine.union(open_ones)) if asked else Visit.id.in_(mine)
    return session.scalars(select(Visit).where(which).order_by(Visit.id)).all()


def _set(
    session: Session,
    speaker: Speaker,
    facts: Mapping[str, Any],
    action: str,
    *,
    by: Actor,
    now: datetime,
) -> bool:
    """Write the columns that differ; False when none does."""
    different = [name for name, value in facts.items() if getattr(speaker, name) != value]
    for name in different:
        setattr(speaker, name, facts[name])
    if different:
        _changed(session, speaker, action, by=by, now=now)
    return bool(different)


def _changed(session: Session, speaker: Speaker, action: str, *, by: Actor, now: datetime) -> None:
    speaker.revision += 1
    session.flush()
    audit.record(session, action, actor=by, subject=("speaker", speaker.id), now=now)


def _today(speaker: Speaker, now: datetime) -> date:
    return now.astimezone(ZoneInfo(speaker.time_zone)).date()
