import re
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from outreach import config
from outreach.config import Config
from outreach.errors import Unusable

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
TWILIO = {
    "sms_gateway": "twilio",
    "twilio_account_sid": "AC0123",
    "twilio_auth_token": "a fictional token",
    "twilio_from": "+13125550100",
    "public_base_url": "https://outreach.example",
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start in an empty folder, without any OUTREACH_* variable of the machine's own."""
    monkeypatch.chdir(tmp_path)
    for name in [*Config.model_fields, "config"]:
        monkeypatch.delenv(f"OUTREACH_{name.upper()}", raising=False)


def test_without_a_file_the_embedded_default_runs() -> None:
    chosen = config.load()

    assert chosen.database == "sqlite:///var/outreach.sqlite"
    assert (chosen.sms_gateway, chosen.mail_gateway) == ("console", "console")
    assert (chosen.is_https, chosen.host) == (False, "127.0.0.1")


def test_the_example_documents_every_key_with_its_default() -> None:
    written = tomllib.loads(EXAMPLE.read_text("utf-8"))

    assert set(written) == set(Config.model_fields)
    assert config.load(EXAMPLE) == config.load()


def test_every_key_of_the_example_is_explained_above_it() -> None:
    paragraphs = EXAMPLE.read_text("utf-8").split("\n\n")

    keys = [p for p in paragraphs if re.search(r"^\w+ = ", p, re.MULTILINE)]
    assert [p for p in keys if not p.startswith("# ")] == []


@pytest.mark.parametrize("written", ["(216) 555-0142", "216.555.0142", "1-216-555-0142"])
def test_the_number_to_call_is_taken_as_people_write_it(written: str) -> None:
    assert config.load(support_phone=written).support_phone == "+12165550142"


@pytest.mark.parametrize("written", ["555-0142", "call Ruth", "+1216", "+1 216 555 0142 x 4"])
def test_what_nobody_can_call_is_refused(written: str) -> None:
    with pytest.raises(Unusable, match="216-555-0142"):
        config.load(support_phone=written)


def test_the_environment_overrides_the_file_and_an_argument_overrides_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('service_name = "In the file"\nsmtp_port = 2525\nlog_level = "error"\n')
    monkeypatch.setenv("OUTREACH_SMTP_PORT", "587")
    monkeypatch.setenv("OUTREACH_LOG_LEVEL", "debug")

    chosen = config.load(file, log_level="warning")

    assert (chosen.service_name, chosen.smtp_port, chosen.log_level) == (
        "In the file",
        587,
        "warning",
    )


def test_the_file_is_found_in_the_folder_or_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("config.toml").write_text('service_name = "Beside"')
    beside = config.load()
    elsewhere = tmp_path / "other.toml"
    elsewhere.write_text('service_name = "Elsewhere"')
    monkeypatch.setenv("OUTREACH_CONFIG", str(elsewhere))

    assert (beside.service_name, config.load().service_name) == ("Beside", "Elsewhere")


def test_every_wrong_key_is_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('smtp_prot = 25\nproxy_count = 9\nlog_level = "loud"\n')

    with pytest.raises(Unusable) as refused:
        config.load(file)

    assert all(key in str(refused.value) for key in ("smtp_prot", "proxy_count", "log_level"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("public_base_url", "outreach.example"),
        ("public_base_url", "ftp://outreach.example"),
        ("database_url", "mysql://127.0.0.1/outreach"),
        ("database_url", "outreach.sqlite"),
        ("vault_url", "mysql://127.0.0.1/outreach"),
        ("secret_key", "short"),
        ("service_name", ""),
        ("service_name", "x" * 41),
        ("sms_per_second", 0),
        ("sms_per_second", float("nan")),
        ("smtp_port", 65536),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_its_key(key: str, value: object) -> None:
    with pytest.raises(Unusable, match=f"^The configuration is wrong: {key}: "):
        config.load(None, **{key: value})


def test_a_wrong_secret_is_not_repeated() -> None:
    with pytest.raises(Unusable) as refused:
        config.load(secret_key="hunter2")

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("left_out", sorted(TWILIO.keys() - {"sms_gateway"}))
def test_twilio_needs_all_it_takes_to_send_and_be_answered(left_out: str) -> None:
    given = {key: value for key, value in TWILIO.items() if key != left_out}

    assert config.load(None, **TWILIO).sms_gateway == "twilio"
    with pytest.raises(Unusable, match=left_out):
        config.load(None, **given)


def test_a_messaging_service_stands_for_the_number() -> None:
    by_service = {**TWILIO, "twilio_from": "", "twilio_messaging_service_sid": "MG0123"}

    assert config.load(None, **by_service).twilio_messaging_service_sid == "MG0123"


def test_a_misspelt_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTREACH_DATABSE_URL", "sqlite:///x")

    with pytest.raises(Unusable, match="No setting has this name: OUTREACH_DATABSE_URL"):
        config.load()


def test_a_list_in_the_environment_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTREACH_TRUSTED_HOSTS", '["a.example", "b.example"]')
    assert config.load().trusted_hosts == ("a.example", "b.example")

    monkeypatch.setenv("OUTREACH_TRUSTED_HOSTS", "a.example, b.example")
    with pytest.raises(Unusable, match="trusted_hosts"):
        config.load()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "Cannot read"),
        (b"service_name = Outreach", "not valid TOML"),
        (b"\xff\xfe\x00", "not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_read_says_so(
    content: bytes | None, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(Unusable, match=words):
        config.load(file)


def test_a_closing_slash_of_the_address_is_dropped() -> None:
    chosen = config.load(public_base_url="https://outreach.example/")

    assert (chosen.public_base_url, chosen.is_https) == ("https://outreach.example", True)


def test_secrets_do_not_show_in_the_configuration_as_text() -> None:
    chosen = config.load(
        secret_key="k" * 32, twilio_auth_token="a fictional token", keys='{"active": "fictional"}'
    )

    assert "kkk" not in repr(chosen)
    assert "fictional" not in repr(chosen)


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    chosen = config.load(data_dir=tmp_path / "var")

    first, second = chosen.key(), chosen.key()

    assert first == second
    assert len(first) >= config.LEAST_KEY
    assert (tmp_path / "var" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in (tmp_path / "var").iterdir()] == ["secret.key"]


def test_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    chosen = config.load(data_dir=tmp_path / "var")

    with ThreadPoolExecutor(8) as pool:
        keys = {found.result() for found in [pool.submit(chosen.key) for _ in range(32)]}

    assert len(keys) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    chosen = config.load(data_dir=tmp_path)
    chosen.key()
    (tmp_path / "secret.key").chmod(0o640)

    with pytest.raises(Unusable, match="chmod 600"):
        chosen.key()


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.key").touch(mode=0o600)

    with pytest.raises(Unusable, match="holds no key"):
        config.load(data_dir=tmp_path).key()


def test_a_given_key_is_used_and_no_file_made(tmp_path: Path) -> None:
    chosen = config.load(data_dir=tmp_path, secret_key="k" * 32)

    assert chosen.key() == b"k" * 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("database_url", "store"),
    [
        ("", "sqlite:///var/outreach.keys.sqlite"),
        ("sqlite:////srv/bureau.sqlite", "sqlite:////srv/bureau.keys.sqlite"),
        ("sqlite:////srv/bureau.db", "sqlite:////srv/bureau.db.keys.sqlite"),
        ("postgresql://db.example.org/outreach", "postgresql://db.example.org/outreach"),
    ],
)
def test_each_database_has_a_store_of_data_keys_of_its_own(database_url: str, store: str) -> None:
    assert config.load(database_url=database_url).vault == store
    assert config.load(database_url=database_url, vault_url="sqlite:///k.sqlite").vault == (
        "sqlite:///k.sqlite"
    )


def test_data_keys_in_the_main_file_are_refused() -> None:
    with pytest.raises(Unusable, match="vault_url must be another file"):
        config.load(vault_url="sqlite:///var/outreach.sqlite")


def test_the_key_file_lies_in_the_data_folder_unless_it_is_named() -> None:
    assert config.load().key_path == Path("var/keys.json")
    assert config.load(key_file="/run/secrets/keys.json").key_path == Path("/run/secrets/keys.json")


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTREACH_KEYS", '{"active": "first"}')

    assert config.load().keys.get_secret_value() == '{"active": "first"}'


IMAP: dict[str, Any] = {
    "imap_host": "mail.example",
    "imap_user": "visits",
    "imap_password": "a fictional one",
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"imap_user": ""}, "imap_host is set, so these are needed: imap_user"),
        ({"imap_password": ""}, "imap_host is set, so these are needed: imap_password"),
        ({"imap_host": ""}, "imap_host is needed beside imap_user and imap_password"),
        ({"imap_tls": "none"}, 'imap_tls "none" would show the password'),
        ({"imap_move_to": "INBOX"}, "imap_move_to must be another folder than imap_folder"),
        ({"imap_folder": "Büro"}, "imap_folder: must be printable ASCII"),
        ({"imap_user": "a\r\nb"}, "imap_user: must be printable ASCII"),
        ({"imap_every_s": 5}, "imap_every_s"),
        ({"mail_keep_days": 0}, "mail_keep_days"),
        ({"mail_hook_token": "short"}, "mail_hook_token: must have 16"),
    ],
)
def test_a_mailbox_that_cannot_be_read_is_refused_by_its_key(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(Unusable) as refused:
        config.load(**IMAP | changes)

    assert words in str(refused.value)
    assert "a fictional one" not in str(refused.value)


def test_a_mailbox_is_read_with_encryption_unless_it_is_on_this_machine() -> None:
    assert config.load(**IMAP).imap_tls == "implicit"
    assert config.load(**IMAP | {"imap_host": "127.0.0.1", "imap_tls": "none"}).imap_tls == "none"
