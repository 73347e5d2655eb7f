"""The text of an authorization form, sentence by sentence, and how its gaps are filled.

A wording is TOML, kept whole and never changed (`models.FormWording`); here it is only read.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from outreach.referrals.profiles import Element

BOX: Final = "☐"
_GAP: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """Every sentence of a form, with {gaps}; `statements` are those read one by one, in order."""

    title: str
    intro: str
    discloser: str
    recipients: str
    information: str
    purpose: str
    expires_on: str
    contact_choices: str
    feedback: str
    signature: str
    guardian: str
    witness: str
    date: str
    name: str
    revocation: str
    statements: Mapping[Element, str]


def parse(text: str) -> Paper:
    """Return a wording's sentences.

    Raises:
        ValueError: it is no TOML, a sentence is missing, or one is none of ours.
    """
    told = tomllib.loads(text)
    read = {Element(name): str(words) for name, words in told.pop("statements", {}).items()}
    wanted = {field.name for field in fields(Paper)} - {"statements"}
    if set(told) != wanted:
        odd = ", ".join(sorted(wanted ^ set(told)))
        raise ValueError(f"sentences that are missing or unknown: {odd}")
    return Paper(**{name: str(words) for name, words in told.items()}, statements=read)


def filled(sentence: str, values: Mapping[str, str]) -> str:
    """Return a sentence with its gaps filled; a gap without a value stays as it is.

    A value is put in as it is: braces in it are no gap.
    """
    return _GAP.sub(lambda gap: values.get(gap[1], gap[0]), sentence)
