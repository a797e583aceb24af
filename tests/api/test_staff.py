"""Staff: who has which role, who treats whom, and that both hold at once."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.applications import Starlette

from tests.support import GraphClient, SignedIn, hair_test
from traya_gql.domain.roles import STAFF_ROLES, Role
from traya_gql.schema.common import NodeType, node_id, read_node_id
from traya_gql.services.staff import Staff

ADMIN, SUPPORT, DOCTOR, ASHA, NEW = (f"900000000{number}" for number in range(5))

_STAFF = "staff { id phone roles isPhoneVerified } userErrors { code path }"
INVITE = f"mutation ($input: InviteStaffInput!) {{ inviteStaff(input: $input) {{ {_STAFF} }} }}"
SET_ROLES = f"mutation ($input: SetRolesInput!) {{ setRoles(input: $input) {{ {_STAFF} }} }}"
ASSIGN = """mutation ($input: AssignStaffInput!) {
  assignStaff(input: $input) { customer { id } staff { id } userErrors { code path } }
}"""
UNASSIGN = """mutation ($input: UnassignStaffInput!) {
  unassignStaff(input: $input) { customer { id } staff { id } userErrors { code path } }
}"""
REFRESH = """mutation ($input: RefreshSessionInput!) {
  refreshSession(input: $input) { accessToken customer { roles } userErrors { code } }
}"""
STAFF = """query ($role: Role, $first: Int! = 20, $after: String) {
  staff(role: $role, first: $first, after: $after) { nodes { id phone roles } pageInfo { hasNextPage endCursor } }
}"""
CUSTOMER = "query ($phone: String!) { customer(phone: $phone) { id phone hairTests { nodes { id } } } }"
ROLES = "{ viewer { roles } }"
READ = """query ($id: ID!, $test: ID!, $publicId: String!) {
  node(id: $id) { id ... on Customer { hairTests { nodes { person { name } } } } }
  test: node(id: $test) { id }
  report(publicId: $publicId) { firstName safetyFindings { code } }
}"""


@pytest.fixture
def staff(started: tuple[Starlette, GraphClient], client: GraphClient) -> Staff:
    """The room of the services, as the command line calls it."""
    services: Staff = started[0].state.services.staff
    return services


@pytest.fixture
async def admin(client: GraphClient, staff: Staff) -> SignedIn:
    await staff.invite(ADMIN, [Role.ADMIN], by=None)
    return await client.sign_in(ADMIN)


@pytest.fixture
async def doctor(client: GraphClient, staff: Staff) -> SignedIn:
    await staff.invite(DOCTOR, [Role.DOCTOR], by=None)
    return await client.sign_in(DOCTOR)


@pytest.fixture
async def asha(client: GraphClient) -> SignedIn:
    return await client.sign_in(ASHA)


async def payload(client: GraphClient, query: str, who: SignedIn, **typed: Any) -> dict[str, Any]:
    [answer] = (await client.data(query, bearer=who.access_token, input=typed)).values()
    assert isinstance(answer, dict)
    return answer


async def done(client: GraphClient, query: str, who: SignedIn, **typed: Any) -> dict[str, Any]:
    answer = await payload(client, query, who, **typed)
    assert answer.pop("userErrors") == []
    return answer


async def refused(client: GraphClient, query: str, who: SignedIn, **typed: Any) -> list[tuple[str, list[str]]]:
    """Return codes and paths of a mutation that made nothing."""
    answer = await payload(client, query, who, **typed)
    errors = answer.pop("userErrors")
    assert set(answer.values()) == {None}
    return [(error["code"], error["path"]) for error in errors]


async def refreshed(client: GraphClient, who: SignedIn) -> tuple[str, list[str]]:
    """Return the next access token of somebody, and the roles it has."""
    answer = (await client.data(REFRESH, input={"refreshToken": who.refresh_token}))["refreshSession"]
    assert answer["userErrors"] == []
    shown = (await client.data(ROLES, bearer=answer["accessToken"]))["viewer"]["roles"]
    assert shown == answer["customer"]["roles"]
    return answer["accessToken"], shown


def key_of(id_: str) -> UUID:
    return UUID(hex=read_node_id(id_).key)


def missing_customer() -> str:
    return str(node_id(NodeType.CUSTOMER, uuid4()))


# --- inviting ---------------------------------------------------------------------------------------------------------


async def test_who_is_invited_has_their_roles_when_they_first_sign_in(client: GraphClient, admin: SignedIn) -> None:
    invited = await done(client, INVITE, admin, phone="+91 90000 00004", roles=["SUPPORT", "COACH", "COACH"])

    signed_in = await client.sign_in(NEW)

    assert invited["staff"] == {
        "id": signed_in.customer_id,
        "phone": "+919000000004",
        "roles": ["CUSTOMER", "COACH", "SUPPORT"],
        "isPhoneVerified": False,
    }
    shown = await client.data("{ viewer { roles customer { isPhoneVerified roles } } }", bearer=signed_in.access_token)
    assert shown["viewer"] == {
        "roles": ["CUSTOMER", "COACH", "SUPPORT"],
        "customer": {"isPhoneVerified": True, "roles": ["CUSTOMER", "COACH", "SUPPORT"]},
    }


async def test_a_customer_who_is_invited_keeps_what_they_have(
    client: GraphClient, admin: SignedIn, asha: SignedIn
) -> None:
    await client.data(
        'mutation { updateProfile(input: { name: "Asha Rao" }) { userErrors { code } } }', bearer=asha.access_token
    )
    first = await done(client, INVITE, admin, phone=ASHA, roles=["FINANCE"])
    second = await done(client, INVITE, admin, phone=ASHA, roles=["COACH"])

    assert first["staff"]["roles"] == ["CUSTOMER", "FINANCE"]
    assert second["staff"] == {
        "id": asha.customer_id,
        "phone": f"+91{ASHA}",
        "roles": ["CUSTOMER", "COACH", "FINANCE"],
        "isPhoneVerified": True,
    }
    token, roles = await refreshed(client, asha)
    assert roles == ["CUSTOMER", "COACH", "FINANCE"]
    shown = await client.data("{ viewer { customer { name } } }", bearer=token)
    assert shown["viewer"]["customer"] == {"name": "Asha Rao"}


async def test_an_invitation_that_breaks_rules_changes_nothing(
    client: GraphClient, admin: SignedIn, database: Any
) -> None:
    before = await database.customers.find().to_list()

    cases: list[tuple[str, list[str], list[tuple[str, list[str]]]]] = [
        ("12345", ["COACH"], [("INVALID_PHONE", ["input", "phone"])]),
        (NEW, [], [("REQUIRED", ["input", "roles"])]),
        (NEW, ["COACH", "CUSTOMER"], [("OUT_OF_RANGE", ["input", "roles", "1"])]),
        ("", ["CUSTOMER"], [("INVALID_PHONE", ["input", "phone"]), ("OUT_OF_RANGE", ["input", "roles", "0"])]),
        (ADMIN, ["DOCTOR"], [("OWN_ACCOUNT", ["input", "phone"])]),
        (f"+91 {ADMIN}", ["ADMIN"], [("OWN_ACCOUNT", ["input", "phone"])]),
    ]
    for phone, roles, expected in cases:
        assert await refused(client, INVITE, admin, phone=phone, roles=roles) == expected, (phone, roles)

    assert await database.customers.find().to_list() == before
    assert (await client.data(ROLES, bearer=admin.access_token))["viewer"]["roles"] == ["CUSTOMER", "ADMIN"]


async def test_concurrent_invitations_of_a_new_phone_make_one_customer_with_all_roles(
    client: GraphClient, admin: SignedIn, database: Any
) -> None:
    roles = sorted(STAFF_ROLES)

    for number in range(3):
        phone = f"800000000{number}"
        answers = await asyncio.gather(*(payload(client, INVITE, admin, phone=phone, roles=[role]) for role in roles))

        assert [answer["userErrors"] for answer in answers] == [[]] * len(roles)
        [customer] = await database.customers.find({"phone": f"+91{phone}"}).to_list()
        assert customer["roles"] == roles
        assert {key_of(answer["staff"]["id"]) for answer in answers} == {customer["_id"]}


async def test_an_invitation_and_a_first_sign_in_at_once_make_one_customer(
    client: GraphClient, admin: SignedIn, database: Any
) -> None:
    for number in range(5):
        phone = f"800000001{number}"
        answer, signed_in = await asyncio.gather(
            payload(client, INVITE, admin, phone=phone, roles=["COACH"]), client.sign_in(phone)
        )

        assert answer["userErrors"] == []
        [customer] = await database.customers.find({"phone": f"+91{phone}"}).to_list()
        assert customer["_id"] == key_of(answer["staff"]["id"]) == key_of(signed_in.customer_id)
        assert customer["roles"] == ["COACH"]
        assert customer["verified_at"] is not None


# --- roles ------------------------------------------------------------------------------------------------------------


async def test_roles_are_replaced_and_hold_with_the_next_token(
    client: GraphClient, admin: SignedIn, asha: SignedIn
) -> None:
    given = await done(client, SET_ROLES, admin, customerId=asha.customer_id, roles=["SUPPORT", "COACH"])

    assert given["staff"]["roles"] == ["CUSTOMER", "COACH", "SUPPORT"]
    assert await client.code(ROLES, bearer=asha.access_token) == "UNAUTHENTICATED"
    token, roles = await refreshed(client, asha)
    assert roles == ["CUSTOMER", "COACH", "SUPPORT"]
    assert (await client.data(STAFF, bearer=token))["staff"]["nodes"] != []

    taken = await done(client, SET_ROLES, admin, customerId=asha.customer_id, roles=[])

    assert taken["staff"]["roles"] == ["CUSTOMER"]
    assert await client.code(STAFF, bearer=token) == "UNAUTHENTICATED"
    token = (await client.sign_in(ASHA)).access_token
    assert await client.code(STAFF, bearer=token) == "FORBIDDEN"


async def test_nobody_sets_their_own_roles_or_those_of_nobody(
    client: GraphClient, admin: SignedIn, asha: SignedIn, database: Any
) -> None:
    before = await database.customers.find().to_list()
    none = [("CUSTOMER_NOT_FOUND", ["input", "customerId"])]
    own = [("OWN_ACCOUNT", ["input", "customerId"])]

    assert await refused(client, SET_ROLES, admin, customerId=admin.customer_id, roles=[]) == own
    assert await refused(client, SET_ROLES, admin, customerId=admin.customer_id, roles=["ADMIN", "DOCTOR"]) == own
    assert await refused(client, SET_ROLES, admin, customerId=asha.customer_id, roles=["COACH", "CUSTOMER"]) == [
        ("OUT_OF_RANGE", ["input", "roles", "1"])
    ]
    for id_ in (missing_customer(), "garbage", "", node_id(NodeType.PRODUCT, key_of(asha.customer_id))):
        assert await refused(client, SET_ROLES, admin, customerId=id_, roles=["COACH"]) == none, id_

    assert await database.customers.find().to_list() == before


async def test_concurrent_changes_of_roles_leave_one_of_them_whole(
    client: GraphClient, admin: SignedIn, asha: SignedIn, database: Any
) -> None:
    sets = [["COACH"], ["DOCTOR", "SUPPORT"], [], ["ADMIN"]]

    answers = await asyncio.gather(
        *(payload(client, SET_ROLES, admin, customerId=asha.customer_id, roles=roles) for roles in sets * 3)
    )

    assert [answer["userErrors"] for answer in answers] == [[]] * 12
    customer = await database.customers.find_one({"_id": key_of(asha.customer_id)})
    assert customer["roles"] in sets
    assert customer["access_version"] == 13


async def test_an_admin_whose_role_is_taken_cannot_give_it_back(
    client: GraphClient, admin: SignedIn, staff: Staff
) -> None:
    await staff.invite(NEW, [Role.ADMIN], by=None)
    other = await client.sign_in(NEW)

    await done(client, SET_ROLES, admin, customerId=other.customer_id, roles=["SUPPORT"])
    token, _ = await refreshed(client, other)

    give_back: dict[str, Any] = {"input": {"customerId": other.customer_id, "roles": ["ADMIN"]}}
    assert await client.code(SET_ROLES, bearer=other.access_token, **give_back) == "UNAUTHENTICATED"
    assert await client.code(SET_ROLES, bearer=token, **give_back) == "FORBIDDEN"


# --- who treats whom --------------------------------------------------------------------------------------------------


async def submit(client: GraphClient, who: SignedIn) -> dict[str, Any]:
    made = await client.data(
        """mutation ($input: SubmitHairTestInput!) {
             submitHairTest(input: $input) { report { publicId hairTest { id } } userErrors { code } }
           }""",
        bearer=who.access_token,
        input=hair_test(),
    )
    report: dict[str, Any] = made["submitHairTest"]["report"]
    return report


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN])
async def test_a_doctor_reads_while_assigned_and_sees_null_at_once_after(
    client: GraphClient, staff: Staff, doctor: SignedIn, asha: SignedIn, role: Role
) -> None:
    await staff.invite(SUPPORT, [role], by=None)
    who = await client.sign_in(SUPPORT)
    report = await submit(client, asha)
    pair = {"customerId": asha.customer_id, "staffId": doctor.customer_id}

    async def read() -> dict[str, Any]:
        return await client.data(
            READ,
            bearer=doctor.access_token,
            id=asha.customer_id,
            test=report["hairTest"]["id"],
            publicId=report["publicId"],
        )

    closed = {"node": None, "test": None, "report": {"firstName": "Asha", "safetyFindings": None}}
    opened = {
        "node": {"id": asha.customer_id, "hairTests": {"nodes": [{"person": {"name": "Asha Rao"}}]}},
        "test": {"id": report["hairTest"]["id"]},
        "report": {"firstName": "Asha", "safetyFindings": [{"code": "G00_SAFETY_UNANSWERED"}]},
    }
    both = {"customer": {"id": asha.customer_id}, "staff": {"id": doctor.customer_id}}
    assert await read() == closed

    for _ in range(2):
        assert await done(client, ASSIGN, who, **pair) == both
        assert await read() == opened
    for _ in range(2):
        assert await done(client, UNASSIGN, who, **pair) == both
        assert await read() == closed


async def test_assigning_and_unassigning_twice_has_one_effect(
    client: GraphClient, admin: SignedIn, doctor: SignedIn, asha: SignedIn, database: Any
) -> None:
    pair = {"customerId": asha.customer_id, "staffId": doctor.customer_id}

    await asyncio.gather(*(done(client, ASSIGN, admin, **pair) for _ in range(10)))
    [assignment] = await database.assignments.find().to_list()
    await asyncio.gather(*(done(client, UNASSIGN, admin, **pair) for _ in range(10)))

    assert assignment["assigned_by"] == key_of(admin.customer_id)
    assert await database.assignments.count_documents({}) == 0


async def test_only_doctors_and_coaches_are_assigned(
    client: GraphClient, admin: SignedIn, asha: SignedIn, staff: Staff, database: Any
) -> None:
    for number, role in enumerate(sorted(STAFF_ROLES)):
        invited = await staff.invite(f"800000000{number}", [role], by=None)
        pair = {"customerId": asha.customer_id, "staffId": node_id(NodeType.CUSTOMER, invited.id)}

        answer = await payload(client, ASSIGN, admin, **pair)

        is_assigned = await database.assignments.count_documents({"staff_id": invited.id}) == 1
        assert is_assigned == (role in {Role.DOCTOR, Role.COACH}), role
        expected = [] if is_assigned else [{"code": "NOT_TREATING_STAFF", "path": ["input", "staffId"]}]
        assert answer["userErrors"] == expected, role


async def test_nobody_is_neither_treated_nor_treating(
    client: GraphClient, admin: SignedIn, doctor: SignedIn, asha: SignedIn, database: Any
) -> None:
    not_treating = [("NOT_TREATING_STAFF", ["input", "staffId"])]
    nobody = [("CUSTOMER_NOT_FOUND", ["input", "customerId"])]
    asha_id, doctor_id = asha.customer_id, doctor.customer_id

    for id_ in (asha_id, missing_customer(), "garbage", ""):
        assert await refused(client, ASSIGN, admin, customerId=doctor_id, staffId=id_) == not_treating, id_
    for id_ in (missing_customer(), "garbage", ""):
        for query in (ASSIGN, UNASSIGN):
            assert await refused(client, query, admin, customerId=id_, staffId=doctor_id) == nobody, id_
        assert await refused(client, UNASSIGN, admin, customerId=asha_id, staffId=id_) == not_treating, id_

    assert await database.assignments.count_documents({}) == 0


async def test_nobody_assigns_themselves(client: GraphClient, staff: Staff, asha: SignedIn, database: Any) -> None:
    await staff.invite(SUPPORT, [Role.SUPPORT, Role.DOCTOR, Role.ADMIN], by=None)
    who = await client.sign_in(SUPPORT)

    assert await refused(client, ASSIGN, who, customerId=asha.customer_id, staffId=who.customer_id) == [
        ("OWN_ACCOUNT", ["input", "staffId"])
    ]
    assert await database.assignments.count_documents({}) == 0


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN])
async def test_nobody_is_assigned_to_themselves_by_others_either(
    client: GraphClient, staff: Staff, doctor: SignedIn, database: Any, role: Role
) -> None:
    await staff.invite(SUPPORT, [role], by=None)
    who, asha = await client.sign_in(SUPPORT), await client.sign_in(ASHA)

    # said before it is asked whether they treat anybody at all
    for own in (doctor, asha, who):
        pair = {"customerId": own.customer_id, "staffId": own.customer_id}
        answer = await payload(client, ASSIGN.replace("code path", "code message path"), who, **pair)

        assert answer["customer"] is answer["staff"] is None
        assert answer["userErrors"] == [
            {
                "code": "OWN_ACCOUNT",
                "message": "Staff have no rights over themselves. Name somebody else, or ask somebody else to do it.",
                "path": ["input", "staffId"],
            }
        ]
    assert await database.assignments.count_documents({}) == 0


async def test_only_support_and_admin_assign_and_only_admin_gives_roles(
    client: GraphClient, staff: Staff, asha: SignedIn, doctor: SignedIn, database: Any
) -> None:
    pair: dict[str, Any] = {"input": {"customerId": asha.customer_id, "staffId": doctor.customer_id}}
    roles: dict[str, Any] = {"input": {"customerId": asha.customer_id, "roles": ["COACH"]}}
    invitation: dict[str, Any] = {"input": {"phone": NEW, "roles": ["COACH"]}}

    for number, role in enumerate(sorted(STAFF_ROLES - {Role.ADMIN})):
        await staff.invite(f"800000000{number}", [role], by=None)
        token = (await client.sign_in(f"800000000{number}")).access_token
        for query, variables in ((SET_ROLES, roles), (INVITE, invitation)):
            assert await client.code(query, bearer=token, **variables) == "FORBIDDEN", role
        for query in (ASSIGN, UNASSIGN):
            if role is not Role.SUPPORT:
                assert await client.code(query, bearer=token, **pair) == "FORBIDDEN", role
    for query, variables in ((SET_ROLES, roles), (INVITE, invitation), (ASSIGN, pair), (UNASSIGN, pair)):
        assert await client.code(query, bearer=asha.access_token, **variables) == "FORBIDDEN"
        assert await client.code(query, **variables) == "UNAUTHENTICATED"

    assert await database.assignments.count_documents({}) == 0
    assert await database.customers.count_documents({"phone": f"+91{NEW}"}) == 0


async def test_who_is_no_doctor_any_more_treats_nobody(
    client: GraphClient, admin: SignedIn, doctor: SignedIn, asha: SignedIn
) -> None:
    report = await submit(client, asha)
    await done(client, ASSIGN, admin, customerId=asha.customer_id, staffId=doctor.customer_id)

    await done(client, SET_ROLES, admin, customerId=doctor.customer_id, roles=["SUPPORT"])
    token, _ = await refreshed(client, doctor)

    shown = await client.data(
        READ, bearer=token, id=asha.customer_id, test=report["hairTest"]["id"], publicId=report["publicId"]
    )
    assert shown["node"] == {"id": asha.customer_id, "hairTests": None}
    assert shown["test"] is None
    assert shown["report"]["safetyFindings"] is None


# --- finding ----------------------------------------------------------------------------------------------------------


async def test_staff_are_listed_by_role_the_newest_first_and_customers_are_not(
    client: GraphClient, staff: Staff, admin: SignedIn, asha: SignedIn, database: Any
) -> None:
    coaches = [await staff.invite(f"80000000{number}", [Role.COACH], by=None) for number in range(10, 17)]
    both = await staff.invite("8000000099", [Role.SUPPORT, Role.COACH], by=None)
    # as when many are invited at once
    await database.customers.update_many({}, {"$set": {"created_at": coaches[0].created_at}})

    async def walk(role: str | None, first: int) -> list[UUID]:
        found, after = list[UUID](), None
        while True:
            page = (await client.data(STAFF, bearer=admin.access_token, role=role, first=first, after=after))["staff"]
            found += [key_of(node["id"]) for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    with_role = sorted([*(coach.id for coach in coaches), both.id], key=lambda id_: id_.bytes, reverse=True)
    everybody = sorted([*with_role, key_of(admin.customer_id)], key=lambda id_: id_.bytes, reverse=True)
    for first in (1, 3, 8, 100):
        assert await walk("COACH", first) == with_role
        assert await walk(None, first) == everybody
    assert await walk("SUPPORT", 20) == [both.id]
    assert await walk("FINANCE", 20) == await walk("CUSTOMER", 20) == []
    assert key_of(asha.customer_id) not in everybody


@pytest.mark.parametrize("variables", [{"first": 0}, {"first": 101}, {"after": "garbage"}, {"after": ""}])
async def test_a_page_of_staff_that_is_none_is_refused(
    client: GraphClient, admin: SignedIn, variables: dict[str, Any]
) -> None:
    assert await client.code(STAFF, bearer=admin.access_token, **variables) == "BAD_USER_INPUT"


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN])
async def test_a_customer_is_found_by_phone_without_their_health_data(
    client: GraphClient, staff: Staff, asha: SignedIn, role: Role
) -> None:
    await submit(client, asha)
    await staff.invite(SUPPORT, [role], by=None)
    token = (await client.sign_in(SUPPORT)).access_token

    async def find(phone: str) -> Any:
        return (await client.data(CUSTOMER, bearer=token, phone=phone))["customer"]

    expected = {"id": asha.customer_id, "phone": f"+91{ASHA}", "hairTests": None}
    assert await find(ASHA) == await find(f"0{ASHA}") == await find(f"+91 {ASHA[:5]}-{ASHA[5:]}") == expected
    assert await find("9999999999") is None
    for phone in ("", "12345", "x" * 100_000, '{"$ne": null}'):
        assert await client.code(CUSTOMER, bearer=token, phone=phone) == "BAD_USER_INPUT", phone[:20]


async def test_a_customer_finds_nobody(client: GraphClient, asha: SignedIn, doctor: SignedIn) -> None:
    for who in (asha, doctor):
        assert await client.code(CUSTOMER, bearer=who.access_token, phone=ASHA) == "FORBIDDEN"
        assert await client.code(STAFF, bearer=who.access_token) == "FORBIDDEN"


async def test_an_assignment_never_outlives_the_role_however_they_meet(
    client: GraphClient, started: tuple[Starlette, GraphClient], database: Any
) -> None:
    """Losing the role ends all assignments: also one that is made at the same moment."""
    staff = started[0].state.services.staff
    doctor = await staff.invite("9876500001", [Role.DOCTOR], by=None)
    asha = await client.sign_in("9876543210")
    customer_id = UUID(hex=read_node_id(asha.customer_id).key)

    for _ in range(15):
        await staff.set_roles(doctor.id, [Role.DOCTOR], by=uuid4())
        await asyncio.gather(
            staff.assign(customer_id=customer_id, staff_id=doctor.id, by=uuid4()),
            staff.set_roles(doctor.id, [], by=uuid4()),
            return_exceptions=True,
        )
        assert await database.assignments.count_documents({"staff_id": doctor.id}) == 0
