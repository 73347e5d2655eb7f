"""How a spreadsheet's columns and words become ours: a TOML file, validated.

Without a file the built-in mapping holds: each column is called like its field below ("zip" or
"Zip", "liaison_email" or "Liaison email"), and the words are the defaults below. Column names are
compared without regard to case, spacing and underscores.
"""

import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.workflows.imports.cells import Words

MOST_BYTES = 256 * 1024

AgeGroup = Literal["adult", "adolescent", "older adult"]
Intake = Literal["link", "account", "phone"]
Capacity = Literal["has_capacity", "no_capacity", "waitlist", "additional_assessment_required"]
AGE_GROUPS: tuple[AgeGroup, ...] = ("adult", "adolescent", "older adult")
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Header = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
"""The name of a column; "" means that there is none, whatever the sheet has."""
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
ClearanceKind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]
Months = Annotated[int, Field(ge=1, le=120)]
VisitMinutes = Annotated[int, Field(ge=10, le=480)]
PeoplePerRole = Annotated[int, Field(ge=1, le=9)]

LANGUAGES: dict[str, str] = {
    "English": "en",
    "Spanish": "es",
    "Español": "es",
    "ASL": "ase",
    "Arabic": "ar",
    "Cantonese": "yue",
    "Chinese": "zh",
    "French": "fr",
    "Haitian Creole": "ht",
    "Hindi": "hi",
    "Korean": "ko",
    "Mandarin": "zh",
    "Polish": "pl",
    "Portuguese": "pt",
    "Russian": "ru",
    "Tagalog": "tl",
    "Ukrainian": "uk",
    "Vietnamese": "vi",
}
"""ISO 639 codes by the names spreadsheets use; a code itself is understood too."""

CLEARANCES: dict[str, str] = {
    "TB": "tb",
    "flu": "flu",
    "background check": "background_check",
    "hospital": "hospital",
    "badge": "hospital",
    "orientation": "hospital",
}
"""Kinds of clearance; "hospital" is whatever the hospital itself gives."""


class MappingError(RuleBroken):
    """A mapping file cannot be used, or the sheet lacks a column it needs."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Columns(_Table):
    """Field → the header of the column that holds it. Those in `required` must be there."""

    required: ClassVar[frozenset[str]] = frozenset()
    said_as: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Words that a header of this field often has, where they differ from other sheets'."""

    def named(self) -> Mapping[str, str]:
        """Return each field that has a column; those of a table are like "clearances.tb"."""
        return {field: header for field, header in _flat(self.model_dump()) if header}

    def chosen(self) -> frozenset[str]:
        """Return the fields whose columns a mapping file named."""
        given = _flat(self.model_dump(exclude_unset=True))
        return frozenset(field for field, header in given if header)


class UnitColumns(Columns):
    """The columns of a units sheet."""

    required = frozenset({"hospital", "unit", "zip", "age_group", "visiting_hours"})

    hospital: Header = "hospital"
    unit: Header = "unit"
    street: Header = "street"
    zip: Header = "zip"
    time_zone: Header = "time_zone"
    age_group: Header = "age_group"
    visiting_hours: Header = "visiting_hours"
    needs: Header = "needs"
    liaison_name: Header = "liaison_name"
    liaison_phone: Header = "liaison_phone"
    liaison_email: Header = "liaison_email"
    arrival_notes: Header = "arrival_notes"


class SpeakerColumns(Columns):
    """The columns of a speakers sheet. `clearances` has one for the date of each kind."""

    required = frozenset({"name", "email", "zip", "role", "programs", "trained_on", "retrain_by"})

    name: Header = "name"
    email: Header = "email"
    phone: Header = "phone"
    zip: Header = "zip"
    languages: Header = "languages"
    role: Header = "role"
    programs: Header = "programs"
    trained_on: Header = "trained_on"
    retrain_by: Header = "retrain_by"
    distance: Header = "distance"
    weekly: Header = "weekly"
    away: Header = "away"
    clearances: dict[ClearanceKind, Header] = Field(
        default={"tb": "tb", "flu": "flu", "background_check": "background_check"}
    )
    cleared_at: Header = "cleared_at"
    quota_per_month: Header = "quota_per_month"
    rest_days: Header = "rest_days"
    age_groups: Header = "age_groups"
    text_ok: Header = "text_ok"


