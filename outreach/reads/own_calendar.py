"""How a speaker's own calendar stands, and what of it is beside a visit: for the speaker alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads.agenda import VisitView
from outreach.speakers import own_calendar as rows
from outreach.speakers import rules
from outreach.speakers.models import BusyTime, OwnCalendar
from outreach.speakers.ports import Trouble

TROUBLE = {
    Trouble.ADDRESS: lazy(
        "The address sends us on to another one that we do not read. Look in your calendar for the "
        "address of its own server, and paste that one."
    ),
    Trouble.UNREACHABLE: lazy(
        "Nobody answers at this address. Please look whether it is copied whole."
    ),
    Trouble.TLS: lazy("The address has no certificate that we can trust, so we did not read it."),
    Trouble.NOT_THERE: lazy(
        "There is no calendar at this address any more, or it is not shared. Look in your calendar "
        "whether it has a new address."
    ),
    Trouble.SERVER: lazy("Your calendar’s server had a problem. We try again by ourselves."),
    Trouble.SLOW: lazy("Your calendar’s server took too long. We try again by ourselves."),
    Trouble.TOO_LARGE: lazy(
        "This calendar is larger than we can read. Please connect a smaller one."
    ),
    Trouble.NOT_A_CALENDAR: lazy(
        "There is no calendar at this address that we can read. Look for the one that ends in .ics."
    ),
    Trouble.TOO_OFTEN: lazy(
        "An entry in this calendar repeats more than once a day. We read only entries that repeat "
        "by the day or more seldom."
    ),
    Trouble.TOO_MUCH: lazy(
        "This calendar holds more entries than we can read. Please connect a smaller one."
    ),
    Trouble.OURS: lazy("Something went wrong here, not in your calendar. We try again."),
}
"""Why a reading failed, for the speaker. None of them tells the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How the calendar stands. `trouble` is "" where the last reading went well."""

    is_waiting: bool
    may_read_again: bool
    last_read_at: datetime | None
    last_ok_at: datetime | None
    counts: bool
    busy: int
    perhaps: int
    trouble: str


def shown(session: Session, speaker_id: int, *, now: datetime) -> Shown | None:
    """Return how a speaker's own calendar stands; None where none is connected."""
    calendar = rows.of(session, speaker_id)
    if calendar is None:
        return None
    busy, perhaps = rows.count_to_come(session, speaker_id, now=now)
    return Shown(
        is_waiting=calendar.next_read_at <= now,
        may_read_again=rules.may_read_again(calendar.last_read_at, now=now),
        last_read_at=calendar.last_read_at,
        last_ok_at=calendar.last_ok_at,
        counts=rules.counts(calendar.last_ok_at, now=now),
        busy=busy,
        perhaps=perhaps,
        trouble=str(TROUBLE[Trouble(calendar.trouble)]) if calendar.trouble else "",
    )


def beside(
    session: Session, speaker_id: int, visits: Iterable[VisitView], *, now: datetime
) -> Mapping[str, str]:
    """Return what to say of the calendar beside visits, by public id, where it says something.

    One query, however many visits.
    """
    asked = list(visits)
    if not asked:
        return {}
    read = select(BusyTime).join(OwnCalendar, OwnCalendar.speaker_id == BusyTime.speaker_id)
    near = read.where(
        BusyTime.speaker_id == speaker_id,
        BusyTime.starts_at < max(visit.ends_at for visit in asked),
        BusyTime.ends_at > min(visit.starts_at for visit in asked),
        OwnCalendar.last_ok_at >= now - rules.COUNTS_FOR,
    )
    times = session.scalars(near).all()
    found: dict[str, str] = {}
    for visit in asked:
        then = [t for t in times if t.starts_at < visit.ends_at and t.ends_at > visit.starts_at]
        if any(not each.tentative for each in then):
            found[visit.public_id] = _("Your own calendar shows you are busy then.")
        elif then:
            found[visit.public_id] = _("Your own calendar has something tentative then.")
    return found
