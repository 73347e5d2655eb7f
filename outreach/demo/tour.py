"""The tour: the loop played in the terminal, on a moved clock, through the product's own doors."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from flask.testing import FlaskClient
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import app, clock, i18n, jobs, logs, matching
from outreach.accounts.models import Membership
from outreach.actor import Actor, Kind
from outreach.demo import cast, stage, story
from outreach.demo.afterwards import Afterwards
from outreach.demo.record import Record
from outreach.demo.stage import Stage
from outreach.demo.story import Asked
from outreach.demo.window import Broken
from outreach.messaging.models import ConsoleMessage
from outreach.reads import words
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Slot, Visit
from outreach.workflows import asking, eligibility, feeds, inbound, offers, proposals, visits

BEGINS = datetime(2027, 1, 4, 15, tzinfo=UTC)
"""A Monday, 10:00 AM in the demo's zone: texts may leave."""

PORT = 8000
HOSPITAL = "St. Clare Hospital"


def play(*, out: Path | None, console: Console) -> bool:
    """Play every step; return whether all held, naming the first that did not."""
    logs.configure(level="error")
    with tempfile.TemporaryDirectory(prefix="outreach-tour-") as folder:
        clock.move_to(BEGINS)
        built = stage.build(Path(folder), port=PORT, now=clock.now())
        tour = _Tour(built, Record(console=console, out=out))
        try:
            return tour.play()
        finally:
            built.wired.close()


