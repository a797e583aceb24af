"""Chromium for the tests of pages."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, expect

from tests.browser.browsing import Heard, launched

# its own five seconds are short for a slow machine that loads GraphiQL
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def chromium() -> str:
    path = shutil.which("chromium")
    if path is None and not os.environ.get("CI"):
        pytest.skip("no chromium here: install Debian's package chromium")
    assert path, "CI must install Debian's package chromium"
    return path


@pytest_asyncio.fixture(scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with launched(chromium) as browser:
        yield browser


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest_asyncio.fixture
async def context(browser: Browser, heard: Heard) -> AsyncIterator[BrowserContext]:
    """A browser profile never used before."""
    async with await browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        heard.listen(context)
        yield context


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: SCREENSHOTS, or a folder of the test run."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
