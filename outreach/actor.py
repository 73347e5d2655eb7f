"""Who is doing something: a frozen value that any floor may hold."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a person is at one place, or what stands in for a person."""

    ADMINISTRATOR = "administrator"
    COORDINATOR = "coordinator"
    LIAISON = "liaison"
    SPEAKER = "speaker"
    LINK = "link"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Actor:
    """An account under its active membership, the holder of a link, or the system itself.

    `affiliate_id` is set for administrators, coordinators and speakers, `hospital_id` for
    liaisons, `speaker_id` for speakers and holders of an answer link. All are primary keys and
    never leave the process.
    """

    kind: Kind
    account_id: int | None = None
    affiliate_id: int | None = None
    hospital_id: int | None = None
    speaker_id: int | None = None

    @property
    def label(self) -> str:
        """How the audit log names the actor: kind and id, never a name."""
        subject = self.account_id if self.account_id is not None else self.speaker_id
        return self.kind if subject is None else f"{self.kind}:{subject}"


SYSTEM = Actor(Kind.SYSTEM)
ANONYMOUS = Actor(Kind.ANONYMOUS)
