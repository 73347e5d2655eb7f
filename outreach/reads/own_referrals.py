"""Referrals as those who make them follow them: how each stands, and what comes next.

What became of the person is shown only where the authorization lets the hospital know; without it
one sees that the affiliate has the referral, and when that ended.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import access, i18n
from outreach.actor import Actor
from outreach.directory.models import Affiliate, Hospital, Unit
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import referral_words, referring, words
from outreach.reads.words import Status
from outreach.referrals import machine, profiles
from outreach.referrals.codes import (
    AT_WORK,
    ENDED,
    OPEN,
    WAITING_FOR_ANSWER,
    Action,
    Cancel,
    State,
)
from outreach.referrals.models import (
    Authorization,
    FormWording,
    Referral,
    ReferralAttempt,
    ReferralEvent,
)
from outreach.referrals.profiles import Profile

PAGE_SIZE = 25

ABOUT_THE_PERSON: Final = frozenset({Action.ATTEMPT, Action.CONNECT, Action.HOLD, Action.RESUME})
"""What the affiliate does that tells how the person is."""
OF_THE_HOSPITAL: Final = frozenset(Cancel) - {Cancel.PERSON_ASKED}
"""Reasons of an early end that the hospital gave itself, or that are a withdrawal."""

_AT_WORK_NEXT: Final = lazy("The affiliate gets in touch with the person.")
_ANSWER_NEXT: Final = lazy("The affiliate looks at it and answers.")
_ELSEWHERE_NEXT: Final = lazy("The coordinator looks for another affiliate.")
NEXT: Final[Mapping[State, str]] = {
    State.DRAFT: lazy("Choose an affiliate and print the form."),
    State.AWAITING: lazy("Have the form signed, then record it here."),
    State.READY: lazy("Send it, or let it leave at the discharge."),
    State.DECLINED: _ELSEWHERE_NEXT,
    State.EXPIRED: _ELSEWHERE_NEXT,
    **dict.fromkeys(WAITING_FOR_ANSWER, _ANSWER_NEXT),
    **dict.fromkeys(AT_WORK, _AT_WORK_NEXT),
}
"""What happens next, where it follows from the state alone."""

NEXT_IF_TOLD: Final[Mapping[State, str]] = {
    State.CONNECTED: lazy("The affiliate stays in touch, and closes it when it is done."),
    State.ON_HOLD: lazy("The affiliate tries again later."),
}
"""The same, where the hospital may know how the person is."""


@dataclass(frozen=True, slots=True)
class Line:
    """A referral in the list. No name, contact or note stands in it."""

    public_id: str
    number: str
    unit: str
    discharged_on: str
    status: Status
    next: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of the list."""

    lines: Sequence[Line]
    page: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class Stand:
    """What the pages and printed sheets of one referral say, but for the person.

    `discloser` is who may share: the hospital, or the bureau to which somebody came by themselves.
    """

    referral: Referral
    number: str
    discloser: str
    unit: str
    affiliate: Affiliate | None
    authorization: Authorization | None
    profile: Profile | None
    status: Status
    next: str
    events: Sequence[tuple[str, str, bool]]
    child: Referral | None

    @property
    def groups(self) -> str:
        """What the person would like, in words."""
        return referral_words.groups(self.referral.groups)

    @property
    def by_themselves(self) -> bool:
        """Whether the person came to the affiliate, and no hospital is part of it."""
        return self.referral.hospital_id is None

    @property
    def discharge(self) -> str:
        """When the discharge is or was; of who came by themselves, on what day they asked.

        The hour is said only where somebody gave it.
        """
        if self.by_themselves or not self.referral.discharge_hour_known:
            return _discharge_day(self.referral)
        return i18n.when(self.referral.discharged_at, zone=self.referral.time_zone)

    @property
    def send_later(self) -> str:
        """What the button says that lets it leave at the discharge."""
        if self.referral.discharge_hour_known:
            return _("Send at discharge")
        zone = i18n.zone_name(self.referral.time_zone)
        return _("Send at noon of the day of discharge, %(zone)s", zone=zone)

    @property
    def who_signs(self) -> str:
        """Who signs at this age, under the hospital's profile."""
        youngest = {"adult": 18, "youth": 12}.get(self.referral.age_group, 0)
        decides = self.profile is not None and youngest >= self.profile.decides_from_age
        return _(referral_words.SIGNERS["person" if decides else "guardian"])

    @property
    def is_open(self) -> bool:
        """Whether it can still be called back."""
        return self.referral.state in OPEN

    @property
    def is_ready(self) -> bool:
        """Whether it is signed and waits to be sent."""
        return self.referral.state == State.READY

    @property
    def may_withdraw(self) -> bool:
        """Whether there is an authorization that still holds."""
        return self.authorization is not None and self.authorization.active

    @property
    def may_correct(self) -> bool:
        """Whether a name or contact that is wrong can still be put right."""
        leads = machine.step(Action.CORRECT, state=State(self.referral.state))
        return leads is not None and self.may_withdraw

    @property
    def lacks_paper(self) -> bool:
        """Whether it was withdrawn, and the written withdrawal has not come."""
        found = self.authorization
        return found is not None and not found.active and found.written_revocation_on is None


