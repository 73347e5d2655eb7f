"""Addresses that carry a secret.

They are derived, so that the same message renders the same link again. Of the secret only a hash
is stored, or nothing, where the address begins with a stored public id (security.md, "Signing in").
"""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from outreach import crypto

KEY_VERSION = "1"
SEAL = 22
"""How many characters of the derived token follow a public id: 132 bits (docs/decisions/0015)."""
TOKEN_LENGTH = 22 + SEAL


def id_in(token: str) -> str:
    """Return the public id a token begins with; "" where it cannot be one of ours."""
    is_ours = len(token) == TOKEN_LENGTH and token.isascii() and token.isprintable()
    return token[:-SEAL] if is_ours else ""


@dataclass(frozen=True, slots=True)
class Links:
    """Everything a text needs to point at a page: the public address and the deriving key."""

    base_url: str
    key: bytes = field(repr=False)

    @property
    def host(self) -> str:
        """The host people see, for the ids of calendar entries and mails."""
        return urlsplit(self.base_url).hostname or "localhost"

    def answer_token(self, offer_id: str, *, speaker_id: str, expires_at: datetime) -> str:
        """Return the token of one offer to one person; the ids are public ids."""
        return self._derive("answer", offer_id, speaker_id, expires_at.isoformat())

    def answer(self, token: str) -> str:
        """Return the address of the answer page."""
        return f"{self.base_url}/a/{token}"

    def debrief_token(self, assignment_id: str, *, speaker_id: str, expires_at: datetime) -> str:
        """Return the token with which a speaker tells how a visit went; the ids are public ids.

        It begins with the assignment's own, so that nothing need be stored to find it again.
        """
        return (
            assignment_id
            + self._derive("debrief", assignment_id, speaker_id, expires_at.isoformat())[:SEAL]
        )

    def debrief(self, token: str) -> str:
        """Return the address of a speaker's debrief."""
        return f"{self.base_url}/d/{token}"

    def came_token(self, visit_id: str, *, expires_at: datetime) -> str:
        """Return the token with which a unit tells who came; it begins with the visit's id."""
        return visit_id + self._derive("came", visit_id, expires_at.isoformat())[:SEAL]

    def came(self, token: str) -> str:
        """Return the address where a unit tells who came."""
        return f"{self.base_url}/c/{token}"

    def ending_token(self, sort: str, public_id: str) -> str:
        """Return the token that ends a sort of mails to the person it begins with."""
        return public_id + self._derive("ending", sort, public_id)[:SEAL]

    def ending(self, sort: str, token: str) -> str:
        """Return the address where a sort of mails is ended."""
        return f"{self.base_url}/mail/{sort}/{token}"

    def no_notes_token(self, message_id: str) -> str:
        """Return the token with which whoever got a note has no more of them.

        It begins with the message's own public id, so that nothing need be stored to find it again.
        """
        return message_id + self._derive("no-notes", message_id)[:SEAL]

    def no_notes(self, token: str) -> str:
        """Return the address where somebody has no more notes."""
        return f"{self.base_url}/n/{token}"

    def feed_token(self, feed_id: str) -> str:
        """Return the token of a private feed; `feed_id` is its public id."""
        return self._derive("feed", feed_id)

    def feed(self, token: str) -> str:
        """Return the https address of a feed."""
        return f"{self.base_url}/f/{token}.ics"

    def visit(self, visit_id: str) -> str:
        """Return the address of a visit's page, for who signs in; `visit_id` is its public id."""
        return f"{self.base_url}/v/{visit_id}"

    def sign_in_code(self, code_id: str) -> str:
        """Return the eight digits that belong to a sign-in code's random id."""
        return self._digits("sign-in", code_id)

    def item_token(self, link_id: str, *, expires_at: datetime) -> str:
        """Return the token of an affiliate's link to a referral; `link_id` is its public id."""
        return self._derive("item", link_id, expires_at.isoformat())

    def item(self, token: str) -> str:
        """Return the address behind which an affiliate's item waits."""
        return f"{self.base_url}/i/{token}"

    def link_code(self, code_id: str) -> str:
        """Return the eight digits that such a link asks for."""
        return self._digits("item-code", code_id)

    def stop_code(self, authorization_id: str) -> str:
        """Return the eight digits on the patient's copy, with which contact is stopped.

        Before the recording the authorization's id is the referral's `form_id`.
        """
        return self._digits("stop", authorization_id)

    def to(self, path: str) -> str:
        """Return the public address of a page."""
        return f"{self.base_url}{path}"

    def _digits(self, purpose: str, row_id: str) -> str:
        # Through the hash: the token's own last letter has only 16 values, and 10**8 would keep
        # its last 8 bits, which leaves a sixteenth of the codes.
        secret = crypto.digest(self._derive(purpose, row_id))
        return f"{int(secret, 16) % 10**8:08d}"

    def _derive(self, purpose: str, *parts: str) -> str:
        return crypto.derive(self.key, KEY_VERSION, purpose, *parts)
