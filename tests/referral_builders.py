"""A bureau that may refer, and referrals at each stage, made as people make them."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from secrets import token_hex
from typing import Any

from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.actor import Actor
from outreach.directory.models import (
    Affiliate,
    CountyServed,
    Hospital,
    HospitalAgreement,
    Program,
    Unit,
)
from outreach.referrals.codes import Channel, Field, Outcome, Result
from outreach.referrals.models import Authorization, IntakeHelper, Referral
from outreach.referrals.profiles import Element
from outreach.workflows.referrals import (
    authorizing,
    doors,
    drafts,
    forms,
    working,
)
from outreach.workflows.referrals.authorizing import ContactPoint, Person, SignedForm
from outreach.workflows.referrals.desk import Desk
from outreach.workflows.referrals.drafts import Description
from outreach.workflows.referrals.working import Attempt, By
from tests import builders
from tests.builders import NOW
from tests.leaks import CANARIES, MAIL, NOTE, PATIENT, PHONE

__all__ = ["CANARIES", "PATIENT"]

DISCHARGED_ON = date(2026, 11, 24)


@dataclass(slots=True)
class Ward:
    """A bureau, its hospital with an agreement, who may refer there, and who receives."""

    bureau: Affiliate
    program: Program
    hospital: Hospital
    unit: Unit
    receiver: Affiliate
    liaison: Membership
    coordinator: Membership
    deputy: Membership
    desk: Desk
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def by_liaison(self) -> Actor:
        """The liaison with the right to refer."""
        return builders.actor(self.liaison)

    @property
    def by_coordinator(self) -> Actor:
        """The bureau's coordinator on duty."""
        return builders.actor(self.coordinator)


def ward(session: Session, desk: Desk, *, profile: str = "IL", name: str = "Lakeshore") -> Ward:
    """Make a bureau whose hospital may refer to "Harbor Falls", which receives by mailed link."""
    here = builders.world(session, name)
    bureau, hospital = here.affiliate, here.hospital
    ruth = builders.coordinator(session, bureau)
    samir = builders.coordinator(session, bureau, "Samir Haddad")
    priya = builders.liaison(session, hospital)
    priya.may_refer = True
    bureau.on_duty_id, bureau.deputy_id = ruth.account_id, samir.account_id
    hospital.form_profile = profile
    agreement(session, hospital, by=ruth)
    receiver = receiving(session, f"{name} Harbor Falls", kept_by=bureau)
    forms.lay_down_wordings(session, profile, now=NOW)
    forms.lay_down_wordings(session, "generic", now=NOW)
    session.flush()
    return Ward(bureau, here.program, hospital, here.unit, receiver, priya, ruth, samir, desk)


def agreement(session: Session, hospital: Hospital, *, by: Membership) -> HospitalAgreement:
    """Record that a hospital has agreed to refer."""
    made = HospitalAgreement(
        hospital_id=hospital.id,
        kind="business_associate",
        signed_on=date(2026, 1, 4),
        starts_on=date(2026, 1, 5),
        reference="Binder 3, contract 17",
        recorded_by_id=by.account_id,
        recorded_at=NOW,
    )
    session.add(made)
    session.flush()
    return made


def receiving(
    session: Session,
    name: str,
    *,
    kept_by: Affiliate | None = None,
    counties: tuple[tuple[str, str], ...] = (("MI", "Wayne County"),),
    **settings: Any,  # noqa: ANN401 - any column
) -> Affiliate:
    """Make an affiliate that receives referrals."""
    usual: dict[str, Any] = {
        "receives_referrals": True,
        "intake_by": "link",
        "intake_name": "Lena Ortiz",
        "intake_phone": "+13135550140",
        "intake_email": f"intake@{name.split(maxsplit=1)[0].lower()}-receiving.example",
    }
    made = builders.affiliate(session, name, **(usual | settings))
    made.kept_by_id = kept_by.id if kept_by else None
    for state, county in counties:
        session.add(CountyServed(affiliate_id=made.id, state=state, county=county))
    session.flush()
    return made


def description(**values: Any) -> Description:  # noqa: ANN401 - any field
    """Return what is known before the signature."""
    usual: dict[str, Any] = {
        "discharged_on": DISCHARGED_ON,
        "discharged_time": time(14),
        "zip_code": "48201",
        "age_group": "adult",
        "groups": ("support_group",),
    }
    return Description(**(usual | values))


