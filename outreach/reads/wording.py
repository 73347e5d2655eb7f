"""Every kind of message we send: its words in both languages, their length, and whose they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from outreach.accounts.models import Account
from outreach.directory.models import Affiliate, Hospital, Unit
from outreach.errors import RuleBroken
from outreach.i18n import LOCALES, ngettext
from outreach.i18n import gettext as _
from outreach.messaging import kinds, own_words, samples, segments, wordings
from outreach.messaging.models import OwnWording
from outreach.messaging.templates import Texts
from outreach.messaging.wordings import Place
from outreach.reads import message_purposes, words
from outreach.reads.words import Status

CHANNELS = (kinds.SMS, kinds.MAIL)

Own = Mapping[Place, OwnWording]


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind in the list. `counts` are the texts it comes to by language, "" where it is mail."""

    kind: str
    what: str
    purpose: str
    channels: str
    counts: tuple[str, ...]
    whose: Status


@dataclass(frozen=True, slots=True)
class Group:
    """Kinds that belong together."""

    title: str
    rows: Sequence[KindRow]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a text comes to. `letters` are those that GSM-7 lacks, blanks between."""

    usual: str
    longest: str
    letters: str
    status: Status


@dataclass(frozen=True, slots=True)
class Preview:
    """One message as it would leave. `measured` is None for a mail.

    `problems` says why an own wording would not be taken today: a unit or a longer name of the
    service came after it.
    """

    channel: str
    locale: str
    language: str
    subject: str
    text: str
    measured: Measured | None
    is_own: bool
    may_change: bool
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A wording that was in force, or ours again where `text` is empty."""

    at: datetime
    who: str
    text: str


def groups(session: Session, affiliate: Affiliate, *, texts: Texts) -> list[Group]:
    """Return every kind of message, those that belong together together. One query."""
    own = wordings.all_in_force(session, affiliate.id)
    return [
        Group(_(title), [_row(kind, own, texts=texts) for kind in members])
        for title, members in message_purposes.GROUPS
    ]


def previews(
    session: Session, affiliate: Affiliate, kind: str, *, texts: Texts
) -> list[tuple[str, list[Preview]]]:
    """Return a kind's messages by channel, each in both languages. Two queries."""
    own = wordings.all_in_force(session, affiliate.id)
    zone, said = affiliate.time_zone, names(session, affiliate)
    return [
        (
            _channel(channel),
            [
                _preview((kind, channel, locale), own, zone=zone, names=said, texts=texts)
                for locale in LOCALES
            ],
        )
        for channel in CHANNELS
        if channel in kinds.KINDS[kind].channels
    ]


def preview(session: Session, affiliate: Affiliate, place: Place, *, texts: Texts) -> Preview:
    """Return one message as it would leave now. One query."""
    own = wordings.all_in_force(session, affiliate.id)
    return _preview(place, own, zone=affiliate.time_zone, names=(), texts=texts)


def start(session: Session, affiliate: Affiliate, place: Place, *, texts: Texts) -> str:
    """Return what a form for this wording begins with: what is in force, as it is written."""
    row = wordings.in_force(session, affiliate.id, place)
    kind, channel, locale = place
    if row is not None:
        return row.text
    return texts.draft(kind, samples.USUAL, locale=locale) if channel == kinds.SMS else ""


def earlier(session: Session, affiliate: Affiliate, place: Place) -> list[Earlier]:
    """Return the last wordings of a message, the latest first. Two queries."""
    rows = wordings.history(session, affiliate.id, place)
    ids = {row.written_by_id for row in rows if row.written_by_id is not None}
    found = session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))
    who = dict(found.all())
    return [Earlier(row.written_at, who.get(row.written_by_id or 0, ""), row.text) for row in rows]


