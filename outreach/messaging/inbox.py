"""What a mail that came in is: a bounce, a machine's answer, a calendar's, or a person's words.

Pure, and written for hostile bytes: nothing in a mail can make it raise, and nothing in it is
believed. Whether a bounce is about a mail of ours is for the workflow to find out. In doubt a mail
is a person's: what machines wrote keeps no text, and nobody's words may get lost.
"""

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import Message
from enum import StrEnum
from typing import Final

from outreach.messaging import mail_parts, returned
from outreach.messaging.mail_parts import MAX_PARTS, SPOILED, clean, header, line, parts, words
from outreach.messaging.returned import Bounce

LONGEST_TEXT: Final = 10_000
LONGEST_ID: Final = 250

_ID: Final = re.compile(r"<[^<>\s]{3,250}>")
_POSTMASTERS: Final = ("mailer-daemon@", "mailerdaemon@", "postmaster@")
_DAEMONS: Final = ("mailer-daemon@", "mailerdaemon@")
_AUTOMATIC: Final = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply")
_CALENDARS: Final = frozenset({"text/calendar", "application/ics"})
_METHOD: Final = re.compile(
    r"^METHOD[^:\n]{0,80}:\s*(?:REPLY|COUNTER|REFRESH)\b", re.IGNORECASE | re.MULTILINE
)
_FORGED: Final = re.compile(r"\bdmarc\s*=\s*fail\b", re.IGNORECASE)
LONGEST_REPORT: Final = 2_000
_HIDDEN: Final = frozenset({"script", "style", "title"})
_BLOCKS: Final = frozenset({"p", "br", "br/", "div", "li", "tr"})


class Sort(StrEnum):
    """What a mail is; kept with its row."""

    BOUNCE = "bounce"
    AUTOMATIC = "automatic"
    CALENDAR = "calendar"
    """A calendar program's answer to an invite."""
    PERSON = "person"
    UNREADABLE = "unreadable"
    """Too deep to be taken apart: its headers are all we know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A mail, taken apart. Every string is clean, bounded and claimed by the sender alone.

    `key` is the same whenever the mail comes again. `attempt` is ours on the mail that came back,
    `answers` are the Message-IDs it says it answers, with their angle brackets. `calendar` is the
    file of a calendar's answer, as it came. `is_forged`: a server on the way found that the mail
    is not from the domain it says. `only_sender` is `sender` where the mail surely says no other.
    """

    key: str
    sort: Sort
    sender: str
    subject: str
    text: str = ""
    attempt: str = ""
    bounces: tuple[Bounce, ...] = ()
    answers: tuple[str, ...] = ()
    calendar: str = ""
    is_forged: bool = False
    only_sender: str = ""


def read(raw: bytes) -> Incoming:
    """Take a mail apart. Never raises, whatever the bytes are."""
    head = mail_parts.head(raw)
    outside = Incoming(
        key=_key(head, raw),
        sort=Sort.AUTOMATIC if _is_automatic(head) else Sort.UNREADABLE,
        sender=_sender(head),
        subject=line(header(head, "Subject")),
        answers=_answers(head),
        is_forged=_is_forged(head),
        only_sender=mail_parts.only_address(head, "From"),
    )
    mail = mail_parts.whole(raw)
    if mail is None:
        return outside
    try:
        return _inside(outside, head, mail)
    except SPOILED:
        return outside


def _inside(outside: Incoming, head: Message, mail: Message) -> Incoming:
    text = _text(mail)
    bounces, attempt = returned.bounces(mail), returned.attempt(mail)
    if not bounces and _may_bounce(head):
        bounces = returned.plain_bounces(head, text)
        attempt = attempt or returned.attempt_in_text(text)
    calendar = _calendar(mail)
    return replace(
        outside,
        sort=_sort(head, mail, is_bounce=bool(bounces), is_calendar=bool(calendar)),
        calendar=calendar,
        text=text[:LONGEST_TEXT],
        attempt=attempt,
        bounces=bounces,
    )


