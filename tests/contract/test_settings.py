"""What can be chosen from outside is checked before anything starts, and the refusal says which variable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.cli.serving import run
from traya_gql.settings import Mode, Settings, read_cloudinary_url

GOOD_KEY = "q7Jx2mVb9Tz4Lr8Nc6Wd3Kp5Hs1Yf0Ga"
OTHER_KEY = "Zt5Rw8Yk2Pd9Xc4Vf7Bn1Mq6Lj3Hg0Sa"
PRODUCTION = {
    "mode": Mode.PRODUCTION,
    "mongodb_uri": "mongodb://10.0.0.5/traya?replicaSet=rs0",
    "secret_key": GOOD_KEY,
    "sms_url": "https://sms.example.org/messages",
    "sms_token": "b7f3c9d1e5a2",
}
VARIABLES = {
    "mongodb_uri": "MONGODB_URI",
    "secret_key": "TRAYA_SECRET_KEY",
    "sms_url": "TRAYA_SMS_URL",
    "sms_token": "TRAYA_SMS_TOKEN",
}


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*VARIABLES.values(), "TRAYA_MODE", "TRAYA_SECOND_SECRET_KEY", "TRAYA_TRUSTED_PROXIES"):
        monkeypatch.delenv(variable, raising=False)


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def refusal(**values: Any) -> str:
    """Return the words of the one thing that is wrong."""
    with pytest.raises(ValidationError) as refused:
        settings(**values)
    [problem] = refused.value.errors()
    return problem["msg"].removeprefix("Value error, ")


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in PRODUCTION.items() if name not in names}


# --- production -------------------------------------------------------------------------------------------------------


def test_production_starts_with_all_that_it_needs() -> None:
    assert settings(**PRODUCTION, second_secret_key=OTHER_KEY).mode is Mode.PRODUCTION


@pytest.mark.parametrize("name", ["mongodb_uri", "secret_key"])
def test_production_names_the_one_variable_that_is_missing(name: str) -> None:
    assert refusal(**without(name)) == f"production mode needs {VARIABLES[name]}"


def test_production_names_all_variables_that_are_missing() -> None:
    assert refusal(mode=Mode.PRODUCTION) == f"production mode needs {' and '.join(VARIABLES.values())}"


def test_an_empty_variable_is_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAYA_SECRET_KEY", "")

    assert refusal(**without("secret_key")) == "production mode needs TRAYA_SECRET_KEY"


@pytest.mark.parametrize(
    "secret",
    [
        "change-me-change-me-change-me-change-me",
        "CHANGEME_1234567890_abcdefghijklmnopqrst",
        "my default secret key, 0123456789 abcdef",
        "example-secret-key-0123456789-abcdefghij",
        "replace with your-secret-key 0123456789a",
        "insecure-development-key-0123456789-abcd",
        "placeholder placeholder placeholder 1234",
        "x" * 40,
        "0123" * 10,
        " " * 40,
    ],
)
@pytest.mark.parametrize("name", ["secret_key", "second_secret_key", "sms_token"])
def test_production_refuses_a_placeholder_and_names_its_variable(name: str, secret: str) -> None:
    assert refusal(**{**PRODUCTION, name: secret}).startswith(f"TRAYA_{name.upper()} looks like a placeholder")


@pytest.mark.parametrize("name", ["secret_key", "second_secret_key"])
@pytest.mark.parametrize("mode", list(Mode))
def test_a_key_of_31_characters_is_too_short_in_every_mode(mode: Mode, name: str) -> None:
    wanted = f"TRAYA_{name.upper()} needs at least 32 characters"

    assert refusal(**{**PRODUCTION, "mode": mode, name: GOOD_KEY[:31]}).startswith(wanted)


def test_development_takes_any_key_that_is_long_enough() -> None:
    assert settings(secret_key="change me " * 4).secret_key is not None


def test_the_command_says_which_variable_and_never_its_value(tmp_path: Path) -> None:
    variables = {VARIABLES[name]: str(PRODUCTION[name]) for name in VARIABLES}
    variables |= {"TRAYA_SECRET_KEY": "Plantedsecret-change-me-0123456789-abcdef", "TRAYA_MODE": "production"}

    refused = run("serve", cwd=tmp_path, **variables)

    assert refused.returncode == 1
    assert "TRAYA_SECRET_KEY looks like a placeholder" in refused.stderr
    assert "Plantedsecret" not in refused.stdout + refused.stderr
    assert str(PRODUCTION["sms_token"]) not in refused.stdout + refused.stderr


# --- in every mode ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("name", ["sms_url", "sms_token"])
def test_the_vendor_of_messages_and_its_token_are_set_together(mode: Mode, name: str) -> None:
    assert (
        refusal(**{**without(name), "mode": mode}) == "TRAYA_SMS_URL and TRAYA_SMS_TOKEN are set together, or neither"
    )


@pytest.mark.parametrize(
    "text", ["everyone", "10.0.0.1/8", "10.0.0.0/33", "300.0.0.1", "10.0.0.0/8 172.16.0.0/12", "*", "fe80::/200"]
)
def test_what_is_no_network_is_no_trusted_proxy(text: str) -> None:
    assert refusal(trusted_proxies=text).endswith("a network is like 10.0.0.0/8")


def test_trusted_proxies_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAYA_TRUSTED_PROXIES", " 10.0.0.0/8, 192.168.1.7 ,fd00::/8,")

    assert settings().trusted_proxies == ("10.0.0.0/8", "192.168.1.7", "fd00::/8")


def test_nobody_is_trusted_unless_it_is_said() -> None:
    assert settings().trusted_proxies == ()


def test_secrets_are_not_in_what_is_printed_of_settings() -> None:
    shown = repr(settings(**PRODUCTION, second_secret_key=OTHER_KEY))

    assert not any(secret in shown for secret in (GOOD_KEY, OTHER_KEY, "b7f3c9d1e5a2", "10.0.0.5"))


@pytest.mark.parametrize(
    "changes",
    [
        {"secret_key": "Planted-change-me-0123456789-abcdefghijkl"},
        {"secret_key": "Planted"},
        {"second_secret_key": "Planted"},
        {"sms_token": "Planted-change-me"},
        {"mongodb_uri": "mongodb://Planted:Planted@10.0.0.5/traya", "secret_key": "too short"},
        {"secret_key": "Planted, long enough to be a good key 012", "sms_url": None},
    ],
)
def test_secrets_are_not_in_a_refusal_as_a_worker_would_print_it(changes: dict[str, Any]) -> None:
    """A worker that cannot start dies with the traceback of the whole refusal."""
    with pytest.raises(ValidationError) as refused:
        settings(**{**PRODUCTION, **changes})

    printed = str(refused.value)
    assert "TRAYA_" in printed
    assert "Planted" not in printed
    assert "b7f3c9d1e5a2" not in printed


# --- what keeps photos, and where MongoDB is read ---------------------------------------------------------------------


def test_a_cloudinary_account_is_read_from_its_url() -> None:
    account = read_cloudinary_url("cloudinary://12345:s%2Fecret@demo?upload_prefix=https://api-eu.cloudinary.com")

    assert account == ("demo", "12345", "s/ecret", "https://api-eu.cloudinary.com")
    assert read_cloudinary_url("cloudinary://12345:secret@Demo").cloud_name == "Demo"


@pytest.mark.parametrize(
    "url",
    [
        "https://12345:secret@demo",
        "cloudinary://demo",
        "cloudinary://12345@demo",
        "cloudinary://12345:secret@",
        "cloudinary://[12345:secret@demo",
        "cloudinary://12345:secret@demo?upload_prefix=http://api.example",
        "cloudinary://12345:secret@demo?upload_prefix=ftp://127.0.0.1",
        "",
    ],
)
def test_what_is_no_cloudinary_account_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(ValueError, match="it is like cloudinary://KEY:SECRET@CLOUD") as refused:
        read_cloudinary_url(url)

    assert "secret" not in str(refused.value)
    if url:
        assert "cloudinary://KEY:SECRET@CLOUD" in refusal(CLOUDINARY_URL=url)


@pytest.mark.parametrize("preference", ["secondary", "secondaryPreferred", "nearest", "primaryPreferred"])
def test_mongodb_is_read_at_its_primary(preference: str) -> None:
    uri = f"mongodb://10.0.0.5/traya?replicaSet=rs0&readPreference={preference}"

    assert "leave readPreference out" in refusal(MONGODB_URI=uri)
    assert settings(MONGODB_URI="mongodb://10.0.0.5/traya?readPreference=primary").mongodb_uri is not None


def test_photos_have_safe_addresses_in_production() -> None:
    assert "TRAYA_PUBLIC_URL must be https" in refusal(**PRODUCTION, public_url="http://api.example")
    assert settings(**PRODUCTION, public_url="http://127.0.0.1:8000").public_url is not None
    assert settings(**PRODUCTION, public_url="https://api.example").public_url is not None
