"""The e-mail that carries a calendar file, in the shape mail programs act on (RFC 6047).

multipart/mixed holds multipart/alternative first, for Outlook looks for the calendar part nowhere
else, with text, HTML and `text/calendar`; then the same file as an attachment, for programs that
don't know the part. From is the organizer and To the attendee, or clients show no buttons. All of
it comes from the entry, so that the parts can't contradict each other, and a retry after a crash
sends the same bytes.
"""

import hashlib
import re
import unicodedata
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Final

from outreach.calendars import text
from outreach.calendars.invite import Cancellation, Entry, render_cancel, render_request

_MESSAGE_ID: Final = re.compile(r"<[!#-'*+\-./-9=?A-Z^-~]{1,200}@[A-Za-z0-9.\-]{1,200}>")
_LINE: Final = 76
"""Characters in a header line; an encoded word has at most 75 (RFC 2047 §2)."""

_POLICY: Final = SMTP.clone(refold_source="none", utf8=True)
"""Headers as this module wrote them. The standard library's own folding (seen in Python 3.11) loses
blanks in a long subject with accents, and turns a long id in References into encoded words. UTF-8
only reaches a header as an address with letters beyond ASCII (RFC 6532 §3.2)."""


def compose(
    entry: Entry,
    *,
    subject: str,
    plain: str,
    html: str,
    message_id: str,
    references: str | None = None,
) -> EmailMessage:
    """Return the mail of an invite or a cancellation to its attendee, dated by its DTSTAMP.

    `message_id` and `references` (the first mail's, so that mails about a visit stay together)
    are given with their angle brackets.

    Raises:
        ValueError: the subject is empty or holds a control character, or an id is none.
    """
    mail = EmailMessage(policy=_POLICY)
    mail.set_raw("From", _mailbox("From", entry.organizer_email, name=entry.organizer_name))
    mail.set_raw("To", _mailbox("To", entry.attendee_email, name=entry.attendee_name))
    mail.set_raw("Subject", _words("Subject", _one_line(subject)))
    mail.set_raw("Date", format_datetime(entry.dtstamp))
    mail.set_raw("Message-ID", _checked_id(message_id))
    if references is not None:
        mail.set_raw("References", _checked_id(references))
    # Keeps out-of-office mails away from the mailbox that reads the answers (RFC 3834 §5).
    mail.set_raw("Auto-Submitted", "auto-generated")
    _fill(mail, entry, plain=plain, html=html)
    _fix_boundaries(mail, message_id)
    return mail


def _fill(mail: EmailMessage, entry: Entry, *, plain: str, html: str) -> None:
    file = render_cancel(entry) if isinstance(entry, Cancellation) else render_request(entry)
    mail.set_content(text.lines(plain) + "\n", cte="quoted-printable")
    mail.add_alternative(text.lines(html) + "\n", subtype="html", cte="quoted-printable")
    # base64 keeps the file's CRLF and folding as they are.
    mail.add_alternative(
        file,
        maintype="text",
        subtype="calendar",
        cte="base64",
        params={"charset": "utf-8", "method": entry.METHOD},
    )
    mail.add_attachment(
        file, maintype="application", subtype="ics", cte="base64", filename="invite.ics"
    )


def _fix_boundaries(mail: EmailMessage, message_id: str) -> None:
    """Give each multipart a boundary that only depends on the message.

    "=_" occurs in neither quoted-printable nor base64, so no text can hold one (RFC 2045 §6.7).
    """
    multiparts = (part for part in mail.walk() if part.is_multipart())
    for depth, part in enumerate(multiparts):
        key = hashlib.sha256(f"{depth} {message_id}".encode()).hexdigest()[:32]
        part.set_boundary(f"=_{key}")


def _mailbox(header: str, email: str, *, name: str) -> str:
    shown = text.name(name)
    if not shown:
        return email
    short = formataddr((shown, email)) if email.isascii() else ""
    if short and _is_plain(shown) and len(f"{header}: {short}") <= _LINE:
        return short
    # In encoded words even where ASCII: a comma in a folded name would end the address.
    return f"{Header(shown, 'utf-8', maxlinelen=_LINE, header_name=header).encode()}\n <{email}>"


def _words(header: str, value: str) -> str:
    """Return a header's value, folded, in encoded words where it can't stand as it is."""
    charset = "us-ascii" if _is_plain(value) else "utf-8"
    return Header(value, charset, maxlinelen=_LINE, header_name=header).encode()


def _is_plain(value: str) -> bool:
    """Say whether a header can hold the value as it is. "=?" would be read as an encoded word."""
    return value.isascii() and "=?" not in value and all(len(w) < _LINE for w in value.split())


def _one_line(value: str) -> str:
    """Return a header's text. A line break in it could add a header, so it is refused."""
    if not value.strip() or any(unicodedata.category(c) in {"Cc", "Cs"} for c in value):
        raise ValueError("A subject is one line without control characters.")
    return text.line(value)


def _checked_id(message_id: str) -> str:
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("A message id looks like <left@right>.")
    return message_id
