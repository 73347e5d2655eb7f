"""The single changes that would fill a visit that stayed empty, all else as it is."""

from collections.abc import Iterator, Mapping

import numpy as np

from outreach.matching.candidates import BIT
from outreach.matching.explain import Explainer
from outreach.matching.reasons import Change, ChangeCode, Params, RefusalCode
from outreach.matching.timetable import month_name

# More are no help to a coordinator, who needs one.
MOST_SHOWN = 10


def would_fill_if(explainer: Explainer, visit: int) -> tuple[Change, ...]:
    """Return single changes of which each would fill the visit, the likeliest first.

    Renewing a clearance, then raising a quota, then certifying; within each, whoever
    had the fewest visits and lives nearest. Nobody is named for whom any other rule
    speaks against, so these tell nothing about exclusions. Empty where the visit is
    filled, could be filled as it is, or lacks more than one person.
    """
    lacking = explainer.lacking(visit)
    able = {post: set(explainer.able(post)) for post in lacking}
    if _missing(lacking, able) != 1:
        return ()
    changes: list[Change] = []
    for speaker, posts, change in _changes(explainer, visit, list(lacking)):
        wider = {post: able[post] | {speaker} if post in posts else able[post] for post in lacking}
        if _missing(lacking, wider) == 0:
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


def _missing(lacking: Mapping[int, int], able: Mapping[int, set[int]]) -> int:
    """Return how many vacancies stay when as many as can be are taken by distinct speakers.

    Augmenting paths (Kuhn's method) over vacancies on one side, speakers on the other.
    """
    places = [post for post, lack in lacking.items() for _ in range(lack)]
    holder: dict[int, int] = {}

    def seat(place: int, tried: set[int]) -> bool:
        for speaker in sorted(able[places[place]] - tried):
            tried.add(speaker)
            if speaker not in holder or seat(holder[speaker], tried):
                holder[speaker] = place
                return True
        return False

    return sum(not seat(place, set()) for place in range(len(places)))
