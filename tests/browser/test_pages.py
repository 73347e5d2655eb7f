"""Every page for every person: nothing for axe to find, nothing sideways, nothing from outside."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, ViewportSize

from outreach import clock
from tests.browser import lived_in, pages
from tests.browser.lived_in import Places
from tests.browser.pages import NOT_PAGES, PAGES, Shown
from tests.browser.served import Demo, Served
from tests.browser.visitor import ALL_RULES, COLOR_RULES, Visitor, visiting
from tests.builders import NOW

pytestmark = pytest.mark.browser

SIZES: tuple[ViewportSize, ...] = ({"width": 1280, "height": 800}, {"width": 320, "height": 6000})
"""The phone is as high as its longest page: what the tabs at its bottom cover is not too small."""
EVERY = pytest.mark.all
IN_EVERY_RUN = [page for page in PAGES if page.main]


@dataclass
class Town:
    """The lived-in demo, the language everybody speaks at the moment, and a window for each.

    One window for all pages: a new one costs half a second, and asks for every file again.
    """

    demo: Demo
    places: Places
    windows: Mapping[str, Visitor]
    locale: str = ""
    """At first each speaks their own."""

    def speak(self, locale: str) -> None:
        """Let everybody speak a language."""
        if locale != self.locale:
            lived_in.speak(self.demo, locale)
            self.locale = locale

    def stranger(self) -> Visitor:
        """Give the window of this language, as somebody who was never here."""
        window = self.windows[self.locale]
        # Else a page that looks for news would still do so, and leave for the sign-in meanwhile.
        window.page.goto("about:blank")
        window.page.context.clear_cookies()
        window.wrong.clear()
        return window


@pytest.fixture(scope="module")
def town(browser: Browser, served: Served) -> Iterator[Town]:
    with served.copy() as demo, ExitStack() as stack:
        windows = {
            locale: stack.enter_context(visiting(browser, demo, locale=locale, scripts=True))
            for locale in ("en", "es")
        }
        yield Town(demo, lived_in.live(demo), windows)


@pytest.mark.parametrize("shown", IN_EVERY_RUN, ids=lambda page: page.name)
def test_a_main_page_has_no_accessibility_finding(town: Town, shown: Shown) -> None:
    town.speak("en")

    assert _look(town, shown, themes=("light",)) == []


@EVERY
@pytest.mark.parametrize("locale", ["en", "es"])
@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_no_page_has_an_accessibility_finding_in_any_look(
    town: Town, shown: Shown, locale: str
) -> None:
    town.speak(locale)
    seen_in_every_run = shown.main and locale == "en"

    assert _look(town, shown, themes=("dark",) if seen_in_every_run else ("light", "dark")) == []


def test_the_list_names_every_page_there_is(served: Served) -> None:
    there = {
        rule.endpoint for rule in served.app.url_map.iter_rules() if "GET" in (rule.methods or ())
    }
    listed = {page.endpoint for page in PAGES}

    assert there - listed - set(NOT_PAGES) == set(), "pages not in tests/browser/pages.py"
    assert listed - there == set(), "pages of tests/browser/pages.py that are no more"


def _look(town: Town, shown: Shown, *, themes: tuple[str, ...]) -> list[str]:
    """Look at a page in each theme and width; return what is wrong with it.

    Each look begins at NOW: who is in stays in, and a second step is fresh.
    """
    visitor = town.stranger()
    page = visitor.page
    page.emulate_media(color_scheme=themes[0])  # type: ignore[arg-type] # one of Playwright's two
    page.set_viewport_size(SIZES[0])
    with clock.at(NOW):
        try:
            status = pages.show(visitor, shown, town.demo, town.places)
            found = [] if status == shown.status else [f"{status}: {visitor.text()[:200]}"]
            if page.evaluate("document.documentElement.lang") != town.locale:
                found.append(f"it does not say that it is in {town.locale}")
            visitor.bring_axe()
            for theme in themes:
                page.emulate_media(color_scheme=theme)  # type: ignore[arg-type] # as above
                # In the dark it is the same page in other colors.
                rules = ALL_RULES if theme == "light" else COLOR_RULES
                for size in SIZES:
                    page.set_viewport_size(size)
                    found += [f"{theme} {size['width']}: {e}" for e in visitor.findings(rules)]
        finally:
            if shown.undo:
                shown.undo(town.demo)
    return found + visitor.wrong
