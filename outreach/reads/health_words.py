"""How sending fares, for one bureau, in words and with what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from outreach.i18n import gettext as _
from outreach.i18n import ngettext
from outreach.messaging import kinds
from outreach.reads import health, words
from outreach.reads.health import Backlog, Beat, Count, Lateness
from outreach.reads.words import Status

LATE_AFTER: Final = timedelta(minutes=5)
"""What is due for longer than this should have left."""
IN_TIME_S: Final = 300
"""The bound of `health.BUCKETS_S` up to which a message counts as in time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know: a shape of the look and its word, a heading, and what to do."""

    status: Status
    title: str
    to_do: str


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One worker, and whether it is alive."""

    name: str
    seen_at: datetime
    status: Status


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of message on one channel. `went_wrong` is of a day, `late` of six hours."""

    what: str
    channel: str
    waiting: int = 0
    due: int = 0
    in_doubt: int = 0
    went_wrong: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What the page shows."""

    findings: Sequence[Finding]
    workers: Sequence[WorkerRow]
    kinds: Sequence[KindRow]


def page(session: Session, *, affiliate_id: int, now: datetime) -> Page:
    """Return how sending fares for one bureau. Workers serve all of them."""
    beats = health.beats(session, now=now)
    last = beats[0].seen_at if beats else None
    waiting = health.backlog(session, now=now, affiliate_id=affiliate_id)
    doubts = health.in_doubt(session, affiliate_id=affiliate_id)
    wrong = health.ended_badly(session, now=now, affiliate_id=affiliate_id)
    late = health.lateness(session, now=now, affiliate_id=affiliate_id)
    return Page(
        findings=[
            _alive(last, now=now),
            *_late(waiting, now=now),
            *_in_doubt(sum(count.number for count in doubts)),
            *_went_wrong(sum(count.number for count in wrong)),
        ],
        workers=[_worker(beat, now=now) for beat in beats],
        kinds=_by_kind(waiting, doubts, wrong, late),
    )


def _alive(seen_at: datetime | None, *, now: datetime) -> Finding:
    if health.is_silent(seen_at, now=now):
        return Finding(
            Status("needs", _("Not well")),
            _("Nothing is being sent"),
            _(
                "For five minutes or more no worker has said that it is alive. Tell whoever runs "
                "the service: outreach worker has to be started. What waits leaves then."
            ),
        )
    return Finding(
        Status("settled", _("Well")),
        _("Messages are being sent"),
        _("A worker is alive. There is nothing to do."),
    )


def _late(waiting: Sequence[Backlog], *, now: datetime) -> list[Finding]:
    oldest = min((row.oldest_due_at for row in waiting if row.oldest_due_at), default=now)
    if oldest >= now - LATE_AFTER:
        return []
    age = words.minutes(int((now - oldest).total_seconds() // 60))
    return [
        Finding(
            Status("needs", _("Not well")),
            _("Messages are late"),
            _(
                "The oldest has been due for %(age)s. They leave by themselves when the mail or "
                "text service answers again, or when the many before them have left. Does it go "
                "on, tell whoever runs the service to run outreach doctor.",
                age=age,
            ),
        )
    ]


def _in_doubt(number: int) -> list[Finding]:
    if not number:
        return []
    return [
        Finding(
            Status("waiting", _("In doubt")),
            ngettext(
                "Of %(num)s text nobody knows whether it left",
                "Of %(num)s texts nobody knows whether they left",
                number,
            ),
            _("The provider is asked about it each minute. What it says is then on Messages."),
        )
    ]


def _went_wrong(number: int) -> list[Finding]:
    if not number:
        return []
    return [
        Finding(
            Status("needs", _("Look")),
            ngettext(
                "%(num)s message went wrong in the last day",
                "%(num)s messages went wrong in the last day",
                number,
            ),
            _("Messages says of each why, and what helps."),
        )
    ]


def _worker(beat: Beat, *, now: datetime) -> WorkerRow:
    if health.is_silent(beat.seen_at, now=now):
        return WorkerRow(beat.worker, beat.seen_at, Status("off", _("Silent")))
    return WorkerRow(beat.worker, beat.seen_at, Status("settled", _("Alive")))


def _by_kind(
    waiting: Sequence[Backlog],
    doubts: Sequence[Count],
    wrong: Sequence[Count],
    late: Sequence[Lateness],
) -> list[KindRow]:
    rows: dict[tuple[str, str], dict[str, int]] = {}
    for backlog in waiting:
        _add(rows, backlog, waiting=backlog.waiting, due=backlog.due)
    for count in doubts:
        _add(rows, count, in_doubt=count.number)
    for count in wrong:
        _add(rows, count, went_wrong=count.number)
    for row in late:
        in_time = row.buckets[health.BUCKETS_S.index(IN_TIME_S)]
        _add(rows, row, late=row.number - in_time)
    found = [
        KindRow(
            words.message_kind(kind),
            _("Text") if channel == kinds.SMS else _("Mail"),
            **figures,
        )
        for (kind, channel), figures in rows.items()
        if any(figures.values())
    ]
    return sorted(found, key=lambda row: (row.what, row.channel))


def _add(
    rows: dict[tuple[str, str], dict[str, int]],
    of: Backlog | Count | Lateness,
    **figures: int,
) -> None:
    mine = rows.setdefault((of.kind, of.channel), {})
    for name, number in figures.items():
        mine[name] = mine.get(name, 0) + number
