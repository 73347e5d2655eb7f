"""What an authorization lacks under its state's profile, element by element."""

from dataclasses import replace
from datetime import timedelta

import pytest

from outreach.referrals.codes import Authority, Field
from outreach.referrals.profiles import PROFILES, Element, Profile
from outreach.referrals.rules import STATEMENTS, AuthorizationFacts, Fault, lacks
from tests.referrals.signed import SIGNED, TODAY

GENERIC, ILLINOIS = PROFILES["generic"], PROFILES["IL"]

WITHOUT: dict[Element, AuthorizationFacts] = {
    Element.INFORMATION: replace(SIGNED, information=frozenset({Field.NAME})),
    Element.DISCLOSER: replace(SIGNED, discloser=""),
    Element.RECIPIENTS: replace(SIGNED, affiliate_ids=frozenset()),
    Element.PURPOSE: replace(SIGNED, purpose=""),
    Element.EXPIRES_ON: replace(SIGNED, expires_on=None),
    Element.SIGNED_ON: replace(SIGNED, signed_on=None),
    Element.SIGNER: replace(SIGNED, signer=""),
    Element.AUTHORITY: replace(SIGNED, signer="guardian", authority=""),
    Element.COPY_GIVEN: replace(SIGNED, copy_given=False),
    Element.WITNESS: replace(SIGNED, witnessed=False),
} | {element: replace(SIGNED, statements=STATEMENTS - {element}) for element in STATEMENTS}
"""The same authorization without one thing each."""


def found(facts: AuthorizationFacts, profile: Profile = GENERIC) -> list[Element | Fault]:
    return list(lacks(facts, profile=profile, today=TODAY))


def aged(age: int, *, signer: str) -> AuthorizationFacts:
    authority = Authority.GUARDIAN if signer == "guardian" else ""
    return replace(SIGNED, age=age, signer=signer, authority=authority)


def dated(*, signed: int = 0, expires: int = 90) -> AuthorizationFacts:
    """Return it signed and ending so many days from today."""
    return replace(
        SIGNED,
        signed_on=TODAY + timedelta(days=signed),
        expires_on=TODAY + timedelta(days=expires),
    )


@pytest.mark.parametrize("profile", [GENERIC, ILLINOIS], ids=["generic", "IL"])
def test_an_authorization_with_everything_lacks_nothing(profile: Profile) -> None:
    assert found(SIGNED, profile) == []


@pytest.mark.parametrize("element", list(Element))
@pytest.mark.parametrize("profile", [GENERIC, ILLINOIS], ids=["generic", "IL"])
def test_each_element_is_missed_where_the_profile_asks_for_it(
    profile: Profile, element: Element
) -> None:
    asked = element in profile.required | {Element.AUTHORITY}

    assert found(WITHOUT[element], profile) == ([element] if asked else [])


def test_only_the_words_of_the_form_are_statements() -> None:
    assert {
        Element.RIGHT_TO_REVOKE,
        Element.NO_CONDITION,
        Element.REDISCLOSURE,
        Element.RIGHT_TO_INSPECT,
        Element.REFUSAL,
    } == STATEMENTS


@pytest.mark.parametrize(
    ("information", "is_enough"),
    [
        ({Field.NAME}, False),
        ({Field.CONTACTS, Field.ZIP}, False),
        ({Field.NAME, Field.CONTACTS}, True),
        (set(Field), True),
        (set(), False),
    ],
)
def test_the_information_is_the_name_and_something_more(
    information: set[Field], is_enough: bool
) -> None:
    facts = replace(SIGNED, information=frozenset(information))

    assert found(facts) == ([] if is_enough else [Element.INFORMATION])


def test_blanks_are_no_discloser_no_purpose_and_no_authority() -> None:
    blank = replace(SIGNED, discloser=" ", purpose="\t", signer="guardian", authority=" ")

    assert found(blank) == [Element.DISCLOSER, Element.PURPOSE, Element.AUTHORITY]


def test_somebody_who_is_neither_the_person_nor_a_guardian_is_no_signer() -> None:
    assert found(replace(SIGNED, signer="neighbor")) == [Element.SIGNER]


def test_a_person_who_signs_needs_no_authority_and_a_guardian_does() -> None:
    assert found(replace(SIGNED, authority="")) == []
    assert found(replace(SIGNED, signer="guardian", authority=Authority.GUARDIAN)) == []


