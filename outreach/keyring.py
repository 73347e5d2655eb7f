"""The key ring: named keys that wrap data keys, one of them active, and the blind index's key.

It is a JSON file that only its owner can read, or the same text in the environment. Made once by
`outreach init`; without it nothing that was sealed can be read again.
"""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from outreach import sealing
from outreach.errors import Unusable
from outreach.sealing import Field, Key, Place

INDEX = "index"
IN_ENVIRONMENT = "OUTREACH_KEYS"
OTHERS = 0o077


class UnknownKey(Unusable):
    """The data name a key that the key ring does not hold."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one installation. What is shown of it is their names."""

    active: Key
    keys: Mapping[str, Key]
    index_key: bytes = field(repr=False)

    def key(self, key_id: str) -> Key:
        """Return a key by its id. Raises UnknownKey, which names the id."""
        if key_id not in self.keys:
            raise UnknownKey(
                "The data need the key %(key_id)s, which the key file does not hold. "
                "Restore the key file that does.",
                key_id=key_id,
            )
        return self.keys[key_id]

    def seal(self, place: Place, value: str) -> str:
        """Seal under the active key a value that need not be destroyed by itself (TOTP)."""
        associated = Field(*place).associated
        return sealing.seal(value.encode(), self.active, associated=associated)

    def open(self, place: Place, sealed: str) -> str:
        """Return what `seal` sealed for this place. Raises sealing.Unreadable, UnknownKey."""
        key = self.key(sealing.key_id_of(sealed))
        return sealing.unseal(sealed, key, associated=Field(*place).associated).decode()

    def wrap(self, data_key: Key, *, record: str) -> str:
        """Seal a data key for the one record it belongs to, under the active key."""
        return sealing.seal(data_key.secret, self.active, associated=_bond(data_key.id, record))

    def unwrap(self, wrapped: str, *, data_key_id: str, record: str) -> Key:
        """Return the data key that `wrap` wrapped. Raises sealing.Unreadable, UnknownKey."""
        key = self.key(sealing.key_id_of(wrapped))
        secret = sealing.unseal(wrapped, key, associated=_bond(data_key_id, record))
        return Key(data_key_id, secret)

    def index(self, *parts: str) -> str:
        """Return the blind index of a value, or of several that belong together."""
        return sealing.blind_index(self.index_key, *parts)

    def with_new_key(self) -> "KeyRing":
        """Return this ring with one more key, which is the active one."""
        fresh = Key(secrets.token_hex(4), sealing.new_secret())
        return KeyRing(fresh, {**self.keys, fresh.id: fresh}, self.index_key)

    def to_json(self) -> str:
        """Write the ring as its file holds it. This is a secret."""
        keys = {key.id: sealing.to_text(key.secret) for key in self.keys.values()}
        content = {"active": self.active.id, "keys": keys, INDEX: sealing.to_text(self.index_key)}
        return json.dumps(content, indent=2) + "\n"


def fresh() -> KeyRing:
    """Return a ring with one new key."""
    first = Key(secrets.token_hex(4), sealing.new_secret())
    return KeyRing(first, {first.id: first}, sealing.new_secret())


def parse(text: str, *, named: str) -> KeyRing:
    """Read a ring from JSON. `named` is where it stood, for the message.

    Raises:
        Unusable: it is malformed, a key has not 256 bits, one key stands twice, or none is active.
    """
    try:
        content = json.loads(text)
        keys = {name: _key(name, secret) for name, secret in content["keys"].items()}
        index_key = _key(INDEX, content[INDEX]).secret
        active = str(content["active"])
    except (ValueError, TypeError, LookupError, AttributeError):
        # Not the error's own words: they may quote what stands in the file.
        raise Unusable(f"{named} is no key file of ours. Restore it from a backup.") from None
    if active not in keys:
        raise Unusable(f'{named} names no active key: "active" must be one of its "keys".')
    if len({index_key, *(key.secret for key in keys.values())}) <= len(keys):
        raise Unusable(f"{named} holds one key twice. Restore it from a backup.")
    return KeyRing(keys[active], keys, index_key)


def read(path: Path) -> KeyRing:
    """Read the key file.

    Raises:
        Unusable: it is missing, cannot be read, can be read by others, or is malformed.
    """
    try:
        text, mode = path.read_text("utf-8"), path.stat().st_mode
    except FileNotFoundError:
        raise Unusable(
            f"There is no key file {path}. Restore it from its backup; outreach init makes the "
            "first one."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise Unusable(f"Cannot read the key file {path}: {reason}.") from None
    if mode & OTHERS:
        raise Unusable(f"{path} holds secrets, but others can read it. Run: chmod 600 {path}")
    return parse(text, named=str(path))


def make(path: Path) -> bool:
    """Make a key file with fresh keys, unless there is one. Return whether it was made here.

    Of processes that try at once one wins, and nobody ever reads half a file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, fresh())
    made = False
    try:
        with suppress(FileExistsError):
            os.link(draft, path)
            made = True
    finally:
        draft.unlink()
    _settle(path.parent)
    return made


def replace(path: Path, ring: KeyRing) -> None:
    """Put `ring` in the place of the key file, whole or not at all, and on the disk."""
    _draft(path, ring).replace(path)
    _settle(path.parent)


class Source:
    """Where the ring comes from: the text given in the environment, else the file.

    The file is read again when it was changed, so that a running process learns of new keys.
    """

    def __init__(self, path: Path, *, given: str = "") -> None:
        self.path = path
        self._given = given
        self._held: tuple[object, KeyRing] | None = None

    def __repr__(self) -> str:
        return f"Source({self.name})"

    @property
    def is_file(self) -> bool:
        """Say whether the ring stands in a file, and not in the environment."""
        return not self._given

    @property
    def name(self) -> str:
        """Name the place, for messages."""
        return str(self.path) if self.is_file else IN_ENVIRONMENT

    def exists(self) -> bool:
        """Say whether there is a ring, readable or not."""
        return bool(self._given) or self.path.exists()

    def ring(self) -> KeyRing:
        """Return the ring as it stands now. Raises Unusable."""
        stamp = self._stamp()
        held = self._held
        if held is None or held[0] != stamp:
            ring = parse(self._given, named=self.name) if self._given else read(self.path)
            self._held = held = (stamp, ring)
        return held[1]

    def _stamp(self) -> object:
        if self._given:
            return None
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode


def _key(name: str, text: str) -> Key:
    return Key(name, sealing.from_text(text))


def _bond(data_key_id: str, record: str) -> bytes:
    # No table of ours is called data-key, so that no field's associated data read the same.
    return f"data-key:{data_key_id}:{record}".encode()


def _draft(path: Path, ring: KeyRing) -> Path:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(ring.to_json())
        file.flush()
        os.fsync(file.fileno())
    return draft


def _settle(folder: Path) -> None:
    """Let the folder's entry reach the disk: a data key must not outlive the key that wraps it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
