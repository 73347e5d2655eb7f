"""Values to show a message with, and to measure it by: plausible ones, and the longest."""

from collections.abc import Mapping
from typing import Any, Final

from outreach.messaging.templates import Texts

_ID: Final = "x" * 22

USUAL: Final[Mapping[str, Any]] = {
    "visit_id": _ID,
    "offer_id": _ID,
    "speaker_id": _ID,
    "assignment_id": _ID,
    "link_id": _ID,
    "link_code_id": _ID,
    "code_id": _ID,
    "helpers_of": _ID,
    "change": _ID,
    "number": 12,
    # 10 to 11:30 AM in Detroit.
    "starts_at": "2026-12-08T15:00:00+00:00",
    "ends_at": "2026-12-08T16:30:00+00:00",
    "was": "2026-12-01T15:00:00+00:00",
    "stamped_at": "2026-12-01T15:00:00+00:00",
    "other_start": "2026-12-08T18:00:00+00:00",
    "other_end": "2026-12-08T19:30:00+00:00",
    "expires_at": "2026-12-04T15:00:00+00:00",
    "debrief_until": "2026-12-22T16:30:00+00:00",
    "came_until": "2026-12-22T16:30:00+00:00",
    "zone": "America/New_York",
    "role": "lead",
    "distance_km": 9.6,
    "reminder": "2 days",
    "mark": "80",
    "month": "2026-12",
    "what": "app_added",
    "about": "accept:1",
    "inviter": "Ruth Adler",
    "affiliate": "Lakeshore Alliance of Greater Detroit",
    "may": True,
    "phone": "(313) 555-0100",
    "limit": _ID,
    "event": _ID,
    "round": "1",
    "text": "The training is on Monday at 6 PM. Bring something to write.",
    "text_es": "",
    "stop_id": _ID,
    "asked_for": 2,
    "yes": 3,
    "no": 1,
    "silent": 0,
    "stepped_back": 1,
    "called_off": 0,
    "waiting": 4,
}
"""An ordinary visit. The ids belong to nothing, so the links in a preview lead nowhere."""

LONGEST: Final[Mapping[str, Any]] = {
    **USUAL,
    "number": 4312,
    # A Wednesday with two figures in everything: the longest date of both languages.
    "starts_at": "2026-12-30T22:30:00+00:00",
    "ends_at": "2026-12-31T00:00:00+00:00",
    "was": "2026-12-23T22:30:00+00:00",
    "zone": "Pacific/Honolulu",
    "role": "co-presenter",
    "distance_km": 148.2,
}

PLACES: Final[Mapping[str, str]] = {
    "hospital": "Northwestern Memorial Hospital of Saint Clare, North Campus",
    "unit": "Adolescent Pavilion 4B West, Room 12",
}
"""The longest place, for those who chose to see it."""

NAME, LONGEST_NAME = "Maria", "Maria Guadalupe Fernanda"


def longest_text(texts: Texts, kind: str, *, locale: str, own: str = "") -> str:
    """Return a text message as long as it can plausibly become."""
    values = {**LONGEST, **PLACES}
    return texts.sms(kind, values, locale=locale, to_name=LONGEST_NAME, own=own)
