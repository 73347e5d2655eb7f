"""Who goes where: the best assignment of speakers to visits, and the reasons for it.

The engine is pure: `solve(problem)` knows no database and no clock but its own stopwatch.

    problem = Problem(sites=..., speakers=..., visits=...)   # or problem_from_json(...)
    solution = solve(problem, time_limit_s=60)               # or as_it_stands(problem)
    refusals_for(problem, solution, "v9")                    # why nobody else
    ranking(problem, solution, "v9", "lead")                 # whom to ask, in order
    what_if(problem, solution, "v9", "ana", "lead")          # what it would cost to have her
    compare(problem, solution)                               # what became of the last proposals

Read the modules in this order: `problem` (what is asked), `columns` (the speakers as arrays),
`candidates` (the rules that look at one visit alone), `timetable`, `clashes` and `book` (the
rules between visits), `parts` (components that share no speaker), `roster`, `greedy`, `chains`
and `moves` (answers without a solver), `model`, `program` and `levels` (the mathematics),
`solver` (HiGHS), `search` (one part), `workers` (parts in processes), `solve` (the whole), then
`explain`, `remedies`, `describe` and `solution` (the answer), `compare`, `turns`, `what_if` and
`other_times` (questions about another one). `reasons` holds the codes; English is only made in
`solution_file`. Files come in through `json_stream` and `fields`, and `make_problem` makes some
to measure with.

The mathematics
---------------
A *post* p = (v, r) is a role r of a visit v with n(p) vacancies beside the fixed speakers. A
*pair* is a speaker s and a visit v against which no rule speaks for at least one post; it is of
the *kind* q of those pairs of v that may take the same posts (and are proposed for the same).
Columns, 0 or 1 but for t (t and f are whole by themselves):

    x(v,s)  speaker s comes to visit v
    y(v)    the visit is filled
    u(v)    a usual speaker of the visit attends
    t(q,p)  how many of kind q take post p                  from 0 to n(p)
    f(s,i)  speaker s takes an i-th new visit               i = 1, 2, ...

Rows:

    sum over q of t(q,p) = n(p) y(v)          all or nothing, every role with its own
    sum over s of kind q of x(v,s) = sum over p of t(q,p)
    x(v,s) <= y(v)                            nobody comes to half a visit
    sum over v in K of x(v,s) <= 1            no two visits of K go together for s
    sum over v in month m of x(v,s) <= quota left of s in m
    u(v) <= sum over usual s of x(v,s)
    sum over v of x(v,s) = sum over i of f(s,i)

The kinds with t are a transportation problem, whole where x and y are: they say in general what
Hall's condition (1935) says for nested qualifications, without a column for each speaker and
role. x <= y follows for whole values, but tightens the relaxation by up to 2 %.

The sets K cover the speaker's clash graph (rest days, overlap, travel). With n days of rest they
are the windows of n + 1 days: intervals of the visits in order of time, so together with the
months each row is a run of consecutive columns, and a matrix with that property is totally
unimodular (Fulkerson and Gross, 1965). So for one speaker the relaxation is exact, only the
coupling through visits is not: it is within 0.3 % of the best on all that was measured.

The levels are lexicographic ("preemptive" goal programming): each is made best, then kept by one
more row while the next one is. All objectives are whole numbers (distances are whole meters), so
a bound may be rounded, and "proven" is an equation of integers. All are sums over the parts, so
each part is solved apart. A bound of a later level takes it that every part keeps what it reached
on the earlier ones. Fairness is the sum over speakers of (recent + new)^2. Since
(b + 1)^2 - b^2 = 2b + 1 grows with b, it is linear in the columns f, which fill up in order by
themselves. The least sum of squares also is the lexicographically smallest sorted load on
M-convex sets (Frank and Murota, arXiv:2007.09616); ours is not quite one, so here it is a good
measure, not a theorem.

A part of up to some thousand pairs is solved exactly (branch and cut). A larger one has its
relaxation solved by a first-order method (PDLP: Applegate and others, arXiv:2106.04756), which
is near the best in seconds and never quite there. That is enough, because the bound is reckoned
from its duals by weak duality, which holds for any duals (`program.Program.bound`). The greedy
answer in the order of that relaxation is mostly within 3 % of the bound, often on it. Then people
are moved over in chains (augmenting paths: Berge, 1957; ejection chains: Glover, 1996), which
closes most of the gap in seconds. Then neighborhoods (some visits, everything else as it is) are
solved exactly, larger ones when nothing gets better, until the bound is reached, nothing helps any
more, or the time is up (large neighborhood search: Shaw, 1998).

Cost: candidates grow with the clearances and the visits of each site, not with all pairs; rows
and columns with the candidates. A nation (20,000 by 30,000) has some 600,000 pairs.

Rules in one place
------------------
Dates are those on which a visit begins; both ends of a span count. A visit over
midnight needs the weekly pattern through, and an away day on any day it touches
counts. Distances are great-circle kilometers (haversine). `lead` also serves as
`co-presenter`; other role names only serve themselves. Fixed speakers never move,
count toward quota, rest and overlap, and are reported where they break a rule.
An exclusion, from either side, is `unavailable` and nothing else anywhere; so are
busy times, of which a minute in common counts, whatever the way there takes.
"""

