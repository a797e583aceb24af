"""Somebody else's object looks exactly like one that is missing: in every byte, and in what MongoDB is asked.

Equal commands stand for equal time: what differs in time between two answers is what MongoDB was asked for.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from starlette.applications import Starlette

from tests.access.people import (
    ASSIGN,
    CLAIM,
    GUESTS,
    HELD_BACK,
    PLACE,
    SET_ROLES,
    SUBMIT,
    TREATING,
    UNASSIGN,
    Cast,
    GuestThings,
    Person,
    Things,
    build_cast,
    claim_and_keep,
    empty,
    new_phone,
    submit_as_guest,
)
from tests.access.seeing import Seen, missing
from tests.access.seeing import seen as as_seen
from tests.support import SAFE, GraphClient, SignedIn, hair_test, order
from traya_gql.app import now
from traya_gql.documents import assignments
from traya_gql.domain.roles import Role
from traya_gql.schema.common import NodeType, read_node_id

SIGNED_IN = [person for person in Person if person not in GUESTS]
# whoever may be assigned to customers: they cost one lookup more, whatever is asked
LOOKED_UP = {Person.COACH, Person.DOCTOR, Person.FORMER_DOCTOR, *TREATING}
DOCTORS = {Person.DOCTOR, Person.TREATING_DOCTOR, Person.FORMER_DOCTOR}
SEE_ANYBODYS = {
    NodeType.HAIR_TEST: set[Person](),
    NodeType.SCALP_PHOTO: set[Person](),
    NodeType.ORDER: {Person.SUPPORT},
    NodeType.CUSTOMER: {Person.SUPPORT, Person.ADMIN},
}
NOT_FOR = [(type_, person) for type_, seers in SEE_ANYBODYS.items() for person in Person if person not in seers]

BELOW = """id ... on ScalpPhoto { state url { url } }
  ... on HairTest { person { phone } photos { id } report { hairTest { id } safetyFindings { code } causes { score } } }
  ... on Order { phone report { hairTest { id } safetyFindings { code } causes { score } } }
  ... on Customer { phone reports { nodes { hairTest { id } } } hairTests { nodes { id } } orders { nodes { id } } }"""
NODE = f"query ($id: ID!) {{ node(id: $id) {{ {BELOW} }} }}"
NODES = f"query ($id: ID!, $own: ID!) {{ nodes(ids: [$own, $id, $own]) {{ {BELOW} }} }}"
SIGN_OUT = "mutation ($id: ID) { signOut(id: $id) { isSignedOut userErrors { code path message } } }"
DELETE_ADDRESS = "mutation ($id: ID!) { deleteAddress(id: $id) { addresses { id } userErrors { code path message } } }"
UPDATE_ADDRESS = """mutation ($id: ID!, $input: UpdateAddressInput!) {
  updateAddress(id: $id, input: $input) { addresses { id } userErrors { code path message } }
}"""
REPORT = """query ($key: String!) {
  report(publicId: $key) {
    hairTest { id } safetyFindings { code } hypothesis { code } primaryCause confidence inputsHash
    kit { isWhole excluded { finding } items { reason } } causes { score level answersThatRaisedIt cause }
  }
}"""
CLEAR = """mutation ($input: ClearSafetyFindingInput!) {
  clearSafetyFinding(input: $input) { report { id } userErrors { code message path } }
}"""
PHOTO = "query ($id: ID!) { scalpPhoto(id: $id) { id state } }"
COMPLETE_PHOTO = """mutation ($input: CompleteScalpPhotoUploadInput!) {
  completeScalpPhotoUpload(input: $input) { photo { id } userErrors { code path message } }
}"""
DELETE_PHOTO = """mutation ($input: DeleteScalpPhotoInput!) {
  deleteScalpPhoto(input: $input) { photo { id } userErrors { code path message } }
}"""
CUSTOMER = "query ($phone: String!) { customer(phone: $phone) { id name } }"


class World(NamedTuple):
    """The cast, and two whom none of them has to do with: a customer, and a guest whose things nobody has claimed."""

    cast: Cast
    stranger: Things
    strangers_bearer: str
    guest: GuestThings

    def foreign(self, type_: NodeType) -> list[str]:
        """Return the ids of somebody else's objects of a type: of a customer's, and of a guest's if guests have any."""
        return {
            NodeType.HAIR_TEST: [self.stranger.hair_test_id, self.guest.hair_test_id],
            NodeType.SCALP_PHOTO: [self.stranger.photo_id, self.guest.photo_id],
            NodeType.ORDER: [self.stranger.order_id, self.guest.order_id],
            NodeType.CUSTOMER: [self.stranger.customer_id],
            NodeType.REPORT: [self.stranger.report_id, self.guest.report_id],
            NodeType.SESSION: [self.stranger.session_id],
            NodeType.ADDRESS: [self.stranger.address_id],
        }[type_]


