"""The second step of signing in: its pages, and those where it is set up and changed."""

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

import segno
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Unauthorized

from outreach import access, clock, logs
from outreach.accounts import factors, rules
from outreach.accounts.models import Account, Passkey
from outreach.accounts.passkeys import NAME_LENGTH, Site
from outreach.accounts.sessions import SignedIn
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import places
from outreach.web import auth, context
from outreach.web.auth import requires
from outreach.web.forms import Form, TextField, required
from outreach.workflows import second_factor as workflow
from outreach.workflows.second_factor import Added

bp = Blueprint("second_factor", __name__, url_prefix="/sign-in/second-step")

LONGEST_ANSWER = 20_000
"""A browser's answer about a key has a few hundred characters; an attestation some thousand."""
SCALE = 5

_log = logs.get(__name__)


class CodeForm(Form):
    """Six digits of an app, or a recovery code."""

    code = TextField(
        lazy("Code"),
        longest=60,
        validators=[required(lazy("Enter the six digits of your app, or a recovery code."))],
    )


class AppForm(Form):
    """The first code of an app that is being set up."""

    code = TextField(
        lazy("The six digits your app shows"),
        longest=40,
        validators=[required(lazy("Enter the six digits your app shows."))],
    )


class PasskeyForm(Form):
    """What a browser answers for a key. Our module fills it in."""

    credential = TextField(longest=LONGEST_ANSWER)


class NewPasskeyForm(PasskeyForm):
    """A key that was made, and how its owner calls it."""

    name = TextField(
        lazy("A name for it"),
        longest=NAME_LENGTH,
        validators=[required(lazy("Give it a name, so that you know it again."))],
    )


@bp.get("")
@requires("factor.show", second_factor=False)
def show() -> ResponseReturnValue:
    """Ask for the second step; who has none yet sets it up."""
    seen = me()
    with context.reading() as session:
        has_some = factors.held(session, seen.account_id).count > 0
    if has_some:
        return _ask(CodeForm())
    if seen.ever_needs_second_factor:
        return redirect(url_for("second_factor.choose"), 303)
    return redirect(auth.home(), 303)


@bp.post("")
@requires("factor.show", second_factor=False)
def use_code() -> ResponseReturnValue:
    """Take six digits or a recovery code."""
    form = CodeForm()
    if form.is_sent_and_right():
        with context.transaction() as session:
            token = workflow.use_typed(
                session,
                me(),
                form.code.data or "",
                ring=context.wired().vault.ring,
                now=clock.now(),
            )
        if token:
            return _go_on(token)
        _log.warning("second factor refused")
        form.code.errors = [
            _("This code is wrong, too old or used already. Wait for the next one, and type that.")
        ]
    return _ask(form), 422


@bp.post("/passkey")
@requires("factor.show", second_factor=False)
def use_passkey() -> ResponseReturnValue:
    """Take what a passkey signed."""
    form, site = PasskeyForm(), _site()
    if site and form.is_sent_and_right() and form.credential.data:
        with context.transaction() as session:
            token = workflow.use_passkey(
                session, me(), form.credential.data, site=site, now=clock.now()
            )
        if token:
            return _go_on(token)
        _log.warning("passkey refused")
    asking = CodeForm()
    asking.form_errors.append(_passkey_problem(form))
    return _ask(asking), 422


@bp.post("/challenge")
@requires("factor.show", second_factor=False)
def challenge() -> ResponseReturnValue:
    """Give our module what a key has to sign, as JSON."""
    site = _site()
    if site is None:
        raise RuleBroken(lazy("Passkeys need this service to have a name and https."))
    purpose = request.form.get("purpose")
    with context.transaction() as session:
        options = workflow.challenge(
            session, me(), "add" if purpose == "add" else "show", site=site, now=clock.now()
        )
    return options, 200, {"Content-Type": "application/json", "Cache-Control": "no-store"}


