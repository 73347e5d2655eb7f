"""The single changes that would fill a visit that stayed empty, all else as it is."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import numpy as np

from outreach.matching.candidates import BIT
from outreach.matching.explain import Explainer
from outreach.matching.other_times import nearby_starts, would_fill_at
from outreach.matching.reasons import Change, ChangeCode, Params, RefusalCode
from outreach.matching.seating import missing
from outreach.matching.timetable import month_name

# More are no help to a coordinator, who needs one.
MOST_SHOWN = 10


def changes_to_fill(
    explainer: Explainer, visit_id: str, *, starts: Iterable[datetime] | None = None
) -> tuple[Change, ...]:
    """Return what `would_fill_if` does, then moves to other times, the first few that help.

    `starts` are the times to try, in order; None tries those of `nearby_starts`. Asked for one
    visit at a time: it takes longer than the rest of an answer. An exclusion shows here as
    somebody's never being free does. Raises KeyError for a visit that is not there.
    """
    visit = explainer.visit_at(visit_id)
    tried = nearby_starts(explainer.problem.visits[visit]) if starts is None else starts
    moves = would_fill_at(explainer, visit, tried)
    return (
        *would_fill_if(explainer, visit),
        *(Change(ChangeCode.MOVE, {"starts_at": start}) for start in moves),
    )


def would_fill_if(explainer: Explainer, visit: int) -> tuple[Change, ...]:
    """Return single changes of which each would fill the visit, the likeliest first.

    Renewing a clearance, then raising a quota, then certifying; within each, whoever
    had the fewest visits and lives nearest. Nobody is named for whom any other rule
    speaks against, so these tell nothing about exclusions. Empty where the visit is
    filled, could be filled as it is, or lacks more than one person.
    """
    lacking = explainer.lacking(visit)
    able = {post: set(explainer.able(post)) for post in lacking}
    if missing(lacking, able) != 1:
        return ()
    changes: list[Change] = []
    for speaker, posts, change in _changes(explainer, visit, list(lacking)):
        wider = {post: able[post] | {speaker} if post in posts else able[post] for post in lacking}
        if missing(lacking, wider) == 0:
            changes.append(change)
        if len(changes) == MOST_SHOWN:
            break
    return tuple(changes)


def _changes(
    explainer: Explainer, visit: int, lacking: list[int]
) -> Iterator[tuple[int, set[int], Change]]:
    """Give each change with its speaker and the posts that they could then take."""
    candidates, book = explainer.candidates, explainer.book
    bits = candidates.bits(visit)
    certified = np.array([candidates.certified(post) for post in lacking])
    clashing = book.resting(visit) | book.overlapping(visit) | book.on(visit)
    free, full = ~clashing & ~book.full(visit), ~clashing & book.full(visit)
    not_cleared = bits == BIT[RefusalCode.NOT_CLEARED]
    makers = (
        (_renewal, free & not_cleared, certified),
        (_larger_quota, full & (bits == 0), certified),
        (_certification, free & (bits == 0), ~certified),
    )
    for make, helped, fitting in makers:
        speakers = np.flatnonzero(helped & fitting.any(axis=0)).tolist()
        for speaker in sorted(speakers, key=lambda each: explainer.rank(visit, each)):
            posts = {post for row, post in enumerate(lacking) if fitting[row, speaker]}
            yield from make(explainer, visit, speaker, posts)


def _renewal(
    explainer: Explainer, visit: int, speaker: int, posts: set[int]
) -> Iterator[tuple[int, set[int], Change]]:
    params: Params = {
        "speaker": explainer.problem.speakers[speaker].id,
        "site": explainer.problem.visits[visit].site,
        "ended_on": explainer.ended_clearance(visit, speaker),
    }
    yield speaker, posts, Change(ChangeCode.RENEW_CLEARANCE, params)


def _larger_quota(
    explainer: Explainer, visit: int, speaker: int, posts: set[int]
) -> Iterator[tuple[int, set[int], Change]]:
    params: Params = {
        "speaker": explainer.problem.speakers[speaker].id,
        "month": month_name(int(explainer.timetable.month[visit])),
        "limit": int(explainer.book.used(visit)[speaker]) + 1,
    }
    yield speaker, posts, Change(ChangeCode.RAISE_QUOTA, params)


def _certification(
    explainer: Explainer, visit: int, speaker: int, posts: set[int]
) -> Iterator[tuple[int, set[int], Change]]:
    for post in sorted(posts):
        params: Params = {
            "speaker": explainer.problem.speakers[speaker].id,
            "program": explainer.problem.visits[visit].program,
            "role": explainer.candidates.posts[post].role,
            "ended_on": explainer.ended_certification(post, speaker),
        }
        yield speaker, {post}, Change(ChangeCode.CERTIFY, params)
