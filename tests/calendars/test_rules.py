"""What is worth a mail, in which order, and what a feed still shows."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.calendars.rules import (
    Revision,
    belongs_in_feed,
    feed_window,
    fingerprint,
    next_revision,
)

NOW = datetime(2026, 3, 2, 15, 4, 5, 678_900, tzinfo=UTC)
STAMP = NOW.replace(microsecond=0)


@dataclass(frozen=True)
class Seen:
    """What Ana sees of a visit."""

    cancelled: bool = False
    starts_at: datetime = datetime(2026, 3, 17, 18, tzinfo=UTC)
    ends_at: datetime = datetime(2026, 3, 17, 19, tzinfo=UTC)
    time_zone: str = "America/New_York"
    summary: str = "Outreach visit"
    location: str = "Maple Hall"
    description: str = "Ring twice.\nAsk for the desk."
    attendee_email: str = "ana@example.org"

    def fingerprint(self) -> str:
        return fingerprint(**vars(self))


SEEN = Seen()


@pytest.mark.parametrize(
    "changed",
    [
        replace(SEEN, cancelled=True),
        replace(SEEN, starts_at=SEEN.starts_at - timedelta(minutes=5)),
        replace(SEEN, ends_at=SEEN.ends_at + timedelta(minutes=5)),
        replace(SEEN, time_zone="America/Chicago"),
        replace(SEEN, summary="Outreach visit at Maple Hall"),
        replace(SEEN, location="Cedar Clinic"),
        replace(SEEN, description="Ring once."),
        replace(SEEN, attendee_email="ana.rivera@example.org"),
        # The same words in another field are another sight.
        replace(SEEN, summary="Maple Hall", location="Outreach visit"),
    ],
)
def test_what_ana_sees_differently_is_worth_a_mail(changed: Seen) -> None:
    assert changed.fingerprint() != SEEN.fingerprint()


@pytest.mark.parametrize(
    "same",
    [
        replace(SEEN),
        replace(SEEN, starts_at=SEEN.starts_at.astimezone(timezone(timedelta(hours=-4)))),
        replace(SEEN, starts_at=SEEN.starts_at + timedelta(microseconds=5)),
        replace(SEEN, summary=" Outreach \x00 visit"),
        replace(SEEN, description="Ring twice.\r\nAsk for the desk.\n"),
        replace(SEEN, attendee_email=" Ana@Example.org"),
    ],
)
def test_what_ana_sees_alike_is_worth_none(same: Seen) -> None:
    assert same.fingerprint() == SEEN.fingerprint()


def test_no_edit_of_a_cancelled_visit_is_news() -> None:
    off = replace(SEEN, cancelled=True)

    assert replace(off, location="Cedar Clinic").fingerprint() == off.fingerprint()


def test_the_first_revision_is_number_0_at_this_second() -> None:
    assert next_revision(None, fingerprint="a", now=NOW) == Revision(
        sequence=0, dtstamp=STAMP, fingerprint="a"
    )


def test_an_unchanged_fingerprint_is_no_revision() -> None:
    last = Revision(sequence=4, dtstamp=STAMP, fingerprint="a")

    assert next_revision(last, fingerprint="a", now=NOW + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("now", "stamp"),
    [
        (NOW + timedelta(days=1), STAMP + timedelta(days=1)),
        (NOW, STAMP + timedelta(seconds=1)),
        (NOW + timedelta(milliseconds=200), STAMP + timedelta(seconds=1)),
        (NOW - timedelta(hours=2), STAMP + timedelta(seconds=1)),
    ],
)
def test_a_change_has_the_next_number_and_a_later_second(now: datetime, stamp: datetime) -> None:
    last = Revision(sequence=4, dtstamp=NOW, fingerprint="a")

    assert next_revision(last, fingerprint="b", now=now) == Revision(
        sequence=5, dtstamp=stamp, fingerprint="b"
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=1)),
        )
    )
)
def test_however_the_clock_jumps_numbers_and_stamps_only_rise(
    edits: list[tuple[str, timedelta]],
) -> None:
    sent: list[Revision] = []

    for seen, jump in edits:
        last = sent[-1] if sent else None
        if revision := next_revision(last, fingerprint=seen, now=NOW + jump):
            sent.append(revision)

    assert [revision.sequence for revision in sent] == list(range(len(sent)))
    stamps = [revision.dtstamp for revision in sent]
    assert stamps == sorted(set(stamps))


HOUR = timedelta(hours=1)
MOMENT = timedelta(seconds=1)
WEEK_AGO = NOW - timedelta(days=7)
FAR_AHEAD = NOW + timedelta(days=180)
MONTH_AGO = NOW - timedelta(days=30)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "cancelled_at", "shown"),
    [
        (NOW, NOW + HOUR, None, True),
        (WEEK_AGO - HOUR, WEEK_AGO, None, True),
        (WEEK_AGO - HOUR, WEEK_AGO - MOMENT, None, False),
        (FAR_AHEAD, FAR_AHEAD + HOUR, None, True),
        (FAR_AHEAD + MOMENT, FAR_AHEAD + HOUR, None, False),
        (NOW, NOW + HOUR, NOW, True),
        (NOW, NOW + HOUR, MONTH_AGO, True),
        (NOW, NOW + HOUR, MONTH_AGO - MOMENT, False),
        (WEEK_AGO - HOUR, WEEK_AGO - MOMENT, NOW, False),
    ],
)
def test_a_feed_shows_a_week_back_and_half_a_year_ahead(
    starts_at: datetime, ends_at: datetime, cancelled_at: datetime | None, shown: bool
) -> None:
    answer = belongs_in_feed(
        starts_at=starts_at, ends_at=ends_at, cancelled_at=cancelled_at, now=NOW
    )

    assert answer == shown


def test_the_window_can_be_asked_of_the_database() -> None:
    assert feed_window(NOW) == (WEEK_AGO, FAR_AHEAD)
