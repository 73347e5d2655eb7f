"""The way in for an affiliate without accounts: link, button, code, then a helper's name and PIN.

The address is the authority until the code was typed; from then on the browser's cookie counts as
well, so that the page where a PIN is typed carries a form token. Behind the PIN are the pages of
`outreach.web.intake`, the same ones that accounts use.
"""

from collections.abc import Mapping

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from outreach import clock, crypto, i18n, logs
from outreach.actor import Actor, Kind
from outreach.errors import Conflict, NotFound, RuleBroken, TooMany
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import door as reads
from outreach.referrals.models import IntakeHelper, Referral, ReferralLink
from outreach.web import context, errors
from outreach.web.forms import Form, RadioField, TextField, required
from outreach.workflows.referrals import doors, helping, stopping

bp = Blueprint("door", __name__)

DEAD_STEPS = (
    lazy("Open the link in the newest mail; an older one may have ended."),
    lazy("Or call the coordinator and name the number in the mail."),
)
GONE = lazy("This link has ended. Nothing was changed, and nothing is shown here.")

_log = logs.get(__name__)


class CodeForm(Form):
    """The eight digits that were mailed or read out."""

    code = TextField(
        lazy("The code"), longest=40, validators=[required(lazy("Enter the eight digits."))]
    )


class WhoForm(Form):
    """A helper's name and PIN. `again` is for the first time, when the PIN is chosen."""

    helper = RadioField(lazy("Your name"), validators=[required(lazy("Choose your name."))])
    pin = TextField(
        lazy("Your PIN, six digits"),
        longest=20,
        validators=[required(lazy("Enter your PIN of six digits."))],
    )
    again = TextField(lazy("The same PIN once more"), longest=20)


@bp.get("/i/<token>")
def show(token: str) -> ResponseReturnValue:
    """Say that an item waits, and offer to send the code. Changes nothing."""
    with context.reading() as session_:
        link = doors.find_link(session_, token, now=clock.now())
        if link is None:
            return _dead(session_, token)
        inside = _is_inside(link)
        item_id = session_.get_one(Referral, link.referral_id).public_id
        found = reads.door(session_, link)
    if inside:
        return redirect(url_for("intake.item", referral_id=item_id), 303)
    return _render("door/waits.html", token, door=found)


@bp.post("/i/<token>")
def ask(token: str) -> ResponseReturnValue:
    """Send a code to the affiliate's address on file, for this browser."""
    browser = request.cookies.get(_browser_cookie()) or crypto.token()
    with context.transaction() as session_:
        link = doors.find_link(session_, token, now=clock.now())
        if link is None:
            return _dead(session_, token)
        doors.ask_code(session_, link, browser=browser, now=clock.now())
    answer = redirect(_address("code", token), 303)
    _set(answer, _browser_cookie(), browser, seconds=int(doors.CODE_LASTS.total_seconds()))
    return answer


@bp.get("/i/<token>/code")
def code(token: str) -> ResponseReturnValue:
    """Ask for the code. Changes nothing."""
    return _code_page(token, CodeForm())


@bp.post("/i/<token>/code")
def use_code(token: str) -> ResponseReturnValue:
    """Let the browser in that typed the code it asked for."""
    form, browser = CodeForm(), request.cookies.get(_browser_cookie(), "")
    if not form.is_sent_and_right():
        return _code_page(token, form)
    before = context.visitor()  # may write that it was seen, in a transaction of its own
    try:
        with context.transaction() as session_:
            link = doors.find_link(session_, token, now=clock.now())
            if link is None:
                return _dead(session_, token)
            entered = doors.use_code(
                session_,
                link,
                _digits(form.code.data),
                browser=browser,
                instead_of=before,
                links=context.links(),
                now=clock.now(),
            )
    except TooMany as error:
        form.form_errors.append(_(error.message))
        return _code_page(token, form, status=error.status)
    if entered is None:
        _log.warning("item code refused")
        form.code.errors = [_(doors.WRONG_CODE)]
        return _code_page(token, form)
    session.clear()  # the form token of before must not outlive the coming in
    answer = redirect(_address("who", token), 303)
    _set(answer, context.visitor_cookie(), entered, seconds=int(doors.LONGEST.total_seconds()))
    answer.delete_cookie(_browser_cookie(), path="/", secure=context.config().is_https)
    return answer


