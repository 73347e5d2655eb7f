"""Answers as calendar programs write them, made from the shapes that are documented of each.

Each function takes what the invite said and gives a whole mail, with the file where that program
puts it. Figures in them are theirs: folding, small letters, which properties they leave out.
"""

import base64
import quopri
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a program knows of an invite, and what its owner says."""

    uid: str
    attendee: str
    said: str = "ACCEPTED"
    sequence: int = 0
    stamp: str = "20261202T150000Z"
    starts: str = "20261208T190000Z"
    ends: str = "20261208T200000Z"
    sender: str = ""
    own: str = "r1"
    method: str = "REPLY"

    @property
    def who(self) -> str:
        """Whom the mail says it comes from."""
        return self.sender or self.attendee


Made = Callable[[Asked], bytes]


def _mail(asked: Asked, *, headers: str, body: str) -> bytes:
    text = f"""From: Maria Ruiz <{asked.who}>
To: Outreach <visits@outreach.example>
Message-ID: <{asked.own}@mail.example>
MIME-Version: 1.0
{headers}

{body}"""
    return text.replace("\n", "\r\n").encode()


def _crlf(file: str) -> bytes:
    return file.replace("\n", "\r\n").encode()


def google(asked: Asked) -> bytes:
    """Google: the organizer copied, times in UTC, 7bit, and the same file again as invite.ics."""
    file = f"""BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:{asked.method}
BEGIN:VEVENT
DTSTART:{asked.starts}
DTEND:{asked.ends}
DTSTAMP:{asked.stamp}
ORGANIZER;CN=Outreach:mailto:visits@outreach.example
UID:{asked.uid}
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={asked.said};CN={asked.attendee};X
 -NUM-GUESTS=0:mailto:{asked.attendee}
CREATED:20261201T150000Z
DESCRIPTION:
LAST-MODIFIED:{asked.stamp}
LOCATION:
SEQUENCE:{asked.sequence}
STATUS:CONFIRMED
SUMMARY:Outreach visit
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR
"""
    again = base64.encodebytes(_crlf(file)).decode()
    return _mail(
        asked,
        headers="""Reply-To: Maria Ruiz <maria@hill.example>
Sender: Google Calendar <calendar-notification@google.example>
Auto-Submitted: auto-generated
Subject: Accepted: Outreach visit
Content-Type: multipart/mixed; boundary="00000000000012"
""",
        body=f"""--00000000000012
Content-Type: multipart/alternative; boundary="00000000000013"

--00000000000013
Content-Type: text/plain; charset="UTF-8"; format=flowed; delsp=yes
Content-Transfer-Encoding: base64

{base64.encodebytes(b"Maria Ruiz has accepted this invitation.").decode()}
--00000000000013
Content-Type: text/html; charset="UTF-8"
Content-Transfer-Encoding: quoted-printable

<p>Maria Ruiz has accepted this invitation.</p>
--00000000000013
Content-Type: text/calendar; charset="UTF-8"; method={asked.method}
Content-Transfer-Encoding: 7bit

{file}
--00000000000013--
--00000000000012
Content-Type: application/ics; name="invite.ics"
Content-Disposition: attachment; filename="invite.ics"
Content-Transfer-Encoding: base64

{again}
--00000000000012--
""",
    )


def outlook(asked: Asked) -> bytes:
    """Exchange: no ORGANIZER, its own name for the zone with a rule, base64, MAILTO in capitals."""
    file = f"""BEGIN:VCALENDAR
METHOD:{asked.method}
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Eastern Standard Time
BEGIN:STANDARD
DTSTART:16010101T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=2SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
ATTENDEE;PARTSTAT={asked.said};CN=Maria Ruiz:MAILTO:{asked.attendee.upper()}
COMMENT;LANGUAGE=en-US:\\n
UID:{asked.uid}
SUMMARY;LANGUAGE=en-US:Accepted: Outreach visit
DTSTART;TZID=Eastern Standard Time:{_wall(asked.starts)}
DTEND;TZID=Eastern Standard Time:{_wall(asked.ends)}
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:{asked.stamp}
TRANSP:OPAQUE
STATUS:CONFIRMED
SEQUENCE:{asked.sequence}
LOCATION;LANGUAGE=en-US:
X-MICROSOFT-CDO-APPT-SEQUENCE:{asked.sequence}
X-MICROSOFT-CDO-BUSYSTATUS:BUSY
X-MICROSOFT-CDO-ALLDAYEVENT:FALSE
END:VEVENT
END:VCALENDAR
"""
    return _mail(
        asked,
        headers="""Subject: Accepted: Outreach visit
Thread-Topic: Outreach visit
Accept-Language: en-US
X-MS-Has-Attach:
Content-Type: multipart/alternative;
\tboundary="_000_DM6PR0"
""",
        body=f"""--_000_DM6PR0
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable


--_000_DM6PR0
Content-Type: text/calendar; charset="utf-8"; method={asked.method}
Content-Transfer-Encoding: base64