def draft(session: Session, at: Ward, *, now: datetime = NOW, **values: Any) -> Referral:  # noqa: ANN401 - any field
    """Begin a referral for the receiving affiliate, ready for the signature."""
    made = drafts.begin(
        session,
        unit=at.unit,
        bureau=at.bureau,
        description=description(**values),
        request_key=token_hex(8),
        by=at.by_liaison,
        now=now,
    )
    drafts.choose_affiliate(session, made, at.receiver, chosen_by="area", by=at.by_liaison, now=now)
    drafts.ask_signature(session, made, by=at.by_liaison, desk=at.desk, now=now)
    return made


def signed_form(session: Session, at: Ward, **values: Any) -> SignedForm:  # noqa: ANN401 - any field
    """Return a form that was signed with every element of the strictest profile."""
    profile = at.hospital.form_profile or "generic"
    wording = forms.wording(session, profile, locale="en")
    usual: dict[str, Any] = {
        "wording_id": wording.public_id if wording else "",
        "information": tuple(Field),
        "signed_on": NOW.date(),
        "expires_on": date(2027, 2, 1),
        "signer": "person",
        "witnessed": True,
        "copy_given": True,
        "statements": tuple(Element),
        "voicemail_ok": True,
    }
    return SignedForm(**(usual | values))


def person(**values: Any) -> Person:  # noqa: ANN401 - any field
    """Return a person as typed after the signature."""
    usual: dict[str, Any] = {
        "name": PATIENT,
        "contacts": (
            ContactPoint(kind="phone", value=PHONE, safe_to_voicemail=True),
            ContactPoint(kind="mail", value=MAIL),
        ),
        "note": NOTE,
    }
    return Person(**(usual | values))


def ready(
    session: Session,
    at: Ward,
    *,
    who: Person | None = None,
    form: SignedForm | None = None,
    now: datetime = NOW,
    **values: Any,  # noqa: ANN401 - any field of the description
) -> Referral:
    """Make a referral whose authorization is recorded."""
    made = draft(session, at, now=now, **values)
    authorizing.record(
        session,
        made,
        form or signed_form(session, at),
        who or person(),
        operator="Outreach",
        data_key_id=authorizing.prepare_key(at.desk, made),
        version=made.version,
        by=at.by_liaison,
        desk=at.desk,
        now=now,
    )
    return made


def sent(session: Session, at: Ward, *, now: datetime = NOW, **values: Any) -> Referral:  # noqa: ANN401 - as above
    """Make a referral that waits for the affiliate."""
    made = ready(session, at, now=now, **values)
    authorizing.send(session, made, version=None, by=at.by_liaison, desk=at.desk, now=now)
    return made


def helper(session: Session, of: Affiliate, name: str = "Lena Ortiz") -> IntakeHelper:
    """Make a helper of an affiliate, without a PIN yet."""
    made = IntakeHelper(affiliate_id=of.id, name=name, created_at=NOW)
    session.add(made)
    session.flush()
    return made


def by_helper(of: IntakeHelper) -> By:
    """Return a helper as who does something."""
    visitor = doors.Visitor(0, of.affiliate_id, of.id, began_at=NOW, touch_is_due=False)
    return By(actor=visitor.actor)


def accepted(session: Session, at: Ward, *, now: datetime = NOW, **values: Any) -> Referral:  # noqa: ANN401 - as above
    """Make a referral that the affiliate has taken on."""
    made = sent(session, at, now=now, **values)
    working.accept(session, made, by=_someone(session, at), desk=at.desk, now=now)
    return made


def connected(session: Session, at: Ward, *, now: datetime = NOW, **values: Any) -> Referral:  # noqa: ANN401 - as above
    """Make a referral whose person was reached."""
    made = accepted(session, at, now=now, **values)
    working.attempt(session, made, tried(at=now), by=_someone(session, at), desk=at.desk, now=now)
    return made


def closed(session: Session, at: Ward, *, now: datetime = NOW, **values: Any) -> Referral:  # noqa: ANN401 - as above
    """Make a referral that ended well."""
    made = connected(session, at, now=now, **values)
    working.close(
        session, made, outcome=Outcome.MET, by=_someone(session, at), desk=at.desk, now=now
    )
    return made


def tried(*, at: datetime = NOW, result: str = Result.SPOKE, **values: Any) -> Attempt:  # noqa: ANN401 - any field
    """Return a try to reach the person; by default they spoke."""
    usual: dict[str, Any] = {"request_key": token_hex(8), "channel": Channel.CALL}
    return Attempt(at=at, result=result, **(usual | values))


def authorization_of(session: Session, referral: Referral) -> Authorization:
    """Return what a referral rests on."""
    return session.get_one(Authorization, referral.authorization_id)


def _someone(session: Session, at: Ward) -> By:
    if "helper" not in at.made:
        at.made["helper"] = helper(session, at.receiver)
    return by_helper(at.made["helper"])
