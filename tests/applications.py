"""Applications beside the shared one, for tests that change its settings, its limits or its vendor's mood."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from pydantic import HttpUrl, SecretStr
from pymongo.monitoring import CommandListener
from starlette.applications import Starlette

from tests.integrations.sms_standin import SmsStandIn, sms_standin
from tests.support import CommandCounter, GraphClient
from traya_gql.app import create_app
from traya_gql.documents import collections
from traya_gql.domain.rates import Rates
from traya_gql.settings import Settings

UNLIMITED = Rates().scaled(1_000_000)


@asynccontextmanager
async def own_application(
    settings: Settings,
    database: Any,
    *,
    rates: Rates = UNLIMITED,
    listeners: tuple[CommandListener, ...] = (),
    **changes: Any,
) -> AsyncIterator[tuple[Starlette, GraphClient, SmsStandIn]]:
    """An application with a vendor of its own, on the database of the shared one, which must not be asked meanwhile."""
    try:
        async with sms_standin() as vendor:
            changed = {
                "rate_limit_factor": 1.0,
                "sms_url": HttpUrl(vendor.url),
                "sms_token": SecretStr(vendor.token),
                **changes,
            }
            app = create_app(
                settings.model_copy(update=changed), rates=rates, listeners=(counter := CommandCounter(), *listeners)
            )
            async with app.router.lifespan_context(app), client_at(app, "127.0.0.1", vendor, counter) as client:
                yield app, client, vendor
    finally:
        # Beanie is tied to one database: back to that of the shared application
        await collections.prepare(database)


@asynccontextmanager
async def client_at(
    app: Starlette, address: str, vendor: SmsStandIn, counter: CommandCounter | None = None
) -> AsyncIterator[GraphClient]:
    """A client whose requests come from this network address."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield GraphClient(http, counter or CommandCounter(), vendor)
