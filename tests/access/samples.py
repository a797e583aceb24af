"""One operation for each place of the graph that the table asks: it would succeed for whoever may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from pydantic import BaseModel

from tests.access.people import ADD_ADDRESS, GUESTS, HELD_BACK, SUBMIT, Cast, Person, new_phone
from tests.api.photographing import CONSENT
from tests.support import address, given, hair_test, order, priced, product_document
from traya_gql.app import now
from traya_gql.documents.coupon_changes import CouponChangeDocument
from traya_gql.documents.coupons import CouponDocument
from traya_gql.documents.products import ProductDocument
from traya_gql.domain.coupons import CouponKind, CouponTerms
from traya_gql.schema.common import NodeType, node_id
from traya_gql.services.jobs import JobKind

Variables = Mapping[str, Any]
Prepare = Callable[[Cast, Person], Awaitable[Variables]]
After = Callable[[Cast, Person], Awaitable[Any]]


@dataclass(frozen=True)
class Sample:
    """An operation. `...OfReport` and `...OfCustomer` stand for all private fields of that type.

    Args:
        places: where in the answer each entry lies; below a list its first item counts.
        prepare: makes the state in which it succeeds, and returns the variables.
        after: makes the asker able to ask again.
    """

    query: str
    places: Mapping[str, str]
    prepare: Prepare
    after: After | None = None

    @property
    def is_mutation(self) -> bool:
        """Whether it changes something."""
        return self.query.startswith("mutation")

    @property
    def text(self) -> str:
        """The operation with its fragments."""
        return self.query + "".join(_fragment(type_) for type_ in _ASKED if f"...Of{type_}" in self.query)


class _NoPayload(BaseModel):
    """What a job is given that nobody runs."""


class PrivateField(NamedTuple):
    """How a private field is asked below its object, and where it lies."""

    selection: str
    place: str


PRIVATE_FIELDS = {
    "Cause.answersThatRaisedIt": PrivateField("causes { answersThatRaisedIt }", "causes.0.answersThatRaisedIt"),
    "Cause.level": PrivateField("causes { level }", "causes.0.level"),
    "Cause.score": PrivateField("causes { score }", "causes.0.score"),
    "Customer.hairTests": PrivateField("hairTests { nodes { id person { phone } } }", "hairTests"),
    "Customer.orders": PrivateField("orders { nodes { id phone } }", "orders"),
    "Customer.reports": PrivateField("reports { nodes { id } }", "reports"),
    "Kit.excluded": PrivateField("kit { excluded { finding } }", "kit.excluded"),
    "Order.report": PrivateField("report { id }", "report"),
    "Report.confidence": PrivateField("confidence", "confidence"),
    "Report.hairTest": PrivateField("hairTest { id person { phone } }", "hairTest"),
    "Report.hypothesis": PrivateField("hypothesis { code }", "hypothesis"),
    "Report.inputsHash": PrivateField("inputsHash", "inputsHash"),
    "Report.primaryCause": PrivateField("primaryCause", "primaryCause"),
    "Report.safetyFindings": PrivateField("safetyFindings { code }", "safetyFindings"),
}


_ASKED = {"Report": {"Report", "Cause", "Kit"}, "Customer": {"Customer"}, "Order": {"Order"}}


def _fragment(type_: str) -> str:
    fields = [one.selection for name, one in PRIVATE_FIELDS.items() if name.split(".")[0] in _ASKED[type_]]
    return f" fragment Of{type_} on {type_} {{ {' '.join(fields)} }}"


def _given(make: Callable[[Cast, Person], Variables]) -> Prepare:
    async def prepare(cast: Cast, person: Person) -> Variables:
        return make(cast, person)

    return prepare


def _typed(make: Callable[[Cast, Person], Variables]) -> Prepare:
    return _given(lambda cast, person: {"input": make(cast, person)})


def _nothing(cast: Cast, person: Person) -> Variables:
    return {}


def _bystander(cast: Cast) -> str:
    return cast.bystanders["customer"].customer_id


def _pair(cast: Cast, person: Person) -> Variables:
    return {"customerId": cast.owner.customer_id, "staffId": cast.bystanders["doctor"].customer_id}


def _finding(cast: Cast, person: Person) -> Variables:
    return {
        "reportId": cast.owner.report_id,
        "finding": "G08_CARDIO",
        "reason": "The pressure is well controlled.",
        "expiresAt": (now() + timedelta(days=1)).isoformat(),
    }


def _owners_photo(cast: Cast, person: Person) -> Variables:
    return {"photoId": cast.owner.photo_id}


# --- what must be so before ---------------------------------------------------------------------------------------


async def _own_address(cast: Cast, person: Person) -> Variables:
    if person in GUESTS:
        return {"id": cast.owner.address_id, "input": {"isDefault": True}}
    kept = await cast.data(person, ADD_ADDRESS, input={"address": address()})
    return {"id": kept["addAddress"]["addresses"][-1]["id"], "input": {"isDefault": True}}


async def _own_address_to_delete(cast: Cast, person: Person) -> Variables:
    return {"id": (await _own_address(cast, person))["id"]}


async def _something_to_claim(cast: Cast, person: Person) -> Variables:
    left = await cast.client.data(SUBMIT, input=hair_test(phone=cast.phone(person)))
    return {"input": {"ids": [left["submitHairTest"]["report"]["hairTest"]["id"]]}}


async def _code(cast: Cast, person: Person) -> Variables:
    challenge, code = await cast.client.request_code(new_phone())
    return {"input": {"challenge": challenge, "code": code}}


async def _a_job(cast: Cast, person: Person) -> Variables:
    await JobKind(name="tests.access", payload=_NoPayload).schedule(_NoPayload(), at=now())
    return {}


async def _refresh_token(cast: Cast, person: Person) -> Variables:
    return {"input": {"refreshToken": (await cast.client.sign_in(new_phone())).refresh_token}}


async def _a_coupon(cast: Cast, person: Person) -> CouponDocument:
    terms = CouponTerms(kind=CouponKind.PERCENT, percent=10, starts_at=now())
    code = f"ACCESS-{uuid4().hex[:20].upper()}"
    return await CouponDocument(id=uuid4(), created_at=now(), code=code, terms=terms, created_by=uuid4()).insert()


async def _coupon_code(cast: Cast, person: Person) -> Variables:
    return {"code": (await _a_coupon(cast, person)).code}


async def _coupon_id(cast: Cast, person: Person) -> Variables:
    return {"id": node_id(NodeType.COUPON, (await _a_coupon(cast, person)).id)}


async def _changed_coupon_id(cast: Cast, person: Person) -> Variables:
    coupon = await _a_coupon(cast, person)
    change = CouponChangeDocument(
        id=uuid4(),
        coupon_id=coupon.id,
        version=2,
        changed_at=now(),
        changed_by=uuid4(),
        terms=coupon.terms,
        is_enabled=False,
    )
    await change.insert()
    return {"id": node_id(NodeType.COUPON, coupon.id)}


async def _coupon_to_update(cast: Cast, person: Person) -> Variables:
    return {**await _coupon_id(cast, person), "input": {"expectedVersion": 1, "terms": _coupon_terms()}}


def _coupon_terms() -> Variables:
    return {"value": {"percent": 10}, "startsAt": now().isoformat()}


# --- and after ----------------------------------------------------------------------------------------------------


async def _sign_in_again(cast: Cast, person: Person) -> None:
    if person not in GUESTS:
        await cast.sign_in(person)


async def _read_the_message(cast: Cast, person: Person) -> None:
    await cast.client.sms.next_message()


# --- the operations -----------------------------------------------------------------------------------------------


def _node(type_: str, below: str, make: Callable[[Cast], str]) -> dict[str, Sample]:
    """Return the samples of `node` and `nodes` for an object of this type."""
    return {
        f"node({type_})": Sample(
            f"query ($id: ID!) {{ node(id: $id) {{ id {below} }} }}",
            {f"node({type_})": "node"},
            _given(lambda cast, _: {"id": make(cast)}),
        ),
        f"nodes({type_})": Sample(
            f"query ($id: ID!) {{ nodes(ids: [$id]) {{ id {below} }} }}",
            {f"nodes({type_})": "nodes.0"},
            _given(lambda cast, _: {"id": make(cast)}),
        ),
    }


def _below_node(entry: str, below: str, make: Callable[[Cast], str]) -> dict[str, Sample]:
    """Return the sample of a field of a type that is reached by `node`."""
    type_, name = entry.split(".")
    return {
        entry: Sample(
            f"query ($id: ID!) {{ node(id: $id) {{ ... on {type_} {{ {name} {{ {below} }} }} }} }}",
            {entry: f"node.{name}"},
            _given(lambda cast, _: {"id": make(cast)}),
        )
    }


def _of_viewer(**fields: str) -> dict[str, Sample]:
    return {
        f"Viewer.{name}": Sample(
            f"query {{ viewer {{ {name} {below} }} }}", {f"Viewer.{name}": f"viewer.{name}"}, _given(_nothing)
        )
        for name, below in fields.items()
    }


def _query(name: str, text: str, make: Callable[[Cast, Person], Variables] = _nothing) -> dict[str, Sample]:
    return {f"Query.{name}": Sample(text, {f"Query.{name}": name}, _given(make))}


def _mutation(
    name: str, prepare: Prepare, *, after: After | None = None, arguments: str = "input", **entries: str
) -> dict[str, Sample]:
    """Return the sample of a mutation; `entries` are the fields of its payload that lead to objects."""
    title = name[0].upper() + name[1:]
    types = {"id": "ID!", "input": f"{title}Input!"}
    declared = ", ".join(f"${one}: {types[one]}" for one in arguments.split())
    passed = ", ".join(f"{one}: ${one}" for one in arguments.split())
    below = " ".join(f"{field} {{ {selection} }}" for field, selection in entries.items())
    return {
        f"Mutation.{name}": Sample(
            f"mutation {f'({declared})' if declared else ''} "
            f"{{ {name}{f'({passed})' if passed else ''} {{ {below} userErrors {{ code }} }} }}",
            {f"Mutation.{name}": name, **{f"{title}Payload.{field}": f"{name}.{field}" for field in entries}},
            prepare,
            after,
        )
    }


async def _an_order(cast: Cast, person: Person) -> Variables:
    typed = order(cast.owner.public_id, phone=cast.phone(person))
    return {"input": {**typed, **await cast.client.told(typed, bearer=cast.bearers[person])}}


async def _product(cast: Cast, person: Person) -> Variables:
    found = await cast.client.data(_PRODUCT)
    return {"id": found["product"]["id"]}


async def _a_draft(cast: Cast, person: Person) -> Variables:
    return await _a_product(is_active=False, is_draft=True)


async def _something_sold(cast: Cast, person: Person) -> Variables:
    return await _a_product(is_active=True, is_draft=False)


async def _a_product(*, is_active: bool, is_draft: bool) -> Variables:
    facts = product_document(f"made-{uuid4().hex}").model_dump(exclude={"is_active", "is_draft"})
    sellable = {"benefits": ("Supports a comfortable scalp.",), "ingredients": ("NEEM",), "hsn": "33059019"}
    made = ProductDocument.model_validate({**facts, **sellable, "is_active": is_active, "is_draft": is_draft})
    await made.insert()
    return {"id": node_id(NodeType.PRODUCT, made.id), "input": {"expectedVersion": made.version}}


_NEW_PRODUCT: Variables = {
    "category": "OIL",
    "price": "1",
    "regulatoryClass": "COSMETIC",
    "evidence": "C",
    "hsn": "3305",
    "usage": {"en": "Use it.", "hi": "लगाएँ।"},
    "weightGrams": 1,
}
_PRODUCT = '{ product(slug: "stress-relief-hair-oil") { id } }'
_BY_ID = "query ($id: ID!) { node(id: $id) { id } }"
_BY_IDS = "query ($id: ID!) { nodes(ids: [$id]) { id } }"

SAMPLES: dict[str, Sample] = {
    "Query.coupon": Sample(
        "query ($code: String!) { coupon(code: $code) { id } }", {"Query.coupon": "coupon"}, _coupon_code
    ),
    "Query.couponChanges": Sample(
        "query ($id: ID!) { couponChanges(couponId: $id) { nodes { version } } }",
        {"Query.couponChanges": "couponChanges"},
        _changed_coupon_id,
    ),
    "Query.coupons": Sample("{ coupons { nodes { id } } }", {"Query.coupons": "coupons"}, _coupon_id),
    "node(Coupon)": Sample(_BY_ID, {"node(Coupon)": "node"}, _coupon_id),
    "nodes(Coupon)": Sample(_BY_IDS, {"nodes(Coupon)": "nodes.0"}, _coupon_id),
    **_query(
        "customer",
        "query ($phone: String!) { customer(phone: $phone) { id phone ...OfCustomer } }",
        lambda cast, _: {"phone": cast.owner.phone},
    ),
    **_query(
        "hairTestDraft",
        "query ($token: String!) { hairTestDraft(token: $token) { answers { key values } } }",
        lambda cast, person: {"token": cast.bearers[person] or ""},
    ),
    "Query.jobs": Sample("{ jobs { nodes { id } } }", {"Query.jobs": "jobs"}, _a_job),
    "Query.node": Sample(_BY_ID, {"Query.node": "node", "node(Product)": "node"}, _product),
    "Query.nodes": Sample(_BY_IDS, {"Query.nodes": "nodes", "nodes(Product)": "nodes.0"}, _product),
    **_query(
        "order",
        "query ($token: String!) { order(accessToken: $token) { id ...OfOrder } }",
        lambda cast, person: {"token": cast.bearers[person] or ""},
    ),
    **_query(
        "pricePreview",
        "query ($input: PricePreviewInput!) { pricePreview(input: $input) { preview { pricedAt } } }",
        lambda cast, _: {"input": priced(order(cast.owner.public_id))},
    ),
    **_query("catalogue", "{ catalogue { nodes { createdAt } } }"),
    "Query.catalogueProduct": Sample(
        "query ($id: ID!) { catalogueProduct(id: $id) { createdAt } }",
        {"Query.catalogueProduct": "catalogueProduct"},
        _a_draft,
    ),
    **_query("product", _PRODUCT),
    "Query.productPrices": Sample(
        "query ($id: ID!) { productPrices(productId: $id) { nodes { changedAt } } }",
        {"Query.productPrices": "productPrices"},
        _product,
    ),
    **_query("products", "{ products { nodes { id } } }"),
    **_query("questionnaire", "{ questionnaire { version sections { questions { key } } } }"),
    **_query(
        "report",
        "query ($key: String!) { report(publicId: $key) { id ...OfReport } }",
        lambda cast, _: {"key": cast.owner.public_id},
    ),
    **_query(
        "scalpPhoto",
        "query ($id: ID!) { scalpPhoto(id: $id) { id state } }",
        lambda cast, _: {"id": cast.owner.photo_id},
    ),
    **_query("serviceability", '{ serviceability(pinCode: "560001") { zone } }'),
    **_query("staff", "{ staff(role: FINANCE) { nodes { id phone ...OfCustomer } } }"),
    **_query("viewer", "{ viewer { roles } }"),
    **_of_viewer(
        roles="",
        customer="{ id phone ...OfCustomer }",
        hairTests="{ nodes { id } }",
        reports="{ nodes { id ...OfReport } }",
        orders="{ nodes { id ...OfOrder } }",
        addresses="{ id }",
        sessions="{ nodes { id } }",
        guestRecords="{ claimId firstName }",
        treatedCustomers="{ nodes { id phone ...OfCustomer } }",
    ),
    **_node("Report", "...OfReport", lambda cast: cast.owner.report_id),
    **_node("HairTest", "", lambda cast: cast.owner.hair_test_id),
    **_node("Order", "...OfOrder", lambda cast: cast.owner.order_id),
    **_node("Customer", "...OfCustomer", lambda cast: cast.owner.customer_id),
    **_node("ScalpPhoto", "", lambda cast: cast.owner.photo_id),
    **_node("SavedAddress", "", lambda cast: cast.owner.address_id),
    **_node("Session", "", lambda cast: cast.owner.session_id),
    **_below_node("HairTest.report", "id ...OfReport", lambda cast: cast.owner.hair_test_id),
    **_below_node("HairTest.photos", "id state", lambda cast: cast.owner.hair_test_id),
    **_below_node("Order.report", "id ...OfReport", lambda cast: cast.owner.order_id),
    **_below_node("Customer.orders", "nodes { id ...OfOrder }", lambda cast: cast.owner.customer_id),
    **_below_node("Customer.reports", "nodes { id ...OfReport }", lambda cast: cast.owner.customer_id),
    **_mutation(
        "addAddress",
        _typed(lambda *_: {"address": address()}),
        addresses="id",
        address="id",
        customer="id ...OfCustomer",
    ),
    **_mutation("assignStaff", _typed(_pair), customer="id ...OfCustomer", staff="id ...OfCustomer"),
    **_mutation("archiveProduct", _something_sold, arguments="id input"),
    **_mutation("createProduct", _typed(lambda *_: {**_NEW_PRODUCT, "name": f"New {uuid4().hex}"})),
    **_mutation("publishProduct", _a_draft, arguments="id input"),
    "Mutation.deleteProduct": Sample(
        "mutation ($id: ID!, $input: DeleteProductInput!) { deleteProduct(id: $id, input: $input) { deletedId } }",
        {"Mutation.deleteProduct": "deleteProduct"},
        _a_draft,
    ),
    **_mutation("updateProduct", _a_draft, arguments="id input"),
    **_mutation("claimGuestRecords", _something_to_claim),
    **_mutation("clearSafetyFinding", _typed(_finding), report="id ...OfReport"),
    **_mutation("completeScalpPhotoUpload", _typed(_owners_photo), photo="id state"),
    **_mutation("createScalpPhotoUpload", _typed(lambda *_: {"consent": CONSENT}), photo="id state"),
    **_mutation("deleteScalpPhoto", _typed(_owners_photo), photo="id state"),
    "Mutation.uploadScalpPhoto": Sample(
        """mutation ($file: Upload!, $input: CreateScalpPhotoUploadInput!) {
             uploadScalpPhoto(file: $file, input: $input) { photo { id } userErrors { code } }
           }""",
        {
            "Mutation.uploadScalpPhoto": "uploadScalpPhoto",
            "UploadScalpPhotoPayload.photo": "uploadScalpPhoto.photo",
        },
        # JSON cannot bring a file
        _given(lambda *_: {"file": None, "input": {"consent": CONSENT}}),
    ),
    **_mutation("deleteAddress", _own_address_to_delete, arguments="id", addresses="id", customer="id ...OfCustomer"),
    **_mutation(
        "inviteStaff", _typed(lambda *_: {"phone": new_phone(), "roles": ["FINANCE"]}), staff="id ...OfCustomer"
    ),
    **_mutation(
        "createCoupon",
        _typed(lambda *_: {"code": f"ACCESS-{uuid4().hex[:20]}", "terms": _coupon_terms()}),
        coupon="id",
    ),
    **_mutation("updateCoupon", _coupon_to_update, arguments="id input", coupon="id"),
    **_mutation("disableCoupon", _coupon_id, arguments="id", coupon="id"),
    **_mutation("enableCoupon", _coupon_id, arguments="id", coupon="id"),
    **_mutation("placeOrder", _an_order, order="id ...OfOrder"),
    **_mutation("refreshSession", _refresh_token, customer="id ...OfCustomer"),
    **_mutation("requestOtp", _typed(lambda *_: {"phone": new_phone()}), after=_read_the_message),
    **_mutation("saveHairTestDraft", _typed(lambda *_: {"answers": given({"sleep": "DISTURBED"})})),
    **_mutation(
        "setRoles",
        _typed(lambda cast, _: {"customerId": _bystander(cast), "roles": ["FINANCE"]}),
        staff="id ...OfCustomer",
    ),
    **_mutation("signOut", _given(_nothing), after=_sign_in_again, arguments=""),
    **_mutation("signOutEverywhere", _given(_nothing), after=_sign_in_again, arguments=""),
    **_mutation(
        "submitHairTest",
        _typed(lambda cast, person: hair_test(phone=cast.phone(person), **HELD_BACK)),
        report="id ...OfReport",
    ),
    **_mutation("unassignStaff", _typed(_pair), customer="id ...OfCustomer", staff="id ...OfCustomer"),
    **_mutation(
        "updateAddress", _own_address, arguments="id input", addresses="id", address="id", customer="id ...OfCustomer"
    ),
    **_mutation("updateProfile", _typed(lambda *_: {"name": "Asha Rao"}), customer="id ...OfCustomer"),
    **_mutation("verifyOtp", _code, customer="id ...OfCustomer"),
}
