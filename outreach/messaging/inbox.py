"""What a mail that came in is: a bounce, a machine's answer, a calendar's, or a person's words.

Pure, and written for hostile bytes: sizes are bounded, nothing in a mail can make it raise, and
nothing in it is believed. Whether a bounce is about a mail of ours is for the workflow to find out.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, HeaderParser
from email.utils import getaddresses
from enum import StrEnum
from html.parser import HTMLParser
from typing import Final

MAX_BYTES: Final = 5 * 1024 * 1024
"""Of a larger mail the headers alone are read."""
MAX_PARTS: Final = 100
"""Boundaries a mail may name. More is a bomb: each costs time for every line below it."""
MAX_HEADERS: Final = 256 * 1024
LONGEST_TEXT: Final = 10_000
LONGEST_LINE: Final = 200
LONGEST_ID: Final = 250
_LONGEST_HTML: Final = 100_000

_CODE: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ID: Final = re.compile(r"<[^<>\s]{3,250}>")
_RETURNED_ID: Final = re.compile(
    r"^Message-ID:[ \t]*\r?\n?[ \t]*(<[^<>\s]{3,250}>)", re.IGNORECASE | re.MULTILINE
)
_QMAIL: Final = "This is the qmail-send program"
_QMAIL_ADDRESS: Final = re.compile(r"^<([^<>\s]{3,250})>:[ \t]*$", re.MULTILINE)
_MACHINES: Final = ("mailer-daemon@", "postmaster@", "mailerdaemon@")
_FULL: Final = "2.2"


class Sort(StrEnum):
    """What a mail is; kept with its row."""

    BOUNCE = "bounce"
    AUTOMATIC = "automatic"
    CALENDAR = "calendar"
    """A calendar program's answer to an invite."""
    PERSON = "person"
    UNREADABLE = "unreadable"
    """Too large or too deep to be taken apart: its headers are all we know."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """One recipient of a mail that came back. `code` is like "5.1.1"; `final` says: for good."""

    recipient: str
    code: str
    final: bool

    @property
    def is_full(self) -> bool:
        """Say whether the mailbox is there and has no room."""
        return self.code[2:] == _FULL

    @property
    def is_address(self) -> bool:
        """Say whether the address is at fault, not what the mail says or how it was sent.

        Addresses, mailboxes, routes to a host and "other" (RFC 3463 §3): not rules or contents.
        """
        return self.final and self.code[2:].split(".")[0] in {"0", "1", "2", "4"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A mail, taken apart. Every string is clean, bounded and claimed by the sender alone.

    `key` is the same whenever the mail comes again. `returned_id` is the Message-ID of the mail
    that came back, `answers` those it says it answers, both with their angle brackets.
    """

    key: str
    sort: Sort
    sender: str
    subject: str
    text: str
    returned_id: str
    bounces: tuple[Bounce, ...]
    answers: tuple[str, ...]


def read(raw: bytes) -> Incoming:
    """Take a mail apart. Never raises, whatever the bytes are."""
    head = BytesHeaderParser().parsebytes(raw[:MAX_HEADERS])
    mail = _whole(raw)
    bounces = tuple(_bounces(mail)) if mail is not None else ()
    text = _text(mail) if mail is not None else ""
    returned_id = _returned_id(mail) if mail is not None else ""
    if not bounces and mail is not None and _is_from_machine(head):
        bounces = tuple(_plain_bounces(head, text))
        found = _RETURNED_ID.search(text)
        returned_id = returned_id or (found.group(1) if found else "")
    return Incoming(
        key=_key(head, raw),
        sort=_sort(head, mail, is_bounce=bool(bounces)),
        sender=_sender(head),
        subject=_line(_header(head, "Subject")),
        text=text[:LONGEST_TEXT],
        returned_id=returned_id,
        bounces=bounces,
        answers=_answers(head),
    )


def _whole(raw: bytes) -> Message | None:
    """Parse all of it; None where that would cost too much."""
    if len(raw) > MAX_BYTES or raw.lower().count(b"boundary=") > MAX_PARTS:
        return None
    return message_from_bytes(raw)


def _sort(head: Message, mail: Message | None, *, is_bounce: bool) -> Sort:
    if is_bounce or (mail is not None and _is_report(mail)):
        return Sort.BOUNCE
    # Before "automatic": calendar programs say of their answers that nobody wrote them.
    if mail is not None and _is_calendar_reply(mail):
        return Sort.CALENDAR
    if _is_automatic(head):
        return Sort.AUTOMATIC
    return Sort.PERSON if mail is not None else Sort.UNREADABLE


def _is_report(mail: Message) -> bool:
    return any(part.get_content_type() in _STATUSES for part in mail.walk())


def _is_automatic(head: Message) -> bool:
    submitted = _header(head, "Auto-Submitted").strip().lower()
    if submitted and submitted != "no":
        return True
    if _header(head, "Precedence").strip().lower() in {"bulk", "junk", "list", "auto_reply"}:
        return True
    if _header(head, "X-Auto-Response-Suppress") and _header(head, "X-Auto-Reply"):
        return True
    names = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply", "List-Id")
    return any(_header(head, name) for name in names) or _is_from_machine(head)


def _is_from_machine(head: Message) -> bool:
    return _sender(head).startswith(_MACHINES) or _header(head, "Return-Path").strip() == "<>"


