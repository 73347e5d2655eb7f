"""What follows a step, in its own transaction: one case for each effect of the table."""

from datetime import datetime

from sqlalchemy.orm import Session

from outreach.messaging import service as messaging
from outreach.referrals.machine import Effect
from outreach.referrals.models import Referral
from outreach.workflows.referrals import disclosing, doors, telling
from outreach.workflows.referrals.desk import Desk


def carry_out(
    effect: Effect,
    session: Session,
    referral: Referral,
    *,
    desk: Desk,
    now: datetime,
) -> None:
    """Carry out one effect of a step that was just taken."""
    match effect:
        case Effect.DISCLOSE:
            disclosing.disclose(session, referral, vault=desk.vault, now=now)
        case Effect.TELL_AFFILIATE:
            link = doors.open_link(session, referral, links=desk.links, now=now)
            telling.item_waits(session, referral, link=link, now=now)
        case Effect.TELL_CORRECTED:
            link = doors.open_link(session, referral, links=desk.links, now=now)
            telling.item_changed(session, referral, link=link, now=now)
        case Effect.TELL_STOP:
            # Who was never told to begin need not be told to stop.
            if referral.sent_at is not None:
                telling.stop(session, referral, now=now)
        case Effect.ALERT:
            telling.decision_due(session, referral, now=now)
        case Effect.CLOSE_LINKS:
            doors.close_links(session, referral, now=now)
        case Effect.FORGET_NOTICES:
            messaging.cancel(session, subject=("referral", referral.id), now=now)
