"""Where an account is signed in: our own table, one row per browser."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import audit, crypto
from outreach.accounts import rules, service
from outreach.accounts.models import Account, Membership, WebSession
from outreach.accounts.service import Place
from outreach.actor import Actor, Kind
from outreach.errors import NotFound

BROWSER_LENGTH = 200


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A signed-in browser: whose, as what, and what else the person may act as."""

    session_id: int
    session_public_id: str
    account_id: int
    name: str
    locale: str
    active: Place
    places: tuple[Place, ...]
    second_factor_at: datetime | None
    touch_is_due: bool

    @property
    def actor(self) -> Actor:
        """The account under its active membership."""
        return self._under(self.active)

    @property
    def other_actors(self) -> tuple[Actor, ...]:
        """The account under each of the memberships it could choose instead."""
        return tuple(self._under(place) for place in self.places if place.id != self.active.id)

    def _under(self, place: Place) -> Actor:
        return Actor(
            place.kind,
            account_id=self.account_id,
            membership_id=place.id,
            affiliate_id=place.affiliate_id,
            hospital_id=place.hospital_id,
            speaker_id=place.speaker_id,
            may_refer=place.may_refer,
        )

    @property
    def lacks_second_factor(self) -> bool:
        """Say whether a second factor is due and was not shown in this session."""
        return self.second_factor_at is None and self.active.needs_second_factor

    @property
    def ever_needs_second_factor(self) -> bool:
        """Say whether any of the person's places asks for a second factor."""
        return any(place.needs_second_factor for place in self.places)


