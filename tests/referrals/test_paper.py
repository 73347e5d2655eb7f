"""The text of an authorization form: every packaged one can be read, and its gaps filled."""

from importlib import resources

import pytest

from outreach.referrals import paper, profiles
from outreach.referrals.profiles import Element
from outreach.referrals.rules import STATEMENTS

SENTENCES = [name for name in paper.Paper.__dataclass_fields__ if name != "statements"]
FOLDER = resources.files("outreach.referrals") / "wordings"


def packaged(profile: str, locale: str) -> str:
    return (FOLDER / f"{profile}.{locale}.toml").read_text("utf-8")


@pytest.mark.parametrize("locale", ["en", "es"])
@pytest.mark.parametrize("profile", sorted(profiles.PROFILES))
def test_each_packaged_form_has_every_sentence_its_profile_asks_for(
    profile: str, locale: str
) -> None:
    read = paper.parse(packaged(profile, locale))

    assert set(read.statements) == profiles.PROFILES[profile].required & STATEMENTS
    assert Element.WITNESS not in read.statements
    assert ("{discloser}" if profile.endswith("-self") else "{hospital}") in read.discloser
    assert "{affiliate}" in read.recipients


@pytest.mark.parametrize("locale", ["en", "es"])
@pytest.mark.parametrize("profile", sorted(each.code for each in profiles.SELF_PROFILES.values()))
def test_the_form_of_who_came_by_themselves_speaks_of_no_hospital(
    profile: str, locale: str
) -> None:
    read = paper.parse(packaged(profile, locale))
    said = " ".join([*(getattr(read, n) for n in SENTENCES), *read.statements.values()])

    assert "hospital" not in said.lower()
    assert not read.feedback


def test_a_form_without_one_of_its_sentences_is_refused_by_name() -> None:
    text = packaged("generic", "en").replace("purpose =", "purpse =")

    with pytest.raises(ValueError, match="purpose, purpse"):
        paper.parse(text)


def test_a_form_with_a_statement_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="promise"):
        paper.parse(packaged("generic", "en") + 'promise = "I promise."\n')


def test_gaps_are_filled_and_what_is_put_in_is_no_gap() -> None:
    told = paper.filled(
        "{hospital} and {affiliate}, {rest}", {"hospital": "{affiliate}", "affiliate": "B"}
    )

    assert told == "{affiliate} and B, {rest}"
