"""The members of a JSON file, taken strictly: an error names the path of what is wrong.

Paths are put together only once something is wrong, from the inside out: a problem of a
nation has a million places, and to name each of them took longer than to read them.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from math import isfinite
from typing import TypeVar

from outreach.matching.problem import ProblemError

# A lone surrogate cannot be written out again, so it must not come in.
_UNWRITABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_T = TypeVar("_T")


class Repeated(dict[str, object]):
    """An object that has a key twice, which `json` would pass over in silence."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


def object_of(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make the object of its members, as the `object_pairs_hook` of `json`."""
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    keys = [key for key, _ in pairs]
    return Repeated(next(key for key in keys if keys.count(key) > 1))


class Fields:
    """The keys of one object, taken one by one; `end` refuses what nobody took."""

    __slots__ = ("_left",)

    def __init__(self, data: object) -> None:
        self._left = members(data).copy()

    def take(self, name: str, read: Callable[[object], _T]) -> _T:
        """Read a member that has to be there. Raises ProblemError below its name."""
        try:
            return read(self._left.pop(name))
        except KeyError:
            raise ProblemError(name, "is missing") from None
        except ProblemError as error:
            raise error.below(name) from None

    def optional(self, name: str, read: Callable[[object], _T], default: _T) -> _T:
        """Read a member that may be left out."""
        return self.take(name, read) if name in self._left else default

    def end(self) -> None:
        """Refuse whatever is left."""
        for name in self._left:
            raise ProblemError(name, "is not a known key")


def members(data: object, *, kind: str = "an object") -> dict[str, object]:
    """Return the members of an object without repeated keys."""
    if not isinstance(data, dict):
        raise ProblemError("", f"must be {kind}")
    if isinstance(data, Repeated):
        raise ProblemError(data.key, "is there twice")
    return data


def tuple_of(read: Callable[[object], _T]) -> Callable[[object], tuple[_T, ...]]:
    """Give a reader of lists whose items `read` reads."""

    def read_all(data: object) -> tuple[_T, ...]:
        if not isinstance(data, list):
            raise ProblemError("", "must be a list")
        done: list[_T] = []
        try:
            for item in data:
                done.append(read(item))  # noqa: PERF401 - the error needs how many there are
        except ProblemError as error:
            raise error.below(f"[{len(done)}]") from None
        return tuple(done)

    return read_all


def text(data: object) -> str:
    """Read text. Equal texts become one, for a site's name comes back ten thousand times."""
    if not isinstance(data, str):
        raise ProblemError("", "must be text")
    return _writable(data)


def flag(data: object) -> bool:
    """Read true or false."""
    if not isinstance(data, bool):
        raise ProblemError("", "must be true or false")
    return data


def integer(data: object) -> int:
    """Read a whole number."""
    if not isinstance(data, int) or isinstance(data, bool):
        raise ProblemError("", "must be a whole number")
    return data


def number(data: object) -> float:
    """Read a finite number."""
    if not isinstance(data, int | float) or isinstance(data, bool):
        raise ProblemError("", "must be a number")
    try:
        read = float(data)
    except OverflowError:
        raise ProblemError("", "is too large") from None
    if not isfinite(read):
        raise ProblemError("", "must be a finite number")
    return read


def number_or_null(data: object) -> float | None:
    """Read a finite number, or none."""
    return None if data is None else number(data)


def day(data: object) -> date:
    """Read a calendar date as ISO 8601 writes it, with dashes."""
    return _day(text(data))


@lru_cache(maxsize=1 << 16)
def _writable(data: str) -> str:
    if _UNWRITABLE.search(data):
        raise ProblemError("", "must be text without control characters")
    return data


@lru_cache(maxsize=1 << 14)
def _day(data: str) -> date:
    try:
        if _DAY.fullmatch(data):
            return date.fromisoformat(data)
    except ValueError:
        pass  # the shape of a date, but not in the calendar
    raise ProblemError("", f"is {data!r}, must be a date like 2027-01-31")
