"""Who refers here, a liaison or a coordinator, and whose pages a referral leads back to.

A liaison refers from her hospital. A coordinator refers who came to the affiliate by themselves,
and has a new form signed for a child that no unit's liaison takes care of; a hospital's first
referral stays with its unit.
"""

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.actor import Kind
from outreach.errors import OutreachError
from outreach.referrals.models import Referral
from outreach.web.context import current_actor, transaction
from outreach.web.coordinator import referral as of_bureau
from outreach.web.liaison import referrals as of_hospital
from outreach.workflows.referrals import opening

LOOKS: frozenset[str] = frozenset({"referral.see"})
"""Actions that leave a referral as it is."""


def is_coordinator() -> bool:
    """Say whether a coordinator refers, and no liaison."""
    return current_actor().kind is Kind.COORDINATOR


def load(session: Session, referral_id: str, action: str) -> Referral:
    """Return a referral whose steps are the reader's to take, or to look at."""
    row = access.load(session, Referral, referral_id, actor=current_actor(), action=action)
    if is_coordinator():
        of_bureau.refuse_unless_ours(row, action)
        if action not in LOOKS and not row.is_bureaus:
            raise access.NotAllowed(action, "referral")
    return row


def list_url() -> str:
    """Return where the reader's referrals are listed."""
    return url_for("coordinator.referrals" if is_coordinator() else "liaison.referrals")


def page_url(referral_id: str) -> str:
    """Return the address of a referral's own page."""
    endpoint = "coordinator.referral" if is_coordinator() else "liaison.referral"
    return url_for(endpoint, referral_id=referral_id)


def stands(referral_id: str, error: OutreachError) -> ResponseReturnValue:
    """Show a referral's own page as it stands now, with why nothing was done."""
    if is_coordinator():
        return of_bureau.refused(referral_id, error)
    return of_hospital.refused(referral_id, error)


def note_opened(referral_id: str, *, via: str) -> None:
    """Write down who opened it; a GET may (the list of what one may write has it)."""
    with transaction() as session:
        row = load(session, referral_id, "referral.see")
        if row.data_key_id is not None:
            opening.note(session, row, by=current_actor(), via=via, now=clock.now())
