"""What needs the coordinator now."""

from dataclasses import dataclass

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock, i18n
from outreach.i18n import gettext as _
from outreach.reads import duty, words
from outreach.reads import today as reads
from outreach.reads.duty import Duty
from outreach.reads.needs import Group, Need, Step
from outreach.reads.today import Today
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp


@dataclass(frozen=True, slots=True)
class Section:
    """A group of things that need somebody. Only the first group has filled buttons."""

    title: str
    rows: list[tuple[Need, str, str]]
    is_first: bool


@bp.get("/")
@requires("today.see")
def today() -> ResponseReturnValue:
    """Show what needs somebody, how the coming visits stand, and the visits of this day."""
    found = context.signed_in()
    actor, now = context.current_actor(), clock.now()
    with context.reading() as session:
        shown = reads.today(session, actor, now=now)
        on_duty = duty.duty(session, access.own_affiliate(session, actor), now=now)
    return render_template(
        "coordinator/today.html",
        greeting=_greeting(shown, name=found.name.split()[0] if found else ""),
        lead=_lead(shown),
        today=shown,
        sections=_sections(shown),
        zone=i18n.zone_name(shown.zone),
        duty=on_duty,
        on_duty=_on_duty(on_duty, actor.account_id),
    )


def _on_duty(found: Duty, own_id: int | None) -> str:
    """Say who is called first, and who stands in."""
    first, deputy = found.on_duty, found.deputy
    if first is None or found.is_away:
        return _stands_in(found, own_id)
    is_own = first.account_id == own_id
    if is_own and deputy is None:
        return _("You, without a deputy.")
    if deputy is None:
        return _("%(name)s, without a deputy.", name=first.name)
    if is_own:
        return _("You. %(deputy)s is your deputy.", deputy=deputy.name)
    if deputy.account_id == own_id:
        return _("%(name)s. You are the deputy.", name=first.name)
    return _("%(name)s. %(deputy)s is the deputy.", name=first.name, deputy=deputy.name)


def _stands_in(found: Duty, own_id: int | None) -> str:
    """Say who is called while nobody is on duty, or who is on duty is away."""
    deputy, why = found.deputy, _why_not_first(found, own_id)
    if found.on_duty is None and deputy is None:
        return _("Nobody is on duty. What cannot wait goes to the bureau’s own telephone.")
    if deputy is None:
        return f"{why} {_('Nobody stands in: every coordinator is told.')}"
    if deputy.account_id == own_id:
        return f"{why} {_('You stand in.')}"
    return f"{why} {_('%(deputy)s stands in.', deputy=deputy.name)}"


def _why_not_first(found: Duty, own_id: int | None) -> str:
    first = found.on_duty
    if first is None or found.away_until is None:
        return _("Who was on duty is no longer here.")
    day = i18n.day(found.away_until)
    if first.account_id == own_id:
        return _("You are away until %(day)s.", day=day)
    return _("%(name)s is away until %(day)s.", name=first.name, day=day)


def _greeting(shown: Today, *, name: str) -> str:
    if shown.is_morning:
        return _("Good morning, %(name)s", name=name)
    if shown.is_evening:
        return _("Good evening, %(name)s", name=name)
    return _("Good afternoon, %(name)s", name=name)


def _lead(shown: Today) -> str:
    day = words.capital(i18n.day(shown.day))
    if not shown.count:
        return _("%(day)s. Nothing needs you right now.", day=day)
    needs = i18n.ngettext(
        "%(day)s. One thing needs you.",
        "%(day)s. %(num)s things need you.",
        shown.count,
        day=day,
        num=words.capital(words.number(shown.count)),
    )
    pressing = len(shown.needs[Group.FIRST])
    # Of referrals that are not named here nobody has said how soon.
    if not pressing or pressing == shown.count or shown.more_referrals:
        return needs
    first = i18n.ngettext(
        "One of them comes first.",
        "%(num)s of them come first.",
        pressing,
        num=words.capital(words.number(pressing)),
    )
    return f"{needs} {first}"


def _sections(shown: Today) -> list[Section]:
    titles = {
        Group.FIRST: _("Before noon") if shown.is_morning else _("Now"),
        Group.TODAY: _("Today"),
        Group.WEEK: _("This week and later"),
    }
    groups = [(group, needs) for group, needs in shown.needs.items() if needs]
    return [
        Section(
            titles[group],
            [(need, *_step(need)) for need in needs],
            is_first=place == 0,
        )
        for place, (group, needs) in enumerate(groups)
    ]


def _step(need: Need) -> tuple[str, str]:
    """Return where the one action leads, and its words."""
    match need.step:
        case Step.FIND:
            step = url_for("coordinator.visit", visit_id=need.target), _("Find someone")
        case Step.SEE_WHO_FITS:
            step = url_for("coordinator.visit", visit_id=need.target), _("See who fits")
        case Step.APPROVE:
            step = url_for("coordinator.proposals"), _("See them")
        case Step.LOOK:
            step = url_for("coordinator.message", message_id=need.target), _("See the message")
        case Step.HAVE_CALLED:
            step = url_for("coordinator.have_called", debrief_id=need.target), _("I have called")
        case Step.SETTLE_REPORT:
            step = url_for("coordinator.settle_incident", incident_id=need.target), _("Settle")
        case Step.SEE_REFERRAL | Step.CHOOSE_AFFILIATE | Step.CONFIRM_STOP:
            step = _referral_step(need)
        case Step.CALL:
            step = url_for("coordinator.calls"), _("See the calls")
        case Step.SEE_WAITING:
            step = url_for("coordinator.messages", state="waiting"), _("See what waits")
        case _:
            step = url_for("coordinator.texts"), _("Read and settle")
    return step


def _referral_step(need: Need) -> tuple[str, str]:
    if need.step is Step.CHOOSE_AFFILIATE:
        place = url_for("coordinator.reroute_referral", referral_id=need.target)
        return place, _("Choose another affiliate")
    if need.step is Step.CONFIRM_STOP:
        place = url_for("coordinator.referral", referral_id=need.target, _anchor="next")
        return place, _("Confirm the stop")
    place = url_for("coordinator.referral", referral_id=need.target)
    return place, _("See the referral")