@bp.get("/i/<token>/who")
def who(token: str) -> ResponseReturnValue:
    """Ask who reads. Changes nothing."""
    with context.reading() as session_:
        return _who_page(session_, token, None)


@bp.post("/i/<token>/who")
def enter(token: str) -> ResponseReturnValue:
    """Let a helper in by name and PIN; a wrong PIN counts."""
    with context.reading() as session_:
        link = doors.find_link(session_, token, now=clock.now())
        if link is None or not _is_at_door(link):
            return _who_page(session_, token, None)
        item_id = session_.get_one(Referral, link.referral_id).public_id
        there = {row.public_id: row for row in helping.helpers(session_, link.affiliate_id)}
    form, status = _who_form(there), 422
    if form.is_sent_and_right() and _is_repeated(form, there):
        try:
            with context.transaction() as session_:
                entered = doors.show_pin(
                    session_, _visitor(), form.helper.data, form.pin.data or "", now=clock.now()
                )
        except RuleBroken as error:
            form.refuse(error)
        except Conflict as error:
            form.form_errors.append(_(error.message))
            status = error.status
        else:
            if entered:
                return _let_in(item_id, entered)
            _log.warning("helper's PIN refused")
            form.pin.errors = [_(doors.WRONG_PIN)]
    with context.reading() as session_:
        return _who_page(session_, token, form, status=status)


@bp.post("/i/<token>/stopped")
def confirm_stopped(token: str) -> ResponseReturnValue:
    """Take the affiliate's word that contact has stopped; twice changes nothing."""
    with context.transaction() as session_:
        found = reads.stop(session_, token)
        if found is None:
            return errors.page(404, what=_(doors.UNKNOWN_LINK), steps=_words(DEAD_STEPS))
        referral = session_.get_one(Referral, found.referral_id)
        by = Actor(Kind.LINK, affiliate_id=referral.affiliate_id)
        stopping.confirm_stopped(session_, referral, by=by, now=clock.now())
    return redirect(url_for("door.stopped"), 303)


@bp.get("/intake/stopped")
def stopped() -> ResponseReturnValue:
    """Thank for having stopped."""
    return render_template("door/stopped.html")


@bp.post("/intake/leave")
def leave() -> ResponseReturnValue:
    """End a helper's session in this browser."""
    found = context.visitor()
    if found is not None:
        with context.transaction() as session_:
            doors.leave(session_, found, now=clock.now())
    session.clear()
    g.signed_out = True
    flash(_("You are signed out."))
    answer = redirect(url_for("door.left"), 303)
    answer.delete_cookie(context.visitor_cookie(), path="/", secure=context.config().is_https)
    return answer


@bp.get("/intake/left")
def left() -> ResponseReturnValue:
    """Say that the session has ended, and how to come in again."""
    return render_template("door/left.html")


def _dead(session_: Session, token: str) -> ResponseReturnValue:
    """Answer for a link that opens nothing: all alike, but for one that must be stopped."""
    found = reads.stop(session_, token)
    if found is not None:
        return _render("door/stop.html", token, door=found), 410
    return errors.page(404, what=_(GONE), steps=_words(DEAD_STEPS))


def _code_page(token: str, form: CodeForm, *, status: int = 422) -> ResponseReturnValue:
    with context.reading() as session_:
        link = doors.find_link(session_, token, now=clock.now())
        if link is None:
            return _dead(session_, token)
        found = reads.door(session_, link)
    if _browser_cookie() not in request.cookies:
        # Another browser, or ten minutes are over: the button comes first.
        return redirect(_address("show", token), 303)
    page = _render("door/code.html", token, door=found, form=form)
    return page, status if form.errors else 200


