"""libical, a calendar library in C, judges our files where Debian's `libical3` is installed."""

import ctypes.util

import pytest

LIBICAL = ctypes.util.find_library("ical")

# Not collected rather than skipped: .ci/run installs the library and lets nothing be skipped.
collect_ignore = [] if LIBICAL else ["test_libical.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end of a run, where it is read, that one reader was missing."""
    if not LIBICAL:
        terminalreporter.write_line(
            "tests/calendars/test_libical.py was left out: Debian's libical3 is not installed."
        )
