"""`traya-gql serve`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from multiprocessing import resource_tracker
from typing import Annotated

import typer
import uvicorn
from rich.panel import Panel
from rich.syntax import Syntax
from uvicorn.supervisors.multiprocess import Multiprocess

from traya_gql.app import ENDPOINT, first_query, open_storage, prepare_storage
from traya_gql.cli.program import (
    DataOption,
    app,
    fail,
    faults_in_words,
    hold_database,
    out,
    seed_with_progress,
    settings_of,
)
from traya_gql.documents.products import ProductDocument
from traya_gql.observability.logging import configure_logging
from traya_gql.settings import Mode, Settings


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on. 0.0.0.0: all of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="How many processes answer.", min=1, max=64)] = 1,
    data: DataOption = None,
) -> None:
    """Start the server, and with it an embedded MongoDB unless MONGODB_URI is set.

    A new development database gets the catalogue of 20 products. Ctrl-C stops everything.

    Example: traya-gql serve --port 8123 --data /some/folder
    """
    configure_logging()
    with faults_in_words():
        settings = settings_of(data)
        configure_logging(is_json=settings.mode is Mode.PRODUCTION)
        listening = _listen(host, port)
        if settings.public_url is None and settings.mode is Mode.DEVELOPMENT:
            # the workers read the environment too
            os.environ["TRAYA_PUBLIC_URL"] = _base(host, port)
        with hold_database(settings):
            asyncio.run(_prepare(settings))
            _greet(host, port, settings)
            config = uvicorn.Config(
                "traya_gql.app:create_app_from_environment",
                factory=True,
                loop="uvloop",
                http="httptools",
                ws="none",
                workers=workers,
                # a worker that is still importing does not answer, and is killed for it: on a slow machine, each
                timeout_worker_healthcheck=60,
                access_log=False,
                log_config=None,
                # whom to believe about addresses is decided in web/client_address.py
                proxy_headers=False,
                timeout_graceful_shutdown=10,
                server_header=False,
            )
            # after its shutdown uvicorn raises the signal again: both kinds must end here, and let the database go
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            with contextlib.suppress(KeyboardInterrupt):
                if workers == 1:
                    uvicorn.Server(config).run(sockets=[listening])
                else:
                    _Workers(config, sockets=[listening]).run()
        out.print("Stopped.")


class _Workers(Multiprocess):
    """Worker processes that leave the terminal's Ctrl-C to their parent, which ends them in order."""

    def init_processes(self) -> None:
        """Start the workers."""
        resource_tracker.ensure_running()  # before, as its own start unblocks SIGINT
        with _ctrl_c_blocked():
            super().init_processes()

    def keep_subprocess_alive(self) -> None:
        """Start others for workers that died."""
        with _ctrl_c_blocked():
            super().keep_subprocess_alive()


@contextlib.contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """Start processes with SIGINT blocked: one that is still importing would die of it with a traceback."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


async def _prepare(settings: Settings) -> None:
    async with open_storage(settings) as storage:
        await prepare_storage(storage)
        is_new = await ProductDocument.get_pymongo_collection().find_one({}, {"_id": 1}) is None
        if settings.mode is Mode.DEVELOPMENT and is_new:
            await seed_with_progress()


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        fail(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another: make serve PORT={port % 65535 + 1}")
    # from here on a client waits instead of being refused, so that the printed query can be pasted at once
    listening.listen(2048)
    listening.set_inheritable(True)
    return listening


def _greet(host: str, port: int, settings: Settings) -> None:
    base = _base(host, port)
    if settings.mode is Mode.PRODUCTION:
        out.print(Panel.fit(f"GraphQL  {base}{ENDPOINT}\nHealth   {base}/health/ready"))
        return
    query = "\n".join(line for line in first_query().splitlines() if not line.startswith("#")).strip()
    out.print(Panel.fit(f"GraphQL and GraphiQL  {base}{ENDPOINT}\nHealth                {base}/health/ready"))
    out.print("Open the first address in a browser, or paste this query into your client:")
    out.print(Syntax(query, "graphql", background_color="default"))
    out.print(f"Ctrl-C stops the server{' and its database' if settings.mongodb_uri is None else ''}.")


def _base(host: str, port: int) -> str:
    shown_host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown_host}:{port}"
