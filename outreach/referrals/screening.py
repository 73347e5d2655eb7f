"""What must not stand in a free text about a person: numbers and codes that identify or diagnose.

A note is short and written by tired people; the screen finds the usual shapes (telephone, social
security, record numbers, mail addresses, diagnosis codes) and says which, so that the writer takes
them out. It cannot find a name: pages say so. Where it must guess, it rather asks once too often:
a note can be put in other words, a disclosure can't be taken back.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Final

MOST: Final = 280
"""Characters of a note; the end of a line counts as one, as browsers count it."""

SCREENED: Final = 10
"""How many times its most characters of a text are looked at: a longer one is refused for its
length, whatever else stands in it."""


class Concern(StrEnum):
    """What was found in a text."""

    TOO_LONG = "too_long"
    PHONE = "phone"
    SOCIAL_SECURITY = "social_security"
    RECORD_NUMBER = "record_number"
    MAIL = "mail"
    DIAGNOSIS = "diagnosis"


_GAP: Final = r"[-./ ]{0,4}"
_PLACES: Final = "bus|route|room|unit|gate|apt|autobús|camión|ruta|sala|cuarto|piso|puerta"
_NOT_A_PLACE: Final = "".join(rf"(?<!\b{word} )" for word in _PLACES.split("|"))
"""The words before a code that make it a place or a line; each has a width of its own."""

_RECORDS: Final = (
    "mrn|record|chart|file|patient|account|case|member|medicaid|medicare"
    r"|expediente|historia(?: cl[ií]nica)?|historial|paciente|folio|cuenta|póliza"
)
_NUMBER: Final = r"(?:n\.?o|nr|num|number|id|is|n[uú]m|n[uú]mero|es)(?![a-z])"
_CHART: Final = r"[a-z]{0,3}[- ]?(?:\d{3}|\d{2}-\d{2}-\d{2})"
"""12345, A-12345, or 44-71-20 as charts are filed."""

_SHAPES: Final = tuple(
    (concern, re.compile(shape, re.IGNORECASE))
    for concern, shape in (
        (Concern.SOCIAL_SECURITY, r"(?<!\d)\d{3}[-. ]\d{2}[-. ]\d{4}(?!\d)"),
        (Concern.SOCIAL_SECURITY, r"\b(?:ssn|social security|seguro social)\D{0,20}\d{4}"),
        # North America, with or without the 1 before it.
        (Concern.PHONE, rf"(?<!\d)(?:\+?1{_GAP})?\(?\d{{3}}\)?{_GAP}\d{{3}}{_GAP}\d{{4}}(?!\d)"),
        # An exchange never begins with 0 or 1: "bus 146 1030" is none.
        (Concern.PHONE, r"(?<![\d-])[2-9]\d{2}[-. ]\d{4}(?![\d-])"),
        (Concern.PHONE, r"(?<!\d)\d{2}[-. ]\d{4}[-. ]\d{4}(?!\d)"),  # Mexico
        (Concern.PHONE, r"\+\d[-. ()\d]{6,}\d"),
        (
            Concern.RECORD_NUMBER,
            rf"\b(?:{_RECORDS})(?![a-z])\W{{0,3}}(?:{_NUMBER}\W{{0,3}}){{0,2}}{_CHART}",
        ),
        # Ten digits, or a 1 and ten, are a telephone number.
        (
            Concern.RECORD_NUMBER,
            r"(?<!\d)(?<!\d-)(?:\d{6,9}|[02-9]\d{10}|\d{12,})(?:-\d)?(?!\d|-\d)",
        ),
        (Concern.RECORD_NUMBER, r"(?<!\d)\d{3}([- .])\d{3}\1\d{3}(?!\d)"),
        (Concern.MAIL, r"[^\s@]+ ?@ ?[^\s@]+\.[a-z]{2,}"),
        # ICD-10-CM: F32.1, T36.0X1A, E11.A. "B12.Then" is a missing space.
        (
            Concern.DIAGNOSIS,
            r"\b[a-z]\d[\da-z]\.(?:\d[\da-z]{0,3}|[a-z]\d[\da-z]{0,2}|[a-z])\b",
        ),
        # Without the dot only what is no usual name of a room or a line.
        (Concern.DIAGNOSIS, rf"{_NOT_A_PLACE}\b[fgtxz]\d{{2}}(?:\d[\da-z]{{0,3}})?\b"),
        (Concern.DIAGNOSIS, rf"{_NOT_A_PLACE}\b[a-z]\d{{4,6}}[a-z]?\b"),
        (Concern.DIAGNOSIS, r"\b(?:(?:icd|cie)[- ]?(?:9|10|11)|dsm(?:[- ]?(?:5|iv|v))?)\b"),
    )
)


def concerns(text: str, *, most: int = MOST) -> tuple[Concern, ...]:
    """Return what speaks against keeping a text, each kind once, in the order of `Concern`.

    `most` is how many characters it may have.
    """
    plain = _plain(text[: SCREENED * most])
    found = {concern for concern, shape in _SHAPES if shape.search(plain)}
    if len(text.replace("\r\n", "\n")) > most:
        found.add(Concern.TOO_LONG)
    return tuple(concern for concern in Concern if concern in found)


def _plain(text: str) -> str:
    """Return a text as the shapes expect it: ASCII digits, plain spaces and hyphens, no marks.

    Marks that are not seen (NUL, zero width, direction) and those drawn over a digit go, so that
    what reads as one number is one.
    """
    return "".join(map(_plain_character, unicodedata.normalize("NFKC", text)))


def _plain_character(character: str) -> str:
    if character in "\n\r\t":
        return " "
    category = unicodedata.category(character)
    if category in {"Cc", "Cf", "Mn", "Me"}:
        return ""
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    return str(unicodedata.decimal(character, character))
