"""Workers that are killed with -9 while they look at a photo: another one finishes, and nothing of theirs stays."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from tests.api.photographing import (
    SentPhoto,
    delete,
    drawn,
    report_of,
    send_photo,
    stored,
    submit,
    until_state,
)
from tests.api.studio import Studio
from tests.cli.serving import PROGRAM, environment
from tests.processes import HANG_GUARD_S, eventually
from tests.worker.working import until
from traya_gql.settings import Settings

pytestmark = pytest.mark.slow

EXAMINER = "traya_gql.integrations.images.examiner"
# how long after the check began; looking at this picture takes longer than most of them
KILLED_AFTER_S = (0.0, 0.05, 0.2, 0.4, 0.8, 1.2)


@pytest.fixture(scope="module")
def large() -> bytes:
    return stored(drawn().resize((6000, 4500), Image.Resampling.NEAREST), quality=50)


@pytest.fixture
async def short_transactions(database: Any) -> AsyncIterator[None]:
    """MongoDB ends what a killed worker left open soon, or its transaction holds the job for a minute."""
    admin, name = database.client.admin, "transactionLifetimeLimitSeconds"
    before = (await admin.command({"getParameter": 1, name: 1}))[name]
    await admin.command({"setParameter": 1, name: 1})
    yield
    await admin.command({"setParameter": 1, name: before})


@contextmanager
def worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """`traya-gql worker` on the folder and the database of the tests; killed at the end if it still runs."""
    assert settings.mongodb_uri is not None
    assert settings.secret_key is not None
    secrets = {
        "MONGODB_URI": settings.mongodb_uri.get_secret_value(),
        "TRAYA_SECRET_KEY": settings.secret_key.get_secret_value(),
    }
    with subprocess.Popen(
        [PROGRAM, "worker", "--data", str(settings.data)],
        cwd=settings.data,
        env=environment(**secrets),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def has_no_examiners(pid: int) -> bool:
    """Whether no child lives that looks at pictures for a process, or did."""
    commands = [process.info["cmdline"] or [""] for process in psutil.process_iter(["cmdline"])]
    return not any(EXAMINER in arguments and arguments[-1] == str(pid) for arguments in commands)


async def checks_begun(studio: Studio, attempts: int) -> bool:
    """Whether the check was begun so often, and has got as far as the photo; or is over."""
    [job] = await studio.jobs_named("check")
    photo = await studio.database.scalp_photos.find_one({})
    return job["state"] == "DONE" or (job["attempts"] >= attempts and photo["checking_until"] is not None)


async def kill_amid_checks(studio: Studio, photo: SentPhoto) -> int:
    """Let worker after worker look at the photo, and kill each; return how many died before it was done."""
    killed = 0
    for after_s in KILLED_AFTER_S:
        # as if its lease had ended: that takes half a minute
        await studio.make_due("check", photo)
        with worker(studio.settings) as process:
            await until(partial(checks_begun, studio, killed + 1))
            await asyncio.sleep(after_s)
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait, HANG_GUARD_S)
        await asyncio.to_thread(eventually, partial(has_no_examiners, process.pid))
        if await studio.jobs_named("check", state="DONE"):
            break
        killed += 1
    return killed


def left(folder: Path) -> list[str]:
    """Return what lies below a folder."""
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*")) if folder.exists() else []


async def test_another_worker_finishes_and_there_is_one_set_of_files(
    studio: Studio, large: bytes, short_transactions: None
) -> None:
    photo = await send_photo(studio.client, large)
    made = await submit(studio.client, photo)

    killed = await kill_amid_checks(studio, photo)
    was_left = left(studio.settings.data / "photo-checks")
    await studio.make_due("check", photo)
    async with studio.at_work():
        seen = await until_state(studio.client, photo, "CHECKED", "REJECTED")
        await studio.until_done("clear")

    assert killed >= 3
    # the dead did leave something behind
    assert was_left != []
    assert (seen["state"], seen["width"], seen["height"]) == ("CHECKED", 2048, 1536)
    assert (await report_of(studio.client, made))["confidence"] == "HIGH"
    assert studio.files(photo) == ["full", "medium", "small"]
    assert left(studio.settings.data / "photo-checks") == []
    assert [job["state"] for job in await studio.jobs_named("check")] == ["DONE"]


async def test_a_photo_that_is_deleted_between_the_deaths_is_gone(
    studio: Studio, large: bytes, short_transactions: None
) -> None:
    photo = await send_photo(studio.client, large)
    with worker(studio.settings) as process:
        await until(lambda: checks_begun(studio, 1))
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.wait, HANG_GUARD_S)

    await delete(studio.client, photo)
    await studio.make_due("check", photo)
    async with studio.at_work():
        await until_state(studio.client, photo, "DELETED")
        await studio.until_done("check")
        await studio.make_due("delete", photo)
        await studio.make_due("clear", photo)
        await until(lambda: nothing_waits(studio))

    assert studio.files(photo) == []
    assert left(studio.settings.data / "photo-checks") == []


async def nothing_waits(studio: Studio) -> bool:
    """Whether all is done but what looks later after photos that nobody sent or named."""
    names = [job["name"] async for job in studio.database.jobs.find({"state": {"$in": ["WAITING", "RUNNING"]}})]
    return set(names) <= {"scalp_photos.arrive", "scalp_photos.expire"}
