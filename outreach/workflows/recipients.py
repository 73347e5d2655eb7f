"""Who a message goes to: rows of several domains → one small value."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts import service as accounts
from outreach.accounts.models import Account, Membership
from outreach.calendars.models import BUREAU
from outreach.directory.models import Affiliate, Unit
from outreach.speakers.models import Speaker
from outreach.visits.models import Visit, VisitRequest


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person or a ward's mailbox. `kind` and `id` are what outbox and calendars keep."""

    kind: str
    id: int
    email: str
    name: str
    locale: str
    time_zone: str
    phone: str | None = None
    sees_places: bool = True
    by_text: bool = False
    by_call: bool = False
    any_hour: bool = False
    alarm_minutes: int | None = None
    morning_mail: bool = True

    @property
    def key(self) -> tuple[str, int]:
        """What calendars and the outbox know the recipient by."""
        return self.kind, self.id


def speaker(row: Speaker) -> Recipient:
    """Return a speaker as a recipient; a place is named only if the speaker chose so."""
    return Recipient(
        kind="speaker",
        id=row.id,
        email=row.email,
        name=row.first_name,
        locale=row.locale,
        time_zone=row.time_zone,
        phone=row.phone,
        sees_places=row.detail == "full",
        by_text=row.channel == "sms",
        by_call=row.channel == "call",
        any_hour=row.any_hour,
        alarm_minutes=row.alarm_minutes,
    )


def speaker_by_id(session: Session, speaker_id: int) -> Recipient:
    """Return the speaker with this primary key as a recipient."""
    return speaker(session.get_one(Speaker, speaker_id))


def liaison(session: Session, visit: Visit) -> Recipient | None:
    """Return who asked for the visit, else the ward's mailbox; None where there is neither."""
    unit = session.get_one(Unit, visit.unit_id)
    request = session.get_one(VisitRequest, visit.request_id)
    account = _asking_liaison(session, request, unit)
    if account is not None:
        return of_account(account, zone=visit.time_zone)
    return _mailbox(unit, zone=visit.time_zone)


def owner(session: Session, kind: str, row_id: int, *, visit: Visit) -> Recipient | None:
    """Return whose a calendar entry of the visit is, by what calendars keep of them.

    None where a ward has no mailbox any more.
    """
    if kind == "speaker":
        return speaker_by_id(session, row_id)
    if kind == "account":
        return of_account(session.get_one(Account, row_id), zone=visit.time_zone)
    if kind == BUREAU:
        return bureau(visit)
    return _mailbox(session.get_one(Unit, row_id), zone=visit.time_zone)


def bureau(visit: Visit) -> Recipient:
    """Return the coordinators of a visit as the one owner of an entry, which nobody mails."""
    return Recipient(BUREAU, visit.affiliate_id, "", "", "en", visit.time_zone)


def former(address: str, row_id: int, *, name: str, locale: str) -> Recipient:
    """Return an address that was somebody's; it is not looked up again before a mail leaves.

    `row_id` is the primary key of the row the mail is about.
    """
    return Recipient("former", row_id, address, name, locale, "UTC", sees_places=False)


def coordinators(session: Session, affiliate_id: int, *, now: datetime) -> list[Recipient]:
    """Return the coordinators of an affiliate who can sign in, in order of their accounts."""
    zone = session.get_one(Affiliate, affiliate_id).time_zone
    rows = session.scalars(
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(
            Membership.affiliate_id == affiliate_id,
            Membership.kind == "coordinator",
            accounts.holds_at(now),
            Account.disabled_at.is_(None),
        )
        .order_by(Account.id)
    )
    # Places are named to liaisons, and to speakers who chose so; a coordinator sees them inside.
    return [
        replace(
            of_account(account, zone=zone), sees_places=False, morning_mail=account.morning_mail
        )
        for account in rows
    ]


def of_account(account: Account, *, zone: str) -> Recipient:
    """Return who signs in with an account as a recipient."""
    return Recipient("account", account.id, account.email, account.name, account.locale, zone)


def _mailbox(unit: Unit, *, zone: str) -> Recipient | None:
    if not unit.contact_email:
        return None
    name = unit.contact_name or unit.name
    return Recipient("unit", unit.id, unit.contact_email, name, "en", zone)


def _asking_liaison(session: Session, request: VisitRequest, unit: Unit) -> Account | None:
    """Return the account that asked, if it is still a liaison of that hospital."""
    if request.requested_by_id is None:
        return None
    return session.scalar(
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(
            Account.id == request.requested_by_id,
            Account.disabled_at.is_(None),
            Membership.kind == "liaison",
            Membership.hospital_id == unit.hospital_id,
            Membership.ends_at.is_(None),
        )
    )
