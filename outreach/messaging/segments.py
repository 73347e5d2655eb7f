"""What a text message costs: GSM-7 or UCS-2, and how many segments (3GPP TS 23.038, 23.040)."""

import unicodedata
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Characters that take two units: an escape before each."""

_GSM_ALONE, _GSM_JOINED = 160, 153
_UCS_ALONE, _UCS_JOINED = 70, 67
"""Units of one message alone, and of each part of several, whose header takes the rest."""

_LOOKALIKES: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\t", " "),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
        "\u2026": "...",
        "\u2022": "*",
    }
)


def is_gsm(text: str) -> bool:
    """Say whether the text needs no UCS-2. One letter outside GSM-7 (á, í, ó, ú) turns it all."""
    return all(letter in _BASIC or letter in _EXTENDED for letter in text)


def plain(text: str) -> str:
    """Return the text with quotes, dashes and blanks that GSM-7 has; words stay as they are."""
    return unicodedata.normalize("NFC", text).translate(_LOOKALIKES)


def folded(text: str) -> str:
    """Return the text with every letter GSM-7 lacks as its base letter ("José" → "Jose").

    Names and places go through it: a single á would more than double the price of a message.
    What has no base letter (an emoji, another script) stays.
    """
    return "".join(_fold(letter) for letter in plain(text))


def count(text: str) -> int:
    """Return how many segments the text is sent in; 0 for an empty one.

    A character of two units is never cut in half, so a segment may hold one unit less.
    """
    if is_gsm(text):
        sizes = [2 if letter in _EXTENDED else 1 for letter in text]
        return _parts(sizes, alone=_GSM_ALONE, joined=_GSM_JOINED)
    sizes = [2 if ord(letter) > 0xFFFF else 1 for letter in text]  # noqa: PLR2004 - the last BMP code
    return _parts(sizes, alone=_UCS_ALONE, joined=_UCS_JOINED)


def _fold(letter: str) -> str:
    if is_gsm(letter):
        return letter
    base = "".join(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c))
    return base if base and is_gsm(base) else letter


def _parts(sizes: list[int], *, alone: int, joined: int) -> int:
    if sum(sizes) <= alone:
        return 1 if sizes else 0
    parts, used = 1, 0
    for size in sizes:
        if used + size > joined:
            parts, used = parts + 1, 0
        used += size
    return parts