@pytest.fixture(scope="module")
async def world(started: tuple[Starlette, GraphClient]) -> World:
    app, client = started
    await empty(app)
    cast = await build_cast(app, client)
    phone = new_phone()
    left = await submit_as_guest(client, phone)
    signed_in: SignedIn = await client.sign_in(phone)
    stranger = await claim_and_keep(client, signed_in, phone, left)
    return World(cast, stranger, signed_in.access_token, await submit_as_guest(client, new_phone()))


async def seen(cast: Cast, person: Person, query: str, **variables: Any) -> Seen:
    return await as_seen(cast.client, cast.bearers[person], query, **variables)


# --- reading ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("type_", "person"), NOT_FOR)
async def test_a_foreign_object_reads_like_a_missing_one(world: World, type_: NodeType, person: Person) -> None:
    absent = await seen(world.cast, person, NODE, id=missing(type_))

    there = [await seen(world.cast, person, NODE, id=id_) for id_ in world.foreign(type_)]

    assert absent.body == b'{"data":{"node":null}}'
    assert absent.commands == {"find": 2 if person in LOOKED_UP else 1}
    assert there == [absent] * len(there)


@pytest.mark.parametrize(("type_", "person"), NOT_FOR)
async def test_so_it_does_in_the_company_of_others(world: World, type_: NodeType, person: Person) -> None:
    own = world.cast.customer_ids.get(person, world.cast.owner.report_id)
    absent = await seen(world.cast, person, NODES, id=missing(type_), own=own)

    there = [await seen(world.cast, person, NODES, id=id_, own=own) for id_ in world.foreign(type_)]

    assert b'"nodes":[{"id":' in absent.body
    assert b"},null,{" in absent.body
    assert there == [absent] * len(there)


@pytest.mark.parametrize("type_", SEE_ANYBODYS)
async def test_who_sees_anybodys_is_not_among_them(world: World, type_: NodeType) -> None:
    for person in SEE_ANYBODYS[type_]:
        for id_ in world.foreign(type_):
            assert (await world.cast.data(person, NODE, id=id_))["node"]["id"] == id_


@pytest.mark.parametrize("person", Person)
async def test_a_report_does_not_tell_whether_it_belongs_to_somebody(world: World, person: Person) -> None:
    claimed = await seen(world.cast, person, REPORT, key=world.stranger.public_id)

    unclaimed = await seen(world.cast, person, REPORT, key=world.guest.public_id)

    assert (
        b'"hairTest":null,"safetyFindings":null,"hypothesis":null,"primaryCause":null,"confidence":null,'
        b'"inputsHash":null,"kit":{"isWhole":false,"excluded":null,"items":[{"reason":' in claimed.body
    )
    assert b'"causes":[{"score":null,"level":null,"answersThatRaisedIt":null,"cause":"GENETIC"}' in claimed.body
    assert claimed.commands == {"find": 2 if person in LOOKED_UP else 1}
    assert unclaimed == claimed


@pytest.mark.parametrize("person", [person for person in Person if person not in SEE_ANYBODYS[NodeType.CUSTOMER]])
async def test_a_denial_does_not_tell_whether_anybody_has_a_phone(world: World, person: Person) -> None:
    unknown = await seen(world.cast, person, CUSTOMER, phone=new_phone())

    known = [
        await seen(world.cast, person, CUSTOMER, phone=phone)
        for phone in (world.stranger.phone, world.cast.owner.phone, world.cast.phone(person))
    ]

    assert unknown.commands == {}
    assert known == [unknown] * len(known)


async def test_lists_of_the_viewer_hold_nothing_of_others(world: World) -> None:
    query = """{ viewer {
      customer { id } hairTests { nodes { id } } reports { nodes { id } } orders { nodes { id } }
      addresses { id } sessions { nodes { id } } guestRecords { claimId }
    } }"""
    strangers = {*world.stranger, *world.guest}

    answers = {person: str(await world.cast.data(person, query)) for person in SIGNED_IN}

    assert {person for person, text in answers.items() for id_ in strangers if id_ in text} == set()
    own = world.cast.owner
    assert {person for person, text in answers.items() for id_ in {*own} if id_ in text} == {Person.OWNER}


