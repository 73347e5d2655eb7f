"""Commands. Every one has help with examples; what a person got wrong is one line and exit 2."""

from outreach.cli import (
    accounts,
    doctor,
    keys,
    mailing,
    match,
    planning,
    serving,
    spreadsheets,
    texting,
)
from outreach.cli.main import main

__all__ = [
    "accounts",
    "doctor",
    "keys",
    "mailing",
    "main",
    "match",
    "planning",
    "serving",
    "spreadsheets",
    "texting",
]
