"""What every calendar file and mail of ours must satisfy, read without the library that wrote it.

libical's restriction check knows RFC 5546's tables; this knows what it lets pass (a missing
VTIMEZONE, LF line ends, an end before the start) and what is ours alone (one attendee, no RDATE).
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

STATUS_OF = {"REQUEST": {"CONFIRMED", "TENTATIVE"}, "CANCEL": {"CANCELLED"}}
ANY_STATUS = set().union(*STATUS_OF.values())
ONCE = ("UID", "DTSTAMP", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY", "STATUS", "ORGANIZER")
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^";:,]*)')
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass
class Property:
    name: str
    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value unescaped, one escape after the other as RFC 5545 §3.3.11 defines it."""
        return re.sub(r"\\(.)", lambda m: {"n": "\n", "N": "\n"}.get(m[1], m[1]), self.value)


@dataclass
class Component:
    name: str
    properties: list[Property] = field(default_factory=list)
    parts: list["Component"] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        return [found for found in self.properties if found.name == name]

    def one(self, name: str) -> Property:
        (found,) = self.all(name)
        return found

    def inside(self, name: str) -> list["Component"]:
        return [part for part in self.parts if part.name == name]


def read(body: bytes) -> Component:
    """Return the calendar in `body`. Raises ValueError or IndexError when it can't be read."""
    root = Component("")
    open_ones = [root]
    for line in body.decode().replace("\r\n", "\n").replace("\n ", "").split("\n")[:-1]:
        found = _property(line)
        if found.name == "BEGIN":
            open_ones.append(Component(found.value))
        elif found.name == "END":
            closed = open_ones.pop()
            if closed.name != found.value:
                raise ValueError(line)
            open_ones[-1].parts.append(closed)
        else:
            open_ones[-1].properties.append(found)
    (calendar,) = root.parts
    return calendar


def events(body: bytes) -> list[Component]:
    return read(body).inside("VEVENT")


def event(body: bytes) -> Component:
    (found,) = events(body)
    return found


