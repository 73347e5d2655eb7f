import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog

from outreach import logs


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def logged(**event: object) -> dict[str, Any]:
    stream = StringIO()
    logs.configure(level="info", stream=stream)
    logs.get("tests").info("message.sent", **event)
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def test_an_event_is_one_line_of_json_with_ids_and_kinds() -> None:
    line = logged(message_id=7, kind="offer")

    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "message.sent",
        "kind": "offer",
        "level": "info",
        "component": "tests",
        "message_id": 7,
    }


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("GET /a/Zk3-x_9 200", "GET /a/… 200"),
        ("GET /f/Zk3-x_9.ics", "GET /f/….ics"),
        ("GET /demo/sign-in/Zk3", "GET /demo/sign-in/…"),
        ("to +13125550123 failed", "to [number] failed"),
        ("to (312) 555-0123 failed", "to [number] failed"),
        ("<ana@outreach.example> refused", "<[address]> refused"),
        ("visit 12 moved to 2026-12-01", "visit 12 moved to 2026-12-01"),
    ],
)
def test_no_token_number_or_address_reaches_the_log(text: str, scrubbed: str) -> None:
    assert logs.scrubbed(text) == scrubbed
    assert logged(problem=text)["problem"] == scrubbed


def test_lists_mappings_and_objects_are_scrubbed_too() -> None:
    line = logged(
        tried=["+13125550123", 7],
        by={"mail": "ana@outreach.example"},
        error=KeyError("312-555-0123"),
    )

    assert line["tried"] == ["[number]", 7]
    assert line["by"] == {"mail": "[address]"}
    assert line["error"] == "'[number]'"


def test_a_traceback_is_scrubbed_too() -> None:
    stream = StringIO()
    logs.configure(level="info", stream=stream)
    try:
        int("ana@outreach.example")
    except ValueError:
        logs.get("tests").exception("job.failed")

    assert "outreach.example" not in stream.getvalue()
    assert "[address]" in stream.getvalue()


def test_what_a_library_logs_goes_through_the_same_chain() -> None:
    stream = StringIO()
    logs.configure(level="info", stream=stream)
    logs.configure(level="info", stream=stream)

    logging.getLogger("waitress").warning("Slow client %s", "ana@outreach.example")
    logging.getLogger("twilio.http_client").info("POST +13125550123")

    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["event"] == "Slow client [address]"
    assert json.loads(line)["component"] == "waitress"


def test_what_is_below_the_level_is_not_written() -> None:
    stream = StringIO()
    logs.configure(level="warning", stream=stream)
    logs.get("tests").info("quiet")
    logging.getLogger("waitress").info("quiet too")

    assert stream.getvalue() == ""
