"""What set-up shows: programs with their people, and the last lines of the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from outreach import access
from outreach.accounts.models import Account, Membership
from outreach.actor import Actor
from outreach.audit import AuditEvent
from outreach.directory.models import Hospital, Program
from outreach.reads import hospitals, words

SHOWN = 50


@dataclass(frozen=True, slots=True)
class ProgramRow:
    """One program."""

    public_id: str
    name: str
    minutes: str
    people: str


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit log."""

    at: datetime
    who: str
    action: str
    what: str


def programs(session: Session, actor: Actor) -> list[ProgramRow]:
    """Return the actor's programs by name. Two queries."""
    mine = session.scalars(access.scope(actor, Program).order_by(Program.name)).all()
    roles = hospitals.roles_of(session, [program.id for program in mine])
    return [
        ProgramRow(
            p.public_id,
            p.name,
            ", ".join(map(str, p.minutes)),
            roles.get(p.id, ""),
        )
        for p in mine
    ]


def last_events(session: Session, actor: Actor) -> Sequence[AuditRow]:
    """Return what the people of the actor's affiliate did for it last, the latest first.

    What other affiliates do is none of theirs, nor what the same people do for those.
    """
    mine = access.scope(actor, Membership).with_only_columns(Membership.account_id)
    names = dict(
        session.execute(select(Account.id, Account.name).where(Account.id.in_(mine))).all()
    )
    events = session.scalars(
        select(AuditEvent)
        .where(_by_accounts(names), _for_affiliate(actor))
        .order_by(AuditEvent.id.desc())
        .limit(SHOWN)
    )
    return [
        AuditRow(
            event.at,
            names.get(_account_of(event.actor), event.actor),
            event.action,
            words.capital(event.subject_kind.replace("_", " ")),
        )
        for event in events
    ]


def _by_accounts(names: dict[int, str]) -> ColumnElement[bool]:
    kinds = ("administrator", "coordinator", "intake", "liaison")
    labels = [f"{kind}:{account_id}" for kind in kinds for account_id in names]
    return or_(AuditEvent.actor.in_(labels))


def _for_affiliate(actor: Actor) -> ColumnElement[bool]:
    hospitals = select(Hospital.id).where(Hospital.affiliate_id == actor.affiliate_id)
    return or_(
        AuditEvent.details["by_affiliate"].as_integer() == actor.affiliate_id,
        AuditEvent.details["by_hospital"].as_integer().in_(hospitals),
    )


def _account_of(label: str) -> int:
    kind, _colon, number = label.partition(":")
    return int(number) if kind and number.isdecimal() else 0
