"""A server on loopback that publishes calendars over TLS, and misbehaves on demand.

It has a certificate of its own for the names it goes by. Nothing but the tests' own parameters
lets `PublicHttps` connect to it.
"""

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from outreach.adapters.public_https import Address, PublicHttps

HOST = "calendar.example.org"
LOOPBACK = ip_address("127.0.0.1")

Answer = Callable[[Callable[[bytes], Any]], None]
"""Gets what writes to the client."""


@dataclass
class CalendarStandIn:
    """What the server answers by path, and what it was asked."""

    context: ssl.SSLContext
    """Of a client that trusts it."""
    port: int = 0
    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    connections: int = 0

    def serve(self, path: str, body: bytes, **headers: str) -> None:
        """Publish a body."""
        self.pages[path] = plain(body, **headers)

    def client(self, **options: object) -> PublicHttps:
        """Return what fetches from here, whatever the name; loopback is allowed to it alone."""
        given: dict[str, Any] = {
            "resolve": lambda _host: ["127.0.0.1"],
            "is_allowed": is_loopback,
            "port": self.port,
            "context": self.context,
        }
        return PublicHttps(**given | options)


def is_loopback(address: Address) -> bool:
    """Allow the test's own server, and nothing else."""
    return address == LOOPBACK


def plain(body: bytes, *, status: str = "200 OK", **headers: str) -> Answer:
    """Answer with a body and its length."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}\r\n" for name, value in names.items()]
    head = f"HTTP/1.1 {status}\r\n{''.join(lines)}Content-Length: {len(body)}\r\n\r\n".encode()
    return lambda write: write(head + body)


def moved(to: str, *, status: str = "302 Found") -> Answer:
    """Send the client elsewhere."""
    return plain(b"", status=status, Location=to)


class _Talk(socketserver.StreamRequestHandler):
    server: "_Server"

    def setup(self) -> None:
        self.server.standin.connections += 1
        self.request = self.server.theirs.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        line = self.rfile.readline().decode("latin-1").split()
        headers: dict[str, str] = {}
        while (raw := self.rfile.readline()) not in {b"\r\n", b"\n", b""}:
            name, _, value = raw.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        if line:
            standin = self.server.standin
            standin.asked.append((line[1], headers))
            missing = plain(b"", status="404 Not Found")
            standin.pages.get(line[1], missing)(self.wfile.write)

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.request.close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, standin: CalendarStandIn, theirs: ssl.SSLContext) -> None:
        self.standin, self.theirs = standin, theirs
        super().__init__(("127.0.0.1", 0), _Talk)

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients hang up here on purpose."""


@contextmanager
def running(folder: Path, *names: str) -> Iterator[CalendarStandIn]:
    """Run a server with a certificate for these names, HOST without any."""
    file = certificate(folder, *(names or (HOST,)))
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(file)
    standin = CalendarStandIn(context=ssl.create_default_context(cafile=str(file)))
    with _Server(standin, theirs) as server:
        standin.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield standin
        finally:
            server.shutdown()
            thread.join()


def certificate(folder: Path, *names: str) -> Path:
    """Make a certificate for these names that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=400))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{names[0]}.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file
