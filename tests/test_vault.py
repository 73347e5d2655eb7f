"""The vault: what is sealed opens at its place alone, and a destroyed key is gone for everybody."""

import io
import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import event, text, update
from sqlalchemy.exc import IntegrityError

from outreach import logs
from outreach.errors import Unusable
from outreach.keyring import UnknownKey, fresh
from outreach.sealing import DoesNotOpen, Field, Unreadable
from outreach.vault import BATCH, Destroyed, KeyMissing, Vault
from tests import vaults
from tests.builders import NOW

ANA = Field("referral", "phone", "AnasReferral")
PHONE = "+12165550142"

both = pytest.mark.both_engines


@pytest.fixture
def vault(database_url: str, present: time_machine.Traveller) -> Iterator[Vault]:
    """A store without a key; the time is NOW."""
    del present
    made = vaults.vault(database_url)
    yield made
    made.dispose()


@pytest.fixture
def elsewhere(vault: Vault, database_url: str) -> Iterator[Vault]:
    """The same store, as another process has it open."""
    del vault
    made = vaults.vault(database_url)
    yield made
    made.dispose()


def ids(vault: Vault) -> set[str]:
    return {key_id for key_id, _ in vault._ids_and_ages()}


def store_file(vault: Vault) -> Path:
    return Path(vault.store.url.database or "")


def queries(vault: Vault) -> list[str]:
    found: list[str] = []

    @event.listens_for(vault.store.reader, "before_cursor_execute")
    def note(*arguments: object) -> None:
        found.append(str(arguments[2]))

    return found


@both
def test_what_is_sealed_under_a_records_key_opens_again(vault: Vault) -> None:
    key = vault.new_key("AnasReferral")

    sealed = vault.seal(key, ANA, PHONE)

    assert vault.open(key, ANA, sealed) == PHONE
    assert vault.open(key, ("referral", "phone", "AnasReferral"), sealed) == PHONE
    assert sealed.startswith(f"v1.{key}.")
    assert PHONE not in sealed


def test_each_record_has_a_key_of_its_own(vault: Vault) -> None:
    anas, bens = vault.new_key("AnasReferral"), vault.new_key("BensReferral")

    with pytest.raises(DoesNotOpen):
        vault.open(bens, ANA, vault.seal(anas, ANA, PHONE))


@pytest.mark.parametrize("place", [ANA._replace(column="mail"), ANA._replace(public_id="Bens")])
def test_a_moved_value_does_not_open(vault: Vault, place: Field) -> None:
    key = vault.new_key("AnasReferral")

    with pytest.raises(DoesNotOpen):
        vault.open(key, place, vault.seal(key, ANA, PHONE))


@both
def test_a_destroyed_key_opens_nothing_in_any_process(vault: Vault, elsewhere: Vault) -> None:
    key = vault.new_key("AnasReferral")
    sealed = vault.seal(key, ANA, PHONE)
    assert elsewhere.open(key, ANA, sealed) == PHONE

    assert vault.destroy(key)

    for each in (vault, elsewhere):
        with pytest.raises(Destroyed, match="erased for good"):
            each.open(key, ANA, sealed)
        with pytest.raises(Destroyed):
            each.seal(key, ANA, "again")
        assert each.open_many([(key, ANA, sealed)]) == [None]


@pytest.mark.only("sqlite")
def test_what_another_process_destroys_is_gone_here_at_once(
    vault: Vault, database_url: str
) -> None:
    key = vault.new_key("AnasReferral")
    sealed = vault.seal(key, ANA, PHONE)
    child = multiprocessing.get_context("fork").Process(target=_destroy, args=(database_url, key))
    child.start()
    child.join(30)

    with pytest.raises(Destroyed):
        vault.open(key, ANA, sealed)


def _destroy(database_url: str, key_id: str) -> None:
    vaults.vault(database_url).destroy(key_id)


def test_destroying_twice_is_no_harm(vault: Vault, elsewhere: Vault) -> None:
    key = vault.new_key("AnasReferral")

    assert (vault.destroy(key), elsewhere.destroy(key), vault.destroy("no such key")) == (
        True,
        False,
        False,
    )