# --- changing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", Person)
async def test_nobody_ends_or_finds_a_session_of_others(world: World, person: Person) -> None:
    absent = await seen(world.cast, person, SIGN_OUT, id=missing(NodeType.SESSION))

    there = [await seen(world.cast, person, SIGN_OUT, id=id_) for id_ in world.foreign(NodeType.SESSION)]

    assert there == [absent] * len(there)
    assert (b"SESSION_NOT_FOUND" if person in SIGNED_IN else b"UNAUTHENTICATED") in absent.body
    assert await world.cast.client.data("{ viewer { roles } }", bearer=world.strangers_bearer)


@pytest.mark.parametrize("person", Person)
@pytest.mark.parametrize("query", [UPDATE_ADDRESS, DELETE_ADDRESS], ids=["update", "delete"])
async def test_nobody_changes_or_finds_an_address_of_others(world: World, person: Person, query: str) -> None:
    given = {"input": {"isDefault": True}} if "$input" in query else {}
    absent = await seen(world.cast, person, query, id=missing(NodeType.ADDRESS), **given)

    there = [await seen(world.cast, person, query, id=id_, **given) for id_ in world.foreign(NodeType.ADDRESS)]

    assert there == [absent] * len(there)
    assert (b"ADDRESS_NOT_FOUND" if person in SIGNED_IN else b"UNAUTHENTICATED") in absent.body
    kept = await world.cast.client.data("{ viewer { addresses { id } } }", bearer=world.strangers_bearer)
    assert kept["viewer"]["addresses"] == [{"id": world.stranger.address_id}]


@pytest.mark.parametrize("person", Person)
@pytest.mark.parametrize("type_", [NodeType.HAIR_TEST, NodeType.ORDER])
async def test_nobody_claims_or_finds_what_others_left(world: World, person: Person, type_: NodeType) -> None:
    absent = await seen(world.cast, person, CLAIM, input={"ids": [missing(type_)]})

    there = [await seen(world.cast, person, CLAIM, input={"ids": [id_]}) for id_ in world.foreign(type_)]

    assert there == [absent] * len(there)
    assert (b"GUEST_RECORD_NOT_FOUND" if person in SIGNED_IN else b"UNAUTHENTICATED") in absent.body


@pytest.mark.parametrize("type_", [NodeType.HAIR_TEST, NodeType.ORDER])
async def test_what_is_claimed_beside_something_foreign_stays_unclaimed(world: World, type_: NodeType) -> None:
    query = "{ viewer { guestRecords { claimId } } }"
    before = await world.cast.data(Person.OWNER, query)
    [mine] = [record["claimId"] for record in before["viewer"]["guestRecords"]]
    absent = await seen(world.cast, Person.OWNER, CLAIM, input={"ids": [mine, missing(type_)]})

    there = [await seen(world.cast, Person.OWNER, CLAIM, input={"ids": [mine, id_]}) for id_ in world.foreign(type_)]

    assert there == [absent] * len(there)
    assert b'"path":["input","ids","1"]' in absent.body
    assert await world.cast.data(Person.OWNER, query) == before


@pytest.mark.parametrize("person", Person)
async def test_nobody_finds_completes_or_deletes_a_photo_of_others(world: World, person: Person) -> None:
    for query in (PHOTO, COMPLETE_PHOTO, DELETE_PHOTO):

        def asked(id_: str, query: str = query) -> dict[str, Any]:
            return {"id": id_} if query is PHOTO else {"input": {"photoId": id_}}

        absent = await seen(world.cast, person, query, **asked(missing(NodeType.SCALP_PHOTO)))

        there = [await seen(world.cast, person, query, **asked(id_)) for id_ in world.foreign(NodeType.SCALP_PHOTO)]

        assert (b'"scalpPhoto":null' if query is PHOTO else b"PHOTO_NOT_FOUND") in absent.body
        assert absent.commands == {"find": 1}
        assert there == [absent] * len(there)


@pytest.mark.parametrize("person", [Person.ANONYMOUS, Person.PHOTO_TOKEN, Person.OWNER, Person.TREATING_DOCTOR])
async def test_a_hair_test_that_names_a_photo_of_others_is_refused_as_if_there_were_none(
    world: World, person: Person
) -> None:
    def naming(id_: str) -> dict[str, Any]:
        return {**hair_test(phone=world.cast.phone(person), **HELD_BACK), "scalpPhotos": [{"id": id_}]}

    absent = await seen(world.cast, person, SUBMIT, input=naming(missing(NodeType.SCALP_PHOTO)))

    there = [await seen(world.cast, person, SUBMIT, input=naming(id_)) for id_ in world.foreign(NodeType.SCALP_PHOTO)]

    assert b"PHOTO_NOT_FOUND" in absent.body
    assert there == [absent] * len(there)


