"""Twilio's webhooks: only the provider gets in, and what it says counts once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from outreach import jobs
from outreach.adapters.twilio_sms import TwilioSignature
from outreach.config import Config
from outreach.directory.models import Affiliate
from outreach.messaging import outbox, service
from outreach.messaging.models import Consent, InboundMessage, Message
from outreach.messaging.ports import Sms
from outreach.speakers.models import Speaker
from outreach.visits.models import Offer
from outreach.wiring import Wiring
from tests import builders, fakes, twilio_standin
from tests.builders import NOW
from tests.fakes import Phones
from tests.twilio_standin import TOKEN

BASE = "https://outreach.example"
PHONE = "+13135550101"
INBOUND = "/hooks/twilio/inbound"


@pytest.fixture
def provider(app: Flask, wired: Wiring) -> FlaskClient:
    """Somebody who knows the token of the configured account."""
    settings = wired.config.model_copy(update={"public_base_url": BASE})
    app.extensions["outreach"] = with_twilio(wired, settings)
    return app.test_client()


def with_twilio(wired: Wiring, settings: Config) -> Wiring:
    return replace(wired, config=settings, signature=TwilioSignature(TOKEN))


@pytest.fixture
def maria(session: Session) -> Speaker:
    """Maria has agreed to texts."""
    here = builders.world(session)
    speaker = builders.speaker(
        session, here.affiliate, phone=PHONE, certified_for=here.program, channel="sms"
    )
    (slot, *_) = builders.slots(session, builders.visit(session, here))
    builders.offer(session, slot, speaker)
    builders.agrees(session, speaker)
    return speaker


def post(client: FlaskClient, path: str, form: dict[str, str], **headers: str) -> TestResponse:
    """Post a form, signed as Twilio does unless a header says otherwise."""
    signed = {"X-Twilio-Signature": twilio_standin.signature(BASE + path, form)}
    return client.post(path, data=form, headers=signed | headers)


def text(body: str, *, sid: str = "SM1") -> dict[str, str]:
    return {"MessageSid": sid, "From": PHONE, "To": "+15005550006", "Body": body}


def count(session: Session, table: type) -> int:
    return len(session.scalars(select(table)).all())


# --- who gets in


@pytest.mark.parametrize(
    "signature", ["", "wrong", twilio_standin.signature(BASE + INBOUND, text("NO"))]
)
def test_a_wrong_signature_is_refused_and_changes_nothing(
    provider: FlaskClient, maria: Speaker, session: Session, signature: str
) -> None:
    assert maria.id
    headers = {"X-Twilio-Signature": signature}

    answer = provider.post(INBOUND, data=text("STOP"), headers=headers)

    assert answer.status_code == 403
    assert count(session, InboundMessage) == 0


def test_a_missing_signature_is_refused(provider: FlaskClient) -> None:
    assert provider.post(INBOUND, data=text("STOP")).status_code == 403
    assert provider.post("/hooks/twilio/status/x", data={}).status_code == 403


def test_the_signature_is_over_the_configured_address_whatever_the_request_claims(
    provider: FlaskClient,
) -> None:
    form = text("HELP")
    fooled = twilio_standin.signature(f"http://evil.example{INBOUND}", form)

    answer = provider.post(
        INBOUND,
        data=form,
        headers={
            "X-Twilio-Signature": fooled,
            "Host": "evil.example",
            "X-Forwarded-Host": "evil.example",
        },
    )

    assert answer.status_code == 403
    assert post(provider, INBOUND, form, Host="inside.example").status_code == 200


def test_a_query_is_part_of_the_signed_address(provider: FlaskClient) -> None:
    assert post(provider, f"{INBOUND}?again=1", text("HELP")).status_code == 200


def test_without_a_provider_nobody_gets_in(client: FlaskClient) -> None:
    assert post(client, INBOUND, text("STOP")).status_code == 403


def test_too_much_is_refused_unread(provider: FlaskClient, session: Session) -> None:
    assert post(provider, INBOUND, text("x" * 1024 * 1024)).status_code == 413
    assert count(session, InboundMessage) == 0


@pytest.mark.parametrize("missing", ["MessageSid", "From"])
def test_a_form_without_its_fields_is_no_text(provider: FlaskClient, missing: str) -> None:
    form = {key: value for key, value in text("YES").items() if key != missing}

    assert post(provider, INBOUND, form).status_code == 400


def test_only_posts_are_heard(provider: FlaskClient) -> None:
    assert provider.get(INBOUND).status_code in {403, 405}


# --- texts


def test_a_yes_is_taken_and_answered_by_the_outbox(
    provider: FlaskClient, maria: Speaker, session: Session
) -> None:
    offer = session.scalars(select(Offer).where(Offer.speaker_id == maria.id)).one()
    body = f"YES {offer.number}"

    first, again = (post(provider, INBOUND, text(body)) for _ in range(2))

    session.expire_all()
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.data == b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
    assert session.get_one(Offer, offer.id).state == "accepted"
    replies = select(Message).where(Message.kind == "yes_reply")
    assert len(session.scalars(replies).all()) == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("STOP", ""),
        ("help", ""),
        ("ALTO", "no more texts to this number"),
        ("Stop please", "no more texts to this number"),
        ("Ayuda", "texts about volunteer visits"),
    ],
)
def test_a_keyword_the_provider_answers_is_not_answered_twice(
    provider: FlaskClient, maria: Speaker, session: Session, body: str, says: str
) -> None:
    assert maria.id

    answer = post(provider, INBOUND, text(body))

    assert answer.mimetype == "text/xml"
    assert says in answer.text
    assert ("<Message>" in answer.text) is bool(says)
    # What waits in the outbox waits for nobody who said stop.
    assert session.scalars(select(Message).where(Message.subject_kind == "inbound")).all() == []


def test_with_twilios_own_opt_out_the_person_has_an_answer(
    provider: FlaskClient, maria: Speaker
) -> None:
    assert maria.id

    answer = post(provider, INBOUND, text("ALTO") | {"OptOutType": "STOP"})

    assert "<Message>" not in answer.text


def test_after_the_answer_to_a_stop_nothing_more_may_leave(
    provider: FlaskClient, maria: Speaker, session: Session
) -> None:
    post(provider, INBOUND, text("STOP"))

    session.expire_all()
    events = session.scalars(select(Consent.event).order_by(Consent.id)).all()
    assert events == ["opt_in", "opt_out"]
    assert not service.agreed(session, PHONE, speaker_id=maria.id)


def test_a_stop_in_the_middle_of_sending_is_the_last_that_happens(
    provider: FlaskClient, maria: Speaker, session: Session, wired: Wiring
) -> None:
    affiliate = session.get_one(Affiliate, maria.affiliate_id)
    for number in range(5):
        builders.message(
            session,
            affiliate,
            to=maria,
            kind="no_reply",
            channel="sms",
            to_address=PHONE,
            subject_id=number,
            expires_at=NOW + timedelta(days=3),
        )
    session.commit()
    phones = Phones()

    def stop_at_the_second(_: Sms) -> None:
        if len(phones.sent) == 2:
            assert post(provider, INBOUND, text("STOP")).status_code == 200

    phones.before_answer = stop_at_the_second

    jobs.deliver_everything(fakes.post(wired.db, phones=phones))

    assert len(phones.sent) == 2
    session.expire_all()
    texts = session.scalars(select(Message.state).where(Message.channel == "sms")).all()
    assert sorted(texts) == ["accepted"] * 2 + ["cancelled"] * 3


def test_a_text_may_hold_anything(provider: FlaskClient, maria: Speaker, session: Session) -> None:
    assert maria.id
    body = "\0<script>😀 & " + "x" * 5000

    assert post(provider, INBOUND, text(body)).status_code == 200
    kept = session.scalars(select(InboundMessage)).one()
    assert kept.body.startswith("<script>😀 & x")
    assert len(kept.body) == 1600


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "sender",
    [
        "+447700900123",
        "+13135550999",
        "72345",
        "BANKALERT",
        "+1",
        "not a number",
        "\0+1",
        "🙂" * 400,
    ],
)
@pytest.mark.parametrize("body", ["YES", "STOP", "😀\0\ud7ff", ""])
def test_a_text_from_whoever_it_is_has_an_answer_and_changes_nobody_elses(
    provider: FlaskClient, maria: Speaker, session: Session, sender: str, body: str
) -> None:
    assert maria.id
    form = text(body) | {"From": sender}

    first, again = (post(provider, INBOUND, form) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200)
    session.expire_all()
    assert session.scalars(select(Offer.state)).all() == ["open"]
    assert service.agreed(session, PHONE, speaker_id=maria.id)
    assert count(session, InboundMessage) == 1


# --- what became of ours


@pytest.fixture
def attempt(session: Session, maria: Speaker) -> str:
    """A text to Maria that the provider has taken."""
    message = builders.message(
        session,
        session.get_one(Affiliate, maria.affiliate_id),
        to=maria,
        kind="no_reply",
        channel="sms",
        to_address=PHONE,
        expires_at=NOW + timedelta(days=3),
    )
    (claimed,) = outbox.claim(session, channel="sms", now=NOW)
    row = outbox.begin_attempt(session, claimed, now=NOW)
    assert row is not None
    message.provider_id, message.state = "SM7", "accepted"
    row.provider_id = "SM7"
    session.flush()
    return row.public_id


def said(client: FlaskClient, attempt: str, status: str, code: str = "") -> TestResponse:
    form = {"MessageSid": "SM7", "MessageStatus": status, "ErrorCode": code}
    return post(client, f"/hooks/twilio/status/{attempt}", form)


def test_what_the_provider_says_is_kept_once_and_in_its_order(
    provider: FlaskClient, attempt: str, session: Session
) -> None:
    answers = [said(provider, attempt, status) for status in ("delivered", "sent", "delivered")]

    session.expire_all()
    assert [(a.status_code, a.data) for a in answers] == [(204, b"")] * 3
    message = session.scalars(select(Message).where(Message.provider_id == "SM7")).one()
    assert message.state == "delivered"


def test_an_opt_out_in_a_callback_counts(
    provider: FlaskClient, attempt: str, session: Session
) -> None:
    said(provider, attempt, "failed", "21610")

    session.expire_all()
    assert not service.agreed(session, PHONE)


def test_a_landline_gets_no_more_texts(
    provider: FlaskClient, attempt: str, session: Session
) -> None:
    for _ in range(2):
        assert said(provider, attempt, "undelivered", "30006").status_code == 204

    session.expire_all()
    assert not service.agreed(session, PHONE)
    events = session.scalars(select(Consent.event).order_by(Consent.id)).all()
    assert events == ["opt_in", "bad_number"]


def test_a_callback_about_nothing_of_ours_is_thanked_for(provider: FlaskClient) -> None:
    assert said(provider, "nobodys", "delivered").status_code == 204


def test_a_callback_that_says_nothing_is_refused(provider: FlaskClient, attempt: str) -> None:
    assert (
        post(provider, f"/hooks/twilio/status/{attempt}", {"MessageSid": "SM7"}).status_code == 400
    )


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("status", "code"),
    [("🙂", ""), ("delivered\0", ""), ("read", ""), ("x" * 5000, "1" * 5000), ("failed", "\0-1")],
)
def test_a_callback_may_say_anything(
    provider: FlaskClient, attempt: str, session: Session, status: str, code: str
) -> None:
    assert [said(provider, attempt, status, code).status_code for _ in range(2)] == [204, 204]
    assert said(provider, f"{attempt}\0", "sent").status_code in {204, 404}

    session.expire_all()
    message = session.scalars(select(Message).where(Message.provider_id == "SM7")).one()
    assert message.state in {"accepted", "delivered", "failed"}


@pytest.mark.both_engines
@pytest.mark.parametrize("provider_id", ["SM8", "\0SM8", "🙂" * 5000])
def test_a_callback_with_anothers_id_changes_nothing(
    provider: FlaskClient, attempt: str, session: Session, provider_id: str
) -> None:
    form = {"MessageSid": provider_id, "MessageStatus": "failed", "ErrorCode": "21610"}

    assert post(provider, f"/hooks/twilio/status/{attempt}", form).status_code == 204

    session.expire_all()
    message = session.scalars(select(Message).where(Message.provider_id == "SM7")).one()
    assert message.state == "accepted"
    assert service.agreed(session, PHONE)
