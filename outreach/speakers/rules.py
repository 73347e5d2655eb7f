"""A speaker's own calendar: which addresses are taken, when it is read, how long a reading counts.

The page, and the program that reads, ask the same function about an address.
"""

import re
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

LONGEST_ADDRESS: Final = 2_000
HTTPS_PORT: Final = 443

EVERY: Final = timedelta(hours=1)
SLOWEST: Final = timedelta(hours=24)
READS_AGAIN_AFTER: Final = timedelta(minutes=5)
"""How soon after a reading somebody may ask for the next."""
COUNTS_FOR: Final = timedelta(days=7)
"""How long the times of the last good reading count where no later one succeeds."""
LAID_OUT_FOR: Final = timedelta(days=1)
"""How old times may become whose calendar "has not changed": they end 180 days after they were
laid out, and a repeating entry goes on."""
LOOKS_BACK: Final = timedelta(days=1)
LOOKS_AHEAD: Final = timedelta(days=180)

_SCHEMES: Final = frozenset({"https", "webcal", "webcals"})
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")
"""A name with a dot whose last part begins with a letter. So no address in numbers passes, however
it is written: 127.0.0.1, 2130706433, 0177.0.0.1, [::1]."""
_UNWANTED: Final = re.compile(r"[\x00-\x20\x7f\\]")
_PATH_SAFE: Final = "/%:@!$&'()*+,;=~-._?"


class WrongAddress(ValueError):
    """No address that is read. `code`: "scheme", "user", "host", "port" or "form"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def calendar_address(text: str) -> str:
    """Return the https address that `text` names; webcal is https by another name.

    Without a fragment. Whether its host may be connected to is asked when it is (`adapters`).

    Raises:
        WrongAddress: not https, with a user's name or password, another port than 443, a host
            without a name, or no address at all. Nothing of the address is in the error.
    """
    stripped = text.strip()
    if len(stripped) > LONGEST_ADDRESS or _UNWANTED.search(stripped):
        raise WrongAddress("form")
    try:
        parts = urlsplit(stripped)
        port = parts.port
    except ValueError:
        raise WrongAddress("form") from None
    if parts.scheme not in _SCHEMES:
        raise WrongAddress("scheme")
    if "@" in parts.netloc:
        raise WrongAddress("user")
    if port not in {None, HTTPS_PORT}:
        raise WrongAddress("port")
    path = quote(parts.path, safe=_PATH_SAFE) or "/"
    query = quote(parts.query, safe=_PATH_SAFE)
    return urlunsplit(("https", _host(parts.hostname or ""), path, query, ""))


def next_reading(now: datetime, *, failures: int, spread: float) -> datetime:
    """Return when to read next: in about an hour, after failures in a row later, a day at most.

    `spread` from 0 to 1 moves it by up to a tenth either way, so that calendars which were
    connected together are not read together for ever.
    """
    # Beyond the fifth failure it is a day anyway; 2 to their count has no end.
    wait = min(EVERY * (1 << min(failures, 5)), SLOWEST)
    return now + wait * (0.9 + 0.2 * spread)


def may_read_again(last_read_at: datetime | None, *, now: datetime) -> bool:
    """Say whether somebody may have the calendar read now."""
    return last_read_at is None or now - last_read_at >= READS_AGAIN_AFTER


def counts(last_ok_at: datetime | None, *, now: datetime) -> bool:
    """Say whether the times of the last good reading still count: up to seven days, included."""
    return last_ok_at is not None and now - last_ok_at <= COUNTS_FOR


def may_stay(laid_out_at: datetime | None, *, now: datetime) -> bool:
    """Say whether times may stay as they are where the calendar has not changed since."""
    return laid_out_at is not None and now - laid_out_at < LAID_OUT_FOR


def window(now: datetime) -> tuple[datetime, datetime]:
    """Return between which instants busy times are kept."""
    return now - LOOKS_BACK, now + LOOKS_AHEAD


def _host(name: str) -> str:
    try:
        host = name.removesuffix(".").encode("idna").decode().lower()
    except UnicodeError:
        raise WrongAddress("host") from None
    if not _HOST.fullmatch(host):
        raise WrongAddress("host")
    return host
