"""What an affiliate may write in place of our words, and why it is refused."""

import pytest

from outreach.i18n import LOCALES
from outreach.links import Links
from outreach.messaging import kinds, own_words, samples, segments
from outreach.messaging.templates import Texts
from outreach.reads import message_purposes

TEXTS = Texts(
    links=Links("https://visits.northshore-peers.org", b"a key for tests"),
    service_name="Outreach",
    support_phone="(312) 555-0100",
)
GOOD = "{service}: visit {when}? Say {yes} or {no}, or {link}"
NAMES = ("St. Clare Hospital", "4B", "Lakeshore Alliance", "Ann Arbor")

own_kinds = pytest.mark.parametrize(
    ("kind", "channel"), own_words.kinds(), ids=["-".join(place) for place in own_words.kinds()]
)
locales = pytest.mark.parametrize("locale", LOCALES)
own_texts = pytest.mark.parametrize("kind", [k for k, c in own_words.kinds() if c == "sms"])


def said(text: str, *, kind: str = "offer", channel: str = "sms", locale: str = "en") -> list[str]:
    found = own_words.problems(
        own_words.normal(text, channel=channel),
        kind=kind,
        channel=channel,
        locale=locale,
        names=NAMES,
        longest=lambda own: samples.longest_text(TEXTS, kind, locale=locale, own=own),
    )
    assert {problem.field for problem in found} <= {"text"}
    return [problem.message % problem.values for problem in found]


def passage(text: str) -> list[str]:
    return said(text, kind="renewal", channel="mail")


def test_a_wording_with_all_it_needs_is_kept() -> None:
    assert said(GOOD) == []
    assert passage("Hello {name}, we have coffee.\n\n{service}") == []


@own_texts
@locales
def test_our_own_text_is_a_start_that_may_be_kept_and_says_the_same(kind: str, locale: str) -> None:
    draft = TEXTS.draft(kind, samples.USUAL, locale=locale)

    assert said(draft, kind=kind, locale=locale) == []
    assert TEXTS.sms(kind, samples.LONGEST, locale=locale, own=draft) == TEXTS.sms(
        kind, samples.LONGEST, locale=locale
    )


@pytest.mark.parametrize("kind", [k for k, v in kinds.KINDS.items() if "sms" in v.channels])
@locales
def test_every_shipped_text_fits_with_the_longest_names(kind: str, locale: str) -> None:
    text = samples.longest_text(TEXTS, kind, locale=locale)

    assert segments.is_gsm(text)
    assert segments.count(text) <= own_words.MOST_SEGMENTS[locale]


@own_kinds
def test_a_passage_in_a_mail_comes_last_and_takes_nothing_away(kind: str, channel: str) -> None:
    if channel == "sms":
        return
    ours = TEXTS.mail(kind, samples.USUAL, to_name="Maria", locale="en")

    mail = TEXTS.mail(
        kind, samples.USUAL, to_name="Maria", locale="en", own="Thank you, {name}.\n\nRuth"
    )

    before, signature = ours.text.split("\n\n-- \n")
    assert mail.text == f"{before}\n\nThank you, Maria.\n\nRuth\n\n-- \n{signature}"
    assert "Thank you, Maria." in mail.html


def test_a_passage_is_words_and_never_markup() -> None:
    mail = TEXTS.mail(
        "renewal", samples.USUAL, to_name="<i>Eve</i>", locale="en", own="<b>{name}</b> {{ 7*7 }}"
    )

    assert "&lt;b&gt;&lt;i&gt;Eve&lt;/i&gt;&lt;/b&gt; {{ 7*7 }}" in mail.html


@own_kinds
def test_every_placeholder_is_filled_and_explained(kind: str, channel: str) -> None:
    room = own_words.room(kind, channel)
    assert room is not None
    own = " ".join(f"[{{{name}}}]" for name in room.known)
    values = {**samples.USUAL, **samples.PLACES}
    if channel == "sms":
        made = TEXTS.sms(kind, values, locale="en", to_name="Maria", own=own)
    else:
        made = TEXTS.mail(kind, values, to_name="Maria", locale="en", own=own).text

    assert "{" not in made
    assert "[]" not in made
    assert set(room.known) <= set(message_purposes.PLACEHOLDERS)


def test_every_kind_of_message_has_a_purpose_and_a_group() -> None:
    listed = [kind for _title, members in message_purposes.GROUPS for kind in members]

    assert sorted(listed) == sorted(kinds.KINDS)
    assert all(message_purposes.purpose(kind) for kind in listed)


def test_a_name_can_neither_bring_a_placeholder_nor_a_line() -> None:
    text = TEXTS.sms(
        "offer_gone", samples.USUAL, locale="en", to_name="{link}\nx", own="{name} {service}"
    )

    assert text == "{link} x Outreach"


def test_a_long_name_is_cut_so_that_no_text_is_longer_than_was_checked() -> None:
    text = TEXTS.sms(
        "offer_gone", samples.USUAL, locale="en", to_name="Maria " * 9, own="{name}|{service}"
    )

    assert text == "Maria Maria|Outreach"


