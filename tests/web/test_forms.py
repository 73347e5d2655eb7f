"""What a browser may send, and what a person is told of it."""

from datetime import date, time
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from outreach import i18n
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.web.forms import (
    BooleanField,
    DateField,
    EmailField,
    Form,
    LongTextField,
    NumberField,
    PhoneField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TextField,
    TimeField,
    required,
)


class VisitForm(Form):
    """One field of each kind."""

    title = TextField(lazy("Today"), longest=20, validators=[required("Please fill this in.")])
    notes = LongTextField("Notes", longest=50)
    email = EmailField("E-mail")
    phone = PhoneField("Phone")
    day = DateField("Day")
    hour = TimeField("Hour")
    size = NumberField("Size", lowest=1, highest=40)
    way = RadioField("Way", choices=[("a", lazy("Visits")), ("b", lazy("People"))], default="a")
    unit = SelectField("Unit", choices=[("", "–"), ("u1", "Unit 4B")], default="")
    days = SelectMultipleField("Days", choices=[("0", lazy("Today")), ("1", "Monday")])
    sure = BooleanField("Sure")


def sent(app: Flask, **values: Any) -> tuple[VisitForm, bool]:  # noqa: ANN401 - any field's
    """Send the form; return it and whether it was right."""
    data = MultiDict({"title": "A visit", "way": "a", "unit": "u1"})
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    with app.test_request_context("/", method="POST", data=data):
        form = VisitForm()
        return form, form.is_sent_and_right()


@pytest.fixture
def app() -> Flask:
    """Return a bare application: forms need a request and no more."""
    return Flask(__name__)


def test_everything_right_becomes_typed_values(app: Flask) -> None:
    form, is_right = sent(
        app,
        title="  A visit ",
        notes="one\r\ntwo\n",
        email=" Ruth@People.Example ",
        phone="313-555-0100",
        day="2026-12-01",
        hour="14:00",
        size="12",
        days=["0", "1"],
        sure="y",
    )

    assert is_right, form.errors
    assert form.data == {
        "title": "A visit",
        "notes": "one\ntwo",
        "email": "ruth@people.example",
        "phone": "+13135550100",
        "day": date(2026, 12, 1),
        "hour": time(14),
        "size": 12,
        "way": "a",
        "unit": "u1",
        "days": ["0", "1"],
        "sure": True,
    }


def test_what_is_left_empty_is_none_or_empty(app: Flask) -> None:
    form, is_right = sent(app, email="", phone="", day="", hour="", size="", notes="", unit="")

    assert is_right, form.errors
    assert form.email.data in {"", None}
    assert [form[name].data for name in ("phone", "day", "hour", "size")] == [None] * 4


@pytest.mark.parametrize("typed", ["", "   ", "\t\n"])
def test_a_missing_answer_is_asked_for(app: Flask, typed: str) -> None:
    form, is_right = sent(app, title=typed)

    assert not is_right
    assert form.title.errors == ["Please fill this in."]


@pytest.mark.parametrize(
    "typed", ["a\x00b", "a\x1bb", "a\x7fb", "a\udc80b", "a\uffffb", "a\ufffeb", "\x08"]
)
@pytest.mark.parametrize("name", ["title", "notes", "email", "phone", "day", "way", "unit", "days"])
def test_characters_that_cannot_be_kept_are_refused_by_the_name_of_their_field(
    app: Flask, name: str, typed: str
) -> None:
    data = MultiDict({"title": "A visit", "way": "a", name: typed})
    with app.test_request_context("/"):
        form = VisitForm()
        form.process(data)
        is_right = form.validate()

    assert not is_right
    label = form[name].label.text
    assert (
        f"{label} holds characters that cannot be kept. Please type it again." in form[name].errors
    )


def test_letters_of_every_kind_are_kept(app: Flask) -> None:
    for text in ("María Ñandú", "日本語", "שלום", "👩🏽‍⚕️", "<b>&amp;</b>", "'; DROP", "O’Neil"):
        form, is_right = sent(app, title=text)
        assert is_right, (text, form.errors)
        assert form.title.data == text


@pytest.mark.parametrize(
    "typed",
    [
        "Ruth\r\nAdler",
        "Ruth\n\tAdler",
        "Ruth\u2028Adler",
        "Ruth\x85Adler",
        "Ruth\xa0Adler",
        "Ruth Adler",
    ],
)
def test_one_line_stays_one_line(app: Flask, typed: str) -> None:
    # A name goes into the subject of a mail: a line break there would begin something else.
    form, is_right = sent(app, title=typed)

    assert is_right
    assert form.title.data == "Ruth Adler"


