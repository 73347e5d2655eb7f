"""What calendars answer: it counts from the invited person alone, once, and never from a guess."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from multiprocessing.pool import ThreadPool
from typing import Any

import pytest
from sqlalchemy import select, update

from outreach import db
from outreach.actor import SYSTEM, Actor, Kind
from outreach.calendars.models import CalendarItem, CalendarReply
from outreach.calendars.reply import Unfit, Why
from outreach.db import Database
from outreach.errors import Conflict
from outreach.messaging.inbox import Sort
from outreach.messaging.models import InboundMail, Message
from outreach.visits.models import Assignment, OtherTime, Visit
from outreach.visits.rules import Code
from outreach.workflows import (
    calendar_replies,
    inbound_mail,
    invite_mails,
    offers,
    other_times,
    people,
    undo,
    visits,
)
from outreach.workflows.visits import AgainstTheRules
from tests.builders import NOW, VISIT_AT
from tests.calendars import replies
from tests.calendars.replies import Asked, Made
from tests.workflows.conftest import LINKS, Bureau, open_bureau

LATER = NOW + timedelta(hours=1)
WARD = "ward4b@stclare.example"
NOON = VISIT_AT + timedelta(hours=2)

Say = Callable[..., bool]


def let_everything_leave(bureau: Bureau) -> None:
    waits = (Message.state == "pending", Message.kind.startswith("invite"))
    bureau.session.execute(update(Message).where(*waits).values(state="accepted"))


@pytest.fixture
def booked(bureau: Bureau) -> Bureau:
    """Maria has said yes, and the invites to her and to the ward have left."""
    offer = bureau.ask(bureau.maria)
    offers.accept(bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=NOW)
    let_everything_leave(bureau)
    return bureau


def item(bureau: Bureau, owner: str = "speaker") -> CalendarItem:
    found = select(CalendarItem).where(
        CalendarItem.visit_id == bureau.visit.id, CalendarItem.owner_kind == owner
    )
    return bureau.session.scalars(found.execution_options(populate_existing=True)).one()


def asked(bureau: Bureau, said: str = "ACCEPTED", owner: str = "speaker") -> Asked:
    """What Maria's program, or the ward's, knows of the invite that left last."""
    entry = item(bureau, owner)
    return Asked(
        uid=entry.uid,
        attendee=bureau.maria.email if owner == "speaker" else WARD,
        said=said,
        sequence=entry.sequence,
        stamp=f"{NOW:%Y%m%dT%H%M%SZ}",
    )


def take(bureau: Bureau, answer: Asked, *, made: Made = replies.google, head: str = "") -> bool:
    """Let an answer come in; say whether it is settled."""
    raw = head.encode() + made(answer)
    filed = inbound_mail.process_inbound(bureau.session, raw, links=LINKS, now=LATER)
    assert filed.sort is Sort.CALENDAR
    return mail(bureau).settled_at is not None


def mail(bureau: Bureau) -> InboundMail:
    newest = select(InboundMail).order_by(InboundMail.id.desc()).limit(1)
    return bureau.session.scalars(newest.execution_options(populate_existing=True)).one()


def why(bureau: Bureau) -> str:
    kept = select(CalendarReply.why).where(CalendarReply.mail_id == mail(bureau).id)
    return bureau.session.scalar(kept) or ""


def comes(bureau: Bureau) -> bool:
    mine = (Assignment.speaker_id == bureau.maria.id, Assignment.active)
    return bureau.session.scalar(select(Assignment.id).where(*mine)) is not None


# --- a speaker's yes, no and perhaps


@pytest.mark.parametrize("made", replies.ALL, ids=lambda made: made.__name__)
def test_a_no_from_any_program_gives_the_place_back(booked: Bureau, made: Made) -> None:
    assert take(booked, asked(booked, "DECLINED"), made=made)

    assert not comes(booked)
    assert item(booked).cancelled_at == LATER
    assert item(booked).answer == "DECLINED"
    assert "invite_cancel mail" in booked.messages(to=booked.maria)
    assert (mail(booked).subject, mail(booked).body) == ("", "")


def test_a_no_alerts_those_who_see_to_the_visit(booked: Bureau) -> None:
    booked.visit.starts_at = LATER + timedelta(hours=3)
    booked.visit.ends_at = LATER + timedelta(hours=4)
    booked.session.execute(
        update(Assignment).values(starts_at=booked.visit.starts_at, ends_at=booked.visit.ends_at)
    )

    take(booked, asked(booked, "DECLINED"))

    assert "late_trouble mail" in booked.messages()


@pytest.mark.parametrize("made", replies.ALL, ids=lambda made: made.__name__)
def test_a_yes_from_any_program_is_noted_and_changes_nothing_else(
    booked: Bureau, made: Made
) -> None:
    before = booked.messages()

    assert take(booked, asked(booked), made=made)

    assert comes(booked)
    assert (item(booked).answer, item(booked).answer_at) == ("ACCEPTED", NOW)
    assert booked.messages() == before


def test_a_perhaps_keeps_the_place_and_waits_for_a_coordinator(booked: Bureau) -> None:
    assert not take(booked, asked(booked, "TENTATIVE"))

    assert comes(booked)
    assert (why(booked), item(booked).answer) == (Why.PERHAPS, "TENTATIVE")


def test_somebody_else_in_their_place_is_for_a_coordinator(booked: Bureau) -> None:
    assert not take(booked, asked(booked, "DELEGATED"))

    assert (why(booked), comes(booked)) == (Why.ANOTHER, True)


def test_an_answer_that_says_nothing_does_nothing(booked: Bureau) -> None:
    assert take(booked, asked(booked, "NEEDS-ACTION"))

    assert (item(booked).answer, comes(booked)) == ("", True)


def test_words_beside_an_answer_reach_a_coordinator(booked: Bureau) -> None:
    plain = replies.thunderbird(asked(booked)).replace(
        b"SUMMARY:", b"COMMENT:Five minutes late\r\nSUMMARY:"
    )

    inbound_mail.process_inbound(booked.session, plain, links=LINKS, now=LATER)

    assert (why(booked), item(booked).answer) == (Why.COMMENT, "ACCEPTED")
    assert mail(booked).body


def test_a_no_once_the_visit_has_begun_waits(booked: Bureau) -> None:
    booked.visit.starts_at = LATER - timedelta(minutes=5)

    assert not take(booked, asked(booked, "DECLINED"))

    assert (why(booked), comes(booked)) == (Why.TOO_LATE, True)


# --- order and repeats


def test_the_same_mail_again_changes_nothing(booked: Bureau) -> None:
    answer = asked(booked, "DECLINED")
    take(booked, answer)
    before = booked.messages()

    again = inbound_mail.process_inbound(
        booked.session, replies.google(answer), links=LINKS, now=LATER
    )

    assert (again.is_new, booked.messages()) == (False, before)


def test_of_two_answers_the_one_written_later_counts_whichever_comes_first(booked: Bureau) -> None:
    late = f"{NOW + timedelta(minutes=9):%Y%m%dT%H%M%SZ}"
    take(booked, replace(asked(booked), stamp=late, own="r2"))

    assert take(booked, asked(booked, "TENTATIVE"))

    assert (comes(booked), item(booked).answer) == (True, "ACCEPTED")


def test_a_no_from_a_program_whose_clock_is_slow_is_not_lost(booked: Bureau) -> None:
    late = f"{NOW + timedelta(minutes=5):%Y%m%dT%H%M%SZ}"
    take(booked, replace(asked(booked), stamp=late, own="r2"))

    assert not take(booked, asked(booked, "DECLINED"))

    assert (why(booked), comes(booked)) == (Why.OLDER, True)


def test_a_clock_that_is_ahead_does_not_outdo_what_is_said_later(booked: Bureau) -> None:
    take(booked, replace(asked(booked), stamp="20991231T000000Z", own="r2"))

    assert item(booked).answer_at == LATER
    raw = replies.google(replace(asked(booked, "DECLINED"), stamp="20991231T000000Z"))
    inbound_mail.process_inbound(booked.session, raw, links=LINKS, now=LATER + timedelta(minutes=1))
    assert not comes(booked)


def test_a_yes_to_an_earlier_version_says_nothing_of_the_new_one(booked: Bureau) -> None:
    old = asked(booked)
    move(booked)

    assert take(booked, old)

    assert item(booked).answer == ""


def test_a_no_to_an_earlier_version_gives_nothing_back_and_waits(booked: Bureau) -> None:
    old = asked(booked, "DECLINED")
    move(booked)

    assert not take(booked, old)

    assert (why(booked), comes(booked)) == (Why.OLDER, True)


def test_a_no_counts_after_a_change_that_was_taken_back_before_anybody_heard(
    booked: Bureau,
) -> None:
    as_invited = asked(booked, "DECLINED")
    by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=booked.world.affiliate.id)
    visits.call_off(booked.session, booked.visit, by=by, links=LINKS, now=NOW)
    undo.a_call_off(booked.session, booked.visit, by=by, links=LINKS, now=NOW)
    assert item(booked).sequence > as_invited.sequence

    assert take(booked, as_invited)

    assert (why(booked), comes(booked)) == ("", False)


@pytest.mark.parametrize(
    ("said", "is_agreed"), [("ACCEPTED", True), ("TENTATIVE", False), ("DECLINED", False)]
)
def test_what_the_wards_calendar_says_decides_whether_it_is_asked_again(
    booked: Bureau, said: str, *, is_agreed: bool
) -> None:
    move(booked)
    take(booked, asked(booked, said, "unit"), made=replies.outlook)

    ask_again = item(booked, "unit").agreed_to != invite_mails.time_and_place(item(booked, "unit"))

    assert ask_again is not is_agreed


def test_a_yes_to_the_new_time_is_news_after_a_yes_to_the_old_one(booked: Bureau) -> None:
    take(booked, replace(asked(booked), stamp=f"{LATER:%Y%m%dT%H%M%SZ}"))
    move(booked)

    take(booked, replace(asked(booked, "DECLINED"), own="r2"))

    assert not comes(booked)


def move(bureau: Bureau) -> None:
    visits.move(
        bureau.session,
        bureau.visit,
        day=VISIT_AT.date() + timedelta(days=1),
        at=time(10),
        minutes=60,
        overrule=True,
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )
    let_everything_leave(bureau)


# --- whose it is


@pytest.mark.parametrize("made", replies.ALL, ids=lambda made: made.__name__)
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"attendee": "mallory@else.example"}, Why.STRANGER),
        ({"attendee": "joy@hill.example", "sender": "maria.lopez@speakers.example"}, Why.STRANGER),
        ({"sender": "mallory@else.example"}, Why.OTHER_SENDER),
        ({"uid": "visit-6f1c7a52-0f3e-4a53-9d30-6a2a64f5f1b0@outreach.example"}, Why.UNKNOWN),
        ({"uid": "visit-%@outreach.example"}, Why.UNKNOWN),
    ],
    ids=["a stranger", "another's name", "another's mailbox", "another uid", "a pattern"],
)
def test_what_is_not_surely_theirs_changes_nothing_and_waits(
    booked: Bureau, made: Made, changes: dict[str, Any], reason: Why
) -> None:
    before = booked.messages()

    assert not take(booked, replace(asked(booked, "DECLINED"), **changes), made=made)

    assert (why(booked), comes(booked), item(booked).answer) == (reason, True, "")
    assert booked.messages() == before


MARIA = "maria.lopez@speakers.example"


@pytest.mark.parametrize(
    "sender",
    [
        "=?utf-8?q?maria.lopez=40speakers.example=2C?= <mallory@else.example>",
        "=?utf-8?q?maria.lopez=40speakers.example?= <mallory@else.example>",
        "=?utf-8?q?=3Cmaria.lopez=40speakers.example=3E?= <mallory@else.example>",
        f"{MARIA}, mallory@else.example",
        f"{MARIA}>\r\nFrom: <mallory@else.example",
        f"<{MARIA}> <mallory@else.example>",
        f"mallory@else.example <{MARIA}>",
        f"{MARIA} (mallory@else.example)",
        f'"{MARIA}" <mallory@else.example>',
        MARIA,
    ],
)
def test_a_sender_who_is_two_or_only_called_so_is_nobody_for_sure(
    booked: Bureau, sender: str
) -> None:
    raw = replies.google(asked(booked, "DECLINED"))
    written = f"From: Maria Ruiz <{booked.maria.email}>".encode()
    assert written in raw
    forged = raw.replace(written, f"From: {sender}".encode())

    inbound_mail.process_inbound(booked.session, forged, links=LINKS, now=LATER)

    is_plain = sender.strip() == MARIA
    assert comes(booked) is not is_plain
    assert why(booked) == ("" if is_plain else Why.OTHER_SENDER)


@pytest.mark.both_engines
@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "utf-16", "no-such"])
def test_halves_of_characters_keep_no_mail_out(bureau: Bureau, charset: str) -> None:
    raw = f"""From: maria@hill.example
