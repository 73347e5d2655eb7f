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
from email.headerregistry import Address, HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from outreach.calendars import text
from outreach.calendars.invite import Cancellation, Entry, render_cancel, render_request

_MESSAGE_ID: Final = re.compile(r"<[!#-'*+\-./-9=?A-Z^-~]{1,200}@[A-Za-z0-9.\-]{1,200}>")

_HEADERS: Final = HeaderRegistry()
# As free text a long id would be folded into encoded words, and no longer be an id.
_HEADERS.map_to_type("references", MessageIDHeader)  # type: ignore[arg-type]  # typeshed: a mix-in
_POLICY: Final = SMTP.clone(header_factory=_HEADERS)


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
    mail["From"] = _mailbox(entry.organizer_email, name=entry.organizer_name)
    mail["To"] = _mailbox(entry.attendee_email, name=entry.attendee_name)
    mail["Subject"] = _one_line(subject)
    mail["Date"] = entry.dtstamp.replace(microsecond=0)
    mail["Message-ID"] = _checked_id(message_id)
    if references is not None:
        mail["References"] = _checked_id(references)
    # Keeps out-of-office mails away from the mailbox that reads the answers (RFC 3834 §5).
    mail["Auto-Submitted"] = "auto-generated"
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


def _mailbox(email: str, *, name: str) -> Address:
    return Address(display_name=text.name(name), addr_spec=email)


def _one_line(value: str) -> str:
    """Return a header's text. A line break in it could add a header, so it is refused."""
    if not value.strip() or any(unicodedata.category(c) in {"Cc", "Cs"} for c in value):
        raise ValueError("A subject is one line without control characters.")
    return text.line(value)


def _checked_id(message_id: str) -> str:
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("A message id looks like <left@right>.")
    return message_id
