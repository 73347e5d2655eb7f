"""What would fill a visit nobody fits, in words, and the time that the unit was asked about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import i18n
from outreach.directory.models import Affiliate
from outreach.i18n import gettext as _
from outreach.reads import calendar_mail, words
from outreach.reads import visit as visit_reads
from outreach.reads.visit import Person
from outreach.speakers.models import Speaker
from outreach.visits.models import OtherTime, Visit


@dataclass(frozen=True, slots=True)
class Remedy:
    """One change that would fill the visit, and its one action.

    `action` is time, renew, clear, train or call. Another time names nobody and has `starts_at`,
    an instant as ISO text; the others name the person.
    """

    words: str
    under: str
    action: str
    person: Person | None = None
    starts_at: str = ""


@dataclass(frozen=True, slots=True)
class TimeAsked:
    """The other time that was proposed last, what came of it, and whether it can be answered."""

    public_id: str
    starts_at: datetime
    ends_at: datetime
    words: str
    is_waiting: bool
    of_a_speaker: bool
    """Whether a speaker's calendar asked for it; else it is a time at which all could be found."""


def of_visit(
    session: Session, visit: Visit, changes: Sequence[Any], *, hospital: str
) -> list[Remedy]:
    """Put the engine's changes into words, in their order. Two queries where there are any."""
    if not changes:
        return []
    known = _people(session, (c.params["speaker"] for c in changes if "speaker" in c.params))
    clock = ZoneInfo(session.get_one(Affiliate, visit.affiliate_id).time_zone)
    return [_remedy(each, known, visit=visit, clock=clock, hospital=hospital) for each in changes]


def time_asked(session: Session, visit: Visit, *, now: datetime) -> TimeAsked | None:
    """Return the other time the unit was asked about last; None where the visit has it, or none."""
    asked = session.scalars(
        select(OtherTime).where(OtherTime.visit_id == visit.id).order_by(OtherTime.id.desc())
    ).first()
    if asked is None or asked.state == "accepted":
        return None
    to_come = visit.called_off_at is None and now < min(visit.starts_at, asked.starts_at)
    same = asked.visit_revision == visit.revision and to_come
    if not same:
        return None
    return TimeAsked(
        public_id=asked.public_id,
        starts_at=asked.starts_at,
        ends_at=asked.starts_at + (visit.ends_at - visit.starts_at),
        words=_time_words(asked, visit),
        is_waiting=asked.state == "waiting",
        of_a_speaker=calendar_mail.was_proposed(session, visit, starts_at=asked.starts_at),
    )


def _time_words(asked: OtherTime, visit: Visit) -> str:
    when = i18n.when(asked.starts_at, zone=visit.time_zone)
    if asked.state == "waiting":
        return _("Another time is proposed to the unit: %(when)s. They decide.", when=when)
    return _("The unit keeps its time; %(when)s did not suit them.", when=when)


def _people(session: Session, public_ids: Iterable[str]) -> dict[str, Person]:
    found = select(Speaker).where(Speaker.public_id.in_(set(public_ids)))
    return {each.public_id: visit_reads.person(each) for each in session.scalars(found)}


def _remedy(
    change: Any,  # noqa: ANN401 - matching.Change
    known: Mapping[str, Person],
    *,
    visit: Visit,
    clock: ZoneInfo,
    hospital: str,
) -> Remedy:
    params = change.params
    if change.code == "move":
        starts_at = params["starts_at"].replace(tzinfo=clock)
        return Remedy(
            _("If it began %(when)s", when=i18n.when(starts_at, zone=visit.time_zone)),
            _("Somebody who fits could come then. The unit decides."),
            "time",
            starts_at=starts_at.isoformat(),
        )
    person = known[params["speaker"]]
    ended = params.get("ended_on")
    match str(change.code):
        case "renew_clearance" if ended:
            said = _("If %(name)s’s clearance were renewed", name=person.first_name)
            under = _("For %(hospital)s; it ends %(day)s.", hospital=hospital, day=_day(ended))
            return Remedy(said, under, "renew", person)
        case "renew_clearance":
            said = _("If %(name)s were cleared", name=person.first_name)
            return Remedy(said, _("For %(hospital)s.", hospital=hospital), "clear", person)
        case "certify":
            said = _(
                "If %(name)s were trained as %(role)s",
                name=person.first_name,
                role=words.role(params["role"]),
            )
            under = _("The training ended %(day)s.", day=_day(ended)) if ended else ""
            return Remedy(said, under or _("For this program."), "train", person)
        case _:
            said = _("If %(name)s made one more visit that month", name=person.first_name)
            limit = params["limit"] - 1
            under = _("They chose %(limit)s at most. Ask whether one more is fine.", limit=limit)
            return Remedy(said, under, "call", person)


def _day(day: date) -> str:
    return i18n.day(day, year=True, weekday=False)
