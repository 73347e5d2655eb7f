"""One GET to an address that a stranger gave us, which may be meant to make us look elsewhere.

Only https, only port 443, only to public addresses: every one that the name stands for is checked
when the connection is made, and the connection goes to one of those checked. A name that stands
for something else a moment later changes nothing. Redirects are followed by hand, each of them
checked like the first. Time, bytes and hops are bounded. No cookies, no proxies, nothing logged.
"""

import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final, TypeAlias
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError

from outreach.speakers import rules
from outreach.speakers.ports import CouldNotRead, Trouble

CONNECT_S: Final = 5.0
TOTAL_S: Final = 15.0
"""From looking up the first name to the last byte, all redirects included."""
MOST_BYTES: Final = 5 * 1024 * 1024
"""After decompression; as they come over the wire, too."""
MOST_REDIRECTS: Final = 3
MOST_ADDRESSES: Final = 16
LONGEST_TAG: Final = 500
_PIECE: Final = 64 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NOT_THERE: Final = frozenset({401, 403, 404, 410})
_NAT64: Final = IPv6Network("64:ff9b::/96")
_NAT64_OF_ONES_OWN: Final = IPv6Network("64:ff9b:1::/48")
"""RFC 8215: inside a network, and where in it the IPv4 address stands is that network's choice."""

