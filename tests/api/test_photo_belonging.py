"""Whose a photo is: its uploader's, then that of the hair test which names it, and of nobody else."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.api.bad_input import nothing_written
from tests.api.photographing import (
    ANSWERED,
    DELETE,
    PHOTO,
    SUBMIT,
    SentPhoto,
    Submitted,
    begin_photo,
    complete,
    delete,
    picture,
    see,
    send_photo,
    submit,
)
from tests.api.studio import Studio
from tests.api.test_what_a_link_shows import WHOLE
from tests.support import GraphClient, hair_test
from traya_gql.domain.roles import Role
from traya_gql.schema.common import NodeType, node_id

ASHA, RAVI, MEERA, SUPPORTER, ADMIN = "9876543210", "9123456780", "9000000001", "9000000002", "9000000003"

NODE = """query ($id: ID!) { node(id: $id) {
  id
  ... on ScalpPhoto { state url { url } }
  ... on HairTest { photos { id state url { url } } }
} }"""
BY_LINK = "query ($key: String!) { report(publicId: $key) { hairTest { photos { url { url } } } } }"
SAVE = "mutation ($input: SaveHairTestDraftInput!) { saveHairTestDraft(input: $input) { draftToken } }"
CLAIM = """mutation ($input: ClaimGuestRecordsInput!) {
  claimGuestRecords(input: $input) { claimedIds userErrors { code } }
}"""
ASSIGN = """mutation ($input: AssignStaffInput!) {
  assignStaff(input: $input) { staff { id } userErrors { code } }
}"""


async def refused(client: GraphClient, *named: dict[str, Any], bearer: str | None = None) -> list[tuple[str, str]]:
    """Return the codes and the places of a hair test that names these photos."""
    typed = {**hair_test(**ANSWERED), "scalpPhotos": list(named)}
    payload = (await client.data(SUBMIT, bearer=bearer, input=typed))["submitHairTest"]
    assert payload["report"] is None
    return [(error["code"], ".".join(error["path"][1:])) for error in payload["userErrors"]]


async def owners(studio: Studio, photo: SentPhoto) -> tuple[Any, Any]:
    """Return the hair test and the customer that a photo belongs to."""
    record = await studio.record(photo)
    return record["hair_test_id"], record["customer_id"]


# --- before a hair test names it --------------------------------------------------------------------------------------


async def test_a_guests_photo_is_opened_by_its_own_token_alone(studio: Studio) -> None:
    photo, other = await begin_photo(studio.client), await begin_photo(studio.client)
    signed_in = await studio.client.sign_in()

    strangers = [
        await see(studio.client, photo._replace(token=other.token)),
        await see(studio.client, photo._replace(token="")),
        await see(studio.client, photo._replace(token=photo.token[:-2])),
        await see(studio.client, photo._replace(token=""), bearer=signed_in.access_token),
    ]

    assert (await see(studio.client, photo) or {})["state"] == "PENDING"
    assert strangers == [None] * 4
    assert await studio.client.data(NODE, id=photo.id) == {"node": None}
    by_bearer = await studio.client.data(NODE, bearer=photo.token, id=photo.id)
    assert by_bearer == {"node": {"id": photo.id, "state": "PENDING", "url": None}}


async def test_somebody_elses_photo_can_neither_be_completed_nor_deleted(studio: Studio) -> None:
    photo = await send_photo(studio.client, picture())
    other = await begin_photo(studio.client)
    stolen = photo._replace(token=other.token)

    payloads = [await complete(studio.client, stolen), await delete(studio.client, stolen)]

    assert [payload["photo"] for payload in payloads] == [None, None]
    assert [[error["code"] for error in payload["userErrors"]] for payload in payloads] == [["PHOTO_NOT_FOUND"]] * 2
    assert (await studio.record(photo))["state"] == "STORED"


async def test_a_customers_photo_is_theirs_without_the_token(studio: Studio) -> None:
    asha, ravi = await studio.client.sign_in(ASHA), await studio.client.sign_in(RAVI)
    photo = await begin_photo(studio.client, bearer=asha.access_token)

    own = await studio.client.data(PHOTO, bearer=asha.access_token, id=photo.id)
    ravis = await studio.client.data(PHOTO, bearer=ravi.access_token, id=photo.id)
    by_node = [await studio.client.data(NODE, bearer=one.access_token, id=photo.id) for one in (asha, ravi)]

    assert own["scalpPhoto"]["state"] == "PENDING"
    assert ravis == {"scalpPhoto": None}
    assert [one["node"] is None for one in by_node] == [False, True]


# --- a hair test that names photos ------------------------------------------------------------------------------------


async def test_a_hair_test_names_up_to_five_photos_in_whatever_state(studio: Studio) -> None:
    photos = [await begin_photo(studio.client) for _ in range(4)]
    photos.append(await send_photo(studio.client, picture()))

    made = await submit(studio.client, *photos)

    assert [one["id"] for one in made.photos] == [photo.id for photo in photos]
    assert [one["state"] for one in made.photos] == ["PENDING"] * 4 + ["STORED"]
    assert {(await owners(studio, photo)) for photo in photos} == {(made.hair_test_key, None)}


async def test_a_sixth_photo_is_one_too_many(studio: Studio) -> None:
    photos = [await begin_photo(studio.client) for _ in range(6)]

    async with nothing_written(studio.database):
        found = await refused(studio.client, *(photo.named for photo in photos))

    assert found == [("TOO_MANY", "scalpPhotos")]


async def test_a_photo_is_named_once_and_by_the_id_of_a_photo(studio: Studio) -> None:
    photo = await begin_photo(studio.client)
    wrong = [{"id": "x"}, {"id": str(node_id(NodeType.PRODUCT, uuid4()))}]

    async with nothing_written(studio.database):
        found = await refused(studio.client, photo.named, photo.named, *wrong)

    assert found == [
        ("DUPLICATE", "scalpPhotos.1.id"),
        ("INVALID_ID", "scalpPhotos.2.id"),
        ("INVALID_ID", "scalpPhotos.3.id"),
    ]
    assert (await owners(studio, photo)) == (None, None)


@pytest.mark.parametrize("which", ["foreign", "customer's", "claimed", "deleted", "unknown"])
async def test_a_photo_that_is_not_the_askers_to_name_refuses_the_whole_hair_test(studio: Studio, which: str) -> None:
    good = await begin_photo(studio.client)
    asha = await studio.client.sign_in(ASHA)
    bad = await begin_photo(studio.client, bearer=asha.access_token if which == "customer's" else None)
    named = bad.named
    if which in {"foreign", "customer's"}:
        named = {**bad.named, "accessToken": good.token}
    elif which == "claimed":
        await submit(studio.client, bad)
    elif which == "deleted":
        await delete(studio.client, bad)
    else:
        named = {"id": str(node_id(NodeType.SCALP_PHOTO, uuid4())), "accessToken": bad.token}
    before = [await studio.record(photo) for photo in (good, bad)]

    async with nothing_written(studio.database):
        found = await refused(studio.client, good.named, named)

    assert found == [("PHOTO_NOT_FOUND", "scalpPhotos.1.id")]
    assert [await studio.record(photo) for photo in (good, bad)] == before


async def test_the_token_of_one_photo_does_not_name_another_in_the_same_hair_test(studio: Studio) -> None:
    first, second = await begin_photo(studio.client), await begin_photo(studio.client)

    alone = await refused(studio.client, first.named, {"id": second.id})
    swapped = await refused(
        studio.client, {**first.named, "accessToken": second.token}, {**second.named, "accessToken": first.token}
    )

    assert alone == [("PHOTO_NOT_FOUND", "scalpPhotos.1.id")]
    assert swapped == [("PHOTO_NOT_FOUND", "scalpPhotos.0.id")]


async def test_a_hair_test_that_is_refused_for_its_answers_claims_nothing(studio: Studio) -> None:
    photo = await begin_photo(studio.client)
    typed = {**hair_test(age=17), "scalpPhotos": [photo.named]}

    payload = (await studio.client.data(SUBMIT, input=typed))["submitHairTest"]

    assert [error["code"] for error in payload["userErrors"]] == ["UNDER_AGE"]
    assert (await owners(studio, photo)) == (None, None)


async def test_a_draft_is_submitted_with_photos_too(studio: Studio) -> None:
    photo = await begin_photo(studio.client)
    answers = hair_test(**ANSWERED)
    saved = await studio.client.data(SAVE, input={"answers": answers.pop("answers"), "age": 28, "gender": "MALE"})
    typed = {**answers, "draftToken": saved["saveHairTestDraft"]["draftToken"], "scalpPhotos": [photo.named]}

    payload = (await studio.client.data(SUBMIT, input=typed))["submitHairTest"]

    assert payload["userErrors"] == []
    assert [one["id"] for one in payload["report"]["hairTest"]["photos"]] == [photo.id]


async def test_who_is_signed_in_names_what_they_sent_as_a_guest(studio: Studio) -> None:
    photo = await begin_photo(studio.client)
    asha = await studio.client.sign_in(ASHA)

    made = await submit(studio.client, photo, bearer=asha.access_token)

    own = await studio.client.data(PHOTO, bearer=asha.access_token, id=photo.id)
    assert own["scalpPhoto"]["id"] == photo.id
    assert (await owners(studio, photo))[0] == made.hair_test_key


# --- repeats ----------------------------------------------------------------------------------------------------------


async def test_a_repeat_gives_the_same_report_and_other_photos_are_a_conflict(studio: Studio) -> None:
    first, second = await begin_photo(studio.client), await begin_photo(studio.client)
    typed = {**hair_test(**ANSWERED), "scalpPhotos": [first.named]}

    made, again, *others = [
        (await studio.client.data(SUBMIT, input=changed))["submitHairTest"]
        for changed in (
            typed,
            typed,
            {**typed, "scalpPhotos": [second.named]},
            {**typed, "scalpPhotos": [first.named, second.named]},
            {**typed, "scalpPhotos": []},
        )
    ]

    assert (made["isReplay"], again["isReplay"]) == (False, True)
    assert again["report"] == made["report"]
    codes = [[error["code"] for error in payload["userErrors"]] for payload in others]
    assert codes == [["IDEMPOTENCY_CONFLICT"]] * 3
    assert (await owners(studio, second)) == (None, None)
    assert await studio.database.reports.count_documents({}) == 1


# --- afterwards -------------------------------------------------------------------------------------------------------


async def test_the_reports_token_opens_its_photos_and_no_others(studio: Studio) -> None:
    photo, other = [await begin_photo(studio.client) for _ in range(2)]
    made = await submit(studio.client, photo)

    by_report = await see(studio.client, photo._replace(token=made.token))
    others = await see(studio.client, other._replace(token=made.token))

    assert by_report is not None
    assert others is None
    as_bearer = await studio.client.data(NODE, bearer=made.token, id=photo.id)
    assert as_bearer["node"]["id"] == photo.id


async def test_claiming_a_guests_hair_test_makes_its_photos_the_customers(studio: Studio) -> None:
    photo = await begin_photo(studio.client)
    made = await submit(studio.client, photo, phone=ASHA)
    asha = await studio.client.sign_in(ASHA)

    claimed = await studio.client.data(CLAIM, bearer=asha.access_token, input={"ids": [made.hair_test_id]})

    assert claimed["claimGuestRecords"]["userErrors"] == []
    own = await studio.client.data(PHOTO, bearer=asha.access_token, id=photo.id)
    assert own["scalpPhoto"]["id"] == photo.id
    listed = await studio.client.data(NODE, bearer=asha.access_token, id=made.hair_test_id)
    assert [one["id"] for one in listed["node"]["photos"]] == [photo.id]


async def treated(studio: Studio) -> tuple[Submitted, SentPhoto, dict[str, str]]:
    """Return a customer's hair test, its photo, and the bearers of all who might want to see it, by who they are."""
    asha, ravi = await studio.client.sign_in(ASHA), await studio.client.sign_in(RAVI)
    [photo] = await studio.checked(picture(), bearer=asha.access_token)
    made = await submit(studio.client, photo, bearer=asha.access_token)
    bearers = {"owner": asha.access_token, "another customer": ravi.access_token}
    staff = {
        "treating doctor": (MEERA, Role.DOCTOR),
        "another doctor": ("9000000009", Role.DOCTOR),
        "support": (SUPPORTER, Role.SUPPORT),
        "admin": (ADMIN, Role.ADMIN),
    }
    ids = {}
    for name, (phone, role) in staff.items():
        await studio.app.state.services.staff.invite(phone, [role], by=None)
        signed_in = await studio.client.sign_in(phone)
        bearers[name], ids[name] = signed_in.access_token, signed_in.customer_id
    pair = {"customerId": asha.customer_id, "staffId": ids["treating doctor"]}
    assigned = await studio.client.data(ASSIGN, bearer=bearers["support"], input=pair)
    assert assigned["assignStaff"]["userErrors"] == []
    return made, photo, bearers