def listed(session: Session, actor: Actor, *, ended: bool, number: int) -> Listed:
    """Return a page of the hospital's referrals, the newest first."""
    mine = access.scope(actor, Referral).where(Referral.state.in_(ENDED if ended else OPEN))
    rows = session.scalars(
        mine.order_by(Referral.state_at.desc(), Referral.id.desc())
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE + 1)
    ).all()
    shown = rows[:PAGE_SIZE]
    units = _names(session, shown)
    rests = _authorizations(session, shown)
    tries = _attempts(session, shown)
    lines = [_line(row, units, rests.get(row.authorization_id), tries) for row in shown]
    return Listed(lines, number, len(rows) > PAGE_SIZE)


def stand(session: Session, referral: Referral) -> Stand:
    """Return how one referral stands."""
    authorization = session.get(Authorization, referral.authorization_id or 0)
    hospital = session.get(Hospital, referral.hospital_id or 0)
    bureau = session.get_one(Affiliate, referral.bureau_id)
    tries = _attempts(session, [referral]).get(referral.id, 0)
    child = session.scalars(select(Referral).where(Referral.parent_id == referral.id)).first()
    return Stand(
        referral=referral,
        number=written(referral),
        discloser=(hospital or bureau).name,
        unit=_names(session, [referral]).get(referral.unit_id, ""),
        affiliate=session.get(Affiliate, referral.affiliate_id or 0),
        authorization=authorization,
        profile=_profile(session, referral, authorization),
        status=_status(referral, authorization, tries),
        next=_next(referral, authorization),
        events=tuple(_events(session, referral, authorization)),
        child=child,
    )


def written(referral: Referral) -> str:
    """Return a referral's number as people say and write it: R-481207."""
    return f"R-{referral.number}"


def choices(session: Session) -> Sequence[Affiliate]:
    """Return every affiliate that takes referrals now, for a person's own choice."""
    return session.scalars(
        select(Affiliate)
        .where(Affiliate.receives_referrals, Affiliate.capacity != "no_capacity")
        .order_by(Affiliate.name, Affiliate.id)
    ).all()


def _line(
    row: Referral,
    units: Mapping[int | None, str],
    authorization: Authorization | None,
    tries: Mapping[int, int],
) -> Line:
    return Line(
        public_id=row.public_id,
        number=written(row),
        unit=units.get(row.unit_id, ""),
        discharged_on=_discharge_day(row),
        status=_status(row, authorization, tries.get(row.id, 0)),
        next=_next(row, authorization),
    )


def _discharge_day(row: Referral) -> str:
    return words.capital(i18n.day(row.discharged_at.astimezone(ZoneInfo(row.time_zone))))


def _status(row: Referral, authorization: Authorization | None, tries: int) -> Status:
    if not _may_know(authorization):
        return _plain_status(row)
    day = row.discharged_at.astimezone(ZoneInfo(row.time_zone)).date()
    return referral_words.status(
        row.state,
        attempts=tries,
        connected_day=(row.connected_on - day).days if row.connected_on else None,
        reason=row.reason,
        outcome=row.outcome,
    )


