"""One command to a mongod of this machine, without a driver.

The keeper must start fast, stay small and have one thread (it forks): PyMongo's client costs all three.
"""

import socket
import struct
from collections.abc import Mapping
from typing import Any

import bson
from bson.errors import InvalidBSON

from traya_gql.integrations.mongodb.folder import REPLICA_SET

_OP_MSG = 2013
_HEADER = struct.Struct("<iiii")  # length of the whole, request id, response to, opcode
_MAX_BYTES = 48_000_000


def command(document: Mapping[str, Any], *, port: int, timeout_s: float = 10) -> dict[str, Any]:
    """Send a command to the `admin` database on 127.0.0.1 and return the answer, whatever its `ok` says.

    Raises:
        OSError: nobody listens, the answer did not come in time, or it is not MongoDB's.

    Source: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#op_msg
    """
    body = bson.encode({**document, "$db": "admin"})
    flags_and_kind = bytes(5)
    message = _HEADER.pack(_HEADER.size + 5 + len(body), 1, 0, _OP_MSG) + flags_and_kind + body
    with socket.create_connection(("127.0.0.1", port), timeout_s) as link:
        link.sendall(message)
        length, _, _, opcode = _HEADER.unpack(_read(link, _HEADER.size))
        if opcode != _OP_MSG or not _HEADER.size + 5 < length < _MAX_BYTES:
            raise ConnectionError(f"what listens on port {port} is not a mongod")
        answer = _read(link, length - _HEADER.size)
    try:
        return bson.decode(answer[5:])
    except InvalidBSON as fault:
        raise ConnectionError(f"what listens on port {port} is not a mongod") from fault


def is_primary(port: int) -> bool:
    """Tell whether the mongod of this port is the writable primary of an embedded replica set.

    Raises:
        OSError: nobody who speaks MongoDB's protocol answers there.
    """
    hello = command({"hello": 1}, port=port)
    return hello.get("isWritablePrimary") is True and hello.get("setName") == REPLICA_SET


def _read(link: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        part = link.recv(count - len(received))
        if not part:
            raise ConnectionError("the connection was closed in the middle of an answer")
        received += part
    return bytes(received)