def instant(found: Property) -> datetime:
    """Return the instant of a DTSTART or DTEND, its zone read from zoneinfo."""
    if found.value.endswith("Z"):
        return datetime.strptime(found.value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    zone = ZoneInfo(found.parameters["TZID"])
    return datetime.strptime(found.value, "%Y%m%dT%H%M%S").replace(tzinfo=zone).astimezone(UTC)


def faults(body: bytes) -> list[str]:
    """Return what is wrong with a calendar file, in words. Empty means nothing."""
    found = _line_faults(body)
    try:
        calendar = read(body)
        return found + _calendar_faults(calendar)
    except (ValueError, IndexError, KeyError) as error:
        return [*found, f"cannot be read: {error!r}"]


def mail_faults(raw: bytes) -> list[str]:
    """Return what is wrong with an invite's mail as it goes over the wire."""
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    shape = [part.get_content_type() for part in mail.walk()]
    if shape != [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]:
        return [f"shape is {shape}"]
    inline, attached = list(mail.walk())[4:]
    body = inline.get_payload(decode=True)
    assert isinstance(body, bytes)
    calendar = read(body)
    (visit,) = calendar.inside("VEVENT")
    found = faults(body)
    if attached.get_payload(decode=True) != body:
        found.append("the attachment is another file")
    if inline.get_param("method") != calendar.one("METHOD").value:
        found.append("the method of the part is not METHOD")
    if inline.get_param("charset") != "utf-8":
        found.append("the part names no charset")
    if f"mailto:{mail['From'].addresses[0].addr_spec}" != visit.one("ORGANIZER").value:
        found.append("From is not ORGANIZER")
    if f"mailto:{mail['To'].addresses[0].addr_spec}" != visit.one("ATTENDEE").value:
        found.append("To is not ATTENDEE")
    if parsedate_to_datetime(mail["Date"]) != instant(visit.one("DTSTAMP")):
        found.append("Date is not DTSTAMP")
    return found + _header_faults(mail, raw)


def _header_faults(mail: EmailMessage, raw: bytes) -> list[str]:
    found = [
        f"{name} occurs {count} times" for name, count in Counter(mail.keys()).items() if count > 1
    ]
    needed = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"}
    found += [f"no {name}" for name in sorted(needed - set(mail.keys()))]
    if mail["Auto-Submitted"] != "auto-generated":
        found.append("not marked as automatic")
    if re.search(rb"(?<!\r)\n|\r(?!\n)", raw) or not raw.isascii():
        found.append("not CRLF or not ASCII")
    if max(map(len, raw.split(b"\r\n"))) > 998:
        found.append("a line longer than SMTP takes")
    return found


def _line_faults(body: bytes) -> list[str]:
    found = []
    if not body.endswith(b"\r\n") or re.search(rb"(?<!\r)\n|\r(?!\n)", body):
        found.append("line ends other than CRLF")
    lines = body.split(b"\r\n")
    if any(len(line) > 75 for line in lines):
        found.append("a line over 75 octets")
    if any(line.decode(errors="replace").find("\ufffd") >= 0 for line in lines):
        found.append("a character cut by a fold, or not UTF-8")
    if _CONTROL.search(body.decode(errors="replace").replace("\r\n", "\n")):
        found.append("a control character")
    return found


def _property(line: str) -> Property:
    head = re.match(r"([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:\"[^\"]*\"|[^\";:,]*))*):", line)
    if head is None:
        raise ValueError(line)
    parameters = {name: value.strip('"') for name, value in _PARAMETER.findall(head[2])}
    return Property(head[1], parameters, line[head.end() :])


def _calendar_faults(calendar: Component) -> list[str]:
    found = [
        f"{name} occurs {len(calendar.all(name))} times"
        for name in ("VERSION", "PRODID", "METHOD")
        if len(calendar.all(name)) != 1
    ]
    # Of a random UID of the whole (icalendar adds one) the same rows would not be the same bytes.
    if calendar.all("UID"):
        found.append("a UID of the calendar itself")
    if any(p.parameters != {"VALUE": "DURATION"} for p in calendar.all("REFRESH-INTERVAL")):
        found.append("a REFRESH-INTERVAL that does not say its type")
    method = calendar.one("METHOD").value
    visits = calendar.inside("VEVENT")
    if method != "PUBLISH" and len(visits) != 1:
        found.append("not one event in a mailed file")
    if len({visit.one("UID").value for visit in visits}) != len(visits):
        found.append("a UID occurs twice")
    zones = [zone.one("TZID").value for zone in calendar.inside("VTIMEZONE")]
    if len(set(zones)) != len(zones):
        found.append("two VTIMEZONE of one zone")
    for zone in calendar.inside("VTIMEZONE"):
        found += _zone_faults(zone)
    for visit in visits:
        found += _event_faults(visit, method=method, zones=set(zones))
    return found


def _zone_faults(zone: Component) -> list[str]:
    found = []
    names = sorted(part.name for part in zone.parts)
    if names not in (["STANDARD"], ["DAYLIGHT", "STANDARD"]):
        found.append(f"a VTIMEZONE with {names}")
    for part in zone.parts:
        expected = {"DTSTART", "TZNAME", "TZOFFSETFROM", "TZOFFSETTO"}
        if len(zone.parts) == 2:
            expected.add("RRULE")
        if {found.name for found in part.properties} != expected:
            found.append("a VTIMEZONE that says something not every client reads")
    return found


def _event_faults(visit: Component, *, method: str, zones: set[str]) -> list[str]:
    found = [
        f"{name} occurs {len(visit.all(name))} times" for name in ONCE if len(visit.all(name)) != 1
    ]
    if found:
        return found
    start, end = visit.one("DTSTART"), visit.one("DTEND")
    for time in (start, end):
        zone = time.parameters.get("TZID")
        if zone is None and not time.value.endswith("Z"):
            found.append("a floating time")
        elif zone is not None and zone not in zones:
            found.append("a TZID without VTIMEZONE")
    if not visit.one("DTSTAMP").value.endswith("Z"):
        found.append("a DTSTAMP not in UTC")
    if instant(start) >= instant(end):
        found.append("ends before it starts")
    return found + _role_faults(visit, method=method)


def _role_faults(visit: Component, *, method: str) -> list[str]:
    found = []
    if len(visit.all("ATTENDEE")) != (0 if method == "PUBLISH" else 1):
        found.append(f"{len(visit.all('ATTENDEE'))} attendees with METHOD:{method}")
    if visit.one("STATUS").value not in STATUS_OF.get(method, ANY_STATUS):
        found.append(f"a STATUS that METHOD:{method} has not")
    if visit.one("STATUS").value == "CANCELLED" and visit.parts:
        found.append("an alarm for a cancelled visit")
    people = visit.all("ORGANIZER") + visit.all("ATTENDEE")
    if any(re.search(r'["^]', person.parameters.get("CN", "")) for person in people):
        found.append("a quote in a name")
    if not all(re.fullmatch(r"mailto:[^\s@]+@[^\s@]+", person.value) for person in people):
        found.append("an address that is none")
    if not visit.one("SUMMARY").value:
        found.append("no summary")
    return found
