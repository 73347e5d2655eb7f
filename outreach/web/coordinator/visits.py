"""The board of visits, as a list, a week and a month, with its filters in the address."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import clock
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import board, days, words
from outreach.reads import hospitals as places
from outreach.reads.board import Choice, Filters
from outreach.reads.days import DayVisit
from outreach.reads.paging import Page
from outreach.web import ask, calendar_view, context
from outreach.web.auth import requires
from outreach.web.calendar_view import Sheet
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


@bp.get("/visits")
@requires("visit.see")
def visits() -> ResponseReturnValue:
    """Show the visits, as a list, a week or a month."""
    actor, now = context.current_actor(), clock.now()
    with context.reading() as session:
        zone = places.affiliate(session, actor).time_zone
        hospitals, programs = board.hospitals(session, actor), board.programs(session, actor)
        filters = _filters(hospitals, programs)
        sheet = calendar_view.asked_for(request.args, now=now, zone=zone)
        given: dict[str, Any] = {
            "filters": filters,
            "hospitals": hospitals,
            "programs": programs,
            "statuses": {name: _(label) for name, label in STATUSES.items()},
            "shown": sheet.args if sheet else {},
            "views": calendar_view.choices(sheet, url=partial(_url, filters)),
        }
        given["pills"] = _pills(filters, given)
        if sheet:
            found = days.of_bureau(session, actor, filters, span=sheet.span, now=now)
            return _as_calendar(sheet, found, zone=zone, now=now, given=given)
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


def _as_list(
    page: Page[board.VisitRow], *, zone: str, given: dict[str, Any]
) -> ResponseReturnValue:
    filters: Filters = given["filters"]
    return render_template(
        "coordinator/visits.html",
        page=page,
        pager=_pager(page, filters),
        zone_words=calendar_view.zone_words([row.zone for row in page.rows], zone=zone),
        **given,
    )


def _as_calendar(
    sheet: Sheet, found: Sequence[DayVisit], *, zone: str, now: datetime, given: dict[str, Any]
) -> ResponseReturnValue:
    url = partial(_url, given["filters"])
    drawn = calendar_view.draw(sheet, found, url=url, href=_visit_url, zone=zone, now=now)
    return render_template("coordinator/visits_calendar.html", drawn=drawn, **given)


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


def _pills(filters: Filters, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the pills; each leads to what is shown now with one filter more or less."""
    shown: dict[str, str] = given["shown"]
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


def _url(filters: Filters, **more: Any) -> str:  # noqa: ANN401 - as url_for
    chosen: dict[str, Any] = {name: value for name, value in asdict(filters).items() if value}
    if chosen.get("when") == "4weeks":
        del chosen["when"]
    return url_for("coordinator.visits", **chosen, **more)


def _visit_url(visit: DayVisit) -> str:
    return url_for("coordinator.visit", visit_id=visit.public_id)
