"""An affiliate's own wording: what it may hold, what it must, and why it is refused. All pure.

A text is worded whole, with placeholders in braces that we fill; a mail keeps our words and gets
an own passage at its end. So links, times, numbers to answer with and the way out stay ours.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.messaging import segments, words
from outreach.messaging.kinds import KINDS, MAIL, SMS

FIELD: Final = "text"
MOST_SEGMENTS: Final[Mapping[str, int]] = {"en": 1, "es": 2}
"""What a text may come to with the longest names, by language (docs/decisions/0030)."""

LONGEST: Final[Mapping[str, int]] = {SMS: 400, MAIL: 600}
"""Characters as typed."""

LONGEST_NAME: Final = 14
"""Letters of a first name in a text, so that no name makes it longer than was checked."""


@dataclass(frozen=True, slots=True)
class Room:
    """The placeholders that one kind of message has on one channel."""

    must: tuple[str, ...] = ()
    may: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Every placeholder, those that are needed first."""
        return (*self.must, *self.may)


_TEXTS: Final[Mapping[str, Room]] = {
    "offer": Room(("service", "when", "yes", "no", "link"), ("name",)),
    "offer_gone": Room(("service", "when"), ("name",)),
    "confirmed": Room(("service", "when", "link"), ("name",)),
    "reminder": Room(("service", "when", "link"), ("name", "place")),
    "debrief": Room(("service", "link"), ("name", "when")),
    "moved": Room(("service", "was", "when", "link"), ("name",)),
    "other_place": Room(("service", "when", "link"), ("name",)),
    "released": Room(("service", "was", "when"), ("name",)),
    "called_off": Room(("service", "when"), ("name",)),
}
_PASSAGES: Final = (
    "offer",
    "offer_gone",
    "confirmed",
    "invite",
    "reminder",
    "moved",
    "other_place",
    "released",
    "called_off",
    "debrief",
    "renewal",
    "request_received",
    "reopened",
    "still_looking",
    "other_time",
    "they_came",
)
"""Mails to speakers and units. What signs somebody in, tells of a referral or answers STOP is the
service's own."""

_PLACEHOLDER: Final = re.compile(r"\{([a-z]+)\}")
_GAP: Final = re.compile(r"[\s,]*\{place\}")
_OWN_LINK: Final = re.compile(
    r"\S+://\S*|\bwww\.\S+|[^\s{}]+@[^\s{}]+|\b(?:\d{1,3}\.){3}\d{1,3}\b"
    r"|\b[^\W_][\w-]*(?:\.[\w-]+)*\.[^\W\d_]{2,}\b(?:/\S*)?"
)
"""An address, or what a phone makes one of: a word, a full stop and a word without a blank."""

_NEVER: Final = re.compile(
    r"\b(psychiatr\w*|psychiat\w*|psych|s?psiquiatr\w*|siquiatr\w*|hospital\w*|asylum|manicomio)\b"
)
_ASKS: Final = (
    r"(?:reply|replying|text|send|write|answer|type|say"
    r"|responda|respondiendo|responder|conteste|contestando|envie|mande|escriba|diga|ponga)"
)
_WORD: Final = "|".join(sorted(words.STOP_WORDS, key=len, reverse=True))
_ASKS_TO_STOP: Final = re.compile(rf"\b{_ASKS}\b[^.!?{{}}]{{0,24}}?\b({_WORD})\b")
_QUOTED: Final = re.compile(rf"[\"'*]\s*({_WORD})\s*[\"'*]")
_CAPITALS: Final = re.compile(rf"\b({_WORD.upper()})\b")
_READ_AS_AN_ANSWER: Final = re.compile(r"\b(cancel|cancelar|unsubscribe|stopall|optout)\b")

_GENERIC: Final = frozenset(
    {"a", "and", "at", "by", "for", "in", "of", "on", "saint", "st", "the"}
    | {"center", "centre", "clinic", "department", "floor", "general", "hospital", "medical"}
    | {"memorial", "regional", "unit", "ward"}
    | {"de", "del", "el", "en", "la", "las", "los", "san", "santa", "unidad", "y"}
)
"""Words that name no place by themselves; a name without them still tells which one."""

_SHORTEST_NAME: Final = 2
_SHORTEST_CORE: Final = 4


def room(kind: str, channel: str) -> Room | None:
    """Return what an own wording of a message may hold; None where it is always ours."""
    if channel == SMS:
        return _TEXTS.get(kind)
    if kind not in _PASSAGES:
        return None
    return Room(may=("service", "name", *(("when",) if "starts_at" in KINDS[kind].needs else ())))


def kinds() -> tuple[tuple[str, str], ...]:
    """Return every kind and channel that an affiliate may word."""
    return (*((kind, SMS) for kind in _TEXTS), *((kind, MAIL) for kind in _PASSAGES))


