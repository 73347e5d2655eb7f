"""Reads the cells of one row field by field, and gathers everything that is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from outreach.errors import OutreachError
from outreach.i18n import lazy
from outreach.workflows.imports import report, spans
from outreach.workflows.imports.cells import CellProblem
from outreach.workflows.imports.report import Finding
from outreach.workflows.imports.sheets import Row
from outreach.workflows.imports.spans import Window

T = TypeVar("T")
B = TypeVar("B")

LONGEST_LINE = 200
LONGEST_TEXT = 2_000


@dataclass(slots=True)
class RowReader:
    """One row under a mapping. `headers` are those columns the sheet really has, by field."""

    row: Row
    headers: Mapping[str, str]
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def raw(self, name: str) -> str:
        """Return a field's cell, '' when it is blank or the sheet has no such column."""
        return self.row.cells.get(self.headers.get(name, ""), "")

    def need(self, name: str, read: Callable[[str], T], *, example: str) -> T:
        """Read a cell that must not be blank. What is returned after a problem is not used."""
        if not self.raw(name):
            message = lazy("This cell is empty. Write something like %(example)s.")
            self.problem(name, CellProblem(message, example=example))
            return cast("T", None)  # a row with a problem is never made into a record
        return self.take(name, read, blank=cast("T", None))

    def take(self, name: str, read: Callable[[str], T], *, blank: B) -> T | B:
        """Read a cell; a blank one means `blank`."""
        text = self.raw(name)
        if not text:
            return blank
        try:
            return read(_clean(text))
        except CellProblem as error:
            self.problem(name, error)
            return blank

    def weekly(self, name: str) -> tuple[Window, ...]:
        """Read hours of the week, none where the cell is blank; ask about those in the night."""
        windows = self.take(name, spans.weekly, blank=())
        if question := spans.nightly(windows):
            self.warn(name, question)
        return windows

    def is_sound(self, *names: str) -> bool:
        """Say whether none of these fields had a problem."""
        wrong = {finding.column for finding in self.problems}
        return not any(self.headers.get(name, name) in wrong for name in names)

    def problem(self, name: str, error: OutreachError) -> None:
        """Note what makes the row unusable."""
        self.problems.append(self._finding(name, error))

    def warn(self, name: str, error: OutreachError) -> None:
        """Note what a coordinator should look at."""
        self.warnings.append(self._finding(name, error))

    def check_line(self) -> None:
        """Refuse a row whose cells may have slipped into other columns."""
        if not self.row.beyond:
            return
        message = lazy(
            "This row has cells that belong to no column. Is a quotation mark missing, or a"
            " separator too many?"
        )
        if self.row.is_broken:
            message = lazy(
                "A quotation mark is missing in this row, or is one too many. Write one inside a"
                " cell twice."
            )
        error = CellProblem(message)
        found = report.finding(self.row.number, column="", value=self.row.beyond[0], error=error)
        self.problems.append(found)

    def _finding(self, name: str, error: OutreachError) -> Finding:
        column = self.headers.get(name, name)
        return report.finding(self.row.number, column=column, value=self.raw(name), error=error)


def line(text: str) -> str:
    """Read a name or another short text, on one line."""
    return _at_most(" ".join(text.split()), LONGEST_LINE)


def prose(text: str) -> str:
    """Read a longer text; line breaks stay."""
    return _at_most(text, LONGEST_TEXT)


def _clean(text: str) -> str:
    if text.startswith("="):
        raise CellProblem(
            lazy(
                "This cell holds a formula without its value. Open the file in your spreadsheet"
                " program and save it again, or write the value."
            )
        )
    if text.upper() in _ERRORS:
        raise CellProblem(
            lazy("“%(value)s” is a spreadsheet’s error. Write the value."), value=text
        )
    if any(_is_unkeepable(character) for character in text):
        raise CellProblem(lazy("This cell has a character that cannot be kept. Type it again."))
    return text


def _is_unkeepable(character: str) -> bool:
    """Say whether a character is a control character, half of one, or the mark of a lost one."""
    control = (character < " " and character not in "\t\n\r") or character == "\x7f"
    return control or "\ud800" <= character <= "\udfff" or character == "\ufffd"


def _at_most(text: str, most: int) -> str:
    if len(text) > most:
        raise CellProblem(
            lazy("This text has more than %(most)s characters. Shorten it."), most=most
        )
    return text


_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