from outreach.matching.compare import Difference, Why, WhyCode, compare
from outreach.matching.describe import as_it_stands
from outreach.matching.explain import Explainer, open_to, ranking, refusals_for
from outreach.matching.other_times import nearby_starts
from outreach.matching.problem import (
    ALWAYS_FREE,
    CO_PRESENTER,
    LEAD,
    Assigned,
    Away,
    Busy,
    Certification,
    Clearance,
    LevelName,
    Problem,
    ProblemError,
    Settings,
    Site,
    Speaker,
    Visit,
    Weekly,
)
from outreach.matching.problem_file import problem_from_json, problem_to_json, read_problem
from outreach.matching.progress import OnProgress, Progress, Stop
from outreach.matching.reasons import (
    Change,
    ChangeCode,
    Reason,
    ReasonCode,
    Refusal,
    RefusalCode,
)
from outreach.matching.remedies import changes_to_fill
from outreach.matching.solution import Chosen, FixedConflict, Level, Plan, Solution, Unfilled
from outreach.matching.solution_file import (
    change_in_english,
    read_solution,
    reason_in_english,
    solution_to_json,
)
from outreach.matching.solve import solve
from outreach.matching.solver import SolverFailed
from outreach.matching.what_if import Changed, Compared, WhatIf, changes, compared, what_if

__all__ = [
    "ALWAYS_FREE",
    "CO_PRESENTER",
    "LEAD",
    "Assigned",
    "Away",
    "Busy",
    "Certification",
    "Change",
    "ChangeCode",
    "Changed",
    "Chosen",
    "Clearance",
    "Compared",
    "Difference",
    "Explainer",
    "FixedConflict",
    "Level",
    "LevelName",
    "OnProgress",
    "Plan",
    "Problem",
    "ProblemError",
    "Progress",
    "Reason",
    "ReasonCode",
    "Refusal",
    "RefusalCode",
    "Settings",
    "Site",
    "Solution",
    "SolverFailed",
    "Speaker",
    "Stop",
    "Unfilled",
    "Visit",
    "Weekly",
    "WhatIf",
    "Why",
    "WhyCode",
    "as_it_stands",
    "change_in_english",
    "changes",
    "changes_to_fill",
    "compare",
    "compared",
    "nearby_starts",
    "open_to",
    "problem_from_json",
    "problem_to_json",
    "ranking",
    "read_problem",
    "read_solution",
    "reason_in_english",
    "refusals_for",
    "solution_to_json",
    "solve",
    "what_if",
]
