"""One GET to an address that a stranger gave us, from servers that are friendly and hostile."""

import gzip
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from outreach import wiring
from outreach.adapters import public_https
from outreach.adapters.own_calendar import OwnCalendarReader
from outreach.adapters.public_https import Fetched, PublicHttps
from outreach.config import Config
from outreach.speakers.ports import CouldNotRead, Trouble
from tests import calendar_standin
from tests.calendar_standin import HOST, CalendarStandIn, moved, plain

ADDRESS = f"https://{HOST}/secret-of-maria.ics"
PATH = "/secret-of-maria.ics"
BODY = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
MIB = 1024 * 1024


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CalendarStandIn]:
    with calendar_standin.running(tmp_path, HOST, "elsewhere.example.org") as server:
        server.serve(PATH, BODY, ETag='"1"', Last_Modified="Mon, 26 Oct 2026 10:00:00 GMT")
        yield server


def trouble(client: PublicHttps, address: str = ADDRESS) -> Trouble:
    """Return why an address could not be read; the error may name nothing of it."""
    with pytest.raises(CouldNotRead) as error:
        client.fetch(address)
    shown = repr(error.value) + str(error.value) + str(error.value.__cause__)
    assert [word for word in ("secret", HOST, "127.0.0.1") if word in shown] == []
    assert error.value.__cause__ is None
    assert error.value.__context__ is None or error.value.__suppress_context__
    return error.value.trouble


def test_a_calendar_is_fetched_by_one_plain_get(server: CalendarStandIn) -> None:
    found = server.client().fetch(ADDRESS)

    assert found == Fetched(BODY, '"1"', "Mon, 26 Oct 2026 10:00:00 GMT")
    ((path, headers),) = server.asked
    assert (path, headers["host"]) == (PATH, HOST)
    assert set(headers) == {"host", "accept", "accept-encoding", "user-agent"}


def test_what_has_not_changed_is_not_sent_again(server: CalendarStandIn) -> None:
    server.pages[PATH] = plain(b"", status="304 Not Modified")

    assert server.client().fetch(ADDRESS, etag='"1"', last_modified="then") is None
    assert server.asked[0][1]["if-none-match"] == '"1"'
    assert server.asked[0][1]["if-modified-since"] == "then"


def test_nobody_asked_whether_it_has_changed(server: CalendarStandIn) -> None:
    server.pages[PATH] = plain(b"", status="304 Not Modified")

    assert trouble(server.client()) is Trouble.SERVER


@pytest.mark.parametrize("tag", ["x" * 501, "é", "a\x07b"])
def test_a_tag_that_is_long_or_strange_is_not_kept(server: CalendarStandIn, tag: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Length: 0\r\n\r\n".encode()
    server.pages[PATH] = lambda write: write(head)

    found = server.client().fetch(ADDRESS)

    assert (found and found.etag) == ""


def test_three_redirects_are_followed_and_a_fourth_is_not(server: CalendarStandIn) -> None:
    server.pages["/3"] = moved("/2", status="301 Moved Permanently")
    server.pages["/2"] = moved("https://elsewhere.example.org/1", status="307 Temporary Redirect")
    server.pages["/1"] = moved(ADDRESS, status="308 Permanent Redirect")
    server.pages["/4"] = moved("/3")

    assert server.client().fetch(f"https://{HOST}/3")
    assert trouble(server.client(), f"https://{HOST}/4") is Trouble.ADDRESS


def test_a_redirect_in_a_circle_ends(server: CalendarStandIn) -> None:
    server.pages[PATH] = moved(ADDRESS)

    assert trouble(server.client()) is Trouble.ADDRESS
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "elsewhere",
    [
        f"http://{HOST}/x",
        "https://127.0.0.1/x",
        "https://2130706433/x",
        "https://0177.0.0.1/x",
        "https://0x7f.1/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://localhost/",
        f"https://{HOST}:22/",
        f"https://maria:pw@{HOST}/",
        "file:///etc/passwd",
        "gopher://x.example/",
        "//[",
    ],
)
def test_a_redirect_to_what_is_not_taken_is_not_followed(
    server: CalendarStandIn, elsewhere: str
) -> None:
    server.pages[PATH] = moved(elsewhere)

    assert trouble(server.client()) is Trouble.ADDRESS
    assert server.connections == 1


