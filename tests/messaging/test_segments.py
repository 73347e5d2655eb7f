import pytest

from outreach.messaging import segments


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("á" * 70, 1),
        ("á" * 71, 2),
        ("á" * 134, 2),
        ("á" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_a_text_costs_what_the_standard_says(text: str, parts: int) -> None:
    assert segments.count(text) == parts


def test_no_character_is_cut_in_half_between_two_segments() -> None:
    whole = "a" * 152 + "€" + "a" * 152

    assert len(whole) + 1 == 306
    assert segments.count(whole) == 3


def test_one_letter_outside_the_alphabet_turns_the_whole_text() -> None:
    assert segments.is_gsm("¿Puede ir el mié 2? ñ é à ü")
    assert not segments.is_gsm("¿Podría ir?")


def test_quotes_dashes_and_blanks_become_plain_ones() -> None:
    text = segments.plain("“Dec\u00a01” – it’s… \u200bfine")

    assert text == '"Dec 1" - it\'s... fine'


def test_names_lose_the_accents_the_alphabet_lacks() -> None:
    assert segments.folded("José Núñez, Peña, Zoë, Łódź") == "José Nuñez, Peña, Zoe, Łodz"


def test_another_script_stays_as_it_is() -> None:
    assert segments.folded("Мария 😀") == "Мария 😀"
