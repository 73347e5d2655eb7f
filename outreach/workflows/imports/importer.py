"""What all kinds of import have in common: whose rows these are, and how a row is written."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.db import Base
from outreach.directory.geography import Place
from outreach.directory.models import Affiliate, Hospital, Program, ProgramRole, Unit
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.workflows.imports import mapping
from outreach.workflows.imports.cells import Words, folded
from outreach.workflows.imports.reader import LONGEST_LINE, RowReader

R = TypeVar("R")


@dataclass(slots=True)
class Context:
    """Who imports which file into whose bureau. `as_of` is the day that counts as today."""

    affiliate: Affiliate
    affiliate_is_new: bool
    filename: str
    by: Actor
    as_of: date
    now: datetime

    def settle_in(self, place: Place) -> None:
        """Give a new affiliate the time zone of the first place its sheets name."""
        if self.affiliate_is_new:
            self.affiliate.time_zone = place.time_zone
            self.affiliate_is_new = False


class Importer(Protocol[R]):
    """Reads and writes the rows of one kind of sheet."""

    def read(self, reader: RowReader) -> R | None:
        """Turn a row into a record, or note its problems and return None."""

    def key(self, record: R) -> Hashable:
        """Return what the thing is known by; two rows of a file with one key are one thing."""

    @property
    def key_field(self) -> str:
        """Return the field whose column is named when two rows have one key."""

    def write(self, record: R, reader: RowReader) -> bool:
        """Write a record; False when everything was so already.

        It may still note problems: then what it wrote is taken back.
        """


def choose_affiliate(
    session: Session, *, named: str | None, first: str | None, now: datetime
) -> tuple[Affiliate, bool]:
    """Return whose rows these are, and whether that affiliate was just made.

    `named` (by --affiliate) is made when it is missing. Without it, the only affiliate there is
    that another one does not keep; where there is none, one called `first`, as the mapping says.

    Raises:
        RuleBroken: it is not clear whose they are, or the name is too long.
    """
    name = " ".join((named or "").split())
    bureaus = select(Affiliate).order_by(Affiliate.name)
    if not name:
        bureaus = bureaus.where(Affiliate.kept_by_id.is_(None))
    known = list(session.scalars(bureaus))
    # Exactly so first: two affiliates may differ in nothing but case.
    wanted = [each for each in known if each.name == name] or [
        each for each in known if not name or folded(each.name) == folded(name)
    ]
    if len(wanted) == 1:
        return wanted[0], False
    if not name and not known:
        name = first or ""
    if not name:
        raise RuleBroken(
            lazy("Whose rows are these? Name the affiliate with --affiliate. Known: %(known)s."),
            known=", ".join(each.name for each in known) or "–",
        )
    if len(name) > LONGEST_LINE:
        raise RuleBroken(
            lazy("This text has more than %(most)s characters. Shorten it."), most=LONGEST_LINE
        )
    affiliate = Affiliate(name=name, created_at=now)
    session.add(affiliate)
    session.flush()
    return affiliate, True


def make_programs(
    session: Session, programs: Mapping[str, mapping.Program], *, context: Context
) -> None:
    """Make the programs a mapping names. One that exists is left as its coordinator has it."""
    known = program_words(session, context.affiliate)
    for name, wanted in programs.items():
        if name in known:
            continue
        program = Program(
            affiliate_id=context.affiliate.id, name=name, minutes=sorted(set(wanted.minutes))
        )
        session.add(program)
        session.flush()
        for role, count in wanted.roles.items():
            session.add(ProgramRole(program_id=program.id, role=role, count=count))
        record(session, "program.import", program, context=context)


def program_words(session: Session, affiliate: Affiliate) -> Words[Program]:
    """Return an affiliate's programs by name."""
    rows = select(Program).where(Program.affiliate_id == affiliate.id).order_by(Program.id)
    return Words(
        {program.name: program for program in session.scalars(rows)},
        unknown=lazy(
            "There is no program “%(value)s”. Write one of: %(choices)s; or add that program first."
        ),
    )


def hospital_words(
    session: Session, affiliate: Affiliate, *, only_kept: bool = False
) -> Words[Hospital]:
    """Return by name the hospitals an affiliate keeps, and the others where it serves a unit.

    With `only_kept`, the former alone: only they may be changed. They also win a shared name.
    """
    is_kept = Hospital.affiliate_id == affiliate.id
    is_served = Hospital.id.in_(select(Unit.hospital_id).where(Unit.affiliate_id == affiliate.id))
    rows = select(Hospital).where(is_kept if only_kept else or_(is_kept, is_served))
    hospitals = session.scalars(rows.order_by(is_kept, Hospital.id))
    return Words(
        {hospital.name: hospital for hospital in hospitals},
        unknown=lazy(
            "There is no hospital “%(value)s”. Write one of: %(choices)s; or import its units"
            " first."
        ),
    )


def change(row: Base, values: Mapping[str, object]) -> bool:
    """Set what differs on a row; say whether anything did."""
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


def record(session: Session, action: str, row: Base, *, context: Context) -> None:
    """Append to the audit log that an import made or changed a row."""
    session.flush()
    subject = (row.__tablename__, row.id)  # type: ignore[attr-defined]  # every table has an id
    audit.record(session, action, actor=context.by, subject=subject, now=context.now)
