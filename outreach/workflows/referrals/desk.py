"""What the referral loop works with besides the database."""

from dataclasses import dataclass

from outreach.links import Links
from outreach.vault import Vault


@dataclass(frozen=True, slots=True)
class Desk:
    """The vault that seals what is known of a person, and the key that derives links and codes."""

    vault: Vault
    links: Links