class RequestColumns(Columns):
    """The columns of a requests sheet."""

    required = frozenset({"hospital", "unit", "date", "start", "minutes", "program"})

    hospital: Header = "hospital"
    unit: Header = "unit"
    date: Header = "date"
    start: Header = "start"
    minutes: Header = "minutes"
    program: Header = "program"
    language: Header = "language"
    repeats: Header = "repeats"
    critical: Header = "critical"
    group_size: Header = "group_size"
    room: Header = "room"
    screen: Header = "screen"
    by_video: Header = "by_video"
    access_needs: Header = "access_needs"
    notes: Header = "notes"


class AffiliateColumns(Columns):
    """The columns of a sheet of affiliates that receive referrals."""

    required = frozenset({"name", "zip", "counties"})
    said_as = {"name": ("affiliate", "organization", "name"), "phone": ("phone", "call")}

    name: Header = "name"
    zip: Header = "zip"
    state: Header = "state"
    counties: Header = "counties"
    person: Header = "person"
    phone: Header = "phone"
    email: Header = "email"
    receives_by: Header = "receives_by"
    capacity: Header = "capacity"


class Program(_Table):
    """A program the file may name: how many people in each role, and the lengths it may have."""

    roles: dict[Name, PeoplePerRole] = Field(min_length=1)
    minutes: list[VisitMinutes] = Field(min_length=1)


class BaseMapping(_Table):
    """What the mappings of all kinds may say."""

    first_affiliate: Name | None = None
    """What to call the affiliate when the database has none yet and none is named otherwise."""
    ignore: list[Name] = []
    """Columns that are left out on purpose."""


class UnitsMapping(BaseMapping):
    """A mapping of a units sheet."""

    columns: UnitColumns = UnitColumns()
    age_groups: dict[Name, AgeGroup] = {}
    clearances: dict[Name, ClearanceKind] = {}
    needs_always: list[ClearanceKind] = ["hospital"]
    """What every unit demands, whatever the sheet says: a speaker is cleared at each hospital."""

    def age_group_words(self) -> Words[AgeGroup]:
        """Return the words for whom a unit serves."""
        return Words({**{group: group for group in AGE_GROUPS}, **self.age_groups})

    def clearance_words(self) -> Words[str]:
        """Return the words for what a unit demands of visitors."""
        return Words({**CLEARANCES, **self.clearances})


class SpokenMapping(BaseMapping):
    """What the mappings of speakers and of requests have in common."""

    default_language: LanguageCode = "en"
    languages: dict[Name, LanguageCode] = {}
    programs: dict[Name, Program] = {}
    yes: list[Name] = ["yes", "y", "true", "x", "1"]
    no: list[Name] = ["no", "n", "false", "0"]

    def language_words(self) -> Words[str]:
        """Return the words for languages."""
        codes = {code: code for code in {*LANGUAGES.values(), *self.languages.values()}}
        return Words({**LANGUAGES, **self.languages, **codes})


class SpeakersMapping(SpokenMapping):
    """A mapping of a speakers sheet."""

    columns: SpeakerColumns = SpeakerColumns()
    roles: dict[Name, Name] = {}
    age_groups: dict[Name, AgeGroup | Literal["all"]] = {}
    clearance_months: dict[ClearanceKind, Months] = {}
    distance_unit: Literal["mi", "km"] = "mi"

    def role_words(self) -> Words[str]:
        """Return the words for what a speaker is trained as."""
        return Words(
            {**{role: role for role in ("lead", "co-presenter", "observer")}, **self.roles}
        )

    def age_group_words(self) -> Words[str]:
        """Return the words for whom a speaker visits; "all" stands for every group."""
        return Words({**{word: word for word in (*AGE_GROUPS, "all")}, **self.age_groups})

    def months(self, kind: str) -> int:
        """Return how many months a clearance lasts from its date."""
        return {**CLEARANCE_MONTHS, **self.clearance_months}.get(kind, DEFAULT_MONTHS)


class RequestsMapping(SpokenMapping):
    """A mapping of a requests sheet."""

    columns: RequestColumns = RequestColumns()


