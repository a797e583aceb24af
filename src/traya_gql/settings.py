"""The settings: the only reader of the environment."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHORTEST_SECRET = 32


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
        env_prefix="TRAYA_", env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True, populate_by_name=True
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
    # at least as long as idempotency keys are kept: a repeat must not answer with a token that has ended
    access_token_days: int = Field(30, ge=7, le=365, description="How long access tokens of reports and orders last.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins of web pages that may call the graph, separated by commas; * for all."
    )

    @model_validator(mode="before")
    @classmethod
    def _split(cls, values: dict[str, object]) -> dict[str, object]:
        origins = values.get("cors_origins")
        if isinstance(origins, str):
            values["cors_origins"] = tuple(origin.strip() for origin in origins.split(",") if origin.strip())
        return values

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.secret_key is not None and len(self.secret_key.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"TRAYA_SECRET_KEY needs at least {SHORTEST_SECRET} characters: openssl rand -base64 48")
        if self.mode is Mode.PRODUCTION:
            missing = [
                name
                for name, value in (("MONGODB_URI", self.mongodb_uri), ("TRAYA_SECRET_KEY", self.secret_key))
                if value is None
            ]
            if missing:
                raise ValueError(f"production mode needs {' and '.join(missing)}")
        return self


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
