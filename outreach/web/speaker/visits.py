"""My visits and open visits: going, answering, stepping back, taking an open place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.errors import Conflict
from outreach.i18n import gettext as _
from outreach.reads import after_visit, agenda, days, own_calendar, profile, undo
from outreach.reads.agenda import VisitView
from outreach.reads.days import DayVisit
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Slot
from outreach.web import calendar_view, context
from outreach.web.auth import requires
from outreach.web.speaker.blueprint import bp
from outreach.workflows import eligibility, offers

OPEN_SHOWN = 20
OPEN_ON_HOME = 3


@dataclass(frozen=True, slots=True)
class OpenPlace:
    """An open place that fits; `public_id` is the slot's."""

    public_id: str
    away: str
    why: str
    visit: VisitView


@bp.get("")
@requires("profile.see")
def home() -> ResponseReturnValue:
    """Show the next visit, what is asked, and what is open; or a week or a month of it."""
    now = clock.now()
    url = partial(url_for, "speaker.home")
    with context.reading() as session:
        me = profile.me(session, context.current_actor())
        zone = me.time_zone
        sheet = calendar_view.asked_for(request.args, now=now, zone=zone)
        views = calendar_view.choices(sheet, url=url)
        if sheet:
            found = days.of_speaker(session, me.id, span=sheet.span, now=now)
            drawn = calendar_view.draw(sheet, found, url=url, href=_day_url, zone=zone, now=now)
            return render_template("speaker/visits_calendar.html", drawn=drawn, views=views)
        shown = agenda.agenda(session, me.id, now=now)
        places = _open_places(session, me, now=now, limit=OPEN_ON_HOME)
        ids = [going.public_id for going in shown.past]
        told = after_visit.to_tell(session, ids, now=now)
        year = after_visit.year(session, me, now=now)
        undoable = undo.of_a_speaker(session, me.id, now=now)
        in_calendar = _in_calendar(session, me, shown.questions, places, now=now)
    return render_template(
        "speaker/home.html",
        first_name=me.first_name,
        next_visit=shown.coming[0] if shown.coming else None,
        later=shown.coming[1:],
        past=shown.past,
        told=told,
        year=year,
        questions=shown.questions,
        places=places,
        in_calendar=in_calendar,
        undoable=undoable,
        views=views,
    )


@bp.get("/open-visits")
@requires("offer.see")
def open_visits() -> ResponseReturnValue:
    """Show what waits for an answer, and the open places that fit."""
    now = clock.now()
    with context.reading() as session:
        me = profile.me(session, context.current_actor())
        questions = agenda.questions(session, me.id, now=now)
        places = _open_places(session, me, now=now, limit=OPEN_SHOWN)
        in_calendar = _in_calendar(session, me, questions, places, now=now)
    return render_template(
        "speaker/open_visits.html", questions=questions, places=places, in_calendar=in_calendar
    )


@bp.post("/open-visits/<slot_id>/yes")
@requires("offer.answer")
def volunteer(slot_id: str) -> ResponseReturnValue:
    """Take an open place."""
    actor = context.current_actor()
    with context.transaction() as session:
        slot = access.load(session, Slot, slot_id, actor=actor, action="offer.answer")
        me = profile.me(session, actor)
        taken = offers.volunteer(
            session, slot, speaker=me, by=actor, links=context.links(), now=clock.now()
        )
        assignment_id = taken.public_id
    return _thanks(assignment_id)


@bp.post("/offers/<offer_id>/yes")
@requires("offer.answer")
def accept(offer_id: str) -> ResponseReturnValue:
    """Take the place that was offered."""
    actor = context.current_actor()
    with context.transaction() as session:
        offer = access.load(session, Offer, offer_id, actor=actor, action="offer.answer")
        taken = offers.accept(
            session, offer=offer, by=actor, via="site", links=context.links(), now=clock.now()
        )
        assignment_id = taken.public_id
    return _thanks(assignment_id)


@bp.post("/offers/<offer_id>/not-this-time")
@requires("offer.answer")
def not_this_time(offer_id: str) -> ResponseReturnValue:
    """Say "not this time"; no reason is asked."""
    actor = context.current_actor()
    with context.transaction() as session:
        offer = access.load(session, Offer, offer_id, actor=actor, action="offer.answer")
        offers.not_this_time(
            session, offer=offer, by=actor, via="site", links=context.links(), now=clock.now()
        )
    flash(_("Thank you for telling us. There is nothing more to do."))
    return redirect(url_for("speaker.home"), 303)


