"""Visit requests from a sheet, with the dates of repeats laid out as visits.

A request is known by unit, date, start and program. What is against the hard rules is refused;
soft rules, and dates of a repeat that cannot be, are warnings for a coordinator's decision. One
that is there already only has its details brought up to date: to change its time, length,
language or repeat means telling people, so that is done on its page. Nobody gets a message.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach.directory.models import Hospital, Program, Unit
from outreach.i18n import lazy
from outreach.visits import rules
from outreach.visits.models import Visit, VisitRequest
from outreach.visits.rules import Code, Refusal, SlotFacts, UnitFacts
from outreach.workflows import visits
from outreach.workflows.imports import cells, importer, repeats
from outreach.workflows.imports.cells import CellProblem, Words
from outreach.workflows.imports.importer import Context
from outreach.workflows.imports.mapping import RequestsMapping
from outreach.workflows.imports.reader import RowReader, line, prose
from outreach.workflows.imports.repeats import Series
from outreach.workflows.visits import Wish

LARGEST_GROUP = 200
SOFT = rules.SOFT | {Code.TOO_FAR_AHEAD}
"""The horizon guards liaisons against a slip of the year; a coordinator's sheet may plan ahead."""
DATES_SHOWN = 5
NO_UNIT = lazy(
    "This hospital has no unit “%(value)s”. Write one of: %(choices)s; or import that unit first."
)


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A row that makes sense in itself, its unit and program found. Times are the hospital's."""

    unit_id: int
    program_id: int
    series: Series
    starts: time
    minutes: int
    language: str
    repeats: str
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """The dates of a request, judged. `bad` and `soft` have one entry for each reason found."""

    good: tuple[datetime, ...]
    codes: Mapping[datetime, list[str]]
    bad: Sequence[tuple[date, Refusal]]
    soft: Sequence[tuple[date, Refusal]]


