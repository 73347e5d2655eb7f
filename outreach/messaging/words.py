"""What a person's text message means: opt-out words, help, and answers to offers."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Meaning(StrEnum):
    """What a text is taken for."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    YES = "yes"
    NO = "no"
    UNCLEAR = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """A text's meaning, and the offer's number if it names one."""

    meaning: Meaning
    number: int | None = None


PROVIDER_WORDS: Final = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}
    | {"start", "unstop", "help", "info"}
)
"""Words Twilio answers by itself on a US number (docs: Advanced Opt-Out); we then keep silent."""

_STOP_ANYHOW: Final = frozenset({"stop", "stopall", "unsubscribe", "optout", "alto", "parar"})
"""Words that stop everything also at the beginning of a sentence: "Stop texting me, please".

"Cancel my visit" and "End of May is fine" begin with a word of the list, but ask for something
else; they reach a coordinator.
"""
STOP_WORDS: Final = _STOP_ANYHOW | {"cancel", "end", "quit", "revoke", "cancelar", "baja"}
_START: Final = frozenset({"start", "unstop", "iniciar", "empezar", "comenzar"})
_HELP: Final = frozenset({"help", "info", "ayuda"})
# "OK" is no yes: people answer a reminder so, and an offer may be open at the same time.
_YES: Final = frozenset({"yes", "y", "si", "yesican", "yesiwill", "sipuedo", "sipuedoir"})
_NO: Final = frozenset(
    {"no", "n", "notthistime", "nonotthistime", "estavezno", "noestavez", "nopuedo", "nonopuedo"}
    | {"nopuedoir", "cant", "cannot", "icant", "icannot", "noicant", "noicannot"}
)
_POLITE: Final = frozenset(
    {"please", "thanks", "thank", "you", "sorry", "gracias", "por", "favor", "lo", "siento"}
)
_NO_TEXTS: Final = re.compile(
    r"\b(stop|quit|no more|dont|do not) (send |sending )?(me )?(any )?(more )?(text|messag)"
    r"|\bno (me )?(mande|manden|envie|envien|escriba|escriban)\b"
    r"|\b(no|ya no) (quiero )?(mas )?(mensajes|textos)\b"
)
"""Any reasonable way to say so counts (47 CFR 64.1200(a)(10)), wherever it stands in the text."""
_NUMBER: Final = re.compile(r"\d{1,6}")
_WORD: Final = re.compile(r"[a-z]+|[0-9]+")


def hear(body: str) -> Heard:
    """Return what a text means. Case, accents, punctuation and thanks don't matter.

    An answer is a yes or a no and at most one number, in any order: "SÍ 4312", "4312 no, sorry",
    "Not this time". Anything longer waits for a person.
    """
    found = _WORD.findall(_simple(body))
    if not found:
        return Heard(Meaning.UNCLEAR)
    whole = "".join(found)
    if whole in STOP_WORDS or _asks_to_stop(found):
        return Heard(Meaning.STOP)
    if whole in _START:
        return Heard(Meaning.START)
    if whole in _HELP:
        return Heard(Meaning.HELP)
    return _answer(found)


def is_answered_by_provider(body: str) -> bool:
    """Say whether the provider replies to this text itself, so that we must not."""
    return _simple(body).strip() in PROVIDER_WORDS


def _asks_to_stop(found: list[str]) -> bool:
    """Say whether a sentence begins with a word for stopping, or polite words before one."""
    first = next((word for word in found if word not in _POLITE), "")
    return first in _STOP_ANYHOW or bool(_NO_TEXTS.search(" ".join(found)))


def _answer(found: list[str]) -> Heard:
    numbers = [word for word in found if word.isdigit()]
    said = "".join(word for word in found if not word.isdigit() and word not in _POLITE)
    if len(numbers) > 1 or not all(map(_NUMBER.fullmatch, numbers)):
        return Heard(Meaning.UNCLEAR)
    number = int(numbers[0]) if numbers else None
    if said in _YES:
        return Heard(Meaning.YES, number)
    if said in _NO:
        return Heard(Meaning.NO, number)
    return Heard(Meaning.UNCLEAR)


def _simple(body: str) -> str:
    decomposed = unicodedata.normalize("NFKD", body.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return bare.replace("'", "").replace("\u2019", "")
