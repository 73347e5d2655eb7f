import pytest

from outreach.messaging import words
from outreach.messaging.words import Heard, Meaning


@pytest.mark.parametrize(
    "body",
    [
        "STOP",
        "stop",
        " Stop. ",
        "STOPALL",
        "stop all",
        "UNSUBSCRIBE",
        "Cancel",
        "END",
        "quit!",
        "REVOKE",
        "opt-out",
        "ALTO",
        "parar",
        "Stop texting me please",
        "ALTO por favor",
        "Please stop",
        "please stop texting me",
        "Don’t text me any more",
        "do not send me any more messages",
        "No more texts, please",
        "No quiero más mensajes",
        "ya no me manden mensajes",
        "Por favor, no me escriban",
    ],
)
def test_every_way_to_stop_is_understood(body: str) -> None:
    assert words.hear(body) == Heard(Meaning.STOP)


@pytest.mark.parametrize(
    "body",
    [
        "Cancel my visit on Tuesday",
        "End of May is fine",
        "Can I stop by the office first?",
        "Please don't send the parking pass by mail",
        "OK",
        "YES 4312 and NO 4313",
        "yes 4312 4313",
        "yes 12345678",
        "4312",
        "maybe",
        "I can't make it on Tuesday",
        "thanks",
        "",
        "👍",
        "да 4312",
    ],
)
def test_what_is_no_clear_word_is_left_to_a_person(body: str) -> None:
    assert words.hear(body) == Heard(Meaning.UNCLEAR)


@pytest.mark.parametrize("body", ["START", "unstop", "Comenzar"])
def test_every_way_to_start_again_is_understood(body: str) -> None:
    assert words.hear(body) == Heard(Meaning.START)


@pytest.mark.parametrize("body", ["HELP", "info", "¿Ayuda?"])
def test_every_way_to_ask_for_help_is_understood(body: str) -> None:
    assert words.hear(body) == Heard(Meaning.HELP)


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ("YES 4312", 4312),
        ("yes4312", 4312),
        ("Yes, 4312!", 4312),
        ("4312 yes", 4312),
        ("SI 4312", 4312),
        ("SÍ 4312", 4312),
        ("Sí, gracias", None),
        ("yes please", None),
        ("Y", None),
        ("Yes I can", None),
        ("Sí puedo", None),
        ("SI\u0301 4312", 4312),
        ("\uff39\uff25\uff33 \uff14\uff13\uff11\uff12", 4312),
        ("yes #4312.", 4312),
        ("Yes\n4312\n", 4312),
    ],
)
def test_a_yes_is_a_yes_however_it_is_written(body: str, number: int | None) -> None:
    assert words.hear(body) == Heard(Meaning.YES, number)


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ("NO 4312", 4312),
        ("no", None),
        ("No, thank you", None),
        ("4312 no, sorry", 4312),
        ("Not this time", None),
        ("Esta vez no 4312", 4312),
        ("I can't", None),
        ("I can’t", None),
        ("No, I can't 4312", 4312),
        ("No, no puedo. Gracias", None),
        ("No puedo ir, lo siento", None),
        ("No, not this time", None),
    ],
)
def test_a_no_is_a_no_however_it_is_written(body: str, number: int | None) -> None:
    assert words.hear(body) == Heard(Meaning.NO, number)


@pytest.mark.parametrize(
    ("body", "answered"),
    [("Stop", True), ("HELP ", True), ("start", True), ("ALTO", False), ("stop, please", False)],
)
def test_only_the_providers_own_words_are_answered_by_it(body: str, *, answered: bool) -> None:
    assert words.is_answered_by_provider(body) is answered
