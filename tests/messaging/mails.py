"""Mails as they come in, of the shapes that servers and people send."""

from collections.abc import Callable

Made = Callable[[str, str], bytes]


def bounce(
    *, to: str, message_id: str, action: str = "failed", status: str = "5.1.1", own: str = "b1"
) -> bytes:
    """Give a report as RFC 3464 shapes it."""
    return f"""From: MAILER-DAEMON@mx.example
To: visits@outreach.example
Subject: Undelivered Mail
Message-ID: <{own}@mx.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It did not work.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 no

--b
Content-Type: text/rfc822-headers

From: visits@outreach.example
Message-ID: {message_id}
Subject: What it was

--b--
""".encode()


def exim(to: str, message_id: str) -> bytes:
    return f"""From: Mail Delivery System <Mailer-Daemon@mx.example>
To: visits@outreach.example
X-Failed-Recipients: {to}
Auto-Submitted: auto-replied
Subject: Mail delivery failed: returning message to sender
Message-ID: <e1@mx.example>

This message was created automatically by mail delivery software.

  {to}
    Unrouteable address

------ This is a copy of the message, including all the headers. ------

From: visits@outreach.example
Message-ID: {message_id}

Words
""".encode()


def qmail(to: str, message_id: str) -> bytes:
    return f"""From: MAILER-DAEMON@mx.example
To: visits@outreach.example
Return-Path: <>
Subject: failure notice

Hi. This is the qmail-send program at mx.example.
This is a permanent error; I've given up. Sorry it didn't work out.

<{to}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

From: visits@outreach.example
Message-ID: {message_id}

Words
""".encode()


def written(*, sender: str, answers: str = "", more: str = "") -> bytes:
    """Give what a person wrote."""
    answers = f"In-Reply-To: {answers}\n" if answers else ""
    return f"""From: Somebody <{sender}>
To: visits@outreach.example
Subject: Which door?
Message-ID: <w1@hill.example>
{answers}{more}
Is it the blue one?
""".encode()


def calendar_reply(*, sender: str) -> bytes:
    return f"""From: {sender}
Subject: Accepted: Visit
Message-ID: <c1@hill.example>
Content-Type: text/calendar; method=REPLY; charset=utf-8

BEGIN:VCALENDAR
METHOD:REPLY
END:VCALENDAR
""".encode()
