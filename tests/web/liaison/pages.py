"""What tests read off a page: its words, its forms, and how many queries it took."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.test import TestResponse

NBSP = "\N{NO-BREAK SPACE}"


def text_of(page: TestResponse) -> str:
    """Return what a reader sees, in one line, with plain spaces."""
    body = page.text.partition("<main")[2].partition("</main>")[0] or page.text
    words = html.unescape(re.sub(r"<[^>]+>", " ", body)).replace(NBSP, " ")
    return re.sub(r" ([.,:;?!])", r"\1", " ".join(words.split()))


def hidden_fields(page: TestResponse) -> dict[str, str]:
    """Return the hidden fields of the page's main form, without its forgery token."""
    body = page.text.partition("<main")[2].partition("</main>")[0]
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', body)
    return {name: html.unescape(value) for name, value in found if name != "csrf_token"}


@dataclass(slots=True)
class Queries:
    """How many statements were sent."""

    count: int = 0


@contextmanager
def count_queries() -> Iterator[Queries]:
    """Count the statements of every engine."""
    seen = Queries()

    def see(*_given: object) -> None:
        seen.count += 1

    event.listen(Engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", see)
