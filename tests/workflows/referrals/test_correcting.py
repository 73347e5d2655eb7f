"""A wrong name or number is put right: a new snapshot, a disclosure, an event, a notice."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.actor import Actor
from outreach.audit import AuditEvent
from outreach.errors import Conflict, Forbidden, RuleBroken
from outreach.messaging.models import Message
from outreach.referrals.codes import Field, Hold, Revoked, State
from outreach.referrals.models import Disclosure, Referral, ReferralEvent, ReferralLink
from outreach.workflows import standing
from outreach.workflows.referrals import correcting, disclosing, opening, stopping, working
from outreach.workflows.referrals.authorizing import ContactPoint
from outreach.workflows.referrals.correcting import Correction
from outreach.workflows.referrals.desk import Desk
from tests import builders
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import PATIENT, Ward

RIGHT = ContactPoint(kind="phone", value="313-555-0188", safe_to_voicemail=True, hours="mornings")
LATER = NOW + timedelta(hours=3)


def correct(
    session: Session,
    ward: Ward,
    made: Referral,
    *,
    by: Actor | None = None,
    version: int | None = None,
    name: str = PATIENT,
    contacts: tuple[ContactPoint, ...] | None = (RIGHT,),
) -> bool:
    return correcting.correct(
        session,
        made,
        Correction(name=name, contacts=contacts),
        version=made.version if version is None else version,
        by=by or ward.by_liaison,
        desk=ward.desk,
        now=LATER,
    )


def seen_by_helper(session: Session, ward: Ward, made: Referral) -> dict[str, object]:
    lena = referrals.by_helper(referrals.helper(session, ward.receiver, "Omar Diaz")).actor
    shown = opening.person(session, made, by=lena, desk=ward.desk, now=LATER)
    assert shown is not None
    return dict(shown)


def disclosures(session: Session) -> list[Disclosure]:
    return list(session.scalars(select(Disclosure).order_by(Disclosure.id)))


def told(session: Session, kind: str) -> list[Message]:
    return list(session.scalars(select(Message).where(Message.kind == kind)))


@pytest.mark.both_engines
def test_after_the_sending_it_is_a_new_snapshot_a_disclosure_an_event_and_a_notice(
    session: Session, ward: Ward
) -> None:
    made = referrals.accepted(session, ward)
    before = (made.state, made.state_at, made.version)
    links = session.scalar(select(func.count()).select_from(ReferralLink))

    assert correct(session, ward, made, name="Wren")

    assert (made.state, made.state_at, made.version) == (before[0], before[1], before[2] + 1)
    shown = seen_by_helper(session, ward, made)
    assert shown["name"] == "Wren"
    assert shown["contacts"] == [
        {
            "kind": "phone",
            "value": "+13135550188",
            "safe_to_text": False,
            "safe_to_voicemail": True,
            "hours": "mornings",
        }
    ]
    first, second = disclosures(session)
    assert (second.affiliate_id, second.recipient) == (first.affiliate_id, first.recipient)
    assert (second.at, second.version) == (LATER, made.version)
    assert second.sealed_snapshot != first.sealed_snapshot
    event = session.scalars(select(ReferralEvent).order_by(ReferralEvent.version.desc())).first()
    assert event is not None
    assert (event.action, event.from_state, event.to_state) == ("correct", made.state, made.state)
    (notice,) = told(session, "item_changed")
    assert notice.to_address == ward.receiver.intake_email
    assert session.scalar(select(func.count()).select_from(ReferralLink)) == (links or 0) + 1
    assert not [each for each in ("Wren", PATIENT, "0188") if each in str(notice.values)]
    audited = select(AuditEvent.details).where(AuditEvent.action == "referral.correct")
    assert "Wren" not in str(session.scalars(audited).one())


def test_before_the_sending_the_record_alone_changes_and_what_leaves_is_right(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = referrals.ready(session, ward)

    assert correct(session, ward, made, by=ward.by_coordinator)

    assert (made.state, disclosures(session), told(session, "item_changed")) == (
        State.READY,
        [],
        [],
    )
    whole = disclosing.whole(made, vault=desk.vault)
    assert [point["value"] for point in whole[Field.CONTACTS]] == ["+13135550188"]
    assert whole[Field.NAME] == PATIENT


def test_what_the_form_does_not_let_out_stays_and_goes_nowhere(
    session: Session, ward: Ward, desk: Desk
) -> None:
    form = referrals.signed_form(session, ward, information=("name", "zip_code"))
    made = referrals.sent(session, ward, form=form)
    kept = disclosing.whole(made, vault=desk.vault)[Field.CONTACTS]

    with pytest.raises(Conflict):
        correct(session, ward, made)
    assert correct(session, ward, made, name="Wren", contacts=None)

    assert seen_by_helper(session, ward, made) == {"name": "Wren", "zip_code": "48201"}
    assert disclosing.whole(made, vault=desk.vault)[Field.CONTACTS] == kept


def test_language_and_note_stay(session: Session, ward: Ward, desk: Desk) -> None:
    who = referrals.person(language="es", interpreter=True)
    made = referrals.sent(session, ward, who=who)

    correct(session, ward, made)

    whole = disclosing.whole(made, vault=desk.vault)
    assert whole[Field.LANGUAGE] == {"language": "es", "interpreter": True}
    assert whole[Field.NOTE] == who.note


def test_a_rest_goes_on_with_its_reason(session: Session, ward: Ward, desk: Desk) -> None:
    made = referrals.accepted(session, ward)
    until = NOW.date() + timedelta(days=9)
    lena = referrals.by_helper(referrals.helper(session, ward.receiver, "Omar Diaz"))
    working.hold(session, made, reason=Hold.WAITLIST, resume_on=until, by=lena, desk=desk, now=NOW)

    correct(session, ward, made)

    assert (made.state, made.reason, made.resume_on) == (State.ON_HOLD, Hold.WAITLIST, until)


def test_the_same_again_changes_nothing_from_whatever_page(session: Session, ward: Ward) -> None:
    made = referrals.sent(session, ward)
    stale = made.version

    assert correct(session, ward, made)
    assert not correct(session, ward, made, version=stale)

    assert len(disclosures(session)) == 2
    assert len(told(session, "item_changed")) == 1


def test_a_page_that_is_no_longer_true_changes_nothing(session: Session, ward: Ward) -> None:
    made = referrals.sent(session, ward)
    stale = made.version
    correct(session, ward, made)

    with pytest.raises(Conflict, match="moved on"):
        correct(session, ward, made, name="Wren", version=stale)

    assert len(disclosures(session)) == 2


@pytest.mark.parametrize("how", ["withdrawn", "expired", "closed", "never signed"])
def test_only_what_is_open_and_in_force_is_corrected(
    session: Session, ward: Ward, desk: Desk, how: str
) -> None:
    made = referrals.draft(session, ward) if how == "never signed" else None
    made = made or (referrals.closed if how == "closed" else referrals.sent)(session, ward)
    if how == "withdrawn":
        stopping.revoke(
            session,
            referrals.authorization_of(session, made),
            how=Revoked.SPOKEN,
            received_by="Nurse Joy",
            by=ward.by_liaison,
            desk=desk,
            now=NOW,
        )
    elif how == "expired":
        signed = referrals.authorization_of(session, made)
        signed.signed_on = signed.expires_on = (NOW - timedelta(days=1)).date()
        session.flush()
    before = len(disclosures(session))

    with pytest.raises(Conflict):
        correct(session, ward, made)

    assert len(disclosures(session)) == before
    assert told(session, "item_changed") == []


def test_an_affiliate_does_not_correct_what_it_was_told(session: Session, ward: Ward) -> None:
    made = referrals.accepted(session, ward)

    with pytest.raises(Forbidden):
        correct(session, ward, made, by=referrals.by_helper(ward.made["helper"]).actor)


@pytest.mark.parametrize(
    ("name", "contacts", "field"),
    [
        (" ", (RIGHT,), "name"),
        (PATIENT, (), "contact_1"),
        (PATIENT, (ContactPoint(kind="phone", value="12"),), "contact_1"),
        (PATIENT, (RIGHT, ContactPoint(kind="mail", value="zoe@")), "contact_2"),
    ],
)
def test_what_cannot_be_is_refused_by_field(
    session: Session, ward: Ward, name: str, contacts: tuple[ContactPoint, ...], field: str
) -> None:
    made = referrals.sent(session, ward)

    with pytest.raises(RuleBroken) as refused:
        correct(session, ward, made, name=name, contacts=contacts)

    assert refused.value.field == field
    said = Correction(name=name, contacts=contacts)
    assert [each.field for each in correcting.problems(said)] == [field]


def test_a_number_of_somebody_with_an_open_referral_there_is_not_taken(
    session: Session, ward: Ward
) -> None:
    other = referrals.person(name="Sol", contacts=(RIGHT,))
    referrals.sent(session, ward, who=other)
    made = referrals.sent(session, ward)

    with pytest.raises(Conflict, match="same affiliate"), session.begin_nested():
        correct(session, ward, made)


def test_who_receives_by_telephone_is_called_by_the_coordinator(
    session: Session, ward: Ward
) -> None:
    ward.receiver.intake_by = "phone"
    made = referrals.sent(session, ward)

    correct(session, ward, made)

    assert told(session, "item_changed") == []
    alert = told(session, "referral_alert")[-1]
    assert (alert.values["about"], alert.recipient_id) == ("changed", ward.coordinator.account_id)


def test_who_has_accounts_is_told_without_a_link(session: Session, ward: Ward) -> None:
    ward.receiver.intake_by = "account"
    builders.intake(session, ward.receiver)
    made = referrals.sent(session, ward)

    correct(session, ward, made)

    (notice,) = told(session, "item_changed_inside")
    assert notice.state == "pending"


def test_a_notice_that_waits_is_not_sent_after_a_withdrawal(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = referrals.accepted(session, ward)
    correct(session, ward, made)
    (notice,) = told(session, "item_changed")
    assert standing.is_true(session, notice, now=LATER)
    stopping.revoke(
        session,
        referrals.authorization_of(session, made),
        how=Revoked.SPOKEN,
        received_by="Nurse Joy",
        by=ward.by_liaison,
        desk=desk,
        now=LATER,
    )

    session.refresh(notice)

    assert notice.state == "cancelled"
    assert not standing.is_true(session, notice, now=LATER)
