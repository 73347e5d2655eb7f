"""The outbox beside two task queues, procrastinate and huey: speed, a kill, an outage.

Gated: a claim with 100,000 messages pending costs at most twice one with 1,000; after an outage
no message past its time is sent, and the others leave in order of their due time; after kill -9 of
one worker after another none is lost and none doubled. Shown, never gated: messages per second
from the queue to the provider (on loopback, it answers at once), beside both queues doing the same
call; what a kill does to them; how late the last of N due at once is, beyond N over the rate.
Everything takes seven minutes on two cores; --quick takes little more than one.
"""

import argparse
import itertools
import json
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy import URL, select

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.rivals import outboxes, queues
from bench.rivals.provider import SPAWN, Provider
from bench.rivals.provider import running as running_provider
from outreach import clock, jobs
from outreach.messaging import outbox
from outreach.messaging.models import Message, MessageAttempt
from tests import postgres

CLAIM_BAR = 2.0
PLANNED, FEW, MANY = 100, 1_000, 100_000
RATE = 50.0
"""Segments a second where lateness is measured."""
EXPIRED_EACH = 3
"""In the outage every third message is past its time when the worker is back."""
PEOPLED = "peopled"
WIDE = 160
CALM_S = 60


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `bar` and `met` are None where it is only shown."""

    name: str
    value: float
    unit: str
    baseline: str
    n: int
    bar: float | None = None
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    sent: int
    claims: int
    late: int
    kills: int


FULL = Size(sent=2_000, claims=400, late=1_000, kills=12)
QUICK = Size(sent=100, claims=40, late=60, kills=2)


@dataclass(frozen=True, slots=True)
class Outbox:
    """Our outbox, open here; `given` is what a worker of its own needs to open it too."""

    wired: outboxes.Wiring
    given: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one engine's databases are made. `server` is None on SQLite."""

    engine: str
    folder: str
    server: URL | None

    @contextmanager
    def database(self, name: str, like: str | None = None) -> Iterator[tuple[str, str]]:
        """Give a new database's address, and a folder for what belongs to it."""
        folder = Path(self.folder, self.engine, name)
        if like:
            shutil.copytree(folder.with_name(like), folder)
        else:
            folder.mkdir(parents=True)
        if self.server is None:
            yield f"sqlite:///{folder}/main.sqlite", str(folder)
            return
        url = self.server.set(database=f"bench_{name}")
        copied = f" TEMPLATE bench_{like}" if like else ""
        postgres.on_server(self.server, f"CREATE DATABASE {url.database}{copied}")
        yield url.render_as_string(hide_password=False), str(folder)
        postgres.on_server(self.server, f"DROP DATABASE {url.database} WITH (FORCE)")

    @contextmanager
    def outbox(
        self, name: str, provider: str = "http://localhost", *, per_second: float = 1000
    ) -> Iterator[Outbox]:
        """Give a copy of `PEOPLED`: every table, and people who agreed to texts."""
        with self.database(name, like=PEOPLED) as (url, folder):
            wired = outboxes.open_(url, provider, folder, per_second=per_second)
            try:
                yield Outbox(wired, (url, provider, folder))
            finally:
                wired.close()


def main() -> int:
    """Measure, print, and say by the exit status whether the bars were met."""
    options = _options()
    rows = list(_measure(QUICK if options.quick else FULL))
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _print(rows)
    return 1 if any(row.met is False for row in rows) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer messages, claims and kills")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


def _print(rows: list[Row]) -> None:
    table = Table("what", "value", "unit", "beside", "n", "bar", "met")
    for row in rows:
        bar = "shown" if row.bar is None else f"{row.bar:g}"
        met = "" if row.met is None else ("yes" if row.met else "NO")
        table.add_row(row.name, f"{row.value:g}", row.unit, row.baseline, f"{row.n:,}", bar, met)
    Console(width=WIDE).print(table)


def _measure(size: Size) -> Iterator[Row]:
    with (
        tempfile.TemporaryDirectory(prefix="outreach-bench-") as folder,
        _server() as server,
        running_provider() as provider,
    ):
        for place in (Place("sqlite", folder, None), Place("postgresql", folder, server)):
            with place.database(PEOPLED) as made:
                outboxes.make(*made)
                yield from _speed(place, provider, size)
                yield from _kills(place, provider, size)
                yield _claims(place, size)
                yield from _outage(place, provider, size)
                yield _lateness(place, provider, size)


