"""Each part of the look, in both themes and at three widths, in one real browser."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

PAGES = ("parts", "today", "visits", "visit", "ask", "unit", "home", "answer", "code", "error")
# Read once and asked for the violations alone: axe's full answer is most of the time it takes.
AXE = Axe().axe_script
VIOLATIONS = """axe.run({resultTypes: ["violations"]}).then(found =>
  found.violations.map(one => `${one.id} ${one.nodes[0].html}`))"""

pytestmark = pytest.mark.browser


def _watch(page: Page, site: str) -> list[str]:
    """Collect what a page must not do: console errors (policy violations are), foreign requests."""
    seen: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            seen.append(f"{page.url}: {message.text}")

    def on_request(request: Request) -> None:
        if not request.url.startswith((site, "data:")):
            seen.append(f"{page.url}: asked {request.url}")

    page.on("console", on_console)
    page.on("request", on_request)
    return seen


def _sideways(page: Page) -> list[str]:
    """Say by how many pixels the page is wider than its window; nothing when it fits."""
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return [f"sideways by {wider}"] if wider > 0 else []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("widths", [(1280, 320), pytest.param((390,), marks=pytest.mark.all)])
def test_no_page_of_parts_has_an_accessibility_finding_or_scrolls_sideways(
    browser: Browser, site: str, theme: str, widths: tuple[int, ...]
) -> None:
    page = browser.new_page(color_scheme=theme)  # type: ignore[arg-type]  # the two of Playwright
    refused = _watch(page, site)
    findings: list[str] = []

    for name in PAGES:
        page.goto(f"{site}/en/{name}")
        page.evaluate(AXE)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 844})
            found = [*page.evaluate(VIOLATIONS), *_sideways(page)]
            findings += [f"{name} {theme} {width}: {one}" for one in found]
    page.close()

    assert findings == []
    assert refused == []


def test_the_error_summary_has_the_focus_and_leads_to_the_fields(
    browser: Browser, site: str
) -> None:
    page = browser.new_page()

    page.goto(f"{site}/en/ask")

    assert page.title() == "There is a problem: When would you like the visit? – Outreach"
    assert page.evaluate("document.activeElement.className") == "summary"
    assert page.locator(".summary h2").inner_text() == "Please look at three answers"
    targets = page.locator(".summary a").evaluate_all("all => all.map(a => a.hash.slice(1))")
    assert targets == ["often-0", "day", "start"]
    assert page.locator("#day").get_attribute("aria-describedby") == "day-hint day-error"
    assert page.locator("#start").input_value() == "18:00"
    page.close()


def test_the_frame_of_each_page_speaks_spanish(browser: Browser, site: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 844})

    page.goto(f"{site}/es/ask")

    assert page.locator("html").get_attribute("lang") == "es"
    assert page.locator(".foot p").inner_text().startswith("Si alguien está en peligro, llame al")
    assert page.locator(".summary h2").inner_text() == "Revise tres respuestas"
    assert _sideways(page) == []
    page.close()


def test_the_speakers_tabs_stay_at_the_bottom_of_a_phone(browser: Browser, site: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})

    page.goto(f"{site}/en/home")

    box = page.locator(".tabs").bounding_box()
    assert box is not None
    assert round(box["y"] + box["height"]) == 844
    assert page.locator(".tabs a").first.evaluate("a => a.clientHeight") >= 44
    page.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_each_box_of_the_week_is_named_by_day_and_part(
    browser: Browser, site: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844})

    page.goto(f"{site}/en/home")

    boxes = page.get_by_role("checkbox")
    assert boxes.count() == 6
    assert page.get_by_role("checkbox", name="Monday, Morning", exact=True).is_checked()
    page.close()


def test_print_is_black_on_white_without_navigation_or_buttons(browser: Browser, site: str) -> None:
    page = browser.new_page(color_scheme="dark")
    page.emulate_media(media="print")

    page.goto(f"{site}/en/unit")

    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert [page.locator(part).first.is_visible() for part in (".top", ".btn", "h1")] == [
        False,
        False,
        True,
    ]
    page.close()
