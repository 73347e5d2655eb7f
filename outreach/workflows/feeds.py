"""Giving a person's calendar feed a new address, or taking it away."""

from datetime import datetime

from sqlalchemy.orm import Session

from outreach import audit, db
from outreach.accounts.models import Account
from outreach.actor import Actor
from outreach.calendars import service as calendars
from outreach.calendars.models import FeedAddress
from outreach.links import Links
from outreach.reads import feed
from outreach.reads.feed import Owner
from outreach.speakers.models import Speaker


def renew(session: Session, *, by: Actor, links: Links, now: datetime) -> FeedAddress:
    """Give the actor's own feed a new address; the old one stops working at once."""
    mine = _locked_owner(session, by)
    made = calendars.issue(session, owner_kind=mine.kind, owner_id=mine.id, links=links, now=now)
    audit.record(session, "feed.renew", actor=by, subject=("feed_address", made.id), now=now)
    return made


def revoke(session: Session, *, by: Actor, now: datetime) -> None:
    """Take the actor's own feed away. Twice changes nothing."""
    mine = _locked_owner(session, by)
    if calendars.revoke(session, owner_kind=mine.kind, owner_id=mine.id, now=now):
        audit.record(session, "feed.revoke", actor=by, subject=(mine.kind, mine.id), now=now)


def _locked_owner(session: Session, by: Actor) -> Owner:
    """Return whose feed it is, so that two taps at once leave one address, not two."""
    mine = feed.owner(by)
    db.locked(session, Speaker if mine.kind == "speaker" else Account, mine.id)
    return mine