def _is_calendar_reply(mail: Message) -> bool:
    """Say whether a calendar answers an invite."""
    for part in mail.walk():
        if part.get_content_type() == "text/calendar":
            method = part.get_param("method", "")
            if str(method).lower() == "reply" or "METHOD:REPLY" in _words(part).upper():
                return True
    return False


# --- bounces

_STATUSES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED: Final = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}
)


def _bounces(mail: Message) -> Iterator[Bounce]:
    """Read the machine's part of a report (RFC 3464): one block for each recipient."""
    for part in mail.walk():
        if part.get_content_type() not in _STATUSES:
            continue
        for block in _blocks(part):
            # As it was sent, else as the last server knew it: a forward has another address.
            for name in ("Original-Recipient", "Final-Recipient"):
                address = _line(_header(block, name).partition(";")[2]).strip("<> ").lower()
                code = _CODE.search(_header(block, "Status"))
                if not address or code is None:
                    continue
                failed = _header(block, "Action").strip().lower() == "failed"
                is_final = failed and code.group(1) == "5"
                yield Bounce(address, code.group(0), is_final)


def _blocks(part: Message) -> list[Message]:
    content = part.get_payload()
    if not isinstance(content, list):
        return _split(_words(part))
    # Of the kind for addresses with accents, the standard library parses the first block alone.
    whole = [block for block in content if isinstance(block, Message)]
    return whole + [more for block in whole for more in _split(str(block.get_payload() or ""))]


def _split(text: str) -> list[Message]:
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return [HeaderParser().parsestr(block) for block in blocks[:MAX_PARTS]]


def _returned_id(mail: Message) -> str:
    for part in mail.walk():
        kind, content = part.get_content_type(), part.get_payload()
        if kind not in _RETURNED:
            continue
        if isinstance(content, list) and content:
            returned: Message | None = content[0] if isinstance(content[0], Message) else None
        else:
            returned = HeaderParser().parsestr(_words(part).lstrip())
        found = _ID.search(_header(returned, "Message-ID")) if returned is not None else None
        if found is not None:
            return found.group(0)
    return ""


def _plain_bounces(head: Message, text: str) -> Iterator[Bounce]:
    """Read what servers without reports write: Exim names recipients in a header, qmail in text."""
    ours, _, _ = text.partition("Message-ID:")
    named = [a.lower() for _, a in getaddresses([_header(head, "X-Failed-Recipients")]) if a]
    is_qmail = _QMAIL in text
    if is_qmail:
        named = [address.lower() for address in _QMAIL_ADDRESS.findall(ours)]
    code = _CODE.search(ours)
    if code is not None:
        found, final = code.group(0), code.group(1) == "5"
    else:
        # Exim names failed recipients in that header only when it has given up.
        found, final = "5.0.0", True
    for address in named[:MAX_PARTS]:
        yield Bounce(_line(address), found, final)


# --- what a person reads


def _text(mail: Message) -> str:
    """Return the words of a mail: its first plain part, else its HTML without the marks."""
    markup = ""
    for part in mail.walk():
        if part.get_content_disposition() == "attachment" or part.is_multipart():
            continue
        if part.get_content_type() == "text/plain":
            return _clean(_words(part))
        if part.get_content_type() == "text/html" and not markup:
            markup = _words(part)[:_LONGEST_HTML]
    return _clean(_Unmarked.of(markup))


class _Unmarked(HTMLParser):
    """Keeps the words of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._words: list[str] = []
        self._hidden = ""

    @classmethod
    def of(cls, markup: str) -> str:
        parser = cls()
        try:
            parser.feed(markup)
            parser.close()
        except AssertionError:
            # The standard library's parser has no other word for marks it cannot read.
            return ""
        return "".join(parser._words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line where a block begins; leave out what no reader sees."""
        del attrs
        if tag in {"script", "style", "title"}:
            self._hidden = tag
        if tag in {"p", "br", "div", "li", "tr"}:
            self._words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Go on after what no reader sees."""
        if tag == self._hidden:
            self._hidden = ""

    def handle_data(self, data: str) -> None:
        """Keep words."""
        if not self._hidden:
            self._words.append(" ".join(data.split("\n")))


def _words(part: Message) -> str:
    """Decode a part; a charset that is none or not the right one costs letters, not the mail."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"), errors="replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", errors="replace")


def _clean(text: str) -> str:
    """Drop what is no letter: NUL, which PostgreSQL refuses, marks that turn the line around."""
    kept = text.replace("\r\n", "\n")
    shown = (c if c.isprintable() or c == "\n" else " " if c.isspace() else "" for c in kept)
    return re.sub(r"\n{3,}", "\n\n", "".join(shown)).strip()


def _line(text: str) -> str:
    return " ".join(_clean(text).split())[:LONGEST_LINE]


# --- headers


def _header(head: Message, name: str) -> str:
    value = head.get(name)
    if value is None:
        return ""
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return str(value)


def _sender(head: Message) -> str:
    named = [address for _, address in getaddresses([_header(head, "From")]) if "@" in address]
    return _line(named[0]).lower() if named else ""


def _answers(head: Message) -> tuple[str, ...]:
    named = f"{_header(head, 'In-Reply-To')} {_header(head, 'References')}"
    return tuple(dict.fromkeys(_ID.findall(_clean(named))))[-MAX_PARTS:]


def _key(head: Message, raw: bytes) -> str:
    """Return the Message-ID; a mail without a usable one is known by its bytes."""
    named = _clean(_header(head, "Message-ID"))
    if _ID.fullmatch(named) and len(named) <= LONGEST_ID:
        return named
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"