Content-Type: text/calendar; charset={charset}; method=REPLY
Message-ID: <half@hill.example>

BEGIN:VCALENDAR
METHOD:REPLY
BEGIN:VEVENT
UID:+2AA-x\\ud800\\x00
COMMENT:+2AA-
ATTENDEE:mailto:maria@hill.example
END:VEVENT
END:VCALENDAR
"""

    filed = inbound_mail.process_inbound(bureau.session, raw.encode(), links=LINKS, now=LATER)

    assert filed.is_new
    assert mail(bureau).settled_at is None


@pytest.mark.both_engines
def test_what_nobody_foresaw_waits_and_keeps_no_mail_out(
    booked: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object, **_more: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(offers, "cannot_come", fail)

    assert not take(booked, asked(booked, "DECLINED"))

    assert comes(booked)


def test_the_wards_invite_is_not_answered_by_a_speaker(booked: Bureau) -> None:
    wards = item(booked, "unit").uid

    assert not take(booked, replace(asked(booked, "DECLINED"), uid=wards))

    assert (why(booked), comes(booked)) == (Why.STRANGER, True)


def test_what_a_server_calls_forged_changes_nothing(booked: Bureau) -> None:
    report = "Authentication-Results: mx.example; dmarc=fail header.from=speakers.example\r\n"

    assert not take(booked, asked(booked, "DECLINED"), head=report)

    assert (why(booked), comes(booked)) == (Why.FORGED, True)


def change_address(bureau: Bureau, email: str = "maria@new.example") -> None:
    facts = {"email": email}
    people.change_speaker(bureau.session, bureau.maria, facts, by=SYSTEM, links=LINKS, now=NOW)


def test_the_address_that_was_invited_may_answer_until_its_calendar_is_told_goodbye(
    booked: Bureau,
) -> None:
    answer = asked(booked, "DECLINED")
    booked.maria.email = "maria@new.example"
    assert "invite_elsewhere mail" not in booked.messages()

    assert take(booked, answer)

    assert not comes(booked)


@pytest.mark.parametrize("said", ["ACCEPTED", "DECLINED"])
@pytest.mark.parametrize("state", ["pending", "accepted", "dead"])
def test_a_mailbox_whose_calendar_was_told_goodbye_answers_for_nobody(
    booked: Bureau, state: str, said: str
) -> None:
    """The address before may have been a slip: a stranger's."""
    answer = asked(booked, said)
    change_address(booked)
    goodbye = update(Message).where(Message.kind == "invite_elsewhere").values(state=state)
    booked.session.execute(goodbye)
    before = booked.messages()

    assert not take(booked, replace(answer, sequence=item(booked).sequence))

    assert (why(booked), comes(booked), item(booked).answer) == (Why.STRANGER, True, "")
    assert booked.messages() == before