@pytest.mark.parametrize(("name", "longest"), [("title", 20), ("notes", 50), ("email", 254)])
def test_the_longest_text_is_taken_and_one_more_is_not(app: Flask, name: str, longest: int) -> None:
    ending = "@people.example" if name == "email" else ""
    text = "x" * (longest - len(ending)) + ending
    long, _ = sent(app, **{name: "x" + text})
    right, _ = sent(app, **{name: text})

    words = f"{long[name].label.text} is too long. Please use at most {longest} characters."
    assert words in long[name].errors
    assert words not in right[name].errors


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("email", "nobody", "This is not an e-mail address. It looks like name@example.org."),
        (
            "email",
            "a@b@c.example",
            "This is not an e-mail address. It looks like name@example.org.",
        ),
        ("phone", "12", "This is not a telephone number."),
        ("phone", "call me", "This is not a telephone number."),
        ("day", "tomorrow", "This is not a date. Write it like 2026-12-01."),
        ("day", "2026-02-30", "This is not a date. Write it like 2026-12-01."),
        ("day", "9999-12-31", "Check the year: it must be from 2000 to 2100."),
        ("day", "1999-12-31", "Check the year: it must be from 2000 to 2100."),
        ("day", "2101-01-01", "Check the year: it must be from 2000 to 2100."),
        ("hour", "25:00", "This is not a time. Write it like 14:00."),
        ("hour", "14:00:30", "This is not a time. Write it like 14:00."),
        ("hour", "14:00+05:00", "This is not a time. Write it like 14:00."),
        ("size", "twelve", "Write a whole number, like 12."),
        ("size", "1e3", "Write a whole number, like 12."),
        ("size", "9" * 400, "Write a whole number, like 12."),
        ("size", "٣", "Write a whole number, like 12."),
        ("size", "0", "Write a number from 1 to 40."),
        ("size", "41", "Write a number from 1 to 40."),
        ("way", "c", "Choose one of the answers on the list."),
        ("unit", "u2", "Choose one of the answers on the list."),
        ("days", "7", "Choose from the answers on the list."),
    ],
)
def test_a_wrong_answer_is_explained_beside_its_field(
    app: Flask, name: str, typed: str, words: str
) -> None:
    form, is_right = sent(app, **{name: typed})

    assert not is_right
    assert list(form.errors) == [name]
    assert form[name].errors[0].startswith(words)


@pytest.mark.parametrize(("name", "typed"), [("phone", "12"), ("day", "2026-13-01"), ("size", "x")])
def test_what_was_typed_stays_in_the_field(app: Flask, name: str, typed: str) -> None:
    form, _ = sent(app, **{name: typed})

    assert f'value="{typed}"' in form[name]()


def test_a_number_is_shown_as_people_write_it(app: Flask) -> None:
    with app.test_request_context("/"):
        form = VisitForm(phone="+13135550100")

    assert 'value="313-555-0100"' in form.phone()


def test_words_are_in_the_language_of_the_reader(app: Flask) -> None:
    with i18n.speaking("es"):
        form, _ = sent(app, title="", size="x", day="x")

    assert form.title.label.text == "Hoy"
    assert form.title.errors == ["Por favor, llene este espacio."]
    assert form.size.errors == ["Escriba un número entero, como 12."]
    with i18n.speaking("es"):
        assert [choice.label.text for choice in form.way] == ["Visitas", "Personas"]
        assert [choice.label.text for choice in form.days] == ["Hoy", "Monday"]


def test_a_form_says_nothing_before_it_is_sent(app: Flask) -> None:
    with app.test_request_context("/?title=x"):
        form = VisitForm(title="Given")

        assert not form.is_sent_and_right()
    assert form.title.data == "Given"
    assert form.errors == {}


def test_what_was_sent_counts_more_than_what_was_given(app: Flask) -> None:
    with app.test_request_context("/", method="POST", data={"title": "Sent", "way": "a"}):
        form = VisitForm(title="Given")

    assert form.title.data == "Sent"


def test_a_rule_that_was_broken_stands_beside_its_field_or_above_the_form(app: Flask) -> None:
    form, _ = sent(app)

    form.refuse(RuleBroken("Please fill this in.", field="day"))
    form.refuse(RuleBroken("Write %(min)s or more.", min=3))
    form.refuse(RuleBroken("Try again in five minutes.", field="nothing"))

    assert form.day.errors == ["Please fill this in."]
    assert form.form_errors == ["Write 3 or more.", "Try again in five minutes."]


def test_fields_nobody_asked_for_are_not_taken(app: Flask) -> None:
    form, is_right = sent(app, affiliate_id="1", is_administrator="y")

    assert is_right
    assert "affiliate_id" not in form.data
