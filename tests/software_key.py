"""A passkey made of software, for tests: what a browser and a hardware key answer together."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
"""Flags of authenticator data (WebAuthn Level 2, 6.1)."""


@dataclass
class SoftwareKey:
    """A key with one credential. `count` is None for passkeys, which do not count.

    `origin` and `host` are where the browser believes to be; a test may set any of it wrong.
    """

    origin: str = "http://localhost"
    host: str = "localhost"
    count: int | None = 0
    verifies: bool = True
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    secret: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: str) -> str:
        """Answer what `navigator.credentials.create` is asked."""
        size = len(self.credential_id).to_bytes(2, "big")
        data = self._data(ATTESTED) + bytes(16) + size + self.credential_id + self._public_key()
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": self._client_data("webauthn.create", options),
                "attestationObject": bytes_to_base64url(attestation),
                "transports": ["usb", "a wire of our own"],
            }
        )

    def sign(self, options: str) -> str:
        """Answer what `navigator.credentials.get` is asked."""
        if self.count is not None:
            self.count += 1
        client_data = self._client_data("webauthn.get", options)
        data = self._data(0)
        signed = data + hashlib.sha256(base64url_to_bytes(client_data)).digest()
        return self._answer(
            {
                "clientDataJSON": client_data,
                "authenticatorData": bytes_to_base64url(data),
                "signature": bytes_to_base64url(
                    self.secret.sign(signed, ec.ECDSA(hashes.SHA256()))
                ),
                "userHandle": None,
            }
        )

    def _client_data(self, kind: str, options: str) -> str:
        said = {"type": kind, "challenge": json.loads(options)["challenge"], "origin": self.origin}
        return bytes_to_base64url(json.dumps(said).encode())

    def _data(self, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        count = (self.count or 0).to_bytes(4, "big")
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + count

    def _public_key(self) -> bytes:
        numbers = self.secret.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})  # RFC 9053: ES256 on P-256

    def _answer(self, response: dict[str, Any]) -> str:
        named = bytes_to_base64url(self.credential_id)
        return json.dumps(
            {
                "id": named,
                "rawId": named,
                "type": "public-key",
                "clientExtensionResults": {},
                "response": response,
            }
        )
