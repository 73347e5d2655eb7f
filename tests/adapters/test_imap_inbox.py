"""Fetching from a mailbox: bounded, and put away only once it is kept here."""

import ipaddress
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from outreach.adapters import imap_inbox
from outreach.adapters.imap_inbox import ImapInbox
from outreach.adapters.probes import NoAnswer, Refused
from outreach.messaging.ports import CouldNotLook
from tests import imap_standin
from tests.imap_standin import PASSWORD, USER, ImapStandIn


@pytest.fixture
def server() -> Iterator[ImapStandIn]:
    with imap_standin.running() as standin:
        yield standin


def inbox(server: ImapStandIn, **changes: Any) -> ImapInbox:  # noqa: ANN401 - any setting
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "user": USER,
        "password": PASSWORD,
        "tls": "none",
        "timeout_s": 2.0,
    }
    return ImapInbox(**given | changes)


class Desk:
    """Takes mails, but for those it is told not to."""

    def __init__(self, *refused: bytes) -> None:
        self.got: list[bytes] = []
        self.refused = refused

    def take(self, raw: bytes) -> bool:
        self.got.append(raw)
        return raw not in self.refused


def go_on() -> bool:
    return False


def test_what_is_unread_is_taken_oldest_first_and_marked_as_read(server: ImapStandIn) -> None:
    server.arrive(b"read").flags.add("\\Seen")
    one, two = server.arrive(b"one"), server.arrive(b"two\r\n)\r\nA1 OK")
    desk = Desk()

    assert inbox(server).fetch(desk.take, stopping=go_on) == 2

    assert desk.got == [one.raw, two.raw]
    assert (one.flags, two.flags) == ({"\\Seen"}, {"\\Seen"})
    assert inbox(server).fetch(desk.take, stopping=go_on) == 0


def test_a_mail_that_was_not_kept_stays_unread_and_the_next_is_taken(server: ImapStandIn) -> None:
    one, two = server.arrive(b"one"), server.arrive(b"two")

    assert inbox(server).fetch(Desk(b"one").take, stopping=go_on) == 1

    assert (one.flags, two.flags) == (set(), {"\\Seen"})


@pytest.mark.parametrize("extensions", [("UIDPLUS", "MOVE"), ("UIDPLUS",), ()])
def test_with_a_folder_to_move_to_also_what_somebody_opened_is_taken_and_moved(
    server: ImapStandIn, extensions: tuple[str, ...]
) -> None:
    server.extensions = extensions
    server.folders["Kept here"] = []
    server.arrive(b"opened").flags.add("\\Seen")
    desk = Desk()
    mailbox = inbox(server, move_to="Kept here")

    assert mailbox.fetch(desk.take, stopping=go_on) == 1

    assert server.uids("Kept here") == [1]
    assert server.uids() == ([] if extensions else [1])
    assert mailbox.fetch(desk.take, stopping=go_on) == 0
    assert not [line for line in server.said if line.upper().startswith("EXPUNGE")]


def test_one_round_takes_fifty_and_stops_when_told(server: ImapStandIn) -> None:
    for number in range(60):
        server.arrive(b"%d" % number)
    desk = Desk()

    assert inbox(server).fetch(desk.take, stopping=lambda: len(desk.got) == 3) == 3
    assert inbox(server).fetch(desk.take, stopping=go_on) == imap_inbox.MOST_MAILS
    assert inbox(server).fetch(desk.take, stopping=go_on) == 7


def test_of_a_large_mail_the_beginning_is_fetched(
    server: ImapStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_inbox, "MOST_BYTES", 100)
    server.arrive(b"a" * 5000)
    desk = Desk()

    inbox(server).fetch(desk.take, stopping=go_on)

    assert [len(raw) for raw in desk.got] == [100]


def test_a_server_that_announces_gigabytes_is_left(server: ImapStandIn) -> None:
    server.arrive(b"small")
    server.literal_of = 8 * 1024**3

    with pytest.raises(CouldNotLook, match="no answer"):
        inbox(server).fetch(Desk().take, stopping=go_on)


@pytest.mark.parametrize("command", ["LOGIN", "SELECT", "SEARCH", "FETCH", "STORE"])
def test_a_line_that_is_cut_loses_nothing(server: ImapStandIn, command: str) -> None:
    server.arrive(b"one")
    server.cuts_before = command

    with pytest.raises(CouldNotLook):
        inbox(server).fetch(Desk().take, stopping=go_on)

    server.cuts_before = ""
    assert inbox(server).fetch(Desk().take, stopping=go_on) == 1


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"password": "wrong"}, "sign-in"),
        ({"folder": "Elsewhere"}, "folder"),
        ({"move_to": "Elsewhere"}, "move folder"),
        ({"tls": "starttls"}, "tls"),
    ],
)
def test_what_a_look_finds_is_told_in_a_word(
    server: ImapStandIn, changes: dict[str, str], word: str
) -> None:
    with pytest.raises(Refused, match=word):
        inbox(server, **changes).look()


def test_a_look_changes_nothing(server: ImapStandIn) -> None:
    kept = server.arrive(b"one")
    server.folders["Kept"] = []

    inbox(server, move_to="Kept").look()

    assert kept.flags == set()
    assert not server.commands("SELECT")


def test_where_nobody_answers_that_is_said() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = ImapStandIn(port=unused.getsockname()[1])

    with pytest.raises(NoAnswer):
        inbox(closed).look()


def test_a_server_that_says_nothing_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = ImapStandIn(port=mute.getsockname()[1])

        with pytest.raises(NoAnswer):
            inbox(silent, timeout_s=0.2).look()


def test_a_certificate_that_is_trusted_lets_us_in_and_another_does_not(tmp_path: Path) -> None:
    file = certificate(tmp_path)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(file)
    with imap_standin.running(theirs) as server:
        server.arrive(b"one")
        trusting = ssl.create_default_context(cafile=str(file))

        mailbox = inbox(server, tls="implicit", context=trusting)
        assert mailbox.fetch(Desk().take, stopping=go_on) == 1
        with pytest.raises(Refused, match="tls"):
            inbox(server, tls="implicit").look()


def certificate(folder: Path) -> Path:
    """Make a certificate of 127.0.0.1 that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file