def clearance(report_id: str, **changes: Any) -> dict[str, Any]:
    typed = {
        "finding": "G08_CARDIO",
        "reason": "The pressure is well controlled.",
        "expiresAt": (now() + timedelta(days=1)).isoformat(),
    }
    return {"reportId": report_id, **typed, **changes}


@pytest.mark.parametrize("finding", ["G08_CARDIO", "G00_SAFETY_UNANSWERED"])
@pytest.mark.parametrize("person", Person)
async def test_nobody_clears_or_finds_a_report_of_whom_they_do_not_treat(
    world: World, started: tuple[Starlette, GraphClient], person: Person, finding: str
) -> None:
    typed = clearance(missing(NodeType.REPORT), finding=finding)
    absent = await seen(world.cast, person, CLEAR, input=typed)
    others = world.foreign(NodeType.REPORT)
    others += [] if person is Person.TREATING_DOCTOR else [world.cast.owner.report_id]
    # ids of what is there, but no report; and what is no id
    others += [world.stranger.hair_test_id, world.stranger.order_id, world.stranger.public_id, "", "x" * 1000]

    there = [await seen(world.cast, person, CLEAR, input={**typed, "reportId": id_}) for id_ in others]

    assert there == [absent] * len(there)
    if person in DOCTORS:
        assert b'"report":null,"userErrors":[{"code":"REPORT_NOT_FOUND"' in absent.body
        # the limit of clearances counts what is not there, too
        assert absent.commands == {"findAndModify": 1, "find": 2, "abortTransaction": 1}
    else:
        assert (b"FORBIDDEN" if person in SIGNED_IN else b"UNAUTHENTICATED") in absent.body
        assert absent.commands == {}
    reports = started[0].state.storage.database.reports
    assert await reports.count_documents({"clearances": {"$nin": [[], None]}}) == 0


async def test_a_doctors_own_report_looks_missing_to_them_even_if_they_were_assigned_to_themselves(
    world: World, started: tuple[Starlette, GraphClient]
) -> None:
    phone = new_phone()
    await world.cast.invite(phone, Role.DOCTOR)
    doctor = await world.cast.client.sign_in(phone)
    made = await world.cast.client.data(SUBMIT, bearer=doctor.access_token, input=hair_test(phone=phone, **HELD_BACK))
    own_id = made["submitHairTest"]["report"]["id"]
    me = UUID(hex=read_node_id(doctor.customer_id).key)
    # nobody can do this through the graph
    await assignments.add(id_=uuid4(), customer_id=me, staff_id=me, assigned_by=me, at=now())

    absent, own = [
        await as_seen(world.cast.client, doctor.access_token, CLEAR, input=clearance(id_))
        for id_ in (missing(NodeType.REPORT), own_id)
    ]

    assert b"REPORT_NOT_FOUND" in absent.body
    assert own == absent
    reports = started[0].state.storage.database.reports
    assert await reports.count_documents({"clearances": {"$nin": [[], None]}}) == 0


async def test_who_treats_somebody_learns_which_of_their_findings_no_doctor_can_lift(world: World) -> None:
    """So that the one before says something: this doctor is told more."""
    typed = clearance(world.cast.owner.report_id, finding="G00_SAFETY_UNANSWERED")

    refused = await seen(world.cast, Person.TREATING_DOCTOR, CLEAR, input=typed)

    assert b"FINDING_NOT_CLEARABLE" in refused.body


@pytest.mark.parametrize("person", Person)
async def test_who_may_not_manage_staff_learns_of_nobody(world: World, person: Person) -> None:
    customer, doctor = world.stranger.customer_id, world.cast.bystanders["doctor"].customer_id
    nobody = missing(NodeType.CUSTOMER)
    pairs = [{"customerId": one, "staffId": two} for one in (customer, nobody) for two in (doctor, nobody)]

    if person not in {Person.SUPPORT, Person.ADMIN}:
        for query in (ASSIGN, UNASSIGN):
            denials = [await seen(world.cast, person, query, input=pair) for pair in pairs]
            assert denials == [denials[0]] * len(denials)
            assert denials[0].commands == {}
    if person is not Person.ADMIN:
        denials = [
            await seen(world.cast, person, SET_ROLES, input={"customerId": one, "roles": []})
            for one in (customer, doctor, world.cast.customer_ids.get(person, nobody), nobody)
        ]
        assert denials == [denials[0]] * len(denials)
        assert denials[0].commands == {}


