"""Signing in."""

from flask.testing import FlaskClient


def test_the_sign_in_page_asks_for_an_address(client: FlaskClient) -> None:
    answer = client.get("/sign-in")

    assert answer.status_code == 200, answer.text
    assert "Your e-mail address" in answer.text
