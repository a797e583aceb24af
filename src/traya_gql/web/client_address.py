"""Whose request it is: the client's address, behind proxies too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"
"""The address of a peer without one, as on a Unix socket."""

_CUSTOMER_BITS = 64
_WRITTEN = re.compile(r"\[([^\]]+)\](?::\d{1,5})?|([^:]+)(?::\d{1,5})?|(.+)")


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks that the texts name, as `10.0.0.0/8`, or `10.0.0.1` for one address.

    Raises:
        ValueError: a text is no network; the message names it.
    """
    return tuple(_network(text) for text in texts)


def client_address(scope: Scope, trusted_proxies: Sequence[Network]) -> str:
    """Return the client's address; `UNKNOWN` if the peer has none.

    It is the peer's, unless that is a trusted proxy: then it is the last address of X-Forwarded-For that is not one.
    What stands to the left of it was written by the client, and what no address can be is where the reading stops.
    The server in front must leave `scope["client"]` as it is (Uvicorn: `proxy_headers=False`).
    """
    peer = scope.get("client")
    address = _address(str(peer[0])) if peer else None
    if address is None:
        return UNKNOWN
    if _is_trusted(address, trusted_proxies):
        address = _forwarded(scope, address, trusted_proxies)
    return str(address)


def limit_key(address: str) -> str:
    """Return what limits are counted for: an IPv4 address itself, and the /64 of an IPv6 address.

    One customer holds a whole /64, and could take a new address for each request.
    """
    if isinstance(parsed := _address(address), IPv6Address):
        return str(IPv6Network((parsed, _CUSTOMER_BITS), strict=False))
    return address


def _network(text: str) -> Network:
    try:
        return ip_network(text.strip())
    except ValueError as error:
        raise ValueError(f"{text!r} is no network such as 10.0.0.0/8: {error}") from None


def _is_trusted(address: Address, trusted_proxies: Sequence[Network]) -> bool:
    return any(address in network for network in trusted_proxies)


def _forwarded(scope: Scope, proxy: Address, trusted_proxies: Sequence[Network]) -> Address:
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    last = proxy
    for entry in reversed(",".join(lines).split(",")):
        if (address := _address(entry)) is None:
            break
        last = address
        if not _is_trusted(address, trusted_proxies):
            break
    return last


def _address(text: str) -> Address | None:
    """Read an address as proxies write it: `203.0.113.7:8080`, `[2001:db8::1]:443`, `::ffff:203.0.113.7`."""
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        return None
    host: str = written[written.lastindex or 0]
    try:
        # the zone of an address can be any text, and says nothing here
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