def _who_page(
    session_: Session, token: str, form: WhoForm | None, *, status: int = 200
) -> ResponseReturnValue:
    link = doors.find_link(session_, token, now=clock.now())
    if link is None:
        return _dead(session_, token)
    if not _is_at_door(link):
        return redirect(_address("show", token), 303)
    there = {row.public_id: row for row in helping.helpers(session_, link.affiliate_id)}
    if form is None:
        form = _who_form(there)
    form.pin.data = form.again.data = None  # a PIN is never written back into a page
    found = reads.door(session_, link)
    return _render("door/who.html", token, door=found, form=form, has_helpers=bool(there)), status


def _who_form(there: Mapping[str, IntakeHelper]) -> WhoForm:
    form = WhoForm()
    form.helper.choices = [(public_id, row.name) for public_id, row in there.items()]
    return form


def _is_repeated(form: WhoForm, there: Mapping[str, IntakeHelper]) -> bool:
    """Say whether a PIN that is chosen now was typed twice alike; others need it once."""
    chosen = there.get(form.helper.data)
    if chosen is None or chosen.pin_hash is not None or form.again.data == form.pin.data:
        return True
    form.again.errors = [_("You come in for the first time: type the PIN you choose twice.")]
    return False


def _visitor() -> doors.Visitor:
    found = context.visitor()
    if found is None:
        raise NotFound(doors.UNKNOWN_LINK)
    return found


def _is_at_door(link: ReferralLink) -> bool:
    """Say whether this browser has come through the code of this affiliate's link."""
    found = context.visitor()
    return found is not None and found.affiliate_id == link.affiliate_id


def _is_inside(link: ReferralLink) -> bool:
    found = context.visitor()
    return _is_at_door(link) and found is not None and found.helper_id is not None


def _let_in(item_id: str, entered: str) -> Response:
    """Lead to the item, with the token that is the session's now: that of before is dead."""
    session.clear()
    answer = redirect(url_for("intake.item", referral_id=item_id), 303)
    _set(answer, context.visitor_cookie(), entered, seconds=int(doors.LONGEST.total_seconds()))
    chosen = request.args.get("lang", "")
    if chosen in i18n.LOCALES:
        _set(answer, "lang", chosen, seconds=365 * 24 * 60 * 60)
    return answer


def _render(template: str, token: str, **values: object) -> str:
    """Render for whoever has the link; nobody is signed in here."""
    with i18n.speaking(_locale()):
        return render_template(
            template,
            token=token,
            address=_address,
            audience="public",
            nav=[],
            person_name=None,
            account_url=None,
            sign_out_url=None,
            language_switch=_other_language(token),
            **values,
        )


def _locale() -> str:
    chosen = request.args.get("lang", "")
    return chosen if chosen in i18n.LOCALES else context.choose_locale()


def _other_language(token: str) -> dict[str, str]:
    """Return a link to the same page in the other language; after a POST, to where it begins."""
    lang, label = ("en", "English") if i18n.locale() == "es" else ("es", "Español")
    endpoint = {"door.code": "code", "door.use_code": "code"}.get(request.endpoint or "")
    if request.endpoint in {"door.who", "door.enter"}:
        endpoint = "who"
    href = url_for(f"door.{endpoint or 'show'}", token=token, lang=lang)
    return {"lang": lang, "label": label, "href": href}


def _address(endpoint: str, token: str) -> str:
    """Return another page of the same link, in the language chosen here."""
    chosen = request.args.get("lang", "")
    lang = chosen if chosen in i18n.LOCALES else None
    return url_for(f"door.{endpoint}", token=token, lang=lang)


def _set(answer: Response, name: str, value: str, *, seconds: int) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        secure=context.config().is_https,
        httponly=True,
        samesite="Lax",
    )


def _browser_cookie() -> str:
    return "__Host-item-code" if context.config().is_https else "item-code"


def _digits(typed: str | None) -> str:
    return "".join(figure for figure in typed or "" if figure in "0123456789")


def _words(steps: tuple[str, ...]) -> list[str]:
    return [_(step) for step in steps]
