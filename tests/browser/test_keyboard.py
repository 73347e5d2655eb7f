"""A coordinator's task by keyboard alone: no mouse, no script, and the focus always seen."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.served import Demo
from tests.browser.visitor import visiting

pytestmark = pytest.mark.browser

FARTHEST = 60
"""So many tabs reach whatever a page holds that is worth a walk."""

FOCUSED = """() => {
    const at = document.activeElement;
    const look = getComputedStyle(at), box = at.getBoundingClientRect();
    return {
        words: at.textContent.trim().replace(/\\s+/g, " "),
        outlined: look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2,
        inside: box.bottom > 0 && box.top < innerHeight && box.width >= 24 && box.height >= 24,
    };
}"""


def test_a_proposal_is_approved_by_keyboard_alone(browser: Browser, demo: Demo) -> None:
    with visiting(browser, demo) as ruth:
        ruth.enter(demo.doors["Ruth"])
        page = ruth.page
        page.keyboard.press("Tab")
        first = page.evaluate(FOCUSED)
        page.keyboard.press("Enter")

        step = _tab_to(page, "See them")
        _enter(page)
        _tab_to(page, "Find speakers again")
        ask = _tab_to(page, "Ask ")
        _enter(page)

        assert first["words"] == "Skip to the main part"
        assert step["outlined"]
        assert step["inside"]
        assert ask["outlined"]
        assert ask["inside"]
        assert f"{ask['words'].removeprefix('Ask ')} is being asked." in ruth.text()
        assert ruth.title() == "Proposals"


def _tab_to(page: Page, begins: str) -> dict[str, object]:
    """Press Tab until something is focused whose words begin so; return how it looks."""
    passed = []
    for _ in range(FARTHEST):
        page.keyboard.press("Tab")
        focused: dict[str, object] = page.evaluate(FOCUSED)
        if str(focused["words"]).startswith(begins):
            return focused
        passed.append(focused["words"])
    raise AssertionError(f"{FARTHEST} tabs did not reach {begins!r}: {passed}")


def _enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")