@pytest.mark.only("sqlite")
def test_a_destroyed_key_is_in_no_file_any_more(vault: Vault) -> None:
    keys = [vault.new_key(f"Referral{number}") for number in range(3)]
    with vault.store.reading() as session:
        wrapped = session.execute(text("SELECT wrapped FROM data_key")).scalars().all()

    vault.destroy(keys[1])

    held = b"".join(file.read_bytes() for file in store_file(vault).parent.iterdir())
    assert [each.encode() in held for each in wrapped] == [True, False, True]


@both
def test_the_store_keeps_no_key_that_is_half_there(vault: Vault) -> None:
    vault.new_key("AnasReferral")

    with pytest.raises(IntegrityError), vault.store.transaction() as session:
        session.execute(update(vault._table).values(wrapped=None))


def test_many_values_open_with_one_query_for_each_500(vault: Vault) -> None:
    key = vault.new_key("AnasReferral")
    sealed = [(key, ANA, vault.seal(key, ANA, str(number))) for number in range(BATCH + 1)]
    asked = queries(vault)

    assert vault.open_many(sealed) == [str(number) for number in range(BATCH + 1)]
    assert len([each for each in asked if each.startswith("SELECT")]) == 2


def test_a_broken_value_among_many_is_an_error(vault: Vault) -> None:
    key = vault.new_key("AnasReferral")
    sealed = vault.seal(key, ANA, PHONE)

    with pytest.raises(Unreadable):
        vault.open_many([(key, ANA, sealed), (key, ANA, sealed[:-4])])
    assert [type(each) for each in vault.tried([(key, ANA, sealed), ("lost", ANA, sealed)])] == [
        str,
        KeyMissing,
    ]


def test_a_key_the_store_does_not_hold_is_named(vault: Vault) -> None:
    with pytest.raises(KeyMissing, match="lacks the key lost"):
        vault.open("lost", ANA, "v1.lost.AAAA.AAAA")


def test_another_key_ring_is_refused_by_the_keys_name(vault: Vault, database_url: str) -> None:
    key = vault.new_key("AnasReferral")
    stranger = vaults.vault(database_url, keys=fresh().to_json())

    with pytest.raises(UnknownKey, match="need the key first"):
        stranger.open(key, ANA, vault.seal(key, ANA, PHONE))
    stranger.dispose()


def test_a_wrapped_key_moved_to_another_record_does_not_unwrap(vault: Vault) -> None:
    key = vault.new_key("AnasReferral")
    sealed = vault.seal(key, ANA, PHONE)
    with vault.store.transaction() as session:
        session.execute(update(vault._table).values(record="BensReferral"))

    with pytest.raises(DoesNotOpen):
        vault.open(key, ANA, sealed)


def test_the_blind_index_finds_an_equal_value(vault: Vault) -> None:
    assert vault.index("Ana@example.org") == vault.index("ana@example.org ")
    assert vault.index("ana@example.org") != vault.index("ben@example.org")


@both
def test_a_key_whose_record_never_was_is_swept_after_an_hour(
    vault: Vault, present: time_machine.Traveller
) -> None:
    used, orphan = vault.new_key("AnasReferral"), vault.new_key("never written")
    present.shift(timedelta(minutes=59))
    young = vault.new_key("being written")

    too_early = vault.sweep([used], NOW + timedelta(days=1))
    present.shift(timedelta(minutes=2))
    swept = vault.sweep(
        lambda asked: [key for key in asked if key == used], NOW + timedelta(days=1)
    )

    assert (too_early, swept) == (0, 1)
    assert ids(vault) == {used, young}
    assert orphan not in ids(vault)


def test_a_destroyed_key_stays_on_record(vault: Vault, present: time_machine.Traveller) -> None:
    used, erased = vault.new_key("AnasReferral"), vault.new_key("BensReferral")
    vault.destroy(erased)
    present.shift(timedelta(days=2))

    assert vault.sweep([used], NOW + timedelta(days=1)) == 0
    with pytest.raises(Destroyed):
        vault.seal(erased, ANA, PHONE)


