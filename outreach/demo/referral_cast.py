"""Who receives referrals in the demo, and whom: fictional people with numbers nobody has."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from outreach.accounts.models import Account, Membership
from outreach.actor import SYSTEM
from outreach.demo.cast import ZONE, World
from outreach.directory import geography
from outreach.directory.models import Affiliate, CountyServed, Hospital, HospitalAgreement
from outreach.referrals.codes import Hold, Result
from outreach.workflows.referrals import forms, helping

REFERRING: Final = "St. Clare Hospital"
"""Has an agreement and a form. Mercy North has none yet, and its page says so."""
PROFILE: Final = "generic"


@dataclass(frozen=True, slots=True)
class Receiver:
    """An affiliate that receives referrals; `by` is how."""

    name: str
    zip_code: str
    person: str
    number: str
    by: str
    counties: tuple[str, ...]

    @property
    def mailbox(self) -> str:
        """The invented address its notices go to."""
        return f"intake@{self.name.split(maxsplit=1)[0].lower()}.example.org"


RECEIVERS: Final = (
    Receiver("Lakeshore Peers", "44052", "Lena Ortiz", "+14405550161", "link", ("Lorain County",)),
    Receiver(
        "North Shore Friends", "44077", "Gus Baker", "+14405550162", "phone", ("Lake County",)
    ),
)
BUREAU: Final = Receiver(
    "Harbor Falls", "44113", "Ines Castro", "+12165550160", "account", ("Cuyahoga County",)
)


@dataclass(frozen=True, slots=True)
class Referred:
    """A referral of the demo: discharged so many days ago, and how far it has come."""

    name: str
    number: str
    zip_code: str
    receiver: str
    days_ago: int
    acknowledged: bool = True
    accepted: bool = True
    tries: tuple[tuple[int, Result], ...] = ()
    """How many days after the discharge, and what came of it."""
    hold: Hold | None = None


REFERRED: Final = (
    Referred("June", "+12165550171", "44052", "Lakeshore Peers", 9),
    Referred("Oscar", "+12165550172", "44109", "Harbor Falls", 1,
             acknowledged=False, accepted=False),
    Referred("Dee", "+12165550173", "44053", "Lakeshore Peers", 2, accepted=False),
    Referred("Mr. Alvarez", "+12165550174", "44107", "Harbor Falls", 5,
             tries=((1, Result.NO_ANSWER), (3, Result.VOICEMAIL))),
    Referred("Tam", "+12165550175", "44077", "North Shore Friends", 4,
             tries=((2, Result.NO_ANSWER),)),
    Referred("Bea", "+12165550176", "44035", "Lakeshore Peers", 21, tries=((6, Result.SPOKE),)),
    Referred("Hal", "+12165550177", "44060", "North Shore Friends", 14,
             tries=((2, Result.CALL_BACK),), hold=Hold.PERSON_ASKED),
    Referred("Ms. Greene", "+12165550178", "44102", "Harbor Falls", 12,
             tries=((3, Result.CAME_TO_GROUP),)),
)  # fmt: skip


def write(session: Session, world: World, *, now: datetime) -> None:
    """Let the bureau refer: who receives, the agreement, the form, who is on duty."""
    ruth = world.memberships["Ruth"]
    dana = _member(session, world, "Dana Whitcomb", "coordinator", world.affiliate, now=now)
    world.memberships["Dana"] = dana
    world.affiliate.on_duty_id, world.affiliate.deputy_id = ruth.account_id, dana.account_id
    _receive(session, world.affiliate, BUREAU)
    world.receivers[BUREAU.name] = world.affiliate
    world.memberships["Ines"] = _member(
        session, world, BUREAU.person, "intake", world.affiliate, now=now
    )
    for receiver in RECEIVERS:
        world.receivers[receiver.name] = _affiliate(session, world, receiver, now=now)
    lakeshore = world.receivers["Lakeshore Peers"]
    helping.add_helper(session, lakeshore, name="Lena Ortiz", speaker_id=None, by=SYSTEM, now=now)
    _agree(session, world, by=ruth, now=now)
    world.memberships["Nora"].may_refer = True
    forms.lay_down_wordings(session, PROFILE, now=now)


def _affiliate(session: Session, world: World, given: Receiver, *, now: datetime) -> Affiliate:
    affiliate = Affiliate(
        name=given.name,
        phone=given.number,
        email=None,
        time_zone=ZONE,
        kept_by_id=world.affiliate.id,
        created_at=now,
    )
    session.add(affiliate)
    session.flush()
    _receive(session, affiliate, given)
    return affiliate


def _receive(session: Session, affiliate: Affiliate, given: Receiver) -> None:
    place = geography.place(given.zip_code)
    affiliate.receives_referrals, affiliate.intake_by = True, given.by
    affiliate.intake_name, affiliate.intake_phone = given.person, given.number
    affiliate.intake_email = given.mailbox if given.by != "phone" else None
    affiliate.zip_code = place.zip_code
    affiliate.latitude, affiliate.longitude = place.latitude, place.longitude
    affiliate.holiday_region = "US-OH"
    for county in given.counties:
        session.add(CountyServed(affiliate_id=affiliate.id, state="OH", county=county))
    session.flush()


def _agree(session: Session, world: World, *, by: Membership, now: datetime) -> None:
    hospital_id = next(u.hospital_id for (name, _), u in world.units.items() if name == REFERRING)
    session.get_one(Hospital, hospital_id).form_profile = PROFILE
    since: date = now.date() - timedelta(days=180)
    session.add(
        HospitalAgreement(
            hospital_id=hospital_id,
            kind="business_associate",
            signed_on=since,
            starts_on=since,
            reference="Binder 1, contract 4",
            recorded_by_id=by.account_id,
            recorded_at=now,
        )
    )


def _member(
    session: Session, world: World, name: str, kind: str, at: Affiliate, *, now: datetime
) -> Membership:
    del world
    email = f"{name.lower().replace(' ', '.')}@example.org"
    account = Account(email=email, name=name, locale="en", created_at=now)
    session.add(account)
    session.flush()
    membership = Membership(account_id=account.id, kind=kind, affiliate_id=at.id, starts_at=now)
    session.add(membership)
    session.flush()
    return membership