@pytest.mark.parametrize("person", [Person.SUPPORT, Person.ADMIN])
async def test_who_is_not_treating_staff_looks_like_nobody_to_who_assigns(world: World, person: Person) -> None:
    async def assigned(staff_id: str) -> Seen:
        pair = {"customerId": world.cast.owner.customer_id, "staffId": staff_id}
        return await seen(world.cast, person, ASSIGN, input=pair)

    absent = await assigned(missing(NodeType.CUSTOMER))

    assert b"NOT_TREATING_STAFF" in absent.body
    assert await assigned(world.stranger.customer_id) == absent
    assert await assigned(world.cast.customer_ids[Person.DEMOTED_DOCTOR]) == absent


# --- one part of a request never opens another --------------------------------------------------------------------


@pytest.mark.parametrize("turn", [1, -1])
async def test_a_token_in_one_part_of_a_query_opens_that_part_alone(world: World, turn: int) -> None:
    opened = "opened: report(publicId: $key, accessToken: $token) { hairTest { id report { hairTest { id } } } }"
    order_opened = "orderOpened: order(accessToken: $orderToken) { id report { hairTest { id } } }"
    closed = """
      link: report(publicId: $key) { hairTest { id } safetyFindings { code } causes { score } }
      report: node(id: $report) { ... on Report { hairTest { id } safetyFindings { code } causes { score } } }
      test: node(id: $test) { id }
      photo: node(id: $photo) { id }
      scalpPhoto(id: $photo) { id }
      order: node(id: $order) { id }"""
    photo_opened = "photoOpened: scalpPhoto(id: $photo, accessToken: $photoToken) { id }"
    parts = [opened, order_opened, photo_opened, closed][::turn]
    query = f"""query (
      $key: String!, $token: String!, $orderToken: String!, $photoToken: String!,
      $report: ID!, $test: ID!, $photo: ID!, $order: ID!
    ) {{
      {" ".join(parts)}
    }}"""
    left = world.guest

    got = await world.cast.data(
        Person.ANONYMOUS,
        query,
        key=left.public_id,
        token=left.report_token,
        orderToken=left.order_token,
        photoToken=left.photo_token,
        report=left.report_id,
        test=left.hair_test_id,
        photo=left.photo_id,
        order=left.order_id,
    )

    test = {"id": left.hair_test_id}
    assert got["opened"] == {"hairTest": {**test, "report": {"hairTest": test}}}
    assert got["orderOpened"] == {"id": left.order_id, "report": {"hairTest": None}}
    for one in (got["link"], got["report"]):
        assert (one["hairTest"], one["safetyFindings"]) == (None, None)
        assert {cause["score"] for cause in one["causes"]} == {None}
    assert got["photoOpened"] == {"id": left.photo_id}
    assert (got["test"], got["photo"], got["scalpPhoto"], got["order"]) == (None, None, None, None)


async def test_what_a_mutation_opens_stays_in_its_answer(world: World) -> None:
    query = """mutation ($test: SubmitHairTestInput!, $order: PlaceOrderInput!) {
      submitHairTest(input: $test) { report { hairTest { id } } }
      placeOrder(input: $order) { order { id report { hairTest { id } safetyFindings { code } } } }
    }"""

    wanted = order(world.guest.public_id)
    wanted |= await world.cast.client.told(wanted)

    got = await world.cast.data(Person.ANONYMOUS, query, test=hair_test(phone=new_phone()), order=wanted)

    assert got["submitHairTest"]["report"]["hairTest"] is not None
    assert got["placeOrder"]["order"]["report"] == {"hairTest": None, "safetyFindings": None}


async def test_signing_in_signs_in_nothing_else_of_the_request(world: World) -> None:
    challenge, code = await world.cast.client.request_code(new_phone())
    query = """mutation ($code: VerifyOtpInput!) {
      verifyOtp(input: $code) { accessToken }
      updateProfile(input: { name: "Asha Rao" }) { customer { id } }
    }"""

    assert await world.cast.client.code(query, code={"challenge": challenge, "code": code}) == "UNAUTHENTICATED"


