"""The ledger of who agreed to texts, as a coordinator may see it: one's own speakers only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from babel.dates import format_date
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from outreach import access, i18n, phone
from outreach.actor import Actor
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.messaging.models import Consent
from outreach.reads import words
from outreach.reads.paging import Page
from outreach.reads.words import Status
from outreach.speakers.models import Speaker

PAGE_SIZE = 25

EVENTS: Final[Mapping[str, tuple[str, str]]] = {
    "opt_in": ("settled", lazy("Agreed to texts")),
    "opt_out": ("off", lazy("Wants no texts")),
    "bad_number": ("needs", lazy("The number takes no texts")),
}
SOURCES: Final[Mapping[str, str]] = {
    "form": lazy("On the page “About me”"),
    "inbound": lazy("By a text from this number"),
    "provider": lazy("As the telephone provider told us"),
    "import": lazy("In a spreadsheet that was brought in"),
}

_VERSION: Final = re.compile(
    r"(?P<year>20\d\d)-(?P<month>0[1-9]|1[0-2])(?P<night>-any-hour)?-(?P<code>[a-z]{2})"
)


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One event of the ledger in words. `wording` and `evidence` are "" where there is none.

    `speaker_id` is a public id; None where a number is nobody's any more.
    """

    name: str
    speaker_id: str | None
    number: str
    status: Status
    source: str
    wording: str
    evidence: str
    at: datetime


def page(session: Session, actor: Actor, *, event: str = "", number: int = 1) -> Page[ConsentRow]:
    """Return one page of the ledger, the latest first. Two queries."""
    wanted = _ledger(actor, event)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    found = wanted.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    return Page(_rows(session, found), total, number, PAGE_SIZE)


def everything(session: Session, actor: Actor, *, event: str = "") -> Sequence[ConsentRow]:
    """Return the whole ledger of the actor's affiliate, the latest first. One query."""
    return _rows(session, _ledger(actor, event))


def of_speaker(session: Session, actor: Actor, speaker: Speaker) -> Sequence[ConsentRow]:
    """Return what is known of every number this speaker has had, the latest first. One query."""
    numbers = select(Consent.phone).where(Consent.speaker_id == speaker.id)
    of_numbers = or_(Consent.phone == speaker.phone, Consent.phone.in_(numbers))
    mine = or_(Consent.speaker_id == speaker.id, and_(Consent.speaker_id.is_(None), of_numbers))
    return _rows(session, _ledger(actor, "").where(mine))


def _ledger(actor: Actor, event: str) -> Select[Consent, Speaker]:
    found = (
        select(Consent, Speaker)
        .outerjoin(Speaker, Speaker.id == Consent.speaker_id)
        .where(_is_ours(actor))
        .order_by(Consent.id.desc())
    )
    return found.where(Consent.event == event) if event else found


def _is_ours(actor: Actor) -> ColumnElement[bool]:
    """Say which events are of the actor's people.

    A STOP, or a provider's word, comes from a number that may be nobody's: it counts where one of
    our speakers has the number, or agreed under it.
    """
    ours = access.scope(actor, Speaker)
    ids = ours.with_only_columns(Speaker.id)
    had = select(Consent.phone).where(Consent.speaker_id.in_(ids))
    has = ours.with_only_columns(Speaker.phone).where(Speaker.phone.is_not(None))
    nobodys = and_(
        Consent.speaker_id.is_(None), or_(Consent.phone.in_(has), Consent.phone.in_(had))
    )
    return or_(Consent.speaker_id.in_(ids), nobodys)


def _rows(session: Session, found: Select[Consent, Speaker]) -> list[ConsentRow]:
    return [_row(consent, speaker) for consent, speaker in session.execute(found)]


def _row(consent: Consent, speaker: Speaker | None) -> ConsentRow:
    kind, event = EVENTS[consent.event]
    source = SOURCES.get(consent.source)
    return ConsentRow(
        name=f"{speaker.first_name} {speaker.last_name}" if speaker else _("Whoever has it"),
        speaker_id=speaker.public_id if speaker else None,
        number=phone.display(consent.phone),
        status=Status(kind, _(event)),
        source=_(source) if source else consent.source,
        wording=_wording(consent.wording),
        evidence=consent.evidence,
        at=consent.at,
    )


def _wording(version: str) -> str:
    """Say which question was answered: "2026-11-es" is that of November 2026, in Spanish.

    With "-any-hour" it is the other question, about texts at night (`workflows.profile`).
    """
    found = _VERSION.fullmatch(version)
    if found and found["code"] in words.LANGUAGES:
        first = date(int(found["year"]), int(found["month"]), 1)
        month = format_date(first, _("MMMM yyyy"), locale=i18n.locale())
        language = words.language(found["code"])
        if found["night"]:
            return _(
                "The wording of %(month)s on texts at night, in %(language)s",
                month=month,
                language=language,
            )
        return _("The wording of %(month)s, in %(language)s", month=month, language=language)
    return _("The wording %(version)s", version=version) if version else ""
