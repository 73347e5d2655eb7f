"""What every template is given: who is there, the navigation, the language, dates in words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, request, url_for
from jinja2 import StrictUndefined

from outreach import access, clock, i18n, phone
from outreach.actor import Actor, Kind
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import referral_board, today, words
from outreach.web import context

AUDIENCES = {
    Kind.ADMINISTRATOR: "coordinator",
    Kind.COORDINATOR: "coordinator",
    Kind.HELPER: "intake",
    Kind.INTAKE: "intake",
    Kind.LIAISON: "liaison",
    Kind.SPEAKER: "speaker",
}


@dataclass(frozen=True, slots=True)
class Tab:
    """One entry of a navigation: shown to those who may do `action`."""

    label: str
    endpoint: str
    action: str


TABS: dict[str, tuple[Tab, ...]] = {
    "speaker": (
        Tab(lazy("My visits"), "speaker.home", "profile.see"),
        Tab(lazy("Open visits"), "speaker.open_visits", "offer.see"),
        Tab(lazy("My times"), "speaker.times", "availability.change"),
        Tab(lazy("About me"), "speaker.about", "profile.see"),
    ),
    "intake": (
        Tab(lazy("Inbox"), "intake.inbox", "referral.see"),
        Tab(lazy("Helpers"), "intake.helpers", "helper.see"),
    ),
    "liaison": (
        Tab(lazy("My units"), "liaison.units", "unit.see"),
        Tab(lazy("Referrals"), "liaison.referrals", "referral.see"),
        Tab(lazy("My hospital"), "liaison.hospital", "hospital.see"),
    ),
    "coordinator": (
        Tab(lazy("Today"), "coordinator.today", "today.see"),
        Tab(lazy("Visits"), "coordinator.visits", "visit.see"),
        Tab(lazy("People"), "coordinator.people", "speaker.see"),
        Tab(lazy("Hospitals"), "coordinator.hospitals", "hospital.see"),
        Tab(lazy("Referrals"), "coordinator.referrals", "referral.see"),
        Tab(lazy("Messages"), "coordinator.messages", "message.see"),
        Tab(lazy("Set-up"), "coordinator.setup", "settings.see"),
    ),
}


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry as the base template draws it. `count` is asked where the entry is drawn."""

    label: str
    href: str
    current: bool
    count: Callable[[], int] | None = None


def init(app: Flask) -> None:
    """Set the template engine up: strict, translated, with the filters for dates."""
    env = app.jinja_env
    env.undefined = StrictUndefined
    env.trim_blocks = env.lstrip_blocks = True
    env.add_extension("jinja2.ext.i18n")
    # Looked up at each call, so one environment speaks every language.
    env.install_gettext_callables(  # type: ignore[attr-defined] # the extension adds it
        _plain_gettext, _plain_ngettext, newstyle=True
    )
    env.filters.update(
        day=i18n.day,
        day_at=_day_at,
        short_day=i18n.short_day,
        short_date=i18n.short_date,
        when=i18n.when,
        span=_span,
        capital=words.capital,
        clock_time=i18n.clock_time,
        figures=i18n.figures,
        zone_name=i18n.zone_name,
        phone=phone.display,
    )
    app.context_processor(_given)


def _given() -> dict[str, Any]:
    helper = context.helper()
    found = None if helper else context.signed_in()
    actor = context.current_actor()
    # Before the second factor nobody is anywhere: no navigation, and no counts in it.
    is_half_in = found is not None and found.lacks_second_factor
    audience = "sign-in" if is_half_in else AUDIENCES.get(actor.kind, _anonymous_audience())
    return {
        "account_url": url_for("account.show") if found else None,
        "actor": actor,
        "audience": audience,
        "can": lambda action: access.can(actor, action),
        "language_switch": _language_switch(),
        "locale": i18n.locale(),
        "nav": _nav(actor, audience),
        "person_name": helper.name if helper else found.name if found else None,
        "service_name": context.config().service_name,
        "support_phone": context.config().support_phone,
        "sign_out_url": _sign_out_url(is_helper=helper is not None, is_member=found is not None),
    }


def _sign_out_url(*, is_helper: bool, is_member: bool) -> str | None:
    if is_helper:
        return url_for("door.leave")
    return url_for("auth.sign_out") if is_member else None


def _anonymous_audience() -> str:
    return "sign-in" if request.blueprint in {"auth", "demo_sign_in"} else "public"


def _nav(actor: Actor, audience: str) -> list[NavItem]:
    tabs = [tab for tab in TABS.get(audience, ()) if access.can(actor, tab.action)]
    places = [url_for(tab.endpoint) for tab in tabs]
    here = _current(places, at=_path(audience))
    return [
        NavItem(_(tab.label), place, current=place == here, count=COUNTS.get(tab.endpoint))
        for tab, place in zip(tabs, places, strict=True)
    ]


def _what_needs_somebody() -> int:
    with context.reading() as session:
        return today.count(session, context.current_actor(), now=clock.now())


def _referrals_that_need_somebody() -> int:
    with context.reading() as session:
        return referral_board.count(session, context.current_actor(), now=clock.now())


COUNTS: dict[str, Callable[[], int]] = {
    "coordinator.today": _what_needs_somebody,
    "coordinator.referrals": _referrals_that_need_somebody,
}
"""The entries that say how much there is to do."""


def _path(audience: str) -> str:
    """Return where a page lies for the navigation: the steps of referring under the referrals."""
    if request.blueprint == "referring" and audience in {"coordinator", "liaison"}:
        return url_for(f"{audience}.referrals")
    return request.path


def _current(places: list[str], *, at: str) -> str | None:
    """Return the place a page lies under: the longest that its path begins with."""
    under = [place for place in places if at == place or at.startswith(place.rstrip("/") + "/")]
    return max(under, key=len, default=None)


def _language_switch() -> dict[str, str]:
    lang, label = ("en", "English") if i18n.locale() == "es" else ("es", "Español")
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    return {"lang": lang, "label": label, "action": url_for("auth.language", next=here)}


def _plain_gettext(message: str) -> str:
    # newstyle: Jinja fills and escapes the values itself.
    return i18n.gettext(message)


def _plain_ngettext(one: str, many: str, count: int) -> str:
    return i18n.catalog(i18n.locale()).ngettext(one, many, count)


def _day_at(instant: Any, zone: str) -> str:  # noqa: ANN401 - a filter's argument
    return words.capital(i18n.day(instant.astimezone(ZoneInfo(zone))))


def _span(starts_at: Any, ends_at: Any, zone: str) -> str:  # noqa: ANN401 - a filter's arguments
    name = i18n.zone_name(zone)
    whole = name.replace(" ", i18n.NBSP)  # "Eastern" at the end of a line, "Time" on the next
    return i18n.span(starts_at, ends_at, zone=zone).replace(name, whole)
