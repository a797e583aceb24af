"""What tests of photos are given."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from tests.api.studio import Studio
from tests.support import GraphClient
from traya_gql.integrations.images.inspection import PhotoInspector
from traya_gql.settings import Settings


@pytest.fixture(scope="session")
async def inspector() -> AsyncIterator[PhotoInspector]:
    """What looks at pictures: one for all tests, as its child takes a while to start."""
    inspector = PhotoInspector()
    yield inspector
    await inspector.close()


@pytest.fixture
def studio(
    started: tuple[Starlette, GraphClient], client: GraphClient, settings: Settings, inspector: PhotoInspector
) -> Studio:
    """The application with its photos, on a database that holds the catalogue and nothing else."""
    return Studio(started[0], client, settings, inspector)
