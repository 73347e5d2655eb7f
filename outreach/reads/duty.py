"""Who is on duty at an affiliate, who stands in, and whom others ask."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from outreach.accounts.models import Account, Membership
from outreach.actor import Kind
from outreach.directory.models import Affiliate


@dataclass(frozen=True, slots=True)
class Colleague:
    """A coordinator who can sign in now."""

    account_id: int
    public_id: str
    name: str
    email: str
    locale: str


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on duty and who stands in; None where nobody is named, or who is named has left."""

    on_duty: Colleague | None = None
    deputy: Colleague | None = None

    @property
    def in_order(self) -> tuple[Colleague, ...]:
        """Whom to turn to, one after the other."""
        return tuple(each for each in (self.on_duty, self.deputy) if each is not None)


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask at an affiliate. `name` is "" where nobody is on duty; then the bureau is."""

    name: str
    affiliate: str
    phone: str | None
    email: str | None


def coordinators(session: Session, affiliate_id: int, *, now: datetime) -> tuple[Colleague, ...]:
    """Return the coordinators of an affiliate by name."""
    rows = session.scalars(
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(
            Membership.affiliate_id == affiliate_id,
            Membership.kind == Kind.COORDINATOR,
            Membership.starts_at <= now,
            or_(Membership.ends_at.is_(None), Membership.ends_at > now),
            Account.disabled_at.is_(None),
        )
        .order_by(Account.name, Account.id)
    )
    return tuple(Colleague(a.id, a.public_id, a.name, a.email, a.locale) for a in rows)


def duty(session: Session, affiliate: Affiliate, *, now: datetime) -> Duty:
    """Return who is on duty for an affiliate; for one that another keeps, that one's people."""
    keeper = keeper_of(session, affiliate)
    people = {each.account_id: each for each in coordinators(session, keeper.id, now=now)}
    return Duty(
        on_duty=people.get(keeper.on_duty_id or 0), deputy=people.get(keeper.deputy_id or 0)
    )


def whom_to_ask(session: Session, affiliate: Affiliate, *, now: datetime) -> Contact:
    """Return whom liaisons ask: the coordinator on duty, else her deputy, else the bureau."""
    keeper = keeper_of(session, affiliate)
    person = next(iter(duty(session, keeper, now=now).in_order), None)
    own_mail = person.email if person else None
    return Contact(
        name=person.name if person else "",
        affiliate=keeper.name,
        phone=keeper.phone,
        email=keeper.email or own_mail,
    )


def keeper_of(session: Session, affiliate: Affiliate) -> Affiliate:
    """Return the affiliate whose coordinators look after this one: itself, or who keeps it."""
    if affiliate.kept_by_id is None:
        return affiliate
    return session.get_one(Affiliate, affiliate.kept_by_id)
