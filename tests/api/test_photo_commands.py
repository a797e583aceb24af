"""MongoDB commands of photos: few, and not more for more photos."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.api.photographing import CONSENT, begin_photo, receipt_of, send, submit
from tests.support import GraphClient, example, hair_test


async def counted(client: GraphClient, name: str, **variables: Any) -> Counter[str]:
    with client.commands.counting() as commands:
        await client.data(example(name), **variables)
    return commands


async def test_a_photo_takes_few_commands_at_each_step(client: GraphClient) -> None:
    with client.commands.counting() as beginning:
        begun = await client.data(example("create_scalp_photo_upload"), input={"consent": CONSENT})
    payload = begun["createScalpPhotoUpload"]
    photo = {"photoId": payload["photo"]["id"], "accessToken": payload["accessToken"]}
    receipt = receipt_of(await send(client.http, payload["upload"], b"\xff\xd8\xff of no picture"))

    with client.commands.counting() as completing:
        await client.data(example("complete_scalp_photo_upload"), input={**photo, "receipt": receipt})
    shown = await counted(client, "scalp_photo", id=photo["photoId"], accessToken=photo["accessToken"])
    deleting = await counted(client, "delete_scalp_photo", input=photo)

    # the limit of the address; the photo, when to look whether it came, and when it expires
    assert beginning == {"findAndModify": 1, "insert": 3, "commitTransaction": 1}
    # the photo; its new state, and what looks at it
    assert completing == {"find": 1, "findAndModify": 1, "insert": 1, "commitTransaction": 1}
    assert shown == {"find": 1}
    # the photo; its new state, and what deletes it
    assert deleting == {"find": 1, "findAndModify": 1, "insert": 1, "commitTransaction": 1}


@pytest.mark.parametrize("how_many", [1, 5])
async def test_a_hair_test_with_photos_takes_two_commands_more_however_many_they_are(
    client: GraphClient, how_many: int
) -> None:
    photos = [await begin_photo(client) for _ in range(how_many)]
    plain = await counted(client, "submit_hair_test", input=hair_test())

    named = {**hair_test(), "scalpPhotos": [photo.named for photo in photos]}
    with_photos = await counted(client, "submit_hair_test", input=named)

    # the photos, and whose they are now
    assert with_photos - plain == {"find": 1, "update": 1}
    assert plain - with_photos == {}


@pytest.mark.parametrize("how_many", [1, 10])
async def test_photos_of_many_hair_tests_take_one_command(client: GraphClient, how_many: int) -> None:
    bearer = (await client.sign_in()).access_token
    for _ in range(how_many):
        await submit(client, *[await begin_photo(client, bearer=bearer) for _ in range(2)], bearer=bearer)
    query = "{ viewer { hairTests(first: 20) { nodes { photos { id state url { url } } } } } }"

    with client.commands.counting() as commands:
        seen = await client.data(query, bearer=bearer)

    nodes = seen["viewer"]["hairTests"]["nodes"]
    assert [len(node["photos"]) for node in nodes] == [2] * how_many
    # the page, and all photos
    assert commands == {"find": 2}
