"""Forms: what a browser sends → typed values, or a sentence beside the field.

Forgery is checked for every POST before its view (app.py), so these forms carry no token field of
their own; templates write it with `forms.csrf()`.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from typing import Any

import email_validator
import wtforms
from flask import request
from werkzeug.datastructures import CombinedMultiDict
from wtforms.fields import Field
from wtforms.meta import DefaultMeta
from wtforms.validators import StopValidation, ValidationError

from outreach import i18n, phone
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy

Choices = Iterable[tuple[Any, str]] | None
"""Pairs of a value and its words, or its msgid; None: given later."""

MAX_TEXT = 200
MAX_LONG_TEXT = 4000
FIRST_YEAR, LAST_YEAR = 2000, 2100

_UNKEEPABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Control characters, lone surrogates and non-characters: databases refuse or mangle them."""

# WTForms' own sentences, in ours.
_REWORDED = {
    "Not a valid choice.": lazy("Choose one of the answers on the list."),
    "'%(value)s' is not a valid choice for this field.": lazy(
        "Choose from the answers on the list."
    ),
    "Invalid Choice: could not coerce.": lazy("Choose one of the answers on the list."),
    "Invalid choice(s): one or more data inputs could not be coerced.": lazy(
        "Choose from the answers on the list."
    ),
    "Not a valid integer value.": lazy("Write a whole number, like 12."),
    "Not a valid decimal value.": lazy("Write a number, like 12.5."),
    "Not a valid float value.": lazy("Write a number, like 12.5."),
    "This field is required.": lazy("Please fill this in."),
    "Number must be at least %(min)s.": lazy("Write %(min)s or more."),
    "Number must be at most %(max)s.": lazy("Write %(max)s or less."),
    "Number must be between %(min)s and %(max)s.": lazy("Write a number from %(min)s to %(max)s."),
}


class _Ours:
    """What WTForms asks for its sentences."""

    def gettext(self, message: str) -> str:
        return _(_REWORDED.get(message, message))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        # WTForms fills in its values itself, so no number may be filled in here.
        if singular in _REWORDED:
            return _(_REWORDED[singular])
        return i18n.catalog(i18n.locale()).ngettext(singular, plural, n)


class Form(wtforms.Form):
    """The base of every form: reads the request by itself, answers in the language spoken.

    A view asks `form.is_sent_and_right()`. Labels and choices are given as msgids and translated
    when the form is made, so a form class may stand at the top of a module.
    """

    class Meta(DefaultMeta):
        """How WTForms makes our forms."""

        csrf = False  # app.py checks every POST

        def get_translations(self, form: Any) -> _Ours:  # noqa: ANN401 - WTForms' own signature
            """Answer in the language now spoken."""
            del form
            return _Ours()

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - any field's value
        super().__init__(_sent(), **values)
        for field in self:
            field.label.text = _(field.label.text) if field.label.text else ""
            if field.description:
                field.description = _(field.description)

    def is_sent_and_right(self) -> bool:
        """Say whether the browser sent this form and every answer is usable."""
        return request.method == "POST" and self.validate()

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Check every field; what cannot be kept at all is refused first, field by field."""
        for field in self:
            if problem := _unkeepable(field):
                field.process_errors = [problem]
        return super().validate(extra_validators)

    def refuse(self, error: RuleBroken) -> None:
        """Show a broken rule beside the field it names, or above the form."""
        words = _(error.message, **error.values)
        target = self._fields.get(error.field or "")
        if target is None:
            self.form_errors.append(words)
        else:
            target.errors = [*target.errors, words]


def required(message: str) -> Callable[[wtforms.Form, Field], None]:
    """Demand an answer; `message` is the msgid that asks for it: "Enter your e-mail address"."""

    def check(_form: wtforms.Form, field: Field) -> None:
        if field.raw_data and str(field.raw_data[0]).strip():
            return
        if field.data and not isinstance(field.data, str):
            return
        field.errors = []
        raise StopValidation(_(message))

    # Read by the field's widget: the browser need not check, the label is enough.
    check.field_flags = {}  # type: ignore[attr-defined]
    return check


def stripped(value: Any) -> Any:  # noqa: ANN401 - a filter gets whatever the field holds
    """Take white space off both ends, and make line ends plain."""
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def one_line(value: Any) -> Any:  # noqa: ANN401 - a filter gets whatever the field holds
    """Make every run of white space, line breaks included, one space: names go into subjects."""
    return " ".join(value.split()) if isinstance(value, str) else value


def _filters(given: Sequence[Any]) -> list[Any]:
    return [stripped, *given]


class TextField(wtforms.StringField):
    """One line of text, `longest` characters at most."""

    def __init__(self, label: str = "", *, longest: int = MAX_TEXT, **options: Any) -> None:  # noqa: ANN401 - WTForms' own signature
        self.longest = longest
        super().__init__(
            label, filters=_filters([one_line, *options.pop("filters", ())]), **options
        )


class LongTextField(wtforms.TextAreaField):
    """Several lines of text."""

    def __init__(self, label: str = "", *, longest: int = MAX_LONG_TEXT, **options: Any) -> None:  # noqa: ANN401 - WTForms' own signature
        self.longest = longest
        super().__init__(label, filters=_filters(options.pop("filters", ())), **options)


class EmailField(wtforms.EmailField):
    """An address in lower case; its domain is not looked up."""

    longest = 254

    def __init__(self, label: str = "", **options: Any) -> None:  # noqa: ANN401 - WTForms' own signature
        super().__init__(label, filters=_filters(options.pop("filters", ())), **options)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Take what was typed, in lower case."""
        super().process_formdata(valuelist)
        self.data = self.data.strip().lower() if self.data else None

    def pre_validate(self, form: Any) -> None:  # noqa: ANN401 - WTForms' own signature
        """Refuse what cannot be an address."""
        super().pre_validate(form)
        if self.data and not _is_address(self.data):
            raise ValidationError(
                _("This is not an e-mail address. It looks like name@example.org.")
            )


