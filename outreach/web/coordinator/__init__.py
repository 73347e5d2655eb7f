"""The coordinator's pages: one blueprint, a module for each page."""

from outreach.web.coordinator import (
    hospitals,
    messages,
    people,
    programs,
    proposals,
    setup,
    speaker,
    today,
    units,
    visit,
    visit_time,
    visits,
)
from outreach.web.coordinator.blueprint import bp

__all__ = [
    "bp",
    "hospitals",
    "messages",
    "people",
    "programs",
    "proposals",
    "setup",
    "speaker",
    "today",
    "units",
    "visit",
    "visit_time",
    "visits",
]
