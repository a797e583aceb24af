"""What tests of commands share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from pymongo import MongoClient


@pytest.fixture
def elsewhere(mongodb_uri: str) -> Iterator[dict[str, str]]:
    """The settings of a database of its own in the MongoDB of the tests: no command needs to start one."""
    parts = urlsplit(mongodb_uri)
    uri = urlunsplit(parts._replace(path=f"{parts.path}_commands"))
    yield {"MONGODB_URI": uri}
    with MongoClient[dict[str, Any]](uri) as client:
        client.drop_database(client.get_default_database().name)
