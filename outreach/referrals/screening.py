"""What must not stand in a free text about a person: numbers and codes that identify or diagnose.

A note is short and written by tired people; the screen finds the usual shapes (telephone, social
security, record numbers, mail addresses, diagnosis codes) and says which, so that the writer takes
them out. It cannot find a name: pages say so.
"""

import re
from enum import StrEnum
from typing import Final

MOST: Final = 280
"""Characters of a note."""


class Concern(StrEnum):
    """What was found in a text."""

    TOO_LONG = "too_long"
    PHONE = "phone"
    SOCIAL_SECURITY = "social_security"
    RECORD_NUMBER = "record_number"
    MAIL = "mail"
    DIAGNOSIS = "diagnosis"


_SHAPES: Final = (
    (Concern.SOCIAL_SECURITY, re.compile(r"(?<!\d)\d{3}[- ]\d{2}[- ]\d{4}(?!\d)")),
    (
        Concern.PHONE,
        re.compile(r"(?<!\d)(?:\+?1[-. ]*)?\(?\d{3}\)?[-. ]*\d{3}[-. ]*\d{4}(?!\d)"),
    ),
    (Concern.PHONE, re.compile(r"(?<![\d-])\d{3}[-.]\d{4}(?![\d-])")),
    (
        Concern.RECORD_NUMBER,
        re.compile(
            r"\b(?:mrn|record|chart|file|patient|account|case|expediente|historia)\b"
            r"\W{0,3}(?:(?:no|nr|num|number|id|n[uú]mero)\b)?\W{0,3}[a-z]{0,3}[- ]?\d{3,}",
            re.IGNORECASE,
        ),
    ),
    (Concern.RECORD_NUMBER, re.compile(r"(?<![\d-])\d{6,9}(?![\d-])")),
    (Concern.MAIL, re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]{2,}")),
    (Concern.DIAGNOSIS, re.compile(r"\b[A-TV-Z]\d[\dA-Z](?:\.[\dA-Z]{1,4})\b", re.IGNORECASE)),
    (Concern.DIAGNOSIS, re.compile(r"\b[FGTXZ]\d{2}\b")),
    (Concern.DIAGNOSIS, re.compile(r"\b(?:icd|dsm)[- ]?(?:9|10|11|5|iv|v)\b", re.IGNORECASE)),
)


def concerns(text: str) -> tuple[Concern, ...]:
    """Return what speaks against keeping a text, each kind once, in the order of `Concern`."""
    found = {concern for concern, shape in _SHAPES if shape.search(text)}
    if len(text) > MOST:
        found.add(Concern.TOO_LONG)
    if Concern.SOCIAL_SECURITY in found and not _has_phone_besides(text):
        found.discard(Concern.PHONE)
    return tuple(concern for concern in Concern if concern in found)


def _has_phone_besides(text: str) -> bool:
    rest = _SHAPES[0][1].sub(" ", text)
    return any(s.search(rest) for concern, s in _SHAPES if concern is Concern.PHONE)
