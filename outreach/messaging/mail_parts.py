"""A mail's headers and parts, read out of hostile bytes: bounded in size, depth and time.

Python's own parser recurses for each mail within a mail, runs through every open boundary for every
line, and raises a dozen kinds of errors. What would cost too much is left alone.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from typing import Final

MAX_BYTES: Final = 5 * 1024 * 1024
"""Of a larger mail the beginning is read: the words stand there, the files after them."""
MAX_PARTS: Final = 100
"""Boundaries, and mails within mails, that a mail may name. More is a bomb."""
MAX_LINES: Final = 200_000
"""A file of five megabytes has 70,000. Each costs time for each boundary above it."""
MAX_HEADERS: Final = 256 * 1024
LONGEST_LINE: Final = 200
LONGEST_ADDRESS: Final = 320
_LONGEST_HEADER: Final = 5_000
_LONGEST_PART: Final = 500_000

SPOILED: Final = (
    AttributeError,
    LookupError,
    MessageError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What the standard library raises about a mail that is none."""

_WITHIN: Final = re.compile(rb"content-type:\s*message/", re.IGNORECASE)
_NO_CHARSETS: Final = frozenset({"idna", "punycode"})
"""Codecs of host names: no mail is written in them, and they take minutes for a long text."""


def head(raw: bytes) -> Message:
    """Return a mail's headers alone."""
    return BytesHeaderParser().parsebytes(raw[:MAX_HEADERS])


def whole(raw: bytes) -> Message | None:
    """Parse the beginning of a mail; None where that would cost too much, or cannot be done."""
    beginning = raw[:MAX_BYTES]
    lines = beginning.count(b"\n") + beginning.count(b"\r")
    # Both endings of a line are counted, so that neither alone gets past.
    if lines > 2 * MAX_LINES or beginning.lower().count(b"boundary") > MAX_PARTS:
        return None
    if len(_WITHIN.findall(beginning)) > MAX_PARTS:
        return None
    try:
        return message_from_bytes(beginning)
    except SPOILED:
        return None


def parts(mail: Message) -> Iterator[Message]:
    """Go through a mail's own parts; what lies in a mail that it encloses is somebody else's."""
    yield mail
    content = mail.get_payload()
    if mail.get_content_maintype() == "multipart" and isinstance(content, list):
        for part in content:
            if isinstance(part, Message):
                yield from parts(part)


def words(part: Message) -> str:
    """Decode a part; a charset that is none or not the right one costs letters, not the mail.

    Halves of characters, which some charsets can write and no database takes, become "?".
    """
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    content = content[:_LONGEST_PART]
    try:
        charset = part.get_content_charset("utf-8")
        text = content.decode("utf-8" if charset in _NO_CHARSETS else charset, errors="replace")
    except SPOILED:
        text = content.decode("utf-8", errors="replace")
    return text.encode("utf-8", errors="replace").decode()


def header(of: Message, name: str) -> str:
    """Return a header's words, cut where nobody would read on; "" where there is none."""
    value = of.get(name)
    if value is None:
        return ""
    try:
        encoded = str(value)[:_LONGEST_HEADER]
        if _names_host_codec(encoded):
            return encoded
        return str(make_header(decode_header(encoded)))
    except SPOILED:
        return str(value)[:_LONGEST_HEADER]


def only_address(of: Message, name: str) -> str:
    """Return the address of a header that stands there once and names one, surely; else "".

    Surely: it is the whole header, or what stands between its last brackets.
    """
    values, found = of.get_all(name, []), addresses(of, name)
    if len(values) != 1 or len(found) != 1:
        return ""
    whole = " ".join(str(values[0]).split()).lower()
    is_plain = whole.count("@") == 1 and (whole == found[0] or whole.endswith(f"<{found[0]}>"))
    return found[0] if is_plain else ""


def addresses(of: Message, name: str) -> list[str]:
    """Return the addresses in a header, in small letters.

    Out of the header as it came: what is encoded in it is a name, and no name is an address.
    """
    try:
        named = getaddresses([str(of.get(name, ""))[:_LONGEST_HEADER]])
    except SPOILED:
        return []
    found = [clean(address).strip().lower() for _, address in named if "@" in address]
    return [address for address in found if len(address) <= LONGEST_ADDRESS]


def clean(text: str) -> str:
    """Drop what is no letter: NUL, which PostgreSQL refuses, marks that turn the line around."""
    kept = text.replace("\r\n", "\n")
    shown = (c if c.isprintable() or c == "\n" else " " if c.isspace() else "" for c in kept)
    return re.sub(r"\n{3,}", "\n\n", "".join(shown)).strip()


def line(text: str) -> str:
    """Return a text on one line, cut."""
    return " ".join(clean(text).split())[:LONGEST_LINE]


def _names_host_codec(encoded: str) -> bool:
    return any(f"=?{charset}" in encoded.lower() for charset in _NO_CHARSETS)