{base64.encodebytes(_crlf(file)).decode()}
--_000_DM6PR0--
""",
    )


def apple(asked: Asked) -> bytes:
    """Apple's Mail and Calendar: quoted-printable, an EMAIL parameter, the file as attachment."""
    file = f"""BEGIN:VCALENDAR
CALSCALE:GREGORIAN
PRODID:-//Apple Inc.//macOS 14.5//EN
VERSION:2.0
METHOD:{asked.method}
BEGIN:VEVENT
CREATED:20261201T150000Z
UID:{asked.uid}
DTSTAMP:{asked.stamp}
DTSTART:{asked.starts}
DTEND:{asked.ends}
SEQUENCE:{asked.sequence}
SUMMARY:Outreach visit
ORGANIZER;CN="Outreach":mailto:visits@outreach.example
ATTENDEE;CUTYPE=INDIVIDUAL;EMAIL="{asked.attendee}";PARTSTAT={asked.said};ROLE=REQ-PARTICI
 PANT;CN="Maria Ruiz":mailto:{asked.attendee}
END:VEVENT
END:VCALENDAR
"""
    return _mail(
        asked,
        headers="""Subject: Maria Ruiz accepted your invitation to Outreach visit
Content-Type: multipart/alternative; boundary="Apple-Mail=_1"
""",
        body=f"""--Apple-Mail=_1
Content-Transfer-Encoding: 7bit
Content-Type: text/plain; charset=utf-8

Maria Ruiz has accepted your invitation.
--Apple-Mail=_1
Content-Transfer-Encoding: quoted-printable
Content-Disposition: attachment; filename=iCal-20261202.ics
Content-Type: text/calendar; charset=utf-8; method={asked.method}; name=iCal-20261202.ics

{quopri.encodestring(file.encode()).decode()}
--Apple-Mail=_1--
""",
    )


def thunderbird(asked: Asked) -> bytes:
    """Thunderbird: its own properties, a reply of one text and one calendar part, 8bit."""
    file = f"""BEGIN:VCALENDAR
PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN
VERSION:2.0
METHOD:{asked.method}
BEGIN:VEVENT
CREATED:20261201T150000Z
LAST-MODIFIED:{asked.stamp}
DTSTAMP:{asked.stamp}
UID:{asked.uid}
SUMMARY:Outreach visit
STATUS:CONFIRMED
ORGANIZER;CN=Outreach;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:visits@outreach.example
ATTENDEE;CN=Maria Ruiz;PARTSTAT={asked.said};ROLE=REQ-PARTICIPANT:mailto:{asked.attendee}
X-MOZ-RECEIVED-SEQUENCE:{asked.sequence}
X-MOZ-RECEIVED-DTSTAMP:20261201T150000Z
X-MOZ-INVITED-ATTENDEE:mailto:{asked.attendee}
DTSTART:{asked.starts}
DTEND:{asked.ends}
SEQUENCE:{asked.sequence}
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR
"""
    return _mail(
        asked,
        headers="""Subject: Event Invitation Reply (Accepted): Outreach visit
User-Agent: Mozilla Thunderbird
Content-Type: multipart/mixed; boundary="------------A1"
""",
        body=f"""--------------A1
Content-Type: multipart/alternative; boundary="------------B1"

--------------B1
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

Maria Ruiz has accepted your event invitation.
--------------B1
Content-Type: text/calendar; method={asked.method}; charset=UTF-8
Content-Transfer-Encoding: 8bit

{file}
--------------B1--
--------------A1--
""",
    )


def nextcloud(asked: Asked) -> bytes:
    """Nextcloud: the file only as an attachment called event.ics, its method in the type."""
    file = f"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Sabre//Sabre VObject 4.5.4//EN
CALSCALE:GREGORIAN
METHOD:{asked.method}
BEGIN:VEVENT
DTSTAMP:{asked.stamp}
SEQUENCE:{asked.sequence}
UID:{asked.uid}
DTSTART:{asked.starts}
DTEND:{asked.ends}
SUMMARY:Outreach visit
ORGANIZER;CN=Outreach:mailto:visits@outreach.example
ATTENDEE;PARTSTAT={asked.said};CN=Maria Ruiz:mailto:{asked.attendee}
REQUEST-STATUS:2.0;Success
END:VEVENT
END:VCALENDAR
"""
    return _mail(
        asked,
        headers="""Reply-To: Maria Ruiz <maria@hill.example>
Subject: Maria Ruiz has accepted your invitation
Content-Type: multipart/mixed; boundary="_=_swift_1"
""",
        body=f"""--_=_swift_1
Content-Type: multipart/alternative; boundary="_=_swift_2"

--_=_swift_2
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Maria Ruiz has accepted your invitation
--_=_swift_2
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<h1>Maria Ruiz has accepted your invitation</h1>
--_=_swift_2--
--_=_swift_1
Content-Type: text/calendar; method={asked.method}; name=event.ics
Content-Transfer-Encoding: base64
Content-Disposition: attachment; name=event.ics; filename=event.ics

{base64.encodebytes(_crlf(file)).decode()}
--_=_swift_1--
""",
    )


ALL: tuple[Made, ...] = (google, outlook, apple, thunderbird, nextcloud)


def _wall(instant: str) -> str:
    """Give a UTC time of winter as New York's clocks show it."""
    hour = int(instant[9:11]) - 5
    return f"{instant[:9]}{hour:02}{instant[11:15]}"
