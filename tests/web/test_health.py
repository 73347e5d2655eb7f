"""What machines that watch over the service are told."""

from datetime import timedelta

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from outreach import migrations
from outreach.db import Database
from outreach.messaging.models import MessageAttempt, WorkerHeartbeat
from outreach.wiring import Wiring
from tests import builders
from tests.browser_client import commit_rows_in_hand
from tests.builders import NOW, World
from tests.web.coordinator.conftest import Counting, counting, here

__all__ = ["counting", "here"]

TOKEN = "a token of 32 letters, made up.."


def ask(app: Flask, path: str, *, token: str = "") -> tuple[int, str]:
    commit_rows_in_hand()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = app.test_client().get(path, headers=headers)
    # The page for what is not there has a form of its own.
    assert answer.status_code == 404 or "Set-Cookie" not in answer.headers
    return answer.status_code, answer.text


def alive(session: Session, *, ago: timedelta = timedelta()) -> None:
    session.add(WorkerHeartbeat(worker="here:1", seen_at=NOW - ago))
    session.flush()


@pytest.fixture
def with_token(app: Flask, wired: Wiring, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application, with a token for its figures."""
    config = wired.config.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    monkeypatch.setitem(
        app.extensions,
        "outreach",
        Wiring(config, wired.db, wired.vault, wired.links, wired.post, wired.signature),
    )
    return app


def test_a_service_with_a_living_worker_is_well(app: Flask, session: Session) -> None:
    alive(session, ago=timedelta(minutes=5))

    assert ask(app, "/health") == (200, "ok\n")


@pytest.mark.parametrize("ago", [None, timedelta(minutes=5, seconds=1)])
def test_without_a_worker_for_five_minutes_it_is_not(
    app: Flask, session: Session, ago: timedelta | None
) -> None:
    if ago is not None:
        alive(session, ago=ago)

    assert ask(app, "/health") == (503, "worker\n")


@pytest.mark.both_engines
def test_tables_of_another_version_are_named(app: Flask, session: Session) -> None:
    alive(session)
    session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    told = ask(app, "/health")
    with Session(session.get_bind()) as again:
        again.execute(
            text("UPDATE alembic_version SET version_num = :head"), {"head": migrations.head()}
        )
        again.commit()

    assert told == (503, "migrations\n")


def test_a_database_that_is_away_is_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_self: Database) -> None:
        raise OperationalError("SELECT 1", {}, Exception("away"))

    monkeypatch.setattr(Database, "reading", away)

    assert ask(app, "/health") == (503, "database\n")


def test_its_cost_is_two_statements_whatever_waits(
    app: Flask, session: Session, here: World, counting: Counting
) -> None:
    alive(session)
    maria = builders.speaker(session, here.affiliate)
    for _ in range(30):
        builders.message(session, here.affiliate, to=maria)
    commit_rows_in_hand()

    with counting() as asked:
        ask(app, "/health")

    assert len([s for s in asked.statements if s.startswith("SELECT")]) == 2


def test_without_a_token_in_the_settings_there_are_no_figures(app: Flask) -> None:
    assert ask(app, "/metrics", token=TOKEN)[0] == 404


@pytest.mark.parametrize("token", ["", "another token of 32 letters....."])
def test_whoever_has_not_the_token_gets_no_figures(with_token: Flask, token: str) -> None:
    assert ask(with_token, "/metrics", token=token) == (401, "")


def figures(app: Flask) -> dict[tuple[str, ...], float]:
    """Give every sample: its name and its labels' values, in order → its number."""
    status, body = ask(app, "/metrics", token=TOKEN)
    assert status == 200
    return {
        (sample.name.removeprefix("outreach_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


@pytest.mark.both_engines
def test_the_figures_are_those_of_the_database(
    with_token: Flask, session: Session, here: World
) -> None:
    alive(session, ago=timedelta(seconds=20))
    maria = builders.speaker(session, here.affiliate)
    late = NOW - timedelta(seconds=90)
    for send_after in (late, NOW + timedelta(days=2)):
        builders.message(session, here.affiliate, to=maria, send_after=send_after)
    builders.message(session, here.affiliate, to=maria, channel="sms", state="unknown")
    builders.message(session, here.affiliate, to=maria, state="failed")
    builders.message(
        session, here.affiliate, to=maria, state="dead", state_at=NOW - timedelta(days=2)
    )
    for seconds in (2, 4, 400):
        sent = builders.message(
            session,
            here.affiliate,
            to=maria,
            kind="reminder",
            state="accepted",
            send_after=NOW - timedelta(seconds=seconds),
        )
        session.add(
            MessageAttempt(
                message_id=sent.id, number=1, started_at=NOW, finished_at=NOW, outcome="ok"
            )
        )
    session.flush()

    found = figures(with_token)

    assert found["messages_waiting", "mail", "offer"] == 2
    assert found["messages_due", "mail", "offer"] == 1
    assert found["messages_oldest_due_seconds", "mail", "offer"] == 90
    assert found["messages_unknown", "sms", "offer"] == 1
    assert found["messages_ended_badly", "mail", "offer", "failed"] == 1
    assert ("messages_ended_badly", "mail", "offer", "dead") not in found
    assert found["message_attempts", "ok"] == 3
    assert found["worker_heartbeat_age_seconds", "here:1"] == 20
    late_s = "message_lateness_seconds"
    buckets = [
        found[f"{late_s}_bucket", "mail", "reminder", bound] for bound in ("3.0", "5.0", "+Inf")
    ]
    assert buckets == [1, 2, 3]
    sums = {name: number for (name, *_), number in found.items() if name.endswith("sum")}
    assert list(sums.values()) == [pytest.approx(406, abs=0.01)]


@pytest.mark.parametrize("count", [1, 30])
def test_a_scrape_asks_six_questions_however_much_there_is(
    with_token: Flask,
    session: Session,
    here: World,
    counting: Counting,
    count: int,
) -> None:
    maria = builders.speaker(session, here.affiliate)
    alive(session)
    for _ in range(count):
        builders.message(session, here.affiliate, to=maria)
    commit_rows_in_hand()

    with counting() as asked:
        figures(with_token)

    assert len([s for s in asked.statements if s.startswith("SELECT")]) == 6


def test_the_figures_name_nobody(with_token: Flask, session: Session, here: World) -> None:
    maria = builders.speaker(session, here.affiliate)
    builders.message(session, here.affiliate, to=maria, to_name="Maria")

    _, body = ask(with_token, "/metrics", token=TOKEN)

    assert [name for name in ("Maria", maria.email, here.affiliate.name) if name in body] == []