def test_a_redirect_to_a_name_that_is_private_is_not_followed(server: CalendarStandIn) -> None:
    server.pages[PATH] = moved("https://inside.example.org/x")
    known = {HOST: ["127.0.0.1"], "inside.example.org": ["10.0.0.1"]}

    assert trouble(server.client(resolve=known.__getitem__)) is Trouble.UNREACHABLE
    assert server.connections == 1


PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - refused
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "224.0.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::10.0.0.1",
    "2002:0a00:0001::1",
    "2002:7f00:0001::1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::10.0.0.1",
    "64:ff9b:1::8.8.8.8",
    "2001::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_of_a_private_network_is_public(address: str) -> None:
    assert not public_https.is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8", "2002:808:808::1"],
)
def test_a_public_address_is(address: str) -> None:
    assert public_https.is_public(ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_for_a_private_address_is_never_connected_to(
    server: CalendarStandIn, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dial(*_: object, **__: object) -> socket.socket:
        raise AssertionError("connected")

    monkeypatch.setattr(socket, "create_connection", dial)
    client = PublicHttps(resolve=lambda _: [address], port=server.port, context=server.context)

    assert trouble(client) is Trouble.UNREACHABLE
    assert server.connections == 0


def test_one_private_address_among_public_ones_is_enough(server: CalendarStandIn) -> None:
    client = server.client(resolve=lambda _: ["127.0.0.1", "10.0.0.1"])

    assert trouble(client) is Trouble.UNREACHABLE
    assert server.connections == 0


def test_a_name_that_changes_its_mind_is_asked_once(server: CalendarStandIn) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"], ["10.0.0.1"]])
    client = server.client(resolve=lambda _: next(answers))

    assert client.fetch(ADDRESS)
    assert next(answers) == ["10.0.0.1"]  # the second was never asked for


def test_and_is_checked_again_for_each_redirect(server: CalendarStandIn) -> None:
    server.pages["/first"] = moved(ADDRESS)
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])

    assert trouble(server.client(resolve=lambda _: next(answers)), f"https://{HOST}/first") is (
        Trouble.UNREACHABLE
    )
    assert len(server.asked) == 1


def test_the_certificate_must_be_the_names(server: CalendarStandIn) -> None:
    assert trouble(server.client(), "https://other.example.org/x") is Trouble.TLS
    assert server.asked == []


def test_the_certificate_must_be_trusted(server: CalendarStandIn) -> None:
    assert trouble(server.client(context=None)) is Trouble.TLS
    assert server.asked == []


def test_a_name_nobody_knows(server: CalendarStandIn) -> None:
    def unknown(_: str) -> list[str]:
        raise socket.gaierror(8, "unknown")

    assert trouble(server.client(resolve=unknown)) is Trouble.UNREACHABLE
    assert trouble(server.client(resolve=lambda _: [])) is Trouble.UNREACHABLE


def test_nobody_answers_there(server: CalendarStandIn) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    assert trouble(server.client(port=port)) is Trouble.UNREACHABLE


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("401 Unauthorized", Trouble.NOT_THERE),
        ("403 Forbidden", Trouble.NOT_THERE),
        ("404 Not Found", Trouble.NOT_THERE),
        ("410 Gone", Trouble.NOT_THERE),
        ("429 Too Many Requests", Trouble.SERVER),
        ("500 Internal Server Error", Trouble.SERVER),
        ("204 No Content", Trouble.SERVER),
        ("206 Partial Content", Trouble.SERVER),
    ],
)
def test_what_servers_say(server: CalendarStandIn, status: str, word: Trouble) -> None:
    server.pages[PATH] = plain(b"", status=status)

    assert trouble(server.client()) is word


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00" * 100,
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nplain",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n",
        b"",
    ],
)
def test_what_is_no_answer(server: CalendarStandIn, garbage: bytes) -> None:
    server.pages[PATH] = lambda write: write(garbage)

    assert trouble(server.client()) is Trouble.SERVER


def test_five_mebibytes_and_no_more(server: CalendarStandIn) -> None:
    server.serve("/most", b"x" * 5 * MIB)
    server.serve("/more", b"x" * (5 * MIB + 1))
    found = server.client().fetch(f"https://{HOST}/most")

    assert len(found.body if found else b"") == 5 * MIB
    assert trouble(server.client(), f"https://{HOST}/more") is Trouble.TOO_LARGE