def names(session: Session, affiliate: Affiliate, *, cities: bool = True) -> list[str]:
    """Return the places that no wording may name, the longest first; also those of the past.

    `cities` are those of the hospitals.
    """
    mine = select(Unit.hospital_id).where(Unit.affiliate_id == affiliate.id)
    near = or_(Hospital.affiliate_id == affiliate.id, Hospital.id.in_(mine))
    found = {affiliate.name}
    for hospital, city, unit in session.execute(
        select(Hospital.name, Hospital.city, Unit.name)
        .outerjoin(Unit, Unit.hospital_id == Hospital.id)
        .where(near)
    ):
        found |= {hospital, city if cities else "", unit or ""}
    return sorted(found - {""}, key=lambda name: (-len(name), name))


def problems(
    place: Place, text: str, *, names: Sequence[str], texts: Texts
) -> tuple[RuleBroken, ...]:
    """Return every reason why a wording, as it is kept, may not be in force."""
    kind, channel, locale = place
    return own_words.problems(
        text,
        kind=kind,
        channel=channel,
        locale=locale,
        names=names,
        longest=lambda own: samples.longest_text(texts, kind, locale=locale, own=own),
    )


def _row(kind: str, own: Own, *, texts: Texts) -> KindRow:
    channels = [channel for channel in CHANNELS if channel in kinds.KINDS[kind].channels]
    is_text = kinds.SMS in channels
    parts = [
        segments.count(_longest_of(kind, locale, own, texts=texts)) if is_text else 0
        for locale in LOCALES
    ]
    fits = all(
        count <= own_words.MOST_SEGMENTS[locale]
        for count, locale in zip(parts, LOCALES, strict=True)
    )
    return KindRow(
        kind=kind,
        what=words.message_kind(kind),
        purpose=message_purposes.purpose(kind),
        channels=words.capital(words.names([_channel(each).lower() for each in channels])),
        counts=tuple(_parts_of(count) if count else "" for count in parts),
        whose=_whose(kind, own) if fits else Status("needs", _("Too long")),
    )


def _whose(kind: str, own: Own) -> Status:
    if any(place[0] == kind for place in own):
        return Status("settled", _("Your wording"))
    if any(own_words.room(kind, channel) for channel in CHANNELS):
        return Status("open", _("Ours; you may change it"))
    return Status("off", _("Always ours"))


def _preview(place: Place, own: Own, *, zone: str, names: Sequence[str], texts: Texts) -> Preview:
    kind, channel, locale = place
    mine = own[place].text if place in own else ""
    values = {**samples.USUAL, "zone": zone}
    found = problems(place, mine, names=names, texts=texts) if mine else ()
    subject, measured = "", None
    if channel == kinds.SMS:
        text = texts.sms(kind, values, locale=locale, to_name=samples.NAME, own=mine)
        measured = _measured(text, _longest_of(kind, locale, own, texts=texts), locale=locale)
    else:
        letter = texts.mail(kind, values, to_name=samples.NAME, locale=locale, own=mine)
        subject, text = letter.subject, letter.text.strip()
    return Preview(
        channel=channel,
        locale=locale,
        language=words.language(locale),
        subject=subject,
        text=text,
        measured=measured,
        is_own=bool(mine),
        may_change=own_words.room(kind, channel) is not None,
        problems=[_(problem.message, **problem.values) for problem in found],
    )


def _longest_of(kind: str, locale: str, own: Own, *, texts: Texts) -> str:
    row = own.get((kind, kinds.SMS, locale))
    return samples.longest_text(texts, kind, locale=locale, own=row.text if row else "")


def _measured(text: str, longest: str, *, locale: str) -> Measured:
    count, most = segments.count(longest), own_words.MOST_SEGMENTS[locale]
    fits = count <= most
    return Measured(
        usual=_counted(text),
        longest=_counted(longest),
        letters=" ".join(own_words.spoilers(longest)),
        status=Status("settled", _("It fits"))
        if fits
        else Status("needs", _("Too long: %(most)s is the most here", most=_parts_of(most))),
    )


def _counted(text: str) -> str:
    return _("%(parts)s, %(count)s characters", parts=_parts(text), count=len(text))


def _parts(text: str) -> str:
    return _parts_of(segments.count(text))


def _parts_of(count: int) -> str:
    return ngettext("%(num)s text", "%(num)s texts", count)


def _channel(channel: str) -> str:
    return _("Text") if channel == kinds.SMS else _("Mail")
