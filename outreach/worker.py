"""The worker: APScheduler as a clock that calls the jobs. What is due lies in the database.

Memory store, UTC, intervals, missed ticks run once and never pile up. Whether a worker is alive
is told by its heartbeat row; `scheduler.running` is true of dead ones as well.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from types import FrameType

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler

from outreach import calendar_jobs, feed_jobs, jobs, logs, mail_jobs, zone_jobs
from outreach.messaging import kinds
from outreach.wiring import Wiring

log = logs.get(__name__)


class Worker:
    """Runs the jobs in threads of its own until it is stopped."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        # It warns whenever a tick finds the one before still at work, which is how it should be.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler.add_listener(_report, EVENT_JOB_ERROR)
        for name, (every_s, job) in self._ticks().items():
            # The scheduler lives by the machine's clock, also where the demo moved ours.
            at_once = datetime.now(UTC)
            self._scheduler.add_job(
                job, "interval", seconds=every_s, id=name, next_run_time=at_once
            )

    def start(self) -> None:
        """Begin; returns at once."""
        self._scheduler.start()
        log.info("worker.started", worker=jobs.worker_name())

    def stop(self) -> None:
        """Finish what is in flight, give back what is only claimed, and end."""
        self._stopping.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
        log.info("worker.stopped", worker=jobs.worker_name())

    def _ticks(self) -> dict[str, tuple[float, Callable[[], object]]]:
        """Return each job and how many seconds lie between its runs."""
        post, links = self._wiring.post, self._wiring.links
        stopping = self._stopping.is_set
        deliver = partial(jobs.deliver_due, post, stopping=stopping)
        find = partial(
            jobs.find_speakers,
            self._wiring.db,
            links=links,
            time_limit_s=self._wiring.config.matching_time_limit_s,
            stopping=stopping,
        )
        beat = partial(jobs.beat, self._wiring.db, worker=jobs.worker_name())
        redact = partial(
            jobs.redact,
            post,
            keep_days=self._wiring.config.message_keep_days,
            stopping=stopping,
        )
        fetch = partial(
            mail_jobs.fetch_mail,
            self._wiring.db,
            self._wiring.mailbox,
            links=links,
            every_s=self._wiring.config.imap_every_s,
            stopping=stopping,
        )
        redact_mail = partial(
            mail_jobs.redact_mail,
            self._wiring.db,
            keep_days=self._wiring.config.mail_keep_days,
            stopping=stopping,
        )
        read_calendars = partial(
            calendar_jobs.read_calendars,
            self._wiring.db,
            self._wiring.vault,
            self._wiring.calendars,
            host=links.host,
            stopping=stopping,
        )
        ask = partial(jobs.ask_about_silent, post, stopping=stopping)
        renew_texts = partial(
            feed_jobs.renew_texts, self._wiring.db, links=links, stopping=stopping
        )
        return {
            "deliver_sms": (2, partial(deliver, channel=kinds.SMS)),
            "deliver_mail": (2, partial(deliver, channel=kinds.MAIL)),
            "heartbeat": (10, beat),
            "find_speakers": (1, find),
            "reap": (15, partial(jobs.reap, post)),
            "look_up_doubts": (30, partial(jobs.look_up_doubts, post, stopping=stopping)),
            "lapse_offers": (30, partial(jobs.lapse_offers, self._wiring.db, links=links)),
            "sweep_keys": (3600, partial(jobs.sweep_keys, self._wiring.db, self._wiring.vault)),
            "tell_units": (300, partial(jobs.tell_units, self._wiring.db)),
            "tidy_calls": (60, partial(jobs.tidy_calls, self._wiring.db)),
            "plan_digests": (300, partial(jobs.plan_digests, self._wiring.db)),
            "run_clocks": (30, partial(jobs.run_clocks, self._wiring.db, desk=self._wiring.desk)),
            "ask_about_silent": (30, ask),
            "redact": (3600, redact),
            "fetch_mail": (5, fetch),
            "redact_mail": (3600, redact_mail),
            "follow_clocks": (
                3600,
                partial(zone_jobs.follow_clocks, self._wiring.db, links=links),
            ),
            "enter_visits": (
                30,
                partial(feed_jobs.enter_visits, self._wiring.db, links=links, stopping=stopping),
            ),
            "renew_feed_texts": (3600, renew_texts),
            "read_calendars": (15, read_calendars),
            "ask_afterwards": (300, partial(jobs.ask_afterwards, self._wiring.db)),
        }


def run(wiring: Wiring) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in flight."""
    asked_to_stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked_to_stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    worker = Worker(wiring)
    worker.start()
    asked_to_stop.wait()
    worker.stop()


@contextmanager
def embedded(wiring: Wiring) -> Iterator[None]:
    """Work beside the web in one process, for as long as the block runs."""
    worker = Worker(wiring)
    worker.start()
    try:
        yield
    finally:
        worker.stop()


def _report(event: JobExecutionEvent) -> None:
    log.error("job.failed", job=event.job_id, error=type(event.exception).__name__)