async def test_the_owner_and_who_treats_them_see_the_photos_and_nobody_else(studio: Studio) -> None:
    made, photo, bearers = await treated(studio)

    tests = {name: (await studio.client.data(NODE, bearer=one, id=made.hair_test_id)) for name, one in bearers.items()}
    photos = {name: (await studio.client.data(NODE, bearer=one, id=photo.id)) for name, one in bearers.items()}
    links = {
        name: await studio.client.data(BY_LINK, bearer=one, key=made.report["publicId"])
        for name, one in bearers.items()
    }

    may_see = {"owner", "treating doctor"}
    assert {name for name, answer in tests.items() if answer["node"] is not None} == may_see
    assert {name for name, answer in photos.items() if answer["node"] is not None} == may_see
    assert {name for name, answer in links.items() if answer["report"]["hairTest"] is not None} == may_see
    for name in may_see:
        [shown] = tests[name]["node"]["photos"]
        picture_seen = await studio.client.http.get(shown["url"]["url"])
        assert (shown["id"], picture_seen.status_code) == (photo.id, 200)
    assert await studio.client.data(NODE, id=made.hair_test_id) == {"node": None}


async def test_who_treats_somebody_cannot_delete_their_photos(studio: Studio) -> None:
    _, photo, bearers = await treated(studio)

    payload = (await studio.client.data(DELETE, bearer=bearers["treating doctor"], input={"photoId": photo.id}))[
        "deleteScalpPhoto"
    ]

    assert [error["code"] for error in payload["userErrors"]] == ["PHOTO_NOT_FOUND"]
    assert (await studio.record(photo))["state"] == "CHECKED"


# --- the link ---------------------------------------------------------------------------------------------------------


async def test_the_link_of_a_report_shows_nothing_of_photos_wherever_one_looks(studio: Studio) -> None:
    photos = await studio.checked(picture(), picture(shift=3))
    made = await submit(studio.client, *photos)

    response = await studio.client.http.post(
        "/graphql", json={"query": WHOLE, "variables": {"publicId": made.report["publicId"]}}
    )
    opened = await studio.client.http.post(
        "/graphql",
        json={"query": WHOLE, "variables": {"publicId": made.report["publicId"]}},
        headers={"authorization": f"Bearer {made.token}"},
    )

    secrets = [text for photo in photos for text in (photo.id, photo.key.hex, str(photo.key))]
    assert "errors" not in response.json()
    assert [text for text in (*secrets, "/images/", "signature", "photos") if text in response.text] == []
    # whoever holds the token sees them there: the query does ask
    assert all(photo.id in opened.text and f"/images/{photo.key.hex}/" in opened.text for photo in photos)
