"""Profile and address book of who is signed in."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support import GraphClient, SignedIn, address, example, hair_test, order
from traya_gql.schema.common import NodeType, node_id, read_node_id

PROFILE = """mutation ($input: UpdateProfileInput!) {
  updateProfile(input: $input) { customer { name gender version } userErrors { code path } }
}"""
_BOOK = "{ addresses { id isDefault address { name addressLine pinCode country } } userErrors { code path } }"
ADD = f"mutation ($input: AddAddressInput!) {{ addAddress(input: $input) {_BOOK} }}"
UPDATE = f"mutation ($id: ID!, $input: UpdateAddressInput!) {{ updateAddress(id: $id, input: $input) {_BOOK} }}"
DELETE = f"mutation ($id: ID!) {{ deleteAddress(id: $id) {_BOOK} }}"
KEPT = """{ viewer {
  customer { name gender version }
  addresses { id isDefault address { addressLine } }
} }"""
CONCURRENT = 20


@pytest.fixture
async def asha(client: GraphClient) -> SignedIn:
    return await client.sign_in("9876543210")


async def payload(client: GraphClient, query: str, who: SignedIn, **variables: Any) -> dict[str, Any]:
    [answer] = (await client.data(query, bearer=who.access_token, **variables)).values()
    assert isinstance(answer, dict)
    return answer


async def done(client: GraphClient, query: str, who: SignedIn, **variables: Any) -> Any:
    """Return what a mutation made, which it did not refuse."""
    answer = await payload(client, query, who, **variables)
    assert answer.pop("userErrors") == []
    [made] = answer.values()
    return made


async def refused(client: GraphClient, query: str, who: SignedIn, **variables: Any) -> list[tuple[str, list[str]]]:
    """Return the codes and paths of a mutation that made nothing."""
    answer = await payload(client, query, who, **variables)
    errors = answer.pop("userErrors")
    assert list(answer.values()) == [None]
    return [(error["code"], error["path"]) for error in errors]


async def add(client: GraphClient, who: SignedIn, line: str, *, is_default: bool = False) -> Any:
    return await done(client, ADD, who, input={"address": address(addressLine=line), "isDefault": is_default})


async def viewer(client: GraphClient, who: SignedIn) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.data(KEPT, bearer=who.access_token))["viewer"]
    return answer


def lines(book: list[dict[str, Any]]) -> list[str]:
    """Return the address lines of a book in order, the default with a star."""
    return [f"{'*' if one['isDefault'] else ''}{one['address']['addressLine']}" for one in book]


# --- profile ----------------------------------------------------------------------------------------------------------


async def test_what_is_left_out_stays_and_null_clears(client: GraphClient, asha: SignedIn) -> None:
    assert (await viewer(client, asha))["customer"] == {"name": None, "gender": None, "version": 1}
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"name": "  Asha   Rao ", "gender": "FEMALE"}, {"name": "Asha Rao", "gender": "FEMALE"}),
        ({"gender": "OTHER"}, {"name": "Asha Rao", "gender": "OTHER"}),
        ({"name": "Asha Iyer"}, {"name": "Asha Iyer", "gender": "OTHER"}),
        ({"name": None}, {"name": None, "gender": "OTHER"}),
        ({"gender": None}, {"name": None, "gender": None}),
        ({"name": "Asha Rao", "gender": None}, {"name": "Asha Rao", "gender": None}),
        ({}, {"name": "Asha Rao", "gender": None}),
    ]

    for typed, expected in steps:
        changed = await done(client, PROFILE, asha, input=typed)

        assert {"name": changed["name"], "gender": changed["gender"]} == expected, typed
        assert (await viewer(client, asha))["customer"] == changed


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "TOO_SHORT"),
        ("A", "TOO_SHORT"),
        ("A" * 101, "TOO_LONG"),
        ("A" * 100_000, "TOO_LONG"),
        ("Asha\nRao", "INVALID_CHARACTERS"),
        ("asha@example.com", "INVALID_CHARACTERS"),
        ("Asha 9876543210", "INVALID_CHARACTERS"),
    ],
)
async def test_a_name_that_breaks_rules_changes_nothing(
    client: GraphClient, asha: SignedIn, name: str, code: str
) -> None:
    typed = {"name": name, "gender": "FEMALE"}

    assert await refused(client, PROFILE, asha, input=typed) == [(code, ["input", "name"])]
    assert (await viewer(client, asha))["customer"] == {"name": None, "gender": None, "version": 1}


async def test_an_expected_version_that_has_passed_is_refused(client: GraphClient, asha: SignedIn) -> None:
    first = await done(client, PROFILE, asha, input={"name": "Asha Rao", "expectedVersion": 1})

    stale = await refused(client, PROFILE, asha, input={"name": "Asha Iyer", "expectedVersion": 1})
    of_the_future = await refused(client, PROFILE, asha, input={"name": "Asha Iyer", "expectedVersion": 3})
    null = await done(client, PROFILE, asha, input={"gender": "FEMALE", "expectedVersion": None})

    assert stale == of_the_future == [("STALE_VERSION", ["input", "expectedVersion"])]
    assert first == {"name": "Asha Rao", "gender": None, "version": 2}
    assert null == {"name": "Asha Rao", "gender": "FEMALE", "version": 3}


async def test_the_address_book_is_part_of_the_version(client: GraphClient, asha: SignedIn) -> None:
    await add(client, asha, "12 MG Road")

    assert await refused(client, PROFILE, asha, input={"name": "Asha Rao", "expectedVersion": 1}) == [
        ("STALE_VERSION", ["input", "expectedVersion"])
    ]
    assert (await done(client, PROFILE, asha, input={"name": "Asha Rao", "expectedVersion": 2}))["version"] == 3


async def test_of_20_concurrent_changes_that_expect_one_version_one_is_done(
    client: GraphClient, asha: SignedIn
) -> None:
    names = [f"Asha {chr(ord('A') + number)}. Rao" for number in range(CONCURRENT)]

    answers = await asyncio.gather(
        *(payload(client, PROFILE, asha, input={"name": name, "expectedVersion": 1}) for name in names)
    )

    [won] = [answer["customer"] for answer in answers if answer["customer"] is not None]
    codes = [error["code"] for answer in answers for error in answer["userErrors"]]
    assert codes == ["STALE_VERSION"] * (CONCURRENT - 1)
    assert won["version"] == 2
    assert (await viewer(client, asha))["customer"] == won


async def test_a_hair_test_keeps_the_name_that_was_typed(client: GraphClient, asha: SignedIn) -> None:
    """The profile says who the customer is; a test may be about somebody else."""
    await done(client, PROFILE, asha, input={"name": "Asha Rao", "gender": "FEMALE"})

    typed = {"name": "Ravi Rao", "phone": "9123456780", "age": 40, "gender": "MALE"}

    submitted = await client.data(
        example("submit_hair_test"), bearer=asha.access_token, input=hair_test() | {"customer": typed}
    )

    assert submitted["submitHairTest"]["userErrors"] == []
    assert (await viewer(client, asha))["customer"] == {"name": "Asha Rao", "gender": "FEMALE", "version": 2}


# --- address book -----------------------------------------------------------------------------------------------------


async def test_an_address_is_kept_changed_and_deleted(client: GraphClient, asha: SignedIn) -> None:
    await add(client, asha, "12 MG Road")
    book = await add(client, asha, "1 Park Street")
    assert lines(book) == ["*12 MG Road", "1 Park Street"]
    first, second = (one["id"] for one in book)

    steps: list[tuple[str, dict[str, Any], list[str]]] = [
        (UPDATE, {"id": second, "input": {"isDefault": True}}, ["12 MG Road", "*1 Park Street"]),
        (UPDATE, {"id": second, "input": {"isDefault": False}}, ["12 MG Road", "*1 Park Street"]),
        (UPDATE, {"id": first, "input": {"address": address(addressLine="9 Hill")}}, ["9 Hill", "*1 Park Street"]),
        (UPDATE, {"id": first, "input": {}}, ["9 Hill", "*1 Park Street"]),
        (UPDATE, {"id": first, "input": {"address": None}}, ["9 Hill", "*1 Park Street"]),
        (DELETE, {"id": second}, ["*9 Hill"]),
        (DELETE, {"id": first}, []),
    ]
    for query, variables, expected in steps:
        book = await done(client, query, asha, **variables)
        assert lines(book) == lines((await viewer(client, asha))["addresses"]) == expected, variables

    assert lines(await add(client, asha, "12 MG Road")) == ["*12 MG Road"]


async def test_the_newest_of_the_others_follows_a_default_that_is_deleted(client: GraphClient, asha: SignedIn) -> None:
    [oldest] = await add(client, asha, "1st Cross")
    await add(client, asha, "2nd Cross")
    await add(client, asha, "3rd Cross")

    assert lines(await done(client, DELETE, asha, id=oldest["id"])) == ["2nd Cross", "*3rd Cross"]


async def test_an_address_that_breaks_rules_is_refused_at_its_fields(client: GraphClient, asha: SignedIn) -> None:
    wrong = address(name="A", pinCode="012345", country="US")
    expected = [
        ("TOO_SHORT", ["input", "address", "name"]),
        ("INVALID_PIN_CODE", ["input", "address", "pinCode"]),
        ("UNSUPPORTED_COUNTRY", ["input", "address", "country"]),
    ]
    kept = await add(client, asha, "12 MG Road")

    assert await refused(client, ADD, asha, input={"address": wrong}) == expected
    assert await refused(client, UPDATE, asha, id=kept[0]["id"], input={"address": wrong}) == expected
    assert lines((await viewer(client, asha))["addresses"]) == ["*12 MG Road"]


async def test_somebody_elses_address_looks_like_none(client: GraphClient, asha: SignedIn) -> None:
    ravi = await client.sign_in("9123456780")
    [ravis] = await add(client, ravi, "1 Park Street")
    await add(client, asha, "12 MG Road")
    ids = {
        "somebody else's": ravis["id"],
        "missing": node_id(NodeType.ADDRESS, uuid4()),
        "of a customer": asha.customer_id,
        "garbage": "garbage",
        "empty": "",
        "the bare key": read_node_id(ravis["id"]).key,
    }

    for name, id_ in ids.items():
        for query, variables in (
            (UPDATE, {"id": id_, "input": {"address": address(), "isDefault": True}}),
            (DELETE, {"id": id_}),
        ):
            assert await refused(client, query, asha, **variables) == [("ADDRESS_NOT_FOUND", ["id"])], name

    assert lines((await viewer(client, ravi))["addresses"]) == ["*1 Park Street"]
    assert lines((await viewer(client, asha))["addresses"]) == ["*12 MG Road"]


async def test_20_concurrent_addresses_all_end_up_in_the_book_and_the_21st_does_not(
    client: GraphClient, asha: SignedIn
) -> None:
    wanted = [f"{number} MG Road" for number in range(100, 100 + CONCURRENT)]

    answers = await asyncio.gather(
        *(payload(client, ADD, asha, input={"address": address(addressLine=line)}) for line in wanted)
    )

    assert [answer["userErrors"] for answer in answers] == [[]] * CONCURRENT
    book = (await viewer(client, asha))["addresses"]
    assert sorted(one["address"]["addressLine"] for one in book) == wanted
    assert [one["isDefault"] for one in book] == [True] + [False] * (CONCURRENT - 1)
    assert len({one["id"] for one in book}) == CONCURRENT
    assert await refused(client, ADD, asha, input={"address": address()}) == [
        ("ADDRESS_BOOK_FULL", ["input", "address"])
    ]


async def test_of_concurrent_addresses_as_many_are_kept_as_fit(client: GraphClient, asha: SignedIn) -> None:
    for number in range(18):
        await add(client, asha, f"{number} Park Street")

    answers = await asyncio.gather(*(payload(client, ADD, asha, input={"address": address()}) for _ in range(10)))

    codes = [error["code"] for answer in answers for error in answer["userErrors"]]
    assert codes == ["ADDRESS_BOOK_FULL"] * 8
    assert len((await viewer(client, asha))["addresses"]) == 20


async def test_concurrent_changes_of_profile_and_book_lose_none(client: GraphClient, asha: SignedIn) -> None:
    book = [await add(client, asha, f"{number} Park Street") for number in range(4)][-1]
    first, second, third, fourth = (one["id"] for one in book)

    answers = await asyncio.gather(
        payload(client, PROFILE, asha, input={"name": "Asha Rao"}),
        payload(client, PROFILE, asha, input={"gender": "FEMALE"}),
        payload(client, ADD, asha, input={"address": address(addressLine="9 Hill")}),
        payload(client, UPDATE, asha, id=second, input={"address": address(addressLine="8 Hill")}),
        payload(client, UPDATE, asha, id=third, input={"isDefault": True}),
        payload(client, DELETE, asha, id=fourth),
        payload(client, DELETE, asha, id=first),
    )

    assert [answer["userErrors"] for answer in answers] == [[]] * 7
    kept = await viewer(client, asha)
    assert kept["customer"] == {"name": "Asha Rao", "gender": "FEMALE", "version": 12}
    assert lines(kept["addresses"]) == ["8 Hill", "*2 Park Street", "9 Hill"]


async def test_one_address_is_deleted_once(client: GraphClient, asha: SignedIn) -> None:
    [kept] = await add(client, asha, "12 MG Road")

    answers = await asyncio.gather(*(payload(client, DELETE, asha, id=kept["id"]) for _ in range(10)))

    codes = [error["code"] for answer in answers for error in answer["userErrors"]]
    assert codes == ["ADDRESS_NOT_FOUND"] * 9


async def test_an_order_keeps_its_own_copy_of_the_address(
    client: GraphClient, asha: SignedIn, report: dict[str, Any]
) -> None:
    [kept] = await add(client, asha, "12 MG Road")
    placed = await client.data(
        example("place_order"), bearer=asha.access_token, input=order(report["publicId"], shippingAddress=address())
    )
    assert placed["placeOrder"]["userErrors"] == []

    await done(client, UPDATE, asha, id=kept["id"], input={"address": address(addressLine="9 Hill")})
    await done(client, DELETE, asha, id=kept["id"])

    shown = await client.data(
        "{ viewer { addresses { id } orders { nodes { shippingAddress { addressLine } } } } }", bearer=asha.access_token
    )
    assert shown["viewer"] == {
        "addresses": [],
        "orders": {"nodes": [{"shippingAddress": {"addressLine": "12 MG Road"}}]},
    }


async def test_who_is_not_signed_in_changes_nothing(client: GraphClient, asha: SignedIn, database: Any) -> None:
    [kept] = await add(client, asha, "12 MG Road")
    before = await database.customers.find().to_list()

    for query, variables in (
        (PROFILE, {"input": {"name": "Asha Rao"}}),
        (ADD, {"input": {"address": address()}}),
        (UPDATE, {"id": kept["id"], "input": {"isDefault": True}}),
        (DELETE, {"id": kept["id"]}),
    ):
        assert await client.code(query, **variables) == "UNAUTHENTICATED"

    assert await database.customers.find().to_list() == before


async def test_who_is_gone_from_the_database_has_nothing_left(
    client: GraphClient, asha: SignedIn, database: Any
) -> None:
    await database.customers.delete_one({"_id": UUID(hex=read_node_id(asha.customer_id).key)})

    assert await client.code(ADD, bearer=asha.access_token, input={"address": address()}) == "INTERNAL_SERVER_ERROR"
    assert await viewer(client, asha) == {"customer": None, "addresses": []}
