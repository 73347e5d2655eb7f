"""`outreach sms`: whether texts really leave, and reach a phone."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import click

from outreach import phone
from outreach.cli.command import stop
from outreach.cli.main import main, opened
from outreach.errors import RuleBroken
from outreach.messaging import service
from outreach.messaging.ports import (
    Accepted,
    Ambiguous,
    CouldNotLook,
    Result,
    Retry,
    Sms,
    SmsGateway,
    Standing,
)
from outreach.messaging.reasons import Reason
from outreach.reads import code_words
from outreach.wiring import Wiring

FOLLOW_S = 60
LOOK_EVERY_S = 2.0
VALID_FOR_S = 600
"""A trial that has not left after ten minutes is of no use to anybody."""

FINAL = {"delivered", "read", "undelivered", "failed", "canceled"}
ARRIVED = {"delivered", "read"}

NOT_CONFIGURED = {
    "off": 'sms_gateway is "off": set it to "twilio", with the twilio_… keys, and try again.',
    "console": (
        'sms_gateway is "console", which keeps texts on this machine: set it to "twilio", with '
        "the twilio_… keys, and try again."
    ),
}

NO_ANSWER = {
    Reason.UNREACHABLE: (
        "The provider could not be reached, so nothing was sent. Look at the network of this "
        "machine: name resolution, a proxy, a firewall that lets https out."
    ),
    Reason.CONNECTION: (
        "The connection broke in the middle, so the text may have left. Look at the phone before "
        "you try again."
    ),
    Reason.UNREADABLE: (
        "The provider's answer could not be read, so the text may have left. Look at the phone; "
        "is twilio_base_url right, if it is set?"
    ),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a trial ended, in words."""

    arrived: bool
    words: str


@main.group("sms")
def sms() -> None:
    """Look at text messages."""


@sms.command("test")
@click.argument("number")
@click.pass_context
def test_sms(context: click.Context, number: str) -> None:
    r"""Send one real text to NUMBER, follow it for up to a minute, and say what happened.

    It goes past the outbox, never to a number that has said STOP. Exit 1 where it did not leave or
    did not arrive, with what to do; 2 where texts are not set up.

    \b
    Example:
      outreach sms test +12165550142
    """
    wired = opened(context)
    gateway = _gateway(wired)
    to = _number(number)
    with wired.db.reading() as session:
        if service.has_stopped(session, to):
            stop("This number has said STOP, so nothing was sent. START takes it back.", code=1)
    result = gateway.send(_trial(wired, to))
    if not isinstance(result, Accepted):
        stop(_refusal(result), code=1)
    click.echo("The provider has taken the text. Looking where it is…")
    verdict = follow(gateway, result, look_every_s=LOOK_EVERY_S, for_s=FOLLOW_S)
    wired.close()
    if not verdict.arrived:
        stop(verdict.words, code=1)
    click.echo(verdict.words)


def follow(
    gateway: SmsGateway,
    accepted: Accepted,
    *,
    look_every_s: float,
    for_s: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Verdict:
    """Ask the provider how far a text is, until it is at its end or the time is over."""
    standing = Standing(accepted.status)
    waited = 0.0
    while standing.status not in FINAL and waited < for_s:
        sleep(look_every_s)
        waited += look_every_s
        standing = _look(gateway, accepted.provider_id) or standing
    return _verdict(standing, after_s=round(waited))


def _gateway(wired: Wiring) -> SmsGateway:
    unset = NOT_CONFIGURED.get(wired.config.sms_gateway)
    if unset is not None or wired.post.sms is None:
        stop(unset or NOT_CONFIGURED["off"])
    return wired.post.sms


def _number(text: str) -> str:
    try:
        return phone.parse(text)
    except RuleBroken as error:
        stop(f"{error} Nothing was sent. Write it like +12165550142.", code=1)


def _trial(wired: Wiring, to: str) -> Sms:
    name = wired.config.service_name
    return Sms(
        to=to,
        body=f"{name}: this is a trial of our text messages. There is nothing to do.",
        kind="trial",
        callback_url="",
        valid_for_s=VALID_FOR_S,
    )


def _look(gateway: SmsGateway, provider_id: str) -> Standing | None:
    try:
        return gateway.status(provider_id)
    except CouldNotLook:
        return None


def _refusal(result: Result) -> str:
    code = result.provider_id if isinstance(result, Accepted) else result.code
    in_words = NO_ANSWER.get(Reason(code)) if code in set(Reason) else None
    if in_words is not None:
        return in_words
    beginning = {
        Retry: "Not sent.",
        Ambiguous: "It may have been sent.",
    }.get(type(result), "Not sent.")
    return f"{beginning} {_explained(code)}"


def _explained(code: str) -> str:
    words = code_words.of(code)
    return f"{words.said} {words.to_do} (code {code})"


def _verdict(standing: Standing, *, after_s: int) -> Verdict:
    if standing.status in ARRIVED:
        return Verdict(arrived=True, words=f"It has arrived, after {after_s} s.")
    if standing.status in FINAL:
        why = _explained(standing.code) if standing.code else "The provider does not say why."
        return Verdict(arrived=False, words=f"It did not arrive. {why}")
    if standing.status == "sent":
        return Verdict(
            arrived=True,
            words=f"The carrier has it; nobody confirmed within {after_s} s that it arrived, and "
            "some carriers never do. Look at the phone.",
        )
    return Verdict(
        arrived=False,
        words=f"It still waits at the provider after {after_s} s ({standing.status}). Look at the "
        "phone in a few minutes; if nothing comes, look whether the number is registered (A2P "
        "10DLC) and whether many texts wait at the provider.",
    )
