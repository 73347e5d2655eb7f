"""Every reason and code a message may end with: said in words, in both languages."""

import pytest

from outreach import i18n
from outreach.messaging import codes
from outreach.messaging.codes import Action
from outreach.messaging.models import STATES, Message
from outreach.messaging.reasons import Reason
from outreach.reads import outbox_words

A_CODE = {
    Action.PAUSE: "20429",
    Action.CHANNEL: "20003",
    Action.BAD_NUMBER: "21211",
    Action.OPT_OUT: "21610",
    Action.LATER: "30003",
    Action.FAIL: "12345",
    Action.EXPIRED: "30036",
}


def message(
    *, state: str = "dead", channel: str = "sms", reason: str = "", segments: int = 0
) -> Message:
    return Message(state=state, channel=channel, reason=reason, provider_code="", segments=segments)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_of_ours_has_words_in_both_languages(reason: Reason) -> None:
    said = outbox_words.why(message(reason=reason, segments=3))
    with i18n.speaking("es"):
        spanish = outbox_words.why(message(reason=reason, segments=3))

    assert said
    assert spanish not in {"", said}


@pytest.mark.parametrize("action", Action)
def test_whatever_follows_from_a_code_has_words_in_both_languages(action: Action) -> None:
    code = A_CODE[action]
    assert codes.action(code) is action

    said = outbox_words.why(message(reason=code))
    with i18n.speaking("es"):
        spanish = outbox_words.why(message(reason=code))

    assert said == i18n.gettext(outbox_words.ACTIONS[action], code=code)
    assert spanish not in {"", said}


def test_no_two_reasons_that_ask_for_different_help_say_the_same() -> None:
    said = {outbox_words.REASONS[reason] for reason in Reason}

    assert len(said) == len(Reason) - len({"unreadable", "crashed", "gateway"})


def test_what_is_tried_again_by_itself_asks_nobody_for_help() -> None:
    said = outbox_words.why(message(state="pending", reason=Reason.UNREACHABLE))

    assert said == "It could not be sent just now. It is tried again by itself."


def test_what_waits_for_the_morning_says_so() -> None:
    said = outbox_words.why(message(state="pending", reason=Reason.QUIET_HOURS))

    assert "It leaves in the morning." in said


def test_a_text_that_is_too_long_says_how_long_it_is() -> None:
    assert "3 parts" in outbox_words.why(message(reason=Reason.TOO_LONG, segments=3))


def test_a_mails_code_is_never_read_as_a_texts() -> None:
    said = outbox_words.why(message(channel="mail", reason="20429"))

    assert said.startswith("The provider refused it (code 20429).")


@pytest.mark.parametrize("reason", ["", "connection", "554"])
@pytest.mark.parametrize("state", STATES)
def test_what_went_wrong_is_never_left_without_words(state: str, reason: str) -> None:
    said = outbox_words.why(message(state=state, reason=reason))

    went_wrong = state in {"failed", "undelivered", "dead", "unknown"}
    assert said or not went_wrong
    assert not (said and state in {"accepted", "delivered"})


@pytest.mark.parametrize("outcome", outbox_words.OUTCOMES)
def test_every_try_is_told_in_both_languages(outcome: str) -> None:
    with i18n.speaking("es"):
        assert outbox_words.outcome(outcome) not in {outcome, outbox_words.OUTCOMES[outcome]}
