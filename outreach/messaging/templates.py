"""The words of a message: template and values → text, the same every time.

Links and codes are derived here, so that none lies in a row. Mails are written as text; their
HTML is made from the same blocks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

import outreach
from outreach import i18n
from outreach.links import Links
from outreach.messaging import own_words, segments

_KM_PER_MILE: Final = 1.609344
_FACT: Final = re.compile(r"(\w+(?: \w+){0,2}): (.+)")
"""A label of three words at most, and its value."""
_LINK: Final = re.compile(r"https?://\S+")
_YES: Final = {"en": "YES", "es": "SI"}
"""As `words.hear` takes it; SÍ would turn a whole text into UCS-2."""
_HOSPITAL_LETTERS, _UNIT_LETTERS = 18, 11
"""As many as our own reminder shows (sms/reminder.txt)."""
_INLINER: Final = css_inline.CSSInliner(load_remote_stylesheets=False)
_INSTANTS: Final = frozenset(
    {"starts_at", "ends_at", "expires_at", "was", "other_start", "other_end"}
    | {"debrief_until", "came_until"}
)
_PROSE: Final = frozenset({"text", "text_es"})
"""A coordinator's own words: their lines stay. They were looked through before they were kept
(`notes`): no line of theirs is a link, so none can pass for a button."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's words."""

    subject: str
    text: str
    html: str
    unsubscribe: str = ""
    """Where one click ends mails of this kind; "" where that is not for the reader to end."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph. With a `link` it is a button, whose label is its only line."""

    lines: tuple[str, ...]
    link: str = ""

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Label and value of each line, if all are such; else nothing."""
        found = [_FACT.fullmatch(line) for line in self.lines]
        return tuple((fact[1], fact[2]) for fact in found if fact) if all(found) else ()


class Texts:
    """Renders messages for one service: its name, its public address, whom to call."""

    def __init__(self, *, links: Links, service_name: str, support_phone: str = "") -> None:
        self._links = links
        self._service_name = service_name
        self._support_phone = support_phone

    def sms(
        self, kind: str, values: Mapping[str, Any], *, locale: str, to_name: str = "", own: str = ""
    ) -> str:
        """Return a text message, in GSM-7 wherever its names allow.

        `own` is an affiliate's wording in place of ours; only that may say the name.
        """
        with i18n.speaking(locale):
            if own:
                name = _shortened(_typed("name", to_name), own_words.LONGEST_NAME)
                text = own_words.filled(own, self._facts(kind, values, name=name, short=True))
            else:
                text = self._rendered(f"sms/{kind}.txt", values)
        return segments.folded(" ".join(text.split()))

    def mail(
        self, kind: str, values: Mapping[str, Any], *, to_name: str, locale: str, own: str = ""
    ) -> Letter:
        """Return a mail: subject, text, and HTML with its styles inside.

        `own` is an affiliate's passage, which comes last.
        """
        with i18n.speaking(locale):
            written = self._rendered(f"mail/{kind}.txt", {**values, "to_name": to_name})
            footer = self._rendered("mail/_footer.txt", {}).strip().splitlines()
            subject, _, body = written.strip().partition("\n")
            blocks = _blocks(body)
            if own:
                name = _typed("name", to_name)
                blocks += _blocks(own_words.filled(own, self._facts(kind, values, name=name)))
            html = self._rendered(
                "mail/layout.html",
                {"subject": subject, "blocks": blocks, "footer": footer, "locale": locale},
            )
        signature = "\n".join(["-- ", self._service_name, *footer])
        text = "\n\n".join([*map(_as_text, blocks), signature])
        unsubscribe = self._no_notes(values["stop_id"]) if "stop_id" in values else ""
        return Letter(subject, f"{text}\n", _INLINER.inline(html), unsubscribe)

    def _rendered(self, name: str, values: Mapping[str, Any]) -> str:
        return self._environment.get_template(name).render(self._context(values))

    def draft(self, kind: str, values: Mapping[str, Any], *, locale: str) -> str:
        """Return our own text with placeholders in place of these values, for a start."""
        text = self.sms(kind, values, locale=locale)
        with i18n.speaking(locale):
            facts = self._facts(kind, values, name="", short=True)
        for name, value in sorted(facts.items(), key=lambda fact: -len(fact[1])):
            if value:
                text = text.replace(segments.folded(value), f"{{{name}}}")
        return text

    def _facts(
        self, kind: str, values: Mapping[str, Any], *, name: str, short: bool = False
    ) -> dict[str, str]:
        """Return what the placeholders of an own wording stand for."""
        given = self._context(values)
        say = i18n.short_when if short else i18n.when
        told = {"service": self._service_name, "name": name}
        told |= {
            placeholder: say(given[key], zone=given["zone"])
            for placeholder, key in (("when", "starts_at"), ("was", "was"))
            if key in given
        }
        if "number" in given:
            told |= {
                "yes": f"{_YES[i18n.locale()]} {given['number']}",
                "no": f"NO {given['number']}",
            }
        if "hospital" in given:
            hospital = _shortened(given["hospital"], _HOSPITAL_LETTERS)
            told["place"] = f"{hospital}, {_shortened(given['unit'], _UNIT_LETTERS)}"
        link = given.get("debrief_link") if kind == "debrief" else given["visit_link"]
        return {"place": "", **told, "link": link or ""}

    def _context(self, values: Mapping[str, Any]) -> dict[str, Any]:
        given = {key: _typed(key, value) for key, value in values.items()}
        if "offer_id" in given:
            token = self._links.answer_token(
                given["offer_id"], speaker_id=given["speaker_id"], expires_at=given["expires_at"]
            )
            given["answer_link"] = self._links.answer(token)
        if "debrief_until" in given:
            token = self._links.debrief_token(
                given["assignment_id"],
                speaker_id=given["speaker_id"],
                expires_at=given["debrief_until"],
            )
            given["debrief_link"] = self._links.debrief(token)
        if "came_until" in given:
            token = self._links.came_token(given["visit_id"], expires_at=given["came_until"])
            given["came_link"] = self._links.came(token)
        # A speaker's own page of the visit needs no signing in; everyone else signs in, and is led
        # there from a mail. A text has no room for that and leads home.
        home = self._links.to("/")
        given["visit_link"] = given.get("answer_link", home)
        page = self._links.visit(given["visit_id"]) if "visit_id" in given else home
        given["page_link"] = given.get("answer_link", page)
        if "other_start" in given:
            given["time_link"] = self._links.to(f"/units/visits/{given['visit_id']}/other-time")
        if "link_id" in given:
            token = self._links.item_token(given["link_id"], expires_at=given["expires_at"])
            given["item_link"] = self._links.item(token)
        if "link_code_id" in given:
            given["code"] = self._links.link_code(given["link_code_id"])
        if given.get("helpers_of"):
            given["helpers_link"] = self._links.to(
                f"/coordinator/affiliates/{given['helpers_of']}/helpers"
            )
        if "code_id" in given:
            given["code"] = self._links.sign_in_code(given["code_id"])
        if "stop_id" in given:
            given |= self._of_a_note(given)
        return given

    def _of_a_note(self, given: Mapping[str, Any]) -> dict[str, str]:
        spanish = given["text_es"] if i18n.locale() == "es" else ""
        text = spanish or given["text"]
        return {"text": text, "stop_link": self._no_notes(given["stop_id"])}

    def _no_notes(self, message_id: str) -> str:
        return self._links.no_notes(self._links.no_notes_token(message_id))

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(_folder()),
            undefined=StrictUndefined,
            autoescape=select_autoescape(["html"], default=False),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["shortened"] = _shortened
        environment.globals |= {
            "_": i18n.gettext,
            "ngettext": i18n.ngettext,
            "day": _day,
            "when": i18n.when,
            "short_when": i18n.short_when,
            "span": i18n.span,
            "miles": _miles,
            "service": self._service_name,
            "support_phone": self._support_phone,
            "home_link": self._links.to("/"),
            "sign_in_link": self._links.to("/sign-in"),
            "cost_link": self._links.to("/coordinator/messages/cost"),
        }
        return environment


def _folder() -> Path:
    """Find the messages' templates in the installed package, else beside it."""
    package = Path(outreach.__file__).parent
    inside = package / "templates"
    root = inside if inside.is_dir() else package.parent / "templates"
    return root / "messages"