def test_a_former_mailbox_gives_no_answer_in_the_new_ones_name_either(booked: Bureau) -> None:
    former = booked.maria.email
    change_address(booked)

    assert not take(booked, replace(asked(booked, "DECLINED"), sender=former))

    assert (why(booked), comes(booked)) == (Why.OTHER_SENDER, True)


def test_the_new_mailbox_answers_and_so_does_an_old_one_that_is_theirs_again(
    booked: Bureau,
) -> None:
    former = booked.maria.email
    change_address(booked)
    let_everything_leave(booked)
    assert take(booked, asked(booked))
    assert item(booked).answer == "ACCEPTED"

    change_address(booked, former)
    let_everything_leave(booked)

    assert take(booked, replace(asked(booked, "DECLINED"), own="r2"))

    assert not comes(booked)


@pytest.mark.parametrize("said", ["ACCEPTED", "TENTATIVE", "DECLINED", "NEEDS-ACTION"])
@pytest.mark.parametrize("owner", ["speaker", "unit"])
def test_an_answer_to_what_was_never_sent_changes_nothing_and_waits(
    booked: Bureau, owner: str, said: str
) -> None:
    before = booked.messages()
    answer = asked(booked, said, owner)

    assert not take(booked, replace(answer, sequence=answer.sequence + 1))

    assert (why(booked), comes(booked), item(booked, owner).answer) == (Why.NEVER_SENT, True, "")
    assert booked.messages() == before


