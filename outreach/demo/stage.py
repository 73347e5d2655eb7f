"""Setting the demo up: a fresh database in its own folder, on loopback; nothing leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from sqlalchemy.orm import Session

from outreach import clock, crypto, migrations, wiring
from outreach.accounts.models import DemoSignIn, Membership
from outreach.config import Config
from outreach.demo import cast, referral_cast, referral_story, story
from outreach.demo.cast import World
from outreach.speakers.ports import CouldNotRead, Reading, Trouble, Wanted
from outreach.wiring import Wiring
from outreach.workflows import keys

HOST = "127.0.0.1"
WAKING = (time(9, 30), time(18))
"""Between these hours texts leave at once; at other hours the demo's clock is moved to them."""

CHARACTERS = ("Ruth", "Dana", "Nora", "Omar", "Ines", "Maria", "Daniel", "Ana")


@dataclass(frozen=True, slots=True)
class Stage:
    """A demo that is ready to be played."""

    wired: Wiring
    world: World
    links: Mapping[str, str]


class NothingLeaves:
    """A `CalendarReader` that reads none: in the demo no address is called, whoever typed it."""

    def read(self, wanted: Wanted) -> Reading | None:
        """Raise CouldNotRead."""
        del wanted
        raise CouldNotRead(Trouble.UNREACHABLE)


def build(folder: Path, *, port: int, now: datetime) -> Stage:
    """Make the fictional bureau in `folder` and a one-time sign-in link for each character."""
    settings = Config(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'demo.sqlite'}",
        # Not the machine's own, should the environment name any.
        key_file="",
        keys=SecretStr(""),
        vault_url="",
        public_base_url=f"http://{HOST}:{port}",
        sms_gateway="console",
        mail_gateway="console",
        sms_per_second=1000,
        support_phone=cast.BUREAU_PHONE,
        log_level="warning",
    )
    wired = replace(wiring.build(settings), calendars=NothingLeaves())
    migrations.bring_up_to_date(wired.db)
    keys.set_up(wired.db, wired.vault)
    with wired.db.transaction() as session:
        world = cast.write(session, now=now)
        referral_cast.write(session, world, now=now)
        links = {
            who: wired.links.to(f"/demo/sign-in/{door(session, world.memberships[who])}")
            for who in CHARACTERS
        }
    story.tell(wired, world, now=now)
    referral_story.tell(wired, world, now=now)
    return Stage(wired, world, links)


def waking_hour(now: datetime) -> datetime:
    """Return `now` if texts may leave then, else the next half past nine in the demo's zone."""
    local = now.astimezone(ZoneInfo(cast.ZONE))
    if WAKING[0] <= local.time() < WAKING[1]:
        return now
    day = local.date() + timedelta(days=1 if local.time() >= WAKING[1] else 0)
    return datetime.combine(day, WAKING[0], local.tzinfo)


def wake_up() -> datetime:
    """Move the clock of this process to a waking hour where it is night; return the time."""
    now = clock.now()
    awake = waking_hour(now)
    if awake != now:
        clock.move_to(awake)
    return clock.now()


def door(session: Session, membership: Membership) -> str:
    """Make a character's one-time sign-in link; return its token."""
    token = crypto.token()
    session.add(DemoSignIn(token_hash=crypto.digest(token), membership_id=membership.id))
    return token
