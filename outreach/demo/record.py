"""What the tour shows and keeps: each message that left, each page seen, each calendar."""

import json
import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path

from rich.console import Console
from rich.text import Text
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.messaging.models import ConsoleMessage

_UNSAFE = re.compile(r"[^A-Za-z0-9.@_-]+")


@dataclass(slots=True)
class Record:
    """The tour's terminal, and the folder it fills (`out` None keeps nothing)."""

    console: Console
    out: Path | None
    seen: int = 0
    pages: int = 0
    mails: int = 0
    texts: list[dict[str, str]] = field(default_factory=list)

    def step(self, number: int, title: str, *, when: str) -> None:
        """Begin a step; `when` is the moved clock in words."""
        self.console.print()
        self.console.print(Text(f"{number}. {title}", style="bold"))
        self.console.print(Text(f"   {when}", style="dim"))

    def say(self, words: str) -> None:
        """Tell what happened."""
        self.console.print(Text(f"   {words}"))

    def messages(self, session: Session) -> list[ConsoleMessage]:
        """Show and keep what has left since the last time, in order."""
        newer = select(ConsoleMessage).where(ConsoleMessage.id > self.seen)
        left = list(session.scalars(newer.order_by(ConsoleMessage.id)))
        for message in left:
            self.seen = message.id
            if message.channel == "sms":
                self._text(message)
            else:
                self._mail(message)
        return left

    def page(self, name: str, html: bytes) -> None:
        """Keep a page somebody saw."""
        self.pages += 1
        self._write(f"pages/{self.pages:03d}-{name}.html", html)

    def feed(self, name: str, body: bytes) -> None:
        """Keep a person's calendar feed."""
        self._write(f"feeds/{name}.ics", body)

    def close(self) -> None:
        """Write what is kept as one file."""
        lines = "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in self.texts)
        self._write("sms.jsonl", lines.encode())

    def _text(self, message: ConsoleMessage) -> None:
        self.texts.append(
            {
                "to": message.to_address,
                "body": message.text,
                "kind": message.kind,
                "at": message.at.isoformat(),
            }
        )
        self.say(f"SMS  {message.to_address}  {message.text}")

    def _mail(self, message: ConsoleMessage) -> None:
        self.mails += 1
        raw = message.raw or b""
        recipient = _UNSAFE.sub("-", message.to_address)
        self._write(f"mails/{self.mails:03d}-{recipient}.eml", raw)
        self.say(f"Mail {message.to_address}  {message.subject}")
        for line in _calendar_lines(raw):
            self.say(f"     calendar: {line}")

    def _write(self, name: str, content: bytes) -> None:
        if self.out is not None:
            path = self.out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _calendar_lines(raw: bytes) -> list[str]:
    """Return what a mail changes in a calendar, in one line for each part."""
    found = []
    for part in message_from_bytes(raw, policy=policy.default).walk():
        if part.get_content_type() != "text/calendar":
            continue
        text = bytes(part.get_payload(decode=True)).decode()
        lines = text.replace("\r\n ", "").splitlines()
        wanted = ("METHOD", "SEQUENCE", "DTSTART", "STATUS", "SUMMARY")
        event = lines[lines.index("BEGIN:VEVENT") :]
        method = [line for line in lines if line.startswith("METHOD")]
        found.append("; ".join(method + [x for x in event if x.startswith(wanted)]))
    return found
