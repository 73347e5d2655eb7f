"""Files that a command reads and writes; `-` is standard input or output."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from outreach.errors import Unusable

STANDARD = "-"
_READABLE = 0o666


@contextmanager
def reading(name: str) -> Iterator[BinaryIO]:
    """Open a file to read bytes from. What is wrong with its content is told with its name."""
    if name == STANDARD:
        with _named("standard input"):
            yield sys.stdin.buffer
    else:
        with Path(name).open("rb") as opened, _named(name):
            yield opened


def check_writable(name: str) -> None:
    """Refuse a place where nothing can be written, before an hour's work was done for it."""
    if name == STANDARD:
        return
    path = Path(name)
    folder = path.resolve().parent
    if path.is_dir():
        raise Unusable(f"Cannot write {name}: it is a folder.")
    if not folder.is_dir():
        raise Unusable(f"Cannot write {name}: there is no folder {folder}.")
    if not os.access(folder if _is_replaced(path) else path, os.W_OK):
        raise Unusable(f"Cannot write {name}: permission denied.")


def write(name: str, content: str) -> None:
    """Write a file whole or not at all: whoever reads meanwhile has the old one or the new."""
    if name == STANDARD:
        sys.stdout.write(content)
        sys.stdout.flush()
    elif _is_replaced(Path(name)):
        _replace(Path(name).resolve(), content)
    else:
        Path(name).write_text(content, encoding="utf-8")


def _is_replaced(path: Path) -> bool:
    """Whether a new file may take its place: a pipe or a device must stay what it is."""
    return path.is_file() or not path.exists()


def _replace(path: Path, content: str) -> None:
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        Path(beside).chmod(_mode(path))
        Path(beside).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(beside).unlink()
        raise


def _mode(path: Path) -> int:
    """Return the rights of the file that is replaced, or those that any new file has."""
    if path.exists():
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return _READABLE & ~mask


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except Unusable as error:
        raise Unusable(f"{name}: {error}") from None
