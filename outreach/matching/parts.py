"""The problem cut into components: parts that share no speaker and are solved apart.

A part is arrays alone, over its own visits and speakers, so that it travels to a worker process.
All levels are sums over the parts, so the best of each is the best of the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from outreach.matching.book import Seat
from outreach.matching.candidates import Candidates
from outreach.matching.columns import Grouped, counting
from outreach.matching.timetable import Bools, Ints, Timetable


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One component. A pair is a speaker who may come to a visit, in at least one vacant post.

    `visits` and `speakers` are positions in the problem; everything else is by positions here.
    `posts[post]` is the position among `Candidates.posts`, of the visit `post_visit[post]`, with
    `vacant[post]` places to fill. `able` and `post` list which pair may take which post.
    `proposed[pair]` is the post they are proposed for and may take, or -1. `load` are recent and
    fixed visits, `room[speaker, month]` what the quota leaves of the month `month[visit]`.
    """

    visits: Ints
    speakers: Ints
    times: Timetable
    critical: Bools
    month: Ints
    posts: Ints
    post_visit: Ints
    vacant: Ints
    pair_visit: Ints
    pair_speaker: Ints
    meters: Ints
    proposed: Ints
    usual: Bools
    able: Ints
    post: Ints
    load: Ints
    rest_days: Ints
    room: Ints


def parts(candidates: Candidates, fixed: Sequence[Seat]) -> list[Part]:
    """Return the components, the largest first. What nobody can fill is in none of them."""
    return _Cutter(candidates, fixed).cut()


