"""Steps seven to nine of the tour: after the visit, the referral, and the loop until it is closed.

Links are taken from the messages themselves, as the people who get them would.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient

from outreach import clock, jobs
from outreach.demo.cast import ZONE, World
from outreach.demo.record import Record
from outreach.messaging.models import ConsoleMessage
from outreach.visits.models import Visit
from outreach.wiring import Wiring

LINK = re.compile(r"https?://[^/\s]+(/[dci]/[A-Za-z0-9_-]+)")


class Broken(Exception):
    """A step did not do what it should."""


@dataclass(slots=True)
class Afterwards:
    """What the tour needs for its last three steps."""

    wired: Wiring
    world: World
    record: Record
    app: Flask
    browsers: Mapping[str, FlaskClient]

    def tell(self, visit_id: int) -> None:
        """Play step seven: the speakers' debriefs and the unit's "they came", each by link."""
        with self.wired.db.reading() as session:
            ends_at = session.get_one(Visit, visit_id).ends_at
        clock.move_to(_office_hour(ends_at + timedelta(hours=1, minutes=5)))
        jobs.ask_afterwards(self.wired.db)
        left = self.deliver()
        answers = {"how_was_it": "well", "how_are_you": "all_right", "people": "9"}
        asked = _all(left, "debrief")
        if not asked:
            raise Broken("Nobody was asked how it went.")
        for message in asked:
            self._tap(message, "debrief", answers)
        self.record.say(f"{len(asked)} speakers tell how it went, and how they are.")
        came = _all(left, "they_came")
        if not came:
            raise Broken("The unit was not asked who came.")
        self._tap(came[0], "they-came", {"outcome": "all_came", "people": "9"})
        self.record.say("The unit says by its link that everyone came.")

    def deliver(self) -> list[ConsoleMessage]:
        """Let the worker send everything that is due, and show it."""
        jobs.deliver_everything(self.wired.post)
        with self.wired.db.reading() as session:
            return self.record.messages(session)

    def _tap(self, message: ConsoleMessage, name: str, answers: Mapping[str, str]) -> None:
        """Open the link of a message and answer; opening twice and answering twice is harmless."""
        path = _link(message)
        phone = self.app.test_client()
        self.record.page(name, phone.get(path).data)
        after = phone.post(path, data=dict(answers), follow_redirects=True)
        self.record.page(f"{name}-told", after.data)
        if after.status_code != 200:  # noqa: PLR2004 - HTTP
            raise Broken(f"The page of {name} answered {after.status_code}.")


def _all(left: Iterable[ConsoleMessage], kind: str) -> list[ConsoleMessage]:
    """Return the messages of a kind, one for each person: a text and a mail are one question."""
    found = {m.to_address: m for m in left if m.kind == kind}
    return list(found.values())


def _link(message: ConsoleMessage) -> str:
    found = LINK.search(message.text)
    if found is None:
        raise Broken(f"The message {message.kind} carries no link.")
    return found[1]


def _office_hour(at: datetime) -> datetime:
    """Return `at`, or ten in the morning after where texts would wait for the day."""
    local = at.astimezone(ZoneInfo(ZONE))
    if 9 <= local.hour < 20:  # noqa: PLR2004 - the quiet hours of the demo's bureau
        return at
    day = local.date() + timedelta(days=1 if local.hour >= 20 else 0)  # noqa: PLR2004 - as above
    return datetime(day.year, day.month, day.day, 10, tzinfo=ZoneInfo(ZONE))
