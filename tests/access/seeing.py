"""What somebody outside can tell of an answer: whoever compares two of them knows whether they look the same."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple
from uuid import uuid4

from tests.support import GraphClient
from traya_gql.schema.common import NodeType, node_id


class Seen(NamedTuple):
    """An answer, and what it cost."""

    status: int
    headers: dict[str, str]
    body: bytes
    commands: dict[str, int]


async def seen(client: GraphClient, bearer: str | None, query: str, **variables: Any) -> Seen:
    """Return what is seen by whoever asks with this bearer token."""
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    with client.commands.counting() as counted:
        response = await client.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    # the stream of revocations asks all the time, for nobody in particular; reads of requests end with one batch
    commands = {name: times for name, times in counted.items() if name != "getMore"}
    # random, and of one length
    headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
    return Seen(response.status_code, headers, response.content, commands)


def missing(type_: NodeType) -> str:
    """Return the id of an object that nobody has."""
    return str(node_id(type_, secrets.token_urlsafe(16) if type_ is NodeType.REPORT else uuid4()))
