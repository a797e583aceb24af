"""E-mail addresses: what is accepted and how it is written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.emails import check_email
from traya_gql.domain.refusals import InvalidValue, RefusalCode

LONGEST_DOMAIN = ".".join(["d" * 61, "d" * 61, "d" * 61, "com"])


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("asha@example.com", "asha@example.com"),
        ("  asha@example.com ", "asha@example.com"),
        ("Asha.Rao+hair@Example.COM", "Asha.Rao+hair@example.com"),
        ("a@b.co", "a@b.co"),
        ("o'neill_2@mail.example-shop.co.in", "o'neill_2@mail.example-shop.co.in"),
        ("asha@xn--11b4c3d.example", "asha@xn--11b4c3d.example"),
        ("asha@123.in", "asha@123.in"),
        ("l" * 64 + "@example.com", "l" * 64 + "@example.com"),
        ("l" * 64 + "@" + LONGEST_DOMAIN, "l" * 64 + "@" + LONGEST_DOMAIN),
    ],
)
def test_an_address_is_trimmed_and_its_domain_is_in_small_letters(typed: str, address: str) -> None:
    assert check_email(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param("   ", id="spaces"),
        pytest.param("asha", id="no @"),
        pytest.param("asha@", id="no domain"),
        pytest.param("@example.com", id="no name"),
        pytest.param("asha@example", id="no dot in the domain"),
        pytest.param("asha@@example.com", id="two @ in a row"),
        pytest.param("asha@rao@example.com", id="two @"),
        pytest.param("asha rao@example.com", id="a space"),
        pytest.param("asha@exam ple.com", id="a space in the domain"),
        pytest.param("asha@example.com\n", id="a line break at the end"),
        pytest.param("asha@example.com\r\nBcc: all@example.com", id="another header"),
        pytest.param("asha\t@example.com", id="a tab"),
        pytest.param("asha\u200b@example.com", id="a zero-width space"),
        pytest.param("\u202easha@example.com", id="a direction mark"),
        pytest.param("asha@example.com\x00", id="a null character"),
        pytest.param("Asha <asha@example.com>", id="a name with brackets"),
        pytest.param("asha@example.com,rao@example.com", id="two addresses"),
        pytest.param("asha;rao@example.com", id="a semicolon"),
        pytest.param('"asha rao"@example.com', id="a quoted name"),
        pytest.param(".asha@example.com", id="a dot before"),
        pytest.param("asha.@example.com", id="a dot after"),
        pytest.param("asha..rao@example.com", id="two dots"),
        pytest.param("asha@.example.com", id="a domain that begins with a dot"),
        pytest.param("asha@example.com.", id="a domain that ends with a dot"),
        pytest.param("asha@example..com", id="an empty label"),
        pytest.param("asha@-example.com", id="a label that begins with a hyphen"),
        pytest.param("asha@example-.com", id="a label that ends with a hyphen"),
        pytest.param("asha@exa_mple.com", id="an underscore in the domain"),
        pytest.param("asha@127.0.0.1", id="numbers of a machine"),
        pytest.param("asha@[127.0.0.1]", id="a machine in brackets"),
        pytest.param("आशा@example.com", id="a name in Devanagari"),
        pytest.param("asha@उदाहरण.भारत", id="a domain in Devanagari"),
        pytest.param("asha@example.\u0131o", id="a letter that looks like another"),
        pytest.param("asha@\u212aelvin.com", id="a letter whose small form is ASCII"),
        pytest.param("a\u017fha@example.com", id="a letter whose capital is ASCII"),
        pytest.param("asha\uff20example.com", id="a full-width @"),
        pytest.param("l" * 65 + "@example.com", id="65 characters before the @"),
        pytest.param("asha@" + "d" * 64 + ".com", id="a label of 64 characters"),
        pytest.param("l" * 64 + "@d" + LONGEST_DOMAIN.replace("com", "comm"), id="256 characters"),
        pytest.param("a@" + "d." * 126 + "com", id="257 characters in short labels"),
        pytest.param("asha@example.com" + " " * 285, id="301 characters with spaces"),
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_email(typed)

    assert refusal.value.code is RefusalCode.INVALID_EMAIL
    assert refusal.value.message == "Enter an e-mail address such as name@example.com, or leave it out."


def test_a_megabyte_is_refused() -> None:
    with pytest.raises(InvalidValue):
        check_email("a@" + "b." * 500_000 + "com")


@pytest.mark.parametrize(("length", "is_accepted"), [(254, True), (255, False)])
def test_an_address_has_at_most_254_characters(length: int, *, is_accepted: bool) -> None:
    labels = ".".join(["d" * 61, "d" * 61, "d" * 61])
    typed = "l" * (length - len(labels) - len("@.com")) + f"@{labels}.com"
    assert len(typed) == length

    if is_accepted:
        assert check_email(typed) == typed
    else:
        with pytest.raises(InvalidValue):
            check_email(typed)


@given(
    typed=st.text() | st.from_regex(r"[a-zA-Z.@ ]{0,12}@[a-zA-Z.-]{0,12}\.[a-z]{2}\s?", fullmatch=True) | st.emails()
)
def test_garbage_is_refused_or_becomes_an_address_that_stays_as_it_is(typed: str) -> None:
    try:
        address = check_email(typed)
    except InvalidValue as refusal:
        assert refusal.code is RefusalCode.INVALID_EMAIL  # noqa: PT017 - a property: either outcome is right
        return

    assert re.fullmatch(r"[!-?A-~]+@[a-z0-9.-]+\.[a-z0-9-]+", address)
    assert check_email(address) == address
    assert address.lower() == typed.strip(" ").lower()
