"""Every page for every person. A page that is not here fails test_pages.py."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from playwright.sync_api import FilePayload
from sqlalchemy import delete

from outreach.messaging.models import NoteStop
from tests.browser import half_in, intake_people, searched
from tests.browser.lived_in import ADMINISTRATOR, Places
from tests.browser.served import Demo
from tests.browser.visitor import Visitor
from tests.workflows.imports.importing import ST_CLARE_4B, csv_of

Act = Callable[[Visitor], object]

NOT_PAGES: Mapping[str, str] = {
    "static": "stylesheets and pictures",
    "bootstrap.static": "Bootstrap's files",
    "public.calendar_file": "a calendar file",
    "feeds.feed": "a calendar file",
    "feeds.visit_file": "a calendar file",
    "feeds.visit": "leads on to the page of a visit",
    "health.show": "one word for machines",
    "health.metrics": "figures for machines",
    "demo.invite": "a calendar file",
    "coordinator.disclosures_file": "a file of the disclosure log",
}
"""What can be asked for and is no page."""

SHEET = csv_of(
    ST_CLARE_4B,
    {**ST_CLARE_4B, "unit": "5W", "zip": "6O614"},
    {**ST_CLARE_4B, "unit": "6E", "visiting_hours": "in the afternoon"},
)
"""A coordinator's spreadsheet of units: one row is right."""

REMINDER_TEXT: Mapping[str, str] = {"kind": "reminder", "channel": "sms", "locale": "en"}


@dataclass(frozen=True)
class Shown:
    """One page as one person sees it. `ids` are keys of Places, `fixed` parts that name no row;
    `act` is done before looking, `undo` after it where the act would change what others see.
    `meanwhile` is what the service does after the act; then the page is loaded again.

    `main` pages are looked at in every run, the others with --all. One that `breaks` is seen as it
    is when the program itself fails.
    """

    name: str
    endpoint: str
    who: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    main: bool = False
    status: int = 200
    act: Act | None = None
    meanwhile: Callable[[Demo], None] | None = None
    undo: Callable[[Demo], None] | None = None
    breaks: bool = False

    def address(self, demo: Demo, places: Places) -> str:
        """Return where it is."""
        parts = {part: places.ids[key] for part, key in self.ids.items()}
        return demo.address(self.endpoint, **parts, **self.fixed) + self.query


def show(visitor: Visitor, page: Shown, demo: Demo, places: Places) -> int:
    """Look at a page as its person; return the status of the address itself."""
    if page.who:
        name, _is, value = places.cookies[page.who].rpartition("=")
        cookie = {"name": name or "session", "value": value, "url": demo.base}
        visitor.page.context.add_cookies([cookie])  # type: ignore[list-item]  # as documented
    with _broken(demo, page) if page.breaks else nullcontext():
        status = visitor.open(page.address(demo, places))
    if page.breaks:
        visitor.wrong.clear()  # it was meant to be
    if page.act:
        page.act(visitor)
    if page.meanwhile:
        page.meanwhile(demo)
        visitor.page.reload()
    return status


@contextmanager
def _broken(demo: Demo, page: Shown) -> Iterator[None]:
    """Let a page's view fail while the block runs."""
    views = demo.app.view_functions
    right = views[page.endpoint]

    def fail(**_values: str) -> str:
        raise RuntimeError("broken on purpose, to see the page that says so")

    views[page.endpoint] = fail
    try:
        yield
    finally:
        views[page.endpoint] = right


def _send(visitor: Visitor) -> None:
    """Send the page's form as it is."""
    with visitor.page.expect_navigation():
        visitor.page.locator("main form [type=submit]").first.click()


def _send_with(**values: str) -> Act:
    def act(visitor: Visitor) -> None:
        for name, value in values.items():
            visitor.page.locator(f"main [name={name}]").fill(value)
        _send(visitor)

    return act


def _look_at_note(visitor: Visitor) -> None:
    """Write a note by text in two languages, and look at what would leave."""
    for choice in ("way][value=sms", "about_visits"):
        visitor.page.locator(f"main [name={choice}]").check()
    _send_with(
        text="Thank you for your visits this fall. Bring your badge on Monday.",
        text_es="Gracias por sus visitas de este otoño. Traiga su credencial el lunes.",
    )(visitor)


