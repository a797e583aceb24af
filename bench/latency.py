"""Ask a server a cheap query again and again, and print how long each took: `python -m bench.latency PORT`.

It prints `ready`, goes on until its standard input ends, and prints the milliseconds as JSON. In a process of its own:
what else a measurement does must not delay it.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time

EVERY_S = 0.005
"""The pause between two queries."""

_BODY = b'{"query":"{__typename}"}'
_REQUEST = (
    b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


def main() -> None:
    latencies_ms = []
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _ask(connection)
        print("ready", flush=True)
        while not select.select([sys.stdin], [], [], EVERY_S)[0]:
            asked_at = time.perf_counter()
            _ask(connection)
            latencies_ms.append((time.perf_counter() - asked_at) * 1000)
    print(json.dumps(latencies_ms))


def _ask(connection: socket.socket) -> None:
    connection.sendall(_REQUEST)
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += _more(connection)
    if b'"Query"' not in body:
        raise SystemExit(f"a wrong answer: {body[:300].decode()}")


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65_536)
    if not piece:
        raise SystemExit("the server closed the connection")
    return piece


if __name__ == "__main__":
    main()
