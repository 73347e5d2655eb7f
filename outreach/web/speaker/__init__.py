"""Speakers' own pages: what they go to, what is open, when they are free, what they wish."""

from outreach.web.speaker import about, after_visit, own_calendar, times, visits
from outreach.web.speaker.blueprint import bp

__all__ = ["about", "after_visit", "bp", "own_calendar", "times", "visits"]