@contextmanager
def _server() -> Iterator[URL]:
    """Run the tests' server, but let it wait for the disk as one in earnest does."""
    with postgres.server(None) as server:
        postgres.on_server(server, "ALTER SYSTEM SET fsync = on")
        postgres.on_server(server, "SELECT pg_reload_conf()")
        yield server


# --- speed ---


def _speed(place: Place, provider: Provider, size: Size) -> Iterator[Row]:
    provider.forget()
    with place.outbox("speed", provider.url) as sender:
        _fill(sender, size.sent)
        ours = size.sent / _timed(outboxes.work, *sender.given)
        assert provider.count() == size.sent
    rival = "huey" if place.server is None else "procrastinate"
    provider.forget()
    with place.database("rival_speed") as (url, folder):
        theirs = size.sent / _timed(*_rival(place, url, folder, provider, size.sent))
        assert provider.count() == size.sent
    yield Row(
        f"{place.engine}: end to end",
        round(ours, 1),
        "messages/s",
        f"{ours / theirs:.2f} x {rival}'s {theirs:.1f}",
        size.sent,
    )


def _fill(filled: Outbox, count: int) -> None:
    now = clock.now()
    outboxes.plan(filled.wired, [(now, now + timedelta(days=2))] * count)


def _rival(
    place: Place, url: str, folder: str, provider: Provider, count: int
) -> tuple[Callable[..., None], str, str]:
    """Fill the rival's queue; return its worker and what that is given."""
    if place.server is None:
        file = f"{folder}/huey.sqlite"
        queues.to_huey(file, count)
        return queues.work_huey, file, provider.url
    plain = url.replace("postgresql+psycopg", "postgresql")
    queues.to_procrastinate(plain, count)
    return queues.work_procrastinate, plain, provider.url


def _timed(work: Callable[..., None], *given: str) -> float:
    """Run a worker in a process of its own until nothing is due; return the seconds it took."""
    process, told = _started(work, *given)
    seconds = float(told.recv())
    process.join()
    return seconds


def _started(work: Callable[..., None], *given: str) -> tuple[BaseProcess, Connection]:
    told, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=work, args=(*given, theirs), daemon=True)
    process.start()
    theirs.close()
    assert told.recv() == "ready"
    return process, told


# --- kills ---


def _kills(place: Place, provider: Provider, size: Size) -> Iterator[Row]:
    count, kills = size.sent, size.kills
    rng = random.Random(2)  # noqa: S311 - the same moments each time
    provider.forget()
    with place.outbox("kill", provider.url) as killed:
        _fill(killed, count)
        _kill(provider, count, kills, rng, outboxes.work, *killed.given)
        with killed.wired.db.reading() as session:
            flying = select(Message.id).where(Message.state == "sending")
            in_flight = len(session.scalars(flying).all())
        outboxes.settle(killed.wired)
        ours = _lost_and_doubled(provider, count)
    provider.forget()
    with place.database("rival_kill") as (url, folder):
        work, *given = _rival(place, url, folder, provider, count)
        _kill(provider, count, kills, rng, work, *given)
        _timed(work, *given)
        theirs = _fate(place, given[0], provider, count)
    for what, value in zip(("lost", "doubled"), ours, strict=True):
        yield Row(
            f"{place.engine}: {what} after {kills} kills ({in_flight} in flight)",
            value,
            "messages",
            theirs,
            count,
            bar=0,
            met=value == 0,
        )


def _kill(
    provider: Provider,
    count: int,
    kills: int,
    rng: random.Random,
    work: Callable[..., None],
    *given: str,
) -> None:
    """Kill one worker after another, each after its share of what is to be sent."""
    share = count // (kills + 1)
    for _ in range(kills):
        until = provider.count() + share
        process, _ = _started(work, *given)
        patience = time.monotonic() + CALM_S
        while provider.count() < until:
            assert time.monotonic() < patience, "the worker stands still"
            time.sleep(0.005)
        time.sleep(rng.random() / 50)
        process.kill()
        process.join()


def _lost_and_doubled(provider: Provider, count: int) -> tuple[int, int]:
    """Compare what the provider took with what there was: each text is to one person, once."""
    taken = Counter((to, body) for _, to, body in provider.taken())
    return count - len(taken), taken.total() - len(taken)


def _fate(place: Place, where: str, provider: Provider, count: int) -> str:
    """Say what a kill did to the rival: its numbered texts that never came, and its stuck jobs."""
    numbers = Counter(body for _, _, body in provider.taken())
    lost, doubled = count - len(numbers), numbers.total() - len(numbers)
    if place.server is None:
        return f"huey: {lost} lost, {doubled} doubled"
    with psycopg.connect(where) as connection:
        asked = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"
        (stuck,) = connection.execute(asked).fetchone() or (0,)
    return f"procrastinate: {stuck} stuck, {lost} of them not sent, {doubled} doubled"


