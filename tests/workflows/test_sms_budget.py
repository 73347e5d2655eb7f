"""The budget for texts: what counts, when reminders go by mail, and who is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select, text

from outreach.actor import SYSTEM
from outreach.db import Database
from outreach.errors import RuleBroken
from outreach.messaging import rules, spending
from outreach.messaging.models import Message, MessageAttempt
from outreach.messaging.ports import Ambiguous, Rejected, Retry
from outreach.workflows import delivery, sms_budget
from outreach.workflows.delivery import Post, Prepared, Skipped
from tests import builders, fakes
from tests.builders import NOW, ZONE
from tests.workflows.conftest import Bureau
from tests.workflows.sending import book, may_text, plan, prepare, prepare_kind

MONTH = rules.months(NOW, zone=ZONE)[0]


@pytest.fixture
def post(database: Database) -> Post:
    return replace(fakes.post(database, phones=fakes.Phones()), sms_price_cents=50.0)


def choose(bureau: Bureau, amount: int | None, *, unit: str = "segments") -> None:
    sms_budget.choose(
        bureau.session,
        bureau.world.affiliate,
        unit=unit,
        amount=amount,
        price_cents=50.0,
        by=SYSTEM,
        now=NOW,
    )


def spend(bureau: Bureau, count: int, *, at: datetime = NOW, kind: str = "offer") -> None:
    """Let texts have left, each of one part."""
    affiliate = bureau.world.affiliate
    for _ in range(count):
        row = builders.message(bureau.session, affiliate, to=bureau.maria, state="delivered")
        row.kind, row.channel = kind, "sms"
        attempt = MessageAttempt(
            message_id=row.id, number=1, started_at=at, affiliate_id=affiliate.id, segments=1
        )
        bureau.session.add(attempt)
    bureau.session.flush()


def told(bureau: Bureau) -> list[str]:
    rows = select(Message).where(Message.kind == "sms_budget").order_by(Message.id)
    return [row.values["mark"] for row in bureau.session.scalars(rows)]


def used(bureau: Bureau) -> int:
    return spending.used(bureau.session, bureau.world.affiliate.id, MONTH)


def test_a_reminder_goes_by_mail_when_the_budget_is_used_up(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    book(bureau)
    choose(bureau, 3)
    spend(bureau, 3)
    reminders = select(Message).where(Message.kind == "reminder").order_by(Message.channel.desc())
    by_text, *others = bureau.session.scalars(reminders).all()
    for other in others:
        bureau.session.delete(other)
    by_text.send_after = NOW
    bureau.session.flush()

    assert prepare_kind(bureau, post, "reminder", now=NOW) is Skipped.SETTLED

    rows = bureau.session.scalars(select(Message).where(Message.kind == "reminder")).all()
    assert [(row.channel, row.state, row.reason) for row in rows] == [
        ("sms", "cancelled", "budget"),
        ("mail", "pending", ""),
    ]


@pytest.mark.parametrize("kind", ["offer_gone", "moved", "called_off"])
def test_everything_else_still_goes_as_a_text(bureau: Bureau, post: Post, kind: str) -> None:
    may_text(bureau)
    choose(bureau, 1)
    spend(bureau, 5)
    plan(bureau, kind=kind, channel="sms")

    assert isinstance(prepare(bureau, post), Prepared)


def test_coordinators_hear_once_at_four_fifths_and_once_at_the_end(
    bureau: Bureau, post: Post
) -> None:
    builders.coordinator(bureau.session, bureau.world.affiliate)
    may_text(bureau)
    choose(bureau, 10)
    spend(bureau, 6)
    seen = []
    for revision in range(1, 8):
        subject = ("visit", bureau.visit.id, revision)
        plan(bureau, kind="offer_gone", channel="sms", subject=subject)
        assert isinstance(prepare(bureau, post), Prepared)
        seen.append(told(bureau))

    assert seen == [
        [],
        ["80"],
        ["80"],
        ["80", "100"],
        ["80", "100"],
        ["80", "100"],
        ["80", "100"],
    ]


def test_a_budget_that_is_used_already_when_it_is_set_is_told_at_once(bureau: Bureau) -> None:
    builders.coordinator(bureau.session, bureau.world.affiliate)
    spend(bureau, 9)

    choose(bureau, 10)
    choose(bureau, 11)
    choose(bureau, 5)

    assert told(bureau) == ["80", "100"]


def test_money_buys_as_many_parts_as_its_price_allows(bureau: Bureau) -> None:
    choose(bureau, 3, unit="dollars")
    row = spending.budget(bureau.session, bureau.world.affiliate.id)

    assert spending.most(row, price_cents=50.0) == 6
    assert spending.most(row, price_cents=0.0) is None
    assert spending.most(None, price_cents=50.0) is None


@pytest.mark.parametrize(
    ("amount", "unit", "price", "field"),
    [(0, "segments", 1, "amount"), (2_000_000, "segments", 1, "amount"), (5, "dollars", 0, "unit")],
)
def test_a_budget_that_cannot_be_kept_is_refused(
    bureau: Bureau, amount: int, unit: str, price: float, field: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        sms_budget.choose(
            bureau.session,
            bureau.world.affiliate,
            unit=unit,
            amount=amount,
            price_cents=price,
            by=SYSTEM,
            now=NOW,
        )

    assert refused.value.field == field
    assert spending.budget(bureau.session, bureau.world.affiliate.id) is None


def test_without_a_budget_nothing_changes(bureau: Bureau) -> None:
    choose(bureau, 1)
    choose(bureau, None)
    choose(bureau, None)
    spend(bureau, 5)

    affiliate_id = bureau.world.affiliate.id
    for whose in (affiliate_id, None):
        assert not sms_budget.is_used_up(bureau.session, whose, price_cents=50.0, now=NOW)
        sms_budget.tell(bureau.session, whose, price_cents=50.0, now=NOW)
    assert told(bureau) == []


@pytest.mark.parametrize(
    ("result", "counted"),
    [(Retry("503"), 0), (Rejected("21211"), 0), (Ambiguous("timeout"), 1)],
)
def test_what_surely_did_not_leave_is_not_counted(
    bureau: Bureau, post: Post, result: Retry | Rejected | Ambiguous, counted: int
) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    prepared = prepare(bureau, post)
    assert isinstance(prepared, Prepared)
    assert used(bureau) == 1

    delivery.conclude(bureau.session, prepared, result, post=post, now=NOW)

    assert used(bureau) == counted


def test_a_month_is_the_affiliates_own(bureau: Bureau) -> None:
    first = datetime(2026, 11, 1, 4, tzinfo=UTC)  # Midnight in Detroit, still summer time.
    for at in (first - timedelta(seconds=1), first, MONTH.until - timedelta(seconds=1)):
        spend(bureau, 1, at=at)
    spend(bureau, 1, at=MONTH.until)

    assert used(bureau) == 2
    months = rules.months(NOW, zone=ZONE, count=3)
    (spent,) = spending.by_kind(bureau.session, bureau.world.affiliate.id, months)
    assert (spent.kind, spent.by_month) == ("offer", (2, 1, 0))


@pytest.mark.parametrize("count", [1, 300])
def test_the_sum_of_a_month_is_one_query_over_its_index(bureau: Bureau, count: int) -> None:
    spend(bureau, count)
    statements: list[str] = []
    bind = bureau.session.connection()

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(bind, "before_cursor_execute", note)
    assert used(bureau) == count
    event.remove(bind, "before_cursor_execute", note)

    assert len(statements) == 1
    if bind.dialect.name == "sqlite":
        plan_of = bind.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT sum(segments) FROM message_attempt WHERE affiliate_id"
                " = :whose AND segments > 0 AND started_at >= :since AND started_at < :until"
            ),
            {"whose": 1, "since": "2026-11-01", "until": "2026-12-01"},
        ).all()
        assert "USING COVERING INDEX ix_message_attempt_cost" in str(plan_of)
