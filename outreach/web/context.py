"""What a page needs of its request: the database's doors, the links, who asks, which language."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from flask import current_app, g, has_request_context, request
from sqlalchemy.orm import Session

from outreach import clock, i18n
from outreach.accounts import service as accounts
from outreach.accounts import sessions
from outreach.actor import ANONYMOUS, Actor
from outreach.config import Config
from outreach.db import Database
from outreach.errors import OutreachError
from outreach.links import Links
from outreach.vault import Vault
from outreach.workflows.referrals import doors
from outreach.workflows.referrals.desk import Desk

EXTENSION = "outreach"
HELPERS_ROOM = "intake"
"""The blueprint whose pages serve both an affiliate's accounts and its helpers without one."""


class Wired(Protocol):
    """What `outreach.wiring` builds, as far as pages use it."""

    @property
    def config(self) -> Config:
        """The settings."""
        ...

    @property
    def db(self) -> Database:
        """The database."""
        ...

    @property
    def vault(self) -> Vault:
        """What seals and opens what is confidential."""
        ...

    @property
    def links(self) -> Links:
        """The public address and the deriving key."""
        ...


def wired() -> Wired:
    """Return what this application was built with."""
    found: Wired = current_app.extensions[EXTENSION]
    return found


def config() -> Config:
    """Return the settings."""
    return wired().config


def vault() -> Vault:
    """Return what seals and opens what is confidential."""
    return wired().vault


def links() -> Links:
    """Return what derives addresses that carry a secret."""
    return wired().links


def desk() -> Desk:
    """Return what the referral loop works with besides the database."""
    return Desk(wired().vault, wired().links)


def transaction() -> AbstractContextManager[Session]:
    """Open a session that commits at the end. Only for POST, and for the listed exceptions."""
    return wired().db.transaction()


def reading() -> AbstractContextManager[Session]:
    """Open a session that cannot write: all a GET needs."""
    return wired().db.reading()


def note_denied(error: OutreachError, action: str, *, subject_kind: str = "referral") -> None:
    """Keep a refusal, in its own transaction: the view's was rolled back."""
    with transaction() as session:
        accounts.record_denial(
            session,
            actor=current_actor(),
            action=action,
            subject_kind=subject_kind,
            status=error.status,
            now=clock.now(),
        )


def signed_in() -> sessions.SignedIn | None:
    """Return who this browser is signed in as, or None. Found once per request."""
    if "signed_in" not in g:
        # Stands first, so that an error page asks no second time when the database is away.
        g.signed_in = None
        g.signed_in = _signed_in()
    found: sessions.SignedIn | None = g.signed_in
    return found


def visitor() -> doors.Visitor | None:
    """Return the affiliate's browser this is, which came by a link and its code. Once a request."""
    if "visitor" not in g:
        g.visitor = None
        g.visitor = _visitor()
    found: doors.Visitor | None = g.visitor
    return found


def helper() -> doors.Visitor | None:
    """Return the helper who has shown a PIN in this browser; None outside the affiliate's room.

    There it is stronger than an account that is signed in besides: it was the later word.
    """
    if not has_request_context() or request.blueprint != HELPERS_ROOM:
        return None
    found = visitor()
    return found if found is not None and found.helper_id is not None else None


def current_actor() -> Actor:
    """Return who asks, under the active membership; ANONYMOUS without a session."""
    by_link = helper()
    if by_link is not None:
        return by_link.actor
    found = signed_in()
    return found.actor if found else ANONYMOUS


def renew_signed_in(token: str) -> None:
    """Know this browser by another token from now on, within this request too."""
    g.session_token = token
    forget_signed_in()


def forget_signed_in() -> None:
    """Look again the next time: the session was begun, changed or ended in this request."""
    g.pop("signed_in", None)


def session_cookie() -> str:
    """Name the session's cookie. Browsers keep a `__Host-` cookie to one host, over https only."""
    return "__Host-session" if config().is_https else "session"


def visitor_cookie() -> str:
    """Name the cookie of an affiliate's browser that has shown a link and its code."""
    return "__Host-item" if config().is_https else "item"


def choose_locale() -> str:
    """Return the account's language, else the visitor's choice, else the browser's."""
    found = signed_in()
    if found:
        return found.locale
    chosen = request.cookies.get("lang")
    if chosen in i18n.LOCALES:
        return chosen
    return request.accept_languages.best_match(i18n.LOCALES) or i18n.DEFAULT


def _signed_in() -> sessions.SignedIn | None:
    if not has_request_context():
        return None
    token: str | None = g.get("session_token") or request.cookies.get(session_cookie())
    if not token:
        return None
    now = clock.now()
    with reading() as session:
        found = sessions.find(session, token, now=now)
    if found and found.touch_is_due:
        # On the list of what a GET may write: at most once a minute, in its own transaction.
        with transaction() as session:
            sessions.touch(session, found, now=now)
    return found


def _visitor() -> doors.Visitor | None:
    token = request.cookies.get(visitor_cookie()) if has_request_context() else None
    if not token:
        return None
    now = clock.now()
    with reading() as session:
        found = doors.visitor(session, token, now=now)
    if found and found.touch_is_due:
        # On the list of what a GET may write: at most once a minute, in its own transaction.
        with transaction() as session:
            doors.touch(session, found, now=now)
    return found


@dataclass(frozen=True, slots=True)
class LanguageSwitch:
    """The other language, and where to ask for it."""

    label: str
    lang: str
    action: str
