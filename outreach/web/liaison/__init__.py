"""The hospital's pages: its visits, asking for one, changing one, its units."""

from outreach.web.liaison import (
    after_visit,
    changes,
    hospital,
    other_time,
    pauses,
    referrals,
    referrals_correct,
    visits,
)
from outreach.web.liaison.blueprint import bp

__all__ = [
    "after_visit",
    "bp",
    "changes",
    "hospital",
    "other_time",
    "pauses",
    "referrals",
    "referrals_correct",
    "visits",
]
