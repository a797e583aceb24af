"""The application: the one place where real parts are chosen and joined."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.monitoring import CommandListener
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import BaseRoute, Route

from traya_gql.context import ANONYMOUS, Context
from traya_gql.documents import collections, migrations
from traya_gql.documents.transactions import Transactions
from traya_gql.graph import Graph, build_schema
from traya_gql.graph.limits import Limits
from traya_gql.integrations.development_secret import development_secret
from traya_gql.integrations.mongodb.connection import connect, database_of, is_reachable
from traya_gql.integrations.mongodb.embedded import attach, keep_alive
from traya_gql.observability.logging import configure_logging
from traya_gql.services import Services
from traya_gql.services.access_tokens import AccessTokens
from traya_gql.services.hair_tests import HairTests
from traya_gql.services.idempotency import WAIT_S, Once
from traya_gql.services.orders import Orders
from traya_gql.services.products import Products
from traya_gql.settings import Mode, Settings
from traya_gql.web import graphiql, health
from traya_gql.web.graphql import GraphQLEndpoint

ENDPOINT = "/graphql"


def now() -> datetime:
    """Return the time in UTC, cut to the milliseconds that MongoDB keeps."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def first_query() -> str:
    """Return the example that GraphiQL opens with."""
    return files("traya_gql.web").joinpath("static", "first-query.graphql").read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Storage:
    """The open database of this process. `is_embedded`: it lies in the data folder."""

    client: AsyncMongoClient[dict[str, Any]]
    database: AsyncDatabase[dict[str, Any]]
    is_embedded: bool


@asynccontextmanager
async def open_storage(settings: Settings, *, listeners: tuple[CommandListener, ...] = ()) -> AsyncIterator[Storage]:
    """Connect to the cluster of MONGODB_URI, or to the embedded MongoDB of the data folder; start that if need be."""
    async with contextlib.AsyncExitStack() as stack:
        if settings.mongodb_uri is not None:
            uri = settings.mongodb_uri.get_secret_value()
        else:
            attachment = await asyncio.to_thread(attach, settings.data, mongod=settings.mongod)
            stack.callback(attachment.release)
            watch = asyncio.create_task(keep_alive(attachment))
            stack.push_async_callback(_end, watch)
            uri = attachment.uri
        client = connect(uri, listeners=listeners)
        stack.push_async_callback(client.close)
        yield Storage(
            client=client,
            database=database_of(client, settings.database),
            is_embedded=settings.mongodb_uri is None,
        )


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def prepare_storage(storage: Storage) -> None:
    """Make what is missing of collections and indexes.

    Raises:
        DatabaseIsNewer: another release wrote the database.
        DatabaseIsOlder: it must be migrated first.
    """
    await migrations.refuse_unless_current(storage.database)
    await collections.prepare(storage.database)


def secret_key(settings: Settings) -> str:
    """Return the key that signs tokens: the one that is set, or the development key of the data folder."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    return development_secret(settings.data)


def build_services(settings: Settings, storage: Storage, *, clock: Callable[[], datetime] = now) -> Services:
    """Return the rooms of the business, with the ports they need."""
    key = secret_key(settings)
    tokens = AccessTokens(key=key, lifetime=timedelta(days=settings.access_token_days))
    once = Once(transactions=Transactions(storage.client, deadline_s=WAIT_S), key=key)
    return Services(
        access_tokens=tokens,
        hair_tests=HairTests(once=once, tokens=tokens, now=clock),
        orders=Orders(once=once, tokens=tokens, now=clock),
        products=Products(),
    )


def create_app(
    settings: Settings, *, limits: Limits | None = None, listeners: tuple[CommandListener, ...] = ()
) -> Starlette:
    """Return the ASGI application. The database is opened when it starts and closed when it ends."""
    is_open = settings.mode is Mode.DEVELOPMENT
    graph = Graph(schema=build_schema(), limits=limits or Limits(), is_open=is_open)
    page = None
    if is_open:
        html = graphiql.page(endpoint=ENDPOINT, default_query=first_query())
        page = HTMLResponse(html, headers=graphiql.PAGE_HEADERS)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with open_storage(settings, listeners=listeners) as storage:
            await prepare_storage(storage)
            app.state.storage = storage
            app.state.services = build_services(settings, storage)
            yield {}

    def make_context(bearer: str | None) -> Context:
        context = Context(viewer=ANONYMOUS, services=app.state.services, now=now)
        context.viewer = context.viewer_with(bearer)
        return context

    async def is_ready() -> bool:
        return await is_reachable(app.state.storage.client)

    routes: list[BaseRoute] = [
        Route(ENDPOINT, GraphQLEndpoint(graph=graph, make_context=make_context, page=page)),
        *health.routes(is_ready=is_ready),
    ]
    if is_open:
        routes += [graphiql.assets_route(), Route("/", lambda _: RedirectResponse(ENDPOINT))]
    app = Starlette(routes=routes, middleware=_middleware(settings), lifespan=lifespan)
    return app


def create_app_from_environment() -> Starlette:
    """Return the application as the environment configures it: what each worker of a server calls."""
    configure_logging()
    app = create_app(Settings())
    # what is there now stays: the collector need not walk it again and again
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    return app


def _middleware(settings: Settings) -> list[Middleware]:
    if not settings.cors_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
            max_age=600,
        )
    ]