# --- claims ---


def _claims(place: Place, size: Size) -> Row:
    """Claim in turn with few and many pending, so that a busy machine disturbs both alike."""
    now = clock.now()
    due = [(now - timedelta(seconds=n), now + timedelta(days=2)) for n in range(PLANNED)]
    with place.outbox("few") as few, place.outbox("many") as many:
        for each, count in ((few, FEW), (many, MANY)):
            outboxes.plan(each.wired, due)
            outboxes.multiply(each.wired, count)
        pairs = [(_claim(few.wired), _claim(many.wired)) for _ in range(size.claims)]
    small, large = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratio = round(large / small, 2)
    return Row(
        f"{place.engine}: a claim with {MANY:,} pending",
        ratio,
        f"x one with {FEW:,}",
        f"{large:.2f} ms to {small:.2f} ms",
        size.claims,
        bar=CLAIM_BAR,
        met=ratio <= CLAIM_BAR,
    )


def _claim(wired: outboxes.Wiring) -> float:
    """Return the milliseconds of one claim, which is taken back.

    Without the commit, whose wait for the disk would hide what the rows cost.
    """
    with wired.db.transaction() as session:
        began = time.perf_counter()
        claimed = outbox.claim(session, channel="sms", now=clock.now())
        took = time.perf_counter() - began
        session.rollback()
    assert len(claimed) == outbox.BATCH
    return took * 1000


# --- an outage, and the rate ---


def _outage(place: Place, provider: Provider, size: Size) -> Iterator[Row]:
    """Come back after six hours: every third message is past its time."""
    now, rng = clock.now(), random.Random(3)  # noqa: S311 - the same backlog each time
    due = [now - timedelta(seconds=rng.randrange(6 * 3600)) for _ in range(size.late)]
    left_s = [-1 if n % EXPIRED_EACH == 0 else 2 * 86_400 for n in range(size.late)]
    plan = [(at, now + timedelta(seconds=s)) for at, s in zip(due, left_s, strict=True)]
    provider.forget()
    with place.outbox("outage", provider.url) as back:
        wired = back.wired
        outboxes.plan(wired, plan)
        while jobs.deliver_due(wired.post, channel="sms"):
            pass
        with wired.db.reading() as session:
            sent = {m.provider_id: m for m in session.scalars(select(Message)) if m.provider_id}
        left = [sent[sid] for sid, _, _ in provider.taken()]
    late = sum(message.expires_at <= now for message in left)
    swapped = sum(a.send_after > b.send_after for a, b in itertools.pairwise(left))
    all_sent = len(left) == sum(s > 0 for s in left_s)
    yield Row(
        f"{place.engine}: sent past their time after an outage",
        late,
        "messages",
        f"{len(left)} left in time",
        size.late,
        bar=0,
        met=late == 0 and all_sent,
    )
    yield Row(
        f"{place.engine}: left before one that was due earlier",
        swapped,
        "messages",
        "six hours' backlog, planned in any order",
        len(left),
        bar=0,
        met=swapped == 0,
    )


def _lateness(place: Place, provider: Provider, size: Size) -> Row:
    """Let all be due at once, at a rate; look each second as the worker does."""
    provider.forget()
    with place.outbox("late", provider.url, per_second=RATE) as limited:
        wired = limited.wired
        now = clock.now()
        outboxes.plan(wired, [(now, now + timedelta(days=2))] * size.late)
        begins = clock.now()
        while provider.count() < size.late:
            tick = time.monotonic()
            jobs.deliver_due(wired.post, channel="sms")
            time.sleep(max(0.0, tick + 1 - time.monotonic()))
        with wired.db.reading() as session:
            ends = session.scalars(select(MessageAttempt.finished_at)).all()
        units = sum(_segments(wired))
    last = max(end for end in ends if end is not None)
    allowed = units / RATE
    late = (last - begins).total_seconds() - allowed
    return Row(
        f"{place.engine}: the last of N due at once, beyond N/R",
        round(late, 2),
        "s",
        f"N/R is {allowed:.1f} s at {RATE:g} segments/s",
        size.late,
    )


def _segments(wired: outboxes.Wiring) -> list[int]:
    with wired.db.reading() as session:
        return list(session.scalars(select(Message.segments)))


if __name__ == "__main__":
    sys.exit(main())
