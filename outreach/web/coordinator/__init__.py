"""The coordinator's pages: one blueprint, a module for each page."""

from outreach.web.coordinator import (
    credentials,
    hospitals,
    imports,
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
    "credentials",
    "hospitals",
    "imports",
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
