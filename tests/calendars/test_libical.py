"""RFC 5546's tables as libical knows them: which property a method needs, allows and forbids."""

import pytest

from tests.calendars.mutants import KINDS, SPOILED
from tests.calendars.readers import objections

NOTICED = {
    "a NUL",
    "an empty summary",
    "two METHODs",
    "two sequences",
    "a STATUS of its own",
    "a cancellation without a sequence",
    "a feed that invites somebody",
    "a reply of two attendees",
    "an invite to what is off",
    "no attendee",
    "no organizer",
    "no stamp",
    "no summary",
    "no UID",
    "two starts",
}
"""What libical alone would have caught; our own checks notice it too, and the rest."""


@pytest.mark.parametrize("kind", KINDS)
def test_libical_has_nothing_against_what_we_write(kind: str) -> None:
    assert objections(KINDS[kind]) == []


@pytest.mark.parametrize("name", sorted(NOTICED))
def test_libical_does_object_to_a_spoiled_file(name: str) -> None:
    assert objections(SPOILED[name].spoiled) != []


def test_there_are_at_least_twenty_ways_to_spoil_a_file() -> None:
    assert len(SPOILED) >= 20
    assert set(SPOILED) >= NOTICED