def test_a_file_that_cannot_be_read_waits_with_its_reason(booked: Bureau) -> None:
    raw = replies.google(asked(booked, "DECLINED")).replace(b"ATTENDEE;", b"X-ATTENDEE;")

    inbound_mail.process_inbound(booked.session, raw, links=LINKS, now=LATER)

    assert (why(booked), comes(booked)) == (Unfit.NOT_ONE_PERSON, True)


def test_it_waits_for_the_bureau_whose_visit_it_is(booked: Bureau) -> None:
    take(booked, replace(asked(booked), sender="mallory@else.example"))

    assert mail(booked).affiliate_id == booked.world.affiliate.id


# --- a visit that is not theirs


def test_a_yes_to_a_visit_that_is_off_is_answered_with_its_end(booked: Bureau) -> None:
    visits.call_off(booked.session, booked.visit, by=SYSTEM, links=LINKS, now=NOW)
    let_everything_leave(booked)

    assert take(booked, asked(booked))

    assert "invite_cancel mail" in booked.messages(to=booked.maria)


def test_a_yes_after_stepping_back_waits_while_somebody_is_missing(booked: Bureau) -> None:
    take(booked, asked(booked, "DECLINED"))
    let_everything_leave(booked)

    assert not take(booked, replace(asked(booked), own="r2", stamp="20261201T150500Z"))

    assert (why(booked), comes(booked)) == (Why.NOT_THEIRS, False)


