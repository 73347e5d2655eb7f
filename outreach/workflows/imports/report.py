"""What an import did, row by row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from outreach.errors import OutreachError

VALUE_SHOWN = 120
"""Characters of a cell that a report repeats."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one cell. `message` is an English msgid; `values` fill it."""

    row: int
    column: str
    value: str
    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def problem(self) -> str:
        """The sentence in English, for the command line and JSON."""
        return self.message % self.values if self.values else self.message

    def to_json(self) -> dict[str, Any]:
        """Return the row, column, value and problem."""
        return {
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one file. `read` counts the rows that are not blank, below the header.

    read = imported + unchanged + the number of different rows in `refused`: a row with several
    problems has a finding for each. Warnings belong to rows that were imported or unchanged, or
    to the header.
    """

    file: str
    read: int
    imported: int
    unchanged: int
    refused: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    @property
    def rows_refused(self) -> int:
        """How many rows were left out."""
        return len({finding.row for finding in self.refused})

    def to_json(self) -> dict[str, Any]:
        """Return what `outreach import --json` prints."""
        return {
            "file": self.file,
            "read": self.read,
            "imported": self.imported,
            "unchanged": self.unchanged,
            "refused": [finding.to_json() for finding in self.refused],
            "warnings": [finding.to_json() for finding in self.warnings],
        }


def finding(row: int, *, column: str, value: str, error: OutreachError) -> Finding:
    """Turn what a parser raised into a finding, with long values cut."""
    values = {name: shown(each) for name, each in error.values.items()}
    return Finding(row, column, shown(value), error.message, values)


def shown(value: object) -> str:
    """Return a value as a report repeats it: at most `VALUE_SHOWN` printable characters."""
    text = "".join(c if c.isprintable() else "�" for c in str(value).replace("\n", " "))
    return text if len(text) <= VALUE_SHOWN else f"{text[: VALUE_SHOWN - 1]}…"