@pytest.mark.parametrize(
    ("authority", "words", "is_told"),
    [
        ("guardian", "", True),
        ("agent", "", True),
        ("other", "Next of kin under state law", True),
        ("other", " ", False),
        ("other", "", False),
        ("mother", "mother", False),
        ("", "Court order", False),
    ],
)
def test_what_entitles_is_one_of_the_list_or_said_in_words(
    authority: str, words: str, is_told: bool
) -> None:
    facts = replace(SIGNED, signer="guardian", authority=authority, authority_words=words)

    assert found(facts) == ([] if is_told else [Element.AUTHORITY])


@pytest.mark.parametrize(
    ("age", "authority", "faults"),
    [
        (0, Authority.PARENT, []),
        (12, Authority.PARENT, []),
        (18, Authority.PARENT, [Fault.PARENT_OF_AN_ADULT]),
        (18, Authority.AGENT, []),
    ],
)
def test_nobody_signs_for_an_adult_as_a_parent(
    age: int, authority: Authority, faults: list[Fault]
) -> None:
    assert found(replace(SIGNED, age=age, signer="guardian", authority=authority)) == faults


def test_what_is_said_of_a_parent_counts_only_where_somebody_else_signed() -> None:
    assert found(replace(SIGNED, authority=Authority.PARENT)) == []


@pytest.mark.parametrize(
    ("days", "faults"), [(-90, []), (-91, [Fault.SIGNED_TOO_LONG_AGO]), (0, [])]
)
def test_a_form_is_signed_within_90_days(days: int, faults: list[Fault]) -> None:
    assert found(dated(signed=days)) == faults


@pytest.mark.parametrize(("days", "faults"), [(0, []), (1, [Fault.SIGNED_IN_FUTURE])])
def test_a_form_is_not_signed_tomorrow(days: int, faults: list[Fault]) -> None:
    assert found(dated(signed=days)) == faults


@pytest.mark.parametrize(("days", "faults"), [(0, []), (-1, [Fault.EXPIRED])])
def test_a_form_holds_through_its_last_day(days: int, faults: list[Fault]) -> None:
    assert found(dated(signed=-30, expires=days)) == faults


@pytest.mark.parametrize(
    ("days", "faults"),
    [(-10, [Fault.EXPIRED]), (-11, [Fault.EXPIRED, Fault.EXPIRES_BEFORE_SIGNATURE])],
)
def test_a_form_does_not_end_before_it_is_signed(days: int, faults: list[Fault]) -> None:
    assert found(dated(signed=-10, expires=days)) == faults


@pytest.mark.parametrize(("days", "faults"), [(365, []), (366, [Fault.RUNS_TOO_LONG])])
def test_a_form_runs_a_year_from_its_signature_at_most(days: int, faults: list[Fault]) -> None:
    assert found(dated(expires=days)) == faults
    assert found(dated(signed=-10, expires=days - 10)) == faults


@pytest.mark.parametrize(
    ("profile", "age", "signer", "may"),
    [
        (GENERIC, 17, "person", False),
        (GENERIC, 18, "person", True),
        (GENERIC, 17, "guardian", True),
        (GENERIC, 18, "guardian", True),
        (GENERIC, 0, "guardian", True),
        (ILLINOIS, 11, "person", False),
        (ILLINOIS, 12, "person", True),
        (ILLINOIS, 17, "person", True),
        (ILLINOIS, 18, "person", True),
        (ILLINOIS, 11, "guardian", True),
        (ILLINOIS, 12, "guardian", False),
        (ILLINOIS, 17, "guardian", False),
        (ILLINOIS, 18, "guardian", True),
    ],
)
def test_who_decides_signs(profile: Profile, age: int, signer: str, may: bool) -> None:
    assert found(aged(age, signer=signer), profile) == ([] if may else [Fault.NOT_THE_SIGNER])


def test_all_that_is_wrong_is_told_at_once_elements_first() -> None:
    assert found(AuthorizationFacts(), ILLINOIS) == [
        element for element in Element if element in ILLINOIS.required
    ]
    wrong = replace(
        dated(signed=1, expires=-400),
        age=12,
        signer="guardian",
        witnessed=False,
        statements=frozenset(),
    )
    assert found(wrong, ILLINOIS) == [
        Element.AUTHORITY,
        Element.RIGHT_TO_REVOKE,
        Element.NO_CONDITION,
        Element.REDISCLOSURE,
        Element.WITNESS,
        Element.RIGHT_TO_INSPECT,
        Element.REFUSAL,
        Fault.SIGNED_IN_FUTURE,
        Fault.EXPIRED,
        Fault.EXPIRES_BEFORE_SIGNATURE,
        Fault.NOT_THE_SIGNER,
    ]
