"""What a calendar's answer that waits says, and what to do, as the coordinator reads it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.calendars.models import CalendarItem, CalendarReply
from outreach.calendars.reply import Said, Unfit, Why
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.visits.models import Visit

NOT_UNDERSTOOD = lazy("Their calendar program sent an answer that we cannot read.")
WORDS: Final[Mapping[str, str]] = {
    Why.UNKNOWN: lazy("A calendar program answered about an entry that is none of ours."),
    Why.STRANGER: lazy(
        "A calendar program answered for somebody who was not invited: perhaps the invite was "
        "passed on. Nothing was changed."
    ),
    Why.OTHER_SENDER: lazy(
        "The answer to this invite came from another address than it was sent to. Nothing was "
        "changed. Please ask whether it is theirs."
    ),
    Why.FORGED: lazy(
        "A mail server says that this answer does not come from where it claims. Nothing was "
        "changed."
    ),
    Why.OLDER: lazy(
        "Their calendar said no, to the visit as it was before its last change. They are still "
        "down for it. Please ask whether they can come."
    ),
    Why.NEVER_SENT: lazy(
        "The answer names a version of this invite that was never sent. Nothing was changed. "
        "Please ask whether it is theirs."
    ),
    Why.PERHAPS: lazy("Their calendar says perhaps. Please ask whether it can go ahead with them."),
    Why.ANOTHER: lazy(
        "Their calendar says that somebody else comes in their place. Nothing was changed."
    ),
    Why.WARD_NO: lazy(
        "The unit’s calendar said no to this visit. It still takes place. Please ask whether to "
        "call it off."
    ),
    Why.TOO_LATE: lazy("Their calendar said no, once the visit had begun."),
    Why.NOT_THEIRS: lazy(
        "Their calendar said yes, and the visit is not theirs. It still lacks somebody: please ask "
        "whether they meant to take it."
    ),
    Why.OTHER_TIME: lazy("Their calendar asks for another time."),
    Why.COMMENT: lazy("They answered in their calendar and wrote these words."),
    **dict.fromkeys(Unfit, NOT_UNDERSTOOD),
}

OF_THE_UNIT: Final[Mapping[str, str]] = {
    Why.OTHER_TIME: lazy("The unit’s calendar asks for another time."),
    Why.PERHAPS: lazy("The unit’s calendar says perhaps. Please ask whether it can go ahead."),
}
"""What is said otherwise where the unit's calendar answered: whoever reads it acts otherwise."""

ANSWERS: Final[Mapping[str, str]] = {
    Said.YES: lazy("Their calendar says yes"),
    Said.PERHAPS: lazy("Their calendar says perhaps"),
}


def said_of(session: Session, visit: Visit) -> dict[int, str]:
    """Return what speakers' calendars say of a visit as it is now, in words, by primary key."""
    found = select(CalendarItem.owner_id, CalendarItem.answer).where(
        CalendarItem.visit_id == visit.id,
        CalendarItem.owner_kind == "speaker",
        CalendarItem.answer_sequence == CalendarItem.sequence,
        CalendarItem.answer.in_(list(ANSWERS)),
    )
    return {owner: _(ANSWERS[answer]) for owner, answer in session.execute(found)}


def was_proposed(session: Session, visit: Visit, *, starts_at: datetime) -> bool:
    """Say whether a speaker's calendar has asked that the visit begin then."""
    found = (
        select(CalendarReply.id)
        .join(CalendarItem, CalendarItem.id == CalendarReply.item_id)
        .where(
            CalendarItem.visit_id == visit.id,
            CalendarItem.owner_kind == "speaker",
            CalendarReply.why == Why.OTHER_TIME,
            CalendarReply.starts_at == starts_at,
        )
    )
    return session.scalar(found.limit(1)) is not None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer that waits: why in words, the visit, and the time that was proposed, if any."""

    words: str
    visit_id: str | None
    starts_at: datetime | None
    visit_at: datetime | None
    visit_zone: str
    moves: bool
    """Whether the unit proposed it, so that the visit can simply move."""


def waiting(session: Session, mail_ids: Collection[int]) -> dict[int, Waiting]:
    """Return what waits among these mails, by their primary keys."""
    found = (
        select(CalendarReply, CalendarItem.owner_kind, Visit)
        .outerjoin(CalendarItem, CalendarItem.id == CalendarReply.item_id)
        .outerjoin(Visit, Visit.id == CalendarItem.visit_id)
        .where(CalendarReply.mail_id.in_(mail_ids))
    )
    return {
        reply.mail_id: _waiting(reply, owner_kind, visit)
        for reply, owner_kind, visit in session.execute(found)
    }


def _waiting(reply: CalendarReply, owner_kind: str | None, visit: Visit | None) -> Waiting:
    is_units = owner_kind in {"account", "unit"}
    words = {**WORDS, **OF_THE_UNIT} if is_units else WORDS
    return Waiting(
        words=_(words.get(reply.why, NOT_UNDERSTOOD)),
        visit_id=visit.public_id if visit is not None else None,
        starts_at=reply.starts_at,
        visit_at=visit.starts_at if visit is not None else None,
        visit_zone=visit.time_zone if visit is not None else "UTC",
        moves=owner_kind != "speaker",
    )
