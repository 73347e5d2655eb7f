"""The webhook for mail: who has the token brings mail in, and nobody else."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import EnvironBuilder, TestResponse

from outreach.actor import SYSTEM
from outreach.calendars.models import CalendarItem
from outreach.db import Database
from outreach.links import Links
from outreach.messaging.models import InboundMail
from outreach.visits.models import Assignment, Slot
from outreach.web import mail_hook
from outreach.wiring import Wiring
from outreach.workflows import invites, offers
from tests import builders
from tests.builders import DANIEL, HENRY, JOY, MARIA, NOW, VISIT_AT, Person, World
from tests.calendars import replies
from tests.calendars.replies import Asked, Made
from tests.messaging import mails
from tests.web.liaison.pages import count_queries
from tests.workflows.conftest import open_bureau

TOKEN = "a token of sixteen or more"
MAIL = mails.written(sender="x@else.example")
MOST_QUERIES = 160
"""Of a no: what is given back, who is told, and a look at everybody for each open place."""


@pytest.fixture
def service(app: Flask, wired: Wiring) -> FlaskClient:
    """A mail service that may post."""
    settings = wired.config.model_copy(update={"mail_hook_token": SecretStr(TOKEN)})
    app.extensions["outreach"] = replace(wired, config=settings)
    return app.test_client()


def post(
    client: FlaskClient, raw: bytes = MAIL, *, token: str = TOKEN, kind: str = "message/rfc822"
) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post("/hooks/mail", data=raw, content_type=kind, headers=headers)


def kept(session: Session) -> list[InboundMail]:
    return list(session.scalars(select(InboundMail)))


def test_a_mail_that_is_posted_waits_for_a_coordinator(
    service: FlaskClient, session: Session
) -> None:
    here = builders.affiliate(session)
    builders.coordinator(session, here)
    session.commit()

    answer = post(service)

    (mail,) = kept(session)
    assert (answer.status_code, answer.data) == (204, b"")
    assert (mail.affiliate_id, mail.body, mail.settled_at) == (here.id, "Is it the blue one?", None)


def test_the_same_mail_again_is_taken_and_changes_nothing(
    service: FlaskClient, session: Session
) -> None:
    assert [post(service).status_code for _ in range(3)] == [204, 204, 204]
    assert len(kept(session)) == 1


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "ñ" * 20])
def test_without_the_token_nothing_is_taken(
    service: FlaskClient, session: Session, token: str
) -> None:
    assert post(service, token=token).status_code == 403
    assert kept(session) == []


@pytest.mark.parametrize("token", ["", TOKEN])
def test_where_no_token_is_set_nobody_gets_in(
    client: FlaskClient, session: Session, token: str
) -> None:
    assert post(client, token=token).status_code == 403
    assert client.post("/hooks/mail", headers={"Authorization": "Bearer "}).status_code == 403
    assert kept(session) == []


def test_too_much_is_refused(service: FlaskClient, session: Session) -> None:
    at_most = MAIL + b"a" * (mail_hook.MAX_BODY - len(MAIL))

    assert post(service, at_most + b"a").status_code == 413
    assert kept(session) == []
    assert post(service, at_most).status_code == 204


def test_who_has_no_token_is_refused_before_the_size_is_looked_at(service: FlaskClient) -> None:
    assert post(service, b"a" * (mail_hook.MAX_BODY + 1), token="").status_code == 403


@pytest.mark.parametrize("kind", mail_hook.FORMS)
def test_a_mail_taken_apart_into_a_form_is_refused(service: FlaskClient, kind: str) -> None:
    assert post(service, b"from=x&text=y", kind=kind).status_code == 415


def test_an_empty_body_is_refused(service: FlaskClient) -> None:
    assert post(service, b"").status_code == 400


def test_too_much_is_refused_also_where_its_size_is_not_said(
    service: FlaskClient, session: Session
) -> None:
    answer = service.post(
        "/hooks/mail",
        input_stream=BytesIO(b"a" * (mail_hook.MAX_BODY + 1)),
        content_type="message/rfc822",
        headers={"Authorization": f"Bearer {TOKEN}", "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )

    assert answer.status_code == 413
    assert kept(session) == []


@pytest.mark.both_engines
def test_whatever_the_bytes_are_they_are_taken(service: FlaskClient, session: Session) -> None:
    rng = random.Random(7)  # noqa: S311 - the same bytes each time
    bodies = [rng.randbytes(rng.randrange(1, 3000)) for _ in range(60)]
    bodies += [
        b"From: a@b.example\n" + b"Content-Type: message/rfc822\n\n" * 3000,
        b"From: " + b"(" * 4000,
        b"\0" * 5000,
        b"Message-ID: <\0@b>\nFrom: \xff\xfe@x\nSubject: =?utf-16?b?ANg=?=\n\n\xed\xa0\x80",
    ]

    assert {post(service, raw, kind="application/octet-stream").status_code for raw in bodies} == {
        204
    }
    assert len(kept(session)) == len(set(bodies))


@pytest.mark.parametrize("made", replies.ALL, ids=lambda made: made.__name__)
def test_a_no_by_calendar_has_opened_the_place_when_the_answer_comes(
    service: FlaskClient, session: Session, links: Links, made: Made
) -> None:
    bureau = open_bureau(session)
    offer = bureau.ask(bureau.maria)
    offers.accept(session, offer=offer, by=SYSTEM, via="link", links=links, now=NOW)
    hers = select(CalendarItem.uid).where(CalendarItem.owner_kind == "speaker")
    asked = Asked(uid=session.scalars(hers).one(), attendee=bureau.maria.email, said="DECLINED")
    session.commit()

    answer = post(service, made(asked))

    session.expire_all()
    mine = session.scalars(select(Assignment)).one()
    assert answer.status_code == 204
    assert (mine.active, mine.ended_because) == (False, "cannot_come")


# --- how soon an answer by calendar counts


def say_no(session: Session, links: Links, world: World, *people: Person, visits: int = 1) -> bytes:
    """Book both people for some visits, a week apart; return the first one's no to the first."""
    first, beside = (
        builders.speaker(session, world.affiliate, each, certified_for=world.program)
        for each in people
    )
    for week in range(visits):
        visit = builders.visit(session, world, starts_at=VISIT_AT + timedelta(weeks=week))
        lead, co_presenter = builders.slots(session, visit)
        builders.assignment(session, lead, first)
        if week:
            builders.assignment(session, co_presenter, beside)
        invites.sync(session, visit, links=links, now=NOW)
    mine = (CalendarItem.owner_kind == "speaker", CalendarItem.owner_id == first.id)
    uid = session.scalars(select(CalendarItem.uid).where(*mine).order_by(CalendarItem.id)).first()
    assert uid is not None
    return replies.google(Asked(uid=uid, attendee=first.email, said="DECLINED", own=first.email))


