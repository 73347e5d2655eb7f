"""Who may do what to which object: one policy, default deny.

Four tables. `POLICY`: which kinds of membership may do an action. `REFERRING`: which of these a
liaison may do only with the right to refer. `SCOPES`: which rows of a table a kind can reach at
all. `PUBLIC`, `BY_LINK`, `HOOKS` and `DEMO`: the only endpoints without an action. A route reaches
an object through `load` alone: out of scope it does not exist (404), in scope but not allowed is
said so (403).

To add an action, add one line to POLICY; to make a table reachable, one entry to SCOPES.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select
from sqlalchemy.orm import Session

from outreach.accounts.models import Account, Membership, Passkey, WebSession
from outreach.actor import Actor, Kind
from outreach.calendars.models import FeedAddress
from outreach.db import Base
from outreach.directory.models import (
    Affiliate,
    Hospital,
    HospitalAgreement,
    Program,
    Unit,
    UnitPause,
)
from outreach.errors import Forbidden, NotFound
from outreach.messaging.models import InboundMessage, Message
from outreach.speakers.models import Away, Certification, Clearance, Exclusion, Speaker
from outreach.visits.models import (
    Assignment,
    Debrief,
    IncidentReport,
    Offer,
    Proposal,
    Slot,
    Visit,
    VisitRequest,
)

M = TypeVar("M", bound=Base)
Condition = Callable[[Actor], ColumnElement[bool]]
Kinds = frozenset[Kind]

ADMINISTRATOR: Kinds = frozenset({Kind.ADMINISTRATOR})
COORDINATOR: Kinds = frozenset({Kind.COORDINATOR})
INTAKE: Kinds = frozenset({Kind.INTAKE})
LIAISON: Kinds = frozenset({Kind.LIAISON})
SPEAKER: Kinds = frozenset({Kind.SPEAKER})
STAFF: Kinds = ADMINISTRATOR | COORDINATOR
ANYONE: Kinds = STAFF | INTAKE | LIAISON | SPEAKER
"""Anyone who is signed in."""

POLICY: Mapping[str, Kinds] = {
    # oneself
    "self.see": ANYONE,
    "session.end": ANYONE,
    "membership.choose": ANYONE,
    "factor.show": ANYONE,
    "factor.change": ANYONE,
    # accounts and settings
    "audit.see": ADMINISTRATOR,
    "colleague.see": STAFF,
    "administrator.appoint": ADMINISTRATOR,
    "coordinator.appoint": STAFF,
    "liaison.invite": COORDINATOR,
    "liaison.let_refer": COORDINATOR,
    "intake.invite": COORDINATOR,
    "invitation.repeat": STAFF,
    "membership.end": STAFF,
    "factor.reset": STAFF,
    "settings.see": STAFF,
    "settings.change": STAFF,
    # the bureau's day
    "today.see": COORDINATOR,
    "import.run": COORDINATOR,
    "message.see": COORDINATOR,
    "message.settle": COORDINATOR,
    # places
    "hospital.see": COORDINATOR | LIAISON,
    "hospital.change": COORDINATOR,
    "unit.see": COORDINATOR | LIAISON,
    "unit.change": COORDINATOR,
    "unit.pause": COORDINATOR | LIAISON,
    "unit.brief": COORDINATOR | LIAISON,
    "program.see": COORDINATOR,
    "program.change": COORDINATOR,
    "affiliate.see": COORDINATOR,
    "affiliate.change": COORDINATOR,
    "duty.change": COORDINATOR,
    "agreement.record": COORDINATOR,
    "agreement.end": COORDINATOR,
    "ward.see": LIAISON,
    "serving.see": COORDINATOR | LIAISON,
    # visits
    "visit.request": COORDINATOR | LIAISON,
    "visit.see": COORDINATOR | LIAISON | SPEAKER,
    "visit.move": COORDINATOR | LIAISON,
    "visit.call_off": COORDINATOR | LIAISON,
    "proposal.find": COORDINATOR,
    "proposal.approve": COORDINATOR,
    "proposal.drop": COORDINATOR,
    "offer.make": COORDINATOR,
    "offer.withdraw": COORDINATOR,
    "offer.record_answer": COORDINATOR,
    "offer.see": SPEAKER,
    "offer.answer": SPEAKER,
    "assignment.end": COORDINATOR | SPEAKER,
    # after a visit
    "debrief.tell": SPEAKER,
    "debrief.call": COORDINATOR,
    "came.tell": LIAISON,
    "attendance.record": COORDINATOR,
    "audience.record": COORDINATOR,
    "incident.report": COORDINATOR | LIAISON | SPEAKER,
    "incident.settle": COORDINATOR,
    # speakers
    "speaker.see": COORDINATOR,
    "speaker.change": COORDINATOR,
    "profile.see": SPEAKER,
    "profile.change": SPEAKER,
    "availability.change": SPEAKER,
    "away.change": SPEAKER,
    "exclusion.change": SPEAKER,
    "consent.change": SPEAKER,
    "feed.see": LIAISON | SPEAKER,
    "feed.renew": LIAISON | SPEAKER,
}
"""Action (noun.verb) → the kinds of membership that may do it."""

REFERRING: frozenset[str] = frozenset()
"""Actions of POLICY that a liaison may do only with the right to refer (`actor.may_refer`)."""

ROOMS: Mapping[str, Kinds] = {
    "coordinator": STAFF,
    "intake": INTAKE,
    "liaison": LIAISON,
    "speaker": SPEAKER,
}
"""Blueprint → whom its pages are for. A second wall: several kinds may see a visit, each on a page
of its own, and the coordinator's shows what no liaison may read."""

