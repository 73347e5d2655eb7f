"""The demo, served on loopback: one application and one server, a fresh copy of its world on call.

Used by the browser tests and by `python -m tests.browser.screenshots`.
"""

import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import waitress
from flask import Flask
from waitress import wasyncore

from outreach import clock, jobs, wiring
from outreach.app import create_app
from outreach.demo import stage
from outreach.demo.cast import World
from outreach.wiring import Wiring
from tests.builders import NOW

MEMORY = Path("/dev/shm")  # noqa: S108 - fresh directories are made in it
THREADS = 4
BEFORE = NOW - timedelta(minutes=30)
"""When the story is told, so that even on a slow machine nothing of it lies after NOW."""


@dataclass(frozen=True)
class Demo:
    """A copy of the demo's world, being served: what a test walks on."""

    base: str
    app: Flask
    wired: Wiring
    world: World
    doors: Mapping[str, str]

    def address(self, endpoint: str, **values: str) -> str:
        """Return the address of a page of ours."""
        path = self.app.url_map.bind("").build(endpoint, values, method="GET")
        return self.base + path

    def deliver(self) -> int:
        """Let everything leave that is due; return how many messages that were."""
        return jobs.deliver_everything(self.wired.post)

    def let_it_stand(self) -> int:
        """Let the minutes pass in which a change can be taken back, and everything due leave."""
        minutes = self.world.affiliate.undo_minutes
        clock.move_to(clock.now() + timedelta(minutes=minutes, seconds=1))
        return self.deliver()

    def find_speakers(self) -> int:
        """Carry out the search that was asked for, as the worker does; return how many."""
        return jobs.find_speakers(self.wired.db, links=self.wired.links, time_limit_s=60)


class Served:
    """The demo as it begins, its application and its server."""

    def __init__(self, folder: Path) -> None:
        port = _free_port()
        self.base = f"http://{stage.HOST}:{port}"
        self._start = folder / "start"
        self._start.mkdir()
        with clock.at(BEFORE):
            built = stage.build(self._start, port=port, now=clock.now())
            jobs.deliver_everything(built.wired.post)
        self._built = built
        self.app = create_app(built.wired)
        self.app.config["SIGN_IN_TAKES_S"] = 0
        built.wired.close()
        self._server = _Server(self.app, port)

    @contextmanager
    def copy(self, of: Demo | None = None) -> Iterator[Demo]:
        """Serve a fresh copy of the beginning, or of another copy, until the block is left.

        The present begins at NOW, and goes on from there.
        """
        source = of.wired.config.data_dir if of else self._start
        with fast_folder() as folder, clock.at(NOW):
            shutil.copytree(source, folder, dirs_exist_ok=True)
            config = self._built.wired.config.model_copy(
                update={"data_dir": folder, "database_url": f"sqlite:///{folder / 'demo.sqlite'}"}
            )
            wired = wiring.build(config)
            before = self.app.extensions["outreach"]
            self.app.extensions["outreach"] = wired
            try:
                yield Demo(self.base, self.app, wired, self._built.world, self._built.links)
            finally:
                self.app.extensions["outreach"] = before
                wired.close()

    def close(self) -> None:
        """Stop serving."""
        self._server.close()


@contextmanager
def fast_folder() -> Iterator[Path]:
    """Give a folder of our own, in memory where there is one, until the block is left."""
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="outreach-browser-", dir=where) as folder:
        yield Path(folder)


class _Server:
    """Waitress in a thread of its own."""

    def __init__(self, app: Flask, port: int) -> None:
        self._map: dict[int, object] = {}
        self._server = waitress.create_server(
            app, map=self._map, host=stage.HOST, port=port, threads=THREADS, ident=None
        )
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()

    def close(self) -> None:
        # In the server's own thread: its loop ends by itself when nothing is left to look at.
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._map))
        self._thread.join()
        self._server.task_dispatcher.shutdown()


def _free_port() -> int:
    with closing(socket.socket()) as tried:
        tried.bind((stage.HOST, 0))
        port: int = tried.getsockname()[1]
        return port