def normal(text: str, *, channel: str) -> str:
    """Return a wording as it is kept: a text on one line, a mail's passage with its lines."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    if channel == SMS:
        return " ".join(composed.split())
    lines = "\n".join(" ".join(line.split()) for line in composed.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def filled(text: str, values: Mapping[str, str]) -> str:
    """Fill the placeholders, each once: what a value holds is never read as one.

    A place that is not told vanishes with the blank or comma before it.
    """
    place = values.get("place", "")
    joined = _GAP.sub(", {place}" if place else "", text)
    return _PLACEHOLDER.sub(lambda found: values[found[1]], joined)


def problems(
    text: str,
    *,
    kind: str,
    channel: str,
    locale: str,
    names: Iterable[str],
    longest: Callable[[str], str],
) -> tuple[RuleBroken, ...]:
    """Return every reason not to keep a wording; empty where it may be kept.

    `text` is as `normal` returns it, `names` are the affiliate's places, and `longest` makes the
    message with the longest names; it is asked only where every placeholder is known.
    """
    allowed = room(kind, channel)
    if allowed is None:
        return (_refusal(lazy("This message always leaves in our words.")),)
    if not text:
        return (_refusal(lazy("Write your wording, or go back to ours.")),)
    if len(text) > LONGEST[channel]:
        message = lazy("Shorten your wording to %(most)s characters; it has %(count)s.")
        return (_refusal(message, most=LONGEST[channel], count=len(text)),)
    shape = _problems_of_shape(text, allowed)
    found = [*shape, *_problems_of_words(text, channel=channel, names=names)]
    if not shape and channel == SMS:
        found += _problems_of_length(longest(text), text, locale=locale)
    return tuple(found)


def spoilers(text: str) -> tuple[str, ...]:
    """Return the letters for which the whole text leaves as UCS-2, each once."""
    return tuple(dict.fromkeys(c for c in segments.folded(text) if not segments.is_gsm(c)))


def named(text: str, names: Iterable[str]) -> str:
    """Return the first of the affiliate's places that a text names; "" where it names none.

    "St. Clare" gives "St. Clare Hospital" away as well as its whole name does.
    """
    said = f" {' '.join(_tokens(text))} "
    for name in names:
        whole = " ".join(_tokens(name))
        core = " ".join(_without_generic(_tokens(name)))
        is_said = len(whole) >= _SHORTEST_NAME and f" {whole} " in said
        if is_said or (len(core) >= _SHORTEST_CORE and f" {core} " in said):
            return name
    return ""


def link_in(text: str) -> str:
    """Return the first thing a phone makes a link of; "" where there is none."""
    link = _OWN_LINK.search(text)
    return link[0] if link else ""


def unsaid(text: str) -> str:
    """Return the first word that stands in no message of ours; "" where there is none."""
    never = _NEVER.search(_simple(text))
    return never[0] if never else ""


def opt_out(text: str, *, channel: str) -> str:
    """Return the word by which the text would have people end all texts; "" where none is."""
    simple = _simple(_PLACEHOLDER.sub("…", text))
    ways = [(_ASKS_TO_STOP, simple), (_QUOTED, simple), (_CAPITALS, text)]
    if channel == SMS:
        ways.append((_READ_AS_AN_ANSWER, simple))
    found = next(filter(None, (way.search(where) for way, where in ways)), None)
    return found[1] if found else ""


def _problems_of_shape(text: str, allowed: Room) -> list[RuleBroken]:
    found = []
    if any(_cannot_be_kept(letter) for letter in text):
        message = lazy("Your wording holds characters that cannot be kept. Please type it again.")
        found.append(_refusal(message))
    used = _PLACEHOLDER.findall(text)
    for name in dict.fromkeys(name for name in used if name not in allowed.known):
        message = lazy("There is no {%(name)s} in this message. It has %(known)s.")
        found.append(_refusal(message, name=name, known=_listed(allowed.known)))
    rest = _PLACEHOLDER.sub("", text)
    if "{" in rest or "}" in rest:
        message = lazy("Write { and } only around one of these: %(known)s.")
        found.append(_refusal(message, known=_listed(allowed.known)))
    missing = [name for name in allowed.must if name not in used]
    if missing:
        message = lazy("Add %(missing)s to your wording: the message needs it.")
        found.append(_refusal(message, missing=_listed(missing)))
    return found


def _problems_of_words(text: str, *, channel: str, names: Iterable[str]) -> list[RuleBroken]:
    found = []
    link = link_in(text)
    if link:
        message = lazy(
            "“%(link)s” reads as a link or an address. Take it out, or put a blank after the full "
            "stop; {link} is the only link."
        )
        found.append(_refusal(message, link=link))
    stop = opt_out(text, channel=channel)
    if stop:
        message = lazy(
            "Take out “%(word)s”: whoever answers with it gets no more texts. Say “if you cannot "
            "come” instead."
        )
        found.append(_refusal(message, word=stop))
    never = unsaid(text)
    if never:
        message = lazy("Take out “%(word)s”: others may see the screen of a phone.")
        found.append(_refusal(message, word=never))
    place = named(text, names)
    if place:
        message = lazy("Take out “%(name)s”: places are told only to those who chose to see them.")
        found.append(_refusal(message, name=place))
    return found


def _problems_of_length(made: str, text: str, *, locale: str) -> list[RuleBroken]:
    count, most = segments.count(made), MOST_SEGMENTS[locale]
    if count <= most:
        return []
    letters = spoilers(text)
    if letters:
        message = lazy(
            "With the longest names it comes to %(count)s texts, and %(most)s is the most here. "
            "Leave these out, they more than double it: %(letters)s."
        )
        return [_refusal(message, count=count, most=most, letters=" ".join(letters))]
    message = lazy(
        "With the longest names it comes to %(count)s texts, and %(most)s is the most here. "
        "Shorten it."
    )
    return [_refusal(message, count=count, most=most)]


def _cannot_be_kept(letter: str) -> bool:
    return letter != "\n" and unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn"}


def _without_generic(tokens: list[str]) -> list[str]:
    kept = list(tokens)
    while kept and kept[-1] in _GENERIC:
        kept.pop()
    while kept and kept[0] in _GENERIC:
        kept.pop(0)
    return kept


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", _simple(text))


def _simple(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", segments.plain(text).casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def _refusal(message: str, **values: object) -> RuleBroken:
    return RuleBroken(message, field=FIELD, **values)
