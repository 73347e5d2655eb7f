"""Debian's Dovecot on loopback: a real IMAP server with one account, run without privileges.

Root starts it as `nobody`, anybody else as themselves. It needs no account of the system, and
whatever it keeps is gone at the end.
"""

import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD = "visits", "right"
PROGRAM = "/usr/sbin/dovecot"
STARTS_WITHIN_S = 30

SETTINGS = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
first_valid_uid = 1
mail_location = maildir:{folder}/mail
mail_uid = {uid}
mail_gid = {gid}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running server: where it listens, and how mail arrives there."""

    port: int

    def arrive(self, raw: bytes) -> None:
        """Let a mail arrive in the inbox."""
        with self.signed_in() as client:
            client.append("INBOX", "", "", raw)

    def count(self, which: str, folder: str = "INBOX") -> int:
        """Count the mails of a folder, such as the UNSEEN ones."""
        with self.signed_in() as client:
            client.select(folder, readonly=True)
            return len(client.uid("SEARCH", which)[1][0].split())

    @contextmanager
    def signed_in(self) -> Iterator[imaplib.IMAP4]:
        """Talk to it as a person's mail program would."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=5)
        client.login(USER, PASSWORD)
        try:
            yield client
        finally:
            client.logout()


def is_installed() -> bool:
    """Say whether Debian's dovecot-imapd is here."""
    return Path(PROGRAM).is_file() and Path("/usr/lib/dovecot/imap").is_file()


@contextmanager
def running() -> Iterator[Dovecot]:
    """Run the server while the block runs."""
    folder = Path(tempfile.mkdtemp(prefix="outreach-dovecot-"))
    who = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    server = Dovecot(_free_port())
    try:
        _prepare(folder, who, server.port)
        as_whom = {"user": who.pw_uid, "group": who.pw_gid} if os.getuid() == 0 else {}
        process = subprocess.Popen([PROGRAM, "-F", "-c", str(folder / "conf")], **as_whom)  # type: ignore[call-overload]  # user and group
        try:
            _wait_for(server, folder / "log")
            yield server
        finally:
            process.terminate()
            process.wait(timeout=10)
    finally:
        shutil.rmtree(folder)


def _prepare(folder: Path, who: pwd.struct_passwd, port: int) -> None:

    (folder / "mail").mkdir()
    (folder / "conf").write_text(
        SETTINGS.format(
            folder=folder,
            user=who.pw_name,
            group=grp.getgrgid(who.pw_gid).gr_name,
            uid=who.pw_uid,
            gid=who.pw_gid,
            port=port,
            password=PASSWORD,
        )
    )
    for path in (folder, *folder.iterdir()):
        os.chown(path, who.pw_uid, who.pw_gid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(server: Dovecot, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        with suppress(OSError, imaplib.IMAP4.error), server.signed_in():
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text() if log.exists() else "Dovecot did not start.")
