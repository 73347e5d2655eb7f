"""Key rings and stores of data keys for tests."""

import shutil
from pathlib import Path

from outreach.config import Config
from outreach.keyring import KeyRing, Source
from outreach.sealing import Key
from outreach.vault import Vault

_FIRST = Key("first", b"1" * 32)
KEYS = KeyRing(_FIRST, {_FIRST.id: _FIRST}, b"i" * 32).to_json()
"""The key ring of every test that does not make its own, as OUTREACH_KEYS would hold it."""


def vault(database_url: str, *, keys: str = KEYS) -> Vault:
    """Open the store of data keys that belongs to a database."""
    return Vault(store_url(database_url), Source(Path("unused"), given=keys))


def store_url(database_url: str) -> str:
    """Return the address of the store that belongs to a database."""
    return Config(database_url=database_url).vault


def make_store(database_url: str) -> None:
    """Make the store of data keys that belongs to a database."""
    made = vault(database_url)
    made.prepare()
    made.dispose()


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite database with its store of data keys."""
    for suffix in (".sqlite", ".keys.sqlite"):
        shutil.copyfile(source.with_suffix(suffix), target.with_suffix(suffix))
