"""A form that was signed by hand, typed in element by element, and only then the person."""

from playwright.sync_api import Page

SPANISH = 1
"""Which of the two forms was signed: the second."""


def fill(page: Page, *, name: str, number: str) -> None:
    """Take a whole form of the federal profile over, signed by the person in Spanish."""
    page.locator("[name=wording]").nth(SPANISH).check()
    for box in ("right_to_revoke", "no_condition", "redisclosure", "copy_given"):
        page.locator(f"[name={box}]").check()
    for field in ("name", "contacts", "language"):
        page.locator(f"[name=information][value={field}]").check()
    page.locator("[name=signer][value=person]").check()
    page.locator("[name=signed_on]").fill("2026-11-23")
    page.locator("[name=name]").fill(name)
    page.locator("[name=contact_1]").fill(number)
    page.locator("[name=language][value=es]").check()
