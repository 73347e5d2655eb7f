"""A person at a browser, and what no page may do while the person looks at it."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    Request,
    Response,
)

from tests.browser.served import Demo

PATIENCE_MS = 20_000
"""Long enough for a busy machine; a page that fits its goal takes a tenth of a second."""

# Read once and asked for the violations alone: axe's full answer is most of the time it takes.
AXE = Axe().axe_script
ALL_RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
VIOLATIONS = """wanted => axe.run({
    resultTypes: ["violations"],
    runOnly: wanted,
    rules: wanted.type === "tag" ? {"target-size": {enabled: true}} : {},
}).then(found => found.violations.map(one => `${one.id} ${one.nodes[0].html}`))"""


def launch(playwright: Playwright) -> Browser | None:
    """Start Debian's Chromium; None where it is not installed."""
    path = shutil.which("chromium")
    if path is None:
        return None
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


@dataclass
class Visitor:
    """A browser's window of its own, with its own cookies. `wrong` is what must stay empty."""

    page: Page
    base: str
    wrong: list[str] = field(default_factory=list)

    def open(self, address: str) -> int:
        """Go to an address of ours, whole or a path; return the answer's status."""
        answer = self.page.goto(address if "://" in address else self.base + address)
        return answer.status if answer else 0

    def press(self, label: str, *, within: str = "main") -> int:
        """Press a button and wait for the page it leads to; return that page's status."""
        return self._go(self.page.locator(within), "button", label)

    def follow(self, label: str, *, within: str = "main") -> int:
        """Follow a link; return the status of the page it leads to."""
        return self._go(self.page.locator(within), "link", label)

    def follow_last(self, start: str) -> int:
        """Follow the last link whose address begins so; return the status of its page."""
        with self.page.expect_navigation() as going:
            self.page.locator(f'main a[href^="{start}"]').last.click()
        return going.value.status

    def enter(self, door: str) -> None:
        """Sign in by a one-time link of the demo."""
        self.open(door)
        with self.page.expect_navigation():
            self.page.locator("main form button").click()

    def text(self) -> str:
        """Return the words of the page's main part, with plain spaces."""
        return self.page.locator("main").inner_text().replace("\N{NO-BREAK SPACE}", " ")

    def title(self) -> str:
        """Return the page's heading, with plain spaces."""
        return self.page.locator("h1").inner_text().replace("\N{NO-BREAK SPACE}", " ")

    def bring_axe(self) -> None:
        """Load axe into the page, once after each time a page was opened."""
        self.page.evaluate(AXE)

    def findings(self, rules: Mapping[str, object] = ALL_RULES) -> list[str]:
        """Return what axe finds, and by how much the page is wider than its window."""
        wider = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        sideways = [f"sideways by {wider}"] if wider > 0 else []
        return [*self.page.evaluate(VIOLATIONS, rules), *sideways]

    def _go(self, part: Locator, role: str, label: str) -> int:
        target = part.get_by_role(role, name=label).first  # type: ignore[arg-type]
        assert target.count(), f"No {role} says {label!r} at {self.page.url}: {self.text()}"
        with self.page.expect_navigation() as going:
            target.click()
        return going.value.status


@contextmanager
def visiting(
    browser: Browser,
    demo: Demo,
    *,
    locale: str = "en",
    theme: str = "light",
    width: int = 1280,
    height: int = 800,
    scale: float = 1,
    scripts: bool = False,
) -> Iterator[Visitor]:
    """Open a window, without scripts unless asked: no page needs any.

    At the end nothing may have been wrong: no error in the console (a violated policy is one), no
    file that is missing, no question to another host.
    """
    context = browser.new_context(
        locale={"en": "en-US", "es": "es-US"}[locale],
        color_scheme=theme,  # type: ignore[arg-type]  # one of Playwright's two
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        java_script_enabled=scripts,
    )
    context.set_default_timeout(PATIENCE_MS)
    visitor = Visitor(context.new_page(), demo.base)
    _watch(visitor)
    try:
        yield visitor
    finally:
        context.close()
    assert visitor.wrong == []


def _watch(visitor: Visitor) -> None:
    page = visitor.page

    def on_console(message: ConsoleMessage) -> None:
        # The page's own 404 or 422 is said here as well; what a page asked for is seen below.
        is_status = message.text.startswith("Failed to load resource: the server responded")
        if message.type == "error" and not is_status:
            visitor.wrong.append(f"{page.url}: {message.text}")

    def on_request(request: Request) -> None:
        if not request.url.startswith((f"{visitor.base}/", "data:")):
            visitor.wrong.append(f"{page.url}: asked {request.url}")

    def on_response(response: Response) -> None:
        limit = 500 if response.request.is_navigation_request() else 400
        if response.status >= limit:
            visitor.wrong.append(f"{response.status} {response.url}")

    page.on("console", on_console)
    page.on("request", on_request)
    page.on("response", on_response)
    page.on("pageerror", lambda error: visitor.wrong.append(f"{page.url}: {error}"))
