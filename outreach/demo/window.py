"""A person's browser in the tour: opens pages and sends their forms, as they stand on the page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient

from outreach.demo.record import Record

Fields = dict[str, Any]


class Broken(Exception):
    """A step did not do what it should."""


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, and what it sends that nobody types."""

    action: str
    hidden: Fields = field(default_factory=dict)


class _Forms(HTMLParser):
    """Collects the forms of a page, with their hidden fields and the value of their one button."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a form, or a hidden field of the one that is open."""
        given = dict(attrs)
        if tag == "form":
            self.found.append(Form(given.get("action") or ""))
            self._is_inside = True
        elif tag == "input" and self._is_inside and given.get("type") == "hidden":
            self.found[-1].hidden[given.get("name") or ""] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        """Leave a form."""
        self._is_inside = self._is_inside and tag != "form"


@dataclass(slots=True)
class Window:
    """One browser: its cookies, and the page it shows. Pages seen are kept by the record."""

    client: FlaskClient
    record: Record
    path: str = "/"
    html: str = ""

    def open(self, path: str, *, name: str = "") -> str:
        """Open a page; with a name it is kept. Raises Broken unless it opens."""
        return self._shown(self.client.get(path, follow_redirects=True), name)

    def send(self, action: str, typed: Mapping[str, Any] | None = None, *, name: str = "") -> str:
        """Send the form whose address ends so, with what is typed; return the page that follows."""
        form = next((f for f in self._forms() if (f.action or self.path).endswith(action)), None)
        if form is None:
            raise Broken(f"The page {self.path} has no form that goes to {action}.")
        data = {**form.hidden, **(typed or {})}
        answer = self.client.post(form.action or self.path, data=data, follow_redirects=True)
        return self._shown(answer, name)

    def _forms(self) -> list[Form]:
        parser = _Forms()
        parser.feed(self.html)
        return parser.found

    def _shown(self, answer: Any, name: str) -> str:  # noqa: ANN401 - werkzeug's test response
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP
            raise Broken(f"{answer.request.path} answered {answer.status_code}.")
        if name:
            self.record.page(name, answer.data)
        self.path, self.html = answer.request.path, answer.get_data(as_text=True)
        return self.path