@bp.get("/set-up")
@requires("factor.change", second_factor=False)
def choose() -> ResponseReturnValue:
    """Offer the kinds of second steps."""
    _refuse_unless_due()
    return _when_fresh(
        lambda: render_template(
            "second_factor/choose.html", is_first=_is_first(), passkeys_work=_site() is not None
        )
    )


@bp.post("/set-up/app")
@requires("factor.change", second_factor=False)
def begin_app() -> ResponseReturnValue:
    """Make the secret of an app."""
    _refuse_unless_due()
    with context.transaction() as session:
        workflow.begin_app(session, me(), ring=context.wired().vault.ring, now=clock.now())
    return redirect(url_for("second_factor.app"), 303)


@bp.get("/set-up/app")
@requires("factor.change", second_factor=False)
def app() -> ResponseReturnValue:
    """Show the picture for the app, and ask for its first code."""
    _refuse_unless_due()
    return _when_fresh(lambda: _show_app(AppForm()))


@bp.post("/set-up/app/code")
@requires("factor.change", second_factor=False)
def confirm_app() -> ResponseReturnValue:
    """Take the app's first code."""
    _refuse_unless_due()
    form = AppForm()
    if form.is_sent_and_right():
        with context.transaction() as session:
            added = workflow.confirm_app(
                session,
                me(),
                form.code.data or "",
                ring=context.wired().vault.ring,
                now=clock.now(),
            )
        if added:
            return _added(added, _("Your app is set up."))
        form.code.errors = [
            _("This is not the code of this picture. Wait for the next one, and type that.")
        ]
    page = _show_app(form)
    return (page, 422) if isinstance(page, str) else page


@bp.get("/set-up/passkey")
@requires("factor.change", second_factor=False)
def new_passkey() -> ResponseReturnValue:
    """Ask how a new key is called, and have the browser make it."""
    _refuse_unless_due()
    return _when_fresh(lambda: _show_new_passkey(NewPasskeyForm()))


@bp.post("/set-up/passkey")
@requires("factor.change", second_factor=False)
def add_passkey() -> ResponseReturnValue:
    """Keep the key that the browser made."""
    _refuse_unless_due()
    form, site = NewPasskeyForm(), _site()
    if site and form.is_sent_and_right():
        if form.credential.data:
            with context.transaction() as session:
                added = workflow.add_passkey(
                    session,
                    me(),
                    form.credential.data,
                    name=form.name.data or "",
                    site=site,
                    now=clock.now(),
                )
            if added:
                return _added(added, _("Your passkey is set up."))
        form.form_errors.append(_passkey_problem(form))
    return _show_new_passkey(form), 422


@bp.post("/recovery-codes")
@requires("factor.change")
def make_codes() -> ResponseReturnValue:
    """Make ten new recovery codes, and show them this once."""
    with context.transaction() as session:
        codes = workflow.make_codes(session, me(), now=clock.now())
    return render_template("second_factor/codes.html", codes=codes, next_url=_account())


@bp.post("/app/remove")
@requires("factor.change")
def remove_app() -> ResponseReturnValue:
    """Remove the app."""
    with context.transaction() as session:
        said = _try(
            lambda: workflow.remove_app(session, me(), now=clock.now()),
            _("The app is removed. You can delete the entry in it, too."),
        )
    flash(*said)
    return redirect(_account(), 303)


@bp.post("/passkeys/<passkey_id>/remove")
@requires("factor.change")
def remove_passkey(passkey_id: str) -> ResponseReturnValue:
    """Remove one of one's passkeys."""
    actor = context.current_actor()
    with context.transaction() as session:
        key = access.load(session, Passkey, passkey_id, actor=actor, action="factor.change")
        said = _try(
            lambda: workflow.remove_passkey(session, me(), key, now=clock.now()),
            _("The passkey is removed."),
        )
    flash(*said)
    return redirect(_account(), 303)


@bp.errorhandler(workflow.NotFresh)
def ask_again(error: workflow.NotFresh) -> ResponseReturnValue:
    """Have the second step shown once more before anything is changed."""
    flash(_(error.message), "info")
    return redirect(url_for("second_factor.show", next=_account()), 303)


