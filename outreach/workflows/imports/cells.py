"""One spreadsheet cell → one typed value, in every way coordinators write it.

Each function takes the cell's text, stripped and not blank, and raises `CellProblem` with what
would be right. Dates are read the American way, month first; two-digit years are 1970 to 2069.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, time
from difflib import get_close_matches
from typing import Generic, TypeVar

from email_validator import EmailNotValidError, validate_email

from outreach import phone
from outreach.errors import RuleBroken
from outreach.i18n import lazy

T = TypeVar("T")

EARLIEST_YEAR, LATEST_YEAR = 1950, 2099
OLDEST_TWO_DIGITS = 70
"""Years are those of somebody's training and tests; nobody plans for 2070."""
LONGEST_EMAIL = 254
"""RFC 5321 §4.5.3.1.3, less the angle brackets."""
CHOICES_SHOWN = 12


class CellProblem(RuleBroken):
    """A cell cannot be used. The message says what would be right."""


class Words(Generic[T]):
    """The words a cell may hold, found without regard to case and spacing.

    `unknown` is what to say of any other, with %(value)s and %(choices)s.
    """

    def __init__(self, meanings: Mapping[str, T], *, unknown: str | None = None) -> None:
        self._meanings = {folded(word): meaning for word, meaning in meanings.items()}
        self._written = {folded(word): word for word in meanings}
        self._unknown = unknown

    def __contains__(self, text: str) -> bool:
        return folded(text) in self._meanings

    def find(self, text: str) -> T:
        """Return what `text` means. Raises CellProblem with the nearest word, or with a few."""
        key = folded(text)
        if key in self._meanings:
            return self._meanings[key]
        near = get_close_matches(key, self._written, n=1)
        if near and self._unknown is None:
            raise CellProblem(
                lazy("“%(value)s” is not known here. Did you mean “%(guess)s”?"),
                value=text,
                guess=self._written[near[0]],
            )
        choices = sorted(self._written, key=lambda each: each not in near)[:CHOICES_SHOWN]
        raise CellProblem(
            self._unknown or lazy("“%(value)s” is not known here. Write one of: %(choices)s."),
            value=text,
            choices=", ".join(self._written[each] for each in choices) or "–",
        )


