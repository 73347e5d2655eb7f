"""Before the signature: who and when, which affiliate, the form. No field holds a name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import access, clock, crypto
from outreach.directory import counties
from outreach.directory.counties import Area
from outreach.directory.models import Affiliate, Hospital, Unit
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import duty, own_referrals, referring
from outreach.reads import serving as serving_reads
from outreach.reads.serving import Serving
from outreach.referrals.codes import State
from outreach.referrals.models import Referral
from outreach.web.auth import requires
from outreach.web.context import current_actor, desk, reading, transaction
from outreach.web.liaison.referrals import own_hospital, version, why_off
from outreach.web.referring import whose
from outreach.web.referring.blueprint import bp
from outreach.web.referring.forms import WhenForm
from outreach.web.referring.whose import load
from outreach.workflows.referrals import drafts, facts
from outreach.workflows.referrals.drafts import ReferralsOff

NOT_LISTED = lazy("Choose an affiliate from the list.")
LEAST_KEY = 16
"""Characters of a request's key: what is shorter may have been typed, and meets another's."""


@bp.route("/referrals/new", methods=["GET", "POST"])
@requires("ward.refer")
def new() -> ResponseReturnValue:
    """Step 1 of 3 on a ward: the unit, the day, the ZIP code, what the person would like."""
    with reading() as session:
        off = why_off(session)
        form = _when_form(session)
    if off is not None:
        page = render_template("referring/off.html", off=off)
        return page, 409 if request.method == "POST" else 200
    return _begun(form, _on_ward)


@bp.route("/referrals/new/by-themselves", methods=["GET", "POST"])
@requires("bureau.refer")
def new_here() -> ResponseReturnValue:
    """Step 1 of 3 for a person who came to the affiliate by themselves: nothing of a hospital."""
    with reading() as session:
        form = _when_form(session)
    return _begun(form, _in_bureau)


@bp.route("/referrals/<referral_id>/who-and-when", methods=["GET", "POST"])
@requires("referral.begin")
def describe(referral_id: str) -> ResponseReturnValue:
    """Change what step 1 holds, as long as nothing is signed."""
    with reading() as session:
        row = load(session, referral_id, "referral.begin")
        if row.state not in {State.DRAFT, State.AWAITING} and request.method == "GET":
            return redirect(_where(row), 303)
        form = _when_form(session, row)
    if not form.is_sent_and_right():
        return _when_page(form, row)
    try:
        with transaction() as session:
            drafts.describe(
                session,
                load(session, referral_id, "referral.begin"),
                form.described(),
                version=version(),
                by=current_actor(),
                now=clock.now(),
            )
    except RuleBroken as error:
        form.refuse(error)
        return _when_page(form, row)
    except Conflict as error:
        return whose.stands(referral_id, error)
    return redirect(url_for("referring.affiliate", referral_id=referral_id), 303)


@bp.get("/referrals/<referral_id>/affiliate")
@requires("referral.begin")
def affiliate(referral_id: str) -> ResponseReturnValue:
    """Step 2 of 3: who is to reach the person."""
    with reading() as session:
        row = load(session, referral_id, "referral.begin")
    if row.state not in {State.DRAFT, State.AWAITING}:
        return redirect(_where(row), 303)
    return _affiliate_page(referral_id), 200


@bp.post("/referrals/<referral_id>/affiliate")
@requires("referral.begin")
def choose(referral_id: str) -> ResponseReturnValue:
    """Choose the affiliate, and go on to the form. The same choice twice is one."""
    try:
        with transaction() as session:
            row = load(session, referral_id, "referral.begin")
            _choose(session, row)
    except RuleBroken as error:
        return _affiliate_page(referral_id, said=_(error.message, **error.values)), error.status
    except Conflict as error:
        return whose.stands(referral_id, error)
    return redirect(url_for("referring.form", referral_id=referral_id), 303)


@bp.get("/referrals/<referral_id>/form")
@requires("referral.begin")
def form(referral_id: str) -> ResponseReturnValue:
    """Print the form, and wait for the signature."""
    with reading() as session:
        row = load(session, referral_id, "referral.begin")
        if row.state != State.AWAITING:
            return redirect(_where(row), 303)
        stand = own_referrals.stand(session, row)
    return render_template("referring/waits.html", stand=stand)


@bp.post("/referrals/<referral_id>/information-given")
@requires("referral.cancel")
def information_given(referral_id: str) -> ResponseReturnValue:
    """End it: the person took the information and signed nothing. Twice is once."""
    try:
        with transaction() as session:
            row = load(session, referral_id, "referral.cancel")
            drafts.information_given(session, row, by=current_actor(), desk=desk(), now=clock.now())
    except Conflict as error:
        return whose.stands(referral_id, error)
    flash(_("It is noted: they took the information, and nothing was passed on."))
    return redirect(whose.page_url(referral_id), 303)


@dataclass(frozen=True, slots=True)
class Offered:
    """Who serves where the person will live, and everyone else one may choose."""

    area: Area | None
    rows: Sequence[Serving]
    others: Sequence[Affiliate]


def _begun(form: WhenForm, begin: Callable[[Session, WhenForm], Referral]) -> ResponseReturnValue:
    """Ask for what step 1 holds, begin with it, and go on to the affiliate."""
    if not form.is_sent_and_right():
        return _when_page(form)
    try:
        with transaction() as session:
            row = begin(session, form)
    except ReferralsOff as error:
        form.unit.errors = [*form.unit.errors, *referring.in_words(error.obstacles)]
        return _when_page(form)
    except RuleBroken as error:
        form.refuse(error)
        return _when_page(form)
    return redirect(url_for("referring.affiliate", referral_id=row.public_id), 303)


def _on_ward(session: Session, form: WhenForm) -> Referral:
    actor = current_actor()
    unit = access.load(session, Unit, form.unit.data, actor=actor, action="ward.refer")
    hospital = session.get_one(Hospital, unit.hospital_id)
    bureau = session.get_one(Affiliate, hospital.affiliate_id)
    return _begin(session, form, unit=unit, bureau=bureau)


def _in_bureau(session: Session, form: WhenForm) -> Referral:
    return _begin(session, form, unit=None, bureau=access.own_affiliate(session, current_actor()))


def _begin(session: Session, form: WhenForm, *, unit: Unit | None, bureau: Affiliate) -> Referral:
    actor, typed = current_actor(), form.request_key.data or ""
    key = typed if len(typed) >= LEAST_KEY else crypto.token()
    return drafts.begin(
        session,
        unit=unit,
        bureau=bureau,
        description=form.described(),
        # Under one's own account: nobody else's key can be met, by chance or on purpose.
        request_key=f"{actor.account_id}:{key}",
        by=actor,
        now=clock.now(),
    )


def _when_form(session: Session, row: Referral | None = None) -> WhenForm:
    """Return step 1, filled with what is known."""
    by_themselves = row.hospital_id is None if row else whose.is_coordinator()
    today = facts.local_day(clock.now(), zone=row.time_zone if row else _zone(session))
    known: dict[str, object] = _known(row) if row else {"request_key": crypto.token()}
    if row is None and by_themselves:
        known["discharged_on"] = today
    form = WhenForm(**known)
    form.fit(today=today, by_themselves=by_themselves)
    if row is not None:  # it stays with the unit where it was begun
        form.leave_unit()
    elif not by_themselves:
        form.unit.choices = _units(session)
    return form


def _zone(session: Session) -> str:
    """Return the zone of where the reader refers."""
    if whose.is_coordinator():
        return access.own_affiliate(session, current_actor()).time_zone
    return own_hospital(session).time_zone


def _units(session: Session) -> list[tuple[str, str]]:
    own = access.scope(current_actor(), Unit).where(Unit.archived_at.is_(None)).order_by(Unit.name)
    units = [(unit.public_id, unit.name) for unit in session.scalars(own)]
    return [("", _("Choose the unit")), *units] if len(units) > 1 else units


def _known(row: Referral) -> dict[str, object]:
    there = row.discharged_at.astimezone(ZoneInfo(row.time_zone))
    return {
        "discharged_on": there.date(),
        "discharged_time": there.time() if row.discharge_hour_known else None,
        "zip_code": row.zip_code,
        "age_group": row.age_group,
        "groups": row.groups,
    }


def _when_page(form: WhenForm, row: Referral | None = None) -> ResponseReturnValue:
    page = render_template("referring/when.html", form=form, referral=row)
    return page, 422 if form.errors or form.form_errors else 200


def _choose(session: Session, row: Referral) -> None:
    actor, now = current_actor(), clock.now()
    affiliate = _chosen(session)
    by_area = {each.public_id for each in _offered(session, row).rows if each.has_room}
    is_own = request.form.get("chosen_by") == "person" or affiliate.public_id not in by_area
    drafts.choose_affiliate(
        session,
        row,
        affiliate,
        chosen_by="person" if is_own else "area",
        version=version(),
        by=actor,
        now=now,
    )
    drafts.ask_signature(session, row, by=actor, desk=desk(), now=now)


def _chosen(session: Session) -> Affiliate:
    """Return the affiliate that was chosen, if it takes referrals now."""
    wanted = request.form.get("affiliate", "")[:64].replace("\0", "")
    found = session.scalars(select(Affiliate).where(Affiliate.public_id == wanted)).one_or_none()
    if found is None or not facts.takes(found):
        raise RuleBroken(NOT_LISTED, field="affiliate")
    return found


def _offered(session: Session, row: Referral) -> Offered:
    others = own_referrals.choices(session)
    try:
        area = counties.area(row.zip_code)
    except RuleBroken:  # a place without a county: the list of all is left
        return Offered(None, (), others)
    return Offered(area, serving_reads.serving_area(session, area), others)


def _affiliate_page(referral_id: str, *, said: str = "") -> str:
    with reading() as session:
        row = load(session, referral_id, "referral.begin")
        stand = own_referrals.stand(session, row)
        bureau = session.get_one(Affiliate, row.bureau_id)
        ask = duty.whom_to_ask(session, bureau, now=clock.now())
        offered = _offered(session, row)
    return render_template(
        "referring/affiliate.html",
        stand=stand,
        offered=offered,
        intakes=serving_reads.INTAKES,
        ask=ask,
        said=said,
        problem=bool(said),
    )


def _where(row: Referral) -> str:
    """Return the page where a referral goes on."""
    endpoint = {State.DRAFT: "referring.affiliate", State.AWAITING: "referring.form"}.get(
        State(row.state)
    )
    if endpoint is None:
        return whose.page_url(row.public_id)
    return url_for(endpoint, referral_id=row.public_id)
