"""Configuration: one TOML file, overridden by OUTREACH_* environment variables.

Without a file the embedded default runs: SQLite and keys under `var/`, messages to the console,
no network. `config.example.toml` documents every key with its default and unit.
"""

import os
import secrets
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from outreach import phone
from outreach.errors import RuleBroken, Unusable

PREFIX = "OUTREACH_"
DEFAULT_FILE = "config.toml"
NOT_SETTINGS = frozenset({"OUTREACH_CONFIG", "OUTREACH_TEST_ALL", "OUTREACH_TEST_POSTGRES"})
"""Environment variables of ours that are no settings."""
LEAST_KEY = 32
"""Characters of `secret_key`, the least from which a key may be derived."""

LEAST_TOKEN = 16
"""Characters of `metrics_token` and `mail_hook_token`."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Config(BaseSettings):
    """Every setting, validated. A value is frozen once read."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True
    )

    service_name: str = Field("Outreach", min_length=1, max_length=40)
    public_base_url: str = "http://127.0.0.1:8000"
    data_dir: Path = Path("var")
    database_url: str = ""
    secret_key: SecretStr = SecretStr("")
    key_file: str = ""
    keys: SecretStr = SecretStr("")
    vault_url: str = ""
    trusted_hosts: tuple[str, ...] = ()
    proxy_count: int = Field(0, ge=0, le=5)
    embedded_worker: bool = False
    backup_dir: str = ""
    metrics_token: SecretStr = SecretStr("")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    sms_gateway: Literal["console", "twilio", "off"] = "console"
    sms_per_second: float = Field(1.0, gt=0, le=1000)
    sms_price_cents: float = Field(0.0, ge=0, le=100)
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_from: str = ""
    twilio_messaging_service_sid: str = ""
    twilio_base_url: str = ""
    sms_registered: bool = False

    mail_gateway: Literal["console", "smtp"] = "console"
    mail_from: str = "visits@outreach.example"
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(25, ge=1, le=65535)
    smtp_tls: Literal["none", "starttls", "implicit"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    dkim_selector: str = Field("", pattern=r"^[A-Za-z0-9._-]*$")

    imap_host: str = ""
    imap_port: int = Field(993, ge=1, le=65535)
    imap_tls: Literal["implicit", "starttls", "none"] = "implicit"
    imap_user: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_folder: str = Field("INBOX", min_length=1)
    imap_move_to: str = ""
    imap_every_s: float = Field(60.0, ge=10, le=86400)
    mail_hook_token: SecretStr = SecretStr("")
    mail_keep_days: int = Field(90, ge=1, le=3650)

    support_phone: str = ""

    message_keep_days: int = Field(30, ge=1, le=3650)

    matching_time_limit_s: float = Field(60.0, gt=0, le=3600)

    @field_validator("public_base_url", "twilio_base_url")
    @classmethod
    def _is_an_origin(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("must be an address like https://outreach.example")
        return url.rstrip("/")

    @field_validator("support_phone")
    @classmethod
    def _can_be_called(cls, number: str) -> str:
        """Keep the number as a phone dials it: +12165550142, however it was written."""
        if not number:
            return ""
        try:
            return phone.parse(number)
        except RuleBroken as error:
            wrong = "must be a telephone number like 216-555-0142 or +12165550142"
            raise ValueError(wrong) from error

    @field_validator("database_url", "vault_url")
    @classmethod
    def _is_a_known_engine(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        _ = urlsplit(url).port  # raises ValueError where it is no number
        return url

    @field_validator("secret_key")
    @classmethod
    def _is_long_enough(cls, key: SecretStr) -> SecretStr:
        if 0 < len(key) < LEAST_KEY:
            raise ValueError(f"must have {LEAST_KEY} characters or more")
        return key

    @field_validator("metrics_token", "mail_hook_token")
    @classmethod
    def _cannot_be_guessed(cls, token: SecretStr) -> SecretStr:
        if 0 < len(token) < LEAST_TOKEN or not token.get_secret_value().isascii():
            raise ValueError(f"must have {LEAST_TOKEN} ASCII characters or more")
        return token

    @field_validator("imap_user", "imap_password", "imap_folder", "imap_move_to")
    @classmethod
    def _can_be_said_to_imap(cls, value: Any) -> Any:  # noqa: ANN401 - a text, or a secret one
        words = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not (words.isascii() and (words.isprintable() or not words)):
            raise ValueError("must be printable ASCII; folders as the server lists them")
        return value

    @model_validator(mode="after")
    def _data_keys_stand_apart(self) -> Self:
        if self.vault == self.database and self.vault.startswith("sqlite"):
            raise ValueError("vault_url must be another file than the database's")
        return self

    @model_validator(mode="after")
    def _sms_can_be_answered(self) -> Self:
        if self.sms_gateway == "twilio":
            missing = [
                key
                for key, value in {
                    "twilio_account_sid": self.twilio_account_sid,
                    "twilio_auth_token": self.twilio_auth_token.get_secret_value(),
                    "twilio_from": self.twilio_from or self.twilio_messaging_service_sid,
                }.items()
                if not value
            ]
            if "public_base_url" not in self.model_fields_set:
                missing.append("public_base_url")
            if missing:
                needed = ", ".join(missing)
                raise ValueError(f"sms_gateway is twilio, so these are needed: {needed}")
        return self

    @model_validator(mode="after")
    def _mailbox_can_be_read(self) -> Self:
        has_password = bool(self.imap_password.get_secret_value())
        if not self.imap_host:
            given = {"imap_user": self.imap_user, "imap_password": has_password}
            if any(given.values()):
                named = " and ".join(key for key, value in given.items() if value)
                raise ValueError(f"imap_host is needed beside {named}, or neither")
            return self
        needed = {"imap_user": self.imap_user, "imap_password": has_password}
        if not all(needed.values()):
            missing = ", ".join(key for key, value in needed.items() if not value)
            raise ValueError(f"imap_host is set, so these are needed: {missing}")
        if self.imap_tls == "none" and self.imap_host not in LOOPBACK:
            raise ValueError(
                'imap_tls "none" would show the password to the network: "implicit" or "starttls"'
            )
        if self.imap_move_to == self.imap_folder:
            raise ValueError("imap_move_to must be another folder than imap_folder")
        return self

    @property
    def database(self) -> str:
        """The database's URL; by default a SQLite file in `data_dir`."""
        return self.database_url or f"sqlite:///{self.data_dir / 'outreach.sqlite'}"

    @property
    def vault(self) -> str:
        """The URL of the store of data keys.

        By default a file beside the SQLite file (outreach.keys.sqlite), so that each database has
        its own; else the same PostgreSQL database, where the store is a schema of its own.
        """
        if self.vault_url or not self.database.startswith("sqlite"):
            return self.vault_url or self.database
        return f"{self.database.removesuffix('.sqlite')}.keys.sqlite"

    @property
    def key_path(self) -> Path:
        """The file of the keys that wrap data keys, where `keys` does not hold them itself."""
        return Path(self.key_file) if self.key_file else self.data_dir / "keys.json"

    @property
    def is_https(self) -> bool:
        """Say whether people reach the service over TLS."""
        return self.public_base_url.startswith("https://")

    @property
    def host(self) -> str:
        """The host people see, for calendar ids and mail."""
        return urlsplit(self.public_base_url).hostname or "localhost"

    def key(self) -> bytes:
        """Return the key that derives links and chains the audit log.

        From `secret_key`, else from `data_dir/secret.key`, made on first use and readable by its
        owner alone.
        """
        given = self.secret_key.get_secret_value()
        return given.encode() if given else _key_file(self.data_dir / "secret.key")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the file."""
        del dotenv_settings, file_secret_settings
        toml = TomlConfigSettingsSource(settings_cls, toml_file=_file.path)
        return init_settings, env_settings, toml


class _File:
    path: Path | None = None


_file = _File()


def load(path: Path | None = None, **overrides: Any) -> Config:  # noqa: ANN401 - any setting
    """Read the configuration from `path`, or $OUTREACH_CONFIG, or config.toml where it exists.

    Raises:
        Unusable: the file is missing or no TOML, a key is unknown, a value is wrong, or an
            OUTREACH_* variable names no setting. Every wrong key is in the message.
    """
    chosen = path or _from_environment() or _beside()
    _file.path = _checked(chosen)
    try:
        config = Config(**overrides)
    except ValidationError as error:
        raise Unusable(f"The configuration is wrong: {_in_words(error)}") from None
    except SettingsError as error:
        # A list in the environment is JSON: OUTREACH_TRUSTED_HOSTS='["outreach.example"]'.
        raise Unusable(f"The configuration is wrong: {error}.") from None
    finally:
        _file.path = None
    _refuse_misspelt_environment()
    return config


def _from_environment() -> Path | None:
    named = os.environ.get("OUTREACH_CONFIG", "")
    return Path(named) if named else None


def _beside() -> Path | None:
    default = Path(DEFAULT_FILE)
    return default if default.exists() else None


def _checked(path: Path | None) -> Path | None:
    if path is None:
        return None
    try:
        tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Unusable(f"Cannot read the configuration {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"The configuration {path} is not valid TOML: {error}.") from error
    return path


def _refuse_misspelt_environment() -> None:
    known = {f"{PREFIX}{name}".upper() for name in Config.model_fields} | NOT_SETTINGS
    unknown = sorted(n for n in os.environ if n.startswith(PREFIX) and n.upper() not in known)
    if unknown:
        raise Unusable(f"No setting has this name: {', '.join(unknown)}.")


def _in_words(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg'].removeprefix('Value error, ')}"
        for e in error.errors()
    )


def _key_file(path: Path) -> bytes:
    if not path.exists():
        _make_key_file(path)
    if path.stat().st_mode & 0o077:
        raise Unusable(f"{path} holds a secret, but others can read it. Run: chmod 600 {path}")
    key = path.read_bytes().strip()
    if len(key) < LEAST_KEY:
        raise Unusable(f"{path} holds no key of {LEAST_KEY} characters. Restore it from a backup.")
    return key


def _make_key_file(path: Path) -> None:
    # Web and worker may start at once. The link decides whose key stands, and nobody ever reads
    # half of one.
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
