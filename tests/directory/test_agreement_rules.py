"""When an agreement holds, why a unit cannot refer, and what clocks and office hours may be."""

from datetime import date, time

import pytest

from outreach.directory import rules
from outreach.directory.models import CLOCKS
from outreach.directory.rules import AgreementFacts, Obstacle
from outreach.errors import RuleBroken

TODAY = date(2026, 11, 23)
IN_FORCE = AgreementFacts(starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))


@pytest.mark.parametrize(
    ("on", "holds"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
    ],
)
def test_an_agreement_holds_on_its_first_and_on_its_last_day(on: date, holds: bool) -> None:
    assert rules.is_in_force(IN_FORCE, on) is holds


def test_an_agreement_that_was_ended_does_not_hold_from_that_day_on() -> None:
    ended = AgreementFacts(starts_on=date(2026, 1, 1), ended_on=date(2026, 6, 2))

    assert rules.is_in_force(ended, date(2026, 6, 1))
    assert not rules.is_in_force(ended, date(2026, 6, 2))


def test_nothing_stands_in_the_way_of_a_unit_with_agreement_and_form() -> None:
    assert rules.obstacles(agreements=[IN_FORCE], form_profile="IL", on=TODAY) == ()


def test_every_obstacle_is_told_at_once() -> None:
    found = rules.obstacles(
        agreements=[],
        form_profile=None,
        hospital_archived=True,
        unit_archived=True,
        part_two=True,
        on=TODAY,
    )

    assert found == (
        Obstacle.HOSPITAL_ARCHIVED,
        Obstacle.UNIT_ARCHIVED,
        Obstacle.PART_TWO,
        Obstacle.NO_AGREEMENT,
        Obstacle.NO_FORM_PROFILE,
    )


def test_what_lacks_of_the_agreement_is_told_apart() -> None:
    over = AgreementFacts(starts_on=date(2025, 1, 1), ends_on=date(2025, 12, 31))
    to_come = AgreementFacts(starts_on=date(2027, 1, 1))

    def told(*agreements: AgreementFacts) -> tuple[Obstacle, ...]:
        return rules.obstacles(agreements=agreements, form_profile="IL", on=TODAY)

    assert told(over) == (Obstacle.AGREEMENT_ENDED,)
    assert told(over, to_come) == (Obstacle.AGREEMENT_ENDED,)
    assert told(to_come) == (Obstacle.AGREEMENT_TO_COME,)
    assert told(over, IN_FORCE) == ()


def test_an_agreement_is_signed_then_begins_then_ends() -> None:
    rules.agreement(
        signed_on=TODAY, starts_on=TODAY, ends_on=TODAY, reference="Contract 12", today=TODAY
    )
    rules.agreement(
        signed_on=TODAY, starts_on=TODAY, ends_on=None, reference="Contract 12", today=TODAY
    )


@pytest.mark.parametrize(
    ("signed_on", "starts_on", "ends_on", "reference", "field"),
    [
        (date(2026, 11, 24), date(2026, 11, 24), None, "Contract 12", "signed_on"),
        (date(2026, 11, 23), date(2026, 11, 22), None, "Contract 12", "starts_on"),
        (date(2026, 11, 1), date(2026, 11, 23), date(2026, 11, 22), "Contract 12", "ends_on"),
        (date(2026, 11, 1), date(2026, 11, 1), None, "  ", "reference"),
    ],
)
def test_an_agreement_that_cannot_be_names_its_field(
    signed_on: date, starts_on: date, ends_on: date | None, reference: str, field: str
) -> None:
    with pytest.raises(RuleBroken) as caught:
        rules.agreement(
            signed_on=signed_on,
            starts_on=starts_on,
            ends_on=ends_on,
            reference=reference,
            today=TODAY,
        )

    assert caught.value.field == field


def test_the_usual_clocks_are_right_and_others_are_left_out() -> None:
    assert rules.clocks(CLOCKS | {"snooze_days": 3}) == CLOCKS
    assert set(rules.CLOCK_BOUNDS) == set(CLOCKS)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"acknowledge_days": 0}, "acknowledge_days"),
        ({"hold_days": 31}, "hold_days"),
        ({"acknowledge_days": 3, "accept_days": 2}, "accept_days"),
        ({"connect_days": 31, "close_days": 30}, "close_days"),
    ],
)
def test_clocks_out_of_bounds_or_order_name_their_field(
    changed: dict[str, int], field: str
) -> None:
    with pytest.raises(RuleBroken) as caught:
        rules.clocks(CLOCKS | changed)

    assert caught.value.field == field


def test_the_days_of_an_office_come_in_order_and_once() -> None:
    assert rules.business_hours(weekdays=[4, 0, 4], opens=time(9), closes=time(17)) == [0, 4]
    assert rules.business_hours(weekdays=[0], opens=time(9), closes=time(10)) == [0]


@pytest.mark.parametrize(
    ("weekdays", "closes", "field"),
    [
        ([], time(17), "business_days"),
        ([7], time(17), "business_days"),
        ([-1], time(17), "business_days"),
        ([0], time(9), "closes"),
        ([0], time(9, 59), "closes"),
    ],
)
def test_an_office_that_is_never_open_is_refused(
    weekdays: list[int], closes: time, field: str
) -> None:
    with pytest.raises(RuleBroken) as caught:
        rules.business_hours(weekdays=weekdays, opens=time(9), closes=closes)

    assert caught.value.field == field


def test_closed_days_are_read_line_by_line_with_their_names() -> None:
    text = "2026-12-24 Christmas  Eve\r\n\n  12/31/2026: \n1/4/2027\n"

    assert rules.closed_days(text) == {
        date(2026, 12, 24): "Christmas Eve",
        date(2026, 12, 31): "",
        date(2027, 1, 4): "",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Christmas",
        "13/1/2026",
        "2026-02-30",
        "1999-12-31",
        "2101-01-01",
        "2026-12-24 " + "x" * 81,
        "2026-12-24\n12/24/2026 again",
        "\n".join(f"{year}-{month:02d}-01" for year in range(2030, 2039) for month in range(1, 13)),
    ],
)
def test_closed_days_that_cannot_be_name_their_field(text: str) -> None:
    with pytest.raises(RuleBroken) as caught:
        rules.closed_days(text)

    assert caught.value.field == "closed_days"


@pytest.mark.parametrize(
    ("by", "phone", "email", "has_keeper", "field"),
    [
        ("account", "+13125550123", "gail@lakeside.example", True, "intake_by"),
        ("link", "+13125550123", None, False, "intake_email"),
        ("phone", None, "gail@lakeside.example", False, "intake_phone"),
    ],
)
def test_an_affiliate_must_be_reached_in_the_way_it_receives(
    by: str, phone: str | None, email: str | None, has_keeper: bool, field: str
) -> None:
    with pytest.raises(RuleBroken) as caught:
        rules.intake(by=by, phone=phone, email=email, has_keeper=has_keeper)

    assert caught.value.field == field


def test_an_affiliate_with_what_its_way_needs_is_fine() -> None:
    rules.intake(by="account", phone=None, email=None, has_keeper=False)
    rules.intake(by="link", phone=None, email="gail@lakeside.example", has_keeper=True)
    rules.intake(by="phone", phone="+13125550123", email=None, has_keeper=True)
