"""The worker as a process: it beats, sends, and stops when it is told to."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from outreach import clock, migrations, wiring, worker
from outreach.config import Config
from outreach.messaging import service
from outreach.messaging.models import ConsoleMessage, WorkerHeartbeat
from outreach.messaging.service import NewMessage
from outreach.wiring import Wiring
from tests import builders

LIMIT_S = 30


@pytest.fixture
def wired(tmp_path: Path) -> Wiring:
    made = wiring.build(Config(data_dir=tmp_path))
    migrations.upgrade(made.db.writer)
    return made


def plan_a_mail(wired: Wiring) -> None:
    now = datetime.now(UTC)
    with wired.db.transaction() as session:
        maria = builders.speaker(session, builders.affiliate(session))
        message = NewMessage(
            kind="offer_gone",
            channel="mail",
            affiliate_id=maria.affiliate_id,
            recipient_kind="speaker",
            recipient_id=maria.id,
            to_address=maria.email,
            to_name=maria.first_name,
            subject=("visit", 1, 1),
            values={
                "starts_at": (now + timedelta(days=7)).isoformat(),
                "ends_at": (now + timedelta(days=7, hours=1)).isoformat(),
                "zone": maria.time_zone,
            },
            time_zone=maria.time_zone,
            send_after=now,
            expires_at=now + timedelta(days=7),
        )
        service.plan(session, message, now=now)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look again until it is so; a worker has its own clock."""
    pause = threading.Event()
    for _ in range(LIMIT_S * 20):
        if is_so():
            return
        pause.wait(0.05)
    raise AssertionError("It did not happen in time.")


def has_sent(wired: Wiring) -> bool:
    with wired.db.reading() as session:
        return bool(session.scalar(select(func.count()).select_from(ConsoleMessage)))


def has_beaten(wired: Wiring) -> bool:
    with wired.db.reading() as session:
        return bool(session.scalar(select(func.count()).select_from(WorkerHeartbeat)))


def test_a_worker_beats_and_sends_until_it_is_stopped(wired: Wiring) -> None:
    plan_a_mail(wired)

    with worker.embedded(wired):
        wait_until(lambda: has_sent(wired) and has_beaten(wired))

    assert [t.name for t in threading.enumerate() if t.name.startswith("APScheduler")] == []
    wired.close()


def test_a_moved_clock_does_not_keep_the_worker_waiting(
    wired: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_offset", timedelta(hours=9))

    with worker.embedded(wired):
        wait_until(lambda: has_beaten(wired))

    wired.close()


def test_a_stop_before_the_start_is_no_trouble(wired: Wiring) -> None:
    worker.Worker(wired).stop()

    assert not has_beaten(wired)
    wired.close()


def test_a_worker_told_to_end_ends_well(wired: Wiring, tmp_path: Path) -> None:
    environment = os.environ | {"OUTREACH_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", "from outreach.cli import main; main()", "worker"]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE
    ) as process:
        try:
            wait_until(lambda: has_beaten(wired))
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=LIMIT_S)
        finally:
            process.kill()

    assert process.returncode == 0
    assert b"worker.stopped" in log
    assert b"Traceback" not in log
    wired.close()
