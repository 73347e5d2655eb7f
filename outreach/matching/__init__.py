"""Who goes where: the best assignment of speakers to visits, and the reasons for it.

The engine is pure: `solve(problem)` knows no database and no clock but its own stopwatch.

    problem = Problem(sites=..., speakers=..., visits=...)   # or problem_from_json(...)
    solution = solve(problem, time_limit_s=60)               # or as_it_stands(problem)
    refusals_for(problem, solution, "v9")                    # why nobody else
    ranking(problem, solution, "v9", "lead")                 # whom to ask, in order
    what_if(problem, solution, "v9", "ana", "lead")          # what it would cost to have her
    compare(problem, solution)                               # what became of the last proposals

Read the modules in this order: `problem` (what is asked), `candidates` (the rules that
look at one visit alone), `timetable` and `book` (the rules between visits), `greedy`,
`model` and `levels` (the mathematics), `solver` (HiGHS), `search` (the loop over the
levels), `explain`, `remedies`, `describe` and `solution` (the answer), `compare`, `turns`,
`what_if` and `other_times` (questions about another one). `reasons` holds the codes; English is
only made in `solution_file`. Files come in through `json_stream` and `fields`, and
`make_problem` makes some to measure with.

The mathematics
---------------
A *post* p = (v, r) is a role r of a visit v with n(p) vacancies beside the fixed
speakers. The candidates C are the pairs (p, s) against which no rule speaks, the fixed
seats of speaker s included. Columns, all 0 or 1 (f is so by itself):

    x(p,s)  speaker s takes a vacancy of post p             for (p,s) in C
    y(v)    the visit is filled
    u(v)    a usual speaker of the visit attends
    f(s,i)  speaker s takes an i-th new visit               i = 1, 2, ...

Rows:

    sum over s of x(p,s) = n(p) y(v)          all or nothing, every role with its own
    sum over r of x((v,r),s) <= y(v)          one role for each speaker
    sum over v in K of x(.,s) <= 1            no two visits of K go together for s
    sum over v in month m of x(.,s) <= quota left of s in m
    u(v) <= sum over usual s of x(.,s)
    sum over p of x(p,s) = sum over i of f(s,i)

The sets K cover the speaker's clash graph (rest days, overlap, travel). With n days of
rest they are the windows of n + 1 days: intervals of the visits in order of time, so
together with the months each row is a run of consecutive columns, and a matrix with
that property is totally unimodular (Fulkerson and Gross, 1965). So for one speaker the
relaxation is exact, only the coupling through visits is not, and HiGHS mostly ends at
the root node. With role columns, the cover rows of one visit are a transportation
problem, integral too; they say in general what Hall's condition (1935) says for
nested qualifications.

The levels are lexicographic ("preemptive" goal programming): each is solved to proven
optimality (relative gap 0), then kept by one more row while the next one is solved.
All objectives are whole numbers (distances are whole meters), so a bound may be
rounded, and "proven" is an equation of integers. Fairness is the sum over speakers of
(recent + new)^2. Since (b + 1)^2 - b^2 = 2b + 1 grows with b, it is linear in
the columns f, which fill up in order by themselves. The least sum of squares also is
the lexicographically smallest sorted load on M-convex sets (Frank and Murota,
arXiv:2007.09616); ours is not quite one, so here it is a good measure, not a theorem.

The greedy answer is where the solver starts, and what is returned when there is no time.

Rules in one place
------------------
Dates are those on which a visit begins; both ends of a span count. A visit over
midnight needs the weekly pattern through, and an away day on any day it touches
counts. Distances are great-circle kilometers (haversine). `lead` also serves as
`co-presenter`; other role names only serve themselves. Fixed speakers never move,
count toward quota, rest and overlap, and are reported where they break a rule.
An exclusion, from either side, is `unavailable` and nothing else anywhere.
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
from outreach.matching.solution_file import read_solution, reason_in_english, solution_to_json
from outreach.matching.solve import solve
from outreach.matching.solver import SolverFailed
from outreach.matching.what_if import Changed, Compared, WhatIf, changes, compared, what_if

__all__ = [
    "ALWAYS_FREE",
    "CO_PRESENTER",
    "LEAD",
    "Assigned",
    "Away",
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
