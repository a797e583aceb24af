"""The house under test: a real MongoDB, the real application, asked over ASGI."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from pydantic import HttpUrl, SecretStr
from pymongo.read_concern import ReadConcern
from starlette.applications import Starlette

from tests.integrations.sms_standin import SmsStandIn, sms_standin_in_a_thread
from tests.support import GraphClient, counts, hair_test, running
from traya_gql.app import now
from traya_gql.integrations.mongodb.embedded import attach
from traya_gql.services.seeding import seed_catalogue
from traya_gql.settings import Mode, Settings


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """A real MongoDB, shared by the test workers; each has a database of its own."""
    name = f"test_{worker_id}_{os.getpid()}"
    if outside := os.environ.get("MONGODB_URI"):
        yield urlunsplit(urlsplit(outside)._replace(path=f"/{name}"))
        return
    base = tmp_path_factory.getbasetemp()
    folder = base if worker_id == "master" else base.parent
    attachment = attach(folder / "mongodb", mongod=Path(path) if (path := os.environ.get("TRAYA_MONGOD")) else None)
    yield urlunsplit(urlsplit(attachment.uri)._replace(path=f"/{name}"))
    attachment.release(wait_s=10)


@pytest.fixture(scope="session")
def sms() -> Iterator[SmsStandIn]:
    """The vendor that takes the codes."""
    with sms_standin_in_a_thread() as vendor:
        yield vendor


@pytest.fixture(scope="session")
def settings(mongodb_uri: str, sms: SmsStandIn, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        _env_file=None,
        mode=Mode.DEVELOPMENT,
        mongodb_uri=SecretStr(mongodb_uri),
        data=tmp_path_factory.mktemp("data"),
        secret_key=SecretStr("a secret of the tests, long enough to sign"),
        sms_url=HttpUrl(sms.url),
        sms_token=SecretStr(sms.token),
        # limits have tests of their own, with an application of their own
        rate_limit_factor=1_000_000,
        # tests of jobs run workers of their own
        jobs_at_a_time=0,
    )


@pytest.fixture(scope="session")
async def started(settings: Settings, sms: SmsStandIn) -> AsyncIterator[tuple[Starlette, GraphClient]]:
    async with running(settings, sms=sms) as (app, client):
        yield app, client
        storage = app.state.storage
        await storage.client.drop_database(storage.database.name)


@pytest.fixture(scope="session")
async def seeded(started: tuple[Starlette, GraphClient]) -> list[dict[str, Any]]:
    """The catalogue as it is stored at first."""
    products = started[0].state.storage.database.products
    await products.delete_many({})
    await seed_catalogue(now=now())
    return [product async for product in products.find()]


@pytest.fixture(scope="session")
def last_asked() -> list[float]:
    """When the event loop ran last, as a test's client knows it."""
    return [time.monotonic()]


@pytest.fixture
async def client(
    started: tuple[Starlette, GraphClient], seeded: list[dict[str, Any]], last_asked: list[float]
) -> AsyncIterator[GraphClient]:
    """A client of the application, on a database that holds the catalogue and nothing else."""
    # tests without a loop ran for long: the driver finds only now that its look at the server had no answer in time,
    # and ends what is under way
    if time.monotonic() - last_asked[0] > 1:
        await asyncio.sleep(0.2)
    database = started[0].state.storage.database
    # most tests leave most of it empty, and few change the catalogue, with its many indexes: looking is cheaper
    for name in await counts(database):
        await database[name].delete_many({})
    products = database.products.with_options(read_concern=ReadConcern("local"))
    if [product async for product in products.find()] != seeded:
        await products.delete_many({})
        await products.insert_many(seeded)
    yield started[1]
    last_asked[0] = time.monotonic()


@pytest.fixture
def database(started: tuple[Starlette, GraphClient], client: GraphClient) -> Any:
    """The database under the client, to look into."""
    return started[0].state.storage.database


@pytest.fixture
async def report(client: GraphClient) -> dict[str, Any]:
    """A hair test that a guest submitted: `publicId`, `accessToken`, and the ids of report and hair test."""
    submitted = await client.data(
        """mutation ($input: SubmitHairTestInput!) {
             submitHairTest(input: $input) {
               accessToken
               report { id publicId hairTest { id } }
             }
           }""",
        input=hair_test(),
    )
    payload = submitted["submitHairTest"]
    test = payload["report"]["hairTest"]
    return {
        "publicId": payload["report"]["publicId"],
        "accessToken": payload["accessToken"],
        "id": payload["report"]["id"],
        "hairTestId": test["id"],
    }
