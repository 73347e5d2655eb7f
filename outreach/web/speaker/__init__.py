"""Speakers' own pages: what they go to, what is open, when they are free, what they wish."""

from outreach.web.speaker import about, times, visits
from outreach.web.speaker.blueprint import bp

__all__ = ["about", "bp", "times", "visits"]
