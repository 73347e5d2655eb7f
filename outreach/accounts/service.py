"""Accounts and what each is where: reads and writes. Sessions, codes and limits stand beside."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from outreach import audit, crypto
from outreach.accounts import rules
from outreach.accounts.models import Account, DemoSignIn, DeniedAccess, Membership
from outreach.actor import Actor, Kind
from outreach.errors import Conflict, NotFound
from outreach.i18n import lazy

DEMO_LINK_USED = lazy("This sign-in link was used already. Start the demo again for new ones.")


@dataclass(frozen=True, slots=True)
class Place:
    """A membership, without the row."""

    id: int
    public_id: str
    kind: Kind
    affiliate_id: int | None
    hospital_id: int | None
    speaker_id: int | None
    may_refer: bool

    @property
    def needs_second_factor(self) -> bool:
        """Say whether a second factor must be shown before acting under it."""
        return rules.second_factor_due(self.kind, may_refer=self.may_refer)


def normal_email(text: str) -> str:
    """Return an address as it is stored and looked up."""
    return text.strip().lower()


def by_email(session: Session, email: str) -> Account | None:
    """Return the account of an address."""
    return session.scalar(select(Account).where(Account.email == normal_email(email)))


def current_places(session: Session, account_id: int, *, now: datetime) -> tuple[Place, ...]:
    """Return what an account is now, where; in the order it became so."""
    rows = session.scalars(
        select(Membership).where(Membership.account_id == account_id).order_by(Membership.id)
    )
    return tuple(
        _place(row)
        for row in rows
        if rules.holds(starts_at=row.starts_at, ends_at=row.ends_at, now=now)
    )


def holds_at(now: datetime) -> ColumnElement[bool]:
    """Return `rules.holds` as a condition on memberships, for queries."""
    not_over = or_(Membership.ends_at.is_(None), Membership.ends_at > now)
    return and_(Membership.starts_at <= now, not_over)


def create(session: Session, *, email: str, name: str, locale: str, now: datetime) -> Account:
    """Make an account. Raises Conflict when the address has one: nobody's is ever taken over."""
    if by_email(session, email) is not None:
        raise Conflict("Somebody already signs in with this e-mail address.")
    account = Account(email=normal_email(email), name=name, locale=locale, created_at=now)
    session.add(account)
    session.flush()
    return account


def enable(session: Session, account: Account, *, actor: Actor, now: datetime) -> None:
    """Let the account sign in again."""
    if account.disabled_at is None:
        return
    account.disabled_at = None
    session.flush()
    audit.record(session, "account.enabled", actor=actor, subject=("account", account.id), now=now)


def choose_locale(session: Session, account_id: int, locale: str) -> None:
    """Speak to an account in another language from now on."""
    session.execute(update(Account).where(Account.id == account_id).values(locale=locale))


def record_denial(
    session: Session, *, actor: Actor, action: str, subject_kind: str, status: int, now: datetime
) -> None:
    """Keep that somebody asked for what is not theirs."""
    session.add(
        DeniedAccess(
            at=now, actor=actor.label, action=action, subject_kind=subject_kind, status=status
        )
    )


def is_demo(session: Session) -> bool:
    """Say whether `outreach demo` made this database."""
    return bool(session.scalar(select(exists().where(DemoSignIn.id > 0))))


def demo_name(session: Session, token: str) -> str | None:
    """Return the name of whom a demo's sign-in link belongs to; None when it was used."""
    return session.scalar(
        select(Account.name)
        .join(Membership, Membership.account_id == Account.id)
        .join(DemoSignIn, DemoSignIn.membership_id == Membership.id)
        .where(DemoSignIn.token_hash == crypto.digest(token), DemoSignIn.used_at.is_(None))
    )


def use_demo_link(session: Session, token: str, *, now: datetime) -> Membership:
    """Use a demo's sign-in link up. Raises NotFound when there is none, or it was used."""
    used = (
        update(DemoSignIn)
        .where(DemoSignIn.token_hash == crypto.digest(token), DemoSignIn.used_at.is_(None))
        .values(used_at=now)
        .returning(DemoSignIn.membership_id)
    )
    membership_id = session.scalar(used)
    if membership_id is None:
        raise NotFound(DEMO_LINK_USED)
    return session.get_one(Membership, membership_id)


def _place(row: Membership) -> Place:
    return Place(
        id=row.id,
        public_id=row.public_id,
        kind=Kind(row.kind),
        affiliate_id=row.affiliate_id,
        hospital_id=row.hospital_id,
        speaker_id=row.speaker_id,
        may_refer=row.may_refer,
    )
