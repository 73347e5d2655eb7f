"""Mails that came back: what a server says of whom it did not reach, and which mail it was.

Pure. Every mail of ours bears the public id of the attempt that sent it; only who got that mail,
and the servers on its way, can name it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from itertools import islice
from typing import Final

from outreach.messaging.mail_parts import MAX_PARTS, addresses, header, line, parts, words

ATTEMPT: Final = "X-Outreach-Attempt"
"""The header with the attempt. Neither an answer nor a mail that is passed on as text shows it."""

STATUSES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})

_RETURNED: Final = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}
)
_CODE: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{10,100}")
_ATTEMPT_IN_TEXT: Final = re.compile(
    rf"^{ATTEMPT}:[ \t]*([A-Za-z0-9_-]{{10,100}})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
_COPY: Final = re.compile(r"^(?:Return-Path|Received|From|Message-ID):", re.MULTILINE)
_QMAIL: Final = "This is the qmail-send program"
_QMAIL_ADDRESS: Final = re.compile(r"^<([^<>\s]{3,250})>:[ \t]*$", re.MULTILINE)
_FULL: Final = "2.2"


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


def bounces(mail: Message) -> tuple[Bounce, ...]:
    """Read the machine's part of a report (RFC 3464): one block for each recipient."""
    return tuple(islice(_reported(mail), MAX_PARTS))


def plain_bounces(head: Message, text: str) -> tuple[Bounce, ...]:
    """Read what servers without reports write: Exim names recipients in a header, qmail in text."""
    begin = _COPY.search(text)
    ours = text[: begin.start()] if begin else text
    named = addresses(head, "X-Failed-Recipients")
    if _QMAIL in text:
        named = [address.lower() for address in _QMAIL_ADDRESS.findall(ours)]
    code = _CODE.search(ours)
    if code is not None:
        found, final = code.group(0), code.group(1) == "5"
    else:
        # Exim names failed recipients in that header only when it has given up.
        found, final = "5.0.0", True
    return tuple(Bounce(line(address), found, final) for address in named[:MAX_PARTS])


def attempt(mail: Message) -> str:
    """Return the attempt of the mail that came back, from its headers; "" where none shows."""
    for part in parts(mail):
        if part.get_content_type() not in _RETURNED:
            continue
        content = part.get_payload()
        if isinstance(content, list) and content:
            returned = content[0] if isinstance(content[0], Message) else None
        else:
            returned = HeaderParser().parsestr(words(part).lstrip())
        found = header(returned, ATTEMPT).strip() if returned is not None else ""
        if _ID.fullmatch(found):
            return found
    return ""


def attempt_in_text(text: str) -> str:
    """Return the attempt of a mail that was written into a bounce's text."""
    found = _ATTEMPT_IN_TEXT.search(text)
    return found.group(1) if found else ""


def _reported(mail: Message) -> Iterator[Bounce]:
    for part in parts(mail):
        if part.get_content_type() not in STATUSES:
            continue
        for block in _blocks(part):
            code = _CODE.search(header(block, "Status"))
            if code is None:
                continue
            failed = header(block, "Action").strip().lower() == "failed"
            # As it was sent, else as the last server knew it: a forward has another address.
            for name in ("Original-Recipient", "Final-Recipient"):
                address = line(header(block, name).partition(";")[2]).strip("<> ").lower()
                if address:
                    yield Bounce(address, code.group(0), failed and code.group(1) == "5")


def _blocks(part: Message) -> Iterator[Message]:
    content = part.get_payload()
    if not isinstance(content, list):
        yield from _split(words(part))
        return
    for block in content:
        if isinstance(block, Message):
            yield block
            # Of the kind for addresses with accents, the library parses the first block alone.
            yield from _split(str(block.get_payload() or ""))


def _split(text: str) -> Iterator[Message]:
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip(), maxsplit=MAX_PARTS)
    for block in blocks[:MAX_PARTS]:
        yield HeaderParser().parsestr(block)
