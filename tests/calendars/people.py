"""Ana, who speaks, and the visit she is invited to."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from outreach.calendars import feed
from outreach.calendars.invite import Answer, Cancellation, Entry, Invite, Question

NOW = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
STARTS_AT = datetime(2026, 3, 17, 18, tzinfo=UTC)

INVITE = Invite(
    uid="visit-6f0d1f1e-6b0b-4a57-9d3a-0d7d6c1f7a11@outreach.example.org",
    sequence=0,
    dtstamp=NOW,
    starts_at=STARTS_AT,
    ends_at=STARTS_AT + timedelta(hours=1),
    time_zone="America/New_York",
    summary="Outreach visit",
    location="Maple Hall, second floor",
    description="What to expect:\nhttps://outreach.example.org/v/k2",
    url="https://outreach.example.org/v/k2",
    organizer_name="Outreach",
    organizer_email="visits+t0k3n@outreach.example.org",
    attendee_name="Ana Rivera",
    attendee_email="ana@example.org",
    answer=Answer.ACCEPTED,
    alarm_minutes=120,
)


def at(starts_at: datetime, *, minutes: int = 60, time_zone: str, uid: str = INVITE.uid) -> Invite:
    """Return Ana's invite for another time and place."""
    ends_at = starts_at + timedelta(minutes=minutes)
    return replace(INVITE, uid=uid, starts_at=starts_at, ends_at=ends_at, time_zone=time_zone)


def cancelled(entry: Entry) -> Cancellation:
    """Return the cancellation that follows `entry`."""
    return Cancellation(
        uid=entry.uid,
        sequence=entry.sequence + 1,
        dtstamp=entry.dtstamp + timedelta(minutes=1),
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        time_zone=entry.time_zone,
        summary=entry.summary,
        location=entry.location,
        description=entry.description,
        url=entry.url,
        organizer_name=entry.organizer_name,
        organizer_email=entry.organizer_email,
        attendee_name=entry.attendee_name,
        attendee_email=entry.attendee_email,
    )


QUESTION = Question(
    uid="visit-q@outreach.example.org",
    sequence=0,
    dtstamp=NOW,
    starts_at=STARTS_AT,
    ends_at=STARTS_AT + timedelta(hours=1),
    time_zone="America/New_York",
    summary="Outreach visit?",
    organizer_name=INVITE.organizer_name,
    organizer_email=INVITE.organizer_email,
    attendee_name=INVITE.attendee_name,
    attendee_email=INVITE.attendee_email,
)
"""Ana is asked whether she would go."""


def published(entries: Iterable[Entry], *, name: str) -> bytes:
    """Return the feed of these entries, as the service joins it from their rows' texts."""
    pieces = [feed.Piece(entry.starts_at, entry.uid, feed.render(entry)) for entry in entries]
    return feed.join(pieces, name=name, organizer_email=INVITE.organizer_email)