@pytest.mark.parametrize("person", [Person.OWNER, Person.TREATING_COACH, Person.TREATING_DOCTOR, Person.SUPPORT])
async def test_an_order_from_somebody_elses_report_opens_nothing_private_of_it(world: World, person: Person) -> None:
    typed = order(world.stranger.public_id, phone=world.cast.owner.phone)
    placed = await world.cast.data(Person.OWNER, PLACE, input=typed)
    query = """query ($id: ID!) { node(id: $id) {
      ... on Order { report { publicId hairTest { id } safetyFindings { code } causes { score } } }
    } }"""

    got = await world.cast.data(person, query, id=placed["placeOrder"]["order"]["id"])

    report = got["node"]["report"]
    if person is Person.SUPPORT:
        assert report is None
        return
    assert report["publicId"] == world.stranger.public_id
    assert (report["hairTest"], report["safetyFindings"]) == (None, None)
    assert {cause["score"] for cause in report["causes"]} == {None}


@pytest.mark.parametrize("person", Person)
async def test_only_the_owner_and_the_reports_token_are_told_what_holds_a_product_back(
    world: World, person: Person
) -> None:
    query = """mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
      order { id } userErrors { code message ... on SafetyBlockError { findings { code } } }
    } }"""
    held_back = await world.cast.client.data('{ product(slug: "minoxidil-5-solution") { id } }')
    typed = order(world.cast.owner.public_id, lines=[{"productId": held_back["product"]["id"]}])

    payload = (await world.cast.data(person, query, input=typed))["placeOrder"]

    assert payload["order"] is None
    [error] = payload["userErrors"]
    if person in {Person.OWNER, Person.REPORT_TOKEN}:
        assert error["code"] == "SAFETY_BLOCK"
        assert [finding["code"] for finding in error["findings"]] == ["G08_CARDIO", "G16_PRESCRIPTION"]
    else:
        assert error == {
            "code": "REPORT_ACCESS_REQUIRED",
            "message": (
                "Minoxidil 5% Topical Solution does not suit everybody. Only the person of the report can order it: "
                "sign in as the report's owner, or send `reportAccessToken`."
            ),
        }


async def test_who_orders_by_link_learns_one_bit_and_only_when_nothing_else_is_wrong(world: World) -> None:
    client = world.cast.client
    query = """mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
      order { id } userErrors { code message path ... on SafetyBlockError { findings { code } } }
    } }"""
    ids = {
        slug: (await client.data("query ($slug: String!) { product(slug: $slug) { id } }", slug=slug))["product"]["id"]
        for slug in ("early-stage-hair-growth-oil", "stress-defense-shampoo", "minoxidil-5-solution")
    }
    oil, shampoo, drug = [{"productId": id_} for id_ in ids.values()]
    allergic = (await client.data(SUBMIT, input=hair_test(**SAFE | {"hasOtherAllergy": True})))["submitHairTest"]
    well = (await client.data(SUBMIT, input=hair_test(**SAFE)))["submitHairTest"]

    async def refused(submitted: dict[str, Any], **changes: Any) -> Seen:
        typed = order(submitted["report"]["publicId"], phone=new_phone(), **changes)
        # the price tells nothing, and the order only when it fits
        told = await client.told(typed)
        return await as_seen(client, None, query, input={**typed, **told})

    for lines in ([oil, drug], [drug], [oil, {"productId": missing(NodeType.PRODUCT)}]):
        assert await refused(allergic, lines=lines) == await refused(well, lines=lines)
    said = [await refused(allergic, lines=lines) for lines in ([oil, shampoo], [oil], [shampoo])]
    assert said == [await refused(allergic)] * 3
    assert json.loads(said[0].body)["data"]["placeOrder"] == {
        "order": None,
        "userErrors": [
            {
                "code": "SAFETY_BLOCK",
                "message": "This order cannot be placed with this report, for safety. Please talk to a doctor first.",
                "path": ["input", "lines"],
                "findings": [],
            }
        ],
    }


# --- rights that were taken away ----------------------------------------------------------------------------------


async def test_the_token_of_before_a_change_of_roles_is_dead(world: World) -> None:
    [dead] = world.cast.dead_bearers

    for query in ("{ viewer { roles } }", "query ($id: ID!) { node(id: $id) { id } }"):
        assert await world.cast.client.code(query, bearer=dead, id=world.cast.owner.hair_test_id) == "UNAUTHENTICATED"


async def test_a_dead_token_submits_for_nobody(world: World) -> None:
    [dead] = world.cast.dead_bearers

    assert await world.cast.client.code(SUBMIT, bearer=dead, input=hair_test()) == "UNAUTHENTICATED"
