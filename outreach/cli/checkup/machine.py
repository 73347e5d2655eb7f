"""The machine: addresses, clock, disk, backups and time zones."""

import shutil
import zoneinfo
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import metadata
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from outreach.adapters import probes
from outreach.adapters.probes import NoAnswer
from outreach.cli.checkup.finding import Finding, look, ok, skipped, wrong
from outreach.config import Config

ADDRESS, CLOCK, DISK, BACKUPS, ZONES = "address", "clock", "disk", "backups", "time zones"
BACKUP_AGE: Final = timedelta(hours=26)
"""A daily backup, and the time it takes."""
LEAST_FREE: Final = 500 * 1024**2
FREE_TO_LOOK: Final = 2 * 1024**3
CLOCK_SLACK: Final = timedelta(seconds=5)
CLOCK_MOST: Final = timedelta(seconds=30)
"""Codes of authenticator apps change every half minute."""
TWILIO: Final = "https://api.twilio.com"


def address(config: Config) -> list[Finding]:
    """Look at the address people use."""
    if config.is_https or _is_loopback(config.host):
        return [ok(ADDRESS, f"People come in at {config.public_base_url}.")]
    return [
        look(
            ADDRESS,
            f"{config.public_base_url} has no TLS: codes and links can be read on the way.",
            "Put a proxy in front that ends TLS, and write https:// in public_base_url.",
        )
    ]


def disk(config: Config) -> list[Finding]:
    """Look how much room is left where the service keeps its own."""
    folder = config.data_dir if config.data_dir.exists() else Path()
    free = shutil.disk_usage(folder).free
    said = f"{free / 1024**3:.1f} GB free in {folder}."
    if free < LEAST_FREE:
        return [wrong(DISK, said, "Make room now: a full disk stops everything.")]
    if free < FREE_TO_LOOK:
        return [look(DISK, said, "Make room soon.")]
    return [ok(DISK, said)]


def backups(config: Config, *, now: datetime) -> list[Finding]:
    """Look whether there is a backup of the last day, and whether the keys lie beside it."""
    if not config.backup_dir:
        return [
            look(
                BACKUPS,
                "Where backups go is not known, so nobody looks whether there are any.",
                "Set backup_dir to the folder your backups of the database are put into.",
            )
        ]
    folder = Path(config.backup_dir)
    if not folder.is_dir():
        return [wrong(BACKUPS, f"backup_dir {folder} is no folder.", "Correct backup_dir.")]
    files = [path for path in folder.rglob("*") if path.is_file()]
    found = [_newest(files, folder, now=now)]
    if config.key_path.name in {path.name for path in files}:
        found.append(
            wrong(
                BACKUPS,
                "The key file lies beside the backups of the database.",
                "Keep it elsewhere: who has both reads everything that is sealed.",
            )
        )
    return found


def time_zones(*, now: datetime) -> list[Finding]:
    """Look how old the time zones' rules are."""
    version, source = _zones()
    if version is None:
        return [skipped(ZONES, f"{source} does not say how old its rules are.")]
    said = f"Rules {version}, of {source}."
    if int(version[:4]) < now.year - 1:
        return [
            look(ZONES, said, "Bring the system (its package tzdata) up to date: rules change.")
        ]
    return [ok(ZONES, said)]


def clock(config: Config, *, now: Callable[[], datetime]) -> list[Finding]:
    """Compare with the clock of the text service, the one server elsewhere that we talk to."""
    if config.sms_gateway != "twilio":
        return [
            skipped(
                CLOCK,
                "There is no server elsewhere to compare the clock with.",
                "Keep NTP on: codes of apps are wrong after half a minute.",
            )
        ]
    try:
        theirs = probes.clock_of(config.twilio_base_url or TWILIO)
    except NoAnswer:
        return [skipped(CLOCK, "The clock was not compared: Twilio cannot be reached from here.")]
    return [compared(now() - theirs, with_whom="Twilio's")]


def compared(apart: timedelta, *, with_whom: str) -> Finding:
    """Return how our clock stands beside another that tells the time to the second."""
    seconds = abs(apart.total_seconds())
    if seconds <= CLOCK_SLACK.total_seconds():
        return ok(CLOCK, f"The clock goes with {with_whom}.")
    said = f"The clock is {seconds:.0f} s {'ahead of' if apart > timedelta() else 'behind'} "
    to_do = "Turn NTP on (timedatectl set-ntp true)."
    if seconds > CLOCK_MOST.total_seconds():
        return wrong(CLOCK, f"{said}{with_whom}.", to_do)
    return look(CLOCK, f"{said}{with_whom}.", to_do)


def _newest(files: list[Path], folder: Path, *, now: datetime) -> Finding:
    if not files:
        return wrong(BACKUPS, f"There is no backup in {folder}.", "See Backups in operations.md.")
    newest = max(files, key=lambda path: path.stat().st_mtime)
    age = timedelta(seconds=now.timestamp() - newest.stat().st_mtime)
    said = f"The newest backup, {newest.name}, is {_hours(age)} old."
    if age > BACKUP_AGE:
        return wrong(BACKUPS, said, "Look why the last backup was not made (cron, disk).")
    if newest.stat().st_size == 0:
        return wrong(BACKUPS, f"The newest backup, {newest.name}, is empty.", "Make it anew.")
    return ok(BACKUPS, said)


def _hours(age: timedelta) -> str:
    hours = round(age.total_seconds() / 3600)
    return f"{hours} hour{'' if hours == 1 else 's'}"


def _zones() -> tuple[str | None, str]:
    """Return the version of the rules that zoneinfo reads, like 2026b, and where they are from."""
    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / "America" / "New_York").exists():
            return _version_in(folder / "tzdata.zi"), f"the system ({folder})"
    return metadata.version("tzdata"), "the package tzdata"


def _version_in(path: Path) -> str | None:
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as file:
        version = file.readline().removeprefix("# version ").strip()
    return version if version[:4].isdigit() else None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
