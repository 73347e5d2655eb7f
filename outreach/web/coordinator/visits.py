"""The board of visits, as a list and as a month, with its filters in the address."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import clock, i18n
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import board, words
from outreach.reads import hospitals as places
from outreach.reads.board import Choice, Filters, VisitRow
from outreach.reads.paging import Page
from outreach.web import ask, calendar_view, context
from outreach.web.auth import requires
from outreach.web.coordinator import paging
from outreach.web.coordinator.blueprint import bp

STATUSES = {
    "open": lazy("Not yet complete"),
    "nobody": lazy("Nobody yet"),
    "waiting": lazy("Waiting for an answer"),
    "settled": lazy("Everyone found"),
    "off": lazy("Called off"),
}
PILLS = ("open", "nobody")
"""The statuses that always have a pill; the others have one while they are chosen."""

VIEWS = ("list", "month")


@bp.get("/visits")
@requires("visit.see")
def visits() -> ResponseReturnValue:
    """Show the visits, as a list or as a month."""
    actor, now = context.current_actor(), clock.now()
    with context.reading() as session:
        zone = places.affiliate(session, actor).time_zone
        hospitals, programs = board.hospitals(session, actor), board.programs(session, actor)
        filters = _filters(hospitals, programs)
        given: dict[str, Any] = {
            "filters": filters,
            "hospitals": hospitals,
            "programs": programs,
            "statuses": {name: _(label) for name, label in STATUSES.items()},
        }
        if request.args.get("view") == "month":
            today = now.astimezone(ZoneInfo(zone)).date()
            first = calendar_view.asked_for(request.args.get("month", ""), today=today)
            rows = board.month(session, actor, filters, first=first, zone=zone, now=now)
            return _as_month(rows, first=first, today=today, zone=zone, given=given)
        page = board.page(session, actor, filters, number=paging.number(), now=now)
    return _as_list(page, zone=zone, given=given)


@bp.route("/visits/new", methods=["GET", "POST"])
@requires("visit.request")
def ask_for_visit() -> ResponseReturnValue:
    """Ask for a visit in a unit's stead."""
    return ask.run(
        back=url_for("coordinator.visits"),
        back_label=_("Visits"),
        done=lambda visit_id: url_for("coordinator.visit", visit_id=visit_id),
    )


def zone_words(rows: Sequence[VisitRow], *, zone: str) -> str:
    """Say in which zone the times are."""
    zones = {row.zone for row in rows} or {zone}
    if len(zones) == 1:
        return _("All times are %(zone)s.", zone=i18n.zone_name(zones.pop()))
    return _("Each time is the hospital’s own.")


def _as_list(
    page: Page[board.VisitRow], *, zone: str, given: dict[str, Any]
) -> ResponseReturnValue:
    filters: Filters = given["filters"]
    return render_template(
        "coordinator/visits.html",
        page=page,
        pills=_pills(filters, given, shown={}),
        views=_views(filters, current="list"),
        pager=_pager(page, filters),
        zone_words=zone_words(page.rows, zone=zone),
        **given,
    )


def _as_month(
    rows: Sequence[VisitRow], *, first: date, today: date, zone: str, given: dict[str, Any]
) -> ResponseReturnValue:
    filters: Filters = given["filters"]
    before, after = calendar_view.beside(first)
    return render_template(
        "coordinator/visits_month.html",
        first=first,
        title=calendar_view.name(first),
        before=(calendar_view.short_name(before, beside=first), _url(filters, **_in_month(before))),
        after=(calendar_view.short_name(after, beside=first), _url(filters, **_in_month(after))),
        headings=calendar_view.headings(),
        weeks=calendar_view.weeks(rows, first=first, today=today, href=_visit_url),
        month=_in_month(first)["month"],
        pills=_pills(filters, given, shown=_in_month(first)),
        views=_views(filters, current="month"),
        zone_words=zone_words(rows, zone=zone),
        **given,
    )


def _filters(hospitals: Sequence[Choice], programs: Sequence[Choice]) -> Filters:
    """Read the filters of the address; what it can't mean is as if it were not there."""
    when = request.args.get("when", "4weeks")
    status = request.args.get("status", "")
    language = request.args.get("language", "")
    return Filters(
        when=when if when in board.WHEN else "4weeks",
        status=status if status in STATUSES else "",
        hospital=_known(request.args.get("hospital", ""), hospitals),
        program=_known(request.args.get("program", ""), programs),
        language=language if language in words.LANGUAGES else "",
    )


def _known(public_id: str, choices: Sequence[Choice]) -> str:
    return public_id if any(each.public_id == public_id for each in choices) else ""


def _pills(
    filters: Filters, given: dict[str, Any], *, shown: dict[str, str]
) -> list[dict[str, Any]]:
    """Return the pills; each leads to what is shown now with one filter more or less."""
    found = [] if shown else _pills_of_time(filters)
    for status, label in STATUSES.items():
        on = filters.status == status
        if not on and status not in PILLS:
            continue
        changed = replace(filters, status="" if on else status)
        found.append({"label": _(label), "on": on, "href": _url(changed, **shown)})
    for code in words.LANGUAGES:
        if code != "en":
            on = filters.language == code
            label = _("In %(language)s", language=words.language(code, inside=True))
            changed = replace(filters, language="" if on else code)
            found.append({"label": label, "on": on, "href": _url(changed, **shown)})
    for name in ("hospital", "program"):
        chosen = getattr(filters, name)
        label = next((c.name for c in given[f"{name}s"] if c.public_id == chosen), "")
        if label:
            changed = replace(filters, **{name: ""})
            found.append({"label": label, "on": True, "href": _url(changed, **shown)})
    return found


def _pills_of_time(filters: Filters) -> list[dict[str, Any]]:
    labels = {"2weeks": _("Next 2 weeks"), "4weeks": _("Next 4 weeks"), "past": _("Past")}
    found = []
    for when, label in labels.items():
        on = filters.when == when
        changed = replace(filters, when="coming" if on else when)
        if when != "2weeks" or on:
            found.append({"label": label, "on": on, "href": _url(changed)})
    return found


def _views(filters: Filters, *, current: str) -> list[dict[str, Any]]:
    labels = {"list": _("List"), "month": _("Month")}
    return [
        {"label": labels[view], "href": _url(filters, view=view), "current": view == current}
        for view in VIEWS
    ]


def _pager(page: Page[board.VisitRow], filters: Filters) -> dict[str, Any]:
    return {
        "words": _(
            "Visits %(first)s to %(last)s of %(total)s.",
            first=page.first,
            last=page.last,
            total=page.total,
        ),
        "before": _url(filters, page=page.number - 1) if page.number > 1 else None,
        "after": _url(filters, page=page.number + 1) if page.has_next else None,
    }


def _in_month(first: date) -> dict[str, str]:
    """Return what the address says of a month that is shown."""
    return {"view": "month", "month": first.isoformat()[:7]}


def _url(filters: Filters, *, view: str = "list", **more: Any) -> str:  # noqa: ANN401 - as url_for
    chosen: dict[str, Any] = {name: value for name, value in asdict(filters).items() if value}
    if chosen.get("when") == "4weeks":
        del chosen["when"]
    if view != "list":
        chosen["view"] = view
    return url_for("coordinator.visits", **chosen, **more)


def _visit_url(row: VisitRow) -> str:
    return url_for("coordinator.visit", visit_id=row.public_id)
