from pathlib import Path

import pytest

from outreach.workflows.imports import mapping
from outreach.workflows.imports.mapping import MappingError, SpeakersMapping

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


@pytest.mark.parametrize("kind", mapping.KINDS)
def test_the_mappings_the_project_keeps_are_valid(kind: str) -> None:
    content = (EXAMPLES / f"{kind}.toml").read_bytes()

    assert mapping.read(content, kind=kind).first_affiliate == "Lakeshore Peer Speakers"


@pytest.mark.parametrize("kind", mapping.KINDS)
def test_without_a_file_each_column_is_called_like_its_field(kind: str) -> None:
    named = mapping.read(None, kind=kind).columns.named()

    assert {field: field.removeprefix("clearances.") for field in named} == named


def test_a_mapping_names_the_clearances_columns_one_by_one() -> None:
    content = b'[columns.clearances]\ntb = "TB test"\nbadge = "Badge given"\n'

    read = mapping.read(content, kind="speakers")

    named = read.columns.named()
    assert named["clearances.tb"] == "TB test"
    assert named["clearances.badge"] == "Badge given"
    assert "clearances.flu" not in named
    assert read.columns.chosen() == {"clearances.tb", "clearances.badge"}


def test_clearances_last_what_the_mapping_says_else_what_is_usual() -> None:
    read = mapping.read(b"[clearance_months]\ntb = 24\n", kind="speakers")

    assert isinstance(read, SpeakersMapping)
    assert [read.months(kind) for kind in ("tb", "background_check", "badge")] == [24, 36, 12]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("colums = {}", "colums: no such key (did you mean columns?)"),
        ("[columns]\nemial = 'E'", "columns.emial: no such key (did you mean columns.email?)"),
        ("[columns]\nemail = 3", "columns.email: input should be a valid string"),
        ("default_language = 3", "default_language: input should be a valid string"),
        ("[clearance_months]\ntb = 0", "clearance_months.tb: input should be greater"),
        ("[programs.Story]\nminutes = [60]", "programs.Story.roles: field required"),
        ("[programs.Story]\nroles = {lead = 0}\nminutes = [60]", "programs.Story.roles.lead: "),
        ("[programs.Story]\nroles = {lead = 1}\nminutes = []", "programs.Story.minutes: "),
        ("needs_always = ['hospital']", "needs_always: no such key"),
    ],
)
def test_a_wrong_key_or_value_is_named(content: str, problem: str) -> None:
    with pytest.raises(MappingError) as error:
        mapping.read(content.encode(), kind="speakers")

    assert str(error.value).startswith("The mapping does not fit a speakers sheet: ")
    assert problem in str(error.value)


def test_every_wrong_key_is_named_at_once() -> None:
    with pytest.raises(MappingError, match=r"one: no such key; two: no such key"):
        mapping.read(b"one = 1\ntwo = 2\n", kind="units")


@pytest.mark.parametrize("content", [b"x ==", b"\xff\xfe", b"[" * 10_000, b"a = '\x00'"])
def test_what_is_no_toml_says_so(content: bytes) -> None:
    with pytest.raises(MappingError, match="The mapping is not valid TOML"):
        mapping.read(content, kind="units")


def test_a_mapping_is_not_larger_than_any_mapping_could_be() -> None:
    with pytest.raises(MappingError, match="too large"):
        mapping.read(b"#" * (mapping.MOST_BYTES + 1), kind="units")


def test_an_age_group_that_does_not_exist_is_no_meaning_for_a_word() -> None:
    with pytest.raises(MappingError, match=r"age_groups\.maternity"):
        mapping.read(b"[age_groups]\nmaternity = 'maternity'\n", kind="units")
