"""The hospital's pages: its visits, asking for one, changing one, its units."""

from outreach.web.liaison import changes, hospital, pauses, visits
from outreach.web.liaison.blueprint import bp

__all__ = ["bp", "changes", "hospital", "pauses", "visits"]