def me() -> SignedIn:
    """Return who is signed in."""
    found = context.signed_in()
    if found is None:  # requires() has sent strangers away
        raise Unauthorized
    return found


def _ask(form: CodeForm) -> str:
    seen = me()
    with context.reading() as session:
        held = factors.held(session, seen.account_id)
        roles = places.described(session, seen.places)
    open_ones = {place.public_id for place in seen.places if not place.needs_second_factor}
    return render_template(
        "second_factor/show.html",
        form=form,
        held=held,
        passkeys_work=_site() is not None,
        wanted=auth.wanted(),
        others=[role for role in roles if role.public_id in open_ones],
    )


def _show_app(form: AppForm) -> ResponseReturnValue:
    seen, ring = me(), context.wired().vault.ring
    with context.reading() as session:
        waiting = factors.app_in_hand(session, seen.account_id, now=clock.now())
        if waiting is None:
            return redirect(url_for("second_factor.choose"), 303)
        secret = factors.secret_of(waiting, ring=ring)
        email = session.get_one(Account, seen.account_id).email
    service = context.config().service_name
    picture = segno.make(factors.app_address(secret, email=email, service=service), error="m")
    return render_template(
        "second_factor/app.html",
        form=form,
        picture=picture.svg_data_uri(scale=SCALE, light="white"),
        secret=rules.in_groups(secret),
        email=email,
    )


def _show_new_passkey(form: NewPasskeyForm) -> str:
    return render_template(
        "second_factor/passkey.html", form=form, passkeys_work=_site() is not None
    )


def _added(added: Added, words: str) -> ResponseReturnValue:
    """Show the first recovery codes, this once; else lead back to the account."""
    context.renew_signed_in(added.token)
    if added.codes:
        home = auth.home()
        page = render_template("second_factor/codes.html", codes=added.codes, next_url=home)
        return auth.keep_token(make_response(page), added.token)
    flash(words)
    return auth.keep_token(redirect(_account(), 303), added.token)


def _go_on(token: str) -> ResponseReturnValue:
    """Lead on, with the token that is the session's now: that of before is worth nothing."""
    context.renew_signed_in(token)
    return auth.keep_token(redirect(auth.wanted() or auth.home(), 303), token)


def _when_fresh(page: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    """Give the page to who may change factors now; have the second step shown before."""
    with context.reading() as session:
        may = workflow.may_change(session, me(), now=clock.now())
    if may:
        return page()
    return redirect(url_for("second_factor.show", next=request.path), 303)


def _refuse_unless_due() -> None:
    """Let only those set a factor up who are ever asked for one."""
    if not me().ever_needs_second_factor:
        raise RuleBroken(lazy("What you are here needs no second step."))


def _is_first() -> bool:
    with context.reading() as session:
        return factors.held(session, me().account_id).count == 0


def _site() -> Site | None:
    """Return whom a key is bound to; None where browsers make no keys: plain http, bare numbers."""
    config = context.config()
    try:
        ip_address(config.host)
    except ValueError:
        is_named = True
    else:
        is_named = False
    if not is_named or not (config.is_https or config.host == "localhost"):
        return None
    parts = urlsplit(config.public_base_url)
    origin = f"{parts.scheme}://{parts.netloc.lower()}"
    return Site(config.host, origin, config.service_name)


def _passkey_problem(form: PasskeyForm) -> str:
    if not form.credential.data:
        return _("Passkeys need JavaScript, which your browser has turned off.")
    return _("That passkey did not work here. Try again, or take another way.")


def _try(action: Callable[[], None], done: str) -> tuple[str, str]:
    """Do it and return what to say; a rule that stands against it is said in its place."""
    try:
        action()
    except RuleBroken as error:
        return _(error.message, **error.values), "error"
    return done, "message"


def _account() -> str:
    return url_for("account.show", _anchor="second-step")
