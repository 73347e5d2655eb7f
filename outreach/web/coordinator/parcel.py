"""A file on its way through the pages of an import, carried by the browser and not kept here.

Between the first look and the yes the file travels in a hidden field: nothing of people who are
not in the bureau yet lies in the database, and any process can go on with it. What comes back is
checked like a new upload; whoever changes it only changes what they are about to bring in.
"""

import base64
import binascii
import json
import zlib
from dataclasses import asdict, dataclass

from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.workflows import imports

MOST_CHARACTERS = 240_000
"""What a form may hold (256 KiB) less its other fields: about 1 MB of CSV, 3,000 speakers."""
MOST_UNPACKED = 2 * imports.MOST_BYTES


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file, what it is a list of, and its mapping as JSON ('' before the columns are known)."""

    kind: str
    filename: str
    content: bytes
    mapping: str = ""


def pack(parcel: Parcel) -> str:
    """Return a parcel as text for a hidden field.

    Raises:
        RuleBroken: the file is too large for that.
    """
    values = asdict(parcel) | {"content": base64.b64encode(parcel.content).decode()}
    packed = base64.urlsafe_b64encode(zlib.compress(json.dumps(values).encode(), 9)).decode()
    if len(packed) > MOST_CHARACTERS:
        raise RuleBroken(
            lazy("This file is too large for a page. Split it into smaller files."), field="sheet"
        )
    return packed


def unpack(text: str) -> Parcel:
    """Return what `pack` packed. Raises RuleBroken for anything else."""
    try:
        unpacking = zlib.decompressobj()
        values = json.loads(unpacking.decompress(base64.urlsafe_b64decode(text), MOST_UNPACKED))
        parcel = Parcel(
            kind=str(values["kind"]),
            filename=str(values["filename"]),
            content=base64.b64decode(values["content"], validate=True),
            mapping=str(values["mapping"]),
        )
    except (ValueError, TypeError, KeyError, binascii.Error, zlib.error, RecursionError) as error:
        raise RuleBroken(_LOST) from error
    if parcel.kind not in imports.KINDS:
        raise RuleBroken(_LOST)
    return parcel


_LOST = lazy("The file was lost on the way. Please choose it again.")
