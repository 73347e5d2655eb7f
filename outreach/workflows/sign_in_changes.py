"""Word by mail that the way somebody signs in was changed, or tried; no link in it signs in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts import limits, rules
from outreach.accounts.models import Account
from outreach.messaging import service as messaging
from outreach.messaging.service import NewMessage

WORD_LASTS = timedelta(days=3)

WHATS = frozenset(
    {
        "app_added",
        "app_removed",
        "passkey_added",
        "passkey_removed",
        "codes_made",
        "code_used",
        "reset",
    }
)
"""What may have changed: mail/sign_in_changed.txt has the words."""


def tell(session: Session, account_id: int, what: str, *, now: datetime) -> None:
    """Tell a person what was changed, so that she can object if it was not she."""
    if what not in WHATS:
        raise ValueError(f"There are no words for {what!r}.")
    # Each change is told, also two of a kind at once.
    values = {"what": what, "change": crypto.public_id()}
    _mail(session, account_id, "sign_in_changed", values, now=now)


def tell_tries(session: Session, account_id: int, *, now: datetime) -> None:
    """Tell a person that her second step was tried until the limit; at most once an hour."""
    if limits.take(session, rules.TRIES_TOLD, f"account:{account_id}", now=now):
        _mail(session, account_id, "sign_in_tries", {"limit": crypto.public_id()}, now=now)


def tell_old_address(
    session: Session, *, old: str, name: str, locale: str, subject: tuple[str, int], now: datetime
) -> None:
    """Tell the address that was, that messages go elsewhere from now on.

    `subject` is the table and primary key of the row whose address was changed. The mail names
    neither the bureau nor the new address.
    """
    message = NewMessage(
        kind="address_changed",
        channel="mail",
        affiliate_id=None,
        # Nobody's address of today: it is not looked up again before the mail leaves.
        recipient_kind="former",
        recipient_id=subject[1],
        to_address=old,
        to_name=name,
        locale=locale,
        subject=(*subject, 1),
        values={"change": crypto.public_id()},
        time_zone="UTC",
        send_after=now,
        expires_at=now + WORD_LASTS,
        urgent=True,
    )
    messaging.plan(session, message, now=now)


def _mail(
    session: Session, account_id: int, kind: str, values: Mapping[str, Any], *, now: datetime
) -> None:
    account = session.get_one(Account, account_id)
    message = NewMessage(
        kind=kind,
        channel="mail",
        affiliate_id=None,
        recipient_kind="account",
        recipient_id=account.id,
        to_address=account.email,
        to_name=account.name,
        locale=account.locale,
        subject=("account", account.id, 1),
        values=values,
        time_zone="UTC",
        send_after=now,
        expires_at=now + WORD_LASTS,
        urgent=True,
    )
    messaging.plan(session, message, now=now)
