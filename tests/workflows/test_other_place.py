"""Another address of a visit: whoever comes hears of it, once, and nobody else does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from outreach.actor import SYSTEM, Actor, Kind
from outreach.db import Database
from outreach.directory.geography import Place
from outreach.directory.models import Unit
from outreach.errors import Conflict
from outreach.messaging.models import Message
from outreach.reads import call_list
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Visit, VisitRequest
from outreach.workflows import calls, directory, offers, settling, undo, visits
from outreach.workflows.delivery import Post, Prepared, Skipped
from tests import builders, fakes
from tests.builders import NOW, VISIT_AT, ZONE
from tests.workflows.conftest import LINKS, Bureau
from tests.workflows.sending import mail_of, may_text, prepare_kind

NEXT_DAY = date(2026, 12, 9)
UNDO = timedelta(minutes=10)
EVENING = NOW + timedelta(hours=12)
"""Ten at night, where everybody lives: texts wait for the morning."""

DETROIT = Place("48201", "Detroit", "MI", 42.3478, -83.0593, ZONE)
ANN_ARBOR = Place("48104", "Ann Arbor", "MI", 42.2631, -83.7186, ZONE)
ACROSS_TOWN = replace(DETROIT, zip_code="48226")


@pytest.fixture
def bureau(bureau: Bureau) -> Bureau:
    """Every visit has a door that people know."""
    bureau.world.unit.street = "1 Main Street"
    bureau.session.flush()
    return bureau


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database, phones=fakes.Phones())


def book(bureau: Bureau, speaker: Speaker | None = None, *, role: str = "lead") -> Assignment:
    """Let a speaker (Maria) have said yes, and hear all there is to hear of it."""
    offer = bureau.ask(speaker or bureau.maria, role)
    assignment = offers.accept(
        bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=NOW
    )
    leave(bureau)
    return assignment


def leave(bureau: Bureau) -> None:
    """Let everything that waits leave, but for reminders."""
    due = (Message.state == "pending", Message.kind != "reminder")
    bureau.session.execute(update(Message).where(*due).values(state="accepted"))


def keep_unit(
    bureau: Bureau,
    *,
    unit: Unit | None = None,
    by: Actor = SYSTEM,
    now: datetime = NOW,
    **facts: str,
) -> None:
    unit = unit or bureau.world.unit
    directory.keep_unit(
        bureau.session,
        bureau.world.hospital,
        {"name": unit.name, **facts},
        unit=unit,
        hours=(),
        requirements=(),
        by=by,
        links=LINKS,
        now=now,
    )


def keep_hospital(bureau: Bureau, place: Place, *, name: str = "") -> None:
    hospital = bureau.world.hospital
    directory.change_hospital(
        bureau.session,
        hospital,
        name=name or hospital.name,
        place=place,
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )


def ruth(bureau: Bureau) -> Actor:
    return Actor(Kind.COORDINATOR, account_id=0, affiliate_id=bureau.world.affiliate.id)


def move(bureau: Bureau, *, now: datetime = NOW) -> None:
    visits.move(
        bureau.session,
        bureau.visit,
        day=NEXT_DAY,
        at=time(10),
        minutes=60,
        overrule=True,
        by=SYSTEM,
        links=LINKS,
        now=now,
    )


def call_off(bureau: Bureau, *, by: Actor = SYSTEM, now: datetime = NOW) -> None:
    visits.call_off(bureau.session, bureau.visit, by=by, links=LINKS, now=now)


def step_back(bureau: Bureau, *, now: datetime = NOW) -> Assignment:
    assignment = bureau.session.scalars(select(Assignment).where(Assignment.active)).one()
    offers.cannot_come(bureau.session, assignment, by=SYSTEM, links=LINKS, now=now)
    return assignment


def words(bureau: Bureau, *, state: str = "pending") -> list[Message]:
    """Give what is planned to be said of another address, to anybody."""
    told = select(Message).where(Message.kind == "other_place", Message.state == state)
    fresh = told.order_by(Message.id).execution_options(populate_existing=True)
    return list(bureau.session.scalars(fresh))


def heard(bureau: Bureau, speaker: Speaker | None = None) -> list[str]:
    """Give what waits for a speaker (Maria), but for reminders."""
    told = bureau.messages(to=speaker or bureau.maria)
    return [each for each in told if "reminder" not in each]


def starts(message: Message) -> datetime:
    return datetime.fromisoformat(message.values["starts_at"])


# --- who hears how


def test_whose_calendar_shows_no_place_hears_by_mail(bureau: Bureau) -> None:
    book(bureau)

    keep_unit(bureau, street="7 Cedar Road")

    assert (bureau.maria.detail, bureau.maria.calendar) == ("minimal", "both")
    assert heard(bureau) == ["other_place mail"]


@pytest.mark.parametrize("detail", ["minimal", "full"])
def test_who_takes_the_feed_alone_hears_by_mail(bureau: Bureau, detail: str) -> None:
    bureau.maria.calendar, bureau.maria.detail = "feed", detail
    book(bureau)

    keep_unit(bureau, street="7 Cedar Road")

    assert heard(bureau) == ["other_place mail"]


def test_whose_calendar_mail_names_the_new_address_gets_that_alone(bureau: Bureau) -> None:
    bureau.maria.detail = "full"
    book(bureau)

    keep_unit(bureau, street="7 Cedar Road")

    assert heard(bureau) == ["invite_update mail"]


@pytest.mark.parametrize(
    ("detail", "told"),
    [("minimal", ["other_place sms"]), ("full", ["invite_update mail", "other_place sms"])],
)
def test_who_chose_texts_hears_by_text(bureau: Bureau, detail: str, told: list[str]) -> None:
    may_text(bureau)
    bureau.maria.detail = detail
    book(bureau)

    keep_unit(bureau, street="7 Cedar Road")

    assert heard(bureau) == told


def test_near_the_visit_it_leaves_at_night_for_those_who_want_that(bureau: Bureau) -> None:
    may_text(bureau)
    bureau.maria.any_hour = True
    book(bureau)
    night_before = VISIT_AT - timedelta(hours=11)

    keep_unit(bureau, street="7 Cedar Road", now=night_before)

    (text,) = words(bureau)
    assert (text.channel, text.urgent, text.send_after) == ("sms", True, night_before)


def test_near_the_visit_who_gets_no_texts_at_night_is_called(bureau: Bureau) -> None:
    may_text(bureau)
    book(bureau)

    keep_unit(bureau, street="7 Cedar Road", now=VISIT_AT - timedelta(hours=11))

    assert [text.channel for text in words(bureau)] == ["sms", "call"]


def test_who_prefers_calls_is_on_the_call_list(bureau: Bureau) -> None:
    bureau.maria.channel = "call"
    book(bureau)

    keep_unit(bureau, street="7 Cedar Road")

    assert heard(bureau) == ["other_place mail", "other_place call"]
    coordinator = builders.actor(builders.coordinator(bureau.session, bureau.world.affiliate))
    (call,) = call_list.calls(bureau.session, coordinator, now=NOW)
    assert call.say.startswith("Say that the address of the visit on Tuesday, December")
    assert call.say.endswith(" has changed. The visit’s page has it.")
    assert call.visit_id == bureau.visit.public_id


@pytest.mark.parametrize(("detail", "named"), [("minimal", False), ("full", True)])
def test_the_mail_names_unit_and_hospital_only_to_who_wants_to_see_them(
    bureau: Bureau, post: Post, detail: str, *, named: bool
) -> None:
    bureau.maria.detail, bureau.maria.calendar = detail, "feed"
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road")

    mail = mail_of(prepare_kind(bureau, post, "other_place", now=NOW))

    said = mail.get_body(("plain",)).get_content()
    assert mail["Subject"].startswith("Another address: visit on Tuesday, December")
    assert "has changed. You can see it on your page." in said
    assert "See the visit:" in said
    assert ("Unit 4B" in said) == named
    assert "Cedar" not in said


def test_the_mail_is_in_the_speakers_language(bureau: Bureau, post: Post) -> None:
    bureau.maria.locale = "es"
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road")

    mail = mail_of(prepare_kind(bureau, post, "other_place", now=NOW))

    assert mail["Subject"].startswith("Otra dirección: visita del martes 8 de diciembre")


def test_who_was_booked_without_an_offer_is_led_to_the_visits_page(
    bureau: Bureau, post: Post
) -> None:
    builders.assignment(bureau.session, bureau.slot("lead"), bureau.maria)
    keep_unit(bureau, street="7 Cedar Road")

    mail = mail_of(prepare_kind(bureau, post, "other_place", now=NOW))

    said = mail.get_body(("plain",)).get_content()
    assert f"/v/{bureau.visit.public_id}" in said


# --- who hears nothing


@pytest.mark.parametrize(
    "change",
    [
        lambda bureau: keep_unit(bureau, street="1 Main Street"),
        lambda bureau: keep_unit(bureau, name="Unit 4B West"),
        lambda bureau: keep_unit(bureau, contact_name="Priya Nair"),
        lambda bureau: keep_hospital(bureau, DETROIT),
        lambda bureau: keep_hospital(bureau, DETROIT, name="St. Clare of Detroit"),
        lambda bureau: keep_hospital(bureau, ACROSS_TOWN),
    ],
    ids=[
        "same street",
        "unit renamed",
        "another contact",
        "same place",
        "hospital renamed",
        "a ZIP code alone",
    ],
)
def test_what_leaves_the_address_as_it_was_tells_nobody(
    bureau: Bureau, change: Callable[[Bureau], None]
) -> None:
    book(bureau)

    change(bureau)

    assert words(bureau) == []


@pytest.mark.parametrize("town", [DETROIT, ANN_ARBOR])
def test_a_street_that_was_not_known_is_news_only_in_another_town(
    bureau: Bureau, town: Place
) -> None:
    bureau.world.unit.street = ""
    book(bureau)

    with directory.followed(bureau.session, Unit.id == bureau.world.unit.id, links=LINKS, now=NOW):
        bureau.world.unit.street = "7 Cedar Road"
        bureau.world.hospital.city = town.city

    assert heard(bureau) == ([] if town is DETROIT else ["other_place mail"])


def test_the_ward_is_not_told_of_its_own_address(bureau: Bureau) -> None:
    book(bureau)

    keep_unit(bureau, street="7 Cedar Road")

    assert {word.recipient_kind for word in words(bureau)} == {"speaker"}
    assert len(words(bureau)) == 1


def test_who_is_only_asked_is_not_told(bureau: Bureau) -> None:
    bureau.ask(bureau.maria)

    keep_unit(bureau, street="7 Cedar Road")

    assert words(bureau) == []


@pytest.mark.parametrize("now", [VISIT_AT, VISIT_AT + timedelta(days=1)])
def test_of_a_visit_that_has_begun_nobody_is_told(bureau: Bureau, now: datetime) -> None:
    book(bureau)

    keep_unit(bureau, street="7 Cedar Road", now=now)

    assert words(bureau) == []


@pytest.mark.parametrize("end", [call_off, step_back])
def test_who_need_not_come_any_more_is_not_told(
    bureau: Bureau, end: Callable[[Bureau], object]
) -> None:
    book(bureau)
    end(bureau)

    keep_unit(bureau, street="7 Cedar Road")

    assert words(bureau) == []


def test_of_a_visit_by_video_nobody_is_told(bureau: Bureau) -> None:
    bureau.session.get_one(VisitRequest, bureau.visit.request_id).by_video = True
    book(bureau)

    keep_unit(bureau, street="7 Cedar Road")

    assert words(bureau) == []


def test_a_new_unit_tells_nobody(bureau: Bureau) -> None:
    book(bureau)

    directory.keep_unit(
        bureau.session,
        bureau.world.hospital,
        {"name": "Unit 6", "street": "7 Cedar Road"},
        hours=(),
        requirements=(),
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )

    assert words(bureau) == []


# --- how often


def test_each_change_is_told_once(bureau: Bureau) -> None:
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road")
    leave(bureau)

    keep_unit(bureau, street="7 Cedar Road")
    assert words(bureau) == []

    keep_unit(bureau, street="9 Cedar Road")
    assert heard(bureau) == ["other_place mail"]


def test_a_second_change_takes_the_place_of_the_one_that_waits(bureau: Bureau) -> None:
    may_text(bureau)
    book(bureau)

    keep_unit(bureau, street="7 Cedar Road", now=EVENING)
    keep_unit(bureau, street="9 Cedar Road", now=EVENING)

    assert heard(bureau) == ["other_place sms"]
    assert len(words(bureau, state="cancelled")) == 1


def test_when_a_hospital_moves_whoever_comes_to_each_visit_hears_once(bureau: Bureau) -> None:
    book(bureau)
    book(bureau, bureau.daniel, role="co-presenter")
    unit = builders.unit(
        bureau.session, bureau.world.hospital, bureau.world.affiliate, name="Unit 6"
    )
    other = builders.visit(
        bureau.session, bureau.world, at=unit, starts_at=VISIT_AT + timedelta(days=1)
    )
    builders.assignment(bureau.session, builders.slots(bureau.session, other)[0], bureau.maria)

    keep_hospital(bureau, ANN_ARBOR)

    told = sorted((word.recipient_id, word.values["visit_id"]) for word in words(bureau))
    assert told == sorted(
        [
            (bureau.maria.id, bureau.visit.public_id),
            (bureau.daniel.id, bureau.visit.public_id),
            (bureau.maria.id, other.public_id),
        ]
    )


def test_another_street_of_one_unit_is_no_news_for_another_unit(bureau: Bureau) -> None:
    book(bureau)
    unit = builders.unit(
        bureau.session, bureau.world.hospital, bureau.world.affiliate, name="Unit 6"
    )

    keep_unit(bureau, unit=unit, street="7 Cedar Road")

    assert words(bureau) == []


# --- a slip of the pen


def test_it_waits_for_the_minutes_in_which_a_coordinator_may_set_it_right(bureau: Bureau) -> None:
    book(bureau)

    keep_unit(bureau, street="1 Mian Street", by=ruth(bureau))

    assert [word.send_after for word in words(bureau)] == [NOW + UNDO]


def test_near_the_visit_it_does_not_wait(bureau: Bureau) -> None:
    book(bureau)
    near = VISIT_AT - timedelta(hours=5)

    keep_unit(bureau, street="7 Cedar Road", by=ruth(bureau), now=near)

    assert {word.send_after for word in words(bureau)} == {near}


def test_a_slip_that_is_set_right_before_it_left_tells_nobody(bureau: Bureau) -> None:
    book(bureau)

    keep_unit(bureau, street="1 Mian Street", by=ruth(bureau))
    keep_unit(bureau, street="11 Main Street", by=ruth(bureau))
    assert len(words(bureau)) == 1
    keep_unit(bureau, street="1 Main Street", by=ruth(bureau))

    assert words(bureau) == []


def test_a_slip_that_was_set_right_is_not_told_when_the_visit_moves(bureau: Bureau) -> None:
    book(bureau)
    keep_unit(bureau, street="1 Mian Street")
    keep_unit(bureau, street="1 Main Street")

    move(bureau)

    assert words(bureau) == []


def test_after_a_slip_that_was_set_right_another_street_is_told(bureau: Bureau) -> None:
    book(bureau)
    keep_unit(bureau, street="1 Mian Street")
    keep_unit(bureau, street="1 Main Street")

    keep_unit(bureau, street="7 Cedar Road")

    assert heard(bureau) == ["other_place mail"]


@pytest.mark.parametrize("left", ["sms", "call"])
def test_a_slip_that_has_reached_them_is_set_right(bureau: Bureau, left: str) -> None:
    may_text(bureau)
    book(bureau)
    now = VISIT_AT - timedelta(hours=11)
    keep_unit(bureau, street="1 Mian Street", now=now)
    assert [word.channel for word in words(bureau)] == ["sms", "call"]
    (told,) = [word for word in words(bureau) if word.channel == left]
    told.state = "accepted"

    keep_unit(bureau, street="1 Main Street", now=now)

    assert [word.channel for word in words(bureau)] == ["sms", "call"]


def test_a_street_taken_out_by_mistake_and_written_again_tells_nobody(bureau: Bureau) -> None:
    book(bureau)
    keep_unit(bureau, street="")
    assert len(words(bureau)) == 1

    keep_unit(bureau, street="1 Main Street")

    assert words(bureau) == []


def test_what_waits_keeps_no_address(bureau: Bureau) -> None:
    book(bureau)

    keep_unit(bureau, street="7 Cedar Road")

    (word,) = words(bureau)
    assert "Main" not in str(word.values)
    assert "Cedar" not in str(word.values)


# --- what happens before it leaves


@pytest.mark.parametrize("end", [call_off, step_back])
@pytest.mark.parametrize("channel", ["sms", "mail", "call"])
def test_nothing_leaves_once_they_need_not_come(
    bureau: Bureau, channel: str, end: Callable[..., object]
) -> None:
    if channel == "sms":
        may_text(bureau)
    bureau.maria.channel = channel
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road", now=EVENING)
    assert channel in {word.channel for word in words(bureau)}

    end(bureau, now=EVENING)

    assert words(bureau) == []


def test_a_visit_that_has_begun_is_too_late_for_it(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road", now=EVENING)

    assert [word.expires_at for word in words(bureau)] == [VISIT_AT]
    skipped = prepare_kind(bureau, post, "other_place", now=VISIT_AT)

    assert skipped is Skipped.SETTLED
    assert words(bureau) == []


@pytest.mark.parametrize("over", ["active", "called_off_at", "starts_at"])
def test_the_last_look_before_it_leaves_asks_whether_they_come(
    bureau: Bureau, post: Post, over: str
) -> None:
    assignment = book(bureau)
    keep_unit(bureau, street="7 Cedar Road")
    changes: dict[str, tuple[Assignment | Visit, Any]] = {
        "active": (assignment, False),
        "called_off_at": (bureau.visit, NOW),
        "starts_at": (assignment, NOW),
    }
    row, value = changes[over]
    setattr(row, over, value)
    bureau.session.flush()

    assert prepare_kind(bureau, post, "other_place", now=NOW) is Skipped.SETTLED
    assert [word.reason for word in words(bureau, state="cancelled")] == ["superseded"]


@pytest.mark.parametrize("channel", ["sms", "call"])
def test_it_is_still_news_of_a_visit_that_moves_and_names_the_new_time(
    bureau: Bureau, channel: str
) -> None:
    if channel == "sms":
        may_text(bureau)
    bureau.maria.channel = channel
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road", now=EVENING)

    move(bureau, now=EVENING)

    (word,) = [each for each in words(bureau) if each.channel == channel]
    assert starts(word) == VISIT_AT + timedelta(days=1)


def test_it_follows_a_new_law_on_the_clocks(bureau: Bureau) -> None:
    may_text(bureau)
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road", now=EVENING)
    bureau.visit.utc_offset_s += 3600
    bureau.session.flush()

    assert visits.keep_wall_time(bureau.session, bureau.visit, links=LINKS, now=EVENING)

    (word,) = words(bureau)
    assert starts(word) == VISIT_AT + timedelta(hours=1)


def test_it_leaves_after_the_visit_has_moved(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road", now=EVENING)
    move(bureau, now=EVENING)

    prepared = prepare_kind(bureau, post, "other_place", now=NOW + timedelta(days=1))

    assert isinstance(prepared, Prepared)


def test_of_a_visit_that_moves_after_it_left_nothing_is_told_again(bureau: Bureau) -> None:
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road")
    leave(bureau)

    move(bureau)

    assert words(bureau) == []


def test_it_is_not_sent_again_with_a_time_that_is_over(bureau: Bureau) -> None:
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road")
    leave(bureau)
    (word,) = words(bureau, state="accepted")
    assert settling.next_copy(bureau.session, word, now=NOW) == 1

    move(bureau)

    with pytest.raises(Conflict, match="no longer so"):
        settling.next_copy(bureau.session, word, now=NOW)


def test_other_changes_of_the_visit_leave_it_as_it_waits(bureau: Bureau) -> None:
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road", now=VISIT_AT - timedelta(hours=25))
    (before,) = words(bureau)
    later = VISIT_AT - timedelta(hours=23)

    question = bureau.ask(bureau.daniel, "co-presenter", now=later)
    offers.accept(bureau.session, offer=question, by=SYSTEM, via="link", links=LINKS, now=later)

    assert [word.id for word in words(bureau)] == [before.id]


def test_it_does_not_hang_on_how_often_the_visit_was_changed(bureau: Bureau, post: Post) -> None:
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road")
    bureau.visit.revision += 1
    bureau.session.flush()

    prepared = prepare_kind(bureau, post, "other_place", now=NOW)

    assert isinstance(prepared, Prepared)


def test_of_two_changes_the_first_is_not_said_anew(bureau: Bureau) -> None:
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road", now=EVENING)
    may_text(bureau)
    keep_unit(bureau, street="9 Cedar Road", now=EVENING)

    move(bureau, now=EVENING)

    assert [word.channel for word in words(bureau)] == ["sms"]


# --- taken back


def test_who_takes_a_step_back_back_hears_what_had_not_left(bureau: Bureau) -> None:
    may_text(bureau)
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road", now=EVENING)
    assignment = step_back(bureau, now=EVENING)

    again = undo.a_step_back(bureau.session, assignment, by=SYSTEM, links=LINKS, now=EVENING)

    (word,) = words(bureau)
    assert (word.channel, word.subject_id) == ("sms", again.id)


def test_who_is_called_hears_it_though_the_list_was_tidied_meanwhile(bureau: Bureau) -> None:
    bureau.maria.channel = "call"
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road")
    assignment = step_back(bureau)
    calls.tidy(bureau.session, now=NOW)

    undo.a_step_back(bureau.session, assignment, by=SYSTEM, links=LINKS, now=NOW)

    assert [word.channel for word in words(bureau)] == ["mail", "call"]


def test_when_a_visit_is_on_after_all_what_had_not_left_is_told(bureau: Bureau) -> None:
    may_text(bureau)
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road", now=EVENING)
    call_off(bureau, by=ruth(bureau), now=EVENING)

    undo.a_call_off(bureau.session, bureau.visit, by=ruth(bureau), links=LINKS, now=EVENING)

    assert [word.channel for word in words(bureau)] == ["sms"]


def test_what_had_left_is_not_told_again_after_a_step_back(bureau: Bureau) -> None:
    book(bureau)
    keep_unit(bureau, street="7 Cedar Road")
    leave(bureau)
    assignment = step_back(bureau)

    undo.a_step_back(bureau.session, assignment, by=SYSTEM, links=LINKS, now=NOW)

    assert words(bureau) == []
