"""A Twilio on loopback that remembers: it takes messages, lists them, and fails on demand.

What it answers has the shape of Twilio's own resource (api v2010, Message); the tests read it with
the real client.
"""

import base64
import json
import random
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from twilio.request_validator import RequestValidator

ACCOUNT = "AC" + "0" * 32
TOKEN = "the stand-in's token"
NUMBER = "+15005550006"


class Fault(Enum):
    """What goes wrong with the next call."""

    TOO_MANY = "429, never processed"
    ERROR_AFTER_ACCEPT = "500, though the message was taken"
    ERROR_BEFORE_ACCEPT = "500, and the message was not taken"
    DROP_AFTER_ACCEPT = "the line is cut, though the message was taken"
    GARBLED = "an answer nobody can read, though the message was taken"
    BAD_CREDENTIALS = "20003"
    BAD_NUMBER = "21211"
    OPTED_OUT = "21610"


REFUSALS = {
    Fault.TOO_MANY: (429, 20429, "Too Many Requests"),
    Fault.BAD_CREDENTIALS: (401, 20003, "Authenticate"),
    Fault.BAD_NUMBER: (400, 21211, "Invalid 'To' Phone Number"),
    Fault.OPTED_OUT: (400, 21610, "Attempt to send to unsubscribed recipient"),
}
ACCEPTING = {Fault.ERROR_AFTER_ACCEPT, Fault.DROP_AFTER_ACCEPT, Fault.GARBLED}


@dataclass
class Taken:
    """A message the stand-in has taken."""

    sid: str
    to: str
    sender: str
    body: str
    callback: str
    validity_s: int
    at: datetime
    status: str = "queued"
    error_code: int | None = None

    def resource(self) -> dict[str, Any]:
        """Return it as Twilio's API shows it."""
        created = format_datetime(self.at)
        return {
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": created,
            "date_sent": None,
            "date_updated": created,
            "direction": "outbound-api",
            "error_code": self.error_code,
            "error_message": None,
            "from": self.sender,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{self.sid}"},
            "to": self.to,
            "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{self.sid}.json",
        }


@dataclass
class TwilioStandIn:
    """What was taken, and what is to go wrong next. `now` stamps what is taken.

    With `shares` calls go wrong by chance; an answer comes `takes_s` after the message was taken,
    and the list shows it from `lags_s` on. With `arrives_as` whoever asks about one text is told
    this status, and the code that goes by it.
    """

    taken: list[Taken] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    now: datetime | None = None
    list_fails: bool = False
    list_shows_nothing: bool = False
    arrives_as: str = ""
    arrives_with: int | None = None
    account_type: str = "Full"
    numbers: tuple[str, ...] = (NUMBER,)
    url: str = ""
    calls: int = 0
    shares: Mapping[Fault, float] = field(default_factory=dict)
    takes_s: float = 0.0
    lags_s: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - chance, no secret
    lock: threading.Lock = field(default_factory=threading.Lock)

    def to(self, phone: str) -> list[Taken]:
        """Return what was taken for a number."""
        return [message for message in self.taken if message.to == phone]

    def listed(self, to: str, sender: str | None) -> list[dict[str, Any]]:
        """Return what the list shows for a number, the newest first."""
        if self.list_shows_nothing:
            return []
        shown_until = (self.now or datetime.now(UTC)) - timedelta(seconds=self.lags_s)
        return [
            message.resource()
            for message in reversed(self.to(to))
            if sender in (None, message.sender) and message.at <= shown_until
        ]

    def take(self, form: dict[str, str]) -> Taken:
        """Take a message."""
        with self.lock:
            return self._taken(form)

    def fault(self) -> Fault | None:
        """Say what goes wrong with this call: what was told, else by chance."""
        with self.lock:
            if self.faults:
                return self.faults.popleft()
            drawn = self.chance.random()
            for fault, share in self.shares.items():
                drawn -= share
                if drawn < 0:
                    return fault
            return None

    def _taken(self, form: dict[str, str]) -> Taken:
        message = Taken(
            sid=f"SM{len(self.taken) + 1:032x}",
            to=form["To"],
            sender=form.get("From", ""),
            body=form["Body"],
            callback=form.get("StatusCallback", ""),
            validity_s=int(form.get("ValidityPeriod", "36000")),
            at=self.now or datetime.now(UTC),
        )
        self.taken.append(message)
        return message

    def callback(self, message: Taken, status: str, code: str = "") -> dict[str, str]:
        """Return the form of a status callback."""
        form = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": message.to,
            "From": message.sender,
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
        }
        return form | ({"ErrorCode": code} if code else {})


def signature(url: str, form: dict[str, str]) -> str:
    """Sign a webhook as Twilio does."""
    return str(RequestValidator(TOKEN).compute_signature(url, form))


