"""A name or a way to reach the person was written down wrong: put right, and never silently.

Before the sending the record alone changes. Afterwards the affiliate has a snapshot that is wrong:
it gets a new one, which is a disclosure as the first was, and a notice that the item was corrected.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from outreach.actor import Actor
from outreach.db import locked
from outreach.errors import Conflict, RuleBroken
from outreach.referrals import machine
from outreach.referrals.codes import Action, Field, State
from outreach.referrals.models import Referral
from outreach.workflows import screened
from outreach.workflows.referrals import authorizing, disclosing, facts, steps, stopping
from outreach.workflows.referrals.authorizing import ContactPoint
from outreach.workflows.referrals.desk import Desk
from outreach.workflows.referrals.steps import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """How the person is called and reached in truth; without `contacts` these stay."""

    name: str
    contacts: Sequence[ContactPoint] | None = None


def is_possible(session: Session, referral: Referral, *, now: datetime) -> bool:
    """Say whether there is something to correct: signed and kept, not ended, in force."""
    leads = machine.step(Action.CORRECT, state=State(referral.state)) is not None
    is_kept = referral.data_key_id is not None
    return leads and is_kept and stopping.in_force(session, referral, now=now)


def shows_contacts(session: Session, referral: Referral) -> bool:
    """Say whether the authorization lets contact points out; else nobody sees or corrects them."""
    authorization = facts.authorization_of(session, referral)
    return authorization is not None and Field.CONTACTS in authorization.information


def problems(said: Correction) -> tuple[RuleBroken, ...]:
    """Return all that `correct` would refuse, at once; each names its field."""
    return tuple(authorizing.refusals(list(_checks(said))))


def correct(
    session: Session,
    referral: Referral,
    said: Correction,
    *,
    version: int | None,
    by: Actor,
    desk: Desk,
    now: datetime,
) -> bool:
    """Put a name or contact right; False where it says what is written already.

    Raises:
        RuleBroken: the name or a contact cannot be; the field is named.
        Conflict: it was changed meanwhile, has ended or was withdrawn, or the person has another
            open referral with this affiliate.
    """
    name = authorizing.checked_name(said.name)
    contacts = _checked(said.contacts)
    # Held first: a withdrawal at the same instant comes before this, or after it.
    held = locked(session, Referral, referral.id)
    if not is_possible(session, held, now=now):
        raise Conflict(steps.MOVED_ON)
    known = disclosing.whole(held, vault=desk.vault)
    if contacts is not None and not shows_contacts(session, held):
        raise Conflict(steps.MOVED_ON)
    values = _name(held, name, known, desk=desk) | _contacts(held, contacts, known, desk=desk)
    if not values:
        return False
    order = Order(action=Action.CORRECT, by=by, version=version, values=values)
    steps.take(session, held, order, desk=desk, now=now)
    return True


def _checks(said: Correction) -> Iterator[Callable[[], object]]:
    yield partial(authorizing.checked_name, said.name)
    if said.contacts is None:
        return
    yield partial(authorizing.check_count, said.contacts)
    for place, point in enumerate(said.contacts, 1):
        yield partial(authorizing.checked_contact, point, place)
        yield partial(screened.note, point.hours, field=f"contact_{place}_hours")


def _checked(contacts: Sequence[ContactPoint] | None) -> Sequence[ContactPoint] | None:
    if contacts is None:
        return None
    authorizing.check_count(contacts)
    return [authorizing.checked_contact(point, place) for place, point in enumerate(contacts, 1)]


def _name(referral: Referral, name: str, known: dict[Field, Any], *, desk: Desk) -> dict[str, str]:
    if name == known[Field.NAME]:
        return {}
    place = (*disclosing.NAME, referral.public_id)
    return {"sealed_name": desk.vault.seal(referral.data_key_id or "", place, name)}


def _contacts(
    referral: Referral,
    contacts: Sequence[ContactPoint] | None,
    known: dict[Field, Any],
    *,
    desk: Desk,
) -> dict[str, str]:
    """Return the columns that change; the language beside the contact points stays."""
    if contacts is None or authorizing.sealable(contacts) == known[Field.CONTACTS]:
        return {}
    place = (*disclosing.CONTACTS, referral.public_id)
    kept = {"points": authorizing.sealable(contacts), **known[Field.LANGUAGE]}
    sealed = desk.vault.seal(referral.data_key_id or "", place, json.dumps(kept))
    key = authorizing.person_key(contacts, desk=desk)
    return {"sealed_contacts": sealed, "person_key": key}
