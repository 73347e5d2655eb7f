"""What somebody else in a place would cost, in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.i18n import gettext as _
from outreach.i18n import lazy, ngettext
from outreach.reads import visit as visit_reads
from outreach.reads import words
from outreach.speakers.models import Speaker

_COUNTED = {
    "fill": lazy("Visits that have everyone they need"),
    "critical": lazy("Of them, visits that matter more"),
    "kept": lazy("Proposals that stay as they are"),
    "usual": lazy("Visits with somebody who comes there often"),
}
_MORE_IS_BETTER = frozenset(_COUNTED)


@dataclass(frozen=True, slots=True)
class Line:
    """One level: what it counts, as it is and with the speaker; `is_loss` where it gets worse."""

    what: str
    before: str
    after: str
    is_loss: bool


@dataclass(frozen=True, slots=True)
class Move:
    """A visit whose people would change."""

    public_id: str
    visit: str
    left: str
    came: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What the page says where it could be.

    `loses` are the visits that would no longer have everyone they need, (public id, name).
    """

    verdict: str
    lines: Sequence[Line]
    loses: Sequence[tuple[str, str]]
    gains: Sequence[tuple[str, str]]
    moves: Sequence[Move]
    proven: bool


def cost(session: Session, found: Any, *, visit_id: str) -> Cost:  # noqa: ANN401 - matching.WhatIf
    """Put the engine's answer about a place on this visit (public id) into words.

    Two queries, however many visits would change.
    """
    concerned = {each.visit for each in found.changed} | {*found.emptied, *found.filled}
    visits = visit_reads.named(session, concerned)
    people = _names(session, found.changed)
    # That the proposal for this very place does not stay is the question, and no loss.
    alone = all(each.visit == visit_id for each in found.changed)
    lines = list(_lines(found.levels, without="kept" if alone else ""))
    loses = [(each, visits[each]) for each in found.emptied]
    return Cost(
        verdict=_verdict(loses, lines),
        lines=lines,
        loses=loses,
        gains=[(each, visits[each]) for each in found.filled],
        moves=[
            Move(
                each.visit,
                visits[each.visit],
                left=_who(each.left, people),
                came=_who(each.came, people),
            )
            for each in sorted(found.changed, key=lambda each: each.visit != visit_id)
        ],
        proven=found.proven,
    )


def _verdict(loses: Sequence[object], lines: Iterable[Line]) -> str:
    if loses:
        return ngettext(
            "One visit would no longer have everyone it needs.",
            "%(num)s visits would no longer have everyone they need.",
            len(loses),
        )
    if any(line.is_loss for line in lines):
        return _("Every visit keeps everyone it needs. What it would cost is below.")
    return _("Nothing would be lost.")


def _lines(levels: Iterable[Any], *, without: str) -> Iterator[Line]:
    """Word the levels that differ, in the order the affiliate gave them."""
    for each in levels:
        name = str(each.level)
        if each.before == each.after or name == without:
            continue
        is_loss = (each.after < each.before) == (name in _MORE_IS_BETTER)
        if name in _COUNTED:
            yield Line(_(_COUNTED[name]), f"{each.before:.0f}", f"{each.after:.0f}", is_loss)
        elif name == "fairness":
            shared = _("less evenly") if is_loss else _("more evenly")
            yield Line(_("How visits are shared out"), _("as now"), shared, is_loss)
        else:
            yield from _way(each, is_loss=is_loss)


def _way(level: Any, *, is_loss: bool) -> Iterator[Line]:  # noqa: ANN401 - matching.Compared
    before, after = (round(km / words.KM_PER_MILE) for km in (level.before, level.after))
    if before != after:
        yield Line(_("Miles to all visits together"), str(before), str(after), is_loss)


def _names(session: Session, changed: Iterable[Any]) -> dict[str, str]:
    ids = {seat.speaker for each in changed for seat in (*each.left, *each.came)}
    rows = select(Speaker.public_id, Speaker.first_name, Speaker.last_name)
    found = session.execute(rows.where(Speaker.public_id.in_(ids)))
    return {public_id: f"{first} {last}" for public_id, first, last in found}


def _who(seats: Iterable[Any], people: Mapping[str, str]) -> str:
    found = [
        _("%(name)s (%(role)s)", name=people[seat.speaker], role=words.role(seat.role))
        for seat in seats
    ]
    return words.names(found) or _("Nobody")
