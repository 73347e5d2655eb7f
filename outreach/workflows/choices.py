"""What a speaker chose to see, applied just before a message leaves.

Choices may have changed since it was planned: a place that must not be shown any more must not be
in a message that was written while it might.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.directory.models import Affiliate
from outreach.messaging import notes
from outreach.messaging.models import Message
from outreach.speakers.models import Speaker
from outreach.visits.models import Visit
from outreach.workflows import notices, recipients

PLACES = ("unit", "hospital", "bureau")


def follow(session: Session, message: Message) -> None:
    """Give a speaker's message the language and the places chosen by today; others stay."""
    if message.recipient_kind != "speaker":
        return
    speaker = session.get_one(Speaker, message.recipient_id)
    told = {name: value for name, value in message.values.items() if name not in PLACES}
    sees_places = recipients.speaker(speaker).sees_places
    if sees_places and "visit_id" in told:
        visit = select(Visit).where(Visit.public_id == told["visit_id"])
        told |= notices.places(session, session.scalars(visit).one())
    if sees_places and message.kind == notes.KIND:
        told["bureau"] = session.get_one(Affiliate, speaker.affiliate_id).name
    message.locale, message.values = speaker.locale, told
