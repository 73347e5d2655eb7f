"""A speaker's own calendar: connected, read again, taken away. What it says is read by a job."""

from datetime import datetime

from sqlalchemy.orm import Session

from outreach import audit, db
from outreach.accounts import limits
from outreach.accounts.rules import CALENDAR_FOR_SPEAKER
from outreach.actor import Actor
from outreach.errors import RuleBroken, Unusable
from outreach.i18n import lazy
from outreach.speakers import own_calendar, rules
from outreach.speakers.models import OwnCalendar, Speaker
from outreach.vault import Vault

NOT_TAKEN = {
    "scheme": lazy("Paste an address that begins with https:// or webcal://."),
    "user": lazy("Paste an address without a name and password in it."),
    "port": lazy("This address names a port. Paste one without."),
    "host": lazy("Paste the address as your calendar shows it, with the name of its server."),
    "form": lazy("This does not look like an address. Please copy and paste it once more."),
}
"""The codes of `rules.WrongAddress` in words. None of them repeats the address."""

CHANGED_OFTEN = lazy("You have changed this often. Please try again in an hour.")


def connect(
    session: Session, speaker: Speaker, typed: str, *, vault: Vault, by: Actor, now: datetime
) -> None:
    """Read the calendar at this address from now on, in place of another. The same one again stays.

    It is due at once. Busy times of another calendar are gone.

    Raises:
        RuleBroken: the address is none that is read, or this was done ten times within an hour.
    """
    try:
        address = rules.calendar_address(typed)
    except rules.WrongAddress as error:
        raise RuleBroken(NOT_TAKEN[error.code], field="address") from None
    speaker = db.locked(session, Speaker, speaker.id)
    known = own_calendar.of(session, speaker.id)
    if known is not None and _opened(known, vault) == address:
        own_calendar.make_due(session, speaker.id, now=now)
        return
    # Each new address makes us call somebody's server.
    if not limits.take(session, CALENDAR_FOR_SPEAKER, speaker.public_id, now=now):
        raise RuleBroken(CHANGED_OFTEN, field="address")
    own_calendar.remove(session, speaker.id)
    own_calendar.add(session, speaker.id, address, ring=vault.ring, now=now)
    _changed(session, speaker, by=by, now=now)


def read_now(session: Session, speaker: Speaker, *, now: datetime) -> bool:
    """Let the calendar be read soon; False where it was read in the last five minutes."""
    return own_calendar.make_due(session, speaker.id, now=now)


def disconnect(session: Session, speaker: Speaker, *, by: Actor, now: datetime) -> None:
    """Delete the address and every busy time. Twice changes nothing."""
    speaker = db.locked(session, Speaker, speaker.id)
    if own_calendar.remove(session, speaker.id):
        _changed(session, speaker, by=by, now=now)


def _opened(calendar: OwnCalendar, vault: Vault) -> str | None:
    """Return the address; None where it can't be opened, and a new one is as good as any."""
    try:
        return own_calendar.address_of(calendar, vault.ring)
    except Unusable:
        return None


def _changed(session: Session, speaker: Speaker, *, by: Actor, now: datetime) -> None:
    speaker.revision += 1
    session.flush()
    # Logged like any change of times, so that the log tells nobody who has connected a calendar.
    audit.record(session, "availability.change", actor=by, subject=("speaker", speaker.id), now=now)
