"""Who is on duty and whom others ask."""

from sqlalchemy.orm import Session

from outreach.accounts.models import Account
from outreach.reads import duty
from tests import builders
from tests.builders import NOW


def test_liaisons_ask_the_coordinator_on_duty_and_then_her_deputy(session: Session) -> None:
    here = builders.affiliate(session)
    ruth, sam = (
        builders.coordinator(session, here),
        builders.coordinator(session, here, "Sam Ortiz"),
    )
    here.on_duty_id, here.deputy_id = ruth.account_id, sam.account_id

    assert [p.name for p in duty.duty(session, here, now=NOW).in_order] == [
        "Ruth Adler",
        "Sam Ortiz",
    ]
    assert duty.whom_to_ask(session, here, now=NOW).name == "Ruth Adler"

    ruth.ends_at = NOW
    session.flush()

    assert duty.duty(session, here, now=NOW).on_duty is None
    assert duty.whom_to_ask(session, here, now=NOW).name == "Sam Ortiz"

    session.get_one(Account, sam.account_id).disabled_at = NOW
    session.flush()

    asked = duty.whom_to_ask(session, here, now=NOW)
    assert (asked.name, asked.phone) == ("", "+13135550100")
    assert asked.email == "bureau@lakeshore.example"


def test_of_an_affiliate_that_another_keeps_that_ones_people_are_asked(session: Session) -> None:
    bureau = builders.affiliate(session)
    bureau.email = None
    kept = builders.affiliate(session, "Kept", kept_by_id=bureau.id)
    ruth = builders.coordinator(session, bureau)
    bureau.on_duty_id = ruth.account_id

    asked = duty.whom_to_ask(session, kept, now=NOW)

    assert (asked.name, asked.affiliate) == ("Ruth Adler", "Lakeshore Alliance")
    assert asked.email == session.get_one(Account, ruth.account_id).email
