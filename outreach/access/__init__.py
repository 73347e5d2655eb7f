"""Who may do what to which object: one policy, default deny.

Four tables. `POLICY`: which kinds of membership may do an action. `REFERRING`: which of these a
liaison may do only with the right to refer. `SCOPES`: which rows of a table a kind can reach at
all. `PUBLIC`, `BY_LINK`, `HOOKS` and `DEMO`: the only endpoints without an action. A route reaches
an object through `load` alone: out of scope it does not exist (404), in scope but not allowed is
said so (403).

To add an action, add one line to POLICY (`policy`); to make a table reachable, one entry to SCOPES
(`scopes`).
"""

from typing import TypeVar

from sqlalchemy import Select, false, select
from sqlalchemy.orm import Session

from outreach.access.policy import (
    ANYONE,
    BY_LINK,
    DEMO,
    HOOKS,
    POLICY,
    PUBLIC,
    REFERRING,
    ROOMS,
    WITH_FORM_TOKEN,
    Kinds,
)
from outreach.access.scopes import SCOPES
from outreach.actor import Actor, Kind
from outreach.db import Base
from outreach.directory.models import Affiliate
from outreach.errors import Forbidden, NotFound

__all__ = [
    "ANYONE",
    "BY_LINK",
    "DEMO",
    "HOOKS",
    "POLICY",
    "PUBLIC",
    "REFERRING",
    "ROOMS",
    "SCOPES",
    "WITH_FORM_TOKEN",
    "Kinds",
    "NotAllowed",
    "OutOfScope",
    "can",
    "demand",
    "load",
    "scope",
]

M = TypeVar("M", bound=Base)


class OutOfScope(NotFound):
    """An object that does not exist for this actor, whether or not it exists at all."""

    def __init__(self, action: str, subject_kind: str) -> None:
        super().__init__("There is nothing at this address.")
        self.action = action
        self.subject_kind = subject_kind


class NotAllowed(Forbidden):
    """An action that is not this actor's, on something the actor can see, or on nothing yet."""

    def __init__(self, action: str, subject_kind: str = "") -> None:
        super().__init__("This is not yours to do.")
        self.action = action
        self.subject_kind = subject_kind


def can(actor: Actor, action: str) -> bool:
    """Say whether the actor may do the action at all. An unknown action raises KeyError.

    By kind of membership; a liaison needs the right to refer besides for what stands in REFERRING.
    """
    lacks_right = actor.kind is Kind.LIAISON and action in REFERRING and not actor.may_refer
    return actor.kind in POLICY[action] and not lacks_right


def demand(actor: Actor, action: str, *, room: str | None = None) -> None:
    """Raise NotAllowed unless the actor may do the action, and may enter the room."""
    if not can(actor, action) or actor.kind not in ROOMS.get(room or "", ANYONE):
        raise NotAllowed(action)


def scope(actor: Actor, model: type[M]) -> Select[M]:
    """Return a SELECT of the rows the actor can reach; nothing for a kind that is not named.

    Raises KeyError for a table nobody can reach: give it an entry first.
    """
    condition = SCOPES[model].get(actor.kind)
    return select(model).where(condition(actor) if condition else false())


def own_affiliate(session: Session, actor: Actor) -> Affiliate:
    """Return the affiliate the actor works for, never one that it only keeps."""
    mine = scope(actor, Affiliate).where(Affiliate.id == actor.affiliate_id)
    return session.scalars(mine).one()


def load(session: Session, model: type[M], public_id: str, *, actor: Actor, action: str) -> M:
    """Return the row with this public id for this action.

    Raises:
        OutOfScope: there is none, or not for this actor.
        NotAllowed: the actor may see it, but the action is not theirs.
    """
    is_allowed = can(actor, action)
    column = model.__table__.c["public_id"]
    wanted = scope(actor, model).where(column == public_id)
    # PostgreSQL cannot even compare with a text that holds a null.
    found = None if "\0" in public_id else session.scalars(wanted).one_or_none()
    if found is None:
        raise OutOfScope(action, model.__tablename__)
    if not is_allowed:
        raise NotAllowed(action, model.__tablename__)
    return found
