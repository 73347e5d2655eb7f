"""A test's browser: it fills in the forgery token of a form as a page's hidden field would."""

import secrets
from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

rows_in_hand: list[Session] = []
"""The sessions a test has open. A request comes from outside: it sees committed rows only, and on
SQLite it would wait for a writer's lock until the time is up."""


def commit_rows_in_hand() -> None:
    """Commit what the test has written so far."""
    for session in rows_in_hand:
        session.commit()


class Browser(FlaskClient):
    """A client whose POSTs carry a right forgery token; `forged=True` leaves it out."""

    def open(self, *args: Any, forged: bool = False, **options: Any) -> TestResponse:  # noqa: ANN401
        """Ask for a page. POSTs go with the token, unless `forged`."""
        commit_rows_in_hand()
        if options.get("method") == "POST" and not forged:
            headers = dict(options.pop("headers", None) or {})
            token = self._token(options.get("base_url", "http://localhost"))
            options["headers"] = {"X-CSRFToken": token} | headers
        return super().open(*args, **({"buffered": True} | options))

    def _token(self, base_url: str) -> str:
        with self.session_transaction(base_url=base_url) as session:
            raw = session.setdefault("csrf_token", secrets.token_hex(20))
        key = self.application.secret_key
        assert key
        return str(URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(raw))
