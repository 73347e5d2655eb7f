"""What each state asks of the form: the profiles as data."""

import pytest

from outreach.referrals import profiles
from outreach.referrals.profiles import CORE, PROFILES, Element, find


def test_there_is_one_generic_profile_and_one_for_illinois_each_also_without_a_hospital() -> None:
    assert {code: profile.code for code, profile in PROFILES.items()} == {
        "generic": "generic",
        "IL": "IL",
        "generic-self": "generic-self",
        "IL-self": "IL-self",
    }


def test_without_a_hospital_the_form_asks_for_the_same_elements() -> None:
    for code, of_hospital in profiles.HOSPITAL_PROFILES.items():
        alone = profiles.SELF_PROFILES[code]
        assert alone.required == of_hospital.required
        assert alone.decides_from_age == of_hospital.decides_from_age
        assert alone.revocation_is_witnessed == of_hospital.revocation_is_witnessed


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ((), "generic-self"),
        (("MI", "OH"), "generic-self"),
        (("IL",), "IL-self"),
        (("IN", "IL"), "IL-self"),
        (("IL", "MI"), "IL-self"),
    ],
)
def test_without_a_hospital_the_first_state_with_a_form_of_its_own_decides(
    states: tuple[str, ...], code: str
) -> None:
    assert profiles.without_hospital(states).code == code


def test_no_hospital_can_choose_the_form_of_who_came_by_themselves() -> None:
    assert find("IL-self") is None


def test_the_generic_profile_asks_for_the_elements_of_the_federal_rule() -> None:
    assert PROFILES["generic"].required == {
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


def test_illinois_adds_a_witness_the_right_to_inspect_and_what_follows_a_refusal() -> None:
    illinois, generic = PROFILES["IL"], PROFILES["generic"]

    assert illinois.required - generic.required == {
        Element.WITNESS,
        Element.RIGHT_TO_INSPECT,
        Element.REFUSAL,
    }
    assert generic.required - illinois.required == set()


def test_in_illinois_people_decide_from_12_and_a_withdrawal_is_witnessed() -> None:
    illinois, generic = PROFILES["IL"], PROFILES["generic"]

    assert (illinois.decides_from_age, generic.decides_from_age) == (12, 18)
    assert (illinois.revocation_is_witnessed, generic.revocation_is_witnessed) == (True, False)


def test_an_authorization_runs_a_year_at_most() -> None:
    assert {profile.most_days for profile in PROFILES.values()} == {365}


def test_no_profile_asks_less_than_the_federal_rule_or_always_for_a_representative() -> None:
    for profile in PROFILES.values():
        assert profile.required >= CORE, profile.code
        assert Element.AUTHORITY not in profile.required, profile.code


@pytest.mark.parametrize("code", [None, "", "il", "ZZ"])
def test_a_hospital_without_a_known_profile_has_none(code: str | None) -> None:
    assert find(code) is None


def test_a_profile_is_found_by_its_code() -> None:
    assert find("IL") is profiles.PROFILES["IL"]