Address: TypeAlias = IPv4Address | IPv6Address
Resolve: TypeAlias = Callable[[str], Sequence[str]]
IsAllowed: TypeAlias = Callable[[Address], bool]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server gave, decompressed, and how it will know it again."""

    body: bytes
    etag: str
    last_modified: str


def is_public(address: Address) -> bool:
    """Say whether an address belongs to the public internet, and to one machine there.

    An IPv6 address that stands for an IPv4 one (mapped, 6to4, NAT64) is as public as that.
    """
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not (
        (address.version == 6 and address in _NAT64_OF_ONES_OWN)  # noqa: PLR2004 - its name
        or getattr(address, "is_site_local", False)
        or address.is_multicast
        or address.is_reserved
        or address.is_loopback
        or address.is_link_local
        or address.is_unspecified
    )


def addresses_of(host: str) -> list[str]:
    """Return what a name stands for, by the machine's own resolver. Raises OSError."""
    found = socket.getaddrinfo(host, rules.HTTPS_PORT, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class PublicHttps:
    """Fetches. The parameters are for tests alone, whose servers are on loopback."""

    def __init__(
        self,
        *,
        resolve: Resolve = addresses_of,
        is_allowed: IsAllowed = is_public,
        port: int = rules.HTTPS_PORT,
        context: ssl.SSLContext | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        self._resolve, self._is_allowed, self._port = resolve, is_allowed, port
        self._given_context = context
        self._total_s = total_s

    def fetch(self, address: str, *, etag: str = "", last_modified: str = "") -> Fetched | None:
        """Return what is there; None where it is what `etag` or `last_modified` stands for.

        Raises:
            CouldNotRead: with a word for why, and nothing of the address.
        """
        given = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {
            "Accept": "text/calendar, */*;q=0.1",
            "Accept-Encoding": "gzip",
            "User-Agent": "outreach-calendar-reader",
            **{name: value for name, value in given.items() if value},
        }
        with _watched(self._total_s) as watch:
            for _ in range(1 + MOST_REDIRECTS):
                answer = self._one(_checked(address), headers, watch)
                if not isinstance(answer, str):
                    return answer
                address = _next(address, answer)
        raise CouldNotRead(Trouble.ADDRESS)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Whom the machine trusts, read with the first use: most processes fetch nothing."""
        return self._given_context or ssl.create_default_context()

    def _one(
        self, address: str, headers: Mapping[str, str], watch: "_Watch"
    ) -> Fetched | str | None:
        """Ask one server; return what it gave, or where it sends us."""
        parts = urlsplit(address)
        line = _Line(
            parts.hostname or "",
            dial=lambda host: self._dial(host, watch),
            timeout=watch.left(),
            ssl_context=self._context,
            cert_reqs="CERT_REQUIRED",
        )
        with _in_words(watch):
            try:
                target = parts.path + (f"?{parts.query}" if parts.query else "")
                line.request(
                    "GET", target, headers=headers, preload_content=False, decode_content=False
                )
                return _taken(
                    line.getresponse(),
                    is_conditional="If-None-Match" in headers or "If-Modified-Since" in headers,
                )
            finally:
                line.close()

    def _dial(self, host: str, watch: "_Watch") -> socket.socket:
        """Connect to an address that was checked, and to nothing else."""
        ends_at = time.monotonic() + min(CONNECT_S, watch.left())
        found = [ip_address(each) for each in self._looked_up(host, ends_at - time.monotonic())]
        if not found or not all(map(self._is_allowed, found)):
            # One that is private among public ones is no accident.
            raise CouldNotRead(Trouble.UNREACHABLE)
        # A machine without IPv6 must not lose its five seconds on it.
        for address in sorted(found, key=lambda each: each.version)[:MOST_ADDRESSES]:
            left = ends_at - time.monotonic()
            if left <= 0:
                break
            with suppress(OSError):
                line = socket.create_connection((str(address), self._port), timeout=left)
                line.settimeout(self._total_s)  # the watch ends it sooner
                watch.over(line)
                return line
        raise CouldNotRead(Trouble.UNREACHABLE)

    def _looked_up(self, host: str, timeout_s: float) -> Sequence[str]:
        """Look a name up, in a thread that is left behind where the resolver takes too long."""
        found: list[Sequence[str]] = []

        def look() -> None:
            with suppress(OSError, UnicodeError):
                found.append(self._resolve(host))

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        thread.join(timeout_s)
        if not found:
            raise CouldNotRead(Trouble.UNREACHABLE)
        return found[0]


class _Line(HTTPSConnection):
    """A connection whose socket comes from `dial`. The certificate must be the host's."""

    def __init__(
        self,
        host: str,
        *,
        dial: Callable[[str], socket.socket],
        **options: Any,  # noqa: ANN401 - the library's own
    ) -> None:
        super().__init__(host, rules.HTTPS_PORT, **options)
        self._dial = dial

    def _new_conn(self) -> socket.socket:
        return self._dial(self.host)


class _Watch:
    """Cuts whatever is open when the time is up: a server may send one byte every second."""

    def __init__(self, total_s: float) -> None:
        self._ends_at = time.monotonic() + total_s
        self._open: list[socket.socket] = []
        self.is_up = False

    def left(self) -> float:
        """Return the seconds that are left. Raises CouldNotRead."""
        left = self._ends_at - time.monotonic()
        if left <= 0 or self.is_up:
            raise CouldNotRead(Trouble.SLOW)
        return left

    def over(self, line: socket.socket) -> None:
        """Watch over a connection, by a second handle that TLS does not take away."""
        self._open.append(line.dup())
        if self.is_up:
            self.cut()

    def cut(self) -> None:
        """End every connection, whoever waits for it."""
        self.is_up = True
        for line in self._open:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the handles."""
        for line in self._open:
            line.close()


@contextmanager
def _watched(total_s: float) -> Iterator[_Watch]:
    watch = _Watch(total_s)
    timer = threading.Timer(total_s, watch.cut)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        timer.join()
        watch.close()


@contextmanager
def _in_words(watch: _Watch) -> Iterator[None]:
    """Turn what the network does into a word. The errors themselves name the address."""
    try:
        yield
        watch.left()  # a line that was cut looks like the end of what was sent
    except (OSError, HTTPError, http.client.HTTPException, ValueError) as error:
        if watch.is_up or isinstance(error, TimeoutError):
            trouble = Trouble.SLOW
        elif isinstance(error, ssl.SSLError | urllib3.exceptions.SSLError):
            trouble = Trouble.TLS
        else:
            trouble = Trouble.SERVER
        raise CouldNotRead(trouble) from None


def _checked(address: str) -> str:
    """Return the address as the rules have it; a redirect to webcal is one to https."""
    try:
        return rules.calendar_address(address)
    except rules.WrongAddress:
        raise CouldNotRead(Trouble.ADDRESS) from None


def _next(address: str, location: str) -> str:
    try:
        return urljoin(address, location)
    except ValueError:
        raise CouldNotRead(Trouble.ADDRESS) from None


def _taken(answer: urllib3.BaseHTTPResponse, *, is_conditional: bool) -> Fetched | str | None:
    if answer.status in _REDIRECTS:
        return answer.headers.get("Location") or ""
    if answer.status == http.HTTPStatus.NOT_MODIFIED and is_conditional:
        return None
    if answer.status in _NOT_THERE:
        raise CouldNotRead(Trouble.NOT_THERE)
    if answer.status != http.HTTPStatus.OK:
        raise CouldNotRead(Trouble.SERVER)
    return Fetched(_body(answer), _tag(answer, "ETag"), _tag(answer, "Last-Modified"))


def _body(answer: urllib3.BaseHTTPResponse) -> bytes:
    """Read it all, unpacking piece by piece, so that a bomb ends at the limit."""
    packing = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in {"identity", "", "gzip", "x-gzip"}:
        raise CouldNotRead(Trouble.SERVER)
    unpacker = zlib.decompressobj(wbits=31) if "gzip" in packing else None
    body, arrived = bytearray(), 0
    while piece := answer.read(_PIECE, decode_content=False):
        arrived += len(piece)
        if unpacker is not None:
            try:
                piece = unpacker.decompress(piece, MOST_BYTES + 1 - len(body))
            except zlib.error:
                raise CouldNotRead(Trouble.SERVER) from None
        body += piece
        if len(body) > MOST_BYTES or arrived > MOST_BYTES:
            raise CouldNotRead(Trouble.TOO_LARGE)
    return bytes(body)


def _tag(answer: urllib3.BaseHTTPResponse, name: str) -> str:
    """Return a header to send back the next time; "" for one that is long or strange."""
    value = answer.headers.get(name, "")
    fine = len(value) <= LONGEST_TAG and value.isascii() and value.isprintable()
    return value if fine else ""


def _inner(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one stands for."""
    if not isinstance(address, IPv6Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
