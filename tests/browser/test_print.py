"""Each sheet that is printed fits one page of Letter, with every profile, in both languages.

The form prints with the person's copy: two sheets, a page each. A week and a month lie across.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import clock
from outreach.directory.models import Affiliate, Hospital, Program, Unit
from outreach.referrals.models import Referral
from outreach.referrals.profiles import HOSPITAL_PROFILES
from outreach.visits.models import Visit
from outreach.workflows.referrals import forms
from tests import builders
from tests.browser import referred
from tests.browser.served import Demo
from tests.browser.visitor import visiting

pytestmark = pytest.mark.browser

PAGES = re.compile(rb"/Type\s*/Page\b")
"""One for each page in what Chromium writes."""


ACROSS = re.compile(rb"/MediaBox\s*\[0 0 792 612\]")
"""Letter, wider than high."""

LANGUAGES = ("en", "es")

CALENDARS = {"Ruth": "/coordinator/visits", "Nora": "/units/", "Maria": "/speaker"}
"""Where each role finds its visits as a week and as a month."""


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


@pytest.mark.parametrize("who", CALENDARS)
def test_a_week_and_a_month_print_on_one_sheet_across(
    browser: Browser, demo: Demo, who: str
) -> None:
    with visiting(browser, demo) as visitor:
        visitor.enter(demo.doors[who])
        found = {}
        for sheet in ("view=month&month=2026-12", "view=week&week=2026-12-01"):
            assert visitor.open(f"{CALENDARS[who]}?{sheet}") == 200, sheet
            paper = visitor.page.pdf(prefer_css_page_size=True)
            found[sheet] = (len(PAGES.findall(paper)), len(ACROSS.findall(paper)))

    assert found == dict.fromkeys(found, (1, 1))


@pytest.mark.parametrize("view", ["month&month=2026-12", "week&week=2026-12-01"])
@pytest.mark.parametrize(
    ("who", "stands"), [("Ruth", "Both confirmed"), ("Nora", "Both speakers confirmed")]
)
def test_a_printed_calendar_says_in_words_how_visits_stand_and_when_it_was(
    browser: Browser, demo: Demo, who: str, stands: str, view: str
) -> None:
    with visiting(browser, demo) as visitor:
        visitor.enter(demo.doors[who])
        visitor.open(f"{CALENDARS[who]}?view={view}")
        visitor.page.emulate_media(media="print")
        words = visitor.text()
        table = visitor.page.locator(".month").inner_text()
        shown = {
            part: visitor.page.locator(part).first.is_visible()
            for part in (".top", ".foot", ".views", "main .btn", "main details", ".only-narrow")
        }

    assert stands in table
    assert "All times are Eastern Time." in words
    assert "Printed on November 23, 2026" in words
    assert "Print it with your browser" not in words
    assert shown == dict.fromkeys(shown, False)


def test_a_full_month_keeps_each_of_its_weeks_whole(browser: Browser, demo: Demo) -> None:
    with demo.wired.db.transaction() as session:
        _fill_december(session, visits_a_day=4)

    with visiting(browser, demo) as visitor:
        visitor.enter(demo.doors["Ruth"])
        visitor.open(f"{CALENDARS['Ruth']}?view=month&month=2026-12")
        paper = visitor.page.pdf(prefer_css_page_size=True)
        visitor.page.emulate_media(media="print")
        kept = visitor.page.locator(".month tr").evaluate_all(
            "rows => rows.map(row => getComputedStyle(row).breakInside)"
        )

    assert len(PAGES.findall(paper)) == len(ACROSS.findall(paper)) <= 3
    assert set(kept) == {"avoid"}


def _fill_december(session: Session, *, visits_a_day: int) -> None:
    visit = session.scalars(select(Visit).order_by(Visit.id).limit(1)).one()
    unit = session.get_one(Unit, visit.unit_id)
    where = builders.World(
        session.get_one(Affiliate, visit.affiliate_id),
        session.get_one(Program, visit.program_id),
        session.get_one(Hospital, unit.hospital_id),
        unit,
    )
    first = datetime(2026, 12, 1, 14, 5, tzinfo=UTC)
    for day in range(31):
        for hour in range(visits_a_day):
            builders.visit(session, where, starts_at=first + timedelta(days=day, hours=2 * hour))


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
