import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller
from time_machine import Traveller

from outreach.adapters.smtp_mail import SmtpMail
from outreach.db import Database
from outreach.workflows.delivery import Post
from tests import fakes
from tests.workflows.conftest import open_bureau
from tests.workflows.invites.living import Life, Mailbox


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def post(database: Database, mailbox: Mailbox) -> Iterator[Post]:
    """What sends messages, by SMTP to a server on this machine."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    gateway = SmtpMail(host="127.0.0.1", port=port, sender="visits@outreach.example", tls="none")
    yield replace(fakes.post(database), mail=gateway)
    gateway.close()
    server.stop()


@pytest.fixture
def life(database: Database, post: Post, present: Traveller) -> Iterator[Life]:
    with database.transaction() as session:
        bureau = open_bureau(session)
        bureau.maria.detail = "full"
        session.commit()
        yield Life(bureau, post, present)