PUBLIC = frozenset(
    {
        "public.start",
        "public.help",
        "public.privacy",
        "auth.sign_in",
        "auth.send_code",
        "auth.code",
        "auth.use_code",
        "auth.language",
        "static",
        "bootstrap.static",
    }
)
"""Endpoints anyone may open."""

BY_LINK = frozenset(
    {
        "public.answer",
        "public.give_answer",
        "public.cannot_come",
        "public.step_back",
        "public.calendar_file",
        "after_visit.debrief",
        "after_visit.tell",
        "after_visit.incident",
        "after_visit.report",
        "after_visit.came",
        "after_visit.say_who_came",
        "after_visit.unit_incident",
        "after_visit.unit_report",
        "feeds.feed",
        "demo_sign_in.show",
        "demo_sign_in.enter",
    }
)
"""Endpoints whose unguessable address is the authority: no session, no forgery token (whoever could
forge the POST would have to know the address, and then needs no forging), no referrer, no store."""

HOOKS = frozenset({"hooks.twilio_inbound", "hooks.twilio_status"})
"""Endpoints a provider calls; each checks the provider's signature itself."""

DEMO = frozenset(
    {
        "demo.home",
        "demo.phone",
        "demo.send_text",
        "demo.mail",
        "demo.invite",
    }
)
"""Endpoints of a fictional bureau, registered only where `outreach demo` made the database."""


def _own_units(actor: Actor) -> Select[int]:
    return select(Unit.id).where(Unit.hospital_id == actor.hospital_id)


def _affiliate_units(actor: Actor) -> Select[int]:
    return select(Unit.id).where(Unit.affiliate_id == actor.affiliate_id)


def _affiliate_visits(actor: Actor) -> Select[int]:
    return select(Visit.id).where(Visit.affiliate_id == actor.affiliate_id)


def _affiliate_assignments(actor: Actor) -> Select[int]:
    return select(Assignment.id).where(Assignment.visit_id.in_(_affiliate_visits(actor)))


def _affiliate_speakers(actor: Actor) -> Select[int]:
    return select(Speaker.id).where(Speaker.affiliate_id == actor.affiliate_id)


def _affiliate_hospitals(actor: Actor) -> Select[int]:
    return select(Hospital.id).where(Hospital.affiliate_id == actor.affiliate_id)


def _visit_of_speaker(actor: Actor) -> ColumnElement[bool]:
    offered = select(Offer.visit_id).where(
        Offer.speaker_id == actor.speaker_id, Offer.state.in_(("open", "accepted"))
    )
    taken = select(Assignment.visit_id).where(Assignment.speaker_id == actor.speaker_id)
    return or_(Visit.id.in_(offered), Visit.id.in_(taken))


def _membership_of_affiliate(actor: Actor) -> ColumnElement[bool]:
    return or_(
        Membership.affiliate_id == actor.affiliate_id,
        Membership.hospital_id.in_(_affiliate_hospitals(actor)),
    )


def _account_of_affiliate(actor: Actor) -> ColumnElement[bool]:
    return exists().where(
        and_(Membership.account_id == Account.id, _membership_of_affiliate(actor))
    )


def _feed_of_account(actor: Actor) -> ColumnElement[bool]:
    return and_(FeedAddress.owner_kind == "account", FeedAddress.owner_id == actor.account_id)


def _feed_of_speaker(actor: Actor) -> ColumnElement[bool]:
    return and_(FeedAddress.owner_kind == "speaker", FeedAddress.owner_id == actor.speaker_id)


