"""Whose request it is: the client's address, behind proxies too."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from traya_gql.web.client_address import UNKNOWN, client_address, limit_key, parse_networks

NO_DEADLINE = settings(deadline=None)

PROXIES = parse_networks(["10.0.0.0/8", "2001:db8:ffff::/48"])

V4 = st.ip_addresses(v=4).map(str)
V6 = st.ip_addresses(v=6).map(str)
WRITTEN = st.one_of(
    V4,
    V6,
    st.builds("{}:{}".format, V4, st.integers(0, 65_535)),
    st.builds("[{}]:{}".format, V6, st.integers(0, 65_535)),
    st.sampled_from(
        ["", " ", "unknown", "_hidden", "10.0.0.1", "::1%<script>", "[", "]", "[]", "[::1", ":", "1.2.3.4:"]
    ),
    st.text(max_size=20),
)
LINES = st.lists(
    st.one_of(st.lists(WRITTEN, max_size=6).map(lambda parts: ",".join(parts).encode("utf-8")), st.binary(max_size=40)),
    max_size=4,
)


def scope(peer: str | None, *forwarded: str | bytes) -> dict[str, Any]:
    lines = [line if isinstance(line, bytes) else line.encode("latin-1") for line in forwarded]
    headers = [(b"host", b"test"), *((b"x-forwarded-for", line) for line in lines)]
    return {"type": "http", "client": None if peer is None else (peer, 50_000), "headers": headers}


def seen(peer: str | None, *forwarded: str | bytes) -> str:
    return client_address(scope(peer, *forwarded), PROXIES)


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_without_a_header_it_is_the_peer(peer: str, address: str) -> None:
    assert seen(peer) == address


@pytest.mark.parametrize("peer", [None, "", "testclient", "/run/server.sock"])
def test_a_peer_without_an_address_is_unknown_whatever_it_says(peer: str | None) -> None:
    assert seen(peer, "203.0.113.7") == UNKNOWN


def test_a_scope_without_a_client_is_unknown() -> None:
    assert client_address({"type": "http", "headers": []}, PROXIES) == UNKNOWN


def test_an_untrusted_peer_cannot_pretend_to_be_another() -> None:
    assert seen("203.0.113.7", "198.51.100.1") == "203.0.113.7"
    assert client_address(scope("10.0.0.1", "198.51.100.1"), ()) == "10.0.0.1"


def test_the_header_of_an_untrusted_peer_is_not_even_looked_for() -> None:
    without_headers = {"type": "http", "client": ("203.0.113.7", 50_000)}

    assert client_address(without_headers, PROXIES) == "203.0.113.7"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7, 10.1.1.1, 10.2.2.2"], "203.0.113.7"),
        (["203.0.113.7, 2001:db8:ffff::5"], "203.0.113.7"),
        (["  203.0.113.7  ,\t10.1.1.1 "], "203.0.113.7"),
        # the client wrote the left part itself
        (["1.1.1.1, 203.0.113.7"], "203.0.113.7"),
        (["10.9.9.9, 203.0.113.7, 10.1.1.1"], "203.0.113.7"),
        # several lines are one list
        (["1.1.1.1", "203.0.113.7", "10.1.1.1"], "203.0.113.7"),
        (["1.1.1.1, 203.0.113.7", "10.1.1.1"], "203.0.113.7"),
        # all are ours: a machine inside asks
        (["10.3.3.3, 10.1.1.1"], "10.3.3.3"),
        # as some proxies write addresses
        (["203.0.113.7:8080"], "203.0.113.7"),
        (["[2001:db8::1]:443"], "2001:db8::1"),
        (["[2001:db8::1]"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["[::ffff:203.0.113.7]:443"], "203.0.113.7"),
        (["203.0.113.7, ::ffff:10.1.1.1"], "203.0.113.7"),
        (["fe80::1%eth0"], "fe80::1"),
    ],
)
def test_behind_proxies_it_is_the_last_address_that_is_not_theirs(forwarded: list[str], address: str) -> None:
    assert seen("10.0.0.1", *forwarded) == address


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "unknown",
        "_hidden",
        "203.0.113",
        "203.0.113.700",
        "203.0.113.7:port",
        "203.0.113.7:",
        "203.0.113.7:999999",
        "[2001:db8::1",
        "[2001:db8::1]443",
        "[]",
        "2001:db8::1::2",
        '"203.0.113.7"',
        "caf\xe9",
        "\xb2.1.1.1",
        b"\xff\xfe",
        "1" * 5_000,
        ":" * 5_000,
    ],
)
def test_reading_stops_at_what_is_no_address(bad: str | bytes) -> None:
    assert seen("10.0.0.1", "203.0.113.7", bad) == "10.0.0.1"
    assert seen("10.0.0.1", "203.0.113.7", bad, "10.1.1.1") == "10.1.1.1"
    assert seen("10.0.0.1", bad, "203.0.113.7") == "203.0.113.7"


def test_a_long_chain_is_read_to_its_first_stranger() -> None:
    chain = ["198.51.100.1"] * 3_000 + ["203.0.113.7"] + ["10.1.1.1"] * 3_000

    assert seen("10.0.0.1", ", ".join(chain)) == "203.0.113.7"
    assert seen("10.0.0.1", *chain) == "203.0.113.7"


@NO_DEADLINE
@given(lines=LINES)
@example(lines=[b"::1%" + b"<script>" * 10])
@example(lines=[b","])
def test_whatever_the_header_holds_the_answer_is_an_address(lines: list[bytes]) -> None:
    for peer in ("10.0.0.1", "2001:db8:ffff::1"):
        address = seen(peer, *lines)

        assert str(ip_address(address)) == address
        assert "%" not in address


@NO_DEADLINE
@given(peer=st.one_of(V4, V6), lines=LINES)
def test_whatever_the_header_holds_a_stranger_is_its_peer(peer: str, lines: list[bytes]) -> None:
    plain = ip_address(peer)
    mapped = plain.ipv4_mapped if isinstance(plain, IPv6Address) else None

    assert client_address(scope(peer, *lines), ()) == str(mapped or plain)


@NO_DEADLINE
@given(client=V4.filter(lambda text: not text.startswith("10.")), lines=LINES, proxies=st.lists(V4, max_size=3))
def test_whatever_a_client_writes_before_it_the_proxys_word_counts(
    client: str, lines: list[bytes], proxies: list[str]
) -> None:
    ours = [f"10.{proxy.split('.', 1)[1]}" for proxy in proxies]

    assert seen("10.0.0.1", *lines, ", ".join([client, *ours])) == client


def test_networks_are_read_once_and_single_addresses_are_networks() -> None:
    networks = parse_networks(["10.0.0.0/8", " 192.0.2.1 ", "2001:db8::/32"])

    assert networks == (ip_network("10.0.0.0/8"), ip_network("192.0.2.1/32"), ip_network("2001:db8::/32"))
    assert parse_networks([]) == ()


@pytest.mark.parametrize("bad", ["10.0.0.1/8", "10.0.0.0/33", "proxy.example", "", "*"])
def test_a_text_that_is_no_network_is_named(bad: str) -> None:
    with pytest.raises(ValueError, match="is no network such as") as refused:
        parse_networks(["10.0.0.0/8", bad])

    assert repr(bad) in str(refused.value)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        (UNKNOWN, UNKNOWN),
    ],
)
def test_limits_are_counted_for_an_ipv4_address_or_a_whole_ipv6_network(address: str, key: str) -> None:
    assert limit_key(address) == key


@NO_DEADLINE
@given(network=st.integers(0, 2**64 - 1), hosts=st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)))
def test_all_addresses_of_a_customers_network_are_one(network: int, hosts: tuple[int, int]) -> None:
    one, other = (str(IPv6Address(network << 64 | 1 << 63 | host)) for host in hosts)

    assert limit_key(one) == limit_key(other)