def _let_notes_come(demo: Demo) -> None:
    with demo.wired.db.transaction() as session:
        session.execute(delete(NoteStop))


def _think_of(which: int) -> Act:
    """Choose somebody on the list by position (-1: the last), and look."""

    def act(visitor: Visitor) -> None:
        count = visitor.page.locator("#who option").count()
        visitor.page.locator("#who").select_option(index=which % count)
        _send(visitor)

    return act


def _write_wrong_counties(visitor: Visitor) -> None:
    visitor.page.locator("#counties").fill("Cuyahoga; Loraine; Narnia")
    with visitor.page.expect_navigation():
        visitor.page.locator("main form[method=post] [type=submit]").click()


def _choose_where(visitor: Visitor) -> None:
    visitor.page.locator("#unit").select_option(index=1)
    visitor.page.locator("[name=program]").first.check()
    _send(visitor)


def _choose_when(visitor: Visitor) -> None:
    _choose_where(visitor)
    _send_with(day="2026-12-16", time="10:00")(visitor)
    visitor.page.locator("[name=room]").wait_for()


def _choose_wrongly(visitor: Visitor) -> None:
    _choose_where(visitor)
    _send_with(day="2026-11-24", time="23:00")(visitor)


def _choose_needs(visitor: Visitor) -> None:
    _choose_when(visitor)
    _send_with(room="Day room", group_size="12")(visitor)


def _send_wrong_code(visitor: Visitor) -> None:
    _send_with(email="nobody@example.org")(visitor)
    _send_with(code="1234 5678")(visitor)


def _send_wrong_item_code(visitor: Visitor) -> None:
    _send(visitor)  # without the cookie of who asked, the button comes first
    _send_with(code="1234 5678")(visitor)


def _choose_file(visitor: Visitor) -> None:
    page = visitor.page
    page.locator("[name=kind][value=units]").check()
    sent: FilePayload = {"name": "units.csv", "mimeType": "text/csv", "buffer": SHEET}
    page.locator("[name=sheet]").set_input_files(sent)
    _send(visitor)


def _choose_no_column(visitor: Visitor) -> None:
    _choose_file(visitor)
    visitor.page.locator("[name=column-hospital]").select_option("")
    _send(visitor)


def _choose_columns(visitor: Visitor) -> None:
    _choose_file(visitor)
    _send(visitor)


def _answer(state: str, *, main: bool = False, status: int = 200) -> Shown:
    name = f"answer-{state.replace(' ', '-')}"
    return Shown(name, "public.answer", ids={"token": f"token {state}"}, main=main, status=status)


def _told(what: str) -> Mapping[str, str]:
    """Name the page on which a coordinator enters what the affiliate told."""
    return {"referral_id": "sent referral", "what": f"told {what}"}


def _for(who: str, *pages: Shown) -> list[Shown]:
    """Let somebody see pages."""
    slug = who.lower().replace(" ", "-")
    return [replace(page, name=f"{slug}-{page.name}", who=who) for page in pages]