@pytest.mark.only("sqlite")
def test_a_key_that_comes_back_from_an_old_backup_of_the_store_is_swept(
    vault: Vault, present: time_machine.Traveller, tmp_path: Path
) -> None:
    used, erased = vault.new_key("AnasReferral"), vault.new_key("BensReferral")
    shutil.copy(store_file(vault), tmp_path / "old")
    vault.destroy(erased)
    vault.dispose()
    shutil.copy(tmp_path / "old", store_file(vault))
    present.shift(timedelta(days=2))

    assert vault.sweep([used], NOW + timedelta(days=1)) == 1
    assert ids(vault) == {used}


def test_a_sweep_goes_no_further_than_it_is_told(
    vault: Vault, present: time_machine.Traveller
) -> None:
    used = vault.new_key("AnasReferral")
    vault.new_key("never written")
    present.shift(timedelta(days=2))

    assert vault.sweep([used], NOW) == 0
    assert vault.sweep([used], NOW + timedelta(seconds=1)) == 1


def test_a_database_that_knows_none_of_the_keys_sweeps_none(
    vault: Vault, present: time_machine.Traveller
) -> None:
    held = {vault.new_key(f"Referral{number}") for number in range(3)}
    present.shift(timedelta(days=2))

    assert vault.sweep([], NOW + timedelta(days=1)) == 0
    assert ids(vault) == held


@pytest.mark.only("sqlite")
def test_killed_between_key_and_record_only_an_orphan_is_left(
    vault: Vault, database_url: str, present: time_machine.Traveller
) -> None:
    used = vault.new_key("AnasReferral")
    child = multiprocessing.get_context("fork").Process(target=_die, args=(database_url,))
    child.start()
    child.join(30)

    assert child.exitcode == -signal.SIGKILL
    assert len(ids(vault)) == 2
    present.shift(timedelta(hours=2))
    assert vault.sweep([used], NOW + timedelta(hours=1)) == 1
    assert ids(vault) == {used}


def _die(database_url: str) -> None:
    vaults.vault(database_url).new_key("BensReferral")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.only("sqlite")
def test_processes_write_keys_at_once(vault: Vault, database_url: str) -> None:
    fork = multiprocessing.get_context("fork")
    with fork.Pool(4) as pool:
        made = pool.map_async(_make_ten, [database_url] * 4, chunksize=1).get(60)

    assert ids(vault) == {key for keys in made for key in keys}
    assert len(ids(vault)) == 40


def _make_ten(database_url: str) -> list[str]:
    vault = vaults.vault(database_url)
    made = [vault.new_key(f"Referral{number}") for number in range(10)]
    assert all(vault.open(key, ANA, vault.seal(key, ANA, PHONE)) == PHONE for key in made)
    vault.dispose()
    return made


@pytest.mark.only("sqlite")
def test_without_a_store_it_says_what_to_do_and_makes_no_file(
    vault: Vault, database_url: str
) -> None:
    store_file(vault).unlink()
    bare = vaults.vault(database_url)

    with pytest.raises(Unusable, match="outreach init"):
        bare.new_key("AnasReferral")
    assert not store_file(vault).exists()


@both
def test_preparing_the_store_again_changes_nothing(vault: Vault) -> None:
    key = vault.new_key("AnasReferral")

    vault.prepare()

    assert vault.exists()
    assert ids(vault) == {key}


@pytest.mark.only("postgresql")
@both
def test_in_postgresql_the_store_is_a_schema_of_its_own(vault: Vault) -> None:
    vault.new_key("AnasReferral")

    with vault.store.reading() as session:
        schemas = session.execute(
            text("SELECT table_schema FROM information_schema.tables WHERE table_name = 'data_key'")
        )
        assert schemas.scalars().all() == ["vault"]


def test_no_secret_shows_in_what_is_printed_raised_or_logged(vault: Vault) -> None:
    key = vault.new_key("AnasReferral")
    sealed = vault.seal(key, ANA, PHONE)
    stream = io.StringIO()
    logs.configure(level="debug", stream=stream)
    try:
        vault.open(key, ANA, sealed[:-1])
    except Unreadable:
        logs.get("test").exception("unexpected error")

    shown = f"{vault!r} {vault.ring!r} {vault.keys!r} {stream.getvalue()}"
    assert "unexpected error" in shown
    content = json.loads(vaults.KEYS)
    secrets = [content["index"], *content["keys"].values(), "1111", "iiii", PHONE, sealed[-12:-1]]
    assert [secret for secret in secrets if secret in shown] == []
