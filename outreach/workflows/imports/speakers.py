"""Speakers from a sheet: training, clearances, days and hours. A speaker is known by e-mail.

A blank cell leaves what is there, and an import never takes anything away: training, clearances
and days away are added to, weekly hours replaced by those of the sheet. Where the sheet no longer
names a hospital that cleared somebody, that is a warning.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from dateutil.relativedelta import relativedelta
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from outreach.directory.models import Hospital, Program
from outreach.i18n import lazy
from outreach.messaging import service as messaging
from outreach.messaging.models import Consent
from outreach.speakers.models import Availability, Away, Certification, Clearance, Speaker
from outreach.workflows.imports import cells, importer, places, spans
from outreach.workflows.imports.cells import CellProblem, Words
from outreach.workflows.imports.importer import Context
from outreach.workflows.imports.mapping import AGE_GROUPS, SpeakersMapping
from outreach.workflows.imports.reader import RowReader
from outreach.workflows.imports.spans import Days, Window

P = TypeVar("P", Certification, Clearance, Availability, Away)

HOSPITAL = "hospital"
"""The kind of clearance that a hospital itself gives."""
MOST_PER_MONTH = 31
MOST_REST_DAYS = 365


@dataclass(frozen=True, slots=True)
class SpeakerRow:
    """A row that makes sense in itself. `given` holds the speaker's columns that are not blank."""

    email: str
    given: Mapping[str, Any]
    role: str
    program_ids: tuple[int, ...]
    trained_on: date
    retrain_by: date
    clearances: tuple[tuple[str, date], ...]
    """Kind and the day it was given."""
    cleared_at: tuple[int, ...] | None
    """Primary keys of hospitals; None when the cell is blank."""
    weekly: tuple[Window, ...]
    away: tuple[Days, ...]
    text_ok: bool | None


class Held:
    """What an affiliate's speakers have already, read once: a file speaks of each only once."""

    def __init__(self, session: Session, affiliate_id: int) -> None:
        mine = select(Speaker).where(Speaker.affiliate_id == affiliate_id)
        self.speakers = {speaker.email: speaker for speaker in session.scalars(mine)}
        self.certifications = _by_speaker(session, Certification, affiliate_id)
        self.clearances = _by_speaker(session, Clearance, affiliate_id)
        self.availability = _by_speaker(session, Availability, affiliate_id)
        self.away = _by_speaker(session, Away, affiliate_id)


