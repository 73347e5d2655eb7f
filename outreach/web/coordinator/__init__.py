"""The coordinator's pages: one blueprint, a module for each page."""

from outreach.web.coordinator import (
    after_visit,
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
    "after_visit",
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