def find(session: Session, token: str, *, now: datetime) -> SignedIn | None:
    """Return who holds this token, or None: unknown, ended, over its limits, disabled, no place."""
    found = session.execute(
        select(WebSession, Account)
        .join(Account, Account.id == WebSession.account_id)
        .where(
            WebSession.token_hash == crypto.digest(token),
            WebSession.ended_at.is_(None),
            Account.disabled_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        return None
    web_session, account = found
    places = service.current_places(session, account.id, now=now)
    active = next((place for place in places if place.id == web_session.membership_id), None)
    if active is None or _is_over(web_session, places, now=now):
        return None
    return SignedIn(
        session_id=web_session.id,
        session_public_id=web_session.public_id,
        account_id=account.id,
        name=account.name,
        locale=account.locale,
        active=active,
        places=places,
        second_factor_at=web_session.second_factor_at,
        touch_is_due=rules.touch_is_due(seen_at=web_session.seen_at, now=now),
    )


def begin(
    session: Session,
    membership: Membership | Place,
    *,
    account_id: int,
    browser: str,
    now: datetime,
    second_factor_at: datetime | None = None,
) -> str:
    """Sign a browser in under a membership; return the token for its cookie, kept nowhere else.

    `second_factor_at` is for those who come in by other doors than the mailed code: the demo.
    """
    token = crypto.token()
    row = WebSession(
        token_hash=crypto.digest(token),
        account_id=account_id,
        membership_id=membership.id,
        browser=browser[:BROWSER_LENGTH],
        created_at=now,
        seen_at=now,
        second_factor_at=second_factor_at,
    )
    session.add(row)
    session.execute(
        update(Account)
        .where(Account.id == account_id, Account.first_signed_in_at.is_(None))
        .values(first_signed_in_at=now)
    )
    _note_first_use(session, membership.id, now=now)
    session.flush()
    audit.record(
        session,
        "session.begun",
        actor=Actor(
            Kind(membership.kind),
            account_id=account_id,
            affiliate_id=membership.affiliate_id,
            hospital_id=membership.hospital_id,
        ),
        subject=("web_session", row.id),
        now=now,
    )
    return token


def touch(session: Session, seen: SignedIn, *, now: datetime) -> None:
    """Note that a session is in use."""
    session.execute(
        update(WebSession)
        .where(WebSession.id == seen.session_id, WebSession.ended_at.is_(None))
        .values(seen_at=now)
    )


def note_second_factor(session: Session, session_id: int, *, now: datetime) -> str:
    """Note that the person behind a session has shown a second factor; return its new token.

    The token of before is dead at once: whoever had put it there, or read it, is not let in with
    what the person shows now.
    """
    token = crypto.token()
    session.execute(
        update(WebSession)
        .where(WebSession.id == session_id, WebSession.ended_at.is_(None))
        .values(second_factor_at=now, token_hash=crypto.digest(token))
    )
    return token


def end(session: Session, session_id: int, *, actor: Actor, now: datetime) -> None:
    """End one session; ending it twice changes nothing."""
    ended = (
        update(WebSession)
        .where(WebSession.id == session_id, WebSession.ended_at.is_(None))
        .values(ended_at=now)
        .returning(WebSession.id)
    )
    if session.scalar(ended) is not None:
        audit.record(
            session, "session.ended", actor=actor, subject=("web_session", session_id), now=now
        )


def end_all(
    session: Session, account_id: int, *, actor: Actor, now: datetime, but: int | None = None
) -> int:
    """End every session of an account, but one where asked; return how many."""
    ended = (
        update(WebSession)
        .where(WebSession.account_id == account_id, WebSession.ended_at.is_(None))
        .values(ended_at=now)
        .returning(WebSession.id)
    )
    if but is not None:
        ended = ended.where(WebSession.id != but)
    count = len(session.scalars(ended).all())
    if count:
        audit.record(
            session,
            "session.ended",
            actor=actor,
            subject=("account", account_id),
            now=now,
            details={"count": count},
        )
    return count


def disable(session: Session, account: Account, *, actor: Actor, now: datetime) -> None:
    """Let nobody sign in with this account, and end every session of it at once."""
    if account.disabled_at is not None:
        return
    account.disabled_at = now
    session.flush()
    audit.record(session, "account.disabled", actor=actor, subject=("account", account.id), now=now)
    end_all(session, account.id, actor=actor, now=now)


def live(session: Session, account_id: int, *, now: datetime) -> Sequence[WebSession]:
    """Return where an account is signed in now, last seen first."""
    places = service.current_places(session, account_id, now=now)
    rows = session.scalars(
        select(WebSession)
        .where(WebSession.account_id == account_id, WebSession.ended_at.is_(None))
        .order_by(WebSession.seen_at.desc(), WebSession.id.desc())
    )
    return [row for row in rows if not _is_over(row, places, now=now)]


def usual_place(session: Session, account_id: int, *, now: datetime) -> Place | None:
    """Return what an account last acted as, if it still is that; else the first thing it is."""
    places = service.current_places(session, account_id, now=now)
    last = session.scalar(
        select(WebSession.membership_id)
        .where(WebSession.account_id == account_id)
        .order_by(WebSession.id.desc())
        .limit(1)
    )
    return next((place for place in places if place.id == last), places[0] if places else None)


def choose_membership(
    session: Session, seen: SignedIn, membership_public_id: str, *, now: datetime
) -> Place:
    """Act under another of one's own memberships. Raises NotFound for anybody else's."""
    chosen = next((p for p in seen.places if p.public_id == membership_public_id), None)
    if chosen is None:
        raise NotFound("There is no such membership.")
    session.execute(
        update(WebSession).where(WebSession.id == seen.session_id).values(membership_id=chosen.id)
    )
    _note_first_use(session, chosen.id, now=now)
    audit.record(
        session,
        "membership.chosen",
        actor=seen.actor,
        subject=("membership", chosen.id),
        now=now,
    )
    return chosen


def _note_first_use(session: Session, membership_id: int, *, now: datetime) -> None:
    session.execute(
        update(Membership)
        .where(Membership.id == membership_id, Membership.first_used_at.is_(None))
        .values(first_used_at=now)
    )


def _is_over(row: WebSession, places: Sequence[Place], *, now: datetime) -> bool:
    limits = rules.session_limits(place.kind for place in places)
    return rules.is_over(limits, created_at=row.created_at, seen_at=row.seen_at, now=now)
