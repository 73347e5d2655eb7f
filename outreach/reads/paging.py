"""A long list a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list, and how many there are in all. Pages are numbered from 1.

    `size` is how many rows a full page has.
    """

    rows: Sequence[Row]
    total: int
    number: int
    size: int

    @property
    def first(self) -> int:
        """The place of the first row in the list, from 1."""
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        """The place of the last row."""
        return self.first + len(self.rows) - 1

    @property
    def has_next(self) -> bool:
        """Say whether rows follow."""
        return self.last < self.total
