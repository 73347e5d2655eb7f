"""The figures of `reads.health` as Prometheus reads them."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeHistogramMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from outreach.reads import health
from outreach.reads.health import Backlog, Count, Lateness

BY_KIND = ("channel", "kind")


def render(session: Session, *, now: datetime) -> bytes:
    """Ask the database, and return the text of a scrape. Any process gives the same."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(tuple(_figures(session, now=now))))
    return generate_latest(registry)


class _Figures(Collector):
    """What was found, for the library to write."""

    def __init__(self, found: tuple[Metric, ...]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        """Give the figures; the registry asks when it is told of them, and when it writes."""
        return self._found


def _figures(session: Session, *, now: datetime) -> Iterator[Metric]:
    waiting = health.backlog(session, now=now)
    yield _waiting(waiting)
    yield _due(waiting)
    yield _oldest(waiting, now=now)
    yield _counted(
        "outreach_messages_unknown",
        "Texts of which nobody knows yet whether they left.",
        health.in_doubt(session),
    )
    yield _counted(
        "outreach_messages_ended_badly",
        "Messages that failed, did not arrive, expired or were given up, in the last 24 hours.",
        health.ended_badly(session, now=now),
        with_state=True,
    )
    yield _lateness(health.lateness(session, now=now))
    yield _attempts(health.attempts(session, now=now))
    yield _workers(session, now=now)


def _waiting(rows: list[Backlog]) -> Metric:
    found = GaugeMetricFamily(
        "outreach_messages_waiting", "Messages that have not left.", labels=BY_KIND
    )
    for row in rows:
        found.add_metric((row.channel, row.kind), row.waiting)
    return found


def _due(rows: list[Backlog]) -> Metric:
    found = GaugeMetricFamily(
        "outreach_messages_due", "Messages whose time has come and that wait.", labels=BY_KIND
    )
    for row in rows:
        found.add_metric((row.channel, row.kind), row.due)
    return found


def _oldest(rows: list[Backlog], *, now: datetime) -> Metric:
    found = GaugeMetricFamily(
        "outreach_messages_oldest_due_seconds",
        "For how long the oldest message that is due has waited.",
        labels=BY_KIND,
    )
    for row in rows:
        age = (now - row.oldest_due_at).total_seconds() if row.oldest_due_at else 0.0
        found.add_metric((row.channel, row.kind), age)
    return found


def _counted(name: str, words: str, rows: list[Count], *, with_state: bool = False) -> Metric:
    found = GaugeMetricFamily(name, words, labels=(*BY_KIND, "state") if with_state else BY_KIND)
    for row in rows:
        labels = (row.channel, row.kind, row.state) if with_state else (row.channel, row.kind)
        found.add_metric(labels, row.number)
    return found


def _lateness(rows: list[Lateness]) -> Metric:
    found = GaugeHistogramMetricFamily(
        "outreach_message_lateness_seconds",
        "From its time to the provider's yes, of what was accepted in the last 6 hours.",
        labels=BY_KIND,
    )
    for row in rows:
        bounds = [str(float(bound)) for bound in health.BUCKETS_S]
        buckets = [*zip(bounds, map(float, row.buckets), strict=True), ("+Inf", float(row.number))]
        found.add_metric((row.channel, row.kind), buckets, row.sum_s)
    return found


def _attempts(outcomes: dict[str, int]) -> Metric:
    found = GaugeMetricFamily(
        "outreach_message_attempts",
        "Calls to providers in the last 24 hours, by what they gave.",
        labels=("outcome",),
    )
    for outcome, number in outcomes.items():
        found.add_metric((outcome,), number)
    return found


def _workers(session: Session, *, now: datetime) -> Metric:
    found = GaugeMetricFamily(
        "outreach_worker_heartbeat_age_seconds",
        "For how long each worker of the last 24 hours has said nothing.",
        labels=("worker",),
    )
    for beat in health.beats(session, now=now):
        found.add_metric((beat.worker,), (now - beat.seen_at).total_seconds())
    return found
