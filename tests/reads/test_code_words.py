"""Every code we act on is said in words, with what to do, in both languages."""

import pytest

from outreach import i18n
from outreach.messaging import codes
from outreach.reads import code_words


@pytest.mark.parametrize("code", codes.KNOWN)
def test_every_code_has_words_in_both_languages(code: str) -> None:
    said = code_words.sentence(code)
    with i18n.speaking("es"):
        spanish = code_words.sentence(code)

    assert said.startswith(f"Code {code}: ")
    assert spanish.startswith(f"Código {code}: ")
    words = code_words.of(code)
    assert words.said not in spanish
    assert words.to_do not in spanish


def test_no_code_has_words_without_an_action() -> None:
    assert set(code_words.CODES) == set(codes.KNOWN)


def test_an_unknown_code_leads_to_where_it_is_explained() -> None:
    assert code_words.sentence("12345") == ""
    assert "docs/api/errors" in code_words.of("12345").to_do
