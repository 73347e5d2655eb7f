"""One note to many: who gets it and how, once, and what keeps it from leaving."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from outreach.accounts.models import Account, Membership
from outreach.actor import Actor
from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.errors import Conflict, RuleBroken
from outreach.messaging import many, service
from outreach.messaging.models import Broadcast, Message, NoteStop
from outreach.messaging.ports import Sms
from outreach.reads import call_list, own_messages
from outreach.workflows import broadcasts, drafts, note_stops, sms_budget
from outreach.workflows.audiences import Audience
from outreach.workflows.delivery import Post, Prepared, Skipped
from outreach.workflows.drafts import Draft, Look
from tests import builders, fakes, races
from tests.builders import DANIEL, HENRY, JOY, MARIA, NOW, Person
from tests.workflows.conftest import Bureau
from tests.workflows.sending import agree, mail_of, may_text, prepare, prepare_kind, told

ONCE = "a-key-that-came-with-the-form"
WORDS = Draft(text="The training is on Monday at 6 PM.")
BY_TEXT = replace(WORDS, way="sms", about_visits=True)
EVENING = NOW + timedelta(hours=11)
"""9 PM Eastern Time, after the window has closed."""


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database, phones=fakes.Phones())


@pytest.fixture
def ruth(bureau: Bureau) -> Actor:
    return builders.actor(builders.coordinator(bureau.session, bureau.world.affiliate))


def look(bureau: Bureau, by: Actor, post: Post, draft: Draft, **more: Any) -> Look:  # noqa: ANN401 - an audience, a time
    given: dict[str, Any] = {"audience": Audience(), "now": NOW, **more}
    audience = given.pop("audience")
    return drafts.look(bureau.session, audience, draft, by=by, post=post, **given)


def send(
    session: Session,
    by: Actor,
    post: Post,
    draft: Draft = WORDS,
    *,
    audience: Audience | None = None,
    once: str = ONCE,
    seen: str = "",
    now: Any = NOW,  # noqa: ANN401 - a time
) -> Broadcast:
    audience = audience or Audience()
    seen = seen or drafts.look(session, audience, draft, by=by, post=post, now=now).seen
    return broadcasts.send(
        session, audience, draft, once=once, seen=seen, by=by, post=post, now=now
    )


def ways(bureau: Bureau) -> dict[str, list[str]]:
    """Give the channels each got a note by."""
    found: dict[str, list[str]] = {}
    for row in bureau.session.scalars(select(Message).where(Message.kind == "note")):
        found.setdefault(row.to_name, []).append(row.channel)
    return {name: sorted(channels) for name, channels in found.items()}


def fields(look: Look) -> list[str | None]:
    return [problem.field for problem in look.problems]


@contextmanager
def counting() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_a_mail_goes_to_everybody_and_nobody_is_called(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    may_text(bureau)
    bureau.daniel.channel = "call"

    sent = send(bureau.session, ruth, post)

    assert ways(bureau) == {person.first_name: ["mail"] for person in (MARIA, DANIEL, JOY, HENRY)}
    assert (sent.by_text, sent.by_mail, sent.by_call, sent.nobody) == (0, 4, 0, 0)


def test_a_text_goes_to_who_agreed_a_call_to_who_prefers_calls_and_mail_to_the_others(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    may_text(bureau)
    bureau.daniel.channel = "call"
    bureau.joy.channel = "sms"  # and has not agreed under this number

    sent = send(bureau.session, ruth, post, BY_TEXT)

    assert ways(bureau) == {
        "Maria": ["sms"],
        "Daniel": ["call", "mail"],
        "Joy": ["mail"],
        "Henry": ["mail"],
    }
    assert (sent.by_text, sent.by_mail, sent.by_call, sent.nobody) == (1, 2, 1, 0)


def test_who_said_stop_gets_a_mail(bureau: Bureau, ruth: Actor, post: Post) -> None:
    may_text(bureau)
    agree(bureau.session, bureau.maria.phone or "", event="opt_out", speaker_id=bureau.maria.id)

    send(bureau.session, ruth, post, BY_TEXT)

    assert ways(bureau)["Maria"] == ["mail"]


def test_many_at_once_are_asked_about_agreement_as_one_is(bureau: Bureau) -> None:
    people = {"maria": bureau.maria, "daniel": bureau.daniel, "joy": bureau.joy}
    shared = "+13135550188"
    bureau.maria.phone = bureau.daniel.phone = shared
    for name, said in [
        ("maria", "opt_in"),
        ("daniel", "opt_in"),
        ("maria", "opt_out"),
        ("daniel", "opt_in"),
        ("joy", "opt_in"),
        ("joy", "bad_number"),
    ]:
        who = people[name]
        agree(bureau.session, who.phone or "", event=said, speaker_id=who.id)
        phones = {each.id: each.phone or "" for each in people.values()}

        together = many.agreed_among(bureau.session, phones)

        alone = {
            row_id
            for row_id, phone in phones.items()
            if service.agreed(bureau.session, phone, speaker_id=row_id)
        }
        assert together == alone


def test_texts_need_words_about_visits(bureau: Bureau, ruth: Actor, post: Post) -> None:
    found = look(bureau, ruth, post, replace(BY_TEXT, about_visits=False))

    assert fields(found) == ["about_visits"]


def test_at_night_a_text_waits_for_the_morning(bureau: Bureau, ruth: Actor, post: Post) -> None:
    may_text(bureau)

    seen = look(bureau, ruth, post, BY_TEXT, now=EVENING)
    send(bureau.session, ruth, post, BY_TEXT, now=EVENING)

    text = bureau.session.scalars(select(Message).where(Message.channel == "sms")).one()
    assert seen.waiting == 1
    assert text.planned_wall.endswith("T09:00")


def test_a_note_about_a_visit_is_of_no_use_once_it_has_begun(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    builders.assignment(bureau.session, bureau.slot("lead"), bureau.maria)
    of_visit = Audience(of="visit", visit_id=bureau.visit.public_id)

    send(bureau.session, ruth, post, audience=of_visit, now=bureau.visit.starts_at - timedelta(1))

    rows = bureau.session.scalars(select(Message).where(Message.kind == "note")).all()
    assert {(row.recipient_kind, row.expires_at) for row in rows} == {
        ("speaker", bureau.visit.starts_at),
        ("unit", bureau.visit.starts_at),
    }


@pytest.mark.parametrize(
    ("whom", "kinds"),
    [("everyone", {"speaker", "unit"}), ("speakers", {"speaker"}), ("unit", {"unit"})],
)
def test_of_a_visit_it_goes_to_whom_the_coordinator_chose(
    bureau: Bureau, ruth: Actor, post: Post, whom: str, kinds: set[str]
) -> None:
    builders.assignment(bureau.session, bureau.slot("lead"), bureau.maria)
    of_visit = Audience(of="visit", visit_id=bureau.visit.public_id, whom=whom)

    send(bureau.session, ruth, post, audience=of_visit)

    rows = bureau.session.scalars(select(Message).where(Message.kind == "note"))
    assert {row.recipient_kind for row in rows} == kinds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Write your note"),
        ("Go to St. Clare first.", "places are told only"),
        ("Meet at the hospital door.", "others may see the screen"),
        ("He has F32.1, be kind.", "diagnosis code"),
        ("Ask for MRN 4471203.", "record number"),
        ("See www.example.org for more.", "reads as a link"),
        ("Reply YES if you can.", "taken for one about a visit"),
        ("Responda SI por favor.", "taken for one about a visit"),
        ("Text STOP to me.", "gets no more texts"),
        ("a" * 1501, "Shorten your note"),
    ],
)
@pytest.mark.parametrize("field", ["text", "text_es"])
def test_what_may_not_stand_in_a_note_is_refused_by_the_name_of_its_field(
    bureau: Bureau, ruth: Actor, post: Post, *, text: str, why: str, field: str
) -> None:
    if field == "text_es" and not text:
        return
    bureau.world.hospital.name = "St. Clare Hospital"
    is_first = field == "text"
    draft = replace(WORDS, text=text) if is_first else replace(WORDS, text_es=text)

    found = look(bureau, ruth, post, draft)

    assert set(fields(found)) == {field}
    assert why in str(found.problems[0])
    with pytest.raises(RuleBroken):
        send(bureau.session, ruth, post, draft, seen="x")
    assert bureau.session.scalars(select(Broadcast)).all() == []


def test_a_city_and_a_telephone_number_may_stand_in_it(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    city = bureau.world.hospital.city
    text = f"The training is in {city}. Call Ruth at (313) 555-0100."

    assert look(bureau, ruth, post, replace(WORDS, text=text)).problems == []


@pytest.mark.parametrize(
    ("text", "why"),
    [("a" * 290, "comes to 3 parts"), ("Bravo! \N{PARTY POPPER}" * 12, "more than double it")],
)
def test_more_than_two_parts_are_refused_with_the_count_where_somebody_is_texted(
    bureau: Bureau, ruth: Actor, post: Post, text: str, why: str
) -> None:
    draft = replace(BY_TEXT, text=text)
    assert look(bureau, ruth, post, draft).problems == []
    may_text(bureau)

    found = look(bureau, ruth, post, draft)

    assert fields(found) == ["text"]
    assert why in str(found.problems[0])


def test_who_chose_spanish_gets_the_spanish_words_where_there_are_some(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    bureau.maria.locale = bureau.daniel.locale = "es"
    draft = replace(WORDS, text_es="La capacitación es el lunes.")

    shown = {each.locale: each for each in look(bureau, ruth, post, draft).shown}
    english_only = {each.locale: each for each in look(bureau, ruth, post, WORDS).shown}

    assert "La capacitación es el lunes." in shown["es"].text
    assert draft.text not in shown["es"].text
    assert draft.text in shown["en"].text
    assert draft.text in english_only["es"].text
    assert (shown["es"].people, shown["en"].people) == (2, 2)


def test_what_was_shown_is_what_leaves(bureau: Bureau, ruth: Actor, post: Post) -> None:
    may_text(bureau)
    bureau.maria.detail = "full"
    (shown, *_mails) = look(bureau, ruth, post, BY_TEXT).shown
    send(bureau.session, ruth, post, BY_TEXT)

    prepared = prepare(bureau, post)

    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.parcel, Sms)
    assert prepared.parcel.body == shown.text
    assert shown.text.startswith(bureau.world.affiliate.name)
    assert shown.text.endswith("(Reply STOP to end texts)")


def test_the_bureau_is_named_to_nobody_who_has_chosen_otherwise_since(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    may_text(bureau)
    bureau.maria.detail = "full"
    send(bureau.session, ruth, post, BY_TEXT)
    bureau.maria.detail = "minimal"

    prepared = prepare(bureau, post)

    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.parcel, Sms)
    assert prepared.parcel.body.startswith("Outreach: The training")


def test_a_mail_says_how_to_have_no_more_of_them(bureau: Bureau, ruth: Actor, post: Post) -> None:
    send(bureau.session, ruth, post, replace(WORDS, text="One line.\nAnother.\n\nA new thought."))

    mail = mail_of(prepare_kind(bureau, post, "note", now=NOW))

    link = mail["List-Unsubscribe"].strip("<>")
    assert link.startswith("https://outreach.example/n/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "One line.\nAnother.\n\nA new thought." in text
    assert link in text


def test_other_mails_have_no_such_link(bureau: Bureau, post: Post) -> None:
    bureau.ask(bureau.maria)

    mail = mail_of(prepare_kind(bureau, post, "offer", now=NOW))

    assert mail["List-Unsubscribe"] is None


def test_who_wants_no_more_notes_gets_neither_those_that_wait_nor_new_ones(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    send(bureau.session, ruth, post)
    hers = select(Message).where(Message.kind == "note", Message.to_name == "Maria")
    note = bureau.session.scalars(hers).one()
    token = fakes.LINKS.no_notes_token(note.public_id)
    assert note_stops.find(bureau.session, token, links=fakes.LINKS) is note
    for _ in range(2):
        note_stops.stop(bureau.session, note, now=NOW)

    assert len(bureau.session.scalars(select(NoteStop)).all()) == 1
    assert prepare_kind(bureau, post, "note", now=NOW) is Skipped.SETTLED
    later = look(bureau, ruth, post, WORDS)
    assert (later.by_mail, later.nobody) == (3, 1)
    assert [each.why for each in later.reached if not each.channels] == ["no_more"]
    note_stops.resume(bureau.session, note, now=NOW)
    assert look(bureau, ruth, post, WORDS).nobody == 0


@pytest.mark.parametrize("token", ["", "a", "n" * 44, "a\0b", "é" * 44])
def test_a_link_that_was_made_up_is_nobodys(bureau: Bureau, token: str) -> None:
    assert note_stops.find(bureau.session, token, links=fakes.LINKS) is None


def test_the_same_form_sends_once(bureau: Bureau, ruth: Actor, post: Post) -> None:
    first = send(bureau.session, ruth, post)
    seen = look(bureau, ruth, post, WORDS).seen

    second = send(bureau.session, ruth, post, replace(WORDS, text="Something else."), seen=seen)

    assert second is first
    assert len(told(bureau)) == 4
    actions = bureau.session.scalars(select(AuditEvent.action)).all()
    assert actions.count("note.send") == 1


def test_another_bureaus_key_is_no_obstacle(bureau: Bureau, ruth: Actor, post: Post) -> None:
    elsewhere = builders.affiliate(bureau.session, "Riverbend Alliance")
    builders.speaker(bureau.session, elsewhere, Person("Ana", "Ruiz"))
    rosa = builders.actor(builders.coordinator(bureau.session, elsewhere, "Rosa Meyer"))
    send(bureau.session, ruth, post)

    send(bureau.session, rosa, post)

    assert ways(bureau).keys() == {"Maria", "Daniel", "Joy", "Henry", "Ana"}


@pytest.mark.parametrize("change", ["somebody new", "no more texts", "a new language"])
def test_what_has_changed_since_it_was_looked_at_is_not_sent(
    bureau: Bureau, ruth: Actor, post: Post, change: str
) -> None:
    may_text(bureau)
    seen = look(bureau, ruth, post, BY_TEXT).seen
    if change == "somebody new":
        builders.speaker(bureau.session, bureau.world.affiliate, Person("Ana", "Ruiz"))
    elif change == "no more texts":
        bureau.maria.channel = "mail"
    else:
        bureau.maria.locale = "es"
    bureau.session.flush()

    with pytest.raises(Conflict, match="has changed since you looked"):
        send(bureau.session, ruth, post, BY_TEXT, seen=seen)

    assert told(bureau) == []


def test_what_waits_is_taken_back_and_what_has_left_is_not(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    may_text(bureau)
    sent = send(bureau.session, ruth, post, BY_TEXT)
    assert isinstance(prepare(bureau, post), Prepared)

    stopped = broadcasts.take_back(bureau.session, sent, by=ruth, now=NOW)

    assert stopped == 3
    assert sorted(told(bureau)) == [
        ("note", "mail", "cancelled", "taken_back"),
        ("note", "mail", "cancelled", "taken_back"),
        ("note", "mail", "cancelled", "taken_back"),
        ("note", "sms", "sending", ""),
    ]
    with pytest.raises(Conflict, match="nothing to take back"):
        broadcasts.take_back(bureau.session, sent, by=ruth, now=NOW)


def test_when_the_budget_is_used_up_everybody_gets_a_mail(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    may_text(bureau)
    sms_budget.choose(
        bureau.session,
        bureau.world.affiliate,
        unit="segments",
        amount=1,
        price_cents=0.0,
        by=ruth,
        now=NOW,
    )
    send(bureau.session, ruth, post, BY_TEXT)
    assert isinstance(prepare(bureau, post), Prepared)

    later = look(bureau, ruth, post, BY_TEXT)

    assert (later.room, later.by_text, later.by_mail) == (0, 0, 4)


def test_where_texts_are_off_everybody_gets_a_mail(
    bureau: Bureau, ruth: Actor, database: Database
) -> None:
    may_text(bureau)

    found = look(bureau, ruth, fakes.post(database), BY_TEXT)

    assert (found.texts_off, found.by_text, found.by_mail) == (True, 0, 4)


def test_too_many_people_are_refused_with_the_count(
    bureau: Bureau, ruth: Actor, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.messaging.notes.MOST_PEOPLE", 3)

    found = look(bureau, ruth, post, WORDS)

    assert "This list has 4 people" in str(found.problems[0])


def test_who_prefers_calls_is_told_the_note_in_their_language(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    bureau.daniel.channel, bureau.daniel.locale = "call", "es"
    send(bureau.session, ruth, post, replace(BY_TEXT, text_es="Es el lunes."))

    (call,) = call_list.calls(bureau.session, ruth, now=NOW)

    assert call.say == "Tell Daniel: “Es el lunes.”"


def test_whoever_got_a_note_finds_it_among_what_was_sent_without_its_words(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    maria = builders.actor(builders.speaker_member(bureau.session, bureau.maria))
    send(bureau.session, ruth, post)

    (sent,) = own_messages.page(bureau.session, maria, now=NOW).rows

    assert sent.what == "A note from your coordinator"
    assert WORDS.text not in str(sent)


@pytest.mark.both_engines
def test_thirty_people_cost_no_more_statements_than_one(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    may_text(bureau)
    one = Audience(filters=replace(Audience().filters, q="maria"))
    seen = look(bureau, ruth, post, BY_TEXT, audience=one).seen
    with counting() as for_one:
        send(bureau.session, ruth, post, BY_TEXT, audience=one, seen=seen)
    for number in range(26):
        who = builders.speaker(
            bureau.session, bureau.world.affiliate, Person(f"Peer{number}", "Example")
        )
        who.channel, who.phone = "sms", f"+131355501{number:02}"
        agree(bureau.session, who.phone, speaker_id=who.id)
    seen = look(bureau, ruth, post, BY_TEXT).seen

    with counting() as for_thirty:
        sent = send(bureau.session, ruth, post, BY_TEXT, once="b" * 22, seen=seen)

    assert (sent.by_text, sent.by_mail) == (27, 3)
    assert len(for_thirty) == len(for_one)
    assert sum("INSERT INTO message " in statement for statement in for_thirty) == 1


@pytest.mark.both_engines
def test_of_four_who_press_at_once_one_sends(database: Database) -> None:
    post = fakes.post(database)
    with database.transaction() as session:
        world = builders.world(session)
        builders.speaker(session, world.affiliate, MARIA)
        ruth = builders.actor(builders.coordinator(session, world.affiliate))
        seen = drafts.look(session, Audience(), WORDS, by=ruth, post=post, now=NOW).seen

    def press(session: Session) -> bool:
        return send(session, ruth, post, seen=seen).id > 0

    assert races.at_once(database, [press] * 4) == [True] * 4
    with database.reading() as session:
        assert len(session.scalars(select(Broadcast)).all()) == 1
        assert len(session.scalars(select(Message)).all()) == 1


def test_colleagues_who_were_never_here_are_not_named(
    bureau: Bureau, ruth: Actor, post: Post
) -> None:
    priya = builders.liaison(bureau.session, bureau.world.hospital)
    place = bureau.session.get_one(Membership, priya.id)
    account = bureau.session.get_one(Account, priya.account_id)
    account.created_at, place.first_used_at = place.starts_at - timedelta(days=9), None
    bureau.session.flush()

    send(bureau.session, ruth, post, audience=Audience(of="liaisons"))

    assert ways(bureau) == {"": ["mail"]}
