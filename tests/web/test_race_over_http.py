import http.client
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
import waitress.server
from flask import Flask
from sqlalchemy import update

from outreach import crypto
from outreach.db import Database
from outreach.visits.models import Offer
from tests import races

pytestmark = pytest.mark.both_engines

RIVALS = 8


@pytest.fixture
def port(app: Flask) -> Iterator[int]:
    """Serve the application on loopback; give the port."""
    server = waitress.server.create_server(app, host="127.0.0.1", port=0, threads=RIVALS)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server.effective_port
    server.close()


def links_to(database: Database, offer_ids: Sequence[int]) -> list[str]:
    """Give each offer a token of its own and return the paths of the answer pages."""
    tokens = [crypto.token() for _ in offer_ids]
    with database.transaction() as session:
        for offer_id, token in zip(offer_ids, tokens, strict=True):
            mine = update(Offer).where(Offer.id == offer_id)
            session.execute(mine.values(token_hash=crypto.digest(token)))
    return [f"/a/{token}" for token in tokens]


def say_yes(port: int, path: str, gate: threading.Barrier) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    gate.wait(30)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Host": "localhost"}
    connection.request("POST", path, urlencode({"answer": "yes"}), headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("rivals_of", [races.one_slot, races.one_speaker])
def test_of_eight_yeses_over_http_one_wins_and_the_others_get_the_conflict(
    rivals_of: object, port: int, database: Database
) -> None:
    with database.transaction() as session:
        offer_ids = rivals_of(session, rivals=RIVALS)  # type: ignore[operator] # a function
    paths = links_to(database, offer_ids)
    gate = threading.Barrier(RIVALS)

    with ThreadPoolExecutor(RIVALS) as phones:
        statuses = Counter(phones.map(lambda path: say_yes(port, path, gate), paths))

    assert statuses == {303: 1, 409: RIVALS - 1}
    with database.reading() as session:
        assert len(races.active(session)) == 1
