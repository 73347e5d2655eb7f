"""Static files under hashed names, compressed once, kept by browsers for ever.

A file's address carries a hash of its content (`outreach.3f9c….css`), so a new version is a new
address and nothing is ever asked for again. The copies lie in a temporary directory of the process;
whitenoise serves them before the application is asked. Not `?v=` on the plain name: whitenoise
looks at the path alone, and could then not tell a fixed version from whatever is newest.
"""

import gzip
import hashlib
import re
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Flask
from whitenoise import WhiteNoise

from outreach.web import headers

BOOTSTRAP = ("css/bootstrap.min.css",)
"""All we take of Bootstrap; its scripts are not used."""

_HASHED = re.compile(r"\.[0-9a-f]{16}\.")
_DAY_S = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Assets:
    """Endpoint and plain name → hashed name, and the directory that holds them by address."""

    directory: "tempfile.TemporaryDirectory[str]"
    names: dict[tuple[str, str], str]


def init(app: Flask) -> None:
    """Serve static files from hashed copies, and let `url_for` name them."""
    made = _made(Path(app.static_folder or ""))

    def name_the_copy(endpoint: str, values: dict[str, Any]) -> None:
        key = (endpoint, values.get("filename", ""))
        if key in made.names:
            values["filename"] = made.names[key]

    app.url_defaults(name_the_copy)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign] # the way Flask documents
        app.wsgi_app,
        root=made.directory.name,
        prefix="/",
        max_age=_DAY_S,
        allow_all_origins=False,
        add_headers_function=headers.add_static,
        immutable_file_test=lambda _path, url: bool(_HASHED.search(url)),
    )


@cache
def _made(own: Path) -> Assets:
    """Copy and compress every file, once per process."""
    assets = Assets(tempfile.TemporaryDirectory(prefix="outreach-static-"), {})
    for path in sorted(own.rglob("*")):
        if path.is_file():
            name = path.relative_to(own).as_posix()
            _add(assets, "static", "static", name, path.read_bytes())
    theirs = files("flask_bootstrap").joinpath("static/bootstrap5")
    for name in BOOTSTRAP:
        content = theirs.joinpath(name).read_bytes()
        _add(assets, "bootstrap.static", "bootstrap/static", name, content)
    return assets


def _add(assets: Assets, endpoint: str, place: str, name: str, content: bytes) -> None:
    stem, dot, suffix = name.rpartition(".")
    hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}{dot}{suffix}"
    target = Path(assets.directory.name) / place / hashed
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    # A fixed time of making, so that the same content is the same bytes.
    target.with_name(f"{target.name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    assets.names[endpoint, name] = hashed
