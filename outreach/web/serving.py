"""Who serves a ZIP code: for liaisons who refer and for coordinators, one page."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import clock
from outreach.actor import Actor
from outreach.directory import counties
from outreach.directory.models import Affiliate, Hospital
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import duty
from outreach.reads import serving as reads
from outreach.reads.serving import Serving
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.forms import Form, TextField

bp = Blueprint("serving", __name__)

LONGEST = 12


class ZipForm(Form):
    """Where somebody lives. It is asked for in the address: looking up changes nothing."""

    zip = TextField(lazy("ZIP code of the person’s home"), longest=LONGEST)


@bp.get("/who-serves")
@requires("serving.see")
def who_serves() -> ResponseReturnValue:
    """Ask for a ZIP code, and show who serves it."""
    asked = request.args.get("zip", "").strip()[:LONGEST]
    form, area = ZipForm(zip=asked), None
    rows: tuple[Serving, ...] = ()
    with context.reading() as session:
        try:
            area = counties.area(asked, field="zip") if asked else None
            rows = reads.serving_area(session, area) if area else ()
        except RuleBroken as error:
            form.refuse(error)
        bureau = _bureau(session, context.current_actor())
        ask = duty.whom_to_ask(session, bureau, now=clock.now())
    page = render_template(
        "serving/who_serves.html",
        form=form,
        area=area,
        rows=rows,
        oddity=_(reads.ODDITIES[area.oddity]) if area and area.oddity else "",
        intakes=reads.INTAKES,
        ask=ask,
    )
    return page, 422 if form.errors else 200


def _bureau(session: Session, actor: Actor) -> Affiliate:
    """Return whose coordinators the actor would ask."""
    if actor.affiliate_id is not None:
        return session.get_one(Affiliate, actor.affiliate_id)
    hospital = session.get_one(Hospital, actor.hospital_id)
    return session.get_one(Affiliate, hospital.affiliate_id)
