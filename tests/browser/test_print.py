"""Each sheet that is printed fits one page of Letter, with every profile, in both languages.

The form prints with the person's copy: two sheets, a page each.
"""

import re

import pytest
from playwright.sync_api import Browser
from sqlalchemy import update

from outreach import clock
from outreach.directory.models import Hospital
from outreach.referrals.profiles import PROFILES
from outreach.workflows.referrals import forms
from tests.browser import referred
from tests.browser.served import Demo
from tests.browser.visitor import visiting

pytestmark = pytest.mark.browser

PAGES = re.compile(rb"/Type\s*/Page\b")
"""One for each page in what Chromium writes."""


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_each_sheet_of_a_referral_fits_one_page(browser: Browser, demo: Demo, profile: str) -> None:
    with demo.wired.db.transaction() as session:
        made = referred.refer(session, demo)
        session.execute(update(Hospital).values(form_profile=profile))
        forms.lay_down_wordings(session, profile, now=clock.now())
    sheets = [
        *(
            f"/referrals/{made['unsigned referral']}/form/print?lang={lang}"
            for lang in ("en", "es")
        ),
        *(f"/referrals/downtime?lang={lang}" for lang in ("en", "es")),
        *(f"/referrals/{made['sent referral']}/{sheet}" for sheet in ("copy", "receipt")),
    ]

    with visiting(browser, demo) as nora:
        nora.enter(demo.doors["Nora"])
        found = {}
        for sheet in sheets:
            assert nora.open(sheet) == 200, sheet
            articles = nora.page.locator("article.sheet").count()
            pages = len(PAGES.findall(nora.page.pdf(prefer_css_page_size=True)))
            found[sheet] = (articles, pages)

    assert found == {sheet: (2, 2) if "/form/" in sheet else (1, 1) for sheet in sheets}
