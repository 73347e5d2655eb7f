"""Step 3 of 3, after the signature: the paper element by element, then the person, then send."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import clock, i18n
from outreach.directory.models import Affiliate
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import gettext as _
from outreach.reads import duty, own_referrals
from outreach.reads.own_referrals import Stand
from outreach.reads.referral_words import leaves_later
from outreach.referrals import paper
from outreach.referrals.codes import State
from outreach.referrals.models import Referral
from outreach.referrals.paper import Paper
from outreach.referrals.profiles import Profile
from outreach.web.auth import requires
from outreach.web.context import current_actor, desk, reading, transaction
from outreach.web.liaison.referrals import sends, version
from outreach.web.referring import whose
from outreach.web.referring.blueprint import bp
from outreach.web.referring.forms import PaperForm
from outreach.web.referring.whose import load
from outreach.workflows.referrals import authorizing, forms, steps
from outreach.workflows.referrals.drafts import ReferralsOff


@dataclass(frozen=True, slots=True)
class Asked:
    """What step 3 asks from: the profile, its texts in both languages, how the referral stands."""

    stand: Stand
    profile: Profile
    paper: Paper | None
    wordings: Mapping[str, str]


@bp.get("/referrals/<referral_id>/signed")
@requires("referral.authorize")
def signed(referral_id: str) -> ResponseReturnValue:
    """Ask for the paper that was signed, then for the person."""
    with reading() as session:
        row = load(session, referral_id, "referral.authorize")
        if row.state != State.AWAITING:
            return redirect(whose.page_url(referral_id), 303)
        asked = _asked(session, row)
    form = PaperForm(expires_on=authorizing.usual_expiry(row))
    form.fit(asked.paper, asked.profile, asked.wordings, by_themselves=row.hospital_id is None)
    return _page(form, asked), 200


@bp.post("/referrals/<referral_id>/signed")
@requires("referral.authorize")
def record(referral_id: str) -> ResponseReturnValue:
    """Record the signed form and the person, and send it now or at the discharge."""
    form = PaperForm()
    with reading() as session:
        row = load(session, referral_id, "referral.authorize")
        if row.state != State.AWAITING:
            return whose.stands(referral_id, Conflict(steps.MOVED_ON))
        asked = _asked(session, row)
        form.fit(asked.paper, asked.profile, asked.wordings, by_themselves=row.hospital_id is None)
        is_right = form.is_sent_and_right()
        wrong = authorizing.problems(session, row, form.signed(), form.person(), now=clock.now())
    _show(form, wrong)
    if wrong or not is_right:
        return _page(form, asked), 422
    at_discharge = request.form.get("send") == "discharge"
    try:
        _record(referral_id, row, form, at_discharge=at_discharge)
    except ReferralsOff as error:
        form.form_errors.append(_(error.message))
        return _page(form, asked), error.status
    except RuleBroken as error:
        form.refuse(error)
        return _page(form, asked), error.status
    except Conflict as error:
        return whose.stands(referral_id, error)
    if at_discharge:
        later = leaves_later(row.time_zone, hour_known=row.discharge_hour_known)
        flash(_("It is recorded. %(later)s", later=later))
    else:
        flash(_("It is recorded and sent. The affiliate was told that something waits."))
    return redirect(whose.page_url(referral_id), 303)


def _record(referral_id: str, seen: Referral, form: PaperForm, *, at_discharge: bool) -> None:
    """Record and send as one: what cannot be sent is not recorded either."""
    # The record's key is made first, outside: it must outlive a rollback, never the other way.
    key = authorizing.prepare_key(desk(), seen)
    with transaction() as session:
        row = load(session, referral_id, "referral.authorize")
        authorizing.record(
            session,
            row,
            form.signed(),
            form.person(),
            operator=operator(session, row),
            data_key_id=key,
            version=version(),
            by=current_actor(),
            desk=desk(),
            now=clock.now(),
        )
        sends(session, row, at_discharge=at_discharge, version=row.version)


def operator(session: Session, row: Referral) -> str:
    """Return who passes a referral on and follows it up: the bureau that looks after it."""
    from_bureau = session.get_one(Affiliate, row.bureau_id)
    return duty.keeper_of(session, from_bureau).name


def _asked(session: Session, row: Referral) -> Asked:
    profile = forms.profile_for(session, row)
    wordings: dict[str, str] = {}
    read: Paper | None = None
    for locale, name in (("en", _("in English")), ("es", _("in Spanish"))):
        found = forms.wording(session, profile.code, locale=locale)
        if found is not None:
            named = _(
                "The form %(language)s, version %(number)s", language=name, number=found.version
            )
            wordings[found.public_id] = named
            if locale == i18n.locale() or read is None:
                read = paper.parse(found.text)
    return Asked(own_referrals.stand(session, row), profile, read, wordings)


def _show(form: PaperForm, wrong: tuple[RuleBroken, ...]) -> None:
    """Put each beside its field, unless something is said there already."""
    for error in wrong:
        field = error.field or ""
        if field not in form or not form[field].errors:
            form.refuse(error)


def _page(form: PaperForm, asked: Asked) -> str:
    return render_template(
        "referring/signed.html",
        form=form,
        stand=asked.stand,
        may_leave_later=asked.stand.referral.discharged_at > clock.now(),
    )