class _Tour:
    def __init__(self, built: Stage, record: Record) -> None:
        self.wired = built.wired
        self.db, self.links, self.world = built.wired.db, built.wired.links, built.world
        self.record = record
        self.app = app.create_app(built.wired)
        self.browsers = {who: self._enter(link) for who, link in built.links.items()}
        self.afterwards = Afterwards(self.wired, self.world, record, self.app)
        self.ruth = _actor(self.world.memberships["Ruth"])
        self.visit_id = 0
        self.feed_paths: dict[str, str] = {}
        after = self.afterwards
        self.steps: tuple[tuple[str, Callable[[], None]], ...] = (
            ("A liaison asks for a visit", self.ask),
            ("The engine proposes speakers, and says why", self.propose),
            ("Offers go out by text and mail", self.offer),
            ("One says yes, another a moment later", self.answer),
            ("Calendars show it", self.calendars),
            ("The visit moves, a speaker can't make it, reminders leave", self.change),
            ("After the visit, everyone says how it went", after.tell),
            ("Somebody asks to be called after discharge, and is reached", after.refer),
            ("Coordinators see the loop, until it is closed", after.follow),
        )
        # What is told in these comes later than the step before, and so does the hour they print.
        self.pauses: dict[Callable[[], None], Callable[[], None]] = {
            after.tell: lambda: after.let_end(self.visit_id),
            after.refer: after.sleep,
            after.follow: after.sleep,
        }

    def play(self) -> bool:
        self.record.say("Before we look: what the bureau has sent so far.")
        self._deliver()
        for number, (title, step) in enumerate(self.steps, start=1):
            self.pauses.get(step, _at_once)()
            self.record.step(number, title, when=i18n.when(clock.now(), zone=cast.ZONE))
            try:
                step()
            except (Broken, LookupError) as error:
                self.record.say(f"This step is broken: {title}. {error}")
                self.record.close()
                return False
        for name in self.feed_paths:
            self._feed(name)
        self.record.say("Every step held.")
        self.record.close()
        return True

    def ask(self) -> None:
        asked = Asked(2, 1, time(14), HOSPITAL, "Unit 6", cast.STORIES, 60)
        nora = _actor(self.world.memberships["Nora"])
        with self.db.transaction() as session:
            request = story.request(session, self.world, asked, by=nora, now=clock.now())
            visit = session.scalars(select(Visit).where(Visit.request_id == request.id)).one()
            self.visit_id = visit.id
            self.record.say(f"Nora asks for {i18n.when(visit.starts_at, zone=visit.time_zone)}.")
        self._expect(self._deliver(), "request_received", to="Nora")
        self._see("Nora", "liaison-home", "/units/")

    def propose(self) -> None:
        found = story.plan(
            self.db, self.world.affiliate, by=self.ruth, links=self.links, now=clock.now()
        )
        problem, solution = found.search.problem, found.solution
        with self.db.reading() as session:
            visit = session.get_one(Visit, self.visit_id)
            chosen = solution.speakers_of(visit.public_id)
            names = self._names(session)
            for each in chosen:
                given = [eligibility.as_json(reason) for reason in each.reasons]
                why = "; ".join(words.reasons(given, hospital=HOSPITAL))
                self.record.say(f"{names[each.speaker]} as {each.role}: {why}")
            blocking = {v.public_id: i18n.day(v.starts_at) for v in session.scalars(select(Visit))}
            others = matching.refusals_for(problem, solution, visit.public_id)
            for public_id, against in others.items():
                if against:
                    why = "; ".join(self._against(one, blocking) for one in against)
                    self.record.say(f"Not {names[public_id]}: {why}")
        self.record.say(f"{found.stored.count} proposals for all open visits.")
        if len(chosen) != len(("lead", "co-presenter")):
            raise Broken("The new visit was not filled.")
        self._see("Ruth", "proposals", "/coordinator/visits/proposals")

    def offer(self) -> None:
        with self.db.transaction() as session:
            visit = session.get_one(Visit, self.visit_id)
            for proposal in proposals.waiting(session, self.world.affiliate.id, now=clock.now()):
                if session.get_one(Slot, proposal.slot_id).visit_id == visit.id:
                    proposals.approve(
                        session, proposal, by=self.ruth, links=self.links, now=clock.now()
                    )
            lead = self._slot(session, "lead")
            asked = set(session.scalars(select(Offer.speaker_id).where(Offer.visit_id == visit.id)))
            ranked = eligibility.ranking(session, visit, "lead", now=clock.now())
            rival = next(c for c in ranked if c.speaker_id not in asked)
            asking.make(
                session,
                lead,
                rival,
                visit=visit,
                by=self.ruth,
                links=self.links,
                now=clock.now(),
            )
        self._expect(self._deliver(), "offer")

    def answer(self) -> None:
        first, second, other = self._open_offers()
        page = self._answer(first, "yes")
        self.record.say(f"{self._who(first)} opens the link and taps yes.")
        late = self._answer(second, "yes")
        self.record.say(f"{self._who(second)} taps yes a moment later, and is told kindly.")
        if page != 200 or late == 200:  # noqa: PLR2004 - HTTP
            raise Broken(f"The first yes got {page}, the second {late}.")
        self._text(other, "YES")
        self.record.say(f"{self._who(other)} answers by text.")
        left = self._deliver(once_it_stands=True)
        self._expect(left, "offer_gone")
        self._expect(left, "invite", to="Nora")
        if len(self._assignments()) != len(("lead", "co-presenter")):
            raise Broken("Two people should come now.")

    def calendars(self) -> None:
        self._give_addresses()
        with self.db.reading() as session:
            coming = [session.get_one(Speaker, a.speaker_id) for a in self._assignments()]
        for name in [*(speaker.first_name for speaker in coming), "Nora"]:
            count = self._feed(name)
            if not count:
                raise Broken(f"The feed of {name} shows no visit.")
            self.record.say(f"Feed of {name}: {count} {'visit' if count == 1 else 'visits'}")
        self._see("Ruth", "today", "/coordinator/")

    def change(self) -> None:
        self.move()
        self.substitute()
        self.remind()

    def move(self) -> None:
        with self.db.transaction() as session:
            visit = session.get_one(Visit, self.visit_id)
            day = cast.day_after(BEGINS, weekday=2, weeks=1)
            visits.move(
                session,
                visit,
                day=day,
                at=time(15),
                minutes=60,
                by=_actor(self.world.memberships["Nora"]),
                links=self.links,
                now=clock.now(),
            )
        left = self._deliver(once_it_stands=True)
        self._expect(left, "invite_update", to="Nora")
        updates = [m for m in left if m.kind == "invite_update"]
        if len(updates) != len(self._assignments()) + 1:
            raise Broken("Each person should get exactly one update.")

    def substitute(self) -> None:
        leaving = self._assignments()[0]
        with self.db.transaction() as session:
            gone = session.get_one(Assignment, leaving.id)
            speaker = session.get_one(Speaker, gone.speaker_id)
            self.record.say(f"{speaker.first_name} can't make it; no reason is asked.")
            offers.cannot_come(session, gone, by=self.ruth, links=self.links, now=clock.now())
        left = self._deliver(once_it_stands=True)
        self._expect(left, "invite_cancel")
        self._expect(left, "offer")
        asked = self._open_offers()[0]
        if self._answer(asked, "yes") != 200:  # noqa: PLR2004 - HTTP
            raise Broken("The substitute could not say yes.")
        self.record.say(f"{self._who(asked)} steps in.")
        self._expect(self._deliver(), "invite")

    def remind(self) -> None:
        with self.db.reading() as session:
            visit = session.get_one(Visit, self.visit_id)
        for before in (timedelta(days=2), timedelta(hours=3)):
            clock.move_to(visit.starts_at - before + timedelta(minutes=1))
            self.record.say(i18n.when(clock.now(), zone=cast.ZONE))
            self._expect(self._deliver(), "reminder")

    def _deliver(self, *, once_it_stands: bool = False) -> list[ConsoleMessage]:
        """Let the worker send everything that is due, and show it.

        With `once_it_stands` also what waits until a change can no longer be taken back.
        """
        jobs.deliver_everything(self.wired.post)
        if once_it_stands:
            minutes = self.world.affiliate.undo_minutes
            self.record.say(f"{minutes} minutes later nobody can take it back; the others hear.")
            clock.move_to(clock.now() + timedelta(minutes=minutes))
            jobs.deliver_everything(self.wired.post)
        with self.db.reading() as session:
            return self.record.messages(session)

    def _expect(self, left: list[ConsoleMessage], kind: str, *, to: str | None = None) -> None:
        address = self._address(to) if to else None
        if not any(m.kind == kind and address in {None, m.to_address} for m in left):
            raise Broken(f"No message of the kind {kind} left{f' to {to}' if to else ''}.")

    def _address(self, who: str) -> str:
        return next(email for name, email, _ in cast.LIAISONS if name.startswith(who))

    def _open_offers(self) -> list[int]:
        """Return the open offers of the visit, leads first, in the order they were made."""
        mine = (
            select(Offer.id)
            .join(Slot, Slot.id == Offer.slot_id)
            .where(Offer.visit_id == self.visit_id, Offer.state == "open")
            .order_by(Slot.role.desc(), Offer.id)
        )
        with self.db.reading() as session:
            return list(session.scalars(mine))

    def _assignments(self) -> list[Assignment]:
        mine = (Assignment.visit_id == self.visit_id, Assignment.active)
        with self.db.reading() as session:
            return list(session.scalars(select(Assignment).where(*mine).order_by(Assignment.id)))

    def _slot(self, session: Session, role: str) -> Slot:
        mine = (Slot.visit_id == self.visit_id, Slot.role == role)
        return session.scalars(select(Slot).where(*mine)).one()

    def _answer(self, offer_id: int, answer: str) -> int:
        """Open the link that the message carried and tap an answer; return the page's status."""
        with self.db.reading() as session:
            offer = session.get_one(Offer, offer_id)
            speaker = session.get_one(Speaker, offer.speaker_id)
            token = self.links.answer_token(
                offer.public_id, speaker_id=speaker.public_id, expires_at=offer.expires_at
            )
        phone = self.app.test_client()
        self.record.page("answer", phone.get(f"/a/{token}").data)
        after = phone.post(f"/a/{token}", data={"answer": answer}, follow_redirects=True)
        self.record.page("answered", after.data)
        return after.status_code

    def _text(self, offer_id: int, word: str) -> None:
        with self.db.transaction() as session:
            offer = session.get_one(Offer, offer_id)
            speaker = session.get_one(Speaker, offer.speaker_id)
            inbound.receive_sms(
                session,
                provider_id=f"tour-{offer_id}",
                from_phone=speaker.phone or "",
                body=f"{word} {offer.number}",
                links=self.links,
                now=clock.now(),
            )

    def _give_addresses(self) -> None:
        """Give each speaker and liaison a private feed, as their calendar page does."""
        owners = {
            name: Actor(Kind.SPEAKER, speaker_id=speaker.id)
            for name, speaker in self.world.speakers.items()
        }
        members = self.world.memberships.items()
        owners |= {name: _actor(each) for name, each in members if each.kind == Kind.LIAISON}
        with self.db.transaction() as session:
            for name, owner in owners.items():
                made = feeds.renew(session, by=owner, links=self.links, now=clock.now())
                self.feed_paths[name] = f"/f/{self.links.feed_token(made.public_id)}.ics"

    def _feed(self, name: str) -> int:
        """Keep a person's feed as it stands; return how many visits it shows."""
        body: bytes = self.app.test_client().get(self.feed_paths[name]).data
        self.record.feed(name.lower(), body)
        return body.count(b"BEGIN:VEVENT")

    def _see(self, who: str, name: str, path: str) -> None:
        page = self.browsers[who].get(path)
        if page.status_code != 200:  # noqa: PLR2004 - HTTP
            raise Broken(f"{who} gets {page.status_code} at {path}.")
        self.record.page(name, page.data)

    def _enter(self, link: str) -> FlaskClient:
        browser = self.app.test_client()
        browser.post(link.removeprefix(self.links.base_url))
        return browser

    def _who(self, offer_id: int) -> str:
        with self.db.reading() as session:
            offer = session.get_one(Offer, offer_id)
            return session.get_one(Speaker, offer.speaker_id).first_name

    def _against(self, refusal: matching.Refusal, blocking: dict[str, str]) -> str:
        as_json = eligibility.as_json(refusal)
        sentence, _help = words.refusal(
            as_json["code"], as_json["params"], hospital=HOSPITAL, blocking=blocking
        )
        return sentence

    def _names(self, session: Session) -> dict[str, str]:
        return {s.public_id: s.first_name for s in session.scalars(select(Speaker))}


def _at_once() -> None:
    """Let no time go by."""


def _actor(membership: Membership) -> Actor:
    return Actor(
        Kind(membership.kind),
        account_id=membership.account_id,
        affiliate_id=membership.affiliate_id,
        hospital_id=membership.hospital_id,
        speaker_id=membership.speaker_id,
    )
