"""Workers that are killed or stopped: processes that send texts until a signal reaches them.

Leases and waits are shortened in them, never the order of steps. `run` begins them, strikes while
calls are in flight, evenly over the texts, and goes on until every one is with the provider.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from outreach import clock, jobs
from outreach.adapters.twilio_sms import TwilioSms
from outreach.db import Database
from outreach.messaging import outbox, rules, service
from outreach.messaging.models import Message
from outreach.messaging.service import NewMessage
from outreach.workflows.delivery import Post
from tests import builders, fakes, postgres
from tests.builders import AUDIT_KEY, ZONE, Person
from tests.twilio_standin import ACCOUNT, NUMBER, TOKEN, TwilioStandIn

WORKERS = 2
A_NUMBER = 10
"""Texts to one number: the provider's list shows fifty."""

WARM = 6
"""Texts at least between two blows: by then no worker is still importing what it calls with."""

LIMIT_S = 240
_LEASE_S = 6
_STILL_S = 12
"""Past the lease, and past two clean looks at the provider's list."""


@dataclass(frozen=True)
class Ended:
    """What became of it all: texts that never left, and copies too many at the provider."""

    lost: int
    doubled: int


class Team:
    """The workers of one run. Without `reconciles` what is in doubt is sent again blindly."""

    def __init__(
        self, database: Database, twilio: TwilioStandIn, *, reconciles: bool, warm: int
    ) -> None:
        self._database, self._twilio, self._warm = database, twilio, warm
        self._taken_before = 0
        url = database.url.render_as_string(hide_password=False)
        self._arguments = (url, twilio.url, reconciles)
        self._processes: list[BaseProcess] = []

    def begin(self) -> None:
        """Start them all."""
        self._taken_before = len(self._twilio.taken)
        self._processes = [
            get_context("spawn").Process(target=work, args=self._arguments, daemon=True)
            for _ in range(WORKERS)
        ]
        for process in self._processes:
            process.start()

    def end(self) -> None:
        """Kill them all, wherever they are."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()

    def is_calling(self) -> bool:
        """Say whether they have warmed up, and a call is in flight."""
        is_warm = len(self._twilio.taken) >= self._taken_before + self._warm
        return is_warm and _in_flight(self._database) > 0

    def kill(self) -> bool:
        """Kill them all, and begin anew; say whether a call was in flight then."""
        self.end()
        has_hit = _in_flight(self._database) > 0
        self.begin()
        return has_hit

    def stop_one(self) -> bool:
        """Let the first of them stand still for a while, and go on as if nothing had happened."""
        pid = self._processes[0].pid
        if pid is None:
            raise AssertionError("The worker has not begun.")
        os.kill(pid, signal.SIGSTOP)
        time.sleep(_STILL_S)
        os.kill(pid, signal.SIGCONT)
        return True

    def crash_database(self) -> bool:
        """Let the server lose all its processes, recover, and begin anew."""
        postgres.crash(self._database.url)
        self._taken_before = len(self._twilio.taken)
        wait_for(self._database)
        return True


def wait_for(database: Database) -> None:
    """Wait until the database answers again."""
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        with suppress(OperationalError):
            _in_flight(database)
            return
        time.sleep(0.05)
    raise AssertionError("The database did not come back.")


def plan(database: Database, *, count: int) -> None:
    """Plan texts that are due now, ten to each number, no two with the same words."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        affiliate = builders.affiliate(session)
        for index in range(-(-count // A_NUMBER)):
            phone = f"+1313{5_550_000 + index:07}"
            speaker = builders.speaker(session, affiliate, Person(f"P{index}", "Lee"), phone=phone)
            builders.agrees(session, speaker, now=now)
            for number in range(min(A_NUMBER, count - index * A_NUMBER)):
                starts_at = now + timedelta(days=7, minutes=number)
                text = NewMessage(
                    kind="offer_gone",
                    channel="sms",
                    affiliate_id=affiliate.id,
                    recipient_kind="speaker",
                    recipient_id=speaker.id,
                    to_address=phone,
                    subject=("visit", index * A_NUMBER + number + 1, 1),
                    values={
                        "starts_at": starts_at.isoformat(),
                        "ends_at": starts_at.isoformat(),
                        "zone": ZONE,
                    },
                    time_zone=ZONE,
                    send_after=now,
                    expires_at=now + timedelta(days=7),
                    # Whatever the hour is where the tests run.
                    urgent=True,
                )
                service.plan(session, text, now=now)


def run(
    database: Database,
    twilio: TwilioStandIn,
    *,
    strike: Callable[[Team], bool],
    blows: int = 1,
    reconciles: bool = True,
) -> Ended:
    """Let workers send, strike so often in the middle of a call, and wait for the rest.

    `strike` says whether it hit.

    Raises:
        AssertionError: everything had left before that often a call was in flight.
    """
    share = 3 * _left(database) // (4 * (blows + 1))
    team = Team(database, twilio, reconciles=reconciles, warm=max(WARM, share))
    team.begin()
    until = time.monotonic() + LIMIT_S
    try:
        while (left := _left(database)) and time.monotonic() < until:
            time.sleep(0.02)
            if blows and team.is_calling():
                blows -= strike(team)
    finally:
        team.end()
    if blows:
        raise AssertionError(f"{blows} blows were still to come when everything had left.")
    return Ended(lost=left, doubled=_doubled(twilio))


def work(url: str, twilio_url: str, reconciles: bool) -> None:
    """Send until killed. Without `reconciles` what is in doubt is sent again blindly."""
    outbox.LEASE_S, outbox.CALL_S = _LEASE_S, 2
    outbox.claim = partial(outbox.claim, lease_s=_LEASE_S)
    outbox.PAUSE = timedelta(milliseconds=200)
    rules.SETTLE = timedelta(seconds=1)  # type: ignore[misc]
    rules.RETRY_BASE = timedelta(milliseconds=20)  # type: ignore[misc]
    rules.RETRY_CAP = timedelta(seconds=1)  # type: ignore[misc]
    phones = TwilioSms(account_sid=ACCOUNT, auth_token=TOKEN, sender=NUMBER, base_url=twilio_url)
    post = fakes.post(Database(url, audit_key=AUDIT_KEY), phones=phones)
    while True:
        with suppress(OperationalError):  # as the scheduler does: the next tick is another try
            jobs.deliver_due(post, channel="sms")
            jobs.reap(post)
            if reconciles:
                jobs.look_up_doubts(post)
            else:
                _send_again(post)
        time.sleep(0.05)


def _send_again(post: Post) -> None:
    with post.db.transaction() as session:
        doubts = update(Message).where(Message.state == "unknown")
        session.execute(doubts.values(state="pending", send_after=clock.now(), next_check_at=None))


def _in_flight(database: Database) -> int:
    """Count the attempts that are written and have no result."""
    open_ones = select(func.count()).where(Message.state == "sending")
    with database.reading() as session:
        return session.scalar(open_ones) or 0


def _left(database: Database) -> int:
    """Count what is not with the provider yet."""
    waiting = select(func.count()).where(Message.state != "accepted")
    with database.reading() as session:
        return session.scalar(waiting) or 0


def _doubled(twilio: TwilioStandIn) -> int:
    told = [(text.to, text.body) for text in twilio.taken]
    return len(told) - len(set(told))
