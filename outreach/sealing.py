"""Sealed values: AES-256-GCM as text, and the blind index that finds an equal value again.

A sealed value reads `v1.<key id>.<nonce>.<ciphertext and tag>`, the last two in base64url without
padding. Associated data bind it to its place; whoever moves it finds that it opens no more
(docs/decisions, "Sealed values").
"""

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from outreach.errors import Unusable

VERSION = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12
"""96 random bits: good for 2**32 values under one key (NIST SP 800-38D, 8.3)."""
TAG_BYTES = 16
INDEX_BYTES = 16
GARBLED = "This sealed value is cut off or garbled."
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Unreadable(Unusable):
    """A sealed value that cannot be opened. No message names a value or a secret."""


class NotSealed(Unreadable):
    """It is no sealed value of ours, or of a later version."""


class DoesNotOpen(Unreadable):
    """It was changed, or moved from another place, or the key is not the one that sealed it."""


class Field(NamedTuple):
    """Where a sealed value stands. The row is named by its public id, which exists before it."""

    table: str
    column: str
    public_id: str

    @property
    def associated(self) -> bytes:
        """Return what binds a value to this place.

        Raises:
            ValueError: a colon in the table's or column's name, so that two places could be one.
        """
        if ":" in self.table or ":" in self.column:
            raise ValueError("names of tables and columns hold no colon")
        return ":".join(self).encode()


Place: TypeAlias = Field | tuple[str, str, str]
"""A field, or its three names."""


@dataclass(frozen=True, slots=True)
class Key:
    """A named key of 256 bits. What is shown of it is the name."""

    id: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not KEY_ID.fullmatch(self.id) or len(self.secret) != KEY_BYTES:
            raise ValueError("a key has a plain name and 256 bits")


def new_secret() -> bytes:
    """Return a fresh random key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(value: bytes, key: Key, *, associated: bytes) -> str:
    """Return `value` sealed under `key`. Every time another text: the nonce is random."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    ciphertext = AESGCM(key.secret).encrypt(nonce, value, associated)
    return f"{VERSION}.{key.id}.{to_text(nonce)}.{to_text(ciphertext)}"


def unseal(sealed: str, key: Key, *, associated: bytes) -> bytes:
    """Return what was sealed.

    Raises:
        NotSealed: it does not have our form.
        DoesNotOpen: it was sealed under another key or for another place, or it was changed.
    """
    key_id, nonce, ciphertext = _parts(sealed)
    if key_id != key.id:
        raise DoesNotOpen("This was sealed under another key than its own.")
    try:
        return AESGCM(key.secret).decrypt(nonce, ciphertext, associated)
    except InvalidTag:
        raise DoesNotOpen("This sealed value was changed, or belongs elsewhere.") from None


def key_id_of(sealed: str) -> str:
    """Return the id of the key that sealed it. Raises NotSealed."""
    return _parts(sealed)[0]


def blind_index(key: bytes, *parts: str) -> str:
    """Return 32 hex digits, the same for equal parts, by which a sealed value is found again.

    Compatible letters, case and white space are made one; everything else (a phone's E.164) is
    for the caller. The parts are length-prefixed, so ("ab", "c") and ("a", "bc") differ.

    Whoever has this key can try every phone number: it is a secret like the others.
    """
    message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in map(_normal, parts))
    return hmac.new(key, message, hashlib.sha256).digest()[:INDEX_BYTES].hex()


def to_text(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """Read base64url without padding. Raises ValueError unless it is the one way to write it."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if to_text(raw) != text:
        # The decoder skips foreign letters and unused bits; two texts must not be one value.
        raise ValueError("not base64url")
    return raw


def _parts(sealed: str) -> tuple[str, bytes, bytes]:
    version, _, rest = sealed.partition(".")
    key_id, _, body = rest.partition(".")
    if version != VERSION or not KEY_ID.fullmatch(key_id):
        raise NotSealed("This is no sealed value that this version can read.")
    nonce, _, ciphertext = body.partition(".")
    try:
        raw = from_text(nonce), from_text(ciphertext)
    except ValueError:
        raise NotSealed(GARBLED) from None
    if len(raw[0]) != NONCE_BYTES or len(raw[1]) < TAG_BYTES:
        raise NotSealed(GARBLED)
    return key_id, *raw


def _normal(part: str) -> bytes:
    return " ".join(unicodedata.normalize("NFKC", part).casefold().split()).encode()
