"""What the two kinds of file have in common: lines of cells, with the numbers people see."""

from collections.abc import Iterable
from dataclasses import dataclass

from outreach.errors import RuleBroken
from outreach.i18n import lazy

LAST_ROW = 50_000
"""Rows from this number on are refused; openpyxl pads what is between, whatever a file claims."""
MOST_COLUMNS = 100

_PLAIN = {
    **dict.fromkeys(map(ord, "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"), " "),
    **dict.fromkeys(map(ord, "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}")),
    **dict.fromkeys(map(ord, "\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}")),
}
"""Characters nobody sees, which come along when text is pasted from pages and mails."""


class SheetError(RuleBroken):
    """The file as a whole cannot be read; as a remark, something to know about the whole of it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line's cells, stripped. `number` is the spreadsheet's, from 1.

    Where `is_broken`, a quotation mark stood where none can; the only cell is the whole line.
    """

    number: int
    cells: list[str]
    is_broken: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A file's lines, blank ones too, and what there is to know about how it was read."""

    records: Iterable[Record]
    remarks: tuple[SheetError, ...] = ()


def plain(text: str) -> str:
    """Return a cell's text without what nobody sees, and without space around it."""
    return text.translate(_PLAIN).strip()


def too_far_down(filename: str) -> SheetError:
    """Return what to raise for a file with a row below the last one that is read."""
    return SheetError(
        lazy("%(file)s goes on to row %(last)s. Remove the rows below your own, or split it."),
        file=filename,
        last=LAST_ROW,
    )
