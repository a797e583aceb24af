"""The settings: the only reader of the environment."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHORTEST_SECRET = 32
MOST_RATE_LIMIT_FACTOR = 100
FEWEST_CHARACTERS = 12
"""How many different characters a key has at the least; random ones have some forty."""

FEWEST_CHARACTERS_OF_TOKEN = 6
"""As many for the token of a vendor, which may be short."""

_LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})
_PLACEHOLDER = re.compile(
    r"change.?me|example|placeholder|your.{0,12}(secret|key|token)|replace.?me|goes.?in.?here|default|insecure|dummy",
    re.IGNORECASE,
)


class Mode(StrEnum):
    """How careful to be."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """What can be chosen from outside: environment variables first, then the file `.env` of the working folder.

    Raises:
        pydantic.ValidationError: a value is wrong, or production lacks something; the message names the variable.
    """

    model_config = SettingsConfigDict(
        env_prefix="TRAYA_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        populate_by_name=True,
        # a worker that cannot start prints the whole refusal
        hide_input_in_errors=True,
    )

    mode: Mode = Field(
        Mode.DEVELOPMENT, description="development, or production: no GraphiQL, no introspection, no hints."
    )
    mongodb_uri: SecretStr | None = Field(
        None,
        validation_alias="MONGODB_URI",
        description="The MongoDB cluster, a replica set. Unset: an embedded MongoDB is started in the data folder.",
    )
    database: str = Field("traya", description="The database to use when MONGODB_URI names none.")
    data: Path = Field(Path("data"), description="The folder of the embedded MongoDB and of the development secret.")
    mongod: Path | None = Field(None, description="The mongod to embed, instead of the one found on this machine.")
    secret_key: SecretStr | None = Field(
        None,
        description="Signs access tokens: at least 32 characters. In development made once in the data folder.",
    )
    second_secret_key: SecretStr | None = Field(
        None,
        description="A second key whose tokens are good too, while keys rotate: at least 32 characters.",
    )
    # at least as long as idempotency keys are kept: a repeat must not answer with a token that has ended
    access_token_days: int = Field(30, ge=7, le=365, description="How long access tokens of reports and orders last.")
    sms_url: HttpUrl | None = Field(
        None, description="Where messages are posted to as JSON. Unset in development: they are shown on the terminal."
    )
    sms_token: SecretStr | None = Field(None, description="The bearer token for TRAYA_SMS_URL.")
    cloudinary_url: SecretStr | None = Field(
        None,
        validation_alias="CLOUDINARY_URL",
        description=(
            "The Cloudinary account that keeps photos, cloudinary://KEY:SECRET@CLOUD. Unset: the data folder."
        ),
    )
    public_url: HttpUrl | None = Field(
        None,
        description=(
            "Where clients reach this server, such as https://api.example.com; addresses of photos in the data folder "
            "begin with it. Unset: where `traya-gql serve` listens."
        ),
    )
    multipart_uploads: bool = Field(
        False,  # noqa: FBT003 - a setting
        description="Whether photos can be sent through GraphQL too, as multipart requests of up to 2 MB.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Networks whose X-Forwarded-For is believed, separated by commas, such as 10.0.0.0/8."
    )
    rate_limit_factor: float = Field(
        1.0,
        gt=0,
        le=1_000_000,
        description="Multiplies every rate limit: for load tests, or many people at one address.",
    )
    jobs_at_a_time: int = Field(
        4,
        ge=0,
        le=64,
        description="How many jobs each process of a server runs at once. 0: none, as `traya-gql worker` runs them.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins of web pages that may call the graph, separated by commas; * for all. In development mode "
        "pages of this machine may as well.",
    )

    @model_validator(mode="before")
    @classmethod
    def _split(cls, values: dict[str, object]) -> dict[str, object]:
        for name in ("cors_origins", "trusted_proxies"):
            texts = values.get(name)
            if isinstance(texts, str):
                values[name] = tuple(text.strip() for text in texts.split(",") if text.strip())
        return values

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            try:
                network = ip_network(text)
            except ValueError as error:
                raise ValueError(f"{error}; a network is like 10.0.0.0/8") from None
            if network.prefixlen == 0:
                raise ValueError(f"{text} is everybody: then clients choose their own address")
        return texts

    @field_validator("mongodb_uri")
    @classmethod
    def _reads_the_primary(cls, uri: SecretStr | None) -> SecretStr | None:
        given = parse_qs(urlsplit(uri.get_secret_value()).query.lower()).get("readpreference", []) if uri else []
        if any(preference != "primary" for preference in given):
            raise ValueError(
                "leave readPreference out: transactions, and whoever reads what they wrote, need the primary"
            )
        return uri

    @field_validator("cloudinary_url")
    @classmethod
    def _is_account(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            read_cloudinary_url(url.get_secret_value())
        return url

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        for name in ("secret_key", "second_secret_key", "sms_token"):
            secret: SecretStr | None = getattr(self, name)
            if secret is not None:
                _check_secret(variable_of(name), secret.get_secret_value(), is_key=name != "sms_token", mode=self.mode)
        if (self.sms_url is None) != (self.sms_token is None):
            raise ValueError("TRAYA_SMS_URL and TRAYA_SMS_TOKEN are set together, or neither")
        if self.second_secret_key is not None and self.second_secret_key == self.secret_key:
            raise ValueError("TRAYA_SECOND_SECRET_KEY is the same as TRAYA_SECRET_KEY: leave it out, or set another")
        if self.mode is Mode.PRODUCTION:
            if self.rate_limit_factor > MOST_RATE_LIMIT_FACTOR:
                raise ValueError(f"TRAYA_RATE_LIMIT_FACTOR can be at most {MOST_RATE_LIMIT_FACTOR} in production")
            if self.sms_url is not None and not _is_safe(self.sms_url):
                raise ValueError("TRAYA_SMS_URL must be https in production: it carries sign-in codes")
            if self.public_url is not None and not _is_safe(self.public_url):
                raise ValueError("TRAYA_PUBLIC_URL must be https in production: it begins the addresses of photos")
            needed = ("mongodb_uri", "secret_key", "sms_url", "sms_token")
            if missing := [variable_of(name) for name in needed if getattr(self, name) is None]:
                raise ValueError(f"production mode needs {' and '.join(missing)}")
        return self


def _is_safe(url: HttpUrl) -> bool:
    return url.scheme == "https" or url.host in _LOOPBACK


def _check_secret(variable: str, secret: str, *, is_key: bool, mode: Mode) -> None:
    if is_key and len(secret) < SHORTEST_SECRET:
        raise ValueError(f"{variable} needs at least {SHORTEST_SECRET} characters: openssl rand -base64 48")
    is_monotonous = len(set(secret)) < (FEWEST_CHARACTERS if is_key else FEWEST_CHARACTERS_OF_TOKEN)
    if mode is Mode.PRODUCTION and (is_monotonous or _PLACEHOLDER.search(secret)):
        advice = "Make one with: openssl rand -base64 48" if is_key else "Use the one that the vendor gave you."
        raise ValueError(f"{variable} looks like a placeholder, not a secret. {advice}")


def variable_of(name: str) -> str:
    """Return the environment variable of a setting; a variable's own name stays."""
    field = Settings.model_fields.get(name)
    if field is None:
        return name
    return str(field.validation_alias) if field.validation_alias else f"TRAYA_{name.upper()}"


