"""About me: consent to texts, what may be shown, wishes, places never to be offered."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Account
from outreach.actor import SYSTEM
from outreach.audit import AuditEvent
from outreach.calendars.models import CalendarItem
from outreach.links import Links
from outreach.messaging import service as messaging
from outreach.messaging.models import Consent, Message
from outreach.speakers.models import Exclusion
from outreach.workflows import offers
from tests import builders
from tests.builders import NOW
from tests.web.speaker.conftest import Place

NUMBER = "+13135550177"
ALL = {"reminders": "all"}


def ledger(session: Session) -> list[tuple[str, str, str, str]]:
    session.expire_all()
    rows = session.scalars(select(Consent).order_by(Consent.id))
    return [(row.event, row.phone, row.source, row.wording) for row in rows]


def reach(place: Place, **form: str) -> int:
    return place.browser.post("/speaker/about/reach", data=ALL | form).status_code


def test_the_page_shows_what_we_know_and_hides_nothing_of_it(place: Place) -> None:
    page = place.browser.get("/speaker/about").text

    for words in (
        "Maria Lopez",
        "By mail",
        "You have not agreed to texts, so we send none.",
        "No place: only that there is a visit, and when",
        "At most 4",
        "Any distance",
        "Where you are signed in",
    ):
        assert words in page, words


def test_texts_begin_with_an_agreement_in_the_ledger_and_end_with_one(place: Place) -> None:
    assert "I can reply STOP at any time" in place.browser.get("/speaker/about/reach").text

    refused = place.browser.post(
        "/speaker/about/reach", data=ALL | {"channel": "sms", "phone": "313-555-0177"}
    )
    assert refused.status_code == 422
    assert "Tick the box to get texts at this number" in refused.text
    assert ledger(place.session) == []

    assert reach(place, channel="sms", phone="313-555-0177", agrees="y") == 303
    assert reach(place, channel="sms", phone="313-555-0177", agrees="y") == 303
    assert ledger(place.session) == [("opt_in", NUMBER, "form", "2026-11-en")]
    assert (place.speaker().channel, place.speaker().phone) == ("sms", NUMBER)
    assert "You agreed on Nov 23, 2026." in place.browser.get("/speaker/about").text

    assert reach(place, channel="mail", phone="313-555-0177") == 303
    assert ledger(place.session)[1:] == [("opt_out", NUMBER, "form", "")]
    assert not messaging.agreed(place.session, NUMBER, speaker_id=place.maria.id)


def test_a_new_number_starts_without_an_agreement(place: Place) -> None:
    reach(place, channel="sms", phone="313-555-0177", agrees="y")

    without = reach(place, channel="sms", phone="313-555-0188")
    with_it = reach(place, channel="sms", phone="313-555-0188", agrees="y")

    assert (without, with_it) == (422, 303)
    assert [(event, phone) for event, phone, *_rest in ledger(place.session)] == [
        ("opt_in", NUMBER),
        ("opt_in", "+13135550188"),
    ]


def test_texts_at_night_are_an_agreement_of_their_own_for_this_very_number(place: Place) -> None:
    assert "you may text me at night too" in place.browser.get("/speaker/about/reach").text
    form = {"channel": "sms", "agrees": "y", "any_hour": "y"}

    assert reach(place, **form, phone="313-555-0177") == 303
    assert reach(place, **form, phone="313-555-0177") == 303

    night = ("opt_in", NUMBER, "form", "2026-11-any-hour-en")
    assert ledger(place.session) == [("opt_in", NUMBER, "form", "2026-11-en"), night]
    assert place.speaker().any_hour
    assert reach(place, channel="sms", agrees="y", phone="313-555-0178") == 303
    assert not place.speaker().any_hour
    assert reach(place, channel="mail", phone="313-555-0178", any_hour="y") == 303
    assert not place.speaker().any_hour


def test_ending_texts_sends_what_waits_by_mail(
    place: Place, session: Session, links: Links
) -> None:
    reach(place, channel="sms", phone="313-555-0177", agrees="y")
    session.expire_all()
    visit = builders.visit(session, place.world)
    offer = builders.offer(session, builders.slots(session, visit)[0], place.maria)
    offers.accept(session, offer=offer, by=SYSTEM, via="link", links=links, now=NOW)
    session.commit()
    texts = select(Message.state).where(Message.channel == "sms", Message.kind == "reminder")
    assert set(session.scalars(texts)) == {"pending"}

    reach(place, channel="mail", phone="313-555-0177")

    session.expire_all()
    assert set(session.scalars(texts)) == {"cancelled"}
    mails = select(Message).where(Message.channel == "mail", Message.kind == "reminder")
    assert len(session.scalars(mails).all()) == 3


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Choose how we reach you."),
        ({"channel": "pigeon"}, "Choose one of the answers"),
        ({"channel": "\x00"}, "cannot be kept"),
        ({"channel": "sms", "phone": "", "agrees": "y"}, "Enter the number."),
        ({"channel": "call", "phone": ""}, "Enter the number."),
        ({"channel": "mail", "phone": "12"}, "This is not a telephone number."),
        ({"channel": "mail", "phone": "🙂"}, "This is not a telephone number."),
        ({"channel": "mail", "phone": "<script>alert(1)</script>"}, "not a telephone number"),
        ({"channel": "mail", "phone": "3" * 100_000}, "too long"),
    ],
)
def test_a_wrong_answer_about_reaching_changes_nothing(
    place: Place, form: dict[str, str], words: str
) -> None:
    before = place.speaker().revision

    answer = place.browser.post("/speaker/about/reach", data=ALL | form)

    assert answer.status_code == 422
    assert words in answer.text
    assert "<script>alert" not in answer.text
    assert place.speaker().revision == before
    assert ledger(place.session) == []


def test_a_megabyte_is_refused(place: Place) -> None:
    answer = place.browser.post(
        "/speaker/about/reach", data={"channel": "mail", "phone": "3" * 1_048_576}
    )

    assert answer.status_code in {413, 422}
    assert place.speaker().channel == "mail"


def test_fewer_reminders_follow_at_once_and_all_of_them_again(
    place: Place, session: Session, links: Links
) -> None:
    visit = builders.visit(session, place.world)
    offer = builders.offer(session, builders.slots(session, visit)[0], place.maria)
    offers.accept(session, offer=offer, by=SYSTEM, via="link", links=links, now=NOW)
    session.commit()
    waiting = select(Message.values).where(Message.kind == "reminder", Message.state == "pending")

    def names() -> list[str]:
        session.expire_all()
        in_order = waiting.order_by(Message.send_after)
        return [values["reminder"] for values in session.scalars(in_order)]

    every = names()
    assert reach(place, channel="mail", reminders="last") == 303
    assert names() == every[-1:]
    assert "Only the last one before the visit" in place.browser.get("/speaker/about").text
    assert reach(place, channel="mail", reminders="none") == 303
    assert names() == []
    assert reach(place, channel="mail", reminders="all") == 303
    assert names() == every
    assert len(every) == 3


def test_what_may_be_shown_reaches_the_calendar_at_once(
    place: Place, session: Session, links: Links
) -> None:
    visit = builders.visit(session, place.world)
    offer = builders.offer(session, builders.slots(session, visit)[0], place.maria)
    offers.accept(session, offer=offer, by=SYSTEM, via="link", links=links, now=NOW)
    session.commit()

    answer = place.browser.post(
        "/speaker/about/shown",
        data={"detail": "full", "calendar": "both", "alarm": "none", "locale": "es"},
    )

    assert answer.status_code == 303
    session.expire_all()
    mine = select(CalendarItem).where(CalendarItem.owner_kind == "speaker")
    item = session.scalars(mine).one()
    assert place.world.hospital.name in item.summary
    assert item.sequence == 1
    me = place.speaker()
    assert (me.detail, me.calendar, me.locale) == ("full", "both", "es")
    account = session.scalars(select(Account).where(Account.email == me.email)).one()
    assert account.locale == "es"
    assert "Guardado." in place.browser.get("/speaker/about").text

    place.browser.post(
        "/speaker/about/shown",
        data={"detail": "minimal", "calendar": "both", "alarm": "none", "locale": "es"},
    )
    session.expire_all()
    hidden = session.scalars(mine).one()
    assert place.world.hospital.name not in hidden.summary + hidden.location
    assert hidden.sequence == 2


def test_questions_come_into_the_calendar_for_who_chooses_so(place: Place) -> None:
    form = {"detail": "full", "calendar": "both", "alarm": "day", "locale": "en"}

    place.browser.post("/speaker/about/shown", data=form | {"asked_by_calendar": "y"})
    is_on = place.speaker().asked_by_calendar
    page = place.browser.get("/speaker/about/shown").text
    place.browser.post("/speaker/about/shown", data=form)

    assert (is_on, place.speaker().asked_by_calendar) == (True, False)
    assert place.speaker().alarm_minutes == 24 * 60
    (box,) = re.findall(r'<input[^>]*name="asked_by_calendar"[^>]*>', page)
    assert "checked" in box


@pytest.mark.parametrize("wrong", ["", "everything", "\x00", "🙂", "<b>", "x" * 100_000])
@pytest.mark.parametrize("field", ["detail", "calendar", "alarm", "locale"])
def test_a_wrong_answer_about_showing_changes_nothing(place: Place, field: str, wrong: str) -> None:
    before = place.speaker().revision
    right = {"detail": "full", "calendar": "mail", "alarm": "hour", "locale": "es"}

    answer = place.browser.post("/speaker/about/shown", data=right | {field: wrong})

    assert answer.status_code == 422
    assert place.speaker().revision == before


def test_wishes_are_kept(place: Place) -> None:
    answer = place.browser.post(
        "/speaker/about/wishes",
        data={"quota": "2", "rest_days": "7", "miles": "25", "languages": ["en", "es"]},
    )

    me = place.speaker()
    assert answer.status_code == 303
    assert (me.quota_per_month, me.rest_days, me.languages) == (2, 7, ["en", "es"])
    assert me.radius_km == pytest.approx(40.2336)
    assert "Up to 25 miles" in place.browser.get("/speaker/about").text


def test_an_unchanged_distance_stays_to_the_meter(place: Place, session: Session) -> None:
    place.maria.radius_km = 40.5
    session.commit()

    place.browser.post(
        "/speaker/about/wishes",
        data={"quota": "2", "rest_days": "0", "miles": "25", "languages": "en"},
    )

    assert place.speaker().radius_km == 40.5


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *[("quota", bad) for bad in ("", "-1", "32", "1.5", "\x00", "🙂", "<b>", "9" * 100_000)],
        *[("rest_days", bad) for bad in ("", "-1", "366", "many")],
        *[("miles", bad) for bad in ("0", "501", "far")],
        *[("languages", bad) for bad in ("", "fr", "\x00")],
    ],
)
def test_a_wrong_wish_changes_nothing(place: Place, field: str, wrong: str) -> None:
    before = place.speaker().revision
    right = {"quota": "2", "rest_days": "7", "miles": "25", "languages": "en"}

    answer = place.browser.post("/speaker/about/wishes", data=right | {field: wrong})

    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert place.speaker().revision == before


def test_a_place_is_never_offered_again_and_nobody_is_told_which(place: Place) -> None:
    unit, hospital = place.world.unit, place.world.hospital
    value = f"unit-{unit.public_id}"

    taps = [place.browser.post("/speaker/about/never", data={"place": value}) for _tap in range(2)]
    place.browser.post("/speaker/about/never", data={"place": f"hospital-{hospital.public_id}"})

    rows = place.session.scalars(select(Exclusion).order_by(Exclusion.id)).all()
    assert [tap.status_code for tap in taps] == [303, 303]
    assert [(row.unit_id, row.hospital_id) for row in rows] == [
        (unit.id, None),
        (None, hospital.id),
    ]
    page = place.browser.get("/speaker/about/never").text
    assert f"{hospital.name}, {unit.name}" in page
    assert f"All of {hospital.name}" in page
    last = place.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert last.action == "availability.change"
    assert str(unit.id) not in str(last.details or "")

    place.browser.post(f"/speaker/about/never/{rows[0].public_id}/remove")
    place.session.expire_all()
    assert len(place.session.scalars(select(Exclusion)).all()) == 1


def test_places_of_others_cannot_be_named_and_lists_of_others_do_not_exist(
    place: Place, session: Session
) -> None:
    there = builders.world(session, "Elsewhere")
    theirs = builders.exclusion(
        session, builders.speaker(session, there.affiliate, builders.DANIEL), there.unit
    )
    session.commit()

    named = [
        place.browser.post("/speaker/about/never", data={"place": value}).status_code
        for value in (
            f"unit-{there.unit.public_id}",
            f"hospital-{there.hospital.public_id}",
            place.world.unit.public_id,
            "unit-",
            "\x00",
            "🙂",
            "<script>",
            "x" * 100_000,
            "",
        )
    ]
    removed = place.browser.post(f"/speaker/about/never/{theirs.public_id}/remove").status_code

    assert set(named) == {422}
    assert removed == 404
    session.expire_all()
    assert [row.id for row in session.scalars(select(Exclusion))] == [theirs.id]
    assert there.hospital.name not in place.browser.get("/speaker/about/never").text


def test_the_pages_speak_spanish(place: Place) -> None:
    place.browser.post("/language", data={"lang": "es"})

    for path, words in {
        "/speaker/about": "Cómo nos comunicamos con usted",
        "/speaker/about/reach": "Puedo responder STOP en cualquier momento",
        "/speaker/about/shown": "Lo que se puede ver",
        "/speaker/about/wishes": "No le pedimos nada más allá de esto.",
        "/speaker/about/never": "Lugares que no me deben ofrecer",
    }.items():
        assert words in place.browser.get(path).text, path


def test_looking_at_ones_own_pages_writes_nothing(place: Place) -> None:
    before = place.speaker().revision
    events = len(place.session.scalars(select(AuditEvent)).all())

    for path in ("", "/open-visits", "/times", "/times/exact", "/about", "/about/reach"):
        assert place.browser.get(f"/speaker{path}").status_code == 200

    assert place.speaker().revision == before
    assert len(place.session.scalars(select(AuditEvent)).all()) == events
