"""Who is doing something: a frozen value that any floor may hold."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a person is at one place, or what stands in for a person."""

    ADMINISTRATOR = "administrator"
    COORDINATOR = "coordinator"
    INTAKE = "intake"
    LIAISON = "liaison"
    SPEAKER = "speaker"
    HELPER = "helper"
    LINK = "link"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Actor:
    """An account under its active membership, the holder of a link, or the system itself.

    `affiliate_id` is set for administrators, coordinators, intake people and speakers,
    `hospital_id` for liaisons, `speaker_id` for speakers and holders of an answer link. All are
    primary keys and never leave the process. `may_refer` is a liaison's right to refer people.
    `helper_id` is an affiliate's person who came by a mailed link.
    """

    kind: Kind
    account_id: int | None = None
    membership_id: int | None = None
    affiliate_id: int | None = None
    hospital_id: int | None = None
    speaker_id: int | None = None
    helper_id: int | None = None
    may_refer: bool = False

    @property
    def label(self) -> str:
        """How the audit log names the actor: kind and id, never a name."""
        known = (self.account_id, self.helper_id, self.speaker_id)
        subject = next((row_id for row_id in known if row_id is not None), None)
        return self.kind if subject is None else f"{self.kind}:{subject}"


SYSTEM = Actor(Kind.SYSTEM)
ANONYMOUS = Actor(Kind.ANONYMOUS)
