"""Rows for tests of who receives referrals: agreements, and affiliates with the counties served."""

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from outreach.actor import Actor
from outreach.directory import agreements, geography
from outreach.directory.models import Affiliate, CountyServed, Hospital, HospitalAgreement
from tests import builders
from tests.builders import NOW

COOK = ("IL", "Cook County")
LAKE = ("IL", "Lake County")


def receiver(
    session: Session,
    name: str,
    *,
    counties: tuple[tuple[str, str], ...] = (COOK,),
    zip_code: str | None = "60614",
    **settings: Any,  # noqa: ANN401 - any column
) -> Affiliate:
    """Make an affiliate that receives referrals from people of some counties."""
    place = geography.place(zip_code) if zip_code else None
    values = {
        "receives_referrals": True,
        "intake_name": f"Gail of {name}",
        "intake_phone": "+13125550123",
        "intake_email": "intake@receiver.example",
        "time_zone": "America/Chicago",
        "zip_code": zip_code,
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
    }
    made = builders.affiliate(session, name, **(values | settings))
    session.add_all(
        CountyServed(affiliate_id=made.id, state=state, county=county) for state, county in counties
    )
    session.flush()
    return made


def agreement(
    session: Session, hospital: Hospital, *, by: Actor, ends_on: date | None = None
) -> HospitalAgreement:
    """Record a hospital's contract with the operator."""
    return agreements.record(
        session,
        hospital,
        kind="business_associate",
        signed_on=date(2026, 1, 5),
        starts_on=date(2026, 1, 5),
        ends_on=ends_on,
        reference="Contract 12, filing cabinet",
        by=by,
        now=NOW,
    )
