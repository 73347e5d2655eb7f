"""Who receives referrals in the demo as it is lived in: one more affiliate, closed days, duty."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from outreach.directory import agreements
from outreach.directory.models import Affiliate, ClosedDay
from tests import builders, serving_builders
from tests.browser.served import Demo

CUYAHOGA = ("OH", "Cuyahoga County")


def receive(session: Session, demo: Demo) -> Mapping[str, str]:
    """Let an affiliate be full, and Ruth be on duty with a deputy; return what pages name."""
    bureau, ruth = demo.world.affiliate, demo.world.memberships["Ruth"]
    kept = serving_builders.receiver(
        session,
        "Heights Together",
        counties=(CUYAHOGA, ("OH", "Lorain County")),
        zip_code="44118",
        kept_by_id=bureau.id,
        capacity="no_capacity",
        intake_by="phone",
        time_zone="America/New_York",
    )
    session.add(ClosedDay(affiliate_id=kept.id, closed_on=date(2026, 12, 24), name="Holiday party"))
    deputy = builders.coordinator(session, bureau, "Samir Haddad")
    own = session.get_one(Affiliate, bureau.id)
    own.on_duty_id, own.deputy_id = ruth.account_id, deputy.account_id
    hospital_id = demo.world.memberships["Nora"].hospital_id
    assert hospital_id is not None
    return {
        "kept affiliate": kept.public_id,
        "own affiliate": own.public_id,
        "agreement": agreements.of_hospital(session, hospital_id)[0].public_id,
    }
