"""Commands. Every one has help with examples; what a person got wrong is one line and exit 2."""

from outreach.cli import planning, spreadsheets
from outreach.cli.main import main

__all__ = ["main", "planning", "spreadsheets"]