class RequestsImporter:
    """Writes visit requests of one affiliate's units."""

    key_field = "unit"

    def __init__(self, session: Session, context: Context, mapping: RequestsMapping) -> None:
        self.session = session
        self.context = context
        self.mapping = mapping
        self.programs: Words[Program] = importer.program_words(session, context.affiliate)
        self.hospitals: Words[Hospital] = importer.hospital_words(session, context.affiliate)
        self.units = self._units()
        self.facts: dict[int, UnitFacts] = {}
        """What the rules must know of each unit, with the visits this file has added."""

    def read(self, reader: RowReader) -> RequestRow | None:
        """Turn a row into a request, or note its problems and return None."""
        unit = self._unit(reader)
        program = reader.need("program", self.programs.find, example="Unit story hour")
        first = reader.need("date", cells.day, example="2027-01-15")
        starts = reader.need("start", cells.time_of_day, example="14:00")
        minutes = reader.need("minutes", cells.minutes, example="60")
        language = reader.take("language", self.mapping.language_words().find, blank="")
        series = self._series(reader, first)
        given = self._given(reader)
        if reader.problems or unit is None:
            return None
        return RequestRow(
            unit_id=unit.id,
            program_id=program.id,
            series=series,
            starts=starts,
            minutes=minutes,
            language=language,
            repeats=reader.raw("repeats"),
            given=given,
        )

    def key(self, record: RequestRow) -> Hashable:
        """Return what a request is known by."""
        return record.unit_id, record.series.dates[0], record.starts, record.program_id

    def write(self, record: RequestRow, reader: RowReader) -> bool:
        """Write a request and its visits; False when everything was so already."""
        unit = self.session.get_one(Unit, record.unit_id)
        zone = self.session.get_one(Hospital, unit.hospital_id).time_zone
        asked = self._known(record, zone=zone)
        if asked is not None:
            return self._bring_up_to_date(asked, record, reader)
        program = self.session.get_one(Program, record.program_id)
        facts = self.facts.get(unit.id) or visits.unit_facts(
            self.session, unit, now=self._today(zone)
        )
        plan = self._plan(record, replace(facts, lengths=tuple(program.minutes)))
        self._report(plan, reader)
        if not record.series.first_fits:
            message = lazy(
                "The repeat does not fall on %(first)s. That day was taken as the first visit, and"
                " the repeat follows."
            )
            first = record.series.dates[0].isoformat()
            reader.warn("repeats", CellProblem(message, first=first))
        if not plan.good:
            return False
        self._request(record, unit, program, plan, zone=zone, reader=reader)
        length = timedelta(minutes=record.minutes)
        added = tuple(SlotFacts(starts_at, starts_at + length) for starts_at in plan.good)
        self.facts[unit.id] = replace(facts, booked=facts.booked + added)
        return True

    # --- reading

    def _units(self) -> Mapping[int, Words[Unit]]:
        by_hospital: dict[int, dict[str, Unit]] = defaultdict(dict)
        mine = select(Unit).where(Unit.affiliate_id == self.context.affiliate.id)
        for unit in self.session.scalars(mine.order_by(Unit.id)):
            by_hospital[unit.hospital_id][unit.name] = unit
        return {key: Words(units, unknown=NO_UNIT) for key, units in by_hospital.items()}

    def _unit(self, reader: RowReader) -> Unit | None:
        hospital = reader.need("hospital", self.hospitals.find, example="St. Clare Medical Center")
        if not reader.is_sound("hospital"):
            return None
        units = self.units.get(hospital.id, Words({}, unknown=NO_UNIT))
        return reader.need("unit", units.find, example="4B")

    def _series(self, reader: RowReader, first: date) -> Series:
        once = Series((first,), first_fits=True)
        repeat = reader.take("repeats", repeats.parse, blank=None)
        if repeat is None or not reader.is_sound("date"):
            return once
        try:
            series = repeats.lay_out(repeat, first=first)
        except CellProblem as error:
            reader.problem("repeats", error)
            return once
        return series

    def _given(self, reader: RowReader) -> dict[str, Any]:
        readers: dict[str, Callable[[str], object]] = {
            "critical": self._yes_no,
            "group_size": _group_size,
            "room": line,
            "screen": self._yes_no,
            "by_video": self._yes_no,
            "access_needs": prose,
            "notes": prose,
        }
        return {
            name: reader.take(name, read, blank=None)
            for name, read in readers.items()
            if reader.raw(name)
        }

    def _yes_no(self, text: str) -> bool:
        return cells.yes_no(text, yes=self.mapping.yes, no=self.mapping.no)

    # --- judging

    def _plan(self, record: RequestRow, unit: UnitFacts) -> Plan:
        """Judge every date on its own. No repeat can clash with itself: its dates differ."""
        good: list[datetime] = []
        codes: dict[datetime, list[str]] = {}
        bad: list[tuple[date, Refusal]] = []
        soft: list[tuple[date, Refusal]] = []
        today = self._today(unit.time_zone)
        for day in record.series.dates:
            starts_at = rules.instant(day, record.starts, zone=unit.time_zone)
            if isinstance(starts_at, Refusal):
                bad.append((day, starts_at))
                continue
            found = rules.refusals(starts_at, minutes=record.minutes, unit=unit, now=today)
            hard = [(day, refusal) for refusal in found if refusal.code not in SOFT]
            if hard:
                bad += hard
                continue
            soft += [(day, refusal) for refusal in found]
            codes[starts_at] = [str(r.code) for r in found if r.is_soft]
            good.append(starts_at)
        return Plan(tuple(good), codes, bad, soft)

    def _today(self, zone: str) -> datetime:
        """Return the instant at which the day began as of which dates are judged."""
        return datetime.combine(self.context.as_of, time(), ZoneInfo(zone)).astimezone(UTC)

    def _report(self, plan: Plan, reader: RowReader) -> None:
        """Say once for each reason which dates it is about.

        A bad date is a problem only where no other is left.
        """
        for code, found in _by_code(plan.bad).items():
            if plan.good:
                reader.warn(_FIELDS[code], self._in_words(_LEFT_OUT[code], found))
            else:
                reader.problem(_FIELDS[code], self._in_words(_WRONG[code], found))
        for code, found in _by_code(plan.soft).items():
            reader.warn(_FIELDS[code], self._in_words(_WRONG[code], found))

    def _in_words(self, message: str, found: Sequence[tuple[date, Refusal]]) -> CellProblem:
        facts = found[0][1].facts
        if facts.get("hours") == []:
            message = _NO_HOURS
        return CellProblem(
            message,
            dates=_dates(day for day, _ in found),
            today=self.context.as_of.isoformat(),
            days=facts.get("days"),
            latest=facts.get("latest"),
            lengths=", ".join(map(str, facts.get("lengths", ()))),
            hours=", ".join("-".join(span) for span in facts.get("hours", ())),
        )

    # --- writing

    def _known(self, record: RequestRow, *, zone: str) -> VisitRequest | None:
        first = _first_that_exists(record, zone=zone)
        if first is None:
            return None
        return self.session.scalar(
            select(VisitRequest).where(
                VisitRequest.unit_id == record.unit_id,
                VisitRequest.program_id == record.program_id,
                VisitRequest.first_starts_at == rules.instant(first, record.starts, zone=zone),
            )
        )

    def _bring_up_to_date(self, asked: VisitRequest, record: RequestRow, reader: RowReader) -> bool:
        settled = {
            "minutes": (str(asked.minutes), str(record.minutes)),
            "language": (asked.language, record.language or asked.language),
            "repeats": (cells.folded(asked.repeats), cells.folded(record.repeats)),
        }
        for name, (there, here) in settled.items():
            if there != here:
                message = lazy(
                    "This request is here already, with “%(there)s”. People may know of it, so an"
                    " import does not change that: change the visit on its page."
                )
                reader.problem(name, CellProblem(message, there=there))
        if reader.problems or not importer.change(asked, record.given):
            return False
        live = (Visit.request_id == asked.id, Visit.called_off_at.is_(None))
        self.session.execute(update(Visit).where(*live).values(critical=asked.critical))
        importer.record(self.session, "visit.request.import", asked, context=self.context)
        return True

    def _request(
        self,
        record: RequestRow,
        unit: Unit,
        program: Program,
        plan: Plan,
        *,
        zone: str,
        reader: RowReader,
    ) -> None:
        language = record.language or self.mapping.default_language
        if not record.language:
            message = lazy("No language is given; “%(language)s” was assumed.")
            reader.warn("language", CellProblem(message, language=language))
        wish = Wish(
            day=_first_that_exists(record, zone=zone) or record.series.dates[0],
            at=record.starts,
            minutes=record.minutes,
            language=language,
            repeats=record.repeats,
        )
        asked = visits.record_request(
            self.session,
            unit=unit,
            program=program,
            wish=replace(wish, **record.given),
            by=self.context.by,
            now=self.context.now,
        )
        visits.lay_out(
            self.session, asked, days=plan.good, warnings=dict(plan.codes), now=self.context.now
        )


