"""What speaks against a step, each guard on both sides of its boundary."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from outreach.referrals import rules
from outreach.referrals.codes import (
    BEFORE_RELEASE,
    CAME_OF,
    CONNECTIONS,
    ENDED,
    FIRST_OUTCOMES,
    RELEASED,
    TWO_WAY,
    Action,
    Cancel,
    Channel,
    Decline,
    Field,
    Hold,
    Outcome,
    Result,
    State,
)
from outreach.referrals.machine import Guard, Step, step
from outreach.referrals.profiles import Element
from outreach.referrals.rules import AuthorizationFacts, Facts, Fault, Refusal
from tests.referrals.signed import AFFILIATE, SIGNED, TODAY

STANDING = Facts(
    state=State.READY,
    today=TODAY,
    is_described=True,
    authorization=SIGNED,
    affiliate_id=AFFILIATE,
    affiliate_takes=True,
)
"""A referral that may be sent."""


def refusals(action: Action, facts: Facts) -> tuple[Refusal, ...]:
    taken = step(action, state=facts.state)
    assert taken is not None, (action, facts.state)
    return rules.refusals(taken, facts)


def at(state: State, **more: Any) -> Facts:  # noqa: ANN401 - as replace
    return replace(STANDING, state=state, **more)


def signed(**more: Any) -> AuthorizationFacts:  # noqa: ANN401 - as replace
    return replace(SIGNED, **more)


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        (Action.ASK_SIGNATURE, at(State.DRAFT)),
        (Action.AUTHORIZE, at(State.AWAITING)),
        (Action.SEND, at(State.READY)),
        (Action.ACKNOWLEDGE, at(State.SENT)),
        (Action.ACCEPT, at(State.ACKNOWLEDGED)),
        (Action.DECLINE, at(State.SENT, reason=Decline.NO_CAPACITY)),
        (Action.ATTEMPT, at(State.ACCEPTED)),
        (Action.CONNECT, at(State.CONTACTING)),
        (
            Action.HOLD,
            at(State.CONTACTING, reason=Hold.WAITLIST, resume_on=TODAY + timedelta(days=1)),
        ),
        (Action.RESUME, at(State.ON_HOLD)),
        (Action.CLOSE, at(State.CONNECTED, was_connected=True, outcome=Outcome.MET)),
        (Action.CANCEL, at(State.SENT, reason=Cancel.PERSON_ASKED)),
        (Action.EXPIRE, at(State.SENT)),
        (Action.TAKE_BACK, at(State.CLOSED, reason="Wrong person")),
    ],
)
def test_a_step_with_all_it_needs_may_be_taken(action: Action, facts: Facts) -> None:
    assert refusals(action, facts) == ()


def test_every_guard_is_judged() -> None:
    assert set(rules._GUARDS) == set(Guard)


def test_all_reasons_are_told_at_once_and_each_once() -> None:
    nothing = Facts(state=State.READY, today=TODAY, affiliate_id=AFFILIATE)

    assert refusals(Action.SEND, nothing) == (
        Refusal.AUTHORIZATION_MISSING,
        Refusal.AFFILIATE_TAKES_NONE,
    )
    assert refusals(Action.SEND, replace(nothing, affiliate_id=None)) == (
        Refusal.AUTHORIZATION_MISSING,
        Refusal.AFFILIATE_MISSING,
        Refusal.AFFILIATE_TAKES_NONE,
    )


def test_nobody_is_asked_to_sign_before_the_referral_is_described() -> None:
    facts = at(State.DRAFT, is_described=False)

    assert refusals(Action.ASK_SIGNATURE, facts) == (Refusal.NOT_DESCRIBED,)


def test_the_affiliate_is_one_whom_the_form_names() -> None:
    assert refusals(Action.SEND, at(State.READY, affiliate_id=AFFILIATE + 1)) == (
        Refusal.AUTHORIZATION_NAMES_OTHERS,
    )
    assert refusals(Action.AUTHORIZE, at(State.AWAITING, affiliate_id=None)) == (
        Refusal.AFFILIATE_MISSING,
    )


def test_nothing_is_sent_from_where_referrals_are_off_though_all_else_may_go_on() -> None:
    assert refusals(Action.SEND, at(State.READY, hospital_refers=False)) == (Refusal.REFERRALS_OFF,)
    assert refusals(Action.ACKNOWLEDGE, at(State.SENT, hospital_refers=False)) == ()


def test_an_affiliate_that_takes_none_is_sent_none() -> None:
    facts = at(State.READY, affiliate_takes=False)

    assert refusals(Action.SEND, facts) == (Refusal.AFFILIATE_TAKES_NONE,)


@pytest.mark.parametrize(
    ("days", "expected"), [(0, ()), (-1, (Refusal.AUTHORIZATION_EXPIRED,))], ids=["today", "before"]
)
@pytest.mark.parametrize(
    ("action", "state"),
    [
        (Action.SEND, State.READY),
        (Action.ACKNOWLEDGE, State.SENT),
        (Action.ACCEPT, State.SENT),
        (Action.ATTEMPT, State.ACCEPTED),
        (Action.CONNECT, State.CONTACTING),
        (Action.RESUME, State.ON_HOLD),
    ],
)
def test_an_authorization_holds_through_its_last_day(
    action: Action, state: State, days: int, expected: tuple[Refusal, ...]
) -> None:
    expiring = at(state, authorization=signed(expires_on=TODAY + timedelta(days=days)))

    assert refusals(action, expiring) == expected


def test_an_authorization_says_all_that_is_wrong_with_it() -> None:
    yesterday = TODAY - timedelta(days=1)
    over = at(
        State.READY,
        authorization=signed(is_active=False, expires_on=yesterday),
        missing=(Element.WITNESS, Fault.EXPIRED),
    )

    assert rules.authorization_in_force(over) == (
        Refusal.AUTHORIZATION_INACTIVE,
        Refusal.AUTHORIZATION_EXPIRED,
        Refusal.AUTHORIZATION_INCOMPLETE,
    )


def test_an_expiry_alone_is_not_called_incomplete() -> None:
    expired = at(State.READY, missing=(Fault.EXPIRED,))

    assert rules.authorization_in_force(expired) == (Refusal.AUTHORIZATION_EXPIRED,)


def test_an_authorization_without_an_end_is_incomplete_and_not_endless() -> None:
    endless = at(State.READY, authorization=signed(expires_on=None), missing=(Element.EXPIRES_ON,))

    assert rules.authorization_in_force(endless) == (Refusal.AUTHORIZATION_INCOMPLETE,)


@pytest.mark.parametrize("state", [*sorted(BEFORE_RELEASE), *sorted(RELEASED)])
def test_a_form_signed_long_ago_is_too_old_to_begin_with_and_not_to_go_on(state: State) -> None:
    old = at(state, missing=(Fault.SIGNED_TOO_LONG_AGO,))

    begins = state in {State.DRAFT, State.AWAITING}
    expected = (Refusal.AUTHORIZATION_INCOMPLETE,) if begins else ()
    assert rules.authorization_in_force(old) == expected


@pytest.mark.parametrize(
    "missing", [(Element.COPY_GIVEN,), (Fault.NOT_THE_SIGNER,), (Fault.SIGNED_IN_FUTURE,)]
)
def test_nothing_is_disclosed_on_an_incomplete_authorization(
    missing: tuple[Element | Fault, ...],
) -> None:
    facts = at(State.READY, missing=missing)

    assert refusals(Action.SEND, facts) == (Refusal.AUTHORIZATION_INCOMPLETE,)


def test_nothing_is_disclosed_without_an_authorization_or_on_one_withdrawn() -> None:
    assert rules.authorization_in_force(at(State.SENT, authorization=None)) == (
        Refusal.AUTHORIZATION_MISSING,
    )
    assert rules.authorization_in_force(at(State.SENT, authorization=signed(is_active=False))) == (
        Refusal.AUTHORIZATION_INACTIVE,
    )


@pytest.mark.parametrize(
    ("action", "state", "reasons"),
    [
        (Action.DECLINE, State.SENT, set(Decline)),
        (Action.CANCEL, State.DRAFT, set(Cancel)),
        (Action.CANCEL, State.SENT, set(Cancel) - {Cancel.INFORMATION_GIVEN}),
    ],
)
def test_a_reason_is_one_of_the_codes_of_its_step(
    action: Action, state: State, reasons: set[str]
) -> None:
    offered: list[str] = [*Decline, *Cancel, *Hold, "because", ""]

    taken = {code for code in offered if refusals(action, at(state, reason=code)) == ()}
    refused = {refusals(action, at(state, reason=code)) for code in {*offered} - taken}

    assert taken == reasons
    assert refused == {(Refusal.REASON_MISSING,)}


def test_what_is_taken_back_has_a_reason_in_words() -> None:
    assert refusals(Action.TAKE_BACK, at(State.DRAFT, reason="Typed twice")) == ()
    assert refusals(Action.TAKE_BACK, at(State.DRAFT)) == (Refusal.REASON_MISSING,)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1, (Refusal.REST_IN_PAST,)),
        (0, (Refusal.REST_IN_PAST,)),
        (1, ()),
        (30, ()),
        (31, (Refusal.REST_TOO_LONG,)),
    ],
)
def test_a_rest_ends_after_today_and_within_30_days(
    days: int, expected: tuple[Refusal, ...]
) -> None:
    resting = at(State.ACCEPTED, reason=Hold.PERSON_ASKED, resume_on=TODAY + timedelta(days=days))

    assert refusals(Action.HOLD, resting) == expected


def test_a_rest_has_an_end_and_a_reason_and_the_affiliates_own_limit() -> None:
    assert refusals(Action.HOLD, at(State.ACCEPTED)) == (
        Refusal.REASON_MISSING,
        Refusal.REST_MISSING,
    )
    fortnight = at(
        State.ACCEPTED,
        reason=Hold.WAITLIST,
        resume_on=TODAY + timedelta(days=15),
        hold_days=14,
    )
    assert refusals(Action.HOLD, fortnight) == (Refusal.REST_TOO_LONG,)


MONDAY, TUESDAY = TODAY, TODAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((), (Refusal.TOO_FEW_ATTEMPTS,)),
        ((MONDAY, TUESDAY), (Refusal.TOO_FEW_ATTEMPTS,)),
        ((MONDAY, MONDAY, MONDAY), (Refusal.TOO_FEW_ATTEMPTS,)),
        ((MONDAY, MONDAY, TUESDAY), ()),
    ],
    ids=["none", "two on two days", "three on one day", "three on two days"],
)
def test_unable_to_reach_needs_three_attempts_on_two_days(
    days: tuple[date, ...], expected: tuple[Refusal, ...]
) -> None:
    closing = at(State.CONTACTING, outcome=Outcome.UNABLE_TO_REACH, attempt_days=days)

    assert refusals(Action.CLOSE, closing) == expected


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_an_outcome_that_says_so_needs_a_connection_on_record(outcome: Outcome) -> None:
    days = (MONDAY, MONDAY, TUESDAY)
    alone = at(State.CONTACTING, outcome=outcome, attempt_days=days)

    expected = (Refusal.NOT_CONNECTED,) if outcome in CONNECTIONS else ()
    assert refusals(Action.CLOSE, alone) == expected
    assert refusals(Action.CLOSE, replace(alone, was_connected=True)) == ()


def test_a_referral_is_not_closed_without_an_outcome() -> None:
    assert refusals(Action.CLOSE, at(State.CONNECTED)) == (Refusal.OUTCOME_MISSING,)


def test_a_second_person_confirms_that_what_was_sent_is_taken_back() -> None:
    asked = at(State.SENT, reason="Wrong person", needs_second_person=True)

    assert refusals(Action.TAKE_BACK, asked) == (Refusal.SECOND_PERSON_NEEDED,)
    assert refusals(Action.TAKE_BACK, replace(asked, needs_second_person=False)) == ()


@pytest.mark.parametrize(
    ("days", "is_sane"), [(-31, False), (-30, True), (0, True), (90, True), (91, False)]
)
def test_a_discharge_lies_close_to_today(days: int, is_sane: bool) -> None:
    assert rules.discharge_is_sane(TODAY + timedelta(days=days), today=TODAY) is is_sane


@pytest.mark.parametrize(("days", "is_sane"), [(-31, False), (-30, True), (0, True), (1, False)])
def test_who_came_by_themselves_asked_lately_or_asks_today(days: int, is_sane: bool) -> None:
    assert rules.asking_is_sane(TODAY + timedelta(days=days), today=TODAY) is is_sane


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(9999, 12, 31), date.min, date.max])
def test_a_discharge_in_another_century_is_a_slip(day: date) -> None:
    assert not rules.discharge_is_sane(day, today=TODAY)


@pytest.mark.parametrize(("days", "may"), [(0, True), (30, True), (31, False)])
def test_what_was_closed_may_be_opened_again_for_30_days(days: int, may: bool) -> None:
    assert rules.may_reopen(closed_on=TODAY - timedelta(days=days), today=TODAY) is may


def test_reasons_are_known_wherever_a_step_leads_that_has_codes() -> None:
    leads: set[State] = {State.DECLINED, State.CANCELLED, State.ON_HOLD}

    assert set(rules.REASONS) == leads
    assert leads - ENDED == {State.ON_HOLD}


def test_a_step_of_no_guards_has_nothing_against_it() -> None:
    free = Step(Action.EXPIRE, frozenset({State.SENT}), State.EXPIRED, frozenset())

    assert rules.refusals(free, Facts(state=State.SENT, today=TODAY)) == ()


def test_six_outcomes_come_first_and_all_three_connections_are_among_them() -> None:
    assert len(set(FIRST_OUTCOMES)) == 6
    assert set(FIRST_OUTCOMES) >= CONNECTIONS


def test_who_called_or_came_counts_as_reached_and_who_was_left_a_message_does_not() -> None:
    assert {Result.THEY_CALLED, Result.CAME_TO_GROUP, Result.SPOKE} <= TWO_WAY
    assert not {Result.VOICEMAIL, Result.TEXT_SENT, Result.MAIL_SENT, Result.NO_ANSWER} & TWO_WAY


def test_the_whitelist_of_what_may_be_disclosed_has_nothing_clinical() -> None:
    assert {str(field) for field in Field} == {
        "name",
        "contacts",
        "language",
        "zip_code",
        "groups",
        "discharged_on",
        "note",
    }


def test_every_result_can_come_of_some_way_and_every_way_has_results() -> None:
    assert set(CAME_OF) == set(Channel)
    assert frozenset().union(*CAME_OF.values()) == set(Result)


@pytest.mark.parametrize(
    ("channel", "result"),
    [
        (Channel.CALL, Result.TEXT_SENT),
        (Channel.CALL, Result.IN_PERSON),
        (Channel.TEXT, Result.VOICEMAIL),
        (Channel.TEXT, Result.MAIL_SENT),
        (Channel.MAIL, Result.WRONG_NUMBER),
        (Channel.IN_PERSON, Result.THEY_CALLED),
    ],
)
def test_what_cannot_come_of_a_way_is_not_among_its_results(
    channel: Channel, result: Result
) -> None:
    assert result not in CAME_OF[channel]


@pytest.mark.parametrize(("text", "voicemail", "mail"), [*product((True, False), repeat=3)])
def test_the_signed_form_decides_on_texts_voicemails_and_mail_never_on_calls(
    *, text: bool, voicemail: bool, mail: bool
) -> None:
    possible = rules.possible_tries(text_ok=text, voicemail_ok=voicemail, mail_ok=mail)

    assert (Channel.TEXT in possible, Channel.MAIL in possible) == (text, mail)
    assert (Result.VOICEMAIL in possible[Channel.CALL]) is voicemail
    assert possible[Channel.CALL] | {Result.VOICEMAIL} == CAME_OF[Channel.CALL]
    assert possible[Channel.IN_PERSON] == CAME_OF[Channel.IN_PERSON]
