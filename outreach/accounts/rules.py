"""Who is signed in for how long, and how often one may try. Figures: security.md, "Signing in"."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from outreach.actor import Kind

CODE_LASTS = timedelta(minutes=10)
CODE_DIGITS = 8
TOUCH_EVERY = timedelta(minutes=1)

STEP_S = 30
FRESH_FOR = timedelta(minutes=10)
"""How long after a second factor one may change one's factors without showing it again."""
SET_UP_LASTS = timedelta(minutes=30)
"""How long a new app's secret waits for its first code."""
CHALLENGE_LASTS = timedelta(minutes=5)
RECOVERY_CODES = 10
RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without i, l, o, 0 and 1, which look alike on paper."""
RECOVERY_LENGTH = 16
"""79 bits: more than anybody can try, even with the table of hashes in hand."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lives unused, and how long at most."""

    idle: timedelta
    absolute: timedelta


STAFF = SessionLimits(idle=timedelta(minutes=15), absolute=timedelta(hours=12))
SPEAKERS = SessionLimits(idle=timedelta(hours=24), absolute=timedelta(days=30))


@dataclass(frozen=True, slots=True)
class Bucket:
    """At most `size` takes in any span of `refills_after`.

    The bucket fills up only when nothing was taken from it for `refills_after`. So one more than
    `size` takes cannot fall into one span, wherever it begins; a steady trickle would allow that.
    """

    name: str
    size: int
    refills_after: timedelta


_FIVE_MINUTES = timedelta(minutes=5)

CODE_FOR_ACCOUNT = Bucket("code-account", 5, _FIVE_MINUTES)
CODE_FROM_ADDRESS = Bucket("code-address", 19, _FIVE_MINUTES)
FACTOR_FOR_ACCOUNT = Bucket("factor-account", 5, _FIVE_MINUTES)
TRIES_TOLD = Bucket("tries-told", 1, timedelta(hours=1))
"""How often an account's owner is told that the limit of her second step was reached."""
CALENDAR_FOR_SPEAKER = Bucket("own-calendar", 10, timedelta(hours=1))
ASK_FOR_ACCOUNT = Bucket("ask-account", 5, _FIVE_MINUTES)
ASK_FROM_ADDRESS = Bucket("ask-address", 19, _FIVE_MINUTES)


def session_limits(kinds: Iterable[Kind]) -> SessionLimits:
    """Return the limits of an account with these memberships: staff's as soon as one is staff's.

    Not the active membership's: a day-old session of a speaker who also coordinates would
    otherwise become a coordinator's by switching.
    """
    return SPEAKERS if set(kinds) == {Kind.SPEAKER} else STAFF


def is_over(
    limits: SessionLimits, *, created_at: datetime, seen_at: datetime, now: datetime
) -> bool:
    """Say whether a session has reached one of its limits. The limit itself is over."""
    return now - seen_at >= limits.idle or now - created_at >= limits.absolute


def touch_is_due(*, seen_at: datetime, now: datetime) -> bool:
    """Say whether "last seen" should be written again."""
    return now - seen_at >= TOUCH_EVERY


def holds(*, starts_at: datetime, ends_at: datetime | None, now: datetime) -> bool:
    """Say whether a membership counts now: from its start, up to but without its end."""
    return starts_at <= now and (ends_at is None or now < ends_at)


def network(address: str) -> str:
    """Return what one household shares of an address: an IPv6 /64, or the IPv4 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return parsed.exploded[:19]
    return str(parsed)


def browser_name(agent: str) -> str:
    """Return a browser and system people know, of what it sends: "Firefox · Windows"; or ""."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return f"{browser} · {system}" if browser and system else browser or system


# Order matters: each of these also claims to be the ones below it.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "Mac"),
    ("Android", "Android"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def second_factor_due(kind: Kind, *, may_refer: bool) -> bool:
    """Say whether such a membership must show a second factor before it acts.

    Everyone who reads of other people's lives: all but speakers and liaisons who do not refer.
    """
    if kind is Kind.LIAISON:
        return may_refer
    return kind in {Kind.ADMINISTRATOR, Kind.COORDINATOR, Kind.INTAKE}


def is_fresh(second_factor_at: datetime | None, *, now: datetime) -> bool:
    """Say whether a second factor was shown less than ten minutes ago."""
    return second_factor_at is not None and now - second_factor_at < FRESH_FOR


def steps(now: datetime) -> tuple[int, ...]:
    """Return the steps whose codes an app may show now: one to either side of the present one.

    RFC 6238, 5.2: a clock may be off by some seconds, and typing takes a while.
    """
    present = int(now.timestamp()) // STEP_S
    return (present - 1, present, present + 1)


def plain_code(typed: str) -> str:
    """Return a recovery code without the spaces and dashes that people read it by."""
    return "".join(typed.lower().split()).replace("-", "")


def in_groups(secret: str, *, size: int = 4, between: str = " ") -> str:
    """Return a long secret in groups that can be read aloud, copied and compared."""
    return between.join(secret[start : start + size] for start in range(0, len(secret), size))