class PhoneField(wtforms.TelField):
    """A telephone number; `data` is E.164, what was typed stays in the field."""

    longest = 40

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Turn what was typed into E.164; nothing typed is None."""
        self.data = None
        typed = valuelist[0].strip() if valuelist else ""
        if typed:
            try:
                self.data = phone.parse(typed)
            except RuleBroken as error:
                raise ValueError(_(error.message)) from error

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return phone.display(self.data) if self.data else ""


class DateField(wtforms.DateField):
    """A day, from the browser's own date picker or typed as 2026-12-01; years 2000 to 2100."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the day."""
        self.data = None
        typed = valuelist[0].strip() if valuelist else ""
        if not typed:
            return
        try:
            self.data = date.fromisoformat(typed)
        except ValueError as error:
            raise ValueError(_("This is not a date. Write it like 2026-12-01.")) from error
        if not FIRST_YEAR <= self.data.year <= LAST_YEAR:
            self.data = None
            raise ValueError(
                _(
                    "Check the year: it must be from %(first)s to %(last)s.",
                    first=FIRST_YEAR,
                    last=LAST_YEAR,
                )
            )


class TimeField(wtforms.TimeField):
    """A time of day, from the browser's own picker or typed as 14:00."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the time."""
        self.data = None
        typed = valuelist[0].strip() if valuelist else ""
        if not typed:
            return
        try:
            self.data = time.fromisoformat(typed)
        except ValueError as error:
            raise ValueError(_("This is not a time. Write it like 14:00.")) from error
        if self.data.tzinfo or self.data.second or self.data.microsecond:
            self.data = None
            raise ValueError(_("This is not a time. Write it like 14:00."))


class RadioField(wtforms.RadioField):
    """One answer of a few, as radio buttons. `choices` are (value, msgid) pairs."""

    def __init__(self, label: str = "", *, choices: Choices = None, **options: Any) -> None:  # noqa: ANN401 - WTForms' own signature
        super().__init__(label, choices=_as_choices(choices), **options)

    def iter_choices(self) -> Iterator[Any]:
        """Put the choices into the language now spoken."""
        return _translated(super().iter_choices())

    def offer_only(self, codes: Collection[str]) -> None:
        """Leave out every choice that is not among these."""
        every: Iterable[Any] = self.choices or ()
        self.choices = [choice for choice in every if choice.value in codes]


class SelectField(wtforms.SelectField):
    """One answer of many, as a list. Its choices are words already: they are names of things."""

    def __init__(self, label: str = "", *, choices: Choices = None, **options: Any) -> None:  # noqa: ANN401 - WTForms' own signature
        super().__init__(label, choices=_as_choices(choices), **options)


class SelectMultipleField(wtforms.SelectMultipleField):
    """Several answers, as check boxes. `choices` are (value, msgid) pairs."""

    widget = wtforms.widgets.ListWidget(prefix_label=False)
    option_widget = wtforms.widgets.CheckboxInput()

    def __init__(self, label: str = "", *, choices: Choices = None, **options: Any) -> None:  # noqa: ANN401 - WTForms' own signature
        super().__init__(label, choices=_as_choices(choices), **options)

    def iter_choices(self) -> Iterator[Any]:
        """Put the choices into the language now spoken."""
        return _translated(super().iter_choices())


class BooleanField(wtforms.BooleanField):
    """One check box."""


class NumberField(wtforms.IntegerField):
    """A whole number from `lowest` to `highest`, both allowed."""

    def __init__(
        self,
        label: str = "",
        *,
        lowest: int = 0,
        highest: int = 10_000,
        **options: Any,  # noqa: ANN401 - WTForms' own signature
    ) -> None:
        self.lowest, self.highest = lowest, highest
        super().__init__(label, **options)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the number; nothing typed is None."""
        self.data = None
        typed = valuelist[0].strip() if valuelist else ""
        if not typed:
            return
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", typed):
            raise ValueError(_("Write a whole number, like 12."))
        self.data = int(typed)
        if not self.lowest <= self.data <= self.highest:
            raise ValueError(
                _("Write a number from %(min)s to %(max)s.", min=self.lowest, max=self.highest)
            )


def _as_choices(pairs: Choices) -> list[Any] | None:
    """Return pairs as WTForms wants them: it warns of plain pairs."""
    if pairs is None:
        return None
    made = wtforms.SelectChoice  # type: ignore[attr-defined] # the stubs are older than 3.3
    return [made(value, label) for value, label in pairs]


def _translated(choices: Iterable[Any]) -> Iterator[Any]:
    for choice in choices:
        yield choice._replace(label=_(choice.label))


def _sent() -> CombinedMultiDict[str, Any] | None:
    if request.method != "POST":
        return None
    return CombinedMultiDict([request.files, request.form])


def _unkeepable(field: Field) -> str | None:
    typed = [text for text in field.raw_data or () if isinstance(text, str)]
    name = field.label.text
    if any(_UNKEEPABLE.search(text) for text in typed):
        return _(
            "%(field)s holds characters that cannot be kept. Please type it again.", field=name
        )
    longest = getattr(field, "longest", MAX_LONG_TEXT)
    if any(len(text) > longest for text in typed):
        return _(
            "%(field)s is too long. Please use at most %(count)s characters.",
            field=name,
            count=longest,
        )
    return None


def _is_address(text: str) -> bool:
    try:
        email_validator.validate_email(text, check_deliverability=False)
    except email_validator.EmailNotValidError:
        return False
    return True
