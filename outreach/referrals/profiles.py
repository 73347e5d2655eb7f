"""Form profiles: which elements a signed authorization needs in a state, as data.

`generic` is 45 CFR 164.508(c); `IL` adds what 740 ILCS 110/4 and 110/5 ask for. These are design
inputs that each operator's counsel confirms: pages and documents say so. To add a state, add a
profile here and its wording in `wordings/`.

Each comes in two: for a hospital's patient, and ("-self") for a person who came to the affiliate by
themselves, whose form must not speak of a hospital (docs/decisions/0022).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Element(StrEnum):
    """One thing an authorization must hold."""

    INFORMATION = "information"
    DISCLOSER = "discloser"
    RECIPIENTS = "recipients"
    PURPOSE = "purpose"
    EXPIRES_ON = "expires_on"
    SIGNED_ON = "signed_on"
    SIGNER = "signer"
    AUTHORITY = "authority"
    """What entitles somebody who signs for the person."""
    RIGHT_TO_REVOKE = "right_to_revoke"
    NO_CONDITION = "no_condition"
    """Care does not depend on signing."""
    REDISCLOSURE = "redisclosure"
    COPY_GIVEN = "copy_given"
    WITNESS = "witness"
    RIGHT_TO_INSPECT = "right_to_inspect"
    REFUSAL = "refusal"
    """What follows from refusing."""


CORE: Final = frozenset(
    {
        Element.INFORMATION,
        Element.DISCLOSER,
        Element.RECIPIENTS,
        Element.PURPOSE,
        Element.EXPIRES_ON,
        Element.SIGNED_ON,
        Element.SIGNER,
        Element.RIGHT_TO_REVOKE,
        Element.NO_CONDITION,
        Element.REDISCLOSURE,
        Element.COPY_GIVEN,
    }
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What one state asks of the form.

    `decides_from_age` is the age from which the patient signs; `revocation_is_witnessed` whether
    the written withdrawal that follows a spoken stop needs a witness too. `most_days` is the
    longest an authorization may run from its signature.
    """

    code: str
    name: str
    required: frozenset[Element]
    decides_from_age: int = 18
    revocation_is_witnessed: bool = False
    most_days: int = 365


HOSPITAL_PROFILES: Final[Mapping[str, Profile]] = {
    profile.code: profile
    for profile in (
        Profile("generic", "Generic (45 CFR 164.508)", CORE),
        Profile(
            "IL",
            "Illinois (740 ILCS 110)",
            CORE | {Element.WITNESS, Element.RIGHT_TO_INSPECT, Element.REFUSAL},
            decides_from_age=12,
            revocation_is_witnessed=True,
        ),
    )
}
"""Those a hospital may choose, by code; the generic one, or a state's."""

SELF_PROFILES: Final[Mapping[str, Profile]] = {
    code: replace(profile, code=f"{code}-self", name=f"{profile.name}, came by themselves")
    for code, profile in HOSPITAL_PROFILES.items()
}
"""The same for who came by themselves, by the code of the hospitals' one."""

PROFILES: Final[Mapping[str, Profile]] = {
    profile.code: profile for profile in (*HOSPITAL_PROFILES.values(), *SELF_PROFILES.values())
}


def find(code: str | None) -> Profile | None:
    """Return the profile with this code; None where a hospital has none, or an unknown one."""
    return HOSPITAL_PROFILES.get(code or "")


def without_hospital(states: Iterable[str]) -> Profile:
    """Return what somebody signs who came by themselves: the first state's that has its own form.

    Where none has, the federal one.
    """
    own = (SELF_PROFILES[state] for state in states if state in SELF_PROFILES)
    return next(own, SELF_PROFILES["generic"])