def test_a_place_is_said_only_where_the_speaker_sees_it() -> None:
    own = "{service}: {when} {place}."

    hidden = TEXTS.sms("reminder", samples.USUAL, locale="en", own=own)
    seen = TEXTS.sms(
        "reminder", {**samples.USUAL, "hospital": "St. Clare", "unit": "4B"}, locale="en", own=own
    )

    assert hidden == "Outreach: Tue, Dec 8, 10:00 AM ET."
    assert seen == "Outreach: Tue, Dec 8, 10:00 AM ET, St. Clare, 4B."


def test_a_spanish_answer_is_one_that_is_understood() -> None:
    assert TEXTS.sms("offer", samples.USUAL, locale="es", own="{yes} o {no}") == "SI 12 o NO 12"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Write your wording"),
        (" \n ", "Write your wording"),
        ("x" * 401, "to 400 characters; it has 401"),
        (f"{GOOD} \x00", "cannot be kept"),
        (f"{GOOD} \ud800", "cannot be kept"),
        (f"{GOOD} a\u202eb", "cannot be kept"),
        (f"{GOOD} {{name.x}}", "Write { and } only around"),
        (f"{GOOD} {{", "Write { and } only around"),
        (f"{GOOD} {{place}}", "There is no {place} in this message"),
        (f"{GOOD} {{{{ 7*7 }}}}", "Write { and } only around"),
        ("{service}: {yes} {no} {link}", "Add {when} to your wording"),
        ("{service} {when} YES NO", "Add {yes}, {no}, {link} to your wording"),
        (f"{GOOD} https://evil.example", "reads as a link"),
        (f"{GOOD} evil.example/x", "reads as a link"),
        (f"{GOOD} ask ruth@lakeshore.example", "reads as a link"),
        (f"{GOOD} www.x", "reads as a link"),
        (f"{GOOD} 10.0.0.1", "reads as a link"),
        (f"{GOOD} Reply STOP", "Take out “stop”"),
        (f"{GOOD} reply with the word quit", "Take out “quit”"),
        (f"{GOOD} Responda ALTO", "Take out “alto”"),
        (f'{GOOD} or "end"', "Take out “end”"),
        (f"{GOOD} END", "Take out “END”"),
        (f"{GOOD} to cancel", "Take out “cancel”"),
        (f"{GOOD} psychiatric", "Take out “psychiatric”"),
        (f"{GOOD} psiquiátrico", "Take out “psiquiatrico”"),
        (f"{GOOD} hospital", "Take out “hospital”"),
        (f"{GOOD} st clare", "Take out “St. Clare Hospital”"),
        (f"{GOOD} Clare", "Take out “St. Clare Hospital”"),
        (f"{GOOD} on 4b", "Take out “4B”"),
        (f"{GOOD} ann arbor", "Take out “Ann Arbor”"),
        (f"{GOOD} {'and more ' * 6}", "it comes to 2 texts, and 1 is the most here. Shorten"),
        (f"{GOOD} \N{SMILING FACE WITH OPEN MOUTH}", "more than double it: \U0001f603"),
    ],
)
def test_a_wording_is_refused_with_the_reason(text: str, reason: str) -> None:
    assert any(reason in words for words in said(text)), said(text)


@pytest.mark.parametrize(
    "text",
    [
        "At the end of the day",
        "Thank you. Ruth",
        "Until 10 a.m.",
        "Call 313-555-0100",
        "4 beds, b4",
        "Reply by Friday, the weekend is near",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert said(f"{{service}}: {{when}}. {text}", kind="called_off") == []


def test_spanish_may_come_to_two_texts_and_no_more() -> None:
    assert said(f"{GOOD} {'y más ' * 20}", locale="es") == []
    assert any(
        "comes to 3 texts" in words for words in said(f"{GOOD} {'y más ' * 40}", locale="es")
    )


def test_every_reason_is_said_at_once() -> None:
    assert len(said("Reply STOP to x.com, 4B")) == 4


def test_a_mail_may_say_cancel_but_not_to_answer_with_it() -> None:
    assert passage("If you must cancel, call us.") == []
    assert passage("Please reply CANCEL.")
    assert passage("x" * 601)


@pytest.mark.parametrize(
    ("kind", "channel"),
    [("sign_in_code", "mail"), ("item_waits", "mail"), ("stop_reply", "sms"), ("renewal", "sms")],
)
def test_what_is_the_services_own_is_never_worded(kind: str, channel: str) -> None:
    assert own_words.room(kind, channel) is None
    assert said(GOOD, kind=kind, channel=channel) == ["This message always leaves in our words."]


def test_a_passage_keeps_its_paragraphs_and_a_text_is_one_line() -> None:
    assert own_words.normal(" a \r\n\r\n\r\n b  c\nd ", channel="mail") == "a\n\nb c\nd"
    assert own_words.normal(" a \r\n b ", channel="sms") == "a b"


def test_the_letters_that_spoil_a_text_are_named_once() -> None:
    assert own_words.spoilers("á ж ж 🙂") == ("ж", "🙂")
