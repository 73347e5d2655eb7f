"""The second step of signing in: shown, set up, changed. Every try counts against one limit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from outreach import audit
from outreach.accounts import factors, limits, passkeys, rules, sessions
from outreach.accounts.models import Account, Passkey, TotpFactor
from outreach.accounts.passkeys import Purpose, Site
from outreach.accounts.sessions import SignedIn
from outreach.errors import Forbidden, RuleBroken, TooMany
from outreach.i18n import lazy
from outreach.keyring import KeyRing
from outreach.workflows import sign_in_changes

TOO_MANY = lazy("There were too many tries. Please wait five minutes, then try again.")
NONE_YET = lazy("Set up an app or a passkey first.")
ONLY_ONE = lazy("This is your only second step. Add another one first, then remove it.")


class NotFresh(Forbidden):
    """One's factors are changed only shortly after showing one of them."""

    def __init__(self) -> None:
        super().__init__(lazy("First show your second step once more."))


@dataclass(frozen=True, slots=True)
class Added:
    """A factor that was added, which shows it too: `token` is the session's from now on.

    `codes` are the first recovery codes, where there were none.
    """

    token: str
    codes: list[str]


def use_typed(
    session: Session, seen: SignedIn, typed: str, *, ring: KeyRing, now: datetime
) -> str | None:
    """Take what was typed: six digits of the app, or a recovery code.

    Return the session's new token (that of before is dead), None when it was wrong. The caller
    commits anyway.

    Raises:
        TooMany: the sixth wrong try for this account within five minutes.
    """

    def shown() -> bool:
        if factors.use_app(session, seen.account_id, typed, ring=ring, now=now):
            return True
        if not factors.use_code(session, seen.account_id, typed, now=now):
            return False
        sign_in_changes.tell(session, seen.account_id, "code_used", now=now)
        return True

    return _try(session, seen, shown, now=now)


def use_passkey(
    session: Session, seen: SignedIn, credential: str, *, site: Site, now: datetime
) -> str | None:
    """Take what a passkey signed; return as `use_typed`. The caller commits anyway.

    Raises:
        TooMany: as `use_typed`; all kinds of factors share one limit.
    """

    def shown() -> bool:
        return passkeys.use(
            session,
            seen.account_id,
            credential,
            browser_id=seen.session_id,
            site=site,
            now=now,
        )

    return _try(session, seen, shown, now=now)


def challenge(
    session: Session, seen: SignedIn, purpose: Purpose, *, site: Site, now: datetime
) -> str:
    """Return what a browser's key has to sign, as JSON.

    Raises:
        NotFresh: a key is to be added, and the second step was not shown lately.
    """
    if purpose == "show":
        return passkeys.options_to_show(
            session, seen.account_id, browser_id=seen.session_id, site=site, now=now
        )
    _refuse_unless_fresh(session, seen, now=now)
    account = session.get_one(Account, seen.account_id)
    return passkeys.options_to_add(session, account, browser_id=seen.session_id, site=site, now=now)


def may_change(session: Session, seen: SignedIn, *, now: datetime) -> bool:
    """Say whether factors may be changed now: the first at once, later ones after showing one."""
    if rules.is_fresh(seen.second_factor_at, now=now):
        return True
    return factors.held(session, seen.account_id).count == 0


def begin_app(session: Session, seen: SignedIn, *, ring: KeyRing, now: datetime) -> TotpFactor:
    """Begin to set an app up. Raises NotFresh."""
    _refuse_unless_fresh(session, seen, now=now)
    return factors.begin_app(session, seen.account_id, ring=ring, now=now)


def confirm_app(
    session: Session, seen: SignedIn, digits: str, *, ring: KeyRing, now: datetime
) -> Added | None:
    """Take the app's first code; None when it is wrong. The app of before is replaced.

    Raises:
        NotFresh: the second step was not shown lately.
        TooMany: as `use_typed`.
    """
    before = _refuse_unless_fresh(session, seen, now=now)
    account_id = seen.account_id

    def confirmed() -> bool:
        return factors.confirm_app(session, account_id, digits, ring=ring, now=now)

    token = _try(session, seen, confirmed, now=now)
    if token is None:
        return None
    codes = _added(session, seen, "app_added", before=before, now=now)
    return Added(token, codes)


