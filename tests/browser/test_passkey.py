"""A passkey in a true browser, with the authenticator that Chromium keeps for tests."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from outreach.wiring import Wiring
from tests.browser import half_in
from tests.browser.served import Demo
from tests.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.browser

KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def named(demo: Demo) -> Iterator[Demo]:
    """The demo under a name: browsers make no keys for bare numbers."""
    base = demo.base.replace("127.0.0.1", "localhost")
    config = demo.wired.config.model_copy(update={"public_base_url": base})
    before: Wiring = demo.app.extensions["outreach"]
    wired = replace(demo.wired, config=config)
    demo.app.extensions["outreach"] = wired
    yield replace(demo, base=base, wired=wired)
    demo.app.extensions["outreach"] = before


def enter(visitor: Visitor, demo: Demo, cookie: str) -> None:
    cookies = {"name": "session", "value": cookie, "url": demo.base}
    visitor.page.context.add_cookies([cookies])  # type: ignore[list-item]  # as documented


def test_a_passkey_is_made_and_shown_in_a_browser(browser: Browser, named: Demo) -> None:
    with named.wired.db.transaction() as session:
        _named, cookies = half_in.stand(session, named)

    with visiting(browser, named, scripts=True) as visitor:
        devtools = visitor.page.context.new_cdp_session(visitor.page)
        devtools.send("WebAuthn.enable")
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
        enter(visitor, named, cookies[half_in.INES])
        visitor.open("/sign-in/second-step")
        visitor.follow("Set up a passkey")
        visitor.page.get_by_label("A name for it").fill("Blue key")
        made = visitor.press("Go on")
        codes = visitor.title()
        visitor.open("/sign-in/second-step?next=/account")
        shown = visitor.press("Use my passkey")
        account = visitor.text()

    assert (made, codes) == (200, "Your recovery codes")
    assert shown == 200
    assert "Passkey: Blue key" in account


def test_a_browser_without_the_key_says_so_and_offers_the_other_way(
    browser: Browser, named: Demo
) -> None:
    with named.wired.db.transaction() as session:
        half_in.stand(session, named)
        cookie = half_in.come_in(session, named.world.memberships["Ruth"])

    with visiting(browser, named, scripts=True) as visitor:
        devtools = visitor.page.context.new_cdp_session(visitor.page)
        devtools.send("WebAuthn.enable")
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
        enter(visitor, named, cookie)
        visitor.open("/sign-in/second-step")
        visitor.page.get_by_role("button", name="Use my passkey").click()
        problem = visitor.page.locator("[data-passkey-problem]")
        problem.wait_for()

        assert "That passkey did not work here." in problem.inner_text()
        assert visitor.page.get_by_label("Code").is_visible()
