import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from jinja2 import Environment

from tests import catalogs

TEMPLATES = catalogs.ROOT / "templates"
PAGES = sorted(TEMPLATES.rglob("*.html"))
LEXER = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
EXPRESSION = "\0"
TAG = re.compile(
    r"<!--.*?-->|<!doctype[^>]*>|<style>.*?</style>|<[^>]*>", re.DOTALL | re.IGNORECASE
)
SPOKEN_ATTRIBUTE = re.compile(r'\b(?:alt|aria-label|placeholder|title)="([^"]*)"')
ENTITY = re.compile(r"&#?\w+;")
WORD = re.compile(r"[^\W\d_]{2,}")


def words_outside_the_catalogs(source: str) -> list[str]:
    """Give the words of a template that people read or hear and that no catalog translates."""
    pieces: list[str] = []
    translated = False
    for _line, kind, value in LEXER.lex(source):
        if kind == "name" and value in {"trans", "endtrans"}:
            translated = value == "trans"
        elif kind == "data" and not translated:
            pieces.append(value)
        elif kind == "variable_begin":
            pieces.append(EXPRESSION)
    html = "".join(pieces)
    attributes = " ".join(SPOKEN_ATTRIBUTE.findall(html))
    return WORD.findall(ENTITY.sub(" ", f"{TAG.sub(' ', html)} {attributes}"))


def test_spanish_says_everything_english_says() -> None:
    differences = catalogs.compare()

    assert str(differences) == ""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_every_word_on_a_page_goes_through_the_catalogs(path: Path) -> None:
    assert words_outside_the_catalogs(path.read_text("utf-8")) == []


def test_words_that_no_catalog_has_are_found() -> None:
    page = """
    {% trans %}Good{% endtrans %} <p class="lead">Bad {{ _('Fine') }} &nbsp;</p>
    <img alt="Worse" src="x.svg"><a title="{{ _('Fine') }}" href="/a">{# not shown #}</a>
    """

    assert words_outside_the_catalogs(page) == ["Bad", "Worse"]


def make_entry(msgid: str | tuple[str, str], said: str | tuple[str, ...]) -> catalogs.Entry:
    return catalogs.Entry("speaker.po", Message(msgid, said))


def look_at(msgid: str | tuple[str, str], said: str | tuple[str, ...]) -> str:
    found = catalogs.Differences()
    catalogs._look_at(make_entry(msgid, said), (msgid,) if isinstance(msgid, str) else msgid, found)
    return str(found)


def test_a_translation_must_fill_in_the_same_values() -> None:
    assert look_at("Thank you, %(name)s.", "Gracias, %(name)s.") == ""
    assert "mismatched" in look_at("Thank you, %(name)s.", "Gracias, %(nombre)s.")
    assert "mismatched" in look_at("Thank you.", "Gracias, %(name)s.")


def test_only_the_form_for_one_may_leave_the_number_out() -> None:
    visits = ("%(num)s visit", "%(num)s visits")

    assert look_at(visits, ("Una visita", "%(num)s visitas")) == ""
    assert "mismatched" in look_at(visits, ("%(num)s visita", "Unas visitas"))
    assert "missing" in look_at(visits, ("%(num)s visita", ""))
