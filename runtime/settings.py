"""Typed settings from the environment, validated at start. docs/settings.md is generated from this file."""

import os
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeVar

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from runtime.setting_values import Host, Issuer, LongKey, Mailbox, Proxies, PublicUrl, RedisUrl

SMTPS_PORT: Final = 465
"""The port on which mail servers expect TLS from the first byte (RFC 8314)."""
_OF_THE_PROVIDER: Final = ("oidc_issuer", "oidc_client_id", "oidc_client_secret")
"""Settings of which an installation has all or none."""


class SettingsInvalid(Exception):
    """The environment does not contain valid settings. `problems` has a line for each problem, with its remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """Everything that an installation decides. The numbers of the review process are policy, not settings."""

    model_config = SettingsConfigDict(env_prefix="DEVCENTER_", extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(
        validation_alias="DATABASE_URL",
        description="The Postgres 18 database, as the application role: postgresql://user:password@host:port/name.",
    )
    database_owner_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_OWNER_URL",
        description="The same database as the role that owns the tables; only `devcenter migrate` uses it. "
        "Without it DATABASE_URL is used to migrate too, and the processes switch to the role devcenter_app.",
    )
    redis_url: RedisUrl = Field(
        validation_alias="REDIS_URL", description="The Valkey or Redis server: redis://:password@host:port/0."
    )
    history_key: LongKey = Field(
        description="The key of the history's HMAC, 32 characters or more. Keep it out of the database.",
    )
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        min_length=1,
        description="Fernet keys for stored secrets (test accounts, codes that are not mailed yet), comma-separated: "
        "the first encrypts, all decrypt.",
    )
    api_host: Host = Field(default="127.0.0.1", description="The address on which `devcenter api` listens.")
    api_port: int = Field(default=8787, ge=0, le=65535, description="The port of `devcenter api`; 0 takes a free one.")
    tracking_host: Host = Field(default="127.0.0.1", description="The address on which `devcenter tracking` listens.")
    tracking_port: int = Field(
        default=8788, ge=0, le=65535, description="The port of `devcenter tracking`; 0 takes a free one."
    )
    operators_host: Host = Field(
        default="127.0.0.1",
        description="The address on which `devcenter api` and `devcenter tracking` serve `/readyz` and `/metrics`, on "
        "a port of their own: for probes and metrics, and never for the outside.",
    )
    api_operators_port: int = Field(
        default=8797, ge=0, le=65535, description="That port of `devcenter api`; 0 takes a free one."
    )
    tracking_operators_port: int = Field(
        default=8798, ge=0, le=65535, description="That port of `devcenter tracking`; 0 takes a free one."
    )
    tracking_url: PublicUrl = Field(
        default="http://127.0.0.1:8788",
        description="Where streams reach `devcenter tracking`. The API tells partners, `devcenter tracking` the "
        "browser SDK: set it alike for both.",
    )
    public_url: PublicUrl = Field(
        default="http://127.0.0.1:8787",
        description="Where partners and reviewers reach the API; used in mails.",
    )
    pages: bool = Field(
        default=True,
        description="Whether `devcenter api` serves web pages beside the API, to which mails link: confirming an "
        "address, accepting an invitation, a new token for a lost one, switching news off. Without them mails name "
        "the calls. Set it alike for the API and the workers.",
    )
    oidc_issuer: Issuer = Field(
        default=None,
        description="The issuer of the OpenID provider by which reviewers and admins sign in to the pages, with the "
        "client's id and secret. Its redirect address is `/sign-in/callback` at DEVCENTER_PUBLIC_URL. Without it they "
        "sign in by mail, as partners do.",
    )
    oidc_client_id: str | None = Field(default=None, description="The client's id at that provider.")
    oidc_client_secret: SecretStr | None = Field(default=None, description="The client's secret there.")
    profile: Path | None = Field(
        default=None,
        description="The TOML file that names the platform and what is its own (docs/profile.md). Without it the "
        "platform is Segment.",
    )
    trusted_proxies: Proxies = Field(
        default="",
        description="Addresses or networks of proxies, comma-separated, whose X-Forwarded-For is trusted. "
        "Without any, the client is the address that connects.",
    )
    keep_alive_s: int = Field(
        default=75,
        ge=5,
        le=3600,
        description="Seconds for which a connection without a request under way is kept. More than the balancer in "
        "front keeps it, which is 60 for most.",
    )
    connections_of_address: int = Field(
        default=64,
        ge=1,
        le=512,
        description="Connections that one address may have open with an API process (IPv6: one /64). Trusted proxies "
        "may have any number.",
    )
    body_budget_mib: int = Field(
        default=64,
        ge=20,
        description="Memory in MiB that all bodies of requests together may take in an API process; one sender gets at "
        "most a quarter of it.",
    )
    rate_partner: int = Field(
        default=50, ge=0, description="Requests a second for each token of a partner; 0: no limit."
    )
    rate_reviewer: int = Field(default=100, ge=0, description="Requests a second for each token of a reviewer.")
    rate_service: int = Field(default=5000, ge=0, description="Requests a second for each token of a service.")
    rate_admin: int = Field(default=5000, ge=0, description="Requests a second for each token of an admin.")
    rate_address: int = Field(
        default=50, ge=0, description="Requests a second for each address that sends no token, or an unknown one."
    )
    rate_open_writes: int = Field(
        default=30,
        ge=0,
        description="Writes a minute for each address that sends no token: access requests, invitations.",
    )
    rate_write_key: int = Field(
        default=50, ge=0, description="Requests a second to `devcenter tracking` with each write key; 0: no limit."
    )
    rate_sender: int = Field(
        default=200,
        ge=0,
        description="Requests a second to `devcenter tracking` from each address that do not say whose they are in a "
        "header: with the write key in the body, or with one that no stream has.",
    )
    database_pool: int = Field(
        default=10,
        ge=2,
        le=200,
        description="Connections to Postgres an API process may hold; a worker holds up to 14.",
    )
    prepare_threshold: int | None = Field(
        default=5,
        ge=0,
        description="Executions after which a statement is prepared. Leave it empty behind PgBouncer.",
    )
    statement_timeout_s: int = Field(default=60, ge=1, description="Seconds after which Postgres ends a statement.")
    transaction_timeout_s: int = Field(
        default=240,
        ge=1,
        le=280,
        description="Seconds after which Postgres ends a transaction. The export of history heads relies on it.",
    )
    worker_threads: int = Field(
        default=16,
        ge=1,
        le=64,
        description="Threads of one worker process, for leased work and messages of other services: so many fetches or "
        "mails at once.",
    )
    batch_size: int = Field(default=500, ge=1, le=5000, description="Transition requests judged in one transaction.")
    sweep_seconds: float = Field(
        default=2.0, gt=0, le=30, description="How often, in seconds, a worker looks for due work when no bell rings."
    )
    smtp_host: Host = Field(default="127.0.0.1", description="The mail server that notifications are handed to.")
    smtp_port: int = Field(default=25, ge=1, le=65535, description="Its port.")
    smtp_starttls: bool = Field(
        default=False, description="Whether to require STARTTLS with a valid certificate (usual on port 587)."
    )
    smtp_tls: bool | None = Field(
        default=None,
        description="Whether the mail server expects TLS from the first byte, with a valid certificate. Without this "
        "setting it does on port 465, and on no other.",
    )
    smtp_user: str | None = Field(default=None, description="The user name for the mail server, if it needs one.")
    smtp_password: SecretStr | None = Field(default=None, description="The password that goes with it.")
    mail_from: Mailbox = Field(default="devcenter@localhost.localdomain", description="The sender of notifications.")
    mail_reply_to: Mailbox | None = Field(
        default=None,
        description="Where answers to notifications go. Without it, to the support address of the profile.",
    )
    heads_file: Path | None = Field(
        default=None,
        description="The file that history heads are appended to. Put it where the database's administrators cannot "
        "write. Without it heads go to the log.",
    )
    allow_loopback_urls: bool = Field(
        default=False,
        description="Whether partners' URLs may point to this machine. For the embedded demo only.",
    )
    metrics_host: Host = Field(
        default="127.0.0.1", description="The address on which workers and schedulers serve their metrics."
    )
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="The port on which `devcenter worker` or `devcenter scheduler` serves metrics; each process on a "
        "machine needs its own. Without it they serve none. The API and the sandbox serve theirs beside `/readyz`.",
    )
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="The lowest level to log."
    )
    log_format: str = Field(
        default="auto",
        pattern="^(auto|json|text)$",
        description="How log lines are written to standard error: `json`, `text`, or `auto`: text on a terminal, JSON "
        "everywhere else.",
    )
    fault_point: str | None = Field(
        default=None,
        description="For tests of the service itself: `name=hits:file` kills the process at the named point.",
    )

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _speaks_psycopg(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            url = make_url(value)
        except ArgumentError:
            raise ValueError("is not a database URL; write postgresql://user:password@host:port/name") from None
        if url.get_backend_name() not in ("postgresql", "postgres"):
            raise ValueError("must begin with postgresql://; devcenter runs on Postgres 18 only")
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("secret_keys")
    @classmethod
    def _are_fernet_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for number, key in enumerate(value, start=1):
            try:
                Fernet(key.get_secret_value())
            except ValueError:
                make = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
                raise ValueError(f"key {number} is not a Fernet key; make one with: {make}") from None
        return value

    @field_validator(
        "prepare_threshold",
        "metrics_port",
        "profile",
        "smtp_tls",
        "mail_reply_to",
        "oidc_issuer",
        "oidc_client_id",
        "oidc_client_secret",
        mode="before",
    )
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("profile")
    @classmethod
    def _from_here(cls, value: Path | None) -> Path | None:
        """A process that is started in another folder finds the same file."""
        return value.absolute() if value else None

    @model_validator(mode="after")
    def _fit_each_other(self) -> Self:
        """Names settings of which one forbids the other. The first words are the variable to change."""
        if self.smtp_starttls and self.smtp_uses_tls:
            raise ValueError(
                "DEVCENTER_SMTP_STARTTLS: asks for STARTTLS on a connection that begins with TLS (port 465, or "
                "DEVCENTER_SMTP_TLS). Unset it, or set DEVCENTER_SMTP_PORT to the port for STARTTLS, usually 587"
            )
        if bool(self.smtp_user) != bool(self.smtp_password):
            raise ValueError("DEVCENTER_SMTP_USER: needs DEVCENTER_SMTP_PASSWORD, and the other way round. Set both")
        lacking = [environment_name(name) for name in _OF_THE_PROVIDER if getattr(self, name) is None]
        if 0 < len(lacking) < len(_OF_THE_PROVIDER):
            others = [name for name in map(environment_name, _OF_THE_PROVIDER) if name not in lacking]
            need = "need" if len(others) > 1 else "needs"
            raise ValueError(f"{lacking[0]}: is not set, and {' and '.join(others)} {need} it. Set all three or none")
        return self

    @property
    def smtp_uses_tls(self) -> bool:
        """Whether a connection to the mail server begins with TLS."""
        return self.smtp_port == SMTPS_PORT if self.smtp_tls is None else self.smtp_tls

    @property
    def owner_url(self) -> str:
        """The URL that migrations use."""
        return self.database_owner_url or self.database_url


class TrackingSettings(Settings):
    """What `devcenter tracking` is given: `database_url` leads to its own role, and it has none of the keys."""

    history_key: SecretStr = SecretStr("")
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()


AnySettings = TypeVar("AnySettings", bound=Settings)


def load_settings(**overrides: Any) -> Settings:
    """Returns the settings from the environment and from `overrides`, by field name. Raises SettingsInvalid."""
    return _load(Settings, overrides)


def load_tracking_settings() -> TrackingSettings:
    """Returns the settings of `devcenter tracking` from the environment. Raises SettingsInvalid."""
    return _load(TrackingSettings, {})


def _load(kind: type[AnySettings], overrides: dict[str, Any]) -> AnySettings:
    aliases = {
        name: str(field.validation_alias or name) for name, field in Settings.model_fields.items() if name in overrides
    }
    try:
        return kind(**{aliases[name]: value for name, value in overrides.items()})
    except ValidationError as error:
        raise SettingsInvalid([_problem(part["loc"], part["msg"]) for part in error.errors()]) from None


def profile_file() -> Path | None:
    """Returns the profile that the environment names, None without one: for commands that need no other setting."""
    named = os.environ.get(environment_name("profile"))
    return Path(named).absolute() if named else None


def environment_name(field_name: str) -> str:
    """Returns the environment variable that sets `field_name`."""
    alias = Settings.model_fields[field_name].validation_alias
    return str(alias) if alias else f"DEVCENTER_{field_name.upper()}"


def environment_of(settings: Settings) -> dict[str, str]:
    """Returns this process's environment with `settings` in it, to start another process with."""
    environment = dict(os.environ)
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        elif isinstance(value, tuple):
            value = ",".join(part.get_secret_value() for part in value)
        if value is not None:
            environment[environment_name(name)] = str(value)
    return environment


def _problem(location: tuple[int | str, ...], message: str) -> str:
    if not location:
        return message.removeprefix("Value error, ")
    name = str(location[0])
    variable = environment_name(name) if name in Settings.model_fields else name
    if message == "Field required":
        message = "is not set. `make run` needs no settings; docs/settings.md explains each"
    return f"{variable}: {message.removeprefix('Value error, ')}"
