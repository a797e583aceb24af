"""The application: the one place where real parts are chosen and joined."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
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

from traya_gql.context import Context
from traya_gql.documents import collections, migrations
from traya_gql.documents.transactions import Transactions
from traya_gql.domain.photos import MOST_MULTIPART_BYTES
from traya_gql.domain.questionnaire.model import current_questionnaire
from traya_gql.domain.rates import Rates
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.graph import Graph, build_schema
from traya_gql.graph.limits import Limits
from traya_gql.integrations.development_secret import development_secret
from traya_gql.integrations.images import ImageStore
from traya_gql.integrations.images.cloudinary_store import CloudinaryStore
from traya_gql.integrations.images.inspection import PhotoInspector
from traya_gql.integrations.images.local_store import LocalStore
from traya_gql.integrations.images.workspace import Workspace
from traya_gql.integrations.messages import Messages
from traya_gql.integrations.messages.console import ConsoleMessages
from traya_gql.integrations.messages.http_sms import HttpSms
from traya_gql.integrations.mongodb.connection import connect, database_of, is_reachable
from traya_gql.integrations.mongodb.embedded import attach, keep_alive
from traya_gql.observability.commands import CommandCount
from traya_gql.observability.faults import describe_fault, install_excepthooks, install_loop_handler
from traya_gql.observability.logging import configure_logging, get_logger
from traya_gql.services import Services
from traya_gql.services.access_tokens import AccessTokens
from traya_gql.services.catalogue import Catalogue
from traya_gql.services.coupons import Coupons, CouponTurns
from traya_gql.services.customers import Customers
from traya_gql.services.delivery import Delivery
from traya_gql.services.guesses import Guesses
from traya_gql.services.hair_test_drafts import HairTestDrafts
from traya_gql.services.hair_tests import HairTests
from traya_gql.services.idempotency import WAIT_S, Once
from traya_gql.services.jobs import Jobs
from traya_gql.services.keys import Keys
from traya_gql.services.one_time_codes import OneTimeCodes
from traya_gql.services.orders import Orders
from traya_gql.services.prices import Prices
from traya_gql.services.products import Products
from traya_gql.services.rate_limits import RateLimiter
from traya_gql.services.reports import Reports
from traya_gql.services.revocations import Revocations
from traya_gql.services.scalp_photo_jobs import ScalpPhotoJobs
from traya_gql.services.scalp_photos import ScalpPhotos
from traya_gql.services.sessions import Sessions
from traya_gql.services.staff import Staff
from traya_gql.settings import Mode, Settings, read_cloudinary_url
from traya_gql.web import graphiql, health
from traya_gql.web import images as pictures
from traya_gql.web.client_address import parse_networks
from traya_gql.web.graphql import PREFLIGHT_HEADERS, GraphQLEndpoint
from traya_gql.web.multipart import MultipartLimits
from traya_gql.worker import Worker

ENDPOINT = "/graphql"
_PAGES_OF_THIS_MACHINE = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?"
DEFAULT_PUBLIC_URL = "http://127.0.0.1:8000"
REVOCATIONS_READY_WITHIN_S = 5

_log = get_logger(__name__)


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


def _log_early_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (fault := task.exception()) is not None:
        _log.error("ended by itself", task=task.get_name(), **describe_fault(fault))


async def prepare_storage(storage: Storage) -> None:
    """Make what is missing of collections and indexes.

    Raises:
        DatabaseIsNewer: another release wrote the database.
        DatabaseIsOlder: it must be migrated first.
    """
    await migrations.refuse_unless_current(storage.database)
    await collections.prepare(storage.database)


def live_keys(settings: Settings) -> Keys:
    """Return the keys that are set, or the development key of the data folder."""
    first = settings.secret_key.get_secret_value() if settings.secret_key else development_secret(settings.data)
    second = settings.second_secret_key
    return Keys(first=first, second=second.get_secret_value() if second else None)


def build_messages(settings: Settings) -> HttpSms | ConsoleMessages:
    """Return what sends messages: the vendor of the settings, or in development the terminal."""
    if settings.sms_url is None or settings.sms_token is None:
        return ConsoleMessages()
    return HttpSms(url=str(settings.sms_url), token=settings.sms_token.get_secret_value())


def build_images(settings: Settings) -> CloudinaryStore | LocalStore:
    """Return what keeps photos: the Cloudinary account of the settings, or a folder in the data folder."""
    if settings.cloudinary_url is None:
        base_url = str(settings.public_url) if settings.public_url else DEFAULT_PUBLIC_URL
        first, *second = live_keys(settings).hide_with_each("images")
        return LocalStore(settings.data / "photos", first, base_url, second_secret=next(iter(second), None))
    account = read_cloudinary_url(settings.cloudinary_url.get_secret_value())
    return CloudinaryStore(
        cloud_name=account.cloud_name,
        api_key=account.api_key,
        api_secret=account.api_secret,
        upload_prefix=account.upload_prefix,
    )


def build_services(
    settings: Settings,
    storage: Storage,
    *,
    messages: Messages,
    images: ImageStore,
    rates: Rates | None = None,
    clock: Callable[[], datetime] = now,
) -> Services:
    """Return the rooms of the business, with the ports they need."""
    keys = live_keys(settings)
    rates = (rates or Rates()).scaled(settings.rate_limit_factor)
    limiter = RateLimiter(hide=lambda text: keys.hide("rate-limit", text))
    tokens = AccessTokens(keys=keys, guest_lifetime=timedelta(days=settings.access_token_days))
    transactions = Transactions(storage.client, deadline_s=WAIT_S)
    once = Once(transactions=transactions, keys=keys)
    revocations = Revocations(now=clock)
    rules = current_ruleset()
    # read now: a broken one stops the start and not the first request
    current_questionnaire()
    guesses = Guesses(limiter=limiter, rates=rates, keys=keys)
    codes = OneTimeCodes(keys=keys, messages=messages, limiter=limiter, rates=rates, now=clock)
    return Services(
        access_tokens=tokens,
        catalogue=Catalogue(transactions=transactions, now=clock),
        coupons=Coupons(transactions=transactions, now=clock),
        customers=Customers(transactions=transactions),
        delivery=Delivery(now=clock),
        hair_test_drafts=HairTestDrafts(tokens=tokens, limiter=limiter, rates=rates, now=clock),
        hair_tests=HairTests(once=once, tokens=tokens, limiter=limiter, rates=rates, rules=rules, now=clock),
        jobs=Jobs(),
        one_time_codes=codes,
        orders=Orders(
            once=once,
            tokens=tokens,
            limiter=limiter,
            rates=rates,
            guesses=guesses,
            rules=rules,
            turns=CouponTurns(),
            now=clock,
        ),
        prices=Prices(limiter=limiter, rates=rates, guesses=guesses, rules=rules, now=clock),
        products=Products(),
        scalp_photos=ScalpPhotos(
            transactions=transactions,
            tokens=tokens,
            limiter=limiter,
            rates=rates,
            rules=rules,
            images=images,
            now=clock,
        ),
        reports=Reports(transactions=transactions, limiter=limiter, rates=rates, rules=rules, now=clock),
        revocations=revocations,
        sessions=Sessions(
            transactions=transactions,
            codes=codes,
            tokens=tokens,
            keys=keys,
            limiter=limiter,
            rates=rates,
            revocations=revocations,
            now=clock,
        ),
        staff=Staff(transactions=transactions, revocations=revocations, now=clock),
    )


@asynccontextmanager
async def running_worker(
    settings: Settings, storage: Storage, *, images: ImageStore, at_a_time: int
) -> AsyncIterator[asyncio.Task[None]]:
    """Run jobs in this process for the block, so many at a time; at its end, give back what is not done."""
    async with contextlib.AsyncExitStack() as stack:
        workspace = await asyncio.to_thread(Workspace, settings.data / "photo-checks")
        stack.callback(workspace.close)
        inspector = PhotoInspector()
        stack.push_async_callback(inspector.close)
        jobs = ScalpPhotoJobs(images=images, inspector=inspector, workspace=workspace, rules=current_ruleset(), now=now)
        worker = Worker(
            jobs.all(),
            transactions=Transactions(storage.client, deadline_s=WAIT_S),
            name=f"{socket.gethostname()}:{os.getpid()}",
            at_a_time=at_a_time,
        )
        task = asyncio.create_task(worker.run(), name="worker")
        task.add_done_callback(_log_early_end)
        stack.push_async_callback(_end, task)
        yield task


def create_app(
    settings: Settings,
    *,
    limits: Limits | None = None,
    rates: Rates | None = None,
    listeners: tuple[CommandListener, ...] = (),
) -> Starlette:
    """Return the ASGI application. The database is opened when it starts and closed when it ends."""
    is_open = settings.mode is Mode.DEVELOPMENT
    graph = Graph(schema=build_schema(), limits=limits or Limits(), is_open=is_open)
    images = build_images(settings)
    uploads = Workspace(settings.data / "uploads") if settings.multipart_uploads else None
    page = None
    if is_open:
        html = graphiql.page(endpoint=ENDPOINT, default_query=first_query())
        page = HTMLResponse(html, headers=graphiql.PAGE_HEADERS)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        install_loop_handler(asyncio.get_running_loop())
        async with contextlib.AsyncExitStack() as stack:
            storage = await stack.enter_async_context(open_storage(settings, listeners=(CommandCount(), *listeners)))
            await prepare_storage(storage)
            messages = build_messages(settings)
            if isinstance(messages, HttpSms):
                stack.push_async_callback(messages.close)
            stack.push_async_callback(images.close)
            # read once, and now: it may have to be written, and a folder that cannot be used stops the start
            await asyncio.to_thread(lambda: images.name)
            if uploads is not None:
                stack.callback(uploads.close)
            services = build_services(settings, storage, messages=messages, images=images, rates=rates)
            follower = asyncio.create_task(services.revocations.follow())
            stack.push_async_callback(_end, follower)
            # without it each check reads the database: slower, not wrong
            await services.revocations.ready(within_s=REVOCATIONS_READY_WITHIN_S)
            if settings.jobs_at_a_time:
                await stack.enter_async_context(
                    running_worker(settings, storage, images=images, at_a_time=settings.jobs_at_a_time)
                )
            app.state.storage, app.state.services = storage, services
            yield {}

    def make_context() -> Context:
        return Context(services=app.state.services, now=now)

    async def is_ready() -> bool:
        return await is_reachable(app.state.storage.client)

    routes: list[BaseRoute] = [
        Route(
            ENDPOINT,
            GraphQLEndpoint(
                graph=graph,
                make_context=make_context,
                page=page,
                trusted_proxies=parse_networks(settings.trusted_proxies),
                multipart=MultipartLimits(file_bytes=MOST_MULTIPART_BYTES, files=1, folder=uploads.path)
                if uploads
                else None,
            ),
        ),
        *health.routes(is_ready=is_ready),
    ]
    if isinstance(images, LocalStore):
        routes += pictures.routes(images)
    if is_open:
        routes += [graphiql.assets_route(), Route("/", lambda _: RedirectResponse(ENDPOINT))]
    app = Starlette(routes=routes, middleware=_middleware(settings), lifespan=lifespan)
    return app


def create_app_from_environment() -> Starlette:
    """Return the application as the environment configures it: what each worker of a server calls."""
    settings = Settings()
    configure_logging(is_json=settings.mode is Mode.PRODUCTION)
    install_excepthooks()
    app = create_app(settings)
    # what is there now stays: the collector need not walk it again and again
    gc.collect()
    gc.freeze()
    # the middle generation often: requests die young, and a rare round over all of them stops the server for long
    gc.set_threshold(20_000, 2, 50)
    return app


def _middleware(settings: Settings) -> list[Middleware]:
    is_open = settings.mode is Mode.DEVELOPMENT
    if not (settings.cors_origins or is_open):
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_origin_regex=_PAGES_OF_THIS_MACHINE if is_open else None,
            allow_methods=["GET", "POST"],
            allow_headers=[
                "authorization",
                "content-type",
                *(PREFLIGHT_HEADERS if settings.multipart_uploads else ()),
            ],
            expose_headers=["x-request-id"],
            max_age=600,
        )
    ]
