"""Who is on duty at an affiliate, who stands in, and whom others ask."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts import service as accounts
from outreach.accounts.models import Account, Membership
from outreach.actor import Kind
from outreach.directory import rules
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
    """Who is on duty and who stands in; None where nobody is named, or who is named has left.

    `others` are the coordinators besides. Days away are None once they are over.
    """

    on_duty: Colleague | None = None
    deputy: Colleague | None = None
    others: tuple[Colleague, ...] = ()
    away_from: date | None = None
    away_until: date | None = None
    is_away: bool = False

    @property
    def in_order(self) -> tuple[Colleague, ...]:
        """Whom to turn to, one after the other: who is away comes last."""
        order = (self.deputy, self.on_duty) if self.is_away else (self.on_duty, self.deputy)
        return tuple(each for each in order if each is not None)

    @property
    def first(self) -> tuple[Colleague, ...]:
        """Who is told first: one person who is here; where there is none, everybody."""
        for each in self.in_order:
            if not (self.is_away and each == self.on_duty):
                return (each,)
        return (*self.others, *self.in_order)

    @property
    def second(self) -> tuple[Colleague, ...]:
        """Who is told when the first have not settled it: the deputy, else everybody else."""
        first = self.first
        if self.deputy is not None and self.deputy not in first:
            return (self.deputy,)
        return tuple(each for each in (*self.others, *self.in_order) if each not in first)


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
            accounts.holds_at(now),
            Account.disabled_at.is_(None),
        )
        .order_by(Account.name, Account.id)
    )
    return tuple(Colleague(a.id, a.public_id, a.name, a.email, a.locale) for a in rows)


def duty(session: Session, affiliate: Affiliate, *, now: datetime) -> Duty:
    """Return who is on duty for an affiliate; for one that another keeps, that one's people."""
    keeper = keeper_of(session, affiliate)
    people = {each.account_id: each for each in coordinators(session, keeper.id, now=now)}
    on_duty, deputy = people.get(keeper.on_duty_id or 0), people.get(keeper.deputy_id or 0)
    named, today = (on_duty, deputy), now.astimezone(ZoneInfo(keeper.time_zone)).date()
    is_over = keeper.away_until is None or keeper.away_until < today
    return Duty(
        on_duty=on_duty,
        deputy=deputy,
        others=tuple(each for each in people.values() if each not in named),
        away_from=None if is_over else keeper.away_from,
        away_until=None if is_over else keeper.away_until,
        is_away=rules.is_away(
            away_from=keeper.away_from, away_until=keeper.away_until, today=today
        ),
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