def _typed(key: str, value: Any) -> Any:  # noqa: ANN401 - values are JSON
    if key in _INSTANTS:
        return datetime.fromisoformat(value)
    if key in _PROSE:
        return value
    # A name is one line, or it could pass for a subject or a button.
    return " ".join(value.split()) if isinstance(value, str) else value


def _blocks(body: str) -> list[Block]:
    paragraphs = re.split(r"\n\s*\n", body.strip())
    return [_block(tuple(line.strip() for line in p.strip().splitlines())) for p in paragraphs]


def _block(lines: tuple[str, ...]) -> Block:
    if len(lines) > 1 and _LINK.fullmatch(lines[-1]):
        return Block((lines[0].removesuffix(":"),), link=lines[-1])
    return Block(lines)


def _as_text(block: Block) -> str:
    return f"{block.lines[0]}:\n{block.link}" if block.link else "\n".join(block.lines)


def _day(instant: datetime, *, zone: str) -> str:
    return i18n.day(instant.astimezone(ZoneInfo(zone)))


def _miles(distance_km: float) -> str:
    miles = max(1, round(distance_km / _KM_PER_MILE))
    return i18n.ngettext("about %(num)s mile from you", "about %(num)s miles from you", miles)


def _shortened(name: str, length: int) -> str:
    """Cut a name for a text message, between words where that leaves something."""
    if len(name) <= length:
        return name
    cut = name[: length + 1].rpartition(" ")[0]
    return cut.rstrip(" ,-") or name[:length]
