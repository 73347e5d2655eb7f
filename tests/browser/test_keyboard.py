"""Main tasks by keyboard alone: no mouse, no script, and the focus always seen."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from outreach import clock
from tests.browser import half_in
from tests.browser.served import Demo
from tests.browser.visitor import visiting
from tests.factor_builders import App

pytestmark = pytest.mark.browser

FARTHEST = 60
"""So many tabs reach whatever a page holds that is worth a walk."""

LOOKS, FRAME_MS = 25, 20
FOCUSED = """() => {
    const at = document.activeElement;
    const look = getComputedStyle(at), box = at.getBoundingClientRect();
    return {
        id: at.id,
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


def test_a_second_step_is_set_up_by_keyboard_alone(browser: Browser, demo: Demo) -> None:
    with demo.wired.db.transaction() as session:
        _named, cookies = half_in.stand(session, demo)

    with visiting(browser, demo) as ines:
        cookie = {"name": "session", "value": cookies[half_in.INES], "url": demo.base}
        ines.page.context.add_cookies([cookie])  # type: ignore[list-item]  # as documented
        ines.open("/sign-in/second-step")
        page = ines.page
        page.emulate_media(reduced_motion="reduce")  # what is focused is in sight at once

        seen = [_tab_to(page, "Set up an app")]
        _enter(page)
        seen.append(_tab_to(page, "I cannot scan it"))
        page.keyboard.press("Enter")
        secret = page.locator(".secret code").inner_text()
        seen.append(_tab_to(page, "#code"))
        page.keyboard.type(App(secret.replace(" ", "")).code(clock.now()))
        seen.append(_tab_to(page, "Set it up"))
        _enter(page)
        codes = ines.title()
        seen.append(_tab_to(page, "I have kept them"))

        assert [each for each in seen if not (each["outlined"] and each["inside"])] == []
        assert codes == "Your recovery codes"


def test_a_visit_is_asked_for_by_keyboard_alone(browser: Browser, demo: Demo) -> None:
    with visiting(browser, demo) as nora:
        nora.enter(demo.doors["Nora"])
        page = nora.page

        _tab_to(page, "Ask for a visit")
        _enter(page)
        seen = [_tab_to(page, "#unit")]
        page.keyboard.press("ArrowDown")
        seen.append(_tab_to(page, "#program-0"))
        page.keyboard.press("Space")
        seen.append(_tab_to(page, "Continue to the time"))
        _enter(page)
        seen.append(_tab_to(page, "#day"))
        page.keyboard.type("12162026")
        seen.append(_tab_to(page, "#time"))
        page.keyboard.type("1000AM")
        _tab_to(page, "Continue to needs")
        _enter(page)
        _tab_to(page, "Continue to check")
        _enter(page)
        seen += [_tab_to(page, "Change"), _tab_to(page, "Ask for this visit")]
        _enter(page)

        assert all(each["outlined"] and each["inside"] for each in seen)
        assert nora.title() == "Thank you. We are looking for speakers."
        assert "Wednesday, December 16" in nora.text()


def test_a_speaker_steps_back_in_two_taps_by_keyboard_alone(browser: Browser, demo: Demo) -> None:
    with visiting(browser, demo, width=390, height=664) as daniel:
        daniel.enter(demo.doors["Daniel"])
        page = daniel.page
        before = daniel.text()

        first = _tab_to(page, "I can’t make it")
        _enter(page)
        second = _tab_to(page, "I can’t make it")
        _enter(page)

        assert first["outlined"]
        assert first["inside"]
        assert second["inside"]
        assert "Wednesday, December 2" in before
        assert daniel.page.get_by_role("heading", name="Wednesday, December 2").count() == 0
        assert "You can take this back until" in daniel.text()


def _tab_to(page: Page, begins: str) -> dict[str, Any]:
    """Press Tab until something is focused whose words begin so, or #id; return how it looks."""
    passed = []
    for _ in range(FARTHEST):
        page.keyboard.press("Tab")
        focused: dict[str, Any] = page.evaluate(FOCUSED)
        if focused["words"].startswith(begins) or f"#{focused['id']}" == begins:
            return _settled(page, focused)
        passed.append(focused["words"])
    raise AssertionError(f"{FARTHEST} tabs did not reach {begins!r}: {passed}")


def _settled(page: Page, focused: dict[str, Any]) -> dict[str, Any]:
    """Look again until the page has scrolled to what is focused; it does so in its next frames."""
    for _ in range(LOOKS):
        if focused["inside"]:
            break
        page.wait_for_timeout(FRAME_MS)
        focused = page.evaluate(FOCUSED)
    return focused


def _enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")
