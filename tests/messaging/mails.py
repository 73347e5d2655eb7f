"""Mails as they come in, of the shapes that servers and people send."""

from collections.abc import Callable

Made = Callable[[str, str], bytes]


def bounce(
    *, to: str, attempt: str, action: str = "failed", status: str = "5.1.1", own: str = "b1"
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

X-Outreach-Attempt: {attempt}
From: visits@outreach.example
Message-ID: <o1@outreach.example>
Subject: What it was

--b--
""".encode()


def returning(raw: bytes, *, to: str) -> bytes:
    """Give a report that encloses a whole mail of ours."""
    report = bounce(to=to, attempt="to-be-replaced")
    head, _, _ = report.partition(b"Content-Type: text/rfc822-headers")
    return head + b"Content-Type: message/rfc822\n\n" + raw + b"\n--b--\n"


def exchange(to: str, attempt: str) -> bytes:
    """Give what Exchange sends: words in HTML, its own names for hosts, the whole mail."""
    return f"""From: <postmaster@hill.example>
To: <visits@outreach.example>
Date: Mon, 2 Mar 2026 10:00:00 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="b_1"
X-MS-Exchange-Message-Is-Ndr:
Message-ID: <n1@hill.example>
In-Reply-To: <o1@outreach.example>
Subject: Undeliverable: A visit
Auto-Submitted: auto-replied

--b_1
Content-Type: multipart/alternative; boundary="b_2"

--b_2
Content-Type: text/plain; charset="us-ascii"

Your message could not be delivered.

--b_2
Content-Type: text/html; charset="us-ascii"

<html><body><p>Your message could not be delivered.</p></body></html>

--b_2--

--b_1
Content-Type: message/delivery-status

Reporting-MTA: dns;mail.hill.example
Received-From-MTA: dns;mx.outreach.example
Arrival-Date: Mon, 2 Mar 2026 09:59:58 +0000

Final-Recipient: rfc822;{to}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found

--b_1
Content-Type: message/rfc822

Received: from mx.outreach.example by mail.hill.example
X-Outreach-Attempt: {attempt}
From: Outreach <visits@outreach.example>
To: <{to}>
Message-ID: <o1@outreach.example>
Content-Type: multipart/alternative; boundary="own"

--own
Content-Type: text/plain

Words
--own--

--b_1--
""".replace("\n", "\r\n").encode()


def gmail(to: str, attempt: str) -> bytes:
    """Give what Gmail sends: words beside a picture, then the status, then the whole mail."""
    return f"""Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@post.example>
To: visits@outreach.example
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: <o1@outreach.example>
In-Reply-To: <o1@outreach.example>
X-Failed-Recipients: {to}
Message-ID: <g1@post.example>
Content-Type: multipart/report; boundary="g"; report-type=delivery-status

--g
Content-Type: multipart/related; boundary="g2"

--g2
Content-Type: text/html; charset="UTF-8"

<p>Address not found</p>
--g2
Content-Type: image/png; name="icon.png"
Content-Disposition: attachment; filename="icon.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--g2--
--g
Content-Type: message/delivery-status

Reporting-MTA: dns; post.example
Arrival-Date: Mon, 02 Mar 2026 02:00:00 -0800 (PST)
X-Original-Message-ID: <o1@outreach.example>

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.hill.example. (192.0.2.7, the server for the domain.)
Diagnostic-Code: smtp; 550-5.1.1 The account does not exist.
Last-Attempt-Date: Mon, 02 Mar 2026 02:00:01 -0800 (PST)

--g
Content-Type: message/rfc822

DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=outreach.example;
        bh=abc; b=def
X-Outreach-Attempt: {attempt}
From: visits@outreach.example
Message-ID: <o1@outreach.example>

Words
--g--
""".encode()


def postfix(to: str, attempt: str) -> bytes:
    """Give what Postfix sends: a status with its own lines, then the headers alone."""
    return f"""Return-Path: <>
Date: Mon,  2 Mar 2026 10:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.outreach.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: visits@outreach.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4C1.1/mx"
Message-Id: <p1@mx.outreach.example>

This is a MIME-encapsulated message.

--4C1.1/mx
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

<{to}>: host mail.hill.example said: 550 5.1.1 User unknown

--4C1.1/mx
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.outreach.example
X-Postfix-Queue-ID: 4C1
X-Postfix-Sender: rfc822; visits@outreach.example
Arrival-Date: Mon,  2 Mar 2026 09:59:59 +0000 (UTC)

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.hill.example
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--4C1.1/mx
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <visits@outreach.example>
Received: by mx.outreach.example (Postfix) id 4C1
X-Outreach-Attempt: {attempt}
From: visits@outreach.example
Message-ID: <o1@outreach.example>

--4C1.1/mx--
""".encode()


def exim(to: str, attempt: str) -> bytes:
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
Message-ID: <o1@outreach.example>
X-Outreach-Attempt: {attempt}

Words
""".encode()


def qmail(to: str, attempt: str) -> bytes:
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
Message-ID: <o1@outreach.example>
X-Outreach-Attempt: {attempt}

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
