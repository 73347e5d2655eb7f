"""Twilio's webhooks: texts that came in, and what became of those that went out.

The signature is the authority, over the address people configured, never over what the request
claims its host to be. Without one nothing is read. Both answer at once; repeats change nothing.
"""

from typing import Protocol
from xml.sax.saxutils import escape

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from outreach import clock, db
from outreach.messaging import kinds, words
from outreach.messaging.ports import SignatureCheck
from outreach.web import context
from outreach.workflows import delivery, inbound
from outreach.workflows.delivery import Post

bp = Blueprint("hooks", __name__, url_prefix="/hooks/twilio")

MAX_BODY = 64 * 1024
"""Twilio's forms have a few kilobytes."""

LONGEST_TEXT = 1600
LONGEST_WORD = 64
"""Twilio's ids have 34 characters, its numbers, states and codes fewer."""


class Hooked(context.Wired, Protocol):
    """What `outreach.wiring` builds, as far as webhooks use it."""

    @property
    def post(self) -> Post:
        """What sends messages, and renders them."""
        ...

    @property
    def signature(self) -> SignatureCheck | None:
        """The check of the provider's signature; None where there is no provider."""
        ...


@bp.before_request
def refuse_strangers() -> None:
    """Let only the provider in: 413 for what is too large, 403 for a wrong signature or none."""
    request.max_content_length = MAX_BODY
    if (request.content_length or 0) > MAX_BODY:
        abort(413)
    check: SignatureCheck | None = getattr(context.wired(), "signature", None)
    signature = request.headers.get("X-Twilio-Signature")
    if check is None or not signature:
        abort(403)
    if not check(url=_public_url(), form=request.form, signature=signature):
        abort(403)


@bp.post("/inbound")
def twilio_inbound() -> ResponseReturnValue:
    """Take a text. STOP, START and HELP are answered right here, the rest through the outbox."""
    form = request.form
    text_id, sender = _word("MessageSid"), _word("From")
    if not text_id or not sender:
        abort(400)
    body = _kept(form.get("Body", ""), longest=LONGEST_TEXT)
    received = _receive(text_id, sender, body)
    # With Twilio's opt-out handling the person has its answer already.
    is_answered = "OptOutType" in form or words.is_answered_by_provider(body)
    if received.reply in kinds.KEYWORD_REPLIES and not is_answered:
        return _say(received)
    return _twiml("")


@bp.post("/status/<attempt>")
def twilio_status(attempt: str) -> ResponseReturnValue:
    """Take what became of one attempt."""
    provider_id, status = _word("MessageSid"), _word("MessageStatus")
    if not provider_id or not status:
        abort(400)
    _note(_kept(attempt, longest=LONGEST_WORD), provider_id, status, _word("ErrorCode"))
    return "", 204


@db.retrying
def _receive(text_id: str, sender: str, body: str) -> inbound.Received:
    with context.transaction() as session:
        return inbound.receive_sms(
            session,
            provider_id=text_id,
            from_phone=sender,
            body=body,
            links=context.links(),
            now=clock.now(),
            replies_to_keywords=False,
        )


@db.retrying
def _note(attempt: str, provider_id: str, status: str, code: str) -> None:
    with context.transaction() as session:
        delivery.provider_said(
            session,
            attempt=attempt,
            provider_id=provider_id,
            status=status,
            code=code,
            now=clock.now(),
        )


def _word(name: str) -> str:
    return _kept(request.form.get(name, ""), longest=LONGEST_WORD)


def _kept(value: str, *, longest: int) -> str:
    """Return what a database keeps of a value: PostgreSQL takes no NUL, and no index a novel."""
    return value.replace("\0", "")[:longest]


def _public_url() -> str:
    """Return the address the provider called: configured origin, path and query as they came."""
    return context.config().public_base_url + request.full_path.rstrip("?")


def _say(received: inbound.Received) -> Response:
    hooked: Hooked = context.wired()  # type: ignore[assignment] # wiring.build makes the whole
    return _twiml(hooked.post.texts.sms(received.reply, {}, locale=received.locale))


def _twiml(text: str) -> Response:
    message = f"<Message>{escape(text)}</Message>" if text else ""
    body = f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>'
    return Response(body, mimetype="text/xml")
