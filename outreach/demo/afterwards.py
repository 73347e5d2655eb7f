"""Steps seven to nine of the tour: after the visit, the referral, and the loop until it is closed.

Everything is done on the pages, by their forms. Links and codes are taken from the messages
themselves, as the people who get them would.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import select

from outreach import clock, jobs
from outreach.demo import stage
from outreach.demo.cast import ZONE, World
from outreach.demo.record import Record
from outreach.demo.referral_cast import PROFILE, REFERRING
from outreach.demo.window import Broken, Window
from outreach.messaging.models import ConsoleMessage
from outreach.referrals.models import IntakeHelper, Referral
from outreach.referrals.profiles import PROFILES
from outreach.referrals.rules import STATEMENTS
from outreach.visits.models import Visit
from outreach.wiring import Wiring
from outreach.workflows.referrals import forms

CODE = re.compile(r"\b(\d{4}) ?(\d{4})\b")
REFERRAL = re.compile(r"/referrals/([A-Za-z0-9_-]{22})")
WREN = {"name": "Wren", "contact_1": "216-555-0179", "contact_1_voicemail": "y"}
"""Whom the tour refers. No message of it may hold this name or number."""
PIN = "480713"
LINK = re.compile(r"https?://[^/\s]+(/[dci]/[A-Za-z0-9_-]+)")


@dataclass(slots=True)
class Afterwards:
    """What the tour needs for its last three steps."""

    wired: Wiring
    world: World
    record: Record
    app: Flask
    link: str = ""
    referral_id: str = ""

    def let_end(self, visit_id: int) -> None:
        """Move the clock to when the people of a visit are asked how it went."""
        with self.wired.db.reading() as session:
            ends_at = session.get_one(Visit, visit_id).ends_at
        clock.move_to(_office_hour(ends_at + timedelta(hours=1, minutes=5)))

    def sleep(self) -> None:
        """Move the clock to the next day."""
        clock.move_to(_office_hour(clock.now() + timedelta(days=1)))

    def tell(self) -> None:
        """Play step seven: the speakers' debriefs and the unit's "they came", each by link."""
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

    def refer(self) -> None:
        """Play step eight: the signed referral, the affiliate by link, the person reached."""
        nora = self._signed_in("Nora")
        referral_id = self._begin(nora)
        self._sign(nora, referral_id)
        notice = _one(self.deliver(), "item_waits")
        self.link = _link(notice)
        lena = self._come_in()
        lena.send("/acknowledgement")
        lena.send("/acceptance", name="item-accepted")
        self.record.say("Lena at Lakeshore Peers opens it by link, code and PIN, and takes it on.")
        clock.move_to(clock.now() + timedelta(hours=3))
        self._reach(referral_id)
        self._stand("connected")

    def follow(self) -> None:
        """Play step nine: what ran out is seen, and the loop is closed."""
        ran_out = jobs.run_clocks(self.wired.db, desk=self.wired.desk)
        left = self.deliver()
        told = {message.to_address for message in _all(left, "referral_alert")}
        self.record.say(
            f"{ran_out} clocks of older referrals have run out in the days we skipped: "
            f"told to {', '.join(sorted(told))}, and shown on the board."
        )
        ruth = self._signed_in("Ruth")
        ruth.open(self._address("coordinator.referrals"), name="referral-board")
        ruth.open(self._address("coordinator.today"), name="today-with-referrals")
        lena = self._come_in()
        lena.open(self._address("intake.close", referral_id=self.referral_id))
        lena.send("/end", {"outcome": "connected_met"}, name="item-closed")
        self._stand("closed")
        for message in [*left, *self.deliver()]:
            if WREN["name"] in f"{message.subject} {message.text}":
                raise Broken("A message holds the name of the person.")
        self.record.say("The loop is closed: reached on day 1, and nothing named them on the way.")

    def deliver(self) -> list[ConsoleMessage]:
        """Let the worker send everything that is due, and show it."""
        jobs.deliver_everything(self.wired.post)
        with self.wired.db.reading() as session:
            return self.record.messages(session)

    def _signed_in(self, who: str) -> Window:
        """Let somebody come in anew: days have passed, and nobody stays signed in so long."""
        with self.wired.db.transaction() as session:
            token = stage.door(session, self.world.memberships[who])
        browser = self.app.test_client()
        browser.post(f"/demo/sign-in/{token}")
        return Window(browser, self.record)

    def _begin(self, nora: Window) -> str:
        nora.open(self._address("referring.new"), name="referral-who-and-when")
        unit = self.world.units[REFERRING, "Unit 4B"]
        today = clock.now().astimezone(ZoneInfo(ZONE)).date()
        nora.send(
            "/referrals/new",
            {
                "unit": unit.public_id,
                "discharged_on": today.isoformat(),
                "discharged_time": "09:00",
                "zip_code": "44052",
                "age_group": "adult",
                "groups": ["support_group"],
            },
            name="referral-affiliate",
        )
        nora.send("/affiliate", name="referral-form")
        found = REFERRAL.search(nora.path)
        if found is None:
            raise Broken("The referral was not begun.")
        nora.open(self._address("referring.print_form", referral_id=found[1]), name="form")
        self.record.say("Nora writes down unit, day and ZIP code, prints the form; no name yet.")
        return found[1]

    def _sign(self, nora: Window, referral_id: str) -> None:
        with self.wired.db.reading() as session:
            wording = forms.wording(session, PROFILE, locale="en")
        nora.open(self._address("referring.signed", referral_id=referral_id))
        today = clock.now().astimezone(ZoneInfo(ZONE)).date()
        read = sorted(PROFILES[PROFILE].required & STATEMENTS)
        signed: dict[str, object] = {
            "wording": wording.public_id if wording else "",
            "information": ["name", "contacts", "language", "zip_code", "groups"],
            "signer": "person",
            "signed_on": today.isoformat(),
            "expires_on": (today + timedelta(days=90)).isoformat(),
            "copy_given": "y",
            "feedback_to_hospital": "yes",
            "send": "now",
        }
        nora.send("/signed", {**signed, **dict.fromkeys(read, "y"), **WREN}, name="referral-sent")
        nora.open(
            self._address("referring.print_copy", referral_id=referral_id), name="patients-copy"
        )
        self.record.say("The person signs; only now their name is typed, sealed, and sent.")

    def _come_in(self) -> Window:
        """Let Lena come in by the link of the notice: a code by mail, her name and her PIN."""
        lena = Window(self.app.test_client(), self.record)
        lena.open(self.link, name="item-waits")
        lena.send(self.link)
        code = CODE.search(_one(self.deliver(), "item_code").text)
        if code is None:
            raise Broken("The mail holds no code.")
        lena.send("/code", {"code": "".join(code.groups())}, name="item-who")
        with self.wired.db.reading() as session:
            helper = session.scalars(
                select(IntakeHelper).where(IntakeHelper.name == "Lena Ortiz")
            ).one()
        lena.send("/who", {"helper": helper.public_id, "pin": PIN, "again": PIN}, name="item")
        return lena

    def _reach(self, referral_id: str) -> None:
        """Let Lena call, hours later: she comes in anew."""
        lena, wall = self._come_in(), clock.now().astimezone(ZoneInfo(ZONE))
        lena.open(self._address("intake.call", referral_id=referral_id), name="what-to-say")
        lena.open(self._address("intake.record_try", referral_id=referral_id))
        tried = {"channel": "call", "result": "spoke", "day": wall.date().isoformat()}
        lena.send("/try", {**tried, "at": wall.strftime("%H:%M")}, name="item-reached")
        self.record.say("She calls, and they speak: the person is truly reached.")
        self.referral_id = referral_id

    def _stand(self, state: str) -> None:
        wanted = select(Referral.state).where(Referral.public_id == self.referral_id)
        with self.wired.db.reading() as session:
            found = session.scalars(wanted).one()
        if found != state:
            raise Broken(f"The referral is {found}, not {state}.")

    def _address(self, endpoint: str, **values: str) -> str:
        return self.app.url_map.bind("").build(endpoint, values, method="GET")

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


def _one(left: Iterable[ConsoleMessage], kind: str) -> ConsoleMessage:
    found = _all(left, kind)
    if len(found) != 1:
        raise Broken(f"There should be one message of the kind {kind}, not {len(found)}.")
    return found[0]


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
