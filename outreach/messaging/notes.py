"""A coordinator's own words to many: what they may hold, and why they are refused. All pure.

A note leaves as it is written, inside a frame of ours that says who writes and how to have no more.
Numbers and codes of patients are for another rule to find (`referrals.screening`).
"""

import re
from collections.abc import Iterable
from typing import Final

from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.messaging import own_words, rules, segments
from outreach.messaging.kinds import MAIL

KIND: Final = "note"
LONGEST: Final = 1500
"""Characters of a note by mail; by text two segments with the frame are the bound."""

MOST_PEOPLE: Final = 500
"""Recipients of one note. A long code sends one segment a second: two parts to 500 take a quarter
of an hour, and leave room for reminders before the window closes."""

_ANSWER: Final = re.compile(
    r"\b(?:reply|replying|text|send|answer|type"
    r"|responda|respondiendo|conteste|contestando|envie|envíe|mande|escriba)\b"
    r"[^.!?]{0,16}?\b(yes|no|si|sí)\b",
    re.IGNORECASE,
)
"""Asking for a YES: what comes back is taken for the answer to a question about a visit."""


def normal(text: str) -> str:
    """Return a note as it is kept: its lines and paragraphs, without blanks to spare."""
    return own_words.normal(text, channel=MAIL)


def problems(
    text: str, *, field: str, channels: Iterable[str], names: Iterable[str]
) -> tuple[RuleBroken, ...]:
    """Return every reason not to send a text, each naming its field; empty where it may leave.

    `text` is as `normal` returns it, `names` are the affiliate's places.
    """
    if len(text) > LONGEST:
        message = lazy("Shorten your note to %(most)s characters; it has %(count)s.")
        return (RuleBroken(message, field=field, most=LONGEST, count=len(text)),)
    found = []
    if link := own_words.link_in(text):
        message = lazy(
            "“%(link)s” reads as a link or an address. Take it out, or put a blank after the full "
            "stop: people learn that links from us lead to our own pages alone."
        )
        found.append(RuleBroken(message, field=field, link=link))
    for channel in channels:
        if stop := own_words.opt_out(text, channel=channel):
            message = lazy("Take out “%(word)s”: whoever answers with it gets no more texts.")
            found.append(RuleBroken(message, field=field, word=stop))
            break
    if asked := _ANSWER.search(text):
        message = lazy(
            "Do not ask for “%(word)s”: such an answer is taken for one about a visit. Ask for a "
            "call, or for another word."
        )
        found.append(RuleBroken(message, field=field, word=asked[1]))
    if never := own_words.unsaid(text):
        message = lazy("Take out “%(word)s”: others may see the screen of a phone.")
        found.append(RuleBroken(message, field=field, word=never))
    if place := own_words.named(text, names):
        message = lazy("Take out “%(name)s”: places are told only to those who chose to see them.")
        found.append(RuleBroken(message, field=field, name=place))
    return tuple(found)


def too_long(texts: Iterable[str], *, field: str) -> RuleBroken | None:
    """Return why none of these texts may leave: the longest is of more than two segments.

    `texts` are whole, with the frame around them.
    """
    longest = max(texts, key=segments.count, default="")
    count = segments.count(longest)
    if count <= rules.MAX_SEGMENTS:
        return None
    letters = own_words.spoilers(longest)
    if letters:
        message = lazy(
            "As a text it comes to %(count)s parts, and %(most)s are the most. Leave these out, "
            "they more than double it: %(letters)s. Or choose mail for everybody."
        )
        return RuleBroken(
            message, field=field, count=count, most=rules.MAX_SEGMENTS, letters=" ".join(letters)
        )
    message = lazy(
        "As a text it comes to %(count)s parts, and %(most)s are the most. Shorten it, or choose "
        "mail for everybody."
    )
    return RuleBroken(message, field=field, count=count, most=rules.MAX_SEGMENTS)
