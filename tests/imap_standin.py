"""An IMAP server on loopback with one account: as much of RFC 3501 as our client speaks.

It remembers what was said to it, and goes wrong on demand.
"""

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

USER, PASSWORD = "visits", "right"


@dataclass
class Kept:
    """A mail in a folder."""

    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class ImapStandIn:
    """What the server has, how it behaves, and what was said to it."""

    port: int = 0
    folders: dict[str, list[Kept]] = field(default_factory=lambda: {"INBOX": []})
    extensions: tuple[str, ...] = ("UIDPLUS", "MOVE")
    said: list[str] = field(default_factory=list)
    cuts_before: str = ""
    """The line is cut when this command comes."""
    literal_of: int | None = None
    """It says that a mail has so many bytes."""
    context: ssl.SSLContext | None = None
    """Encrypted from the first byte."""

    def arrive(self, raw: bytes) -> Kept:
        """Let a mail arrive."""
        kept = Kept(len(self.folders["INBOX"]) + 1, raw)
        self.folders["INBOX"].append(kept)
        return kept

    def uids(self, folder: str = "INBOX") -> list[int]:
        """Return what a folder has."""
        return [kept.uid for kept in self.folders[folder]]

    def commands(self, name: str) -> list[str]:
        """Return what was said of a kind."""
        return [line for line in self.said if name in line.upper()]


class _Talk(socketserver.StreamRequestHandler):
    server: "_Server"

    def setup(self) -> None:
        context = self.server.standin.context
        if context is not None:
            self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()
        self.folder = ""
        self.read_only = False

    def finish(self) -> None:
        super().finish()
        # The server closes the socket it knows, which encryption has taken the place of.
        self.request.close()

    def handle(self) -> None:
        standin = self.server.standin
        self.answer("* OK ready")
        while line := self.rfile.readline():
            tag, _, rest = line.decode("ascii").strip().partition(" ")
            standin.said.append(rest)
            if standin.cuts_before and standin.cuts_before in rest.upper():
                return
            self.obey(tag, rest)
            if rest.upper() == "LOGOUT":
                return

    def obey(self, tag: str, rest: str) -> None:
        words = rest.split()
        name = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
        done = getattr(self, name.lower().replace(" ", "_"))(rest)
        self.answer(f"{tag} {done or 'OK done'}")

    def answer(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def capability(self, _rest: str) -> None:
        self.answer(f"* CAPABILITY IMAP4rev1 {' '.join(self.server.standin.extensions)}")

    def login(self, rest: str) -> str:
        right = rest.split(" ", 1)[1].replace('"', "") == f"{USER} {PASSWORD}"
        return "OK in" if right else "NO [AUTHENTICATIONFAILED] who?"

    def logout(self, _rest: str) -> None:
        self.answer("* BYE")

    def select(self, rest: str) -> str:
        self.folder = rest.split(" ", 1)[1].strip('"')
        self.read_only = rest.upper().startswith("EXAMINE")
        if self.folder not in self.server.standin.folders:
            return "NO no such folder"
        self.answer(f"* {len(self.kept())} EXISTS")
        return "OK [READ-ONLY] done" if self.read_only else "OK [READ-WRITE] done"

    examine = select

    def kept(self) -> list[Kept]:
        return self.server.standin.folders[self.folder]

    def of(self, rest: str) -> Kept:
        uid = int(rest.split()[2])
        return next(kept for kept in self.kept() if kept.uid == uid)

    def uid_search(self, rest: str) -> None:
        hidden = {"\\Deleted"} | ({"\\Seen"} if "UNSEEN" in rest else set())
        found = [str(kept.uid) for kept in self.kept() if not kept.flags & hidden]
        self.answer(f"* SEARCH {' '.join(found)}".rstrip())

    def uid_fetch(self, rest: str) -> None:
        kept = self.of(rest)
        (most,) = re.findall(r"<0\.(\d+)>", rest)
        raw = kept.raw[: int(most)]
        length = self.server.standin.literal_of or len(raw)
        self.wfile.write(f"* 1 FETCH (UID {kept.uid} BODY[]<0> {{{length}}}\r\n".encode())
        self.wfile.write(raw + b")\r\n")

    def uid_store(self, rest: str) -> None:
        self.of(rest).flags |= set(re.findall(r"\\\w+", rest))

    def uid_copy(self, rest: str) -> str:
        to = rest.split(" ", 3)[3].strip('"')
        if to not in self.server.standin.folders:
            return "NO [TRYCREATE]"
        self.server.standin.folders[to].append(self.of(rest))
        return ""

    def uid_move(self, rest: str) -> str:
        kept, failed = self.of(rest), self.uid_copy(rest)
        if not failed:
            self.kept().remove(kept)
        return failed

    def uid_expunge(self, rest: str) -> None:
        kept = self.of(rest)
        if "\\Deleted" in kept.flags:
            self.kept().remove(kept)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, standin: ImapStandIn) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.standin = standin

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that parted or did not trust us is no news."""


@contextmanager
def running(context: ssl.SSLContext | None = None) -> Iterator[ImapStandIn]:
    """Let one run."""
    standin = ImapStandIn(context=context)
    with _Server(standin) as server:
        standin.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield standin
        finally:
            server.shutdown()
            thread.join()