@bp.get("/visits/<assignment_id>")
@requires("visit.see")
def visit(assignment_id: str) -> ResponseReturnValue:
    """Show everything about a visit the speaker has taken."""
    going, is_ahead = _going(assignment_id)
    with context.reading() as session:
        told = after_visit.to_tell(session, [assignment_id], now=clock.now())
        why = agenda.why_taken(session, assignment_id)
        me = profile.me(session, context.current_actor())
        mine = undo.of_a_speaker(session, me.id, now=clock.now())
    return render_template(
        "speaker/visit.html",
        going=going,
        visit=going.visit,
        is_ahead=is_ahead,
        why=why,
        told=told.get(assignment_id),
        undoable=[each for each in mine if each.public_id == assignment_id],
    )


@bp.get("/visits/<assignment_id>/cannot-come")
@requires("assignment.end")
def cannot_come(assignment_id: str) -> ResponseReturnValue:
    """Ask once more before the place is given back."""
    going, is_ahead = _going(assignment_id)
    if not is_ahead:
        return redirect(url_for("speaker.visit", assignment_id=assignment_id), 303)
    return render_template("speaker/cannot_come.html", going=going, visit=going.visit)


@bp.post("/visits/<assignment_id>/cannot-come")
@requires("assignment.end")
def step_back(assignment_id: str) -> ResponseReturnValue:
    """Give the place back, no reason asked; a second tap changes nothing."""
    actor = context.current_actor()
    with context.transaction() as session:
        assignment = access.load(
            session, Assignment, assignment_id, actor=actor, action="assignment.end"
        )
        offers.cannot_come(session, assignment, by=actor, links=context.links(), now=clock.now())
    flash(_("Thank you for telling us. Your place is open again, and we look for somebody else."))
    return redirect(url_for("speaker.home"), 303)


def _day_url(visit: DayVisit) -> str:
    """Return where a visit of a week or a month leads: its page, or the question itself."""
    if visit.mark:
        return url_for("speaker.open_visits", _anchor=f"question-{visit.public_id}")
    return url_for("speaker.visit", assignment_id=visit.public_id)


def _going(assignment_id: str) -> tuple[agenda.Going, bool]:
    """Return the visit of an assignment that stands, and whether it is still to come."""
    actor = context.current_actor()
    with context.reading() as session:
        assignment = access.load(
            session, Assignment, assignment_id, actor=actor, action="visit.see"
        )
        if not assignment.active:
            raise Conflict(_("You no longer go to this visit. There is nothing to do."))
        slot = session.get_one(Slot, assignment.slot_id)
        shown = agenda.views(
            session, {assignment.visit_id: slot.role}, speaker_id=assignment.speaker_id
        )
        going = agenda.Going(assignment.public_id, shown[assignment.visit_id])
    return going, going.visit.starts_at > clock.now()


def _in_calendar(
    session: Session,
    me: Speaker,
    questions: Iterable[agenda.Question],
    places: Iterable[OpenPlace],
    *,
    now: datetime,
) -> Mapping[str, str]:
    visits = [*(each.visit for each in questions), *(each.visit for each in places)]
    return own_calendar.beside(session, me.id, visits, now=now)


def _open_places(session: Session, me: Speaker, *, now: datetime, limit: int) -> list[OpenPlace]:
    found = eligibility.openings(session, me, limit=limit, now=now)
    roles = {each.visit.id: each.slot.role for each in found}
    shown = agenda.views(session, roles, speaker_id=me.id)
    return [
        OpenPlace(
            each.slot.public_id,
            _("by video")
            if shown[each.visit.id].by_video
            else agenda.how_far(each.choice.distance_km),
            agenda.why_you(each.choice.reasons),
            shown[each.visit.id],
        )
        for each in found
    ]


def _thanks(assignment_id: str) -> ResponseReturnValue:
    flash(_("It is yours. Thank you. The visit is on its way to your calendar."))
    return redirect(url_for("speaker.visit", assignment_id=assignment_id), 303)
