"""libical, a calendar library in C, judges our files where Debian's `libical3` is installed."""

import ctypes.util

LIBICAL = ctypes.util.find_library("ical")

# Not collected rather than skipped: nothing is skipped where the library is, and .ci/run has it.
collect_ignore = [] if LIBICAL else ["test_libical.py"]


def pytest_report_header() -> str:
    if LIBICAL:
        return f"libical: {LIBICAL}"
    return "libical: not installed, tests/calendars/test_libical.py is left out"
