"""What an affiliate's texts come to: by month, by kind, and against its budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_skeleton
from sqlalchemy.orm import Session

from outreach import i18n
from outreach.directory.models import Affiliate
from outreach.i18n import gettext as _
from outreach.messaging import rules, spending
from outreach.messaging.models import SmsBudget
from outreach.messaging.rules import Month
from outreach.reads import load, words

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Line:
    """A month or a kind: its name, a short one for the picture, parts of texts, and their price."""

    name: str
    short: str
    count: int
    price: str


@dataclass(frozen=True, slots=True)
class Budget:
    """What the affiliate means to spend in a month, in words, and how far it is used.

    `percent` is None where money was chosen and no price is known any more.
    """

    words: str
    percent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The page: this month first, its kinds with the most first, and the scale of the picture."""

    this_month: Line
    months: Sequence[Line]
    kinds: Sequence[Line]
    lines: Sequence[int]
    budget: Budget | None
    price: str

    @property
    def highest(self) -> int:
        """Where the scale ends."""
        return self.lines[-1]

    @property
    def is_empty(self) -> bool:
        """Say whether no text left in all these months."""
        return not any(month.count for month in self.months)


def cost(session: Session, affiliate: Affiliate, *, price_cents: float, now: datetime) -> Cost:
    """Return what texts came to in the last twelve months. Two queries."""
    months = rules.months(now, zone=affiliate.time_zone, count=SHOWN)
    spent = spending.by_kind(session, affiliate.id, months)
    sums = [sum(kind.by_month[place] for kind in spent) for place in range(SHOWN)]
    lines = [
        _line(_month(month, "yMMMM"), _month(month, "yMMM"), count, price_cents)
        for month, count in zip(months, sums, strict=True)
    ]
    by_kind = [
        _line(words.message_kind(kind.kind), "", kind.by_month[0], price_cents)
        for kind in spent
        if kind.by_month[0]
    ]
    row = spending.budget(session, affiliate.id)
    return Cost(
        this_month=lines[0],
        months=lines,
        kinds=sorted(by_kind, key=lambda line: (-line.count, line.name)),
        lines=load.scale(max(sums)),
        budget=_budget(row, used=sums[0], price_cents=price_cents) if row else None,
        price=_price(price_cents),
    )


def _line(name: str, short: str, count: int, price_cents: float) -> Line:
    price = i18n.dollars(count * price_cents) if price_cents else ""
    return Line(words.capital(name), words.capital(short), count, price)


def _month(month: Month, skeleton: str) -> str:
    return format_skeleton(skeleton, month.first, locale=i18n.locale())


def _budget(row: SmsBudget, *, used: int, price_cents: float) -> Budget:
    most = spending.most(row, price_cents=price_cents)
    percent = None if most is None else 100 * used // most if most else 100
    if row.unit == "dollars":
        return Budget(i18n.dollars(row.amount * 100), percent)
    return Budget(i18n.ngettext("%(num)s text", "%(num)s texts", row.amount), percent)


def _price(price_cents: float) -> str:
    return _("%(cents)s cents", cents=f"{price_cents:g}") if price_cents else ""
