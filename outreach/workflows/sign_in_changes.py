"""Word by mail that the way somebody signs in was changed, or tried; no link in it signs in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts import limits, rules
from outreach.accounts.models import Account
from outreach.workflows import mails, recipients
from outreach.workflows.recipients import Recipient

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
    former = recipients.former(old, subject[1], name=name, locale=locale)
    values = {"change": crypto.public_id()}
    _plan(session, former, "address_changed", about=(*subject, 1), values=values, now=now)


def _mail(
    session: Session, account_id: int, kind: str, values: Mapping[str, Any], *, now: datetime
) -> None:
    to = recipients.of_account(session.get_one(Account, account_id), zone="UTC")
    _plan(session, to, kind, about=("account", account_id, 1), values=values, now=now)


def _plan(
    session: Session,
    to: Recipient,
    kind: str,
    *,
    about: tuple[str, int, int],
    values: Mapping[str, Any],
    now: datetime,
) -> None:
    expires_at = now + WORD_LASTS
    mails.plan(session, to, kind, about=about, values=values, expires_at=expires_at, now=now)