@pytest.mark.both_engines
def test_a_no_by_calendar_is_committed_before_its_answer_begins(
    service: FlaskClient, session: Session, database: Database, links: Links
) -> None:
    raw = say_no(session, links, builders.world(session), MARIA, JOY)
    session.commit()
    seen: list[tuple[str, str]] = []

    def start_response(status: str, *_headers: object) -> Callable[[bytes], None]:
        with database.reading() as another:
            lead = another.scalars(select(Slot.state).where(Slot.role == "lead")).one()
        seen.append((status, lead))
        return lambda _body: None

    asked = EnvironBuilder("/hooks/mail", method="POST", data=raw, content_type="message/rfc822")
    asked.headers["Authorization"] = f"Bearer {TOKEN}"
    service.application.wsgi_app(asked.get_environ(), start_response)

    assert seen == [("204 NO CONTENT", "open")]


def test_a_no_by_calendar_costs_as_many_queries_with_thirty_visits_as_with_one(
    service: FlaskClient, session: Session, links: Links
) -> None:
    counts = []
    for name, people, visits in (
        ("Lakeshore", (MARIA, JOY), 1),
        ("Riverbend", (DANIEL, HENRY), 30),
    ):
        raw = say_no(session, links, builders.world(session, name), *people, visits=visits)
        session.commit()
        with count_queries() as sent:
            assert post(service, raw).status_code == 204
        counts.append(sent.count)

    ended = select(Assignment.ended_because).where(~Assignment.active)
    assert session.scalars(ended).all() == ["cannot_come"] * 2
    assert 0 < counts[0] == counts[1] < MOST_QUERIES
