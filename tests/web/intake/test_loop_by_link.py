"""The whole way of an affiliate without an account, page by page, as a helper goes it."""

import re

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.links import Links
from outreach.messaging.models import Message
from outreach.referrals.models import ReferralAttempt, ReferralReading
from tests import intake_builders as people
from tests import referral_builders as referrals
from tests.leaks import CANARIES, PATIENT
from tests.referral_builders import Ward
from tests.web.liaison.pages import text_of

PIN = people.PIN


def test_from_the_mail_until_it_is_closed(
    client: FlaskClient, session: Session, ward: Ward, links: Links
) -> None:
    made = referrals.sent(session, ward)
    lena = referrals.helper(session, ward.receiver)
    path = people.path_of(session, made, links)

    page = client.get(path)
    assert "An item waits for you" in text_of(page)
    assert not [canary for canary in CANARIES if canary in page.text]
    assert ward.hospital.name not in page.text

    asked = client.post(path, forged=True)
    assert (asked.status_code, asked.location) == (303, f"{path}/code")
    told = session.scalars(select(Message).where(Message.kind == "item_code")).one()
    assert told.to_address == ward.receiver.intake_email
    assert "i…@lakeshore-receiving.example" in text_of(client.get(asked.location))

    entered = client.post(
        f"{path}/code", data={"code": people.code_of(session, links)}, forged=True
    )
    assert (entered.status_code, entered.location) == (303, f"{path}/who")
    who = client.get(entered.location)
    assert "Lena Ortiz" in text_of(who)
    assert not [canary for canary in CANARIES if canary in who.text]

    chosen = {"helper": lena.public_id, "pin": PIN, "again": PIN}
    opened = client.post(f"{path}/who", data=chosen)
    assert (opened.status_code, opened.location) == (303, f"/intake/referrals/{made.public_id}")
    item = client.get(opened.location)
    assert PATIENT in item.text
    assert 'href="tel:+13125550187"' in item.text
    assert "A voicemail without detail is safe." in item.text
    assert ward.hospital.name not in item.text
    assert "Lena Ortiz" in item.text

    for step, said in (
        ("acknowledgement", "Noted: it has reached you."),
        ("acceptance", "It is yours."),
    ):
        carried = people.carried(client.get(opened.location).text)
        client.post(f"{opened.location}/{step}", data=carried)
        assert said in text_of(client.get(opened.location))

    form = client.get(f"{opened.location}/try")
    tried = people.carried(form.text) | {
        "channel": "call",
        "result": "no_answer",
        **dict(re.findall(r'name="(day|at)"[^>]*value="([^"]*)"', form.text)),
        "note": "Nobody home before six",
    }
    assert client.post(f"{opened.location}/try", data=tried).status_code == 303
    client.post(f"{opened.location}/try", data=tried)
    assert len(session.scalars(select(ReferralAttempt)).all()) == 1
    assert "Nobody home before six" in client.get(opened.location).text

    carried = people.carried(client.get(opened.location).text)
    client.post(f"{opened.location}/reached", data=carried | {"result": "they_called"})
    assert "Connected on day 0" in text_of(client.get(opened.location))

    carried = people.carried(client.get(f"{opened.location}/end").text)
    done = client.post(f"{opened.location}/end", data=carried | {"outcome": "connected_met"})
    assert done.status_code == 303
    session.refresh(made)
    assert (made.state, made.outcome) == ("closed", "connected_met")

    # The link ends with the referral and the person is shown no more; who came by it stays in.
    last = client.get(done.location)
    assert last.status_code == 200
    assert client.get(path).status_code == 404
    assert "It is closed. Thank you for what you did." in text_of(last)
    assert PATIENT not in last.text
    readers = set(session.scalars(select(ReferralReading.actor)))
    assert readers == {f"helper:{lena.id}"}
