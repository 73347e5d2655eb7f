"""What follows a step, in its own transaction: one function for each effect of the table."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

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
    if effect is Effect.DISCLOSE:
        disclosing.disclose(session, referral, vault=desk.vault, now=now)
    elif effect is Effect.TELL_AFFILIATE:
        link = doors.open_link(session, referral, links=desk.links, now=now)
        telling.item_waits(session, referral, link=link, now=now)
    elif effect is Effect.TELL_STOP:
        if referral.sent_at is not None:
            telling.stop(session, referral, now=now)
    else:
        _EFFECTS[effect](session, referral, now)


def _alert(session: Session, referral: Referral, now: datetime) -> None:
    telling.decision_due(session, referral, now=now)


def _close_links(session: Session, referral: Referral, now: datetime) -> None:
    doors.close_links(session, referral, now=now)


def _forget_notices(session: Session, referral: Referral, now: datetime) -> None:
    messaging.cancel(session, subject=("referral", referral.id), now=now)


_EFFECTS: Final[Mapping[Effect, Callable[[Session, Referral, datetime], None]]] = {
    Effect.ALERT: _alert,
    Effect.CLOSE_LINKS: _close_links,
    Effect.FORGET_NOTICES: _forget_notices,
}
