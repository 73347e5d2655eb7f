"""The webhook for mail: a mail service posts what came in, each mail as it is.

The token is the authority. Repeats change nothing, and whatever the bytes are, they are filed.
"""

import hmac

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from outreach import clock, db
from outreach.web import context
from outreach.workflows import inbound_mail

bp = Blueprint("mail_hook", __name__)

MAX_BODY = 10 * 1024 * 1024
SCHEME = "Bearer "
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "application/json")
"""What services post by default: the mail already taken apart, each in a way of its own."""


@bp.before_request
def refuse_strangers() -> None:
    """Let in who has the token: 403 for a wrong one, none, or none set; 413 for what is too large.

    The token first: who has none learns nothing, and nothing is read of what they send.
    """
    token = context.config().mail_hook_token.get_secret_value()
    given = request.headers.get("Authorization", "")
    if not token or not hmac.compare_digest(given.encode(), f"{SCHEME}{token}".encode()):
        abort(403)
    # One more, to see it: Werkzeug cuts what comes in pieces at its limit, and says nothing.
    request.max_content_length = MAX_BODY + 1
    if (request.content_length or 0) > MAX_BODY:
        abort(413)


@bp.post("/hooks/mail")
def take() -> ResponseReturnValue:
    """Take one mail: the body as it came (message/rfc822). 204, also for one that was there."""
    if request.mimetype in FORMS:
        return Response("Post the mail itself, as message/rfc822.\n", 415, mimetype="text/plain")
    raw = request.get_data(cache=False)
    if len(raw) > MAX_BODY:
        abort(413)
    if not raw:
        return Response("There is no mail in this.\n", 400, mimetype="text/plain")
    _file(raw)
    return "", 204


@db.retrying
def _file(raw: bytes) -> None:
    with context.transaction() as session:
        inbound_mail.process_inbound(session, raw, links=context.links(), now=clock.now())