def test_it_may_be_packed(server: CalendarStandIn) -> None:
    server.serve(PATH, gzip.compress(BODY), Content_Encoding="gzip")

    found = server.client().fetch(ADDRESS)

    assert found == Fetched(BODY, "", "")


def test_a_bomb_is_unpacked_no_further_than_the_limit(server: CalendarStandIn) -> None:
    bomb = gzip.compress(b"\x00" * 500 * MIB, compresslevel=1)
    server.serve(PATH, bomb, Content_Encoding="gzip")
    begun = time.monotonic()

    assert trouble(server.client()) is Trouble.TOO_LARGE
    assert time.monotonic() - begun < 5


def test_a_hundred_mebibytes_without_a_length_end_at_the_limit(server: CalendarStandIn) -> None:
    sent = 0

    def endless(write: Callable[[bytes], Any]) -> None:
        nonlocal sent
        write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while sent < 100 * MIB:
            write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            sent += 0x10000

    server.pages[PATH] = endless

    assert trouble(server.client()) is Trouble.TOO_LARGE
    assert sent < 50 * MIB


def drip(first: bytes) -> Callable[[Callable[[bytes], Any]], None]:
    def answer(write: Callable[[bytes], Any]) -> None:
        write(first)
        for _ in range(600):
            write(b"x")
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFF\r\n",
    ],
    ids=["status", "header", "body", "chunk"],
)
def test_one_byte_after_another_ends_when_the_time_is_up(
    server: CalendarStandIn, first: bytes
) -> None:
    server.pages[PATH] = drip(first)
    begun = time.monotonic()

    assert trouble(server.client(total_s=0.6)) is Trouble.SLOW
    assert time.monotonic() - begun < 3


def test_nor_does_one_that_never_begins_to_encrypt_hold_us_up(server: CalendarStandIn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        client = server.client(port=silent.getsockname()[1], total_s=0.6)

        assert trouble(client) is Trouble.SLOW
        assert time.monotonic() - begun < 3


def test_nor_a_resolver_that_takes_its_time(server: CalendarStandIn) -> None:
    asleep = threading.Event()

    def slow(_: str) -> list[str]:
        asleep.wait(10)
        return ["127.0.0.1"]

    begun = time.monotonic()
    client = server.client(resolve=slow, total_s=0.4)

    assert trouble(client) is Trouble.UNREACHABLE
    assert time.monotonic() - begun < 3
    asleep.set()


def test_nor_redirects_that_each_take_a_while(server: CalendarStandIn) -> None:
    def later(write: Callable[[bytes], Any]) -> None:
        time.sleep(0.4)
        moved(ADDRESS)(write)

    server.pages[PATH] = later

    assert trouble(server.client(total_s=0.6)) is Trouble.SLOW


def test_proxies_and_sign_ins_of_the_machine_are_not_used(
    server: CalendarStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {HOST} login a password b")
    for name, value in {"HTTPS_PROXY": "http://127.0.0.1:9", "NETRC": str(netrc)}.items():
        monkeypatch.setenv(name, value)

    assert server.client().fetch(ADDRESS)
    assert "authorization" not in server.asked[0][1]


def test_a_cookie_is_not_brought_back(server: CalendarStandIn) -> None:
    server.pages["/first"] = plain(b"", status="302 Found", Location=ADDRESS, Set_Cookie="a=b")

    assert server.client().fetch(f"https://{HOST}/first")
    assert "cookie" not in server.asked[1][1]


def test_the_address_is_in_no_log(
    server: CalendarStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        server.client().fetch(ADDRESS)
        trouble(server.client(), f"https://{HOST}/secret-gone")

    assert (HOST in caplog.text, "secret" in caplog.text) == (False, False)


def test_the_service_itself_is_built_with_every_guard(config: Config) -> None:
    reader = wiring.build(config).calendars
    assert isinstance(reader, OwnCalendarReader)
    https = reader._https

    assert (https._is_allowed, https._resolve, https._port, https._total_s) == (
        public_https.is_public,
        public_https.addresses_of,
        443,
        15,
    )
    assert (https._context.check_hostname, https._context.verify_mode.name) == (
        True,
        "CERT_REQUIRED",
    )
