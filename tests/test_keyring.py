import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from outreach import keyring
from outreach.errors import Unusable
from outreach.keyring import Source, UnknownKey
from outreach.sealing import DoesNotOpen, Field, Key
from tests import vaults

TOTP = Field("account", "totp_secret", "RuthsAccount")
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a key file goes; nothing is there yet."""
    return tmp_path / "var" / "keys.json"


def written(**changes: Any) -> str:  # noqa: ANN401 - whatever may be wrong
    return json.dumps(json.loads(vaults.KEYS) | changes)


def test_the_key_file_is_made_once_and_for_its_owner_alone(path: Path) -> None:
    first, second = keyring.make(path), keyring.make(path)

    assert (first, second) == (True, False)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]
    assert keyring.read(path).active.id in keyring.read(path).keys


def test_a_generous_umask_opens_it_to_nobody(path: Path) -> None:
    before = os.umask(0)
    try:
        keyring.make(path)
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o600


def test_processes_that_start_at_once_agree_on_the_keys(path: Path) -> None:
    def make_and_read() -> tuple[bool, str]:
        return keyring.make(path), keyring.read(path).active.id

    with ThreadPoolExecutor(8) as pool:
        found = [future.result() for future in [pool.submit(make_and_read) for _ in range(32)]]

    assert [made for made, _ in found].count(True) == 1
    assert len({active for _, active in found}) == 1


def test_a_ring_survives_its_file(path: Path) -> None:
    ring = keyring.fresh()
    path.parent.mkdir()

    keyring.replace(path, ring)

    assert keyring.read(path) == ring
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_file_that_others_can_reach_is_refused(path: Path, mode: int) -> None:
    keyring.make(path)
    path.chmod(mode)

    with pytest.raises(Unusable, match="chmod 600"):
        keyring.read(path)


def test_a_missing_key_file_says_where_it_should_be(path: Path) -> None:
    with pytest.raises(Unusable, match=r"no key file .*keys\.json"):
        keyring.read(path)


def test_a_key_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="Cannot read the key file"):
        keyring.read(tmp_path)
    (tmp_path / "keys.json").write_bytes(b"\xff\xfe")
    with pytest.raises(Unusable, match="it is no text"):
        keyring.read(tmp_path / "keys.json")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"active": "first"}',
        written(keys=[]),
        written(keys={}, index=7),
        written(index="c2hvcnQ"),
        written(keys={"first": "c2hvcnQ"}),
        written(keys={"first": "hunter2hunter2hunter2hunter2hunter2hunter22*"}),
        written(keys={"my.key": json.loads(vaults.KEYS)["index"]}),
        vaults.KEYS[:-8],
    ],
)
def test_what_is_no_key_file_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(Unusable, match="no key file of ours") as refused:
        keyring.parse(text, named="keys.json")

    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("active", ["", "second", None, ["first"]])
def test_a_key_file_without_an_active_key_is_refused(active: object) -> None:
    with pytest.raises(Unusable, match="names no active key"):
        keyring.parse(written(active=active), named="keys.json")


def test_one_key_under_two_names_is_refused() -> None:
    secret = json.loads(vaults.KEYS)["keys"]["first"]

    for twice in (written(index=secret), written(keys={"first": secret, "second": secret})):
        with pytest.raises(Unusable, match="one key twice"):
            keyring.parse(twice, named="keys.json")


def test_a_value_sealed_by_the_ring_opens_at_its_place_alone() -> None:
    ring = keyring.fresh()

    sealed = ring.seal(TOTP, SECRET)

    assert ring.open(("account", "totp_secret", "RuthsAccount"), sealed) == SECRET
    with pytest.raises(DoesNotOpen):
        ring.open(TOTP._replace(public_id="OmarsAccount"), sealed)


def test_what_an_older_key_sealed_still_opens() -> None:
    old = keyring.fresh()
    sealed, data_key = old.seal(TOTP, SECRET), Key("data", b"d" * 32)
    wrapped = old.wrap(data_key, record="AnasReferral")

    new = old.with_new_key()

    assert new.active.id != old.active.id
    assert new.open(TOTP, sealed) == SECRET
    assert new.unwrap(wrapped, data_key_id="data", record="AnasReferral") == data_key
    assert new.index("Ana") == old.index("Ana")


def test_an_unknown_key_is_named() -> None:
    sealed = Key("third", b"t" * 32)
    ring = keyring.parse(vaults.KEYS, named="keys.json")
    other = keyring.KeyRing(sealed, {sealed.id: sealed}, b"x" * 32)

    with pytest.raises(UnknownKey, match="the key third,"):
        ring.open(TOTP, other.seal(TOTP, SECRET))


def test_a_wrapped_key_is_no_fields_value() -> None:
    ring = keyring.fresh()
    wrapped = ring.wrap(Key("data", b"d" * 32), record="AnasReferral")

    with pytest.raises(DoesNotOpen):
        ring.open(("data_key", "data", "AnasReferral"), wrapped)
    with pytest.raises(DoesNotOpen):
        ring.unwrap(wrapped, data_key_id="data", record="BensReferral")


def test_a_changed_key_file_is_read_again(path: Path) -> None:
    keyring.make(path)
    source = Source(path)
    before = source.ring()
    again = source.ring()

    keyring.replace(path, before.with_new_key())

    assert again is before
    assert source.ring().active.id != before.active.id
    assert source.ring().open(TOTP, before.seal(TOTP, SECRET)) == SECRET


def test_a_key_file_that_became_readable_by_others_is_refused_at_once(path: Path) -> None:
    keyring.make(path)
    source = Source(path)
    source.ring()
    path.chmod(0o644)

    with pytest.raises(Unusable, match="chmod 600"):
        source.ring()


def test_a_key_file_that_vanished_is_missed_at_once(path: Path) -> None:
    keyring.make(path)
    source = Source(path)
    source.ring()
    path.unlink()

    assert not source.exists()
    with pytest.raises(Unusable, match="no key file"):
        source.ring()


def test_keys_in_the_environment_need_no_file(path: Path) -> None:
    source = Source(path, given=vaults.KEYS)

    assert (source.exists(), source.is_file, source.name) == (True, False, "OUTREACH_KEYS")
    assert source.ring().active.id == "first"
    assert source.ring() is source.ring()


def test_a_ring_shows_names_and_no_secret(path: Path) -> None:
    ring = keyring.parse(vaults.KEYS, named="keys.json")
    content = json.loads(vaults.KEYS)

    shown = f"{ring!r} {ring.active!r} {Source(path, given=vaults.KEYS)!r}"

    assert "first" in shown
    held = [content["index"], *content["keys"].values(), "1111", "iiii"]
    assert [secret for secret in held if secret in shown] == []
