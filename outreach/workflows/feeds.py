"""Giving a person's calendar feed a new address, or taking it away."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from outreach import audit, db
from outreach.accounts.models import Account, Membership
from outreach.actor import Actor
from outreach.calendars import service as calendars
from outreach.calendars.models import FeedAddress
from outreach.db import Base
from outreach.errors import Conflict
from outreach.i18n import lazy
from outreach.links import Links
from outreach.reads import feed
from outreach.reads.feed import Owner
from outreach.speakers.models import Speaker

OWNERS: Final[Mapping[str, type[Base]]] = {
    "speaker": Speaker,
    "account": Account,
    "membership": Membership,
}
NO_CHOICE = lazy("There is no calendar address to choose this for.")


def renew(session: Session, *, by: Actor, links: Links, now: datetime) -> FeedAddress:
    """Give the actor's own feed a new address; the old one stops working at once.

    It shows as much as the old one did, and a first one as little as can be. Of a speaker's the
    speaker's own choice decides.
    """
    mine = _locked_owner(session, by)
    old = calendars.address(session, owner_kind=mine.kind, owner_id=mine.id)
    shows = "full" if mine.kind == "speaker" else old.detail if old else "minimal"
    made = calendars.issue(
        session,
        owner_kind=mine.kind,
        owner_id=mine.id,
        detail=shows,
        links=links,
        now=now,
    )
    audit.record(session, "feed.renew", actor=by, subject=("feed_address", made.id), now=now)
    return made


def revoke(session: Session, *, by: Actor, now: datetime) -> None:
    """Take the actor's own feed away. Twice changes nothing."""
    mine = _locked_owner(session, by)
    if calendars.revoke(session, owner_kind=mine.kind, owner_id=mine.id, now=now):
        audit.record(session, "feed.revoke", actor=by, subject=(mine.kind, mine.id), now=now)


def show(session: Session, *, detail: str, by: Actor, now: datetime) -> None:
    """Choose how much the actor's own feed shows, under the address it has. Twice changes nothing.

    Raises:
        Conflict: it has no address, or is a speaker's, whose own choice decides.
    """
    mine = _locked_owner(session, by)
    address = calendars.address(session, owner_kind=mine.kind, owner_id=mine.id)
    if address is None or mine.kind == "speaker":
        raise Conflict(NO_CHOICE)
    if address.detail != detail:
        address.detail = detail
        session.flush()
        audit.record(session, "feed.show", actor=by, subject=("feed_address", address.id), now=now)


def _locked_owner(session: Session, by: Actor) -> Owner:
    """Return whose feed it is, so that two taps at once leave one address, not two."""
    mine = feed.owner(by)
    db.locked(session, OWNERS[mine.kind], mine.id)
    return mine