class _Cutter:
    def __init__(self, candidates: Candidates, fixed: Sequence[Seat]) -> None:
        self.candidates = candidates
        self.problem = candidates.problem
        self.timetable = candidates.timetable
        self.count = candidates.speakers.count
        self.position = {each.id: index for index, each in enumerate(self.problem.speakers)}
        months, self.month = np.unique(self.timetable.month, return_inverse=True)
        self.months = max(len(months), 1)
        self.fixed_visit: Ints = np.array([seat.visit for seat in fixed], np.int64)
        self.fixed_speaker: Ints = np.array([seat.speaker for seat in fixed], np.int64)
        self.load: Ints = candidates.speakers.recent + np.bincount(
            self.fixed_speaker, minlength=self.count
        )
        used = np.bincount(
            self.fixed_speaker * self.months + self.month[self.fixed_visit],
            minlength=self.count * self.months,
        ).reshape(self.count, self.months)
        self.room: Ints = np.maximum(candidates.speakers.quota[:, None] - used, 0)
        self.vacant: Ints = np.array([post.vacant for post in candidates.posts], np.int64)

    def cut(self) -> list[Part]:
        visit, speaker = self._beside_the_fixed(*self.candidates.pairs())
        able, post = self._posts(visit, speaker)
        kept, able, post = self._fillable(visit, able, post)
        visit, speaker = visit[kept], speaker[kept]
        if not len(visit):
            return []
        nodes = len(self.problem.visits) + self.count
        links = coo_array(
            (np.ones(len(visit), np.int8), (visit, len(self.problem.visits) + speaker)),
            shape=(nodes, nodes),
        )
        _, label = connected_components(links, directed=False)
        labels, of_pair = np.unique(label[visit], return_inverse=True)
        pairs = Grouped(of_pair, len(labels))
        entries = Grouped(of_pair[able], len(labels))
        facts = _Pairs(self, visit, speaker)
        found = [
            self._part(facts, pairs.of(index), able[entries.of(index)], post[entries.of(index)])
            for index in range(len(labels))
        ]
        return sorted(found, key=lambda part: (-len(part.pair_visit), int(part.visits[0])))

    def _beside_the_fixed(self, visit: Ints, speaker: Ints) -> tuple[Ints, Ints]:
        """Leave out whom the fixed seats keep from a visit by quota, rest, overlap or presence."""
        kept = self.room[speaker, self.month[visit]] > 0
        visit, speaker = visit[kept], speaker[kept]
        seats = Grouped(self.fixed_speaker, self.count)
        times = np.diff(seats.starts)[speaker]
        pair = np.repeat(np.arange(len(visit)), times)
        other = self.fixed_visit[seats.order[seats.starts[speaker[pair]] + counting(times)]]
        rest = self.candidates.speakers.rest_days[speaker[pair]]
        clash = (other == visit[pair]) | self.timetable.clashing(visit[pair], other, rest_days=rest)
        free = np.ones(len(visit), np.bool_)
        free[pair[clash]] = False
        return visit[free], speaker[free]

    def _posts(self, visit: Ints, speaker: Ints) -> tuple[Ints, Ints]:
        """Return which pair may take which vacant post, as two columns."""
        vacant = np.flatnonzero(self.vacant)
        posts_of = Grouped(self.candidates.post_visit[vacant], len(self.problem.visits))
        times = np.diff(posts_of.starts)[visit]
        pair = np.repeat(np.arange(len(visit)), times)
        post = vacant[posts_of.order[posts_of.starts[visit[pair]] + counting(times)]]
        able = self.candidates.may_take(post, speaker[pair])
        return pair[able], post[able]

    def _fillable(self, visit: Ints, able: Ints, post: Ints) -> tuple[Ints, Ints, Ints]:
        """Keep the pairs of visits whose every vacant post has as many candidates as places."""
        counts = np.bincount(post, minlength=len(self.vacant))
        fillable = np.ones(len(self.problem.visits), np.bool_)
        fillable[self.candidates.post_visit[counts < self.vacant]] = False
        kept_entries = fillable[visit[able]]
        kept, able = np.unique(able[kept_entries], return_inverse=True)
        return kept, able, post[kept_entries]

    def _part(self, facts: "_Pairs", pairs: Ints, able: Ints, post: Ints) -> Part:
        visits, pair_visit = np.unique(facts.visit[pairs], return_inverse=True)
        speakers, pair_speaker = np.unique(facts.speaker[pairs], return_inverse=True)
        posts, entry_post = np.unique(post, return_inverse=True)
        of_pair = np.searchsorted(pairs, able)
        # Who may no longer take the post they were proposed for is proposed for none.
        still = facts.proposed[pairs][of_pair] == post
        proposed = np.full(len(pairs), -1, np.int64)
        proposed[of_pair[still]] = entry_post[still]
        return Part(
            visits=visits,
            speakers=speakers,
            times=self.timetable.take(visits),
            critical=np.array([self.problem.visits[v].critical for v in visits], np.bool_),
            month=self.month[visits],
            posts=posts,
            post_visit=np.searchsorted(visits, self.candidates.post_visit[posts]),
            vacant=self.vacant[posts],
            pair_visit=pair_visit,
            pair_speaker=pair_speaker,
            meters=facts.meters[pairs],
            proposed=proposed,
            usual=facts.usual[pairs],
            able=of_pair,
            post=entry_post,
            load=self.load[speakers],
            rest_days=self.candidates.speakers.rest_days[speakers],
            room=self.room[speakers],
        )


class _Pairs:
    """What is known of every pair of the whole problem."""

    def __init__(self, cutter: _Cutter, visit: Ints, speaker: Ints) -> None:
        self.visit, self.speaker = visit, speaker
        self.meters = cutter.candidates.meters(visit, speaker)
        self._keys = visit * cutter.count + speaker
        self.proposed: Ints = np.full(len(visit), -1, np.int64)
        self.usual: Bools = np.zeros(len(visit), np.bool_)
        attending = set(
            zip(cutter.fixed_visit.tolist(), cutter.fixed_speaker.tolist(), strict=True)
        )
        post_of = {(each.visit, each.role): i for i, each in enumerate(cutter.candidates.posts)}
        for index, facts in enumerate(cutter.problem.visits):
            for wanted in facts.proposed:
                pair = self._find(index * cutter.count + cutter.position[wanted.speaker])
                self.proposed[pair] = post_of[index, wanted.role]
            usual = [cutter.position[name] for name in facts.usual]
            if not any((index, each) in attending for each in usual):
                for each in usual:
                    self.usual[self._find(index * cutter.count + each)] = True

    def _find(self, key: int) -> slice:
        """Return where the pair is, or an empty slice."""
        at = int(np.searchsorted(self._keys, key))
        return slice(at, at + int(at < len(self._keys) and self._keys[at] == key))