def unknown_variables() -> list[str]:
    """Return the variables of the environment that look like settings and are none: misspelt ones."""
    known = {variable_of(name) for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith("TRAYA_") and name not in known)


class CloudinaryAccount(NamedTuple):
    """Whose pictures, and what signs for them. `upload_prefix`: where its API is, if not at the usual address."""

    cloud_name: str
    api_key: str
    api_secret: str
    upload_prefix: str | None


def read_cloudinary_url(url: str) -> CloudinaryAccount:
    """Return the account of a URL like cloudinary://KEY:SECRET@CLOUD?upload_prefix=https://api-eu.cloudinary.com.

    Raises:
        ValueError: it is no such URL. The message holds nothing of it.
    """
    try:
        parts = urlsplit(url)
        found = (parts.hostname and parts.netloc.rpartition("@")[2].partition(":")[0], parts.username, parts.password)
    except ValueError:
        raise _no_account() from None
    prefix = parse_qs(parts.query).get("upload_prefix", [None])[0]
    if parts.scheme != "cloudinary" or not all(found) or not _is_api(prefix):
        raise _no_account()
    cloud_name, api_key, api_secret = (unquote(part or "") for part in found)
    return CloudinaryAccount(cloud_name, api_key, api_secret, prefix)


def _is_api(prefix: str | None) -> bool:
    # it is sent the pictures, and whatever is asked of it is signed
    if prefix is None:
        return True
    parts = urlsplit(prefix)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _no_account() -> ValueError:
    return ValueError("it is like cloudinary://KEY:SECRET@CLOUD, as the account's dashboard shows it")