def add_passkey(
    session: Session, seen: SignedIn, credential: str, *, name: str, site: Site, now: datetime
) -> Added | None:
    """Add the passkey a browser made; None when it is not for us. Raises as `confirm_app`."""
    before = _refuse_unless_fresh(session, seen, now=now)

    def added() -> bool:
        made = passkeys.add(
            session,
            seen.account_id,
            credential,
            name=name,
            browser_id=seen.session_id,
            site=site,
            now=now,
        )
        return made is not None

    token = _try(session, seen, added, now=now)
    if token is None:
        return None
    codes = _added(session, seen, "passkey_added", before=before, now=now)
    return Added(token, codes)


def make_codes(session: Session, seen: SignedIn, *, now: datetime) -> list[str]:
    """Return ten new recovery codes; the old ones are of no use any more.

    Raises:
        NotFresh: the second step was not shown lately.
        RuleBroken: there is nothing yet that they could stand in for.
    """
    if not _refuse_unless_fresh(session, seen, now=now).count:
        raise RuleBroken(NONE_YET)
    made = factors.make_codes(session, seen.account_id, now=now)
    _changed(session, seen, "codes_made", now=now)
    return made


def remove_app(session: Session, seen: SignedIn, *, now: datetime) -> None:
    """Remove one's app; twice changes nothing.

    Raises:
        NotFresh: the second step was not shown lately.
        RuleBroken: it is the only factor of somebody who needs one.
    """
    before = _refuse_unless_fresh(session, seen, now=now)
    _refuse_last(before if before.app else None, seen)
    if factors.remove_app(session, seen.account_id):
        _removed(session, seen, "app_removed", now=now)


def remove_passkey(session: Session, seen: SignedIn, key: Passkey, *, now: datetime) -> None:
    """Remove one of one's passkeys. Raises as `remove_app`."""
    _refuse_last(_refuse_unless_fresh(session, seen, now=now), seen)
    if passkeys.remove(session, key):
        _removed(session, seen, "passkey_removed", now=now)


def _try(
    session: Session, seen: SignedIn, shown: Callable[[], bool], *, now: datetime
) -> str | None:
    """Count a try; where it was right, it does not count, and the session has shown a factor.

    The wrong try that was the last for now is told: nobody types five wrong codes unnoticed.
    """
    owner = f"account:{seen.account_id}"
    if not limits.take(session, rules.FACTOR_FOR_ACCOUNT, owner, now=now):
        raise TooMany(TOO_MANY)
    if not shown():
        if limits.is_empty(session, rules.FACTOR_FOR_ACCOUNT, owner):
            _limit_reached(session, seen, now=now)
        return None
    limits.give_back(session, rules.FACTOR_FOR_ACCOUNT, owner)
    token = sessions.note_second_factor(session, seen.session_id, now=now)
    audit.record(
        session,
        "second_factor.show",
        actor=seen.actor,
        subject=("web_session", seen.session_id),
        now=now,
    )
    return token


def _limit_reached(session: Session, seen: SignedIn, *, now: datetime) -> None:
    audit.record(
        session,
        "second_factor.limit",
        actor=seen.actor,
        subject=("account", seen.account_id),
        now=now,
    )
    sign_in_changes.tell_tries(session, seen.account_id, now=now)


def _refuse_unless_fresh(session: Session, seen: SignedIn, *, now: datetime) -> factors.Held:
    """Hold the account, so that of two who set up the first factor at once one comes too late."""
    held = factors.alone(session, seen.account_id)
    if held.count and not rules.is_fresh(seen.second_factor_at, now=now):
        raise NotFresh
    return held


def _refuse_last(held: factors.Held | None, seen: SignedIn) -> None:
    if held is not None and held.count == 1 and seen.ever_needs_second_factor:
        raise RuleBroken(ONLY_ONE)


def _added(
    session: Session, seen: SignedIn, what: str, *, before: factors.Held, now: datetime
) -> list[str]:
    codes = [] if before.count else factors.make_codes(session, seen.account_id, now=now)
    _changed(session, seen, what, now=now)
    return codes


def _removed(session: Session, seen: SignedIn, what: str, *, now: datetime) -> None:
    if not factors.held(session, seen.account_id).count:
        # Codes that stand in for nothing would open the door to a later place that needs the step.
        factors.forget_all(session, seen.account_id)
    _changed(session, seen, what, now=now)


def _changed(session: Session, seen: SignedIn, what: str, *, now: datetime) -> None:
    audit.record(
        session,
        "second_factor.change",
        actor=seen.actor,
        subject=("account", seen.account_id),
        now=now,
        details={"what": what},
    )
    sign_in_changes.tell(session, seen.account_id, what, now=now)