def test_machines_that_answer_each_other_come_to_an_end(booked: Bureau) -> None:
    visits.call_off(booked.session, booked.visit, by=SYSTEM, links=LINKS, now=NOW)
    let_everything_leave(booked)
    for number in range(20):
        stamp = f"{NOW + timedelta(minutes=number):%Y%m%dT%H%M%SZ}"
        take(booked, replace(asked(booked), own=f"x{number}", stamp=stamp))
        let_everything_leave(booked)

    sent = booked.messages(to=booked.maria, state="accepted")

    assert sent.count("invite_cancel mail") == 1 + 5


# --- the ward


def test_the_wards_yes_is_noted(booked: Bureau) -> None:
    assert take(booked, asked(booked, owner="unit"))

    assert item(booked, "unit").answer == "ACCEPTED"


def test_the_wards_no_calls_nothing_off_and_waits(booked: Bureau) -> None:
    assert not take(booked, asked(booked, "DECLINED", owner="unit"))

    assert (why(booked), booked.visit.called_off_at, comes(booked)) == (Why.WARD_NO, None, True)


# --- the invite again


def test_who_lost_the_invite_gets_it_once_more(booked: Bureau) -> None:
    assert take(booked, replace(asked(booked), method="REFRESH"), made=replies.outlook)

    again = [told for told in booked.messages(to=booked.maria) if told.startswith("invite")]
    assert again == ["invite mail"]


# --- another time


def counter(bureau: Bureau, owner: str = "speaker", starts: datetime = NOON) -> InboundMail:
    """Let a calendar propose another time, of ninety minutes; give the mail that waits."""
    answer = replace(
        asked(bureau, "TENTATIVE", owner),
        method="COUNTER",
        starts=f"{starts.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        ends=f"{starts.astimezone(UTC) + timedelta(minutes=90):%Y%m%dT%H%M%SZ}",
    )
    assert not take(bureau, answer, made=replies.outlook)
    assert why(bureau) == Why.OTHER_TIME
    return mail(bureau)


def test_a_speakers_other_time_is_put_to_the_unit(booked: Bureau) -> None:
    waits = counter(booked)

    has_moved = calendar_replies.take_time(booked.session, waits, by=SYSTEM, links=LINKS, now=LATER)

    proposed = booked.session.scalars(select(OtherTime)).one()
    assert (has_moved, proposed.starts_at, booked.visit.starts_at) == (False, NOON, VISIT_AT)
    assert "other_time mail" in booked.messages()
    assert mail(booked).settled_at == LATER


def test_the_units_other_time_moves_the_visit_and_everybody_hears_of_it(booked: Bureau) -> None:
    waits = counter(booked, "unit")

    assert calendar_replies.take_time(booked.session, waits, by=SYSTEM, links=LINKS, now=LATER)

    assert (booked.visit.starts_at, booked.visit.ends_at) == (NOON, NOON + timedelta(minutes=90))
    assert "invite_update mail" in booked.messages(to=booked.maria)


def test_the_same_button_twice_moves_it_once(booked: Bureau) -> None:
    waits = counter(booked, "unit")
    calendar_replies.take_time(booked.session, waits, by=SYSTEM, links=LINKS, now=LATER)

    with pytest.raises(Conflict, match="settled already"):
        calendar_replies.take_time(booked.session, waits, by=SYSTEM, links=LINKS, now=LATER)

    assert item(booked).sequence == 1


