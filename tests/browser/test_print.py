"""Each sheet that is printed fits one page of Letter, with every profile, in both languages.

The form prints with the person's copy: two sheets, a page each.
"""

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Browser
from sqlalchemy import update

from outreach import clock
from outreach.directory.models import Hospital
from outreach.referrals.models import Referral
from outreach.referrals.profiles import HOSPITAL_PROFILES
from outreach.workflows.referrals import forms
from tests.browser import referred
from tests.browser.served import Demo
from tests.browser.visitor import visiting

pytestmark = pytest.mark.browser

PAGES = re.compile(rb"/Type\s*/Page\b")
"""One for each page in what Chromium writes."""


LANGUAGES = ("en", "es")


@pytest.mark.parametrize("profile", sorted(HOSPITAL_PROFILES))
def test_each_sheet_of_a_referral_fits_one_page(browser: Browser, demo: Demo, profile: str) -> None:
    with demo.wired.db.transaction() as session:
        made = referred.refer(session, demo)
        session.execute(update(Hospital).values(form_profile=profile))
        forms.lay_down_wordings(session, profile, now=clock.now())

    _fit(
        browser,
        demo,
        who="Nora",
        one_page=[
            *(f"/referrals/downtime?lang={lang}" for lang in LANGUAGES),
            *(f"/referrals/{made['sent referral']}/{sheet}" for sheet in ("copy", "receipt")),
        ],
        two_pages=[_form(made["unsigned referral"], lang) for lang in LANGUAGES],
    )


@pytest.mark.parametrize(("profile", "zip_code"), [("generic-self", "44113"), ("IL-self", "60614")])
def test_each_sheet_of_who_came_by_themselves_fits_one_page(
    browser: Browser, demo: Demo, profile: str, zip_code: str
) -> None:
    with demo.wired.db.transaction() as session:
        made = referred.refer(session, demo)
        session.execute(update(Referral).values(zip_code=zip_code))
        forms.lay_down_wordings(session, profile, now=clock.now())

    _fit(
        browser,
        demo,
        who="Ruth",
        one_page=[f"/referrals/{made['own sent referral']}/{each}" for each in ("copy", "receipt")],
        two_pages=[_form(made["own unsigned referral"], lang) for lang in LANGUAGES],
    )


def _form(referral_id: str, lang: str) -> str:
    return f"/referrals/{referral_id}/form/print?lang={lang}"


def _fit(
    browser: Browser, demo: Demo, *, who: str, one_page: Sequence[str], two_pages: Sequence[str]
) -> None:
    """Print each address; it must have that many sheets, and a page for each."""
    with visiting(browser, demo) as visitor:
        visitor.enter(demo.doors[who])
        found = {}
        for sheet in (*one_page, *two_pages):
            assert visitor.open(sheet) == 200, sheet
            articles = visitor.page.locator("article.sheet").count()
            pages = len(PAGES.findall(visitor.page.pdf(prefer_css_page_size=True)))
            found[sheet] = (articles, pages)

    assert found == dict.fromkeys(one_page, (1, 1)) | dict.fromkeys(two_pages, (2, 2))
