"""The board of referrals, with its filters in the address."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import clock, i18n
from outreach.i18n import gettext as _
from outreach.i18n import ngettext
from outreach.reads import referral_board as reads
from outreach.reads import referral_words, words
from outreach.reads.board import Choice
from outreach.reads.referral_board import BoardPage, Counts, Filters, Row, Step
from outreach.referrals.codes import Outcome
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator import paging
from outreach.web.coordinator.blueprint import bp

CHOOSE: Final = ("affiliate", "hospital", "outcome")
"""Filters with many answers: their pill opens a row of pills below."""


@bp.get("/referrals")
@requires("referral.see")
def referrals() -> ResponseReturnValue:
    """Show the referrals, the clock that ends first on top."""
    actor, now = context.current_actor(), clock.now()
    with context.reading() as session:
        choices = {
            "affiliate": reads.affiliates(session, actor),
            "hospital": reads.hospitals(session, actor),
            "outcome": [Choice(code, _end(code)) for code in reads.ENDS],
        }
        filters = _filters(choices)
        page = reads.page(session, actor, filters, number=paging.number(), now=now)
    choose = request.args.get("choose", "")
    return render_template(
        "coordinator/referrals.html",
        page=page,
        lead=_lead(page.counts),
        filters=filters,
        pills=_pills(filters, choices),
        more=_more(filters, choices[choose], choose) if choose in CHOOSE else [],
        rows=[(row, *_step(row)) for row in page.rows],
        before=_url(filters, page=page.number - 1) if page.number > 1 else None,
        after=_url(filters, page=page.number + 1) if page.has_next else None,
        zone_words=_zone_words(page),
    )


def _lead(counts: Counts) -> str:
    if not counts.open:
        return _("No referral is open.")
    said = ngettext(
        "%(count)s is open.",
        "%(count)s are open.",
        counts.open,
        count=words.capital(words.number(counts.open)),
    )
    return f"{said} {_clocks(counts)}".rstrip()


def _clocks(counts: Counts) -> str:
    over, today = counts.over, counts.today
    if over and today:
        return _(
            "%(over)s, %(today)s.",
            over=_over(over),
            today=ngettext("%(count)s ends today", "%(count)s end today", today, count=_few(today)),
        )
    if over:
        return f"{_over(over)}."
    if today:
        return ngettext(
            "%(count)s clock ends today.",
            "%(count)s clocks end today.",
            today,
            count=words.capital(words.number(today)),
        )
    return ""


def _over(count: int) -> str:
    return ngettext(
        "%(count)s clock has run out",
        "%(count)s clocks have run out",
        count,
        count=words.capital(words.number(count)),
    )


def _few(count: int) -> str:
    return words.number_alone(count)


def _end(code: str) -> str:
    if code in set(Outcome):
        return _(referral_words.OUTCOMES[Outcome(code)])
    return referral_words.status(code).words


def _filters(choices: dict[str, list[Choice]]) -> Filters:
    """Read the filters of the address; what it can't mean is as if it were not there."""
    given = {name: request.args.get(name, "") for name in CHOOSE}
    known = {
        name: value if any(each.public_id == value for each in choices[name]) else ""
        for name, value in given.items()
    }
    show = request.args.get("show", "open")
    if known["outcome"]:
        show = "closed"
    return Filters(show=show if show in reads.SHOWS else "open", **known)


def _pills(filters: Filters, choices: dict[str, list[Choice]]) -> list[dict[str, Any]]:
    """Return the pills; each leads to what is shown now with one filter more or less."""
    shows = {
        "open": _("Still open"),
        "waits": _("Waits for somebody"),
        "day7": _("Day 7"),
        "closed": _("No longer open"),
    }
    all_of = {
        "affiliate": _("All affiliates"),
        "hospital": _("All hospitals"),
        "outcome": _("What became of it"),
    }
    found = [_show(filters, show, shows[show]) for show in ("open", "waits", "day7")]
    found += [_chosen(filters, name, all_of[name], choices[name]) for name in CHOOSE[:2]]
    found.append(_show(filters, "closed", shows["closed"]))
    found.append(_chosen(filters, "outcome", all_of["outcome"], choices["outcome"]))
    return found


def _show(filters: Filters, show: str, label: str) -> dict[str, Any]:
    on = filters.show == show
    changed = replace(filters, show="open" if on else show, outcome="")
    return {"label": label, "on": on, "href": _url(changed)}


def _chosen(filters: Filters, name: str, label: str, of: Sequence[Choice]) -> dict[str, Any]:
    """Return one with many answers: chosen it is taken off, else it opens the row of answers."""
    chosen = next((each.name for each in of if each.public_id == getattr(filters, name)), "")
    if chosen:
        return {"label": chosen, "on": True, "href": _url(replace(filters, **{name: ""}))}
    return {"label": label, "on": False, "href": _url(filters, choose=name, _anchor="choose")}


def _more(filters: Filters, of: Sequence[Choice], name: str) -> list[dict[str, Any]]:
    return [
        {
            "label": each.name,
            "on": getattr(filters, name) == each.public_id,
            "href": _url(replace(filters, **{name: each.public_id})),
        }
        for each in of
    ]


def _step(row: Row) -> tuple[str, str]:
    """Return where the next step leads, and its words."""
    labels = {
        Step.DRAFT: _("See the draft"),
        Step.REMIND: _("Remind"),
        Step.CALL_AFFILIATE: _("Call the affiliate"),
        Step.CALL_HELPER: _("Call the helper"),
        Step.SEE_ATTEMPTS: _("See attempts"),
        Step.CLOSE: _("Close"),
        Step.SEE_HOLD: _("See hold"),
        Step.CHOOSE_ANOTHER: _("Choose another affiliate"),
        Step.CONFIRM_STOP: _("Confirm the stop"),
        Step.SEE: _("See it"),
    }
    return _place(row), labels[row.step]


def _place(row: Row) -> str:
    if row.step is Step.CHOOSE_ANOTHER:
        return url_for("coordinator.reroute_referral", referral_id=row.public_id)
    if row.step is Step.CLOSE:
        return url_for("coordinator.record_referral", referral_id=row.public_id, what="close")
    anchor = {
        Step.REMIND: "next",
        Step.CALL_AFFILIATE: "affiliate",
        Step.CALL_HELPER: "affiliate",
        Step.SEE_ATTEMPTS: "attempts",
        Step.CONFIRM_STOP: "next",
    }.get(row.step)
    return url_for("coordinator.referral", referral_id=row.public_id, _anchor=anchor)


def _zone_words(page: BoardPage) -> str:
    return _("All times are %(zone)s.", zone=i18n.zone_name(page.zone))


def _url(filters: Filters, **more: Any) -> str:  # noqa: ANN401 - as url_for
    chosen: dict[str, Any] = {name: value for name, value in asdict(filters).items() if value}
    if chosen.get("show") == "open" or "outcome" in chosen:
        del chosen["show"]
    return url_for("coordinator.referrals", **chosen, **more)
