"""Every template in both languages: complete, short enough, and silent about people and places."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from outreach.links import Links
from outreach.messaging import segments
from outreach.messaging.kinds import KINDS
from outreach.messaging.templates import Texts
from tests import catalogs

BASE_URL = "https://visits.northshore-peers.org"
LINKS = Links(BASE_URL, b"a key for tests")
TEXTS = Texts(links=LINKS, service_name="Outreach", support_phone="(312) 555-0100")

OFFER = {
    "offer_id": "o" * 22,
    "speaker_id": "s" * 22,
    "expires_at": "2026-12-28T22:30:00+00:00",
    "number": 4312,
    "distance_km": 148.2,
    "role": "co-presenter",
}
VISIT = {
    "visit_id": "v" * 22,
    # A Wednesday with two figures in everything: the longest date of both languages.
    "starts_at": "2026-12-30T22:30:00+00:00",
    "ends_at": "2026-12-31T00:00:00+00:00",
    "was": "2026-12-23T22:30:00+00:00",
    "zone": "Pacific/Honolulu",
    "reminder": "2 days",
    "other_start": "2026-12-30T23:30:00+00:00",
    "other_end": "2026-12-31T01:00:00+00:00",
}
AFTER = {
    "assignment_id": "a" * 22,
    "debrief_until": "2027-01-14T00:00:00+00:00",
    "came_until": "2027-01-14T00:00:00+00:00",
}
SIGN_IN = {"what": "app_added", "change": "c" * 22}
REFERRING = {"affiliate": "Lakeshore Alliance of Greater Detroit", "may": True}
ITEM = {"link_id": "l" * 22, "link_code_id": "k" * 22, "about": "accept:1"}
DIGEST = dict.fromkeys(
    ("asked_for", "yes", "no", "silent", "stepped_back", "called_off", "waiting"), 12
)
LONGEST: dict[str, Any] = {
    **DIGEST,
    **VISIT,
    **OFFER,
    **AFTER,
    **REFERRING,
    **SIGN_IN,
    **ITEM,
    "text": "The training is on Monday at 6 PM.",
    "text_es": "La capacitacion es el lunes a las 6.",
    "stop_id": "n" * 22,
    "code_id": "c" * 22,
    "inviter": "Ruth Adler",
    "helpers_of": "h" * 22,
    "phone": "(313) 555-0100",
    "month": "2026-12",
    "mark": "80",
}
PLACES = {
    "hospital": "Northwestern Memorial Hospital of Saint Clare, North Campus",
    "unit": "Adolescent Pavilion 4B West, Room 12",
}
CANARIES = {"hospital": "CANARYHOSPITAL", "unit": "CANARYUNIT"}

sms_kinds = pytest.mark.parametrize("kind", [k for k, v in KINDS.items() if "sms" in v.channels])
mail_kinds = pytest.mark.parametrize("kind", [k for k, v in KINDS.items() if "mail" in v.channels])
locales = pytest.mark.parametrize("locale", ["en", "es"])
minimal_or_full = pytest.mark.parametrize("places", [{}, PLACES], ids=["minimal", "full"])


@sms_kinds
@minimal_or_full
def test_every_english_text_is_one_segment(kind: str, places: dict[str, str]) -> None:
    text = TEXTS.sms(kind, LONGEST | places, locale="en")

    assert segments.is_gsm(text)
    assert segments.count(text) == 1, f"{len(text)}: {text}"


@sms_kinds
@minimal_or_full
def test_every_spanish_text_is_two_segments_at_most(kind: str, places: dict[str, str]) -> None:
    text = TEXTS.sms(kind, LONGEST | places, locale="es")

    assert segments.is_gsm(text)
    assert segments.count(text) <= 2, f"{len(text)}: {text}"


@locales
def test_help_without_a_telephone_points_to_a_page(locale: str) -> None:
    texts = Texts(links=LINKS, service_name="Outreach")

    text = texts.sms("help_reply", {}, locale=locale)

    assert f"{BASE_URL}/" in text
    assert segments.count(text) <= (1 if locale == "en" else 2)


def test_spanish_texts_are_worded_around_the_letters_that_double_the_price() -> None:
    said = catalogs.sentences()
    texts = [msgid for msgid in said if said[msgid].startswith("templates/messages/sms/")]
    held = catalogs.entries()

    spanish = [form for msgid in texts for entry in held[msgid] for form in entry.forms]

    assert len(spanish) >= len(texts)
    assert [form for form in spanish if not segments.is_gsm(form)] == []


def test_texts_in_spanish_say_day_and_month_in_spanish() -> None:
    text = TEXTS.sms("called_off", VISIT | {"starts_at": "2026-12-05T22:30:00+00:00"}, locale="es")

    assert "sab, 5 de dic, 12:30 p.m. HST" in text


@sms_kinds
@locales
def test_a_text_names_no_place_where_the_speaker_chose_so(kind: str, locale: str) -> None:
    text = TEXTS.sms(kind, LONGEST | {"area": "CANARYAREA"}, locale=locale)

    assert "CANARY" not in text
    assert not re.search("psychiatr|psiqui|hospital", text, re.IGNORECASE)


@mail_kinds
@locales
def test_a_mail_names_no_place_where_the_speaker_chose_so(kind: str, locale: str) -> None:
    mail = TEXTS.mail(kind, LONGEST | {"area": "CANARYAREA"}, to_name="Maria", locale=locale)

    for part in (mail.subject, mail.text, mail.html):
        assert "CANARY" not in part
        assert not re.search("psychiatr|psiqui|hospital", part, re.IGNORECASE)
        assert not re.search(r"\b(None|Undefined)\b", part)


@pytest.mark.parametrize(
    "kind", ["offer", "reminder", "moved", "other_place", "called_off", "invite"]
)
def test_a_mail_names_the_place_to_who_wants_to_see_it(kind: str) -> None:
    mail = TEXTS.mail(kind, LONGEST | CANARIES, to_name="Maria", locale="en")

    assert "Where: CANARYHOSPITAL, CANARYUNIT" in mail.text
    assert ">Where</span><br>CANARYHOSPITAL, CANARYUNIT</p>" in mail.html
    assert "CANARY" not in mail.subject


@mail_kinds
@locales
def test_every_mail_has_a_subject_words_and_the_number_for_a_bad_hour(
    kind: str, locale: str
) -> None:
    mail = TEXTS.mail(kind, LONGEST, to_name="Maria", locale=locale)

    assert mail.subject
    assert len(mail.subject) < 80
    assert "Maria" in mail.text
    for part in (mail.text, mail.html):
        assert "988" in part
        assert "Outreach" in part
    assert mail.html.startswith("<!DOCTYPE html>")
    assert f'lang="{locale}"' in mail.html
    assert "<style" not in mail.html
    assert "http://" not in mail.html.replace("http://www.w3.org", "")


@pytest.mark.parametrize("kind", ["invite", "invite_update", "moved", "reminder"])
def test_a_mail_leads_to_the_visit_signed_in_or_by_ones_own_link(kind: str) -> None:
    signing_in = TEXTS.mail(kind, VISIT, to_name="Priya", locale="en").text
    own = TEXTS.mail(kind, {**VISIT, **OFFER}, to_name="Maria", locale="en").text

    assert f"{BASE_URL}/v/{VISIT['visit_id']}" in signing_in
    assert "/v/" not in own
    assert f"{BASE_URL}/a/" in own


def test_the_answer_link_is_the_one_whose_hash_is_kept() -> None:
    token = LINKS.answer_token(
        "o" * 22, speaker_id="s" * 22, expires_at=datetime(2026, 12, 28, 22, 30, tzinfo=UTC)
    )

    text = TEXTS.sms("offer", LONGEST, locale="en")
    mail = TEXTS.mail("offer", LONGEST, to_name="Maria", locale="en")

    assert text.endswith(LINKS.answer(token))
    assert f"\n{LINKS.answer(token)}\n" in mail.text
    assert f'href="{LINKS.answer(token)}"' in mail.html


def test_the_code_is_in_the_mail_but_not_on_the_locked_screen() -> None:
    mail = TEXTS.mail("sign_in_code", {"code_id": "c" * 22}, to_name="Ruth Adler", locale="en")

    assert f"Code: {LINKS.sign_in_code('c' * 22)}" in mail.text
    assert not re.search(r"\d{8}", mail.subject)


def test_names_cannot_forge_a_button_or_a_subject() -> None:
    name = "Eve\n\nOpen this:\nhttps://evil.example"

    mail = TEXTS.mail(
        "called_off", LONGEST | {"hospital": "<b>St. Clare</b>"}, to_name=name, locale="en"
    )

    assert "Hello Eve Open this: https://evil.example," in mail.text
    assert 'href="https://evil.example"' not in mail.html
    assert "&lt;b&gt;St. Clare&lt;/b&gt;" in mail.html


def test_the_same_values_give_the_same_words_again() -> None:
    first = TEXTS.mail("offer", LONGEST, to_name="Maria", locale="es")

    assert TEXTS.mail("offer", LONGEST, to_name="Maria", locale="es") == first