def test_what_was_settled_as_it_is_moves_nothing_from_an_old_page(booked: Bureau) -> None:
    waits = counter(booked, "unit")
    calendar_replies.settle(booked.session, waits, by=SYSTEM, now=LATER)

    with pytest.raises(Conflict, match="settled already"):
        calendar_replies.take_time(booked.session, waits, by=SYSTEM, links=LINKS, now=LATER)

    assert booked.visit.starts_at == VISIT_AT


@pytest.mark.parametrize("method", ["COUNTER", "REPLY"])
@pytest.mark.parametrize("said", ["TENTATIVE", "DECLINED"])
def test_a_liaison_who_has_left_speaks_for_no_unit(booked: Bureau, method: str, said: str) -> None:
    """Their entry has ended; the ward's mailbox has one of its own."""
    ended = item(booked, "unit")
    ended.cancelled_at = LATER
    booked.session.flush()

    assert take(booked, replace(asked(booked, said, owner="unit"), method=method))

    assert (why(booked), comes(booked)) == ("", True)


def test_another_time_from_who_no_longer_comes_asks_nobody(booked: Bureau) -> None:
    take(booked, asked(booked, "DECLINED"))
    let_everything_leave(booked)
    late = replace(asked(booked, "TENTATIVE"), method="COUNTER", own="r2")

    assert take(booked, late)

    assert why(booked) == ""


def test_a_time_against_the_units_rules_moves_nothing_and_waits_on(booked: Bureau) -> None:
    waits = counter(booked, "unit", starts=VISIT_AT.replace(hour=8))

    with pytest.raises(AgainstTheRules) as found:
        calendar_replies.take_time(booked.session, waits, by=SYSTEM, links=LINKS, now=LATER)

    assert {refusal.code for refusal in found.value.refusals} == {Code.OUTSIDE_HOURS}
    assert (booked.visit.starts_at, mail(booked).settled_at) == (VISIT_AT, None)


def test_a_mail_without_a_time_moves_nothing(booked: Bureau) -> None:
    take(booked, asked(booked, "TENTATIVE"))

    with pytest.raises(Conflict, match="proposes no time"):
        calendar_replies.take_time(booked.session, mail(booked), by=SYSTEM, links=LINKS, now=LATER)


def test_who_is_not_given_another_time_is_sent_the_visit_as_it_stands(booked: Bureau) -> None:
    waits = counter(booked)

    for _ in range(2):
        calendar_replies.settle(booked.session, waits, by=SYSTEM, now=LATER)

    assert booked.messages(to=booked.maria).count("invite mail") == 1


def test_who_asked_for_a_time_the_unit_does_not_want_is_sent_the_visit_as_it_stands(
    booked: Bureau,
) -> None:
    waits = counter(booked)
    calendar_replies.take_time(booked.session, waits, by=SYSTEM, links=LINKS, now=LATER)
    proposed = booked.session.scalars(select(OtherTime)).one()
    assert "invite mail" not in booked.messages(to=booked.maria)

    for _ in range(2):
        other_times.keep(booked.session, proposed, by=SYSTEM, now=LATER)

    assert booked.messages(to=booked.maria).count("invite mail") == 1
    assert "invite mail" not in booked.messages(to=booked.daniel)


# --- at the same moment


@pytest.mark.both_engines
def test_a_no_by_calendar_and_one_by_mail_at_once_give_the_place_back_once(
    database: Database,
) -> None:
    with database.transaction() as session:
        bureau = open_bureau(session)
        offer = bureau.ask(bureau.maria)
        offers.accept(session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=NOW)
        let_everything_leave(bureau)
        answer = asked(bureau, "DECLINED")

    @db.retrying
    def decline(number: int) -> None:
        raw = replies.ALL[number](replace(answer, own=f"r{number}"))
        with database.transaction() as session:
            inbound_mail.process_inbound(session, raw, links=LINKS, now=LATER)

    with ThreadPool(4) as pool:
        pool.map(decline, range(4))

    with database.reading() as session:
        given_back = select(Assignment).where(Assignment.ended_because == "cannot_come")
        assert len(session.scalars(given_back).all()) == 1
        assert len(session.scalars(select(Visit)).all()) == 1
        cancelled = select(Message).where(
            Message.kind == "invite_cancel", Message.recipient_kind == "speaker"
        )
        assert len(session.scalars(cancelled).all()) == 1
