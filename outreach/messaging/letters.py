"""A mail as bytes: text and HTML, with headers that stay the same when it is sent again."""

import unicodedata
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from outreach.messaging.templates import Letter

_LINE: Final = 76
"""Characters in a header line; an encoded word has at most 75 (RFC 2047 §2)."""

_POLICY: Final = SMTP.clone(refold_source="none", utf8=True)
"""Headers as written here: the standard library's own folding loses blanks beside accents."""


def compose(
    letter: Letter,
    *,
    sender: str,
    sender_name: str,
    to: str,
    to_name: str,
    message_id: str,
    date: datetime,
) -> bytes:
    """Return the whole mail. `message_id` comes with its angle brackets.

    What can be ended says so for the mail program as well: one click, without a page (RFC 8058 §3).
    """
    mail = EmailMessage(policy=_POLICY)
    mail.set_raw("From", _mailbox("From", sender, name=sender_name))
    mail.set_raw("To", _mailbox("To", to, name=to_name))
    mail.set_raw("Subject", _words("Subject", letter.subject))
    mail.set_raw("Date", format_datetime(date))
    mail.set_raw("Message-ID", message_id)
    # No out-of-office answers to a mailbox nobody expects them in (RFC 3834 §5).
    mail.set_raw("Auto-Submitted", "auto-generated")
    if letter.unsubscribe:
        mail.set_raw("List-Unsubscribe", f"<{letter.unsubscribe}>")
        mail.set_raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    mail.set_content(letter.text, cte="quoted-printable")
    mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return mail.as_bytes()


def _mailbox(header: str, address: str, *, name: str) -> str:
    shown = _one_line(name)
    if not shown:
        return address
    if _is_plain(shown):
        # Quoted, for a name may hold commas and full stops.
        quoted = shown.replace("\\", "").replace('"', "")
        return f'"{quoted}"\n <{address}>'
    return f"{_words(header, shown)}\n <{address}>"


def _words(header: str, value: str) -> str:
    """Return a header's value, folded, as encoded words where it must be."""
    text = _one_line(value)
    charset = "us-ascii" if _is_plain(text) else "utf-8"
    return Header(text, charset, maxlinelen=_LINE, header_name=header).encode()


def _is_plain(value: str) -> bool:
    """Say whether a header can hold the value as it is. "=?" would be read as an encoded word."""
    return value.isascii() and "=?" not in value and all(len(w) < _LINE for w in value.split())


def _one_line(value: str) -> str:
    kept = (
        c if c.isprintable() or c.isspace() else "" for c in unicodedata.normalize("NFC", value)
    )
    return " ".join("".join(kept).split())
