"""One Chromium and one server for all; each test walks on a fresh copy of the demo's world."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import visitor
from tests.browser.served import Demo, Served, fast_folder


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known here, where it is used: pytest is strict about markers."""
    config.addinivalue_line("markers", "browser: needs Chromium; skipped without it")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Launch Debian's Chromium once."""
    with sync_playwright() as playwright:
        chromium = visitor.launch(playwright)
        if chromium is None:
            pytest.skip("Chromium is not installed (Debian: apt install chromium)")
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """Serve the demo on a free port of loopback."""
    with fast_folder() as folder:
        served = Served(folder)
        yield served
        served.close()


@pytest.fixture
def demo(served: Served) -> Iterator[Demo]:
    """The demo's world as it begins, at NOW; what a test does to it is forgotten."""
    with served.copy() as copy:
        yield copy