def _first_that_exists(record: RequestRow, *, zone: str) -> date | None:
    """Return the first date on which the clock shows the start; it names the request."""
    walls = ((day, rules.instant(day, record.starts, zone=zone)) for day in record.series.dates)
    return next((day for day, wall in walls if not isinstance(wall, Refusal)), None)


def _by_code(
    found: Sequence[tuple[date, Refusal]],
) -> Mapping[Code, Sequence[tuple[date, Refusal]]]:
    grouped: dict[Code, list[tuple[date, Refusal]]] = defaultdict(list)
    for day, refusal in found:
        grouped[refusal.code].append((day, refusal))
    return grouped


def _dates(days: Iterable[date]) -> str:
    written = [day.isoformat() for day in days]
    more = len(written) - DATES_SHOWN
    return ", ".join(written[:DATES_SHOWN]) + (f" (+{more})" if more > 0 else "")


def _group_size(text: str) -> int:
    return cells.whole_number(text, least=1, most=LARGEST_GROUP)


_FIELDS = {
    Code.NOT_A_TIME: "start",
    Code.TWO_TIMES: "start",
    Code.IN_THE_PAST: "date",
    Code.TOO_FAR_AHEAD: "date",
    Code.UNIT_PAUSED: "date",
    Code.CLASH: "start",
    Code.NOT_A_LENGTH: "minutes",
    Code.TOO_SOON: "date",
    Code.OUTSIDE_HOURS: "start",
}
_WRONG = {
    Code.NOT_A_TIME: lazy(
        "On %(dates)s the clocks go forward and this time does not exist. Write another time."
    ),
    Code.TWO_TIMES: lazy(
        "On %(dates)s the clocks go back and this time comes twice. Write another time."
    ),
    Code.IN_THE_PAST: lazy("Past: %(dates)s. Today is %(today)s; write a later date."),
    Code.TOO_FAR_AHEAD: lazy("Further ahead than is usual (after %(latest)s): %(dates)s."),
    Code.UNIT_PAUSED: lazy("The unit takes no visits on %(dates)s. Write another date."),
    Code.CLASH: lazy(
        "The unit has another visit at this time on %(dates)s. Write another date or time."
    ),
    Code.NOT_A_LENGTH: lazy("This program lasts %(lengths)s minutes."),
    Code.TOO_SOON: lazy("Less than %(days)s days ahead: %(dates)s."),
    Code.OUTSIDE_HOURS: lazy("Outside the unit’s visiting hours (that day %(hours)s): %(dates)s."),
}
_NO_HOURS = lazy("The unit has no visiting hours on that weekday: %(dates)s.")
_LEFT_OUT = {
    Code.NOT_A_TIME: lazy(
        "Left out: %(dates)s. The clocks go forward and this time does not exist then."
    ),
    Code.TWO_TIMES: lazy("Left out: %(dates)s. The clocks go back and this time comes twice then."),
    Code.IN_THE_PAST: lazy("Left out as past: %(dates)s. Today is %(today)s."),
    Code.UNIT_PAUSED: lazy("Left out: %(dates)s. The unit takes no visits then."),
    Code.CLASH: lazy("Left out: %(dates)s. The unit has another visit at this time."),
}
