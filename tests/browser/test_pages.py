"""Every page for every person: nothing for axe to find, nothing sideways, nothing from outside."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.browser import lived_in, pages
from tests.browser.lived_in import Places
from tests.browser.pages import NOT_PAGES, PAGES, Shown
from tests.browser.served import Demo, Served
from tests.browser.visitor import ALL_RULES, COLOR_RULES, visiting

pytestmark = pytest.mark.browser

SIZES = ((1280, 800), (320, 6000))
"""The phone is as high as its longest page: what the tabs at its bottom cover is not too small."""
EVERY = pytest.mark.all
IN_EVERY_RUN = [page for page in PAGES if page.main]


@dataclass
class Town:
    """The lived-in demo, and the language its people speak at the moment."""

    demo: Demo
    places: Places
    locale: str = "en"

    def speak(self, locale: str) -> None:
        """Let everybody speak a language."""
        if locale != self.locale:
            lived_in.speak(self.demo, locale)
            self.locale = locale


@pytest.fixture(scope="module")
def town(served: Served) -> Iterator[Town]:
    with served.copy() as demo:
        yield Town(demo, lived_in.live(demo))


@pytest.mark.parametrize("shown", IN_EVERY_RUN, ids=lambda page: page.name)
def test_a_main_page_has_no_accessibility_finding(
    browser: Browser, town: Town, shown: Shown
) -> None:
    town.speak("en")

    assert _look(browser, town, shown, themes=("light",)) == []


@EVERY
@pytest.mark.parametrize("locale", ["en", "es"])
@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_no_page_has_an_accessibility_finding_in_any_look(
    browser: Browser, town: Town, shown: Shown, locale: str
) -> None:
    town.speak(locale)

    assert _look(browser, town, shown, themes=("light", "dark")) == []


def test_the_list_names_every_page_there_is(served: Served) -> None:
    there = {
        rule.endpoint for rule in served.app.url_map.iter_rules() if "GET" in (rule.methods or ())
    }
    listed = {page.endpoint for page in PAGES}

    assert there - listed - set(NOT_PAGES) == set(), "pages not in tests/browser/pages.py"
    assert listed - there == set(), "pages of tests/browser/pages.py that are no more"


def _look(browser: Browser, town: Town, shown: Shown, *, themes: tuple[str, ...]) -> list[str]:
    """Look at a page in each theme and width; return what is wrong with it."""
    found: list[str] = []
    with visiting(browser, town.demo, locale=town.locale, scripts=True) as visitor:
        status = pages.show(visitor, shown, town.demo, town.places)
        if status != shown.status:
            found.append(f"the status is {status}: {visitor.text()[:200]}")
        if visitor.page.locator("html").get_attribute("lang") != town.locale:
            found.append(f"it does not say that it is in {town.locale}")
        visitor.bring_axe()
        for theme in themes:
            visitor.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            # The other theme has the same page in other colors.
            rules = ALL_RULES if theme == themes[0] else COLOR_RULES
            for width, height in SIZES:
                visitor.page.set_viewport_size({"width": width, "height": height})
                found += [f"{theme} {width}: {each}" for each in visitor.findings(rules)]
    if shown.undo:
        shown.undo(town.demo)
    return found
