"""What a note to many would be: to whom, which way, in which words, and why not. Writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from outreach import access, crypto, phone
from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.messaging import kinds, many, notes, rules, segments
from outreach.messaging.rules import Window
from outreach.reads import wording
from outreach.workflows import audiences, screened, sms_budget
from outreach.workflows.audiences import Audience
from outreach.workflows.delivery import Post
from outreach.workflows.recipients import Recipient

LASTS: Final = timedelta(days=7)
"""How long a note is of use where it is not about a visit to come."""

NO_MORE, NO_ADDRESS = "no_more", "no_address"
"""Why somebody is written nothing: they want no notes, or have no address."""

EMPTY: Final = lazy("Write your note.")
NOBODY: Final = lazy("Nobody on this list can be written to, so nothing was sent.")
TOO_MANY: Final = lazy(
    "This list has %(count)s people, and a note goes to %(most)s at most. Take fewer with a filter."
)
NOT_ABOUT_VISITS: Final = lazy(
    "People agreed to texts about visits, not to others. Choose mail, or say that it is about "
    "visits."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a coordinator has written. `way` is "sms" or "mail".

    `text_es` goes to who chose Spanish; empty where they get `text` like everybody else.
    """

    text: str
    text_es: str = ""
    way: str = kinds.MAIL
    about_visits: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """One person and the channels a note goes by; none, and `why`, where it cannot go."""

    to: Recipient
    channels: tuple[str, ...]
    why: str = ""
    parts: int = 0
    waits: bool = False
    """For the morning, as it is a text."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One form in which the note leaves, and for how many: they differ in language and sender."""

    channel: str
    locale: str
    names_bureau: bool
    people: int
    subject: str
    text: str
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What would leave, to whom and how, and why not. `seen` changes when any of it does.

    `texts_off` where this service sends none; `room` is what the month's budget leaves, None
    without one.
    """

    audience: str
    reached: Sequence[Reached]
    shown: Sequence[Shown]
    problems: Sequence[RuleBroken]
    seen: str
    texts_off: bool
    room: int | None

    def count(self, *channels: str) -> int:
        """Count the people whom it reaches by exactly these."""
        return sum(each.channels == channels for each in self.reached)

    @property
    def by_text(self) -> int:
        """People who get a text."""
        return self.count(kinds.SMS)

    @property
    def by_mail(self) -> int:
        """People who get a mail and nothing else."""
        return self.count(kinds.MAIL)

    @property
    def by_call(self) -> int:
        """People who are on the call list, and get a mail besides."""
        return self.count(kinds.MAIL, kinds.CALL)

    @property
    def nobody(self) -> int:
        """People who get nothing."""
        return self.count()

    @property
    def people(self) -> int:
        """People whom it reaches."""
        return len(self.reached) - self.nobody

    @property
    def parts(self) -> int:
        """What the texts come to, in parts."""
        return sum(each.parts for each in self.reached)

    @property
    def waiting(self) -> int:
        """Texts that wait for the morning."""
        return sum(each.waits for each in self.reached)


def look(
    session: Session, audience: Audience, draft: Draft, *, by: Actor, post: Post, now: datetime
) -> Look:
    """Return what would happen if the note were sent now. The same queries for one and for many."""
    return found_at(Desk(session, audience, by=by, post=post, now=now), draft)


class Desk:
    """What a look and a sending read: the same rows, once."""

    def __init__(
        self, session: Session, audience: Audience, *, by: Actor, post: Post, now: datetime
    ) -> None:
        self.session, self.audience, self.by, self.post, self.now = session, audience, by, post, now
        self.affiliate: Affiliate = access.own_affiliate(session, by)
        self.people = audiences.everybody(session, audience, by=by, now=now)
        latest = now + LASTS
        is_ahead = audiences.is_ahead(session, audience, by=by, now=now)
        self.expires_at = (
            audiences.expires_at(session, audience, latest, by=by) if is_ahead else latest
        )

    @property
    def window(self) -> Window:
        """The hours in which the affiliate lets texts leave."""
        quiet = self.affiliate
        return rules.window(quiet_from=quiet.quiet_from, quiet_until=quiet.quiet_until)

    def values(self, draft: Draft, *, names_bureau: bool, stop_id: str) -> dict[str, Any]:
        """Return what the note's texts are made from."""
        told = {
            "text": notes.normal(draft.text),
            "text_es": notes.normal(draft.text_es),
            "phone": phone.display(self.affiliate.phone) if self.affiliate.phone else "",
            "stop_id": stop_id,
        }
        return told | ({"bureau": self.affiliate.name} if names_bureau else {})


def found_at(desk: Desk, draft: Draft) -> Look:
    """Return what would happen to a draft at this desk."""
    post, session = desk.post, desk.session
    room = sms_budget.room(
        session, desk.affiliate.id, price_cents=post.sms_price_cents, now=desk.now
    )
    texts_off = post.sms is None
    problems = _problems(desk, draft)
    if problems:
        return Look(
            audience=audiences.said(session, desk.audience, by=desk.by),
            reached=[],
            shown=[],
            problems=problems,
            seen="",
            texts_off=texts_off,
            room=room,
        )
    may_text = draft.way == kinds.SMS and not texts_off and (room is None or room > 0)
    reached = _ways(desk, draft, may_text=may_text)
    shown = _shown(desk, draft, reached)
    audience = audiences.said(session, desk.audience, by=desk.by)
    return Look(
        audience=audience,
        reached=reached,
        shown=shown,
        problems=_problems_of_all(draft, reached, shown),
        seen=_fingerprint(reached, shown),
        texts_off=texts_off,
        room=room,
    )