SCOPES: Mapping[type[Base], Mapping[Kind, Condition]] = {
    Account: {
        Kind.ADMINISTRATOR: _account_of_affiliate,
        Kind.COORDINATOR: _account_of_affiliate,
    },
    Membership: {
        Kind.ADMINISTRATOR: _membership_of_affiliate,
        # Nobody ends the membership of who appointed them.
        Kind.COORDINATOR: lambda actor: and_(
            _membership_of_affiliate(actor), Membership.kind != Kind.ADMINISTRATOR
        ),
    },
    WebSession: {
        kind: (lambda actor: WebSession.account_id == actor.account_id) for kind in ANYONE
    },
    Passkey: {kind: (lambda actor: Passkey.account_id == actor.account_id) for kind in ANYONE},
    Affiliate: {
        Kind.ADMINISTRATOR: lambda actor: Affiliate.id == actor.affiliate_id,
        # Her own, and those that only receive referrals and that hers keeps.
        Kind.COORDINATOR: lambda actor: or_(
            Affiliate.id == actor.affiliate_id, Affiliate.kept_by_id == actor.affiliate_id
        ),
    },
    Program: {
        Kind.COORDINATOR: lambda actor: Program.affiliate_id == actor.affiliate_id,
        Kind.LIAISON: lambda actor: Program.affiliate_id.in_(
            select(Unit.affiliate_id).where(Unit.hospital_id == actor.hospital_id)
        ),
    },
    Hospital: {
        Kind.COORDINATOR: lambda actor: Hospital.affiliate_id == actor.affiliate_id,
        Kind.LIAISON: lambda actor: Hospital.id == actor.hospital_id,
        # To name the places never to be offered.
        Kind.SPEAKER: lambda actor: Hospital.affiliate_id == actor.affiliate_id,
    },
    HospitalAgreement: {
        Kind.COORDINATOR: lambda actor: HospitalAgreement.hospital_id.in_(
            _affiliate_hospitals(actor)
        ),
    },
    Unit: {
        Kind.COORDINATOR: lambda actor: Unit.affiliate_id == actor.affiliate_id,
        Kind.LIAISON: lambda actor: Unit.hospital_id == actor.hospital_id,
        Kind.SPEAKER: lambda actor: Unit.affiliate_id == actor.affiliate_id,
    },
    UnitPause: {
        Kind.COORDINATOR: lambda actor: UnitPause.unit_id.in_(_affiliate_units(actor)),
        Kind.LIAISON: lambda actor: UnitPause.unit_id.in_(_own_units(actor)),
    },
    VisitRequest: {
        Kind.COORDINATOR: lambda actor: VisitRequest.affiliate_id == actor.affiliate_id,
        Kind.LIAISON: lambda actor: VisitRequest.unit_id.in_(_own_units(actor)),
    },
    Visit: {
        Kind.COORDINATOR: lambda actor: Visit.affiliate_id == actor.affiliate_id,
        Kind.LIAISON: lambda actor: Visit.unit_id.in_(_own_units(actor)),
        Kind.SPEAKER: _visit_of_speaker,
    },
    Slot: {
        Kind.COORDINATOR: lambda actor: Slot.visit_id.in_(_affiliate_visits(actor)),
        # To take an open place: whether it fits is for the rules to say, not for the scope.
        Kind.SPEAKER: lambda actor: Slot.visit_id.in_(_affiliate_visits(actor)),
    },
    Proposal: {
        Kind.COORDINATOR: lambda actor: Proposal.slot_id.in_(
            select(Slot.id).where(Slot.visit_id.in_(_affiliate_visits(actor)))
        ),
    },
    Offer: {
        Kind.COORDINATOR: lambda actor: Offer.visit_id.in_(_affiliate_visits(actor)),
        Kind.SPEAKER: lambda actor: Offer.speaker_id == actor.speaker_id,
    },
    Assignment: {
        Kind.COORDINATOR: lambda actor: Assignment.visit_id.in_(_affiliate_visits(actor)),
        Kind.SPEAKER: lambda actor: Assignment.speaker_id == actor.speaker_id,
    },
    # What a speaker told of a visit and of herself is no unit's business.
    Debrief: {
        Kind.COORDINATOR: lambda actor: Debrief.assignment_id.in_(_affiliate_assignments(actor)),
    },
    IncidentReport: {
        Kind.COORDINATOR: lambda actor: IncidentReport.visit_id.in_(_affiliate_visits(actor)),
    },
    Speaker: {
        Kind.COORDINATOR: lambda actor: Speaker.affiliate_id == actor.affiliate_id,
        Kind.SPEAKER: lambda actor: Speaker.id == actor.speaker_id,
    },
    Certification: {
        Kind.COORDINATOR: lambda actor: Certification.speaker_id.in_(_affiliate_speakers(actor)),
        Kind.SPEAKER: lambda actor: Certification.speaker_id == actor.speaker_id,
    },
    Clearance: {
        Kind.COORDINATOR: lambda actor: Clearance.speaker_id.in_(_affiliate_speakers(actor)),
        Kind.SPEAKER: lambda actor: Clearance.speaker_id == actor.speaker_id,
    },
    # A speaker's calendar and exclusions are nobody else's business (product.md).
    Away: {Kind.SPEAKER: lambda actor: Away.speaker_id == actor.speaker_id},
    Exclusion: {Kind.SPEAKER: lambda actor: Exclusion.speaker_id == actor.speaker_id},
    Message: {Kind.COORDINATOR: lambda actor: Message.affiliate_id == actor.affiliate_id},
    InboundMessage: {
        Kind.COORDINATOR: lambda actor: InboundMessage.affiliate_id == actor.affiliate_id,
    },
    FeedAddress: {Kind.LIAISON: _feed_of_account, Kind.SPEAKER: _feed_of_speaker},
}
"""Table → kind of membership → the rows it can reach. A kind that is not named reaches none."""


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
