"""Two languages: catalogs read with Babel alone under an explicit locale, and dates in words.

Not Flask-Babel: without an application context its gettext silently answers in English, and
workers and workflows have none. Message ids are the English sentences.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.support import NullTranslations, Translations

LOCALES = ("en", "es")
DEFAULT = "en"
CATALOGS = Path(__file__).parent / "locale"
NBSP = "\N{NO-BREAK SPACE}"

# Babel has no skeleton that gives a full weekday beside a full month in both languages.
_DAY = {"en": "MMMM d", "es": "d 'de' MMMM"}
_WEEKDAY = {"en": "EEEE, ", "es": "EEEE "}
_YEAR = {"en": ", y", "es": " 'de' y"}
# Babel finds no words for these two; they share their name in words with New York.
_NAMESAKES = {
    "America/Indiana/Indianapolis": "America/New_York",
    "America/Kentucky/Louisville": "America/New_York",
}
# CLDR's words for these two are not what people here call them.
_SPOKEN = {"hora oriental": "hora del Este", "hora central": "hora del Centro"}
_MONTH_AND_DAY = re.compile(r"[^\W\d_]+\.? \d{1,2}\b(?! de)|\b\d{1,2} (de )?[^\W\d_]+")

_HOUR_AND_STOP = re.compile(r"\b([ap]\.\s?m\.)\.(?!\.)")

_current: ContextVar[str] = ContextVar("locale", default=DEFAULT)


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Make `locale` the language of `gettext` and of dates inside the block."""
    token = _current.set(locale if locale in LOCALES else DEFAULT)
    try:
        yield
    finally:
        _current.reset(token)


def locale() -> str:
    """Return the language now spoken: "en" or "es"."""
    return _current.get()


def gettext(message: str, /, **values: object) -> str:
    """Translate into the language now spoken, then fill `%(name)s`."""
    text = _catalog(locale()).gettext(message)
    return _one_stop(text % values) if values else text


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """Translate a sentence with a number; `%(num)s` is the count."""
    text = _catalog(locale()).ngettext(one, many, count)
    return _one_stop(text % {"num": count, **values})


def _one_stop(text: str) -> str:
    """End a sentence once where a Spanish hour ends it: "a las 7:15 p.m."."""
    return _HOUR_AND_STOP.sub(r"\1", text)


def lazy(message: str, /) -> str:
    """Mark a message for the catalogs; it is translated where it is shown."""
    return message


def day(
    value: date | datetime, *, year: bool = False, weekday: bool = True, capital: bool = False
) -> str:
    """Return "Tuesday, December 1" or "martes 1 de diciembre"; with the year where asked.

    With `capital` it begins a line: "Martes 1 de diciembre".
    """
    pattern = _DAY[locale()]
    if weekday:
        pattern = _WEEKDAY[locale()] + pattern
    if year:
        pattern += _YEAR[locale()]
    text = _bound(format_date(_as_date(value), pattern, locale=_babel_locale(locale())))
    return text[:1].upper() + text[1:] if capital else text


def short_day(value: date | datetime) -> str:
    """Return "Tue, Dec 1" or "mar, 1 de dic"."""
    return _bound(format_skeleton("MMMEd", _as_date(value), locale=_babel_locale(locale())))


def clock_time(value: datetime | time, *, zone: str | None = None) -> str:
    """Return "2:00 PM" or "14:00"; an instant is shown in `zone`."""
    local = value.astimezone(ZoneInfo(zone)) if zone and isinstance(value, datetime) else value
    text = format_time(local, "short", locale=_babel_locale(locale()))
    return text.replace("\N{NARROW NO-BREAK SPACE}", NBSP)


def figures(count: int) -> str:
    """Return "2,608", as the language groups digits."""
    return format_decimal(count, locale=_babel_locale(locale()))


def dollars(cents: float) -> str:
    """Return "$12.34", rounded to the cent."""
    return format_currency(cents / 100, "USD", locale=_babel_locale(locale()))


def zone_name(zone: str) -> str:
    """Return "Eastern Time" or "hora del Este"."""
    name = _zone(zone, width="long")
    return _SPOKEN.get(name, name)


def when(starts_at: datetime, *, zone: str) -> str:
    """Return "Tuesday, December 1, 10:00 AM Eastern Time"."""
    local = starts_at.astimezone(ZoneInfo(zone))
    return f"{day(local)}, {clock_time(local)} {zone_name(zone)}"


def short_when(starts_at: datetime, *, zone: str) -> str:
    """Return "Tue, Dec 1, 10:00 AM ET" or "mar, 1 de dic, 10:00 a.m. ET", for a text message."""
    local = starts_at.astimezone(ZoneInfo(zone))
    return f"{short_day(local)}, {clock_time(local)} {_zone(zone, width='short')}"


def span(starts_at: datetime, ends_at: datetime, *, zone: str) -> str:
    """Return "10:00 to 11:00 AM Eastern Time", or "11:00 AM to 12:30 PM Eastern Time"."""
    first, last = _from_to(starts_at, ends_at, zone=zone)
    return gettext("%(first)s to %(last)s %(zone)s", first=first, last=last, zone=zone_name(zone))


def hours(starts_at: datetime, ends_at: datetime, *, zone: str) -> str:
    """Return "10:00 to 11:00 AM", for where the zone is named once beside all times."""
    first, last = _from_to(starts_at, ends_at, zone=zone)
    return gettext("%(first)s to %(last)s", first=first, last=last)


def short_date(value: date | datetime) -> str:
    """Return "Dec 1, 2026"."""
    return format_date(_as_date(value), "medium", locale=locale())


def catalog(locale: str) -> NullTranslations:
    """Return a locale's translations, for Jinja's i18n extension."""
    return _catalog(locale)


def _from_to(starts_at: datetime, ends_at: datetime, *, zone: str) -> tuple[str, str]:
    """Return both times; the first without its half of the day where the last has the same."""
    first, last = clock_time(starts_at, zone=zone), clock_time(ends_at, zone=zone)
    hour, _space, half = first.partition(NBSP)
    return (hour if half and last.endswith(NBSP + half) else first), last


def _zone(zone: str, *, width: Literal["long", "short"]) -> str:
    info = ZoneInfo(_NAMESAKES.get(zone, zone))
    return get_timezone_name(
        info, width=width, zone_variant="generic", locale=_babel_locale(locale())
    )


def _as_date(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _bound(text: str) -> str:
    """Keep a month and its day on one line: "December 1", "1 de diciembre"."""
    return _MONTH_AND_DAY.sub(lambda found: found.group().replace(" ", NBSP), text)


@cache
def _babel_locale(name: str) -> Locale:
    # US Spanish: its dates and its hours (2:00 p. m.) are the ones our readers grew up with.
    return Locale.parse("es_US" if name == "es" else "en_US")


@cache
def _catalog(name: str) -> NullTranslations:
    files = sorted((CATALOGS / name).glob("*.po"))
    if not files:
        return NullTranslations()
    merged = Catalog(locale=name)
    for path in files:
        with path.open("rb") as file:
            for message in read_po(file, locale=name):
                if message.id:
                    merged[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return Translations(compiled)


Translator = Callable[..., str]
