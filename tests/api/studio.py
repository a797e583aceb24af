"""A studio for tests of photos: an application, what looks at its photos, and a store to hold up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from tests.api.photographing import SentPhoto, send_photo, until_state
from tests.support import GraphClient
from tests.worker.working import until, working
from traya_gql.app import now
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.integrations.images import ImageStore, ImageStoreUnavailable, SignedUrl, Ticket
from traya_gql.integrations.images.inspection import PhotoInspector
from traya_gql.integrations.images.workspace import Workspace
from traya_gql.services.scalp_photo_jobs import ScalpPhotoJobs
from traya_gql.settings import Settings

_LOOKED_AT = ("CHECKED", "REJECTED")


@dataclass
class HeldStore:
    """A store before the real one. `step` is awaited before each call that asks, and may wait or raise.

    `asked` notes the calls by name; `is_down` makes them fail; `called` is another name than the real one's.
    """

    store: ImageStore
    step: Callable[[str, Sequence[str]], Awaitable[None]] | None = None
    is_down: bool = False
    called: str | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.called or self.store.name

    def ticket(self, key: str, *, at: datetime, most_bytes: int, formats: Sequence[str]) -> Ticket:
        return self.store.ticket(key, at=at, most_bytes=most_bytes, formats=formats)

    def is_receipt_good(self, key: str, *, version: str, signature: str) -> bool:
        return self.store.is_receipt_good(key, version=version, signature=signature)

    async def holds(self, key: str) -> bool:
        await self._begin("holds", [key])
        return await self.store.holds(key)

    async def put(self, key: str, source: Path) -> None:
        await self._begin("put", [key])
        await self.store.put(key, source)

    async def fetch(self, key: str, target: Path, *, most_bytes: int) -> bool:
        await self._begin("fetch", [key])
        return await self.store.fetch(key, target, most_bytes=most_bytes)

    async def delete(self, keys: Sequence[str]) -> None:
        await self._begin("delete", keys)
        await self.store.delete(keys)

    def url(self, key: str, *, at: datetime) -> SignedUrl:
        return self.store.url(key, at=at)

    async def close(self) -> None:
        """Leave the real one open: it is the application's."""

    async def _begin(self, name: str, keys: Sequence[str]) -> None:
        self.asked.append(name)
        if self.step is not None:
            await self.step(name, keys)
        if self.is_down:
            raise ImageStoreUnavailable("the tests said so")


@dataclass(frozen=True)
class Studio:
    """An application with photos, and what looks at them."""

    app: Starlette
    client: GraphClient
    settings: Settings
    inspector: PhotoInspector

    @property
    def database(self) -> Any:
        """The database, to look into."""
        return self.app.state.storage.database

    @property
    def images(self) -> ImageStore:
        """Where the application keeps pictures."""
        store: ImageStore = self.app.state.services.scalp_photos.images
        return store

    def files(self, photo: SentPhoto) -> list[str]:
        """Return the names of the files of a photo, sorted."""
        return sorted(one.name for one in (self.settings.data / "photos" / photo.key.hex).glob("*"))

    async def record(self, photo: SentPhoto) -> dict[str, Any]:
        """Return what the database knows of a photo."""
        found: dict[str, Any] = await self.database.scalp_photos.find_one({"_id": photo.key})
        return found

    async def jobs_named(self, name: str, **query: Any) -> list[dict[str, Any]]:
        """Return the jobs of a kind, such as `check`, the oldest first."""
        query = {"name": f"scalp_photos.{name}", **query}
        found: list[dict[str, Any]] = await self.database.jobs.find(query).sort("created_at").to_list()
        return found

    async def make_due(self, name: str, photo: SentPhoto) -> None:
        """Make the jobs of a kind for a photo due now, whatever they wait for."""
        query = {
            "name": f"scalp_photos.{name}",
            "payload.photo_id": photo.key,
            "state": {"$in": ["WAITING", "RUNNING"]},
        }
        await self.database.jobs.update_many(query, [{"$set": {"due_at": "$$NOW"}}])

    async def until_done(self, name: str, count: int = 1) -> None:
        """Wait until so many jobs of a kind are done."""

        async def done() -> bool:
            return len(await self.jobs_named(name, state="DONE")) >= count

        await until(done)

    @contextmanager
    def asking(self, **changes: Any) -> Iterator[None]:
        """Answer requests with other parts for photos: another store (`images`), another clock (`now`)."""
        before = self.app.state.services
        self.app.state.services = replace(before, scalp_photos=replace(before.scalp_photos, **changes))
        try:
            yield
        finally:
            self.app.state.services = before

    @contextmanager
    def jobs(
        self, *, images: ImageStore | None = None, inspector: Any = None, clock: Callable[[], datetime] = now
    ) -> Iterator[ScalpPhotoJobs]:
        """Give what is to be done with photos, with a folder for it."""
        workspace = Workspace(self.settings.data / "photo-checks")
        try:
            yield ScalpPhotoJobs(
                images=images or self.images,
                inspector=inspector or self.inspector,
                workspace=workspace,
                rules=current_ruleset(),
                now=clock,
            )
        finally:
            workspace.close()

    @asynccontextmanager
    async def at_work(
        self, *, at_a_time: int = 2, first_wait_s: float | None = None, **changes: Any
    ) -> AsyncIterator[None]:
        """A worker that does what is to be done with photos; `changes` are those of `jobs`.

        `first_wait_s` is another wait after a failure: so long that none is over while a test looks.
        """
        with self.jobs(**changes) as photos:
            jobs = photos.all()
            if first_wait_s is not None:
                jobs = [replace(one, kind=replace(one.kind, first_wait_s=first_wait_s)) for one in jobs]
            async with working(self.app, jobs, at_a_time=at_a_time) as task:
                yield
                if task.done():
                    task.result()

    async def checked(self, *files: bytes, bearer: str | None = None) -> list[SentPhoto]:
        """Return photos that were sent and looked at, one after the other."""
        sent = [await send_photo(self.client, file, bearer=bearer) for file in files]
        async with self.at_work():
            for photo in sent:
                await until_state(self.client, photo, "CHECKED", "REJECTED", bearer=bearer)
            # with each, what was sent is deleted
            looked_at = await self.database.scalp_photos.count_documents({"state": {"$in": _LOOKED_AT}})
            await self.until_done("clear", looked_at)
        return sent
