"""The tests' Twilio in a process of its own, so that it shares no lock with who is measured."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from outreach.adapters.twilio_sms import TwilioSms
from tests import twilio_standin

SPAWN = multiprocessing.get_context("spawn")


class Provider:
    """What a bench sees of the provider."""

    def __init__(self, url: str, pipe: Connection) -> None:
        self.url = url
        self._pipe = pipe

    def taken(self) -> list[tuple[str, str, str]]:
        """Return what was taken so far, in order: the provider's id, the number, the text."""
        self._pipe.send("taken")
        taken: list[tuple[str, str, str]] = self._pipe.recv()
        return taken

    def forget(self) -> None:
        """Begin anew: what was taken is no longer told."""
        self._pipe.send("forget")
        self._pipe.recv()

    def count(self) -> int:
        """Return how many were taken so far."""
        self._pipe.send("count")
        return int(self._pipe.recv())


def client(url: str) -> TwilioSms:
    """Return the real client, as the worker has it: every contender calls through it."""
    return TwilioSms(
        account_sid=twilio_standin.ACCOUNT,
        auth_token=twilio_standin.TOKEN,
        sender=twilio_standin.NUMBER,
        base_url=url,
    )


@contextmanager
def running() -> Iterator[Provider]:
    """Run a provider that answers at once."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Provider(ours.recv(), ours)
    finally:
        ours.send("stop")
        process.join()


def _serve(pipe: Connection) -> None:
    with twilio_standin.running() as standin:
        pipe.send(standin.url)
        while (asked := pipe.recv()) != "stop":
            if asked == "forget":
                standin.taken.clear()
            taken = standin.taken
            pipe.send(
                len(taken) if asked == "count" else [(m.sid, m.to, m.body) for m in list(taken)]
            )
