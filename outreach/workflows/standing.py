"""Whether a message still stands just before it leaves: true, and to somebody who is there."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts import rules as rules_of_places
from outreach.accounts.models import Account, Membership, SignInCode
from outreach.calendars.models import CalendarItem
from outreach.directory.models import Affiliate, Unit
from outreach.messaging import kinds, many, rules
from outreach.messaging.models import Broadcast, Message
from outreach.messaging.rules import Window
from outreach.messaging.service import WAITING
from outreach.referrals.codes import ENDED, RELEASED, WAITING_FOR_ANSWER, State
from outreach.referrals.models import LinkCode, Referral, ReferralLink
from outreach.speakers.models import Speaker
from outreach.visits import afterwards, telling
from outreach.visits.models import Assignment, IncidentReport, Offer, OtherTime, Slot, Visit
from outreach.workflows import recipients
from outreach.workflows.entries import SEEN
from outreach.workflows.referrals import stopping


def is_true(session: Session, message: Message, *, now: datetime) -> bool:
    """Say whether what the message tells still holds; kinds without a check always do."""
    check = _CHECKS.get(message.kind)
    return check is None or check(session, message, now)


def address(session: Session, message: Message) -> str | None:
    """Return where the recipient is reached today; "" where texts cannot be, None when gone."""
    if message.recipient_kind == "speaker":
        speaker = session.get(Speaker, message.recipient_id)
        if speaker is None or speaker.archived_at is not None:
            return None
        return (speaker.phone or "") if message.channel == kinds.SMS else speaker.email
    if message.recipient_kind == "account":
        account = session.get(Account, message.recipient_id)
        return account.email if account and account.disabled_at is None else None
    if message.recipient_kind == "unit":
        unit = session.get(Unit, message.recipient_id)
        return unit.contact_email if unit else None
    if message.recipient_kind in {"affiliate", "office"}:
        return _affiliates_address(session, message)
    return message.to_address


def window(session: Session, message: Message) -> Window:
    """Return the hours in which the recipient may be texted, as the affiliate chose them."""
    if message.affiliate_id is None:
        return rules.DAY
    affiliate = session.get_one(Affiliate, message.affiliate_id)
    return rules.window(quiet_from=affiliate.quiet_from, quiet_until=affiliate.quiet_until)


def _affiliates_address(session: Session, message: Message) -> str | None:
    """Return the address for referrals; "office" is the affiliate's other one."""
    affiliate = session.get(Affiliate, message.recipient_id)
    if affiliate is None:
        return None
    if message.recipient_kind == "office":
        return affiliate.email
    return affiliate.intake_email or affiliate.email


def _still_comes(session: Session, message: Message, now: datetime) -> bool:
    visit = _visit_they_come_to(session, message, now)
    return visit is not None and visit.revision == message.subject_revision


def _comes_at_that_time(session: Session, message: Message, now: datetime) -> bool:
    """Say whether the person comes, at the time the message names, whatever else has changed."""
    visit = _visit_they_come_to(session, message, now)
    named = message.values.get("starts_at")
    return bool(visit and named and datetime.fromisoformat(named) == visit.starts_at)


def _visit_they_come_to(session: Session, message: Message, now: datetime) -> Visit | None:
    """Return the visit, still to come, of the assignment a message is about."""
    assignment = session.get(Assignment, message.subject_id)
    if assignment is None or not assignment.active or assignment.starts_at <= now:
        return None
    visit = session.get_one(Visit, assignment.visit_id)
    return visit if visit.called_off_at is None else None


def _is_next_reminder(session: Session, message: Message, now: datetime) -> bool:
    """Say whether a reminder holds and no later one of the visit is due: after an outage one does.

    What has been due longest is handed over first, so the later one still waits.
    """
    if not _still_comes(session, message, now):
        return False
    later = select(Message.id).where(
        Message.subject_kind == message.subject_kind,
        Message.subject_id == message.subject_id,
        Message.kind == message.kind,
        Message.recipient_id == message.recipient_id,
        Message.state.in_(WAITING),
        Message.send_after > message.send_after,
        Message.send_after <= now,
    )
    return session.scalar(later.limit(1)) is None


def _trouble_stands(session: Session, message: Message, now: datetime) -> bool:
    """Say whether a place that opened late is open still, and nobody has said she sees to it."""
    assignment = session.get(Assignment, message.subject_id)
    if assignment is None or session.get_one(Slot, assignment.slot_id).state != "open":
        return False
    visit = session.get_one(Visit, assignment.visit_id)
    if visit.called_off_at is not None or visit.starts_at <= now:
        return False
    seen = select(Message.id).where(
        Message.subject_kind == message.subject_kind,
        Message.subject_id == message.subject_id,
        Message.kind == message.kind,
        Message.seen_by_id.is_not(None),
    )
    return session.scalar(seen.limit(1)) is None


def _debrief_waits(session: Session, message: Message, now: datetime) -> bool:
    assignment = session.get(Assignment, message.subject_id)
    if assignment is None or not assignment.active or afterwards.debrief(session, assignment):
        return False
    visit = session.get_one(Visit, assignment.visit_id)
    return visit.called_off_at is None and now < telling.open_until(visit.ends_at)


def _unit_has_not_told(session: Session, message: Message, now: datetime) -> bool:
    visit = session.get(Visit, message.subject_id)
    if visit is None or visit.called_off_at is not None or afterwards.ward_report(session, visit):
        return False
    return now < telling.open_until(visit.ends_at)


def _report_waits(session: Session, message: Message, now: datetime) -> bool:
    del now
    report = session.get(IncidentReport, message.subject_id)
    return report is not None and report.settled_at is None