ANYONE = [
    Shown("start", "public.start", main=True),
    Shown("help", "public.help", main=True),
    Shown("privacy", "public.privacy"),
    Shown("no-notes", "no_notes.show", ids={"token": "no notes token"}),
    Shown(
        "no-notes-stopped",
        "no_notes.show",
        ids={"token": "no notes token"},
        act=_send,
        undo=_let_notes_come,
    ),
    Shown("stop", "stop.show"),
    Shown("stop-wrong", "stop.show", act=_send),
    Shown("stop-done", "stop.stopped"),
    Shown("sign-in", "auth.sign_in", main=True),
    Shown("sign-in-wrong", "auth.sign_in", act=_send),
    Shown("code", "auth.sign_in", main=True, act=_send_with(email="nora.kim@example.org")),
    Shown("code-wrong", "auth.code", act=_send_wrong_code),
    _answer("asked", main=True),
    _answer("yours", main=True),
    _answer("not this time"),
    _answer("stepped back"),
    _answer("released", status=410),
    _answer("taken", main=True, status=410),
    _answer("called off", status=410),
    _answer("closed", status=410),
    _answer("over"),
    Shown("answer-unknown", "public.answer", ids={"token": "nowhere"}, status=404),
    Shown("ending", "ending.show", fixed={"sort": "reminders"}, ids={"token": "ending link"}),
    Shown("debrief", "after_visit.debrief", ids={"token": "debrief link"}, main=True),
    Shown("debrief-wrong", "after_visit.debrief", ids={"token": "debrief link"}, act=_send),
    Shown("debrief-incident", "after_visit.incident", ids={"token": "debrief link"}),
    Shown("came", "after_visit.came", ids={"token": "came link"}, main=True),
    Shown("came-incident", "after_visit.unit_incident", ids={"token": "came link"}),
    Shown("item-waits", "door.show", ids={"token": "item link"}, main=True),
    Shown("item-code", "door.show", ids={"token": "item link"}, main=True, act=_send),
    Shown("item-code-wrong", "door.code", ids={"token": "item link"}, act=_send_wrong_item_code),
    Shown("item-dead", "door.show", ids={"token": "nowhere"}, status=404),
    Shown("item-stop", "door.show", ids={"token": "stopped link"}, status=410),
    Shown("item-left", "door.left"),
    Shown("item-stopped", "door.stopped"),
    Shown("answer-cannot-come", "public.cannot_come", ids={"token": "token yours"}),
    Shown("not-found", "public.start", query="nowhere", main=True, status=404),
    Shown("broken", "public.help", main=True, status=500, breaks=True),
    Shown("demo-door", "demo_sign_in.show", ids={"token": "door"}),
    Shown("demo-home", "demo.home", main=True),
    Shown("demo-phone", "demo.phone", ids={"public_id": "phone"}),
    Shown("demo-phone-wrong", "demo.phone", ids={"public_id": "phone"}, act=_send),
    Shown("demo-mail", "demo.mail", ids={"public_id": "mail"}),
]
LIAISON = _for(
    "Nora",
    Shown("home", "liaison.units", main=True),
    Shown("earlier", "liaison.units", query="?when=past"),
    Shown("week", "liaison.units", query="?view=week&week=2026-12-01", main=True),
    Shown("month", "liaison.units", query="?view=month"),
    Shown("visit", "liaison.visit", ids={"visit_id": "her visit"}, main=True),
    Shown("asked", "liaison.asked", ids={"visit_id": "her visit"}),
    Shown("time", "liaison.change_time", ids={"visit_id": "her visit"}),
    Shown(
        "time-wrong",
        "liaison.change_time",
        ids={"visit_id": "her visit"},
        act=_send_with(day="2026-11-24", time="23:00"),
    ),
    Shown("other-time", "liaison.other_time", ids={"visit_id": "her visit asked about"}, main=True),
    Shown("other-time-none", "liaison.other_time", ids={"visit_id": "her visit"}),
    Shown("visit-time-asked", "liaison.visit", ids={"visit_id": "her visit asked about"}),
    Shown("call-off", "liaison.confirm_call_off", ids={"visit_id": "her visit"}),
    Shown("visit-told", "liaison.visit", ids={"visit_id": "told visit"}),
    Shown("came", "liaison.came", ids={"visit_id": "told visit"}),
    Shown("incident", "liaison.incident", ids={"visit_id": "told visit"}),
    Shown("ask-where", "liaison.ask", main=True),
    Shown("ask-where-wrong", "liaison.ask", act=_send),
    Shown("ask-when", "liaison.ask", act=_choose_where),
    Shown("ask-when-wrong", "liaison.ask", main=True, act=_choose_wrongly),
    Shown("ask-needs", "liaison.ask", act=_choose_when),
    Shown("ask-check", "liaison.ask", act=_choose_needs),
    Shown("hospital", "liaison.hospital", main=True),
    Shown("brief", "liaison.brief", ids={"unit_id": "her unit"}),
    Shown("contact", "liaison.contact", ids={"unit_id": "her unit"}),
    Shown("pause", "liaison.pause", ids={"unit_id": "her unit"}),
    Shown("referrals", "liaison.referrals", main=True),
    Shown("referrals-ended", "liaison.referrals", query="?when=ended"),
    Shown("refer", "referring.new"),
    Shown("refer-wrong", "referring.new", act=_send),
    Shown("refer-affiliate", "referring.affiliate", ids={"referral_id": "begun referral"}),
    Shown("refer-again", "referring.describe", ids={"referral_id": "unsigned referral"}),
    Shown("refer-waits", "referring.form", ids={"referral_id": "unsigned referral"}),
    Shown("refer-form", "referring.print_form", ids={"referral_id": "unsigned referral"}),
    Shown("refer-signed", "referring.signed", ids={"referral_id": "unsigned referral"}),
    Shown(
        "refer-signed-wrong",
        "referring.signed",
        ids={"referral_id": "unsigned referral"},
        main=True,
        act=_send,
    ),
    Shown("refer-ready", "liaison.referral", ids={"referral_id": "ready referral"}),
    Shown("referral", "liaison.referral", ids={"referral_id": "sent referral"}, main=True),
    Shown("referral-withdrawn", "liaison.referral", ids={"referral_id": "withdrawn referral"}),
    Shown("referral-back", "liaison.call_back", ids={"referral_id": "sent referral"}),
    Shown("referral-correct", "liaison.correct_referral", ids={"referral_id": "sent referral"}),
    Shown("referral-withdraw", "liaison.withdraw", ids={"referral_id": "sent referral"}),
    Shown("referral-paper", "liaison.paper_came", ids={"referral_id": "withdrawn referral"}),
    Shown("referral-copy", "referring.print_copy", ids={"referral_id": "sent referral"}),
    Shown("referral-receipt", "referring.print_receipt", ids={"referral_id": "sent referral"}),
    Shown("referral-downtime", "referring.print_downtime"),
    Shown("who-serves", "serving.who_serves", query="?zip=44113", main=True),
    Shown("who-serves-wrong", "serving.who_serves", query="?zip=6O614", status=422),
    Shown("calendar", "feeds.address"),
    Shown("account", "account.show"),
    Shown("sent-to-me", "account.messages"),
    Shown("not-found", "liaison.visit", ids={"visit_id": "nowhere"}, status=404),
    Shown("not-hers", "coordinator.today", status=403),
)
NEW_LIAISON = _for(
    "Lena",
    Shown("home", "liaison.units", main=True),
    Shown("earlier", "liaison.units", query="?when=past"),
    Shown("hospital", "liaison.hospital"),
    Shown("calendar", "feeds.address"),
)
LIAISON_WITHOUT_UNITS = _for(
    "Theo",
    Shown("home", "liaison.units"),
    Shown("hospital", "liaison.hospital"),
    Shown("ask", "liaison.ask"),
)
SPEAKER = _for(
    "Maria",
    Shown("home", "speaker.home", main=True),
    Shown("week", "speaker.home", query="?view=week&week=2026-12-07"),
    Shown("month", "speaker.home", query="?view=month&month=2026-12", main=True),
    Shown("open-visits", "speaker.open_visits", main=True),
    Shown("times", "speaker.times", main=True),
    Shown("exact-times", "speaker.exact_times"),
    Shown("own-calendar", "speaker.own_calendar"),
    Shown("about", "speaker.about", main=True),
    Shown("reach", "speaker.reach"),
    Shown("shown", "speaker.shown"),
    Shown("wishes", "speaker.wishes"),
    Shown("never", "speaker.never"),
    Shown("visit", "speaker.visit", ids={"assignment_id": "own visit"}),
    Shown("cannot-come", "speaker.cannot_come", ids={"assignment_id": "own visit"}),
    Shown("visit-past", "speaker.visit", ids={"assignment_id": "told assignment"}),
    Shown("debrief", "speaker.debrief", ids={"assignment_id": "told assignment"}),
    Shown("incident", "speaker.incident", ids={"assignment_id": "told assignment"}),
    Shown("calendar", "feeds.address"),
    Shown("account", "account.show"),
    Shown("sent-to-me", "account.messages"),
)
SPEAKER_WITHOUT_FEED = _for(
    "Daniel", Shown("home", "speaker.home"), Shown("calendar", "feeds.address")
)
NEW_SPEAKER = _for(
    "Sam",
    Shown("home", "speaker.home", main=True),
    Shown("open-visits", "speaker.open_visits"),
    Shown("times", "speaker.times"),
    Shown("exact-times", "speaker.exact_times"),
    Shown("own-calendar", "speaker.own_calendar"),
    Shown("about", "speaker.about"),
    Shown("reach", "speaker.reach"),
    Shown("never", "speaker.never"),
)
COORDINATOR = _for(
    "Ruth",
    Shown("today", "coordinator.today", main=True),
    Shown("visits", "coordinator.visits", main=True),
    Shown("visits-month", "coordinator.visits", query="?view=month", main=True),
    Shown("calendar", "feeds.address", act=_send),
    Shown("visits-week", "coordinator.visits", query="?view=week&week=2026-12-01"),
    Shown("visits-none", "coordinator.visits", query="?status=off&when=past"),
    Shown("visit", "coordinator.visit", ids={"visit_id": "visit"}, main=True),
    Shown("visit-found", "coordinator.visit", ids={"visit_id": "found visit"}),
    Shown("visit-open", "coordinator.visit", ids={"visit_id": "open visit"}),
    Shown("visit-helps", "coordinator.visit", ids={"visit_id": "visit too late"}, main=True),
    Shown("visit-else", "coordinator.someone_else", ids={"slot_id": "proposed slot"}),
    Shown(
        "visit-else-first",
        "coordinator.someone_else",
        ids={"slot_id": "proposed slot"},
        act=_think_of(0),
        main=True,
    ),
    Shown(
        "visit-else-last",
        "coordinator.someone_else",
        ids={"slot_id": "proposed slot"},
        act=_think_of(-1),
    ),
    Shown("visit-off", "coordinator.visit", ids={"visit_id": "called off visit"}),
    Shown("visit-past", "coordinator.visit", ids={"visit_id": "past visit"}),
    Shown("visit-told", "coordinator.visit", ids={"visit_id": "told visit"}, main=True),
    Shown("attendance", "coordinator.attendance", ids={"assignment_id": "told assignment"}),
    Shown("audience", "coordinator.audience", ids={"visit_id": "told visit"}),
    Shown("incident", "coordinator.incident", ids={"visit_id": "told visit"}),
    Shown("incident-settle", "coordinator.settle_incident", ids={"incident_id": "incident"}),
    Shown("visit-call-off", "coordinator.call_off", ids={"visit_id": "visit"}),
    Shown("visit-phoned-yes", "coordinator.phoned_yes", ids={"visit_id": "visit"}),
    Shown("visit-time", "coordinator.move", ids={"visit_id": "visit"}),
    Shown(
        "visit-time-wrong",
        "coordinator.move",
        ids={"visit_id": "visit"},
        act=_send_with(day="2026-11-24", time="23:00"),
    ),
    Shown("ask-where", "coordinator.ask_for_visit"),
    Shown("ask-when-wrong", "coordinator.ask_for_visit", act=_choose_wrongly),
    Shown("ask-needs", "coordinator.ask_for_visit", act=_choose_when),
    Shown("proposals", "coordinator.proposals", main=True),
    Shown("proposals-choose", "coordinator.choose_visits"),
    Shown(
        "search",
        "coordinator.proposals",
        main=True,
        act=searched.press_find,
        undo=searched.take_back,
    ),
    Shown(
        "search-running",
        "coordinator.proposals",
        main=True,
        act=searched.press_find,
        meanwhile=searched.get_on,
        undo=searched.take_back,
    ),
    Shown("search-broken", "coordinator.matching_run", ids={"run_id": "broken search"}),
    Shown(
        "search-changes",
        "coordinator.matching_changes",
        ids={"run_id": "changed search"},
        main=True,
    ),
    Shown("referrals", "coordinator.referrals", main=True),
    Shown("referrals-choose", "coordinator.referrals", query="?choose=affiliate"),
    Shown("referrals-waits", "coordinator.referrals", query="?show=waits"),
    Shown("referrals-day7", "coordinator.referrals", query="?show=day7"),
    Shown("referrals-closed", "coordinator.referrals", query="?show=closed"),
    Shown("referral", "coordinator.referral", ids={"referral_id": "sent referral"}, main=True),
    Shown("referral-draft", "coordinator.referral", ids={"referral_id": "unsigned referral"}),
    Shown("referral-stop", "coordinator.referral", ids={"referral_id": "withdrawn referral"}),
    Shown(
        "referral-person", "coordinator.referral_person_page", ids={"referral_id": "sent referral"}
    ),
    Shown(
        "referral-nobody",
        "coordinator.referral_person_page",
        ids={"referral_id": "withdrawn referral"},
    ),
    Shown("referral-code", "coordinator.referral_code", ids={"referral_id": "sent referral"}),
    Shown("referral-try", "coordinator.record_referral", ids=_told("attempt"), act=_send),
    Shown("referral-close", "coordinator.record_referral", ids=_told("close")),
    Shown("referral-hold", "coordinator.record_referral", ids=_told("hold")),
    Shown("referral-correct", "coordinator.correct_referral", ids={"referral_id": "sent referral"}),
    Shown("referral-back", "coordinator.recall_referral", ids={"referral_id": "sent referral"}),
    Shown(
        "referral-withdraw", "coordinator.withdraw_referral", ids={"referral_id": "sent referral"}
    ),
    Shown(
        "referral-paper", "coordinator.paper_of_referral", ids={"referral_id": "withdrawn referral"}
    ),
    Shown("referral-reroute", "coordinator.reroute_referral", ids={"referral_id": "sent referral"}),
    Shown("referral-error", "coordinator.take_back_referral", ids={"referral_id": "sent referral"}),
    Shown("refer", "referring.new_here", main=True),
    Shown("refer-wrong", "referring.new_here", act=_send),
    Shown("refer-affiliate", "referring.affiliate", ids={"referral_id": "own begun referral"}),
    Shown("refer-again", "referring.describe", ids={"referral_id": "own unsigned referral"}),
    Shown("refer-waits", "referring.form", ids={"referral_id": "own unsigned referral"}),
    Shown("refer-form", "referring.print_form", ids={"referral_id": "own unsigned referral"}),
    Shown(
        "refer-signed-wrong",
        "referring.signed",
        ids={"referral_id": "own unsigned referral"},
        main=True,
        act=_send,
    ),
    Shown("referral-own-begun", "coordinator.referral", ids={"referral_id": "own begun referral"}),
    Shown(
        "referral-own-waits", "coordinator.referral", ids={"referral_id": "own unsigned referral"}
    ),
    Shown("referral-own", "coordinator.referral", ids={"referral_id": "own sent referral"}),
    Shown("refer-copy", "referring.print_copy", ids={"referral_id": "own sent referral"}),
    Shown("refer-receipt", "referring.print_receipt", ids={"referral_id": "own sent referral"}),
    Shown("referral-log", "coordinator.disclosures", ids={"referral_id": "sent referral"}),
    Shown("people", "coordinator.people", main=True),
    Shown("speaker", "coordinator.speaker", ids={"speaker_id": "speaker"}),
    Shown("speaker-change", "coordinator.change_speaker", ids={"speaker_id": "speaker"}),
    Shown("speaker-new", "coordinator.add_speaker"),
    Shown("speaker-new-wrong", "coordinator.add_speaker", act=_send),
    Shown("certification", "coordinator.certification", ids={"certification_id": "certification"}),
    Shown("certification-new", "coordinator.add_certification", ids={"speaker_id": "speaker"}),
    Shown("clearance", "coordinator.clearance", ids={"clearance_id": "clearance"}),
    Shown("clearance-new", "coordinator.add_clearance", ids={"speaker_id": "speaker"}),
    Shown("liaisons", "coordinator.liaisons"),
    Shown("liaison-new", "coordinator.invite_liaison"),
    Shown("intake", "coordinator.intake"),
    Shown("intake-new", "coordinator.invite_intake"),
    Shown(
        "second-step-lost",
        "coordinator.reset_second_step",
        ids={"membership_id": "membership of Ida"},
    ),
    Shown("coordinators", "coordinator.coordinators"),
    Shown("coordinator-new", "coordinator.invite_coordinator"),
    Shown("helpers", "coordinator.helpers", ids={"affiliate_id": "affiliate of Lena"}),
    Shown("helper-speaks", "coordinator.helper_speaks", ids={"helper_id": "helper"}),
    Shown("who-serves", "serving.who_serves"),
    Shown("who-serves-nobody", "serving.who_serves", query="?zip=60614"),
    Shown("affiliates", "coordinator.affiliates", main=True),
    Shown("affiliate", "coordinator.affiliate", ids={"affiliate_id": "kept affiliate"}, main=True),
    Shown("affiliate-own", "coordinator.affiliate", ids={"affiliate_id": "own affiliate"}),
    Shown("affiliate-new", "coordinator.add_affiliate"),
    Shown("affiliate-new-wrong", "coordinator.add_affiliate", act=_send),
    Shown(
        "affiliate-change", "coordinator.change_affiliate", ids={"affiliate_id": "own affiliate"}
    ),
    Shown("counties", "coordinator.change_counties", ids={"affiliate_id": "kept affiliate"}),
    Shown(
        "counties-wrong",
        "coordinator.change_counties",
        ids={"affiliate_id": "kept affiliate"},
        act=_write_wrong_counties,
    ),
    Shown("hours", "coordinator.change_hours", ids={"affiliate_id": "kept affiliate"}),
    Shown("clocks", "coordinator.change_clocks", ids={"affiliate_id": "kept affiliate"}),
    Shown("duty", "coordinator.change_duty"),
    Shown("agreement-new", "coordinator.record_agreement", ids={"hospital_id": "hospital"}),
    Shown(
        "agreement-new-wrong",
        "coordinator.record_agreement",
        ids={"hospital_id": "hospital"},
        act=_send,
    ),
    Shown("agreement-end", "coordinator.confirm_end", ids={"agreement_id": "agreement"}),
    Shown("form", "coordinator.choose_form", ids={"hospital_id": "hospital"}),
    Shown("hospitals", "coordinator.hospitals", main=True),
    Shown("hospital", "coordinator.hospital", ids={"hospital_id": "hospital"}),
    Shown("hospital-change", "coordinator.change_hospital", ids={"hospital_id": "hospital"}),
    Shown("hospital-new", "coordinator.add_hospital"),
    Shown("unit", "coordinator.unit", ids={"unit_id": "unit"}),
    Shown("unit-paused", "coordinator.unit", ids={"unit_id": "paused unit"}),
    Shown("unit-change", "coordinator.change_unit", ids={"unit_id": "unit"}),
    Shown("unit-new", "coordinator.add_unit", ids={"hospital_id": "hospital"}),
    Shown("unit-new-wrong", "coordinator.add_unit", ids={"hospital_id": "hospital"}, act=_send),
    Shown("brief", "coordinator.brief", ids={"unit_id": "unit"}),
    Shown("messages", "coordinator.messages", main=True),
    Shown("message", "coordinator.message", ids={"message_id": "message"}),
    Shown("message-again", "coordinator.ask_to_send_again", ids={"message_id": "message"}),
    Shown("notes", "coordinator.notes"),
    Shown("note", "coordinator.note", ids={"note_id": "note"}, main=True),
    Shown("note-new", "coordinator.write_note", query="?of=speakers&language=es"),
    Shown("note-wrong", "coordinator.write_note", query="?of=speakers", main=True, act=_send),
    Shown(
        "note-seen",
        "coordinator.write_note",
        query="?of=speakers",
        main=True,
        act=_look_at_note,
    ),
    Shown("consents", "coordinator.consents"),
    Shown("speaker-messages", "coordinator.speaker_messages", ids={"speaker_id": "speaker"}),
    Shown("texts", "coordinator.texts"),
    Shown("calls", "coordinator.calls", main=True),
    Shown("wordings", "coordinator.wordings", main=True),
    Shown("wording", "coordinator.wording", fixed={"kind": "offer"}),
    Shown("wording-change", "coordinator.change_wording", fixed=REMINDER_TEXT),
    Shown(
        "wording-passage", "coordinator.change_wording", fixed={**REMINDER_TEXT, "channel": "mail"}
    ),
    Shown(
        "wording-wrong",
        "coordinator.change_wording",
        fixed=REMINDER_TEXT,
        main=True,
        act=_send_with(text="Reply STOP {when}"),
    ),
    Shown("cost", "coordinator.cost"),
    Shown("budget", "coordinator.change_budget"),
    Shown("setup", "coordinator.setup", main=True),
    Shown("settings", "coordinator.settings"),
    Shown("health", "coordinator.health"),
    Shown("order", "coordinator.order"),
    Shown("order-measured", "coordinator.order", query="?measured=yes"),
    Shown("load", "coordinator.load", main=True),
    Shown("programs", "coordinator.programs"),
    Shown("program", "coordinator.change_program", ids={"program_id": "program"}),
    Shown("program-new", "coordinator.add_program"),
    Shown("imports", "coordinator.imports"),
    Shown("imports-came", "coordinator.imports", query="?came=units"),
    Shown("imports-wrong", "coordinator.imports", act=_send),
    Shown("imports-columns", "coordinator.imports", act=_choose_file),
    Shown("imports-columns-wrong", "coordinator.imports", act=_choose_no_column),
    Shown("imports-trial", "coordinator.imports", main=True, act=_choose_columns),
    Shown("account", "account.show"),
    Shown("sent-to-me", "account.messages"),
)
ADMINISTRATION = _for(
    ADMINISTRATOR,
    Shown("audit", "coordinator.audit_log"),
    Shown("colleagues", "coordinator.coordinators"),
    Shown("administrator-new", "coordinator.invite_administrator"),
)

