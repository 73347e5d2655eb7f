"""Spans of a week that touch become one."""

from datetime import time

from outreach.workflows.profile import Span, merged


def test_spans_that_touch_or_overlap_become_one() -> None:
    spans = [
        Span(1, time(12), time(17)),
        Span(1, time(8), time(12)),
        Span(1, time(9), time(10)),
        Span(1, time(18), time(20)),
        Span(2, time(17), time(18)),
    ]

    assert merged(spans) == [
        Span(1, time(8), time(17)),
        Span(1, time(18), time(20)),
        Span(2, time(17), time(18)),
    ]


def test_nothing_stays_nothing() -> None:
    assert merged([]) == []
