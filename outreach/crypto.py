"""Secrets: random ids, hashes at rest, and tokens that can be derived again."""

import base64
import hashlib
import hmac
import secrets

PUBLIC_ID_BYTES = 16
"""128 bits, the least an address may be guessed against (architecture.md)."""


def public_id() -> str:
    """Return a fresh random id for a URL: 22 characters, 128 bits."""
    return secrets.token_urlsafe(PUBLIC_ID_BYTES)


def token() -> str:
    """Return a fresh random secret: 43 characters, 256 bits."""
    return secrets.token_urlsafe(32)


def code(*, digits: int = 8) -> str:
    """Return a random numeric code a person types."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def digest(secret: str) -> str:
    """Return what is stored of a secret.

    SHA-256 is enough for random values of 128 bits or more.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def derive(key: bytes, *parts: str) -> str:
    """Return the token that belongs to `parts` under `key`: 43 characters, the same every time.

    The parts are length-prefixed, so ("ab", "c") and ("a", "bc") differ.
    """
    message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (p.encode() for p in parts))
    mac = hmac.new(key, message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def equal(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