HALF_IN = [
    *_for(
        half_in.INES,
        Shown("second-step-none", "second_factor.choose", main=True),
        Shown("second-step-app", "second_factor.choose", main=True, act=half_in.begin_app),
        Shown("second-step-app-wrong", "second_factor.choose", act=half_in.type_wrong_code),
        Shown("second-step-app-waiting", "second_factor.app"),
        Shown("second-step-passkey", "second_factor.new_passkey"),
        Shown(
            "second-step-codes",
            "second_factor.choose",
            act=half_in.set_app_up,
            undo=half_in.take_app_back,
        ),
    ),
    *_for(
        half_in.IDA,
        Shown("second-step", "second_factor.show", main=True),
        Shown("second-step-wrong", "second_factor.show", act=_send),
    ),
]

BY_CODE = _for(
    intake_people.AT_THE_DOOR,
    Shown("who", "door.who", ids={"token": "item link"}, main=True),
    Shown("who-wrong", "door.who", ids={"token": "item link"}, act=_send),
)
BY_PIN = _for(
    intake_people.LENA,
    Shown("inbox", "intake.inbox"),
    Shown("item", "intake.item", ids={"referral_id": "item of Lena"}, main=True),
    Shown("stopped", "intake.item", ids={"referral_id": "stopped item"}),
)
INTAKE = _for(
    intake_people.INES,
    Shown("inbox", "intake.inbox", main=True),
    Shown("inbox-none", "intake.inbox", query="?number=R-100000", status=404),
    Shown("item-sent", "intake.item", ids={"referral_id": "item sent"}, main=True),
    Shown("item-tried", "intake.item", ids={"referral_id": "item tried"}),
    Shown("item-connected", "intake.item", ids={"referral_id": "item connected"}),
    Shown("call", "intake.call", ids={"referral_id": "item tried"}, main=True),
    Shown("cannot", "intake.decline", ids={"referral_id": "item sent"}),
    Shown("cannot-wrong", "intake.decline", ids={"referral_id": "item sent"}, act=_send),
    Shown("try", "intake.record_try", ids={"referral_id": "item tried"}, main=True),
    Shown("try-wrong", "intake.record_try", ids={"referral_id": "item tried"}, act=_send),
    Shown("rest", "intake.hold", ids={"referral_id": "item tried"}),
    Shown("end", "intake.close", ids={"referral_id": "item connected"}),
    Shown("helpers", "intake.helpers"),
)

PAGES = [
    *ANYONE,
    *HALF_IN,
    *LIAISON,
    *NEW_LIAISON,
    *LIAISON_WITHOUT_UNITS,
    *SPEAKER,
    *SPEAKER_WITHOUT_FEED,
    *NEW_SPEAKER,
    *COORDINATOR,
    *ADMINISTRATION,
    *BY_CODE,
    *BY_PIN,
    *INTAKE,
]
