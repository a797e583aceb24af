"""Every place where a client can put something: an operator of MongoDB is refused there before any command."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)
from starlette.applications import Starlette

from tests.api.bad_input import NOTHING, codes, packed
from tests.support import NOTICE, GraphClient, address, hair_test, order
from traya_gql.domain.roles import Role
from traya_gql.graph import build_schema

HANG_S = 30
PathToPlace = tuple[str | int, ...]


@pytest.fixture(scope="session")
async def admin_token(started: tuple[Starlette, GraphClient]) -> str:
    """The access token of somebody who may ask every root field."""
    await started[0].state.services.staff.invite("9876500009", [Role.ADMIN, Role.CATALOG_MANAGER, Role.DOCTOR], by=None)
    return (await started[1].sign_in("9876500009")).access_token


@pytest.fixture
async def bearer(started: tuple[Starlette, GraphClient], admin_token: str) -> str:
    """As `admin_token`, at a moment when knowing who asks takes no command."""
    async with asyncio.timeout(HANG_S):
        while not started[0].state.services.revocations.is_fresh:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    return admin_token


@pytest.fixture
def asker(started: tuple[Starlette, GraphClient]) -> GraphClient:
    """A client for questions that no command may follow: what lies in the database does not matter."""
    return started[1]


# --- every input position of the schema ---------------------------------------------------------------------------


def example_inputs() -> dict[str, dict[str, Any]]:
    """Return one good value for each input type at the roots: every field is given."""
    line = {"productId": packed(f"Product:{'0' * 32}"), "quantity": 1}
    home = address(country="IN")
    customer_id = packed(f"Customer:{'0' * 32}")
    pair = {"customerId": customer_id, "staffId": customer_id}
    consent = {"isGiven": True, "noticeVersion": NOTICE, "language": "EN"}
    photo_id = packed(f"ScalpPhoto:{'0' * 32}")
    wanted = {
        "reportAccessToken": "x.y.z",
        "lines": [line],
        "kit": {"kind": "COMPLETE", "months": 3},
        "couponCode": "WELCOME-10",
    }
    coupon = {
        "value": {"percent": 10},
        "startsAt": "2026-11-21T10:00:00Z",
        "endsAt": "2099-12-21T10:00:00Z",
        "minSubtotal": "499",
        "maxDiscount": "150",
        "categories": ["OIL"],
        "maxUses": 100,
        "maxUsesPerCustomer": 1,
        "isFirstOrderOnly": True,
    }
    both = {"en": "Use it twice a week.", "hi": "हफ़्ते में दो बार लगाएँ।"}
    product = {
        "name": "Light Evening Oil",
        "category": "OIL",
        "tags": ["STRESS"],
        "benefits": ["Supports a comfortable scalp."],
        "price": "425.50",
        "isInStock": True,
        "isForMen": False,
        "ingredients": ["NEEM"],
        "actives": ["NEEM"],
        "regulatoryClass": "COSMETIC",
        "patternFit": ["STAGE_1"],
        "affinities": [{"cause": "STRESS", "strength": 3}],
        "stages": [1],
        "evidence": "C",
        "hsn": "33059019",
        "usage": both,
        "cautions": [both],
        "monthlyQuantity": 1,
        "mostMonths": 3,
        "weightGrams": 250,
    }
    return {
        "CreateProductInput": {**product, "slug": "light-evening-oil"},
        "UpdateProductInput": {**product, "expectedVersion": 1},
        "PublishProductInput": {"expectedVersion": 1},
        "ArchiveProductInput": {"expectedVersion": 1},
        "DeleteProductInput": {"expectedVersion": 1},
        "CreateCouponInput": {"code": "WELCOME-10", "terms": coupon},
        "UpdateCouponInput": {"expectedVersion": 1, "terms": coupon},
        "SubmitHairTestInput": {
            **hair_test(email="asha.rao@example.com", consent=consent),
            "draftToken": "x.y.z",
            "scalpPhotos": [{"id": photo_id, "accessToken": "x.y.z"}],
        },
        "SaveHairTestDraftInput": {
            "draftToken": "x.y.z",
            "version": 1,
            "age": 28,
            "gender": "FEMALE",
            "answers": [{"key": "sleep", "values": ["DISTURBED"]}],
        },
        "CreateScalpPhotoUploadInput": {"consent": consent},
        "CompleteScalpPhotoUploadInput": {
            "photoId": photo_id,
            "accessToken": "x.y.z",
            "receipt": {"version": "1", "signature": "0"},
        },
        "DeleteScalpPhotoInput": {"photoId": photo_id, "accessToken": "x.y.z"},
        "PlaceOrderInput": order(
            "A" * 22, **wanted, expectedTotal="499.00", previewKey="x", shippingAddress=home, billingAddress=home
        ),
        "PricePreviewInput": {"reportPublicId": "A" * 22, **wanted, "state": "KARNATAKA", "pinCode": "560001"},
        "ClearSafetyFindingInput": {
            "reportId": packed(f"Report:{'A' * 22}"),
            "finding": "G08_CARDIO",
            "reason": "The pressure is well controlled.",
            "expiresAt": "2026-12-24T00:00:00Z",
        },
        "ProductFilterInput": {
            "category": "OIL",
            "tag": "DANDRUFF",
            "categories": ["OIL"],
            "tags": ["DANDRUFF"],
            "isActive": True,
            "isInStock": True,
            "needsPrescription": False,
            "minPrice": "1",
            "maxPrice": "1000",
        },
        "RequestOtpInput": {"phone": "9876543210"},
        "VerifyOtpInput": {"challenge": str(uuid4()), "code": "000000", "device": "Asha's phone"},
        "RefreshSessionInput": {"refreshToken": f"{uuid4().hex}.x.y"},
        "UpdateProfileInput": {"name": "Asha Rao", "gender": "FEMALE", "expectedVersion": 1},
        "AddAddressInput": {"address": home, "isDefault": True},
        "UpdateAddressInput": {"address": home, "isDefault": True},
        "ClaimGuestRecordsInput": {"ids": [packed(f"HairTest:{'0' * 32}")]},
        "InviteStaffInput": {"phone": "9876543210", "roles": ["DOCTOR"]},
        "SetRolesInput": {"customerId": customer_id, "roles": ["DOCTOR"]},
        "AssignStaffInput": pair,
        "UnassignStaffInput": pair,
    }


def places(type_: GraphQLInputType, path: PathToPlace = ()) -> Iterator[tuple[PathToPlace, Any]]:
    """Walk an input type: each place in it, leaves and branches, with its type."""
    yield path, type_
    inner: Any = type_
    while is_non_null_type(inner):
        inner = inner.of_type
    if is_list_type(inner):
        yield from places(inner.of_type, (*path, 0))
    elif is_input_object_type(inner):
        for name, field in inner.fields.items():
            yield from places(field.type, (*path, name))


@cache
def core() -> GraphQLSchema:
    return build_schema()._schema


class Place(NamedTuple):
    """A root field, one of its arguments, and a path in that, with the type that stands there."""

    field: str
    argument: str
    path: PathToPlace
    type: Any


def roots() -> dict[str, GraphQLObjectType]:
    query_type, mutation_type = core().query_type, core().mutation_type
    assert query_type is not None
    assert mutation_type is not None
    return {"query": query_type, "mutation": mutation_type}


def input_places() -> list[Place]:
    """Return every input position that a client can fill."""
    return [
        Place(field_name, argument_name, path, type_)
        for root in roots().values()
        for field_name, field in root.fields.items()
        for argument_name, argument in field.args.items()
        for path, type_ in places(argument.type)
    ]


OPERATORS = [
    {"$ne": None},
    {"$gt": ""},
    {"$where": "sleep(1000)"},
    {"$in": []},
    {},
    [{"$ne": None}],
    [[]],
]


OTHER_VALUES = {"amount", "freeProductId"}
"""Fields of a @oneOf input beside the one that the good value gives: they stand alone."""


def put(value: Any, path: PathToPlace, what: object) -> Any:
    """Return a copy of a value with something else at this place."""
    if not path:
        return what
    if path[0] in OTHER_VALUES:
        return {path[0]: what}
    copy: Any = list(value) if isinstance(value, list) else dict(value)
    copy[path[0]] = put(copy[path[0]], path[1:], what)
    return copy


def base(argument: GraphQLInputType) -> Any:
    """Return a good value for a root argument."""
    named = get_named_type(argument)
    if isinstance(named, GraphQLInputObjectType):
        return example_inputs()[named.name]
    good: Any = {"ID": "x", "String": "x", "Int": 1, "Boolean": True, "Language": "HI"}.get(named.name, "NAME")
    inner = argument.of_type if isinstance(argument, GraphQLNonNull) else argument
    return [good] if isinstance(inner, GraphQLList) else good


def asking(field_name: str, argument: str) -> tuple[str, dict[str, Any]]:
    """Return an operation that gives a root field the variable `v` for this argument; and good values for the rest."""
    [(kind, field)] = [(kind, root.fields[field_name]) for kind, root in roots().items() if field_name in root.fields]
    named = {name: one.type for name, one in field.args.items() if name != argument and is_required_argument(one)}
    variables = "".join(f", ${name}: {type_}" for name, type_ in named.items())
    given = "".join(f", {name}: ${name}" for name in named)
    selection = "{ totalCount }" if field_name == "products" else "{ __typename }"
    query = f"{kind} ($v: {field.args[argument].type}{variables}) {{ {field_name}({argument}: $v{given}) {selection} }}"
    return query, {name: base(type_) for name, type_ in named.items()}


def is_good_when_empty(type_: Any) -> bool:
    """Whether an object without any field is a good value."""
    inner = type_.of_type if is_non_null_type(type_) else type_
    return is_input_object_type(inner) and not any(map(is_required_input_field, inner.fields.values()))


def test_the_walk_reaches_every_input_type() -> None:
    found = [(place.field, place.path) for place in input_places()]
    at_the_roots = {get_named_type(place.type).name for place in input_places() if place.path == ()}

    assert len(found) == 321
    assert {name for name in core().type_map if name in example_inputs()} == set(example_inputs())
    assert {name for name in at_the_roots if name.endswith("Input")} == set(example_inputs())
    assert ("placeOrder", ("lines", 0, "productId")) in found
    assert ("placeOrder", ("billingAddress", "pinCode")) in found
    assert ("submitHairTest", ("customer", "phone")) in found
    assert ("submitHairTest", ("customer", "email")) in found
    assert ("submitHairTest", ("answers", 0, "values", 0)) in found
    assert ("submitHairTest", ("consent", "noticeVersion")) in found
    assert ("submitHairTest", ("consent", "language")) in found
    assert ("saveHairTestDraft", ("answers", 0, "key")) in found
    assert ("hairTestDraft", ()) in found
    assert ("questionnaire", ()) in found
    assert ("clearSafetyFinding", ("expiresAt",)) in found
    assert ("placeOrder", ("reportAccessToken",)) in found
    assert ("products", ("minPrice",)) in found
    assert ("verifyOtp", ("challenge",)) in found
    assert ("refreshSession", ("refreshToken",)) in found
    assert ("updateAddress", ("address", "pinCode")) in found
    assert ("claimGuestRecords", ("ids", 0)) in found
    assert ("submitHairTest", ("scalpPhotos", 0, "accessToken")) in found
    assert ("completeScalpPhotoUpload", ("receipt", "signature")) in found
    assert ("uploadScalpPhoto", ()) in found
    assert ("setRoles", ("roles", 0)) in found
    assert ("createProduct", ("cautions", 0, "hi")) in found
    assert ("updateProduct", ("affinities", 0, "strength")) in found


def test_the_walk_gives_every_field_of_every_input() -> None:
    for place in input_places():
        value = base(next(one.type for one in input_places() if one[:2] == place[:2] and one.path == ()))
        for step in place.path:
            value = value[step] if step not in OTHER_VALUES else None


@pytest.mark.parametrize(
    "place", [pytest.param(one, id=".".join([one.field, one.argument, *map(str, one.path)])) for one in input_places()]
)
async def test_an_operator_in_any_input_position_is_bad_user_input(
    asker: GraphClient, bearer: str, place: Place
) -> None:
    query, rest = asking(place.field, place.argument)
    good = base(next(one.type for one in input_places() if one[:2] == place[:2] and one.path == ()))
    operators = [one for one in OPERATORS if one != {} or not is_good_when_empty(place.type)]
    assert len(operators) >= 6

    for operator in operators:
        with asker.commands.counting() as commands:
            found = await codes(asker, query, bearer=bearer, v=put(good, place.path, operator), **rest)

        assert set(found) == {"BAD_USER_INPUT"}
        assert commands == NOTHING


# --- enums, missing and extra fields ------------------------------------------------------------------------------

BAD_ENUM_VALUES = [
    "",
    "male",
    "MALES",
    "Male",
    "$where",
    "__proto__",
    "constructor",
    "\u0000",
    0,
    1,
    True,
    ["MALE"] * 2,
]


@pytest.mark.parametrize("value", [*BAD_ENUM_VALUES, None])
async def test_an_unknown_enum_value_is_bad_user_input(asker: GraphClient, bearer: str, value: object) -> None:
    submit, place, invite = (asking(one, "input")[0] for one in ("submitHairTest", "placeOrder", "inviteStaff"))

    with asker.commands.counting() as commands:
        assert await codes(asker, submit, v=hair_test(gender=value)) == ["BAD_USER_INPUT"]
        assert await codes(asker, place, v=order("A" * 22, paymentMethod=value)) == ["BAD_USER_INPUT"]
        clear, typed = asking("clearSafetyFinding", "input")[0], example_inputs()["ClearSafetyFindingInput"]
        assert await codes(asker, clear, bearer=bearer, v={**typed, "finding": value}) == ["BAD_USER_INPUT"]
        typed = {"phone": "9876543210", "roles": ["DOCTOR", value]}
        assert await codes(asker, invite, bearer=bearer, v=typed) == ["BAD_USER_INPUT"]

    assert commands == NOTHING


@pytest.mark.parametrize("value", BAD_ENUM_VALUES)
async def test_an_unknown_enum_value_is_bad_where_null_is_good(asker: GraphClient, bearer: str, value: object) -> None:
    with asker.commands.counting() as commands:
        profile = await codes(asker, asking("updateProfile", "input")[0], bearer=bearer, v={"gender": value})
        typed = {"gender": value, "answers": []}
        draft = await codes(asker, asking("saveHairTestDraft", "input")[0], v=typed)
        shown = await codes(asker, asking("questionnaire", "language")[0], v=value)

    assert profile == draft == shown == ["BAD_USER_INPUT"]
    assert commands == NOTHING


@pytest.mark.parametrize("literal", ["male", '"MALE"', "1", "true", "__proto__", "[MALE]", "{}"])
async def test_an_unknown_enum_literal_is_refused_by_validation(asker: GraphClient, literal: str) -> None:
    with asker.commands.counting() as commands:
        found = await codes(asker, f"{{ products(sortKey: {literal}) {{ totalCount }} }}")

    assert found == ["GRAPHQL_VALIDATION_FAILED"]
    assert commands == NOTHING


def objects(type_: GraphQLInputType) -> dict[PathToPlace, GraphQLInputObjectType]:
    """Return each input object of an input, by its place."""
    found = {}
    for path, place in places(type_):
        inner = place.of_type if is_non_null_type(place) else place
        if isinstance(inner, GraphQLInputObjectType):
            found[path] = inner
    return found


def inside(whole: Any, path: PathToPlace) -> Any:
    for step in path:
        whole = whole[step]
    return whole


REQUIRED_FIELDS = {
    "addAddress": 6,
    "archiveProduct": 1,
    "assignStaff": 2,
    "claimGuestRecords": 1,
    "clearSafetyFinding": 4,
    "completeScalpPhotoUpload": 3,
    "createCoupon": 4,
    "createProduct": 14,
    "createScalpPhotoUpload": 3,
    "deleteProduct": 1,
    "deleteScalpPhoto": 1,
    "inviteStaff": 2,
    "placeOrder": 17,
    "publishProduct": 1,
    "refreshSession": 1,
    "requestOtp": 1,
    "saveHairTestDraft": 3,
    "setRoles": 2,
    "submitHairTest": 12,
    "unassignStaff": 2,
    "updateAddress": 5,
    "updateCoupon": 4,
    "updateProduct": 7,
    "updateProfile": 0,
    "verifyOtp": 2,
}


def test_every_mutation_with_an_input_is_asked_with_less_and_more() -> None:
    mutations = {name for name, field in roots()["mutation"].fields.items() if "input" in field.args}

    # JSON brings no file, and the rest of its input is that of `createScalpPhotoUpload`
    assert mutations - {"uploadScalpPhoto"} == set(REQUIRED_FIELDS)


@pytest.mark.parametrize(("mutation", "how_many"), REQUIRED_FIELDS.items())
async def test_each_missing_field_is_bad_user_input(
    asker: GraphClient, bearer: str, mutation: str, how_many: int
) -> None:
    query, rest = asking(mutation, "input")
    type_ = roots()["mutation"].fields[mutation].args["input"].type
    whole = base(type_)
    required = [
        (path, name)
        for path, inner in objects(type_).items()
        for name, field in inner.fields.items()
        if is_required_input_field(field)
    ]

    with asker.commands.counting() as commands:
        for path, name in required:
            part = inside(whole, path)
            less = put(whole, path, {key: value for key, value in part.items() if key != name})
            for wrong in (less, put(whole, (*path, name), None)):
                assert await codes(asker, query, bearer=bearer, v=wrong, **rest) == ["BAD_USER_INPUT"], name

    assert len(required) == how_many
    assert commands == NOTHING


@pytest.mark.parametrize("mutation", REQUIRED_FIELDS)
@pytest.mark.parametrize(
    "extra", ["$where", "__proto__", "_id", "isVerified", "totalPaise", "accessVersion", "", "\u0000", "a" * 10_000]
)
async def test_each_extra_field_is_bad_user_input(asker: GraphClient, bearer: str, mutation: str, extra: str) -> None:
    query, rest = asking(mutation, "input")
    type_ = roots()["mutation"].fields[mutation].args["input"].type
    whole = base(type_)

    with asker.commands.counting() as commands:
        for path in objects(type_):
            more = put(whole, path, {**inside(whole, path), extra: 1})
            assert await codes(asker, query, bearer=bearer, v=more, **rest) == ["BAD_USER_INPUT"]

    assert commands == NOTHING


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "7f8bb7a0",
        "7f8bb7a0-3d5f-4a33-9a1e-2f1d3f0c9f1",
        "g" * 32,
        5,
        None,
        {"$ne": None},
        "\u0000" * 36,
        "0" * 9000,
    ],
    ids=lambda key: ascii(key)[:30],
)
async def test_a_key_that_is_no_uuid_is_bad_user_input(asker: GraphClient, key: object) -> None:
    submit, place = (asking(one, "input")[0] for one in ("submitHairTest", "placeOrder"))

    with asker.commands.counting() as commands:
        assert await codes(asker, submit, v={**hair_test(), "idempotencyKey": key}) == ["BAD_USER_INPUT"]
        assert await codes(asker, place, v=order("A" * 22, idempotencyKey=key)) == ["BAD_USER_INPUT"]

    assert commands == NOTHING
