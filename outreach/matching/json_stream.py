"""A JSON file read in pieces: each entry of its lists is checked before the next is looked at.

So the wrong entry of a large file is told at once, and no more of the file lies in memory than
what was made of it, and one entry. A file without end is refused, too.
"""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Collection, Mapping
from typing import Generic, NoReturn, Protocol, TypeVar

from outreach.matching.fields import object_of
from outreach.matching.problem import ProblemError

_T = TypeVar("_T")
PIECE_BYTES = 1 << 20
LARGEST_ENTRY = 4 << 20
"""Characters of one entry: a speaker cleared at every unit of a nation has some 400,000."""
LARGEST_FILE = 1 << 30
"""Bytes; a nation's problem has some 60 million."""

_BLANKS = re.compile(r"[ \t\n\r]*")


class Source(Protocol):
    """Where the bytes come from: an open file."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes, none at the end."""
        ...


class Once(Generic[_T]):
    """A member that is one value, and what it is where it is left out."""

    def __init__(self, read: Callable[[object], _T], default: _T) -> None:
        self._read = read
        self.value = default

    def take(self, text: "_Text") -> None:
        """Read the value that comes next."""
        self.value = text.read(self._read)


class Each(Generic[_T]):
    """A member that is a list, whose entries are read one by one."""

    def __init__(self, read: Callable[[object], _T]) -> None:
        self._read = read
        self.rows: list[_T] = []

    def take(self, text: "_Text") -> None:
        """Read the list that comes next."""
        key = text.place
        if not text.takes("["):
            text.refuse("must be a list")
        more = not text.takes("]")
        while more:
            text.place = f"{key}[{len(self.rows)}]"
            self.rows.append(text.read(self._read))
            more = text.goes_on("]")


class Member(Protocol):
    """What takes the value of one member: `Once` or `Each`."""

    def take(self, text: "_Text") -> None:
        """Read what comes next."""
        ...


def read_members(
    source: Source, known: Mapping[str, Member], *, optional: Collection[str], name: str
) -> None:
    """Read the object that is the whole of a file into its `known` members.

    `name` is what an error calls the whole. Raises ProblemError for what is no such object,
    and where one that is not `optional` is missing.
    """
    text = _Text(source, name)
    left = dict(known)
    if not text.next():
        text.refuse("is empty")
    if not text.takes("{"):
        text.refuse("must be an object in JSON")
    more = not text.takes("}")
    while more:
        key = text.read(_key)
        if not text.takes(":"):
            text.refuse_syntax("expected a colon")
        if key not in left:
            raise ProblemError(key, "is there twice" if key in known else "is not a known key")
        text.place = key
        left.pop(key).take(text)
        more = text.goes_on("}")
    if text.next():
        raise ProblemError(name, "has something after its end")
    for key in left:
        if key not in optional:
            raise ProblemError(key, "is missing")


def _key(data: object) -> str:
    if not isinstance(data, str):
        raise ProblemError("", "has a name that is not text")
    return data


class _Text:
    """The characters to come, and where in the file they are."""

    def __init__(self, source: Source, name: str) -> None:
        self.place = name
        self._source = source
        self._decoder = getincrementaldecoder("utf-8")()
        self._scan = json.JSONDecoder(object_pairs_hook=object_of).raw_decode
        self._ahead = ""
        self._at = 0
        self._line = 1
        self._bytes = 0
        self._ended = False

    def next(self) -> str:
        """Return the next character that is not blank, without taking it; none at the end."""
        while True:
            self._go_to(_after_blanks(self._ahead, self._at))
            if self._at < len(self._ahead) or self._ended:
                return self._ahead[self._at : self._at + 1]
            self._more()

    def takes(self, character: str) -> bool:
        """Take the next character if it is this one."""
        if self.next() != character:
            return False
        self._at += 1
        return True

    def goes_on(self, closing: str) -> bool:
        """Take a comma (true) or the closing bracket (false)."""
        if self.takes(closing):
            return False
        if not self.takes(","):
            self.refuse_syntax(f"expected a comma or {closing}")
        return True

    def read(self, read: Callable[[object], _T]) -> _T:
        """Take one value and read it."""
        value = self._value()
        try:
            return read(value)
        except ProblemError as error:
            raise error.below(self.place) from None

    def _value(self) -> object:
        """Take one value, whole."""
        self.next()
        while True:
            try:
                value, end = self._scan(self._ahead, self._at)
            except RecursionError:
                self.refuse("is nested too deeply")
            except json.JSONDecodeError as error:
                if self._ended:
                    self._line += self._ahead.count("\n", self._at, error.pos)
                    self.refuse_syntax(error.msg)
            except ValueError:
                self.refuse("holds a number with too many digits")
            else:
                # At the end of what is here, a number may go on.
                if end < len(self._ahead) or self._ended:
                    self._go_to(end)
                    return value
            if len(self._ahead) - self._at > LARGEST_ENTRY:
                self.refuse("is not JSON, or larger than any entry may be")
            self._more()

    def refuse(self, problem: str) -> NoReturn:
        """Say what is wrong with what is being read."""
        raise ProblemError(self.place, problem)

    def refuse_syntax(self, what: str) -> NoReturn:
        """Say in which line it is not JSON."""
        if not self.next():
            self.refuse("is not complete: the file ends here")
        self.refuse(f"is not JSON, in line {self._line}: {what}")

    def _go_to(self, position: int) -> None:
        self._line += self._ahead.count("\n", self._at, position)
        self._at = position

    def _more(self) -> None:
        """Bring in as much again as is here, and let go of what was taken."""
        left = self._ahead[self._at :]
        piece = self._source.read(max(PIECE_BYTES, len(left)))
        self._bytes += len(piece)
        if self._bytes > LARGEST_FILE:
            self.refuse(f"is larger than {LARGEST_FILE >> 30} GB")
        self._ended = not piece
        try:
            text = self._decoder.decode(piece, final=self._ended)
        except UnicodeDecodeError:
            self.refuse("is not text in UTF-8")
        if self._bytes == len(piece) and text.startswith("\ufeff"):
            self.refuse("begins with a byte order mark: save it as UTF-8 without one")
        self._ahead, self._at = left + text, 0


def _after_blanks(text: str, position: int) -> int:
    found = _BLANKS.match(text, position)
    return found.end() if found else position
