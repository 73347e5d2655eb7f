"""An affiliate's helpers: added, gone and back, their PIN forgotten, and which speaker one also is.

Referrals from hospitals where a helper speaks stay closed to them.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.referrals.models import HelperSession, IntakeHelper
from outreach.speakers.models import Speaker

HAS_LEFT = lazy("A helper with this name has left. You can let them come back, below.")


def helpers(
    session: Session, affiliate_id: int, *, have_left: bool = False
) -> Sequence[IntakeHelper]:
    """Return the helpers of an affiliate who are still there, or those who are not, by name."""
    left = IntakeHelper.left_at.is_not(None) if have_left else IntakeHelper.left_at.is_(None)
    return session.scalars(
        select(IntakeHelper)
        .where(IntakeHelper.affiliate_id == affiliate_id, left)
        .order_by(func.lower(IntakeHelper.name))
    ).all()


def add_helper(
    session: Session,
    affiliate: Affiliate,
    *,
    name: str,
    speaker_id: int | None,
    by: Actor,
    now: datetime,
) -> IntakeHelper:
    """Add a helper of an affiliate; they choose their PIN when they first come in.

    Raises:
        RuleBroken: the name is empty, too long, or taken at this affiliate.
    """
    plain = " ".join(name.split())
    if not 0 < len(plain) <= 60:  # noqa: PLR2004 - a name's length, as every form has it
        raise RuleBroken(lazy("Please write a name."), field="name")
    taken = session.scalars(
        select(IntakeHelper)
        .where(
            IntakeHelper.affiliate_id == affiliate.id,
            func.lower(IntakeHelper.name) == plain.lower(),
        )
        .limit(1)
    ).one_or_none()
    if taken is not None and taken.left_at is not None:
        raise RuleBroken(HAS_LEFT, field="name")
    if taken is not None:
        raise RuleBroken(lazy("There is a helper with this name already."), field="name")
    helper = IntakeHelper(
        affiliate_id=affiliate.id, name=plain, speaker_id=speaker_id, created_at=now
    )
    session.add(helper)
    session.flush()
    note(session, "helper.add", helper, by=by, now=now)
    return helper


def forget_pin(session: Session, helper: IntakeHelper, *, by: Actor, now: datetime) -> None:
    """Unlock a helper and let them choose a new PIN; sessions under the old one end."""
    _without_pin(helper)
    _end_sessions(session, helper, now=now)
    note(session, "helper.forget_pin", helper, by=by, now=now)


def let_go(session: Session, helper: IntakeHelper, *, by: Actor, now: datetime) -> None:
    """Say that a helper has left: they open nothing any more. Twice changes nothing."""
    if helper.left_at is None:
        helper.left_at = now
        _end_sessions(session, helper, now=now)
        note(session, "helper.leave", helper, by=by, now=now)


def let_back(session: Session, helper: IntakeHelper, *, by: Actor, now: datetime) -> None:
    """Let a helper who has left come in again, with a PIN chosen anew. Twice changes nothing."""
    if helper.left_at is not None:
        helper.left_at = None
        _without_pin(helper)
        note(session, "helper.return", helper, by=by, now=now)


def link(
    session: Session, helper: IntakeHelper, speaker: Speaker | None, *, by: Actor, now: datetime
) -> None:
    """Say which speaker a helper also is, or that they are none. The same again changes nothing.

    It counts at once, also for a helper who is inside: what one may reach is asked each time.
    """
    speaker_id = speaker.id if speaker is not None else None
    if helper.speaker_id == speaker_id:
        return
    helper.speaker_id = speaker_id
    action = "helper.link" if speaker_id is not None else "helper.unlink"
    note(session, action, helper, by=by, now=now)


def note(session: Session, action: str, helper: IntakeHelper, *, by: Actor, now: datetime) -> None:
    """Write what was done to or by a helper into the audit log."""
    session.flush()
    audit.record(session, action, actor=by, subject=("intake_helper", helper.id), now=now)


def _without_pin(helper: IntakeHelper) -> None:
    helper.pin_hash = helper.pin_set_at = helper.locked_at = None
    helper.wrong_tries = 0


def _end_sessions(session: Session, helper: IntakeHelper, *, now: datetime) -> None:
    session.execute(
        update(HelperSession)
        .where(HelperSession.helper_id == helper.id, HelperSession.ended_at.is_(None))
        .values(ended_at=now)
    )