def _problems(desk: Desk, draft: Draft) -> list[RuleBroken]:
    """Return what is wrong whoever gets it."""
    if len(desk.people) > notes.MOST_PEOPLE:
        return [RuleBroken(TOO_MANY, count=len(desk.people), most=notes.MOST_PEOPLE)]
    found = []
    text, text_es = notes.normal(draft.text), notes.normal(draft.text_es)
    if not text:
        found.append(RuleBroken(EMPTY, field="text"))
    if draft.way == kinds.SMS and not draft.about_visits:
        found.append(RuleBroken(NOT_ABOUT_VISITS, field="about_visits"))
    names = wording.names(desk.session, desk.affiliate, cities=False)
    channels = (kinds.SMS, kinds.MAIL) if draft.way == kinds.SMS else (kinds.MAIL,)
    for field, words in (("text", text), ("text_es", text_es)):
        found += notes.problems(words, field=field, channels=channels, names=names)
        found += screened.problems_of_note(words, field=field)
    return found


def _problems_of_all(
    draft: Draft, reached: Sequence[Reached], shown: Sequence[Shown]
) -> list[RuleBroken]:
    """Return what is wrong because of who gets it."""
    if not any(each.channels for each in reached):
        return [RuleBroken(NOBODY)]
    found = []
    own_spanish = bool(notes.normal(draft.text_es))
    for field, is_spanish in (("text", False), ("text_es", True)):
        texts = [
            each.text
            for each in shown
            if each.channel == kinds.SMS and (each.locale == "es" and own_spanish) is is_spanish
        ]
        if problem := notes.too_long(texts, field=field):
            found.append(problem)
    return found


def _ways(desk: Desk, draft: Draft, *, may_text: bool) -> list[Reached]:
    """Decide how it goes to each: their agreement and wishes, as `notices.tell` reads them."""
    people = desk.people
    stopped = many.stopped_among(desk.session, desk.affiliate.id, {to.key for to in people})
    phones = {to.id: to.phone for to in people if to.kind == "speaker" and to.by_text and to.phone}
    agreed = many.agreed_among(desk.session, phones) if may_text else set()
    parts = _parts(desk, draft) if may_text else {}
    found = []
    for to in people:
        if to.key in stopped:
            found.append(Reached(to, (), NO_MORE))
        elif not to.email:
            found.append(Reached(to, (), NO_ADDRESS))
        elif to.kind == "speaker" and to.id in agreed:
            leaves_at = rules.sending_time(
                desk.now,
                zone=to.time_zone,
                window=desk.window,
                expires_at=desk.expires_at,
                now=desk.now,
            )
            found.append(
                Reached(
                    to,
                    (kinds.SMS,),
                    parts=parts[to.locale, to.sees_places],
                    waits=leaves_at > desk.now,
                )
            )
        elif to.kind == "speaker" and to.by_call and draft.way == kinds.SMS:
            found.append(Reached(to, (kinds.MAIL, kinds.CALL)))
        else:
            found.append(Reached(to, (kinds.MAIL,)))
    return found


def _parts(desk: Desk, draft: Draft) -> Mapping[tuple[str, bool], int]:
    """Return how many parts a text has, by language and whether it names the bureau."""
    return {
        (locale, names_bureau): segments.count(_sms(desk, draft, locale, names_bureau))
        for locale in ("en", "es")
        for names_bureau in (False, True)
    }


def _sms(desk: Desk, draft: Draft, locale: str, names_bureau: bool) -> str:  # noqa: FBT001 - a pair
    values = desk.values(draft, names_bureau=names_bureau, stop_id="")
    return desk.post.texts.sms(notes.KIND, values, locale=locale)


def _shown(desk: Desk, draft: Draft, reached: Sequence[Reached]) -> list[Shown]:
    """Return each form in which it leaves, texts first, with the first reader's name in a mail."""
    readers: dict[tuple[str, str, bool], list[Recipient]] = {}
    for each in reached:
        for channel in each.channels:
            if channel != kinds.CALL:
                key = (channel, each.to.locale, each.to.sees_places)
                readers.setdefault(key, []).append(each.to)
    found = []
    for (channel, locale, names_bureau), people in sorted(
        readers.items(), key=lambda entry: (entry[0][0] == kinds.MAIL, *entry[0])
    ):
        if channel == kinds.SMS:
            text, subject = _sms(desk, draft, locale, names_bureau), ""
        else:
            # The link is each reader's own; this one leads nowhere.
            values = desk.values(draft, names_bureau=names_bureau, stop_id="x" * 22)
            letter = desk.post.texts.mail(notes.KIND, values, to_name=people[0].name, locale=locale)
            text, subject = letter.text.strip(), letter.subject
        parts = segments.count(text) if channel == kinds.SMS else 0
        found.append(Shown(channel, locale, names_bureau, len(people), subject, text, parts))
    return found


def _fingerprint(reached: Sequence[Reached], shown: Sequence[Shown]) -> str:
    people = sorted(f"{each.to.key} {each.channels} {each.why}" for each in reached)
    forms = [f"{each.channel} {each.locale} {each.people} {each.text}" for each in shown]
    return crypto.digest("\n".join([*people, *forms]))
