"""An affiliate's wording from the form to the phone, and back to find a text again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from outreach.actor import SYSTEM
from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.messaging.models import Message, OwnWording
from outreach.messaging.ports import Ambiguous, Retry, Sms
from outreach.messaging.templates import Texts
from outreach.workflows import delivery, wording
from outreach.workflows.delivery import Post, Prepared
from tests import fakes
from tests.builders import NOW
from tests.workflows.conftest import Bureau
from tests.workflows.sending import mail_of, may_text, plan, prepare

GONE = ("offer_gone", "sms", "en")
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database, phones=fakes.Phones())


def keep(bureau: Bureau, post: Post, text: str, place: tuple[str, str, str] = GONE) -> list[str]:
    problems = wording.keep(
        bureau.session,
        bureau.world.affiliate,
        place,
        text,
        texts=post.texts,
        by=SYSTEM,
        now=NOW,
    )
    return [problem.message for problem in problems]


def body(prepared: object) -> str:
    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.parcel, Sms)
    return prepared.parcel.body


def only(bureau: Bureau) -> Message:
    return bureau.session.scalars(
        select(Message).where(Message.channel == "sms").execution_options(populate_existing=True)
    ).one()


def test_a_text_leaves_in_the_affiliates_words(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    assert keep(bureau, post, "{service}: {name}, {when} is taken.") == []
    plan(bureau, kind="offer_gone", channel="sms")

    text = body(prepare(bureau, post))

    assert text == "Outreach: Maria, Tue, Dec 8, 10:00 AM ET is taken."


def test_a_mail_ends_with_the_affiliates_passage(bureau: Bureau, post: Post) -> None:
    assert keep(bureau, post, "Coffee is on us, {name}.", ("offer_gone", "mail", "en")) == []
    plan(bureau, kind="offer_gone", channel="mail")

    mail = mail_of(prepare(bureau, post, channel="mail"))

    text = mail.get_body(("plain",)).get_content()
    assert "Coffee is on us, Maria." in text
    assert "no longer open" in text


def test_another_language_and_another_affiliate_keep_our_words(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    keep(bureau, post, "{service}: {when} is taken.")
    bureau.maria.locale = "es"
    plan(bureau, kind="offer_gone", channel="sms")
    assert "ya no" in body(prepare(bureau, post))
    bureau.maria.locale = "en"
    plan(bureau, kind="called_off", channel="sms")
    assert "has been called off" in body(prepare(bureau, post))


def test_a_text_in_doubt_is_looked_for_in_the_words_it_left_in(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    keep(bureau, post, "{service}: {when} is taken.")
    plan(bureau, kind="offer_gone", channel="sms")
    prepared = prepare(bureau, post)
    assert isinstance(prepared, Prepared)
    delivery.conclude(bureau.session, prepared, Ambiguous("timeout"), post=post, now=NOW)

    keep(bureau, post, "{service}: sorry, {when} has gone.")

    assert delivery.body_of(bureau.session, only(bureau).id, post=post) == body(prepared)


@pytest.mark.parametrize("first", ["", "{service}: {when} is taken."])
def test_a_second_try_keeps_the_words_of_the_first(bureau: Bureau, post: Post, first: str) -> None:
    may_text(bureau)
    if first:
        keep(bureau, post, first)
    plan(bureau, kind="offer_gone", channel="sms")
    prepared = prepare(bureau, post)
    assert isinstance(prepared, Prepared)
    delivery.conclude(bureau.session, prepared, Retry("503", pauses=False), post=post, now=NOW)

    keep(bureau, post, "{service}: sorry, {when} has gone.")

    again = prepare(bureau, post, now=LATER)
    assert body(again) == body(prepared)
    assert delivery.body_of(bureau.session, only(bureau).id, post=post) == body(prepared)


def test_a_second_try_after_a_change_of_language_speaks_the_new_one(
    bureau: Bureau, post: Post
) -> None:
    may_text(bureau)
    keep(bureau, post, "{service}: {when} is taken.")
    plan(bureau, kind="offer_gone", channel="sms")
    prepared = prepare(bureau, post)
    assert isinstance(prepared, Prepared)
    delivery.conclude(bureau.session, prepared, Retry("503"), post=post, now=NOW)
    bureau.maria.locale = "es"
    bureau.session.flush()

    again = body(prepare(bureau, post, now=LATER))

    assert "is taken" not in again
    assert delivery.body_of(bureau.session, only(bureau).id, post=post) == again


def test_what_is_refused_changes_nothing(bureau: Bureau, post: Post) -> None:
    unit = bureau.world.unit.name

    assert keep(bureau, post, f"{{service}}: {unit}, reply STOP, see www.x")
    assert bureau.session.scalar(select(func.count(OwnWording.id))) == 0


def test_the_names_of_the_affiliates_places_are_known(bureau: Bureau, post: Post) -> None:
    world = bureau.world
    for name in (world.unit.name, world.hospital.name, world.affiliate.name, world.hospital.city):
        assert keep(bureau, post, f"{{service}}: {{when}} is taken. {name}"), name


def test_each_change_is_a_row_and_a_line_in_the_log(bureau: Bureau, post: Post) -> None:
    affiliate = bureau.world.affiliate
    keep(bureau, post, "{service}: {when} is taken.")
    keep(bureau, post, "{service}:  {when} is taken. ")

    assert wording.drop(bureau.session, affiliate, GONE, by=SYSTEM, now=NOW)
    assert not wording.drop(bureau.session, affiliate, GONE, by=SYSTEM, now=NOW)

    texts = list(bureau.session.scalars(select(OwnWording.text).order_by(OwnWording.id)))
    assert texts == ["{service}: {when} is taken.", ""]
    events = bureau.session.scalars(
        select(AuditEvent).where(AuditEvent.subject_kind == "own_wording").order_by(AuditEvent.id)
    ).all()
    assert [event.action for event in events] == ["wording.change", "wording.reset"]
    assert events[0].details == {"kind": "offer_gone", "channel": "sms", "locale": "en"}


def test_after_going_back_our_words_leave(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    keep(bureau, post, "{service}: {when} is taken.")
    wording.drop(bureau.session, bureau.world.affiliate, GONE, by=SYSTEM, now=NOW)
    plan(bureau, kind="offer_gone", channel="sms")

    assert "is no longer open" in body(prepare(bureau, post))


def test_a_wording_too_long_after_the_service_got_a_longer_name_goes_by_mail(
    bureau: Bureau, post: Post
) -> None:
    may_text(bureau)
    keep(bureau, post, "{service} {service}: {when} is taken.")
    plan(bureau, kind="offer_gone", channel="sms")
    longer = Texts(links=fakes.LINKS, service_name="Long name " * 20)

    prepare(bureau, replace(post, texts=longer))

    assert (only(bureau).state, only(bureau).reason) == ("failed", "too_long")
