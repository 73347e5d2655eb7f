"""Two task queues doing the same call: procrastinate on PostgreSQL, huey on SQLite with fsync.

Their task is nothing but the call: no consent, no quiet hours, no attempt written before it. Each
has one worker, which ends when its queue is empty and says how many seconds it took.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

import procrastinate
from huey import SqliteHuey
from huey.api import TaskWrapper

from bench.rivals.provider import client
from outreach.messaging.ports import Sms

CALLBACK = "http://localhost/hooks/twilio/status/none"


def to_huey(file: str, count: int) -> None:
    """Put the calls into huey's queue."""
    _, send = _huey(file, "")
    for number in range(count):
        send(number)


def work_huey(file: str, provider: str, told: Connection) -> None:
    """Do what huey's consumer does with one worker, without its waits between looks."""
    queue, _ = _huey(file, provider)
    told.send("ready")
    began = time.perf_counter()
    while (task := queue.dequeue()) is not None:
        queue.execute(task)
    told.send(time.perf_counter() - began)


def to_procrastinate(url: str, count: int) -> None:
    """Make procrastinate's tables and put the calls into its queue."""
    app, send = _procrastinate(url, "")
    with app.open():
        app.schema_manager.apply_schema()
        for number in range(count):
            send.defer(number=number)


def work_procrastinate(url: str, provider: str, told: Connection) -> None:
    """Run procrastinate's own worker, one call at a time."""
    app, _ = _procrastinate(url, provider)

    async def run() -> None:
        async with app.open_async():
            told.send("ready")
            began = time.perf_counter()
            await app.run_worker_async(
                wait=False, concurrency=1, listen_notify=False, install_signal_handlers=False
            )
            told.send(time.perf_counter() - began)

    asyncio.run(run())


def _huey(file: str, provider: str) -> tuple[SqliteHuey, TaskWrapper]:
    queue = SqliteHuey("bench", filename=file, fsync=True, results=False)
    return queue, queue.task(name="send")(_call(provider))


def _procrastinate(url: str, provider: str) -> tuple[procrastinate.App, Any]:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    return app, app.task(name="send")(_call(provider))


def _call(provider: str) -> Callable[[int], None]:
    sms = client(provider) if provider else None

    def send(number: int) -> None:
        assert sms is not None
        sms.send(
            Sms(
                to=f"+1313555{number % 10_000:04d}",
                body=f"Thank you! The visit on {datetime.now(UTC):%A} is taken. ({number})",
                kind="offer_gone",
                callback_url=CALLBACK,
                valid_for_s=3600,
            )
        )

    return send
