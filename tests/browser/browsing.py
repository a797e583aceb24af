"""A real browser that can reach this machine and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Request, async_playwright


@asynccontextmanager
async def launched(chromium: str, *switches: str) -> AsyncIterator[Browser]:
    """Chromium, which finds no host but 127.0.0.1."""
    alone = (
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-gpu",
        "--disable-quic",
        "--disable-sync",
        "--no-first-run",
        "--no-proxy-server",
    )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*alone, *switches])
        yield browser
        await browser.close()


@dataclass(frozen=True)
class Heard:
    """What a page asked for and complained of."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def listen(self, context: BrowserContext) -> None:
        def console(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self.errors.append(f"{message.text} ({message.location})")

        def requested(request: Request) -> None:
            self.requests.append(request.url)

        context.on("request", requested)
        context.on("console", console)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def origins(self) -> set[str]:
        """Where the page's requests went. What lies in the page itself (`data:`) goes nowhere."""
        parts = [urlsplit(url) for url in self.requests]
        return {f"{part.scheme}://{part.netloc}" for part in parts if part.scheme != "data"}