def _offer_is_open(session: Session, message: Message, now: datetime) -> bool:
    offer = session.get(Offer, message.subject_id)
    return offer is not None and offer.state == "open" and offer.expires_at > now


def _visit_is_unchanged(session: Session, message: Message, now: datetime) -> bool:
    del now
    visit = session.get(Visit, message.subject_id)
    return visit is not None and visit.revision == message.subject_revision


def _item_is_unchanged(session: Session, message: Message, now: datetime) -> bool:
    del now
    item = session.get(CalendarItem, message.subject_id)
    return item is not None and item.sequence == message.subject_revision


def _shows_the_item(session: Session, message: Message, now: datetime) -> bool:
    """Say whether an invite still says what its entry is: also where that has gone and come back.

    The last mail about it does, and leaves as the entry is now; an earlier one has a newer beside.
    """
    if _item_is_unchanged(session, message, now):
        return True
    item = session.get(CalendarItem, message.subject_id)
    newer = select(Message.id).where(
        Message.subject_kind == message.subject_kind,
        Message.subject_id == message.subject_id,
        Message.id > message.id,
        Message.state != "cancelled",
    )
    is_same = item is not None and message.values.get(SEEN) == item.fingerprint
    return is_same and session.scalar(newer.limit(1)) is None


def _mailbox_is_former(session: Session, message: Message, now: datetime) -> bool:
    """Say whether the address is still not the owner's: a change may have been set right again."""
    del now
    item = session.get(CalendarItem, message.subject_id)
    if item is None:
        return False
    visit = session.get_one(Visit, item.visit_id)
    owner = recipients.owner(session, item.owner_kind, item.owner_id, visit=visit)
    return owner is None or owner.email.lower() != message.to_address.lower()


def _code_is_unused(session: Session, message: Message, now: datetime) -> bool:
    code = session.get(SignInCode, message.subject_id)
    return code is not None and code.used_at is None and code.expires_at > now


def _place_is_open(session: Session, message: Message, now: datetime) -> bool:
    place = session.get(Membership, message.subject_id)
    return (
        place is not None
        and place.account_id == message.recipient_id
        and rules_of_places.holds(starts_at=place.starts_at, ends_at=place.ends_at, now=now)
    )


def _right_is_unchanged(session: Session, message: Message, now: datetime) -> bool:
    place = session.get(Membership, message.subject_id)
    return (
        place is not None
        and place.may_refer == message.values["may"]
        and _place_is_open(session, message, now)
    )


def _item_waits(session: Session, message: Message, now: datetime) -> bool:
    return _item_is_in(WAITING_FOR_ANSWER, session, message, now)


def _item_is_there(session: Session, message: Message, now: datetime) -> bool:
    return _item_is_in(RELEASED, session, message, now)


def _item_is_in(
    states: Collection[State], session: Session, message: Message, now: datetime
) -> bool:
    """Say whether the affiliate may still be sent to an item: nothing leaves after a withdrawal."""
    referral = session.get(Referral, message.subject_id, populate_existing=True)
    return (
        referral is not None
        and referral.state in states
        and stopping.in_force(session, referral, now=now)
    )


def _item_has_ended(session: Session, message: Message, now: datetime) -> bool:
    del now
    referral = session.get(Referral, message.subject_id, populate_existing=True)
    return referral is not None and referral.state in ENDED


def _item_code_is_unused(session: Session, message: Message, now: datetime) -> bool:
    code = session.get(LinkCode, message.subject_id, populate_existing=True)
    if code is None or code.used_at is not None or code.expires_at <= now:
        return False
    return session.get_one(ReferralLink, code.link_id).closed_at is None


def _note_is_wanted(session: Session, message: Message, now: datetime) -> bool:
    """Say whether a note was not taken back, and its reader has not asked for no more of them."""
    del now
    sent = session.get(Broadcast, message.subject_id, populate_existing=True)
    if sent is None or sent.taken_back_at is not None:
        return False
    key = (message.recipient_kind, message.recipient_id)
    return not many.stopped_among(session, sent.affiliate_id, {key})


def _time_waits(session: Session, message: Message, now: datetime) -> bool:
    asked = session.get(OtherTime, message.subject_id)
    if asked is None or asked.state != "waiting" or asked.starts_at <= now:
        return False
    visit = session.get_one(Visit, asked.visit_id)
    return visit.revision == asked.visit_revision and visit.starts_at > now


_CHECKS: Final[Mapping[str, Callable[[Session, Message, datetime], bool]]] = {
    "note": _note_is_wanted,
    "reminder": _is_next_reminder,
    "confirmed": _still_comes,
    "other_place": _comes_at_that_time,
    "late_trouble": _trouble_stands,
    "debrief": _debrief_waits,
    "they_came": _unit_has_not_told,
    "incident": _report_waits,
    "offer": _offer_is_open,
    "other_time": _time_waits,
    "moved": _visit_is_unchanged,
    "called_off": _visit_is_unchanged,
    "invite_offer": _item_is_unchanged,
    "invite": _shows_the_item,
    "invite_update": _shows_the_item,
    "invite_cancel": _item_is_unchanged,
    "invite_elsewhere": _mailbox_is_former,
    "sign_in_code": _code_is_unused,
    "invitation": _place_is_open,
    "item_waits": _item_waits,
    "item_waits_inside": _item_waits,
    "item_changed": _item_is_there,
    "item_changed_inside": _item_is_there,
    "item_stopped": _item_has_ended,
    "item_code": _item_code_is_unused,
    "referring": _right_is_unchanged,
}