def folded(text: str) -> str:
    """Return `text` as words are compared: without case, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def day(text: str) -> date:
    """Read a date: 2027-01-15, 1/15/27, 01/15/2027, 15-Jan-2027, Jan 15, 2027, January 15 2027.

    A weekday may stand before it, and has to be that day's.
    """
    before = _LEADING_WEEKDAY.match(text)
    weekday = weekday_named(before[1]) if before else None
    plain = text[before.end() :] if before and weekday is not None else text
    plain = _MIDNIGHT.sub("", plain)
    read = next((found for pattern in _DATES if (found := pattern.fullmatch(plain))), None)
    if read is None:
        raise CellProblem(
            lazy("“%(value)s” is not a date. Write it like 2027-01-15 or 1/15/2027."), value=text
        )
    named = _calendar_day(text, **read.groupdict())
    if weekday not in {None, named.weekday()}:
        raise CellProblem(
            lazy("“%(value)s” names the wrong weekday for %(day)s. Which of the two is right?"),
            value=text,
            day=named.isoformat(),
        )
    return named


def weekday_named(word: str) -> int | None:
    """Return the number of "Mon", "tues", "Thursdays"; 0 is Monday, None is no weekday."""
    name = word.strip(" .").lower()
    if len(name) < 2:  # noqa: PLR2004 - T and S are two days each
        return None
    return next((n for n, full in enumerate(_WEEKDAYS) if f"{full}s".startswith(name)), None)


def time_of_day(text: str) -> time:
    """Read a wall-clock time: 14:00, 2 PM, 6:30 pm, 2 p.m., 1430, 14, noon, midnight."""
    if named := _NAMED_TIMES.get(folded(text)):
        return named
    found = TIME.fullmatch(text) or _MILITARY.fullmatch(text)
    if found is None:
        raise CellProblem(_NO_TIME, value=text)
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    half = (found.groupdict().get("half") or "")[:1].lower()
    if not half and found["minute"] is None and 1 <= hour <= 12:  # noqa: PLR2004 - both halves
        raise CellProblem(
            lazy(
                "“%(value)s” could be in the morning or in the afternoon. Write 14:00 or 2:00 PM."
            ),
            value=text,
        )
    if half and not 1 <= hour <= 12:  # noqa: PLR2004 - the clock's face
        raise CellProblem(_NO_TIME, value=text)
    if not half and found["minute"] is None and not hour:
        raise CellProblem(_NO_TIME, value=text)
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return time(hour, minute)
    except ValueError as error:
        raise CellProblem(_NO_TIME, value=text) from error


def minutes(text: str) -> int:
    """Read a length: 60, 60 min, 1 hour, 1.5 h, 1:30, 1 h 30 min. From 10 to 480 minutes."""
    found = _LENGTH.fullmatch(text) or _MINUTES.fullmatch(text) or _HOURS.fullmatch(text)
    if found is None:
        raise CellProblem(
            lazy("“%(value)s” is not a number of minutes. Write digits, like 60."), value=text
        )
    given = found.groupdict()
    length = float(given.get("hours") or 0) * 60 + float(given.get("minutes") or 0)
    if not 10 <= length <= 480 or length % 1:  # noqa: PLR2004 - visit_request's own bounds
        raise CellProblem(
            lazy("“%(value)s” is too short or too long for a visit. Write 10 to 480 minutes."),
            value=text,
        )
    return int(length)


def whole_number(text: str, *, least: int, most: int) -> int:
    """Read a whole number between `least` and `most`, both inclusive."""
    # A column with gaps in it comes out of some programs as 2.0.
    whole = re.fullmatch(r"([+-]?[0-9]{1,9})(?:\.0+)?", text)
    number = int(whole[1]) if whole else None
    if number is None or not least <= number <= most:
        raise CellProblem(
            lazy("“%(value)s” does not fit here. Write a whole number from %(least)s to %(most)s."),
            value=text,
            least=least,
            most=most,
        )
    return number


def telephone(text: str, *, region: str = "US") -> str:
    """Read a telephone number as E.164. `region` is the country of numbers without a code."""
    try:
        return phone.parse(text, region=region)
    except RuleBroken as error:
        message = lazy(
            "“%(value)s” is not a telephone number. Write it with the area code, like 312-555-0123."
        )
        extended = _EXTENSION.fullmatch(text)
        if extended is None:
            raise CellProblem(message, value=text) from error
        message = lazy(
            "“%(value)s” is not a telephone number alone. Leave out the extension, like %(guess)s."
        )
        raise CellProblem(message, value=text, guess=extended["number"]) from error


def email(text: str) -> str:
    """Read an e-mail address, internationalized ones too, and return it in lower case."""
    try:
        return _address(text)
    except EmailNotValidError as error:
        guess = _guessed_address(text)
        if guess is None:
            raise CellProblem(
                lazy("“%(value)s” is not an e-mail address. Write it like name@example.org."),
                value=text,
            ) from error
        raise CellProblem(
            lazy("“%(value)s” is not an e-mail address. Write %(guess)s."), value=text, guess=guess
        ) from error


def listed(text: str, words: Words[T]) -> tuple[T, ...]:
    """Find each of several words, in order and once: "English/Spanish", "adult; older adult".

    Semicolons and line breaks always part words; commas, slashes, "and" and "&" only where the
    whole is not itself a known word (a hospital may be called "Hope, Sisters of").
    """
    found: list[T] = []
    for piece in filter(None, map(str.strip, re.split(r"[;\n|]", text))):
        pieces = [piece] if piece in words else _LOOSE_BREAK.split(piece)
        found += [words.find(each) for each in map(str.strip, pieces) if each]
    return tuple(dict.fromkeys(found))


def yes_no(text: str, *, yes: Sequence[str], no: Sequence[str]) -> bool:
    """Read an answer by the words the mapping gives for yes and no."""
    return Words(dict.fromkeys(yes, True) | dict.fromkeys(no, False)).find(text)


def person(text: str) -> tuple[str, str]:
    """Read a name as first and last: "Cantrell, William", "William Cantrell", "Ana Reyes Jr."."""
    last, comma, first = (part.strip() for part in text.partition(","))
    if not comma:
        words = text.split()
        at = -2 if folded("".join(words[-1:])).strip(".") in _SUFFIXES else -1
        first, last = " ".join(words[:at]), " ".join(words[at:])
    if "," in first or not first or not last or not any(map(str.isalpha, first + last)):
        raise CellProblem(
            lazy(
                "“%(value)s” is not a first and a last name. Write it like Reyes, Ana or Ana Reyes."
            ),
            value=text,
        )
    return first, last


def _calendar_day(text: str, *, year: str, month: str, day: str) -> date:
    full_year = int(year)
    if len(year) == 2:  # noqa: PLR2004 - digits
        full_year += 1900 if full_year >= OLDEST_TWO_DIGITS else 2000
    number = int(month) if month.isdigit() else _month_named(month.lower())
    if not EARLIEST_YEAR <= full_year <= LATEST_YEAR:
        raise CellProblem(
            lazy("“%(value)s” has the year %(year)s. Write a year from %(least)s to %(most)s."),
            value=text,
            year=full_year,
            least=EARLIEST_YEAR,
            most=LATEST_YEAR,
        )
    if not 1 <= number <= 12:  # noqa: PLR2004 - months
        raise CellProblem(
            lazy("“%(value)s” has no such month. Write the month first, like 1/15/2027."),
            value=text,
        )
    longest = monthrange(full_year, number)[1]
    if not 1 <= int(day) <= longest:
        raise CellProblem(
            lazy(
                "“%(value)s” is not in the calendar: that month has %(days)s days. Write it like"
                " 2027-01-15 or 1/15/2027."
            ),
            value=text,
            days=longest,
        )
    return date(full_year, number, int(day))


def _month_named(name: str) -> int:
    return next((n for n, full in enumerate(_MONTHS, 1) if full.startswith(name)), 0)


def _address(text: str) -> str:
    checked = validate_email(text, check_deliverability=False)
    if len(checked.normalized) > LONGEST_EMAIL:
        raise EmailNotValidError
    return checked.normalized.lower()


def _guessed_address(text: str) -> str | None:
    repaired = re.sub(r"\s*(?:\(at\)|\[at\]|\bat\b)\s*", "@", text, flags=re.IGNORECASE)
    repaired = re.sub(r"\s*(?:\(dot\)|\[dot\])\s*", ".", repaired, flags=re.IGNORECASE)
    try:
        return _address(repaired.replace(",", "."))
    except EmailNotValidError:
        return None


_SUFFIXES = {"jr", "sr", "ii", "iii", "iv"}
_EXTENSION = re.compile(r"(?P<number>.*[0-9])\s*(?:x|ext\.?|extension|#)\s*[0-9]+", re.IGNORECASE)
_MIDNIGHT = re.compile(r"(?:[ T]0?0:00(?::00)?| 12:00(?::00)? AM)$", re.IGNORECASE)
"""What a spreadsheet adds to a date that it shows as a date and a time."""
_LEADING_WEEKDAY = re.compile(r"([A-Za-z]{3,9})\.?,?\s+")
_DATES = (
    re.compile(r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})"),
    re.compile(r"(?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})[-/.](?P<year>[0-9]{4}|[0-9]{2})"),
    re.compile(
        r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?[- .]+(?:of )?(?P<month>[A-Za-z]{3,9})[-. ,]+"
        r"(?P<year>[0-9]{4}|[0-9]{2})"
    ),
    re.compile(
        r"(?P<month>[A-Za-z]{3,9})[-. ]+(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?[-, ]+"
        r"(?P<year>[0-9]{4}|[0-9]{2})"
    ),
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
TIME = re.compile(
    r"(?P<hour>[0-9]{1,2})(?:[:.](?P<minute>[0-9]{2})(?::[0-9]{2})?)?"
    r"\s*(?P<half>[ap]\.?\s?m\b\.?|[ap]\b)?",
    re.IGNORECASE,
)
"""A time of day with at most one of minutes and AM/PM left out; spans.py looks for pairs of it."""
_MILITARY = re.compile(r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})")
_NAMED_TIMES = {
    **dict.fromkeys(("noon", "12 noon", "12noon"), time(12)),
    **dict.fromkeys(("midnight", "12 midnight"), time(0)),
}
_NO_TIME = lazy("“%(value)s” is not a time of day. Write 14:00 or 2:00 PM.")
_MINUTES = re.compile(
    r"(?P<minutes>[0-9]{1,4})(?:\.0+)?\s*(?:m|min|mins|minutes?)?\.?", re.IGNORECASE
)
_HOURS = re.compile(r"(?P<hours>[0-9]{1,2}(?:\.[0-9]{1,2})?)\s*(?:h|hrs?|hours?)", re.IGNORECASE)
_LENGTH = re.compile(
    r"(?P<hours>[0-9]{1,2})(?::|\s*(?:h|hrs?|hours?)\s*)(?P<minutes>[0-5]?[0-9])"
    r"\s*(?:m|min|mins|minutes?)?",
    re.IGNORECASE,
)
"""Hours and minutes together: 1:30, as a spreadsheet shows a span of time, or 1 h 30 min."""
_LOOSE_BREAK = re.compile(r"[,/&+]|\band\b", re.IGNORECASE)
