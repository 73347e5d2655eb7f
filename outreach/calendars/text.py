"""What a calendar can hold of a text that a person typed."""

import unicodedata

_UNWANTED = frozenset({"Cc", "Cs"})
"""Control characters and lone surrogates: no client shows them, some stop reading at them."""

_LINE_BREAKS = str.maketrans({"\u2028": "\n", "\u2029": "\n", "\t": " "})


def lines(value: str) -> str:
    r"""Return `value` with every line break as `\n`, without control characters or outer blanks.

    U+2028 and U+2029 become line breaks too: readers that cut a file with a Unicode-aware
    `splitlines` would cut a property in two at them.
    """
    unified = value.replace("\r\n", "\n").replace("\r", "\n").translate(_LINE_BREAKS)
    kept = (c for c in unified if c == "\n" or unicodedata.category(c) not in _UNWANTED)
    return "".join(kept).strip()


def line(value: str) -> str:
    """Return `value` as a single line: as `lines`, with every run of blanks as one space."""
    return " ".join(lines(value).split())


def name(value: str) -> str:
    r"""Return a person's or sender's name as a line without double quotes and backslashes.

    RFC 6868 writes a quote inside CN as `^'`, which several clients show as it stands, so a
    nickname in double quotes gets single ones. A caret, RFC 6868's own mark, is left out. ical.js
    reads a backslash before an n in CN as a line break, though CN knows no escapes: a slash serves.
    """
    return line(value.replace('"', "'").replace("^", "").replace("\\", "/"))
