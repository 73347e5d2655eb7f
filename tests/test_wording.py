"""Person-first words in both languages, wherever a person reads them (style.md 13)."""

import re

import pytest

from tests import catalogs

ENGLISH = {
    r"psychiatr\w*": "a unit has a neutral name",
    r"mentally ill|mental (patients?|cases?)": "a person living with …",
    r"schizophren\w*|bipolar": "no diagnosis is named",
    r"suffer\w*": "a person lives with something",
    r"commit\w* suicide|(failed|successful) (attempt|suicide)": "died by suicide",
    r"addicts?|victims?|crazy|insane": "person first",
    r"declin\w*|reject\w*|turn\w* down": "not this time",
    r"no-?shows?|no shows?(?! up)": "could not attend",
    r"urgent\w*|hurry|asap|last chance|deadline": "nobody is pressed",
    r"\w+ (minutes?|hours?|seconds?) left": "no countdowns",
    r"invalid|illegal|forbidden": "say what would be right",
    r"submit|click": "a button says what it does",
    r"slots?|tokens?": "a place on a visit; a link",
}
SPANISH = {
    r"psiqui[aá]tr\w*": "a unit has a neutral name",
    r"enferm[oa]s? mental\w*": "una persona que vive con …",
    r"esquizofr\w*|bipolar": "no diagnosis is named",
    r"sufr\w*|padec\w*": "a person lives with something",
    r"(comet\w*|intento fallido de) suicidio|se suicid\w*": "murió por suicidio",
    r"adict[oa]s?|v[ií]ctimas?|loc[oa]s?": "person first",
    r"rechaz\w*|declin\w*": "esta vez no",
    r"no se present\w*": "no pudo asistir",
    r"urgent\w*|apresúrese|última oportunidad": "nobody is pressed",
    r"inv[aá]lid[oa]s?|ilegal\w*|prohibid\w*": "say what would be right",
    r"haga clic|hacer clic": "a button says what it does",
    r"tú|tu|tus|tuy[oa]s?|contigo|eres|estás|tienes|puedes|quieres|debes": "usted",
    r"vosotr\w*|vuestr\w*|ordenador\w*|móvil(es)?|coger\w*": "neutral Latin American",
}
OPT_OUT = re.compile(
    r"\b(STOP|STOPALL|UNSUBSCRIBE|CANCEL|END|QUIT|REVOKE|OPTOUT|ALTO|PARAR)\b"
    r"(?! to end| para (no|dejar de) recibir)"
)
"""Words that end all texts, but where a text says just that."""


def english() -> list[str]:
    return sorted({text for msgid in catalogs.sentences() for text in msgid})


def spanish() -> list[str]:
    held = catalogs.entries().values()
    return sorted({form for entries in held for entry in entries for form in entry.forms})


def said(pattern: str, texts: list[str]) -> list[str]:
    """Give the texts that say it; the names of values to be filled in are not said."""
    word = re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    return [text for text in texts if word.search(catalogs.PLACEHOLDER.sub("…", text))]


@pytest.mark.parametrize(("pattern", "instead"), ENGLISH.items(), ids=ENGLISH)
def test_english_puts_the_person_first(pattern: str, instead: str) -> None:
    assert said(pattern, english()) == [], instead


@pytest.mark.parametrize(("pattern", "instead"), SPANISH.items(), ids=SPANISH)
def test_spanish_puts_the_person_first_and_says_usted(pattern: str, instead: str) -> None:
    assert said(pattern, spanish()) == [], instead


def test_nobody_is_asked_to_answer_with_a_word_that_ends_all_texts() -> None:
    places = catalogs.sentences()
    texts = [msgid for msgid in places if places[msgid].startswith("templates/messages/sms/")]
    held = catalogs.entries()
    in_spanish = [form for msgid in texts for entry in held[msgid] for form in entry.forms]

    assert texts
    assert [text for msgid in texts for text in msgid if OPT_OUT.search(text)] == []
    assert [text for text in in_spanish if OPT_OUT.search(text)] == []


def test_the_lists_find_what_they_are_for() -> None:
    assert said("declin\\w*", ["She declined.", "Inclined"]) == ["She declined."]
    assert said("tú|tu", ["tu visita", "su visita", "actual"]) == ["tu visita"]
    assert said("slots?", ["%(slots)s places"]) == []