def _plain_status(row: Referral) -> Status:
    """Say how it stands without saying how the person is."""
    if row.state in AT_WORK:
        return Status("waiting", _("With the affiliate"))
    if row.state == State.CLOSED:
        return Status("settled", _("Closed"))
    reason = row.reason if row.reason in OF_THE_HOSPITAL else ""
    return referral_words.status(row.state, reason=reason)


def _next(row: Referral, authorization: Authorization | None) -> str:
    state = State(row.state)
    if state is State.READY and row.send_at_discharge:
        return _leaves_later(row)
    if state in NEXT_IF_TOLD and _may_know(authorization):
        return _(NEXT_IF_TOLD[state])
    if state in NEXT:
        return _(NEXT[state])
    if row.sent_at and state is not State.CLOSED and row.stop_confirmed_at is None:
        return _("The affiliate confirms that it stopped.")
    if authorization is not None and _lacks_paper(authorization):
        return _("The written withdrawal is still to come.")
    return _("Nothing more")


def _leaves_later(row: Referral) -> str:
    if row.discharge_hour_known:
        leaves = i18n.when(row.discharged_at, zone=row.time_zone)
        return _("It leaves by itself at the discharge: %(when)s", when=leaves)
    return _(
        "It leaves by itself at noon of the day of discharge, %(zone)s: %(day)s",
        zone=i18n.zone_name(row.time_zone),
        day=_discharge_day(row),
    )


def _events(
    session: Session, referral: Referral, authorization: Authorization | None
) -> Iterator[tuple[str, str, bool]]:
    begun = referral.created_at
    yield _at(begun, referral), _("The referral was begun, without a name."), True
    rows = session.scalars(
        select(ReferralEvent)
        .where(ReferralEvent.referral_id == referral.id)
        .order_by(ReferralEvent.version)
    )
    knows = _may_know(authorization)
    for row in rows:
        if knows or Action(row.action) not in ABOUT_THE_PERSON:
            code = row.reason if knows or row.reason in OF_THE_HOSPITAL else ""
            said = referral_words.event(row.action, to_state=row.to_state, reason_code=code)
            yield _at(row.at, referral), said, True
    if authorization is not None and authorization.written_revocation_on is not None:
        came = i18n.day(authorization.written_revocation_on, weekday=False, year=True)
        if authorization.written_revocation_witnessed:
            yield came, _("The written withdrawal came, signed by a witness as well."), True
        else:
            yield came, _("The written withdrawal came."), True


def _at(instant: datetime, referral: Referral) -> str:
    return i18n.short_when(instant, zone=referral.time_zone)


def _may_know(authorization: Authorization | None) -> bool:
    """Say whether the hospital may know how the person is."""
    return authorization is not None and authorization.feedback_to_hospital


def _lacks_paper(authorization: Authorization) -> bool:
    return not authorization.active and authorization.written_revocation_on is None


def _profile(
    session: Session, referral: Referral, authorization: Authorization | None
) -> Profile | None:
    """Return the profile of the form that was signed, else that of today's form."""
    if authorization is None:
        return referring.profile_of(session, referral)
    return profiles.PROFILES[session.get_one(FormWording, authorization.wording_id).profile]


def _names(session: Session, rows: Sequence[Referral]) -> dict[int | None, str]:
    wanted = {row.unit_id for row in rows}
    found = session.scalars(select(Unit).where(Unit.id.in_(wanted)))
    return {unit.id: unit.name for unit in found}


def _authorizations(session: Session, rows: Sequence[Referral]) -> dict[int | None, Authorization]:
    wanted = {row.authorization_id for row in rows}
    found = session.scalars(select(Authorization).where(Authorization.id.in_(wanted)))
    return {row.id: row for row in found}


def _attempts(session: Session, rows: Sequence[Referral]) -> dict[int, int]:
    wanted = ReferralAttempt.referral_id.in_([row.id for row in rows])
    tried = session.scalars(select(ReferralAttempt.referral_id).where(wanted))
    return Counter(tried)