def _sort(head: Message, mail: Message, *, is_bounce: bool, is_calendar: bool) -> Sort:
    kinds = {part.get_content_type() for part in parts(mail)}
    if is_bounce or kinds & returned.STATUSES:
        return Sort.BOUNCE
    # Before "automatic": calendar programs say of their answers that nobody wrote them.
    if is_calendar:
        return Sort.CALENDAR
    # Receipts and the like (RFC 8098, 5965) are reports too, and no person writes one.
    if _is_automatic(head) or mail.get_content_type() == "multipart/report":
        return Sort.AUTOMATIC
    return Sort.PERSON


def _is_automatic(head: Message) -> bool:
    """Say whether a program answered by itself (RFC 3834 §5, and what came before it).

    Not for "Precedence: list" or an empty Return-Path: lists and some servers put both on what
    people write.
    """
    submitted = header(head, "Auto-Submitted").strip().lower()
    if submitted and submitted != "no":
        return True
    if header(head, "Precedence").strip().lower() == "auto_reply":
        return True
    return any(header(head, n) for n in _AUTOMATIC) or _sender(head).startswith(_DAEMONS)


def _may_bounce(head: Message) -> bool:
    """Say whether a server wrote it, so that text in it may be read as a bounce."""
    is_empty = header(head, "Return-Path").strip() == "<>"
    return is_empty or _sender(head).startswith(_POSTMASTERS)


def _is_forged(head: Message) -> bool:
    """Say whether a server reports a failed DMARC check (RFC 8601 §2.7).

    Only failures count: anybody can write that theirs has passed.
    """
    reports = head.get_all("Authentication-Results", [])
    return any(_FORGED.search(str(report)[:LONGEST_REPORT]) for report in reports)


def _calendar(mail: Message) -> str:
    """Return the file with which a calendar answers an invite; "" where none does."""
    for part in parts(mail):
        if part.get_content_type() in _CALENDARS:
            file = words(part)
            if _METHOD.search(file):
                return file
    return ""


# --- what a person reads


def _text(mail: Message) -> str:
    """Return the words of a mail: its first plain part, else its HTML without the marks.

    Of a mail that is nothing but another one passed on, the words of that.
    """
    return _first_words(parts(mail)) or _first_words(mail.walk())


def _first_words(of: Iterator[Message]) -> str:
    markup = ""
    for part in of:
        if part.get_content_disposition() == "attachment" or part.is_multipart():
            continue
        if part.get_content_type() == "text/plain":
            found = clean(words(part))
            if found:
                return found
        if part.get_content_type() == "text/html" and not markup:
            markup = words(part)
    return clean(unmarked(markup))


def unmarked(markup: str) -> str:
    """Return the words of a page, each block on a line of its own, in one pass.

    Python's own HTMLParser takes minutes for a hundred kilobytes of broken marks.
    """
    first, *rest = markup.replace("\n", " ").split("<")
    found, hidden = [first], ""
    for piece in rest:
        mark, closes, after = piece.partition("-->" if piece.startswith("!--") else ">")
        name = mark.split(maxsplit=1)[0].lower() if mark.split() else ""
        if hidden:
            # What stands in these goes on to their own end, whatever marks are in it.
            if closes and name == f"/{hidden}":
                hidden = ""
                found.append(after)
            continue
        if not closes:
            found.append("" if piece.startswith("!--") else f"<{piece}")
        elif name in _HIDDEN:
            hidden = name
        else:
            found.append(("\n" if name in _BLOCKS else "") + after)
    return html.unescape("".join(found))


# --- headers


def _sender(head: Message) -> str:
    found = mail_parts.addresses(head, "From")
    return found[0] if found else ""


def _answers(head: Message) -> tuple[str, ...]:
    named = f"{header(head, 'In-Reply-To')} {header(head, 'References')}"
    return tuple(dict.fromkeys(_ID.findall(clean(named))))[-MAX_PARTS:]


def _key(head: Message, raw: bytes) -> str:
    """Return the Message-ID; a mail without a usable one is known by its bytes."""
    named = clean(header(head, "Message-ID"))
    if _ID.fullmatch(named) and len(named) <= LONGEST_ID:
        return named
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"
