"""What goes out, to whom: one whitelist, one frozen and sealed snapshot, one row each time."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.crypto import public_id
from outreach.directory.models import Affiliate
from outreach.referrals.codes import Field
from outreach.referrals.models import Authorization, Disclosure, Referral
from outreach.vault import Vault
from outreach.workflows.referrals import facts
from outreach.workflows.referrals.desk import Desk

NAME: Final = ("referral", "sealed_name")
CONTACTS: Final = ("referral", "sealed_contacts")
NOTE: Final = ("referral", "sealed_note")
SNAPSHOT: Final = ("disclosure", "sealed_snapshot")


def disclose(session: Session, referral: Referral, *, vault: Vault, now: datetime) -> Disclosure:
    """Write down that the affiliate may see the referral from now on, and exactly what."""
    authorization = _authorization(session, referral)
    affiliate = session.get_one(Affiliate, referral.affiliate_id)
    row_id = public_id()
    snapshot = json.dumps(allowed(referral, authorization, vault=vault), sort_keys=True)
    disclosure = Disclosure(
        public_id=row_id,
        referral_id=referral.id,
        authorization_id=authorization.id,
        affiliate_id=affiliate.id,
        recipient=affiliate.name,
        information=sorted(authorization.information),
        purpose=authorization.purpose,
        version=referral.version,
        sealed_snapshot=vault.seal(_key(referral), (*SNAPSHOT, row_id), snapshot),
        at=now,
    )
    session.add(disclosure)
    session.flush()
    return disclosure


def allowed(referral: Referral, authorization: Authorization, *, vault: Vault) -> dict[str, Any]:
    """Return what the authorization lets out, field by field: the only way anything leaves."""
    fields = set(map(Field, authorization.information))
    everything = whole(referral, vault=vault)
    return {field: everything[field] for field in Field if field in fields}


def whole(referral: Referral, *, vault: Vault) -> dict[Field, Any]:
    """Return everything kept about the person, opened. Never to be shown without `allowed`."""
    key, row = _key(referral), referral.public_id
    contacts = json.loads(_opened(vault, key, (*CONTACTS, row), referral.sealed_contacts) or "{}")
    zone_day = facts.local_day(referral.discharged_at, zone=referral.time_zone)
    return {
        Field.NAME: _opened(vault, key, (*NAME, row), referral.sealed_name),
        Field.CONTACTS: contacts.get("points", []),
        Field.LANGUAGE: {
            "language": contacts.get("language", "en"),
            "interpreter": contacts.get("interpreter", False),
        },
        Field.ZIP: referral.zip_code,
        Field.GROUPS: list(referral.groups),
        Field.DISCHARGED_ON: zone_day.isoformat(),
        Field.NOTE: _opened(vault, key, (*NOTE, row), referral.sealed_note),
    }


def copy(parent: Referral, child: Referral, *, desk: Desk) -> None:
    """Seal what is known of the person anew for a linked child, under the child's own key.

    The child's rows can then be erased, and opened, by themselves.
    """
    columns = ((NAME, "sealed_name"), (CONTACTS, "sealed_contacts"), (NOTE, "sealed_note"))
    for place, column in columns:
        opened = _opened(
            desk.vault, _key(parent), (*place, parent.public_id), getattr(parent, column)
        )
        if opened:
            sealed = desk.vault.seal(_key(child), (*place, child.public_id), opened)
            setattr(child, column, sealed)


def last_snapshot(session: Session, referral: Referral, *, vault: Vault) -> Mapping[str, Any]:
    """Return exactly what was disclosed to the affiliate that has the referral.

    Raises:
        LookupError: nothing was disclosed.
        vault.Destroyed: it was erased since.
    """
    row = session.scalars(
        select(Disclosure)
        .where(
            Disclosure.referral_id == referral.id,
            Disclosure.affiliate_id == referral.affiliate_id,
        )
        .order_by(Disclosure.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise LookupError("nothing was disclosed")
    opened = vault.open(_key(referral), (*SNAPSHOT, row.public_id), row.sealed_snapshot)
    found: dict[str, Any] = json.loads(opened)
    return found


def _authorization(session: Session, referral: Referral) -> Authorization:
    found = facts.authorization_of(session, referral)
    if found is None:
        raise LookupError("a referral is sent on an authorization")
    return found


def _key(referral: Referral) -> str:
    if referral.data_key_id is None:
        raise LookupError("this referral holds nothing sealed")
    return referral.data_key_id


def _opened(vault: Vault, key: str, place: tuple[str, str, str], sealed: str | None) -> str:
    return vault.open(key, place, sealed) if sealed else ""
