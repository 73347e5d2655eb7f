"""What a search changed among the proposals, and why, as rows that a page can put into words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.matching import Difference, Refusal, RefusalCode, Why, WhyCode
from outreach.matching.turns import Wanted
from outreach.visits.models import Visit
from outreach.workflows import eligibility, speaker_facts
from outreach.workflows.proposals import Stored


def rows(
    session: Session, differences: Iterable[Difference], stored: Stored, *, now: datetime
) -> list[dict[str, Any]]:
    """Return each place that changed as JSON, with primary keys, in the order of the visits.

    Only what was really kept and put aside counts: somebody may have decided about a proposal
    while the search went on.
    """
    changed = _with_the_unknown([_as_stored(each, stored) for each in differences], stored)
    changed = [each for each in changed if each.before or each.after]
    visits = _by_begin(session, {each.visit for each in changed})
    names = [name for each in changed for name in (each.before, each.after) if name]
    speakers = eligibility.speaker_ids(session, names)
    recent = speaker_facts.recent(session, speakers.values(), now=now)
    position = {visit: index for index, visit in enumerate(visits)}
    changed.sort(key=lambda each: (position[each.visit], each.role != "lead", each.role))
    return [_row(each, visits, speakers, recent) for each in changed]


def _as_stored(difference: Difference, stored: Stored) -> Difference:
    """Leave out who is still proposed after all, and who could not be proposed any more."""
    visit, role = difference.visit, difference.role
    before, after = difference.before, difference.after
    gone = before is not None and Wanted(visit, before, role) in stored.dropped
    come = after is not None and Wanted(visit, after, role) in stored.added
    return replace(
        difference,
        before=before if gone else None,
        after=after if come else None,
        why=difference.why if gone else None,
    )


def _with_the_unknown(differences: Sequence[Difference], stored: Stored) -> list[Difference]:
    """Add those who were put aside without the engine's knowing them: they visit nobody now."""
    told = {Wanted(d.visit, d.before, d.role) for d in differences if d.before}
    found = list(differences)
    for seat in sorted(stored.dropped - told):
        why = Why(code=WhyCode.REFUSED, refusals=(Refusal(RefusalCode.UNAVAILABLE),))
        gone = Difference(
            visit=seat.visit, role=seat.role, before=seat.speaker, after=None, why=why
        )
        place = (seat.visit, seat.role)
        for index, each in enumerate(found):
            if (each.visit, each.role) == place and each.after and each.before is None:
                found[index] = replace(gone, after=each.after)
                break
        else:
            found.append(gone)
    return found


def _by_begin(session: Session, public_ids: Iterable[str]) -> dict[str, int]:
    """Return primary keys by public id, soonest visit first."""
    wanted = select(Visit.public_id, Visit.id).where(Visit.public_id.in_(public_ids))
    return dict(session.execute(wanted.order_by(Visit.starts_at, Visit.id)).all())


def _row(
    difference: Difference,
    visits: Mapping[str, int],
    speakers: Mapping[str, int],
    recent: Mapping[int, int],
) -> dict[str, Any]:
    before, after = (speakers.get(name or "") for name in (difference.before, difference.after))
    return {
        "visit": visits[difference.visit],
        "role": difference.role,
        "before": before,
        "after": after,
        "why": _why(difference.why, recent.get(before or 0, 0), recent.get(after or 0, 0)),
    }


def _why(why: Why | None, *recent: int) -> dict[str, Any] | None:
    if why is None:
        return None
    return {
        "code": str(why.code),
        "count": why.count,
        "refusals": [eligibility.as_json(refusal) for refusal in why.refusals],
        "recent": list(recent),
    }
