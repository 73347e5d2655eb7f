"""Take a picture of every page for every person: `python -m tests.browser.screenshots FOLDER`.

Phones are 390 wide at double density, desktops 1280; both in light and dark. With `--only NAME …`
just these pages (names of tests/browser/pages.py); with `--readme` the four of the README.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser import lived_in, pages, visitor
from tests.browser.lived_in import Places
from tests.browser.pages import PAGES, Shown
from tests.browser.served import Demo, Served, fast_folder
from tests.browser.visitor import visiting

THEMES = ("light", "dark")
SIZES = ((390, 844, 2), (1280, 800, 1))
README = {
    "today": ("ruth-today", 1280),
    "answer": ("answer-asked", 390),
    "liaison": ("nora-home", 1280),
    "visit": ("ruth-visit", 1280),
}
"""The README's pictures: the page and the width; light, at single density."""


def main(arguments: Sequence[str]) -> int:
    """Take the pictures; return the exit status."""
    asked = _parse(arguments)
    asked.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, fast_folder() as folder:
        chromium = visitor.launch(playwright)
        if chromium is None:
            sys.stderr.write("Chromium is not installed (Debian: apt install chromium).\n")
            return 1
        served = Served(folder)
        try:
            with served.copy() as demo:
                places = lived_in.live(demo)
                if asked.readme:
                    _take_for_readme(chromium, demo, places, into=asked.folder)
                else:
                    _take(chromium, demo, places, into=asked.folder, only=asked.only)
        finally:
            served.close()
            chromium.close()
    return 0


def _take(
    chromium: Browser, demo: Demo, places: Places, *, into: Path, only: Sequence[str]
) -> None:
    wanted = [page for page in PAGES if not only or page.name in only]
    for number, page in enumerate(wanted, start=1):
        sys.stderr.write(f"{number} of {len(wanted)}: {page.name}\n")
        for theme in THEMES:
            for width, height, scale in SIZES:
                with visiting(
                    chromium,
                    demo,
                    theme=theme,
                    width=width,
                    height=height,
                    scale=scale,
                    scripts=True,
                ) as window:
                    pages.show(window, page, demo, places)
                    # A window as high as the page, or the tabs at its bottom lie across the middle.
                    whole = window.page.evaluate("document.documentElement.scrollHeight")
                    window.page.set_viewport_size({"width": width, "height": whole})
                    window.page.screenshot(path=into / f"{page.name}-{theme}-{width}.png")
                if page.undo:
                    page.undo(demo)


def _take_for_readme(chromium: Browser, demo: Demo, places: Places, *, into: Path) -> None:
    for name, (wanted, width) in README.items():
        page = _named(wanted)
        with visiting(chromium, demo, width=width, height=844 if width == 390 else 800) as window:
            pages.show(window, page, demo, places)
            window.page.screenshot(path=into / f"{name}.png")


def _named(name: str) -> Shown:
    return next(page for page in PAGES if page.name == name)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--readme", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