INTAKES: dict[str, Intake] = {
    "link": "link",
    "mail": "link",
    "e-mail": "link",
    "email": "link",
    "account": "account",
    "own page": "account",
    "phone": "phone",
    "telephone": "phone",
    "call": "phone",
    "calls": "phone",
}
CAPACITIES: dict[str, Capacity] = {
    "has capacity": "has_capacity",
    "has_capacity": "has_capacity",
    "has room": "has_capacity",
    "open": "has_capacity",
    "yes": "has_capacity",
    "no capacity": "no_capacity",
    "no_capacity": "no_capacity",
    "full": "no_capacity",
    "closed": "no_capacity",
    "no": "no_capacity",
    "waitlist": "waitlist",
    "waiting list": "waitlist",
    "additional assessment required": "additional_assessment_required",
    "additional_assessment_required": "additional_assessment_required",
    "assessment": "additional_assessment_required",
}


class AffiliatesMapping(BaseMapping):
    """A mapping of a sheet of affiliates that receive referrals."""

    columns: AffiliateColumns = AffiliateColumns()
    receives_by: dict[Name, Intake] = {}
    capacities: dict[Name, Capacity] = {}

    def intake_words(self) -> Words[Intake]:
        """Return the words for how an affiliate receives."""
        return Words({**INTAKES, **self.receives_by})

    def capacity_words(self) -> Words[Capacity]:
        """Return the words for whether an affiliate has room."""
        return Words({**CAPACITIES, **self.capacities})


CLEARANCE_MONTHS = {"tb": 12, "flu": 12, "background_check": 36}
DEFAULT_MONTHS = 12

AnyMapping = UnitsMapping | SpeakersMapping | RequestsMapping | AffiliatesMapping
_MODELS: Mapping[
    str, type[UnitsMapping | SpeakersMapping | RequestsMapping | AffiliatesMapping]
] = {
    "units": UnitsMapping,
    "speakers": SpeakersMapping,
    "requests": RequestsMapping,
    "affiliates": AffiliatesMapping,
}
KINDS = tuple(_MODELS)
"""What can be imported, in the order in which the files build on each other."""


def read(content: bytes | None, *, kind: str) -> AnyMapping:
    """Read the mapping of a `kind` of sheet from TOML; None gives the built-in one.

    Raises:
        MappingError: not TOML, an unknown key or a wrong value; every one of them is named.
    """
    model = _MODELS[kind]
    if content is None:
        return model()
    if len(content) > MOST_BYTES:
        raise MappingError(lazy("The mapping is too large."))
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
        return model.model_validate(table)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MappingError(
            lazy("The mapping is not valid TOML: %(error)s."), error=str(error)
        ) from error
    except ValidationError as error:
        raise _does_not_fit(error, kind=kind) from error


def with_columns(chosen: Mapping[str, str], *, kind: str) -> AnyMapping:
    """Return the built-in mapping with these columns alone, by field; no other has one."""
    model = _MODELS[kind]
    columns: dict[str, Any] = {}
    for field in model().columns.named():
        table, _, name = field.rpartition(".")
        place = columns.setdefault(table, {}) if table else columns
        place[name] = chosen.get(field, "")
    try:
        return model.model_validate({"columns": columns})
    except ValidationError as error:
        raise _does_not_fit(error, kind=kind) from error


def from_json(text: str, *, kind: str) -> AnyMapping:
    """Return a mapping that `model_dump_json` wrote. Raises MappingError like `read`."""
    try:
        return _MODELS[kind].model_validate_json(text)
    except ValidationError as error:
        raise _does_not_fit(error, kind=kind) from error


def _does_not_fit(error: ValidationError, *, kind: str) -> MappingError:
    known = {".".join(path) for path in _keys(_MODELS[kind])}
    problems = "; ".join(_in_words(each, known=known) for each in error.errors())
    return MappingError(
        lazy("The mapping does not fit a %(kind)s sheet: %(problems)s."),
        kind=kind,
        problems=problems,
    )


def _in_words(error: ErrorDetails, *, known: set[str]) -> str:
    key = ".".join(str(part) for part in error["loc"] if part != "[key]")
    if error["type"] in {"model_type", "dict_type"}:
        return f"{key}: input should be a table"
    if error["type"] != "extra_forbidden":
        return f"{key}: {error['msg'][0].lower()}{error['msg'][1:]}"
    near = get_close_matches(key, known, n=1)
    return f"{key}: no such key" + (f" (did you mean {near[0]}?)" if near else "")


def _keys(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        yield (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, (*path, name))


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for field, column in table.items():
        if isinstance(column, dict):
            yield from _flat(column, f"{prefix}{field}.")
        else:
            yield f"{prefix}{field}", column