@contextmanager
def running() -> Iterator[TwilioStandIn]:
    """Run a stand-in on a free loopback port."""
    standin = TwilioStandIn()
    handler = type("Call", (_Call,), {"standin": standin})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    standin.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield standin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Call(BaseHTTPRequestHandler):
    """One call."""

    standin: TwilioStandIn

    def do_POST(self) -> None:
        """Create a message."""
        self.standin.calls += 1
        if self._named() is not None:
            return self._redact()
        length = int(self.headers.get("Content-Length", "0"))
        sent = parse_qs(self.rfile.read(length).decode(), keep_blank_values=True)
        form = {key: values[0] for key, values in sent.items()}
        fault = self.standin.fault()
        if not self._is_signed_in():
            fault = Fault.BAD_CREDENTIALS
        if "To" not in form:  # who sent it was killed in the middle
            return self._refuse(400, 21604, "A 'To' phone number is required.")
        if form.get("StatusCallback") == "":
            return self._refuse(400, 21609, "Invalid 'StatusCallback' URL")
        if fault is None:
            taken = self.standin.take(form)
            time.sleep(self.standin.takes_s)  # a worker killed now never hears of it
            return self._answer(201, taken.resource())
        if fault in REFUSALS:
            return self._refuse(*REFUSALS[fault])
        if fault in ACCEPTING:
            self.standin.take(form)
        return self._break(fault)

    def do_GET(self) -> None:
        """List messages, the newest first; or show one, or the account and its numbers."""
        if "/Messages" not in self.path:
            return self._show_account()
        if self._named() is not None:
            return self._show()
        if self.standin.list_fails:
            return self._refuse(500, 20500, "Internal Server Error")
        query = parse_qs(urlsplit(self.path).query)
        shown = self.standin.listed(query["To"][0], query.get("From", [None])[0])
        path = urlsplit(self.path).path
        return self._answer(
            200,
            {
                "messages": shown,
                "page": 0,
                "page_size": 50,
                "start": 0,
                "end": max(0, len(shown) - 1),
                "uri": self.path,
                "first_page_uri": f"{path}?PageSize=50&Page=0",
                "next_page_uri": None,
                "previous_page_uri": None,
            },
        )

    def do_HEAD(self) -> None:
        """Tell the time."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""

    def _named(self) -> str | None:
        """Return the id of the one message the address names; None where it names them all."""
        last = urlsplit(self.path).path.rpartition("/")[2].removesuffix(".json")
        return last if last.startswith("SM") else None

    def _find(self) -> Taken | None:
        return next((m for m in self.standin.taken if m.sid == self._named()), None)

    def _show(self) -> None:
        found = self._find()
        if self.standin.list_fails:
            return self._refuse(500, 20500, "Internal Server Error")
        if found is None:
            return self._refuse(404, 20404, "The requested resource was not found")
        if self.standin.arrives_as:
            found.status = self.standin.arrives_as
            found.error_code = self.standin.arrives_with
        return self._answer(200, found.resource())

    def _show_account(self) -> None:
        if not self._is_signed_in():
            return self._refuse(*REFUSALS[Fault.BAD_CREDENTIALS])
        if "/IncomingPhoneNumbers" not in self.path:
            standin = self.standin
            account = {"sid": ACCOUNT, "status": "active", "type": standin.account_type}
            return self._answer(200, account)
        asked = parse_qs(urlsplit(self.path).query)["PhoneNumber"][0]
        owned = [
            {"sid": "PN" + "1" * 32, "phone_number": number, "capabilities": {"sms": True}}
            for number in self.standin.numbers
            if number == asked
        ]
        return self._answer(
            200, {"incoming_phone_numbers": owned, "page": 0, "next_page_uri": None}
        )

    def _redact(self) -> None:
        """Empty a message's body, unless it is still on its way."""
        length = int(self.headers.get("Content-Length", "0"))
        form = parse_qs(self.rfile.read(length).decode(), keep_blank_values=True)
        found = self._find()
        if self.standin.list_fails:
            return self._refuse(500, 20500, "Internal Server Error")
        if found is None:
            return self._refuse(404, 20404, "The requested resource was not found")
        if found.status in {"queued", "sending"}:
            return self._refuse(400, 20009, "Cannot modify a message that is not complete")
        found.body = form["Body"][0]
        return self._answer(200, found.resource())

    def _is_signed_in(self) -> bool:
        expected = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        return self.headers.get("Authorization") == f"Basic {expected}"

    def _break(self, fault: Fault) -> None:
        if fault is Fault.DROP_AFTER_ACCEPT:
            self.close_connection = True
            return
        if fault is Fault.GARBLED:
            self._write(201, b"<html>")
            return
        self._refuse(500, 20500, "Internal Server Error")

    def _refuse(self, status: int, code: int, message: str) -> None:
        more = f"https://www.twilio.com/docs/errors/{code}"
        self._answer(
            status,
            {"code": code, "message": message, "more_info": more, "status": status},
        )

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self._write(status, json.dumps(body).encode())

    def _write(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
