from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM
from outreach.messaging import rules, service
from outreach.messaging.models import Consent, Message
from tests import builders
from tests.builders import DANIEL, NOW, ZONE
from tests.messaging.conftest import MARIA, Plan, new_message

AT_NIGHT = NOW + timedelta(hours=14)


def states(session: Session) -> list[str]:
    return list(session.scalars(select(Message.state).order_by(Message.id)))


def test_the_same_message_is_planned_once(session: Session, planned: Plan) -> None:
    first, second = planned(), planned()

    assert first is not None
    assert second is None
    assert states(session) == ["pending"]
    assert (first.send_after, first.planned_wall) == (NOW, "2026-11-23T10:00")


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "offer_gone"},
        {"channel": "mail"},
        {"recipient_id": 2},
        {"recipient_kind": "account"},
        {"subject": ("visit", 2, 1)},
        {"subject": ("offer", 1, 1)},
        {"again": True},
    ],
)
def test_another_message_is_another_row(
    session: Session, planned: Plan, other: dict[str, Any]
) -> None:
    planned()

    assert planned(**other) is not None
    assert states(session) == ["pending", "pending"]


def test_the_reminders_of_a_plan_are_told_apart(session: Session, planned: Plan) -> None:
    values = dict(new_message().values)
    for name in ("2 days", "3 hours", "2 days"):
        planned(kind="reminder", values=values | {"reminder": name})

    assert states(session) == ["pending", "pending"]


def test_a_new_revision_takes_the_place_of_what_waits(session: Session, planned: Plan) -> None:
    planned()
    planned(channel="mail")
    planned(recipient_id=2)

    newer = planned(subject=("visit", 1, 2))

    assert newer is not None
    assert states(session) == ["cancelled", "cancelled", "pending", "pending"]


def test_a_text_at_night_is_planned_for_the_morning(planned: Plan) -> None:
    message = planned(send_after=AT_NIGHT)

    assert message is not None
    assert message.planned_wall == "2026-11-24T09:00"


def test_an_urgent_text_and_a_mail_do_not_wait(planned: Plan) -> None:
    urgent, mail = (
        planned(send_after=AT_NIGHT, urgent=True),
        planned(send_after=AT_NIGHT, channel="mail"),
    )

    assert urgent is not None
    assert mail is not None
    assert (urgent.send_after, mail.send_after) == (AT_NIGHT, AT_NIGHT)


def test_an_affiliates_own_window_counts(planned: Plan) -> None:
    late = rules.Window(rules.EARLIEST, rules.LATEST)

    message = planned(send_after=NOW + timedelta(hours=10, minutes=30), window=late)

    assert message is not None
    assert message.planned_wall == "2026-11-23T20:30"


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "greeting"}, {"kind": "yes_reply", "channel": "mail"}, {"values": {"zone": ZONE}}],
)
def test_what_could_not_be_rendered_is_refused_at_once(
    session: Session, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="message"):
        service.plan(session, new_message(**wrong), now=NOW)


def test_cancelling_stops_what_waits_and_leaves_what_has_left(
    session: Session, planned: Plan
) -> None:
    waiting, claimed, sent = planned(), planned(recipient_id=2), planned(recipient_id=3)
    other, other_kind = planned(subject=("visit", 2, 1)), planned(kind="offer_gone")
    assert claimed is not None
    assert sent is not None
    claimed.state, sent.state = "claimed", "accepted"
    session.flush()

    count = service.cancel(session, subject=("visit", 1), kinds=("called_off",), now=NOW)

    assert count == 2
    found = [m.state for m in (waiting, claimed, sent, other, other_kind) if m]
    assert found == ["cancelled", "cancelled", "accepted", "pending", "pending"]
    assert service.cancel(session, subject=("visit", 1), now=NOW) == 1


def test_nobody_has_agreed_without_a_row(session: Session) -> None:
    assert not service.agreed(session, MARIA)


def test_the_last_word_in_the_ledger_counts(session: Session) -> None:
    agrees(session, MARIA)
    assert service.agreed(session, MARIA)

    agrees(session, MARIA, event="opt_out")
    assert not service.agreed(session, MARIA)

    agrees(session, MARIA)
    assert service.agreed(session, MARIA)

    agrees(session, MARIA, event="bad_number")
    assert not service.agreed(session, MARIA)


def test_a_new_number_has_not_agreed(session: Session) -> None:
    agrees(session, MARIA)

    assert not service.agreed(session, "+13135550102")


def test_who_shares_a_number_agrees_alone_but_stops_it_for_both(session: Session) -> None:
    here = builders.affiliate(session)
    maria = builders.speaker(session, here, phone=MARIA)
    daniel = builders.speaker(session, here, DANIEL, phone=MARIA)
    agrees(session, MARIA, speaker_id=maria.id)

    assert service.agreed(session, MARIA, speaker_id=maria.id)
    assert not service.agreed(session, MARIA, speaker_id=daniel.id)

    agrees(session, MARIA, event="opt_out", speaker_id=daniel.id)
    assert not service.agreed(session, MARIA, speaker_id=maria.id)
    assert service.agreed_once(session, MARIA) == (maria.id,)


def test_the_ledger_keeps_how_and_by_whom(session: Session) -> None:
    agrees(session, MARIA, wording="2026-11", evidence="form 7")

    (row,) = session.scalars(select(Consent))
    assert (row.event, row.source, row.wording, row.evidence) == (
        "opt_in",
        "form",
        "2026-11",
        "form 7",
    )
    assert (row.actor, row.at) == ("system", NOW)


def agrees(session: Session, phone: str, *, event: str = "opt_in", **values: Any) -> None:  # noqa: ANN401 - any field
    service.record_consent(
        session, phone=phone, event=event, source="form", actor=SYSTEM, now=NOW, **values
    )
