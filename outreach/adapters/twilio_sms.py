"""Texts through Twilio, with the real client over an HTTP client of ours.

Sending is not idempotent at Twilio, so nothing here tries twice: what may have been sent comes
back as `Ambiguous` and is looked up (docs/api/errors/20500 and 20429).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from outreach import logs
from outreach.messaging.ports import (
    Accepted,
    Ambiguous,
    CouldNotLook,
    Rejected,
    Result,
    Retry,
    Seen,
    Sms,
    Standing,
)
from outreach.messaging.reasons import Reason

CONNECT_S, READ_S = 3, 12
LIST_LIMIT = 50
BAD_REQUEST, UNAUTHORIZED, NOT_FOUND, TOO_MANY, SERVER_ERROR = 400, 401, 404, 429, 500

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """What Twilio says of an account. `has_sender`: it owns our number, which can send texts."""

    status: str
    is_trial: bool
    has_sender: bool | None


class TwilioSms:
    """Sends texts from one number, or through one messaging service.

    `base_url` stands in for https://api.twilio.com where it is given.
    """

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        sender: str = "",
        messaging_service_sid: str = "",
        base_url: str = "",
        read_s: float = READ_S,
    ) -> None:
        http = TwilioHttpClient()
        # The library's default is no time-out at all; one figure would be both of ours.
        http.timeout = (CONNECT_S, read_s)
        self._client = Client(account_sid, auth_token, http_client=http)
        # Only our configuration counts, not TWILIO_REGION and TWILIO_EDGE of the environment.
        self._client.region = self._client.edge = None
        if base_url:
            self._client.api.base_url = base_url
            # What stands in for Twilio is near, never behind the environment's proxy.
            http.session.trust_env = False
        self._origin = (
            {"messaging_service_sid": messaging_service_sid}
            if messaging_service_sid
            else {"from_": sender}
        )
        self._sender = "" if messaging_service_sid else sender

    def send(self, sms: Sms) -> Result:
        """Hand one text over, once."""
        try:
            message = self._client.messages.create(
                to=sms.to,
                body=sms.body,
                # A trial from the command line has no address to be called at.
                **({"status_callback": sms.callback_url} if sms.callback_url else {}),
                validity_period=sms.valid_for_s,
                # The text is found again by its words, so nobody may change them.
                smart_encoded=False,
                **self._origin,
            )
        except requests.RequestException as error:
            return _network_trouble(error)
        except TwilioException as error:
            return _refusal(error)
        except ValueError:
            # Accepted, but the answer could not be read.
            return Ambiguous(Reason.UNREADABLE)
        if not message.sid:
            return Ambiguous(Reason.UNREADABLE)
        return Accepted(message.sid, status=str(message.status or "accepted"))

    def sent_to(self, phone: str, *, since: datetime) -> Sequence[Seen]:
        """Return what Twilio lists for a number from `since` on.

        Its own date filter has whole days and leaves out what has not been sent yet, so the time
        of creation is compared here.
        """
        wanted: dict[str, Any] = {"to": phone, "limit": LIST_LIMIT}
        if self._sender:
            wanted["from_"] = self._sender
        try:
            listed = self._client.messages.list(**wanted)
        except (requests.RequestException, TwilioException, ValueError) as error:
            raise CouldNotLook(type(error).__name__) from error
        outbound = (m for m in listed if m.direction != "inbound" and m.sid)
        seen = (_seen(message) for message in outbound)
        return [text for text in seen if text.created_at >= since.replace(microsecond=0)]

    def status(self, provider_id: str) -> Standing | None:
        """Ask Twilio about one text."""
        try:
            message = self._client.messages(provider_id).fetch()
        except (requests.RequestException, TwilioException, ValueError) as error:
            if _status_of(error) == NOT_FOUND:
                return None
            raise CouldNotLook(type(error).__name__) from error
        return Standing(str(message.status or ""), str(message.error_code or ""))

    def redact(self, provider_id: str) -> bool:
        """Empty the body of one text in Twilio's records; a text without one stays as it is."""
        try:
            self._client.messages(provider_id).update(body="")
        except (requests.RequestException, TwilioException, ValueError) as error:
            status = _status_of(error)
            if status == NOT_FOUND:
                return True
            if _is_about_this_text(status):
                log.warning("twilio.kept_text", status=status)
                return False
            raise CouldNotLook(type(error).__name__) from error
        return True

    def account(self) -> Account | Rejected:
        """Look at the account and, where we send from a number of ours, at that; sends nothing.

        Raises:
            CouldNotLook: Twilio could not be asked.
        """
        try:
            found = self._client.api.v2010.account.fetch()
            numbers = (
                self._client.incoming_phone_numbers.list(phone_number=self._sender, limit=1)
                if self._sender
                else None
            )
        except (requests.RequestException, TwilioException, ValueError) as error:
            if isinstance(error, TwilioRestException | TwilioServiceException):
                return Rejected(str(error.code or error.status))
            raise CouldNotLook(type(error).__name__) from error
        return Account(
            status=str(found.status or ""),
            is_trial=str(found.type or "").lower() == "trial",
            has_sender=None if numbers is None else _can_text(numbers),
        )


class TwilioSignature:
    """Checks the signature of a webhook (X-Twilio-Signature)."""

    def __init__(self, auth_token: str) -> None:
        self._validator = RequestValidator(auth_token)

    def __call__(self, *, url: str, form: Mapping[str, str], signature: str | None) -> bool:
        """Check a form; the library raises on a missing header, which is a no here."""
        if not signature:
            return False
        return bool(self._validator.validate(url, form, signature))

    def sign(self, *, url: str, form: Mapping[str, str]) -> str:
        """Sign a form as Twilio does, to see whether a callback would get through."""
        return str(self._validator.compute_signature(url, form))


def _can_text(numbers: Sequence[Any]) -> bool:
    return any((number.capabilities or {}).get("sms") for number in numbers)


def _status_of(error: Exception) -> int:
    """Return the HTTP status of Twilio's answer; 0 where it gave none."""
    if isinstance(error, TwilioRestException | TwilioServiceException):
        return int(error.status)
    return 0


def _is_about_this_text(status: int) -> bool:
    """Say whether a refusal concerns one text alone, so that the next may fare better."""
    return BAD_REQUEST <= status < SERVER_ERROR and status not in {UNAUTHORIZED, TOO_MANY}


def _seen(message: Any) -> Seen:  # noqa: ANN401 - the client ships no types
    return Seen(
        provider_id=message.sid,
        body=message.body or "",
        status=str(message.status or ""),
        code=str(message.error_code or ""),
        created_at=message.date_created or datetime.now(UTC),
    )


def _refusal(error: TwilioException) -> Result:
    if not isinstance(error, TwilioRestException | TwilioServiceException):
        return Ambiguous(Reason.GATEWAY)
    status, code = int(error.status), str(error.code or error.status)
    log.warning("twilio.refused", status=status, code=code)
    if status == TOO_MANY:
        # Never processed, so always safe to repeat.
        return Retry(code)
    if status >= SERVER_ERROR:
        return Ambiguous(code)
    return Rejected(code)


def _network_trouble(error: requests.RequestException) -> Result:
    log.warning("twilio.unreachable", error=type(error).__name__)
    if _never_connected(error):
        return Retry(Reason.UNREACHABLE)
    return Ambiguous(Reason.CONNECTION)


def _never_connected(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
