"""The page of a search looks again by itself, where the browser runs scripts."""

from playwright.sync_api import Browser

from tests.browser import searched
from tests.browser.served import Demo
from tests.browser.visitor import visiting


def test_the_page_of_a_search_leads_to_the_proposals_by_itself(
    browser: Browser, demo: Demo
) -> None:
    with visiting(browser, demo, scripts=True) as ruth:
        ruth.enter(demo.doors["Ruth"])
        ruth.open(demo.address("coordinator.proposals"))
        searched.press_find(ruth)
        waits = ruth.title()

        assert demo.find_speakers() == 1
        ruth.page.wait_for_url("**/visits/proposals")

        assert waits == "Looking for speakers"
        assert ruth.title() == "Proposals"
        assert "Last looked for on" in ruth.text()


def test_the_page_of_a_search_shows_by_itself_how_far_it_is(browser: Browser, demo: Demo) -> None:
    with visiting(browser, demo, scripts=True) as ruth:
        ruth.enter(demo.doors["Ruth"])
        ruth.open(demo.address("coordinator.proposals"))
        searched.press_find(ruth)
        searched.get_on(demo)

        figures = ruth.page.get_by_text("9 visits need people. 7 have them so far.")
        figures.wait_for()

        bar = ruth.page.get_by_role("progressbar", name="Visits that have their people")
        assert (bar.get_attribute("value"), bar.get_attribute("max")) == ("7", "8")
        assert "3 of 4 parts are done." in ruth.text()
        searched.take_back(demo)
