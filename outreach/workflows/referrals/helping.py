"""Linking a helper to the speaker they also are: those hospitals' referrals stay closed to them."""

from datetime import datetime

from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.referrals.models import IntakeHelper
from outreach.speakers.models import Speaker


def link(
    session: Session, helper: IntakeHelper, speaker: Speaker | None, *, by: Actor, now: datetime
) -> None:
    """Say which speaker a helper also is, or that they are none. The same again changes nothing.

    It counts at once, also for a helper who is inside: what one may reach is asked each time.
    """
    speaker_id = speaker.id if speaker is not None else None
    if helper.speaker_id == speaker_id:
        return
    helper.speaker_id = speaker_id
    session.flush()
    action = "helper.link" if speaker_id is not None else "helper.unlink"
    audit.record(session, action, actor=by, subject=("intake_helper", helper.id), now=now)