class SpeakersImporter:
    """Writes speakers into one affiliate."""

    key_field = "email"

    def __init__(self, session: Session, context: Context, mapping: SpeakersMapping) -> None:
        self.session = session
        self.context = context
        self.mapping = mapping
        self.programs: Words[Program] = importer.program_words(session, context.affiliate)
        self.hospitals: Words[Hospital] = importer.hospital_words(session, context.affiliate)
        self.held = Held(session, context.affiliate.id)

    def read(self, reader: RowReader) -> SpeakerRow | None:
        """Turn a row into a speaker, or note its problems and return None."""
        email = reader.need("email", cells.email, example="ana.reyes@example.org")
        given = self._given(reader)
        role = reader.need("role", self.mapping.role_words().find, example="lead")
        programs = reader.need("programs", self._programs, example="Unit story hour")
        trained_on = reader.need("trained_on", cells.day, example="2026-01-15")
        retrain_by = reader.need("retrain_by", cells.day, example="2027-01-15")
        self._check_training(reader, trained_on, retrain_by)
        clearances = self._clearances(reader)
        cleared_at = reader.take("cleared_at", self._cleared_at, blank=None)
        weekly = reader.weekly("weekly")
        away = reader.take("away", spans.away, blank=())
        text_ok = reader.take("text_ok", self._yes_no, blank=None)
        if reader.problems:
            return None
        return SpeakerRow(
            email=email,
            given=given,
            role=role,
            program_ids=tuple(program.id for program in programs),
            trained_on=trained_on,
            retrain_by=retrain_by,
            clearances=clearances,
            cleared_at=cleared_at,
            weekly=weekly,
            away=away,
            text_ok=text_ok,
        )

    def key(self, record: SpeakerRow) -> Hashable:
        """Return what a speaker is known by."""
        return record.email

    def write(self, record: SpeakerRow, reader: RowReader) -> bool:
        """Write a speaker with all that belongs to one; False when everything was so already."""
        speaker, is_new, changed = self._speaker(record, reader)
        parts_changed = [
            self._certify(speaker, record),
            self._clear(speaker, record),
            self._clear_at_hospitals(speaker, record, reader),
            self._set_weekly(speaker, record, reader, is_new=is_new),
            self._add_away(speaker, record),
            self._agree_to_texts(speaker, record, reader),
        ]
        changed = changed or any(parts_changed)
        if changed:
            if not is_new:
                speaker.revision += 1
            importer.record(self.session, "speaker.import", speaker, context=self.context)
        return changed

    # --- reading

    def _given(self, reader: RowReader) -> dict[str, Any]:
        person = reader.need("name", cells.person, example="Reyes, Ana")
        place = reader.need("zip", places.place, example="60614")
        given: dict[str, Any] = {}
        if reader.is_sound("name", "zip"):
            self.context.settle_in(place)
            given = {
                "first_name": person[0],
                "last_name": person[1],
                "zip_code": place.zip_code,
                "latitude": place.latitude,
                "longitude": place.longitude,
                "time_zone": place.time_zone,
            }
        optional: dict[str, tuple[str, Callable[[str], object]]] = {
            "phone": ("phone", cells.telephone),
            "radius_km": ("distance", self._distance),
            "languages": ("languages", self._languages),
            "age_groups": ("age_groups", self._age_groups),
            "quota_per_month": ("quota_per_month", _quota),
            "rest_days": ("rest_days", _rest_days),
        }
        for column, (name, read) in optional.items():
            if reader.raw(name):
                given[column] = reader.take(name, read, blank=None)
        return given

    def _check_training(self, reader: RowReader, trained_on: date, retrain_by: date) -> None:
        if reader.is_sound("trained_on", "retrain_by") and retrain_by < trained_on:
            message = lazy(
                "The training ends on %(until)s, before it began on %(since)s. Write a later day."
            )
            error = CellProblem(message, until=retrain_by.isoformat(), since=trained_on.isoformat())
            reader.problem("retrain_by", error)
        if reader.is_sound("trained_on"):
            self._warn_of_future(reader, "trained_on", trained_on)

    def _clearances(self, reader: RowReader) -> tuple[tuple[str, date], ...]:
        found = []
        for kind in self.mapping.columns.clearances:
            given_on = reader.take(f"clearances.{kind}", cells.day, blank=None)
            if given_on is not None:
                self._warn_of_future(reader, f"clearances.{kind}", given_on)
                found.append((kind, given_on))
        return tuple(found)

    def _warn_of_future(self, reader: RowReader, name: str, given: date) -> None:
        if given > self.context.as_of:
            reader.warn(name, CellProblem(lazy("This day is still to come. Is the year right?")))

    def _programs(self, text: str) -> tuple[Program, ...]:
        return cells.listed(text, self.programs)

    def _cleared_at(self, text: str) -> tuple[int, ...]:
        return tuple(hospital.id for hospital in cells.listed(text, self.hospitals))

    def _distance(self, text: str) -> float | None:
        return places.distance_km(text, unit=self.mapping.distance_unit)

    def _languages(self, text: str) -> list[str]:
        return list(cells.listed(text, self.mapping.language_words()))

    def _age_groups(self, text: str) -> list[str]:
        groups = cells.listed(text, self.mapping.age_group_words())
        return [group for group in AGE_GROUPS if group in groups or "all" in groups]

    def _yes_no(self, text: str) -> bool:
        return cells.yes_no(text, yes=self.mapping.yes, no=self.mapping.no)

    # --- writing

    def _speaker(self, record: SpeakerRow, reader: RowReader) -> tuple[Speaker, bool, bool]:
        """Return the row's speaker, whether it is new, and whether it is new or changed."""
        speaker = self.held.speakers.get(record.email)
        if speaker is not None:
            return speaker, False, importer.change(speaker, record.given)
        languages = record.given.get("languages")
        if not languages:
            languages = [self.mapping.default_language]
            message = lazy("No language is given; “%(language)s” was assumed.")
            error = CellProblem(message, language=self.mapping.default_language)
            reader.warn("languages", error)
        speaker = Speaker(
            affiliate_id=self.context.affiliate.id,
            email=record.email,
            locale="es" if languages == ["es"] else "en",
            created_at=self.context.now,
            **{"age_groups": list(AGE_GROUPS), **record.given, "languages": languages},
        )
        self.session.add(speaker)
        self.session.flush()
        return speaker, True, True

    def _certify(self, speaker: Speaker, record: SpeakerRow) -> bool:
        changed = False
        held = {
            (row.program_id, row.role, row.starts_on): row
            for row in self.held.certifications[speaker.id]
        }
        for program_id in record.program_ids:
            same = held.get((program_id, record.role, record.trained_on))
            if same is not None:
                changed |= importer.change(same, {"ends_on": record.retrain_by})
                continue
            certification = Certification(
                speaker_id=speaker.id,
                program_id=program_id,
                role=record.role,
                starts_on=record.trained_on,
                ends_on=record.retrain_by,
            )
            self.session.add(certification)
            changed = True
        return changed

    def _clear(self, speaker: Speaker, record: SpeakerRow) -> bool:
        changed = False
        mine = self.held.clearances[speaker.id]
        held = {(row.kind, row.starts_on): row for row in mine if row.hospital_id is None}
        for kind, given_on in record.clearances:
            ends_on = given_on + relativedelta(months=self.mapping.months(kind))
            same = held.get((kind, given_on))
            if same is not None:
                changed |= importer.change(same, {"ends_on": ends_on})
                continue
            clearance = Clearance(
                speaker_id=speaker.id, kind=kind, starts_on=given_on, ends_on=ends_on
            )
            self.session.add(clearance)
            changed = True
        return changed

    def _clear_at_hospitals(self, speaker: Speaker, record: SpeakerRow, reader: RowReader) -> bool:
        """Add the hospitals' own clearances, from the day of the training: the sheet has no other.

        They have no end. One that was ended is not opened again, and none is ended here.
        """
        if record.cleared_at is None:
            return False
        mine = self.held.clearances[speaker.id]
        held = {row.hospital_id: row for row in mine if row.kind == HOSPITAL}
        for hospital_id in record.cleared_at:
            if hospital_id not in held:
                clearance = Clearance(
                    speaker_id=speaker.id,
                    kind=HOSPITAL,
                    hospital_id=hospital_id,
                    starts_on=record.trained_on,
                )
                self.session.add(clearance)
        still_open = {
            hospital_id for hospital_id, row in held.items() if hospital_id and row.ends_on is None
        }
        self._warn_of_unnamed(still_open - set(record.cleared_at), reader)
        return bool(set(record.cleared_at) - held.keys())

    def _warn_of_unnamed(self, hospital_ids: set[int], reader: RowReader) -> None:
        for hospital_id in sorted(hospital_ids):
            name = self.session.get_one(Hospital, hospital_id).name
            message = lazy("%(hospital)s is not named here any more; the clearance was kept.")
            reader.warn("cleared_at", CellProblem(message, hospital=name))

    def _set_weekly(
        self, speaker: Speaker, record: SpeakerRow, reader: RowReader, *, is_new: bool
    ) -> bool:
        if not record.weekly:
            if is_new:
                message = lazy("Without days and times this speaker is never proposed.")
                reader.warn("weekly", CellProblem(message))
            return False
        held = self.held.availability[speaker.id]
        if {Window(row.weekday, row.starts, row.ends) for row in held} == set(record.weekly):
            return False
        self.session.execute(delete(Availability).where(Availability.speaker_id == speaker.id))
        self.session.add_all(
            Availability(speaker_id=speaker.id, weekday=w.weekday, starts=w.starts, ends=w.ends)
            for w in record.weekly
        )
        return True

    def _add_away(self, speaker: Speaker, record: SpeakerRow) -> bool:
        known = {Days(row.starts_on, row.ends_on) for row in self.held.away[speaker.id]}
        new = [days for days in record.away if days not in known]
        self.session.add_all(
            Away(speaker_id=speaker.id, starts_on=days.first, ends_on=days.last) for days in new
        )
        return bool(new)

    def _agree_to_texts(self, speaker: Speaker, record: SpeakerRow, reader: RowReader) -> bool:
        """Write the sheet's yes into the consent ledger, unless the number is in it already.

        A later STOP is never undone by an old sheet; a no in the sheet ends what a yes began.
        """
        if record.text_ok is None:
            return False
        if speaker.phone is None:
            if record.text_ok:
                message = lazy("There is no telephone number to text to.")
                reader.warn("text_ok", CellProblem(message))
            return False
        is_news_after = None if record.text_ok else "opt_in"
        if self._last_word(speaker.phone, speaker) != is_news_after:
            return False
        speaker.channel = "sms" if record.text_ok else "mail"
        self._enter(speaker.phone, speaker, reader, agrees=record.text_ok)
        return True

    def _last_word(self, phone: str, speaker: Speaker) -> str | None:
        """Return the ledger's last event: this speaker's yes, or a stop by whoever shares it."""
        events = select(Consent.event).where(
            Consent.phone == phone,
            or_(Consent.event != "opt_in", Consent.speaker_id == speaker.id),
        )
        return self.session.scalars(events.order_by(Consent.id.desc()).limit(1)).first()

    def _enter(self, phone: str, speaker: Speaker, reader: RowReader, *, agrees: bool) -> None:
        messaging.record_consent(
            self.session,
            phone=phone,
            event="opt_in" if agrees else "opt_out",
            source="import",
            actor=self.context.by,
            speaker_id=speaker.id,
            evidence=f"{self.context.filename}, row {reader.row.number}",
            now=self.context.now,
        )


def _by_speaker(session: Session, table: type[P], affiliate_id: int) -> Mapping[int, list[P]]:
    rows = (
        select(table)
        .join(Speaker, Speaker.id == table.speaker_id)
        .where(Speaker.affiliate_id == affiliate_id)
        .order_by(table.id)
    )
    found: dict[int, list[P]] = defaultdict(list)
    for row in session.scalars(rows):
        found[row.speaker_id].append(row)
    return found


def _quota(text: str) -> int:
    return cells.whole_number(text, least=0, most=MOST_PER_MONTH)


def _rest_days(text: str) -> int:
    return cells.whole_number(text, least=0, most=MOST_REST_DAYS)
