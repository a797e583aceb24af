"""Bad input around signing in and what is one's own: refused where it stands, never a fault, nothing written."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from starlette.applications import Starlette

from tests.api.bad_input import MALFORMED_IDS, NOTHING, codes, forged, nothing_written, packed, refused
from tests.support import GraphClient, SignedIn, address
from traya_gql.app import now
from traya_gql.domain.roles import Role

ERRORS = "userErrors { __typename code path message }"
UPDATE_PROFILE = (
    f"mutation ($input: UpdateProfileInput!) {{ updateProfile(input: $input) {{ customer {{ id }} {ERRORS} }} }}"
)
ADD_ADDRESS = f"mutation ($input: AddAddressInput!) {{ addAddress(input: $input) {{ addresses {{ id }} {ERRORS} }} }}"
UPDATE_ADDRESS = f"""mutation ($id: ID!, $input: UpdateAddressInput!) {{
  updateAddress(id: $id, input: $input) {{ addresses {{ id }} {ERRORS} }}
}}"""
DELETE_ADDRESS = f"mutation ($id: ID!) {{ deleteAddress(id: $id) {{ addresses {{ id }} {ERRORS} }} }}"
SIGN_OUT = f"mutation ($id: ID) {{ signOut(id: $id) {{ isSignedOut {ERRORS} }} }}"
CLAIM = f"mutation ($input: ClaimGuestRecordsInput!) {{ claimGuestRecords(input: $input) {{ claimedIds {ERRORS} }} }}"
INVITE = f"mutation ($input: InviteStaffInput!) {{ inviteStaff(input: $input) {{ staff {{ id }} {ERRORS} }} }}"
SET_ROLES = f"mutation ($input: SetRolesInput!) {{ setRoles(input: $input) {{ staff {{ id }} {ERRORS} }} }}"
ASSIGN = f"mutation ($input: AssignStaffInput!) {{ assignStaff(input: $input) {{ staff {{ id }} {ERRORS} }} }}"
UNASSIGN = ASSIGN.replace("AssignStaffInput", "UnassignStaffInput").replace("assignStaff(", "unassignStaff(")
REQUEST = f"mutation ($input: RequestOtpInput!) {{ requestOtp(input: $input) {{ challenge {ERRORS} }} }}"
VERIFY = f"mutation ($input: VerifyOtpInput!) {{ verifyOtp(input: $input) {{ accessToken refreshToken {ERRORS} }} }}"
REFRESH = f"mutation ($input: RefreshSessionInput!) {{ refreshSession(input: $input) {{ accessToken {ERRORS} }} }}"
CLEAR = f"""mutation ($input: ClearSafetyFindingInput!) {{
  clearSafetyFinding(input: $input) {{ report {{ id }} {ERRORS} }}
}}"""
HANG_S = 30
HUGE = 900_000
UNKNOWN = UUID(int=0x7F8BB7A03D5F4A339A1E2F1D3F0C9F11)


@pytest.fixture
async def admin(started: tuple[Starlette, GraphClient], client: GraphClient) -> SignedIn:
    """Somebody who may ask all of these."""
    await started[0].state.services.staff.invite("9876500009", [Role.ADMIN, Role.DOCTOR], by=None)
    signed_in = await client.sign_in("9876500009")
    # so that knowing who asks takes no command
    async with asyncio.timeout(HANG_S):
        while not started[0].state.services.revocations.is_fresh:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    return signed_in


def named(raw: object) -> str:
    return ascii(raw)[:40]


# --- phones, names, addresses -------------------------------------------------------------------------------------

WRONG_PHONES = [
    "", "12345", "5876543210", "98765432101", "+1 9876543210", "98765٤3210", "\uff19876543210", "9876543210\n",
    "9876543210\u0000", "\u202e9876543210", "9876543210" * 50_000, '{"$gt": ""}', "$where", "__proto__",
]  # fmt: skip


@pytest.mark.parametrize("phone", WRONG_PHONES, ids=named)
async def test_a_wrong_phone_is_refused_before_any_command(client: GraphClient, admin: SignedIn, phone: str) -> None:
    find = "query ($phone: String!) { customer(phone: $phone) { id } }"

    with client.commands.counting() as commands:
        requested = await client.data(REQUEST, input={"phone": phone})
        invited = await client.data(INVITE, bearer=admin.access_token, input={"phone": phone, "roles": ["DOCTOR"]})
        found = await codes(client, find, bearer=admin.access_token, phone=phone)

    assert refused(requested) == refused(invited) == [("INVALID_PHONE", ["input", "phone"])]
    assert found == ["BAD_USER_INPUT"]
    assert commands == NOTHING


WRONG_TEXTS = [
    ("", "TOO_SHORT"),
    (" \u00a0 ", "TOO_SHORT"),
    ("A" * 300_000, "TOO_LONG"),
    ("💇" * 201, "TOO_LONG"),
    ("As\u0000ha", "INVALID_CHARACTERS"),
    ("As\nha", "INVALID_CHARACTERS"),
    ("Asha\u202eoaR", "INVALID_CHARACTERS"),
    ("Asha\ufeffRao", "INVALID_CHARACTERS"),
    ("Asha\uffffRao", "INVALID_CHARACTERS"),
]


@pytest.mark.parametrize(("text", "code"), WRONG_TEXTS, ids=named)
async def test_a_wrong_text_is_refused_at_its_field_before_any_command(
    client: GraphClient, admin: SignedIn, text: str, code: str
) -> None:
    typed, unknown = address(name=text, addressLine=text, city=text), packed(f"SavedAddress:{UNKNOWN.hex}")
    fields = [(code, ["input", "address", field]) for field in ("name", "addressLine", "city")]

    with client.commands.counting() as commands:
        profile = await client.data(UPDATE_PROFILE, bearer=admin.access_token, input={"name": text})
        added = await client.data(ADD_ADDRESS, bearer=admin.access_token, input={"address": typed})
        changed = await client.data(UPDATE_ADDRESS, bearer=admin.access_token, id=unknown, input={"address": typed})

    assert refused(profile) == [(code, ["input", "name"])]
    assert refused(added) == refused(changed) == fields
    assert commands == NOTHING


@pytest.mark.parametrize("version", [0, -1, 2, 2**31 - 1, -(2**31)])
async def test_a_version_that_never_was_is_stale(
    client: GraphClient, admin: SignedIn, database: Any, version: int
) -> None:
    typed = {"name": "Asha Rao", "expectedVersion": version}

    payload = await client.data(UPDATE_PROFILE, bearer=admin.access_token, input=typed)

    assert refused(payload, "StaleVersionError") == [("STALE_VERSION", ["input", "expectedVersion"])]
    assert await database.customers.count_documents({"name": "Asha Rao"}) == 0


@pytest.mark.parametrize(
    ("roles", "found"),
    [
        ([], [("REQUIRED", ["input", "roles"])]),
        (["CUSTOMER"], [("OUT_OF_RANGE", ["input", "roles", "0"])]),
        (["DOCTOR", "CUSTOMER"], [("OUT_OF_RANGE", ["input", "roles", "1"])]),
    ],
)
async def test_roles_that_cannot_be_given_are_refused_before_any_command(
    client: GraphClient, admin: SignedIn, roles: list[str], found: Any
) -> None:
    customer_id = packed(f"Customer:{UNKNOWN.hex}")

    with client.commands.counting() as commands:
        invited = await client.data(INVITE, bearer=admin.access_token, input={"phone": "9876543210", "roles": roles})

    assert refused(invited) == found
    assert commands == NOTHING
    if roles:
        with client.commands.counting() as commands:
            typed = {"customerId": customer_id, "roles": roles}
            changed = await client.data(SET_ROLES, bearer=admin.access_token, input=typed)
        assert refused(changed) == found
        assert commands == NOTHING


# --- ids ----------------------------------------------------------------------------------------------------------

NO_IDS = [*MALFORMED_IDS, packed("Report:" + "A" * 22), packed("Product:" + "0" * 32)]


@pytest.mark.parametrize("raw", NO_IDS, ids=named)
async def test_what_is_no_id_of_the_kind_names_nothing_and_is_never_looked_up(
    client: GraphClient, admin: SignedIn, raw: str
) -> None:
    bearer = admin.access_token

    with client.commands.counting() as commands:
        signed_out = await client.data(SIGN_OUT, bearer=bearer, id=raw)
        changed = await client.data(UPDATE_ADDRESS, bearer=bearer, id=raw, input={"address": address()})
        deleted = await client.data(DELETE_ADDRESS, bearer=bearer, id=raw)

    assert refused(signed_out, "NotFoundError") == [("SESSION_NOT_FOUND", ["id"])]
    assert refused(changed, "NotFoundError") == [("ADDRESS_NOT_FOUND", ["id"])]
    assert refused(deleted, "NotFoundError") == [("ADDRESS_NOT_FOUND", ["id"])]
    assert commands == NOTHING


@pytest.mark.parametrize("raw", NO_IDS, ids=named)
async def test_what_is_no_id_of_a_customer_names_nobody_and_nothing_is_written(
    client: GraphClient, admin: SignedIn, database: Any, raw: str
) -> None:
    bearer, itself = admin.access_token, admin.customer_id
    nobody = [("CUSTOMER_NOT_FOUND", ["input", "customerId"])]

    async with nothing_written(database):
        roles = await client.data(SET_ROLES, bearer=bearer, input={"customerId": raw, "roles": ["DOCTOR"]})
        claimed = await client.data(CLAIM, bearer=bearer, input={"ids": ["x", raw]})
        for query in (ASSIGN, UNASSIGN):
            of_nobody = await client.data(query, bearer=bearer, input={"customerId": raw, "staffId": itself})
            by_nobody = await client.data(query, bearer=bearer, input={"customerId": itself, "staffId": raw})

            assert refused(of_nobody, "NotFoundError") == nobody
            assert [code for code, _ in refused(by_nobody, "StaffRuleError")] == ["NOT_TREATING_STAFF"]

    assert refused(roles, "NotFoundError") == nobody
    assert refused(claimed, "NotFoundError") == [
        ("GUEST_RECORD_NOT_FOUND", ["input", "ids", "0"]),
        ("GUEST_RECORD_NOT_FOUND", ["input", "ids", "1"]),
    ]


@pytest.mark.parametrize(("how_many", "code"), [(0, "REQUIRED"), (101, "TOO_MANY"), (200, "TOO_MANY")])
async def test_1_to_100_records_are_claimed_at_once(
    client: GraphClient, admin: SignedIn, how_many: int, code: str
) -> None:
    with client.commands.counting() as commands:
        payload = await client.data(CLAIM, bearer=admin.access_token, input={"ids": ["x"] * how_many})

    assert refused(payload) == [(code, ["input", "ids"])]
    assert commands == NOTHING


# --- clearing a finding -------------------------------------------------------------------------------------------


def clearance(**changes: Any) -> dict[str, Any]:
    typed = {
        "reportId": packed("Report:" + "A" * 22),
        "finding": "G08_CARDIO",
        "reason": "The pressure is well controlled.",
        "expiresAt": (now() + timedelta(days=30)).isoformat(),
    }
    return {**typed, **changes}


@pytest.mark.parametrize(
    "raw", [*NO_IDS, "A" * 22, packed("Report:"), packed("Report:x"), packed("Report:é")], ids=named
)
async def test_what_is_no_id_of_a_report_looks_like_a_report_that_is_missing(
    client: GraphClient, admin: SignedIn, database: Any, raw: str
) -> None:
    with client.commands.counting() as missing:
        await client.data(CLEAR, bearer=admin.access_token, input=clearance())

    async with nothing_written(database):
        with client.commands.counting() as commands:
            payload = await client.data(CLEAR, bearer=admin.access_token, input=clearance(reportId=raw))

    assert refused(payload, "ReportNotFoundError") == [("REPORT_NOT_FOUND", ["input", "reportId"])]
    assert commands["find"] == missing["find"] == 2
    assert commands["abortTransaction"] == missing["abortTransaction"] == 1


WRONG_REASONS = [
    *((text, code) for text, code in WRONG_TEXTS if code != "TOO_LONG"),
    ("Too short", "TOO_SHORT"),
    ("A" * 1001, "TOO_LONG"),
    ("A" * 300_000, "TOO_LONG"),
    ("This cures baldness for good.", "FORBIDDEN_CLAIM"),
    ("यह गंजापन ठीक करता है।", "FORBIDDEN_CLAIM"),
]


@pytest.mark.parametrize(("reason", "code"), WRONG_REASONS, ids=named)
async def test_a_wrong_reason_is_refused_before_any_command(
    client: GraphClient, admin: SignedIn, reason: str, code: str
) -> None:
    with client.commands.counting() as commands:
        payload = await client.data(CLEAR, bearer=admin.access_token, input=clearance(reason=reason))

    assert refused(payload) == [(code, ["input", "reason"])]
    assert commands == NOTHING


WRONG_ENDS = [
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "2026-11-20T00:00:00.000Z",
    "9999-12-31T23:59:59.999999-14:00",
    "9999-12-31T23:59:59Z",
]


@pytest.mark.parametrize("end", WRONG_ENDS)
async def test_an_end_that_is_past_or_further_than_a_year_is_refused_before_any_command(
    client: GraphClient, admin: SignedIn, end: str
) -> None:
    with client.commands.counting() as commands:
        payload = await client.data(CLEAR, bearer=admin.access_token, input=clearance(expiresAt=end))

    assert refused(payload) == [("OUT_OF_RANGE", ["input", "expiresAt"])]
    assert commands == NOTHING


@pytest.mark.parametrize(
    "end",
    [
        "", " ", "x", "2026", "2026-12-24", "2026-12-24T00:00:00", "2026-13-24T00:00:00Z", "2026-12-24T25:00:00Z",
        "2026-12-24T00:00:00+99:99", "2026-12-24T00:00:00Zx", "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z",
        "tomorrow", "NaN", "$gt", "A" * HUGE, 0, 1_800_000_000, 1.5, True, None, [], {"$gt": 0},
    ],
    ids=named,
)  # fmt: skip
async def test_what_is_no_time_with_its_zone_is_bad_user_input(
    client: GraphClient, admin: SignedIn, end: object
) -> None:
    with client.commands.counting() as commands:
        assert await codes(client, CLEAR, bearer=admin.access_token, input=clearance(expiresAt=end)) == [
            "BAD_USER_INPUT"
        ]

    assert commands == NOTHING


async def test_all_that_is_wrong_with_a_clearance_is_refused_at_once(client: GraphClient, admin: SignedIn) -> None:
    typed = clearance(reason="Short", expiresAt=WRONG_ENDS[0], reportId="x")

    payload = await client.data(CLEAR, bearer=admin.access_token, input=typed)

    assert refused(payload) == [("TOO_SHORT", ["input", "reason"]), ("OUT_OF_RANGE", ["input", "expiresAt"])]


# --- codes and tokens ---------------------------------------------------------------------------------------------

GARBAGE = [
    "",
    " ",
    "x",
    "\u0000",
    "é",
    "💇",
    "$where",
    '{"$ne":null}',
    "__proto__",
    "A" * HUGE,
    "١٢٣٤٥٦",
    "1" * 6 + "\u0000",
]


@pytest.mark.parametrize(
    "challenge",
    [*GARBAGE, UNKNOWN.hex, f"{{{UNKNOWN}}}", f"urn:uuid:{UNKNOWN}", f"{UNKNOWN}\n", str(UNKNOWN), 5, 2**31 - 1],
    ids=lambda raw: ascii(raw)[:9],
)
async def test_what_names_no_code_is_invalid_and_is_never_looked_up(
    client: GraphClient, database: Any, challenge: object
) -> None:
    with client.commands.counting() as commands:
        payload = await client.data(VERIFY, input={"challenge": challenge, "code": "123456"})

    assert refused(payload, "SignInError") == [("OTP_INVALID", ["input", "code"])]
    # the limit of the address, and a code for what has the form of a challenge
    assert commands["findAndModify"] <= 2
    assert commands["find"] == commands["insert"] == 0
    assert await database.sessions.count_documents({}) == 0


@pytest.mark.parametrize("code", GARBAGE, ids=named)
async def test_a_garbled_code_is_wrong_and_no_guess(client: GraphClient, database: Any, code: str) -> None:
    challenge, _ = await client.request_code("9876543210")

    payload = await client.data(VERIFY, input={"challenge": challenge, "code": code})

    assert refused(payload, "SignInError") == [("OTP_INVALID", ["input", "code"])]
    [kept] = await database.one_time_codes.find().to_list()
    assert kept["attempts_left"] == 5
    assert await database.sessions.count_documents({}) == 0


@pytest.mark.parametrize("field", ["challenge", "code", "device"])
async def test_half_a_character_in_the_text_is_no_fault(client: GraphClient, field: str) -> None:
    challenge, code = await client.request_code("9876543210")
    typed = {"challenge": challenge, "code": code} | {field: "\\ud800"}
    given = ", ".join(f'{name}: "{text}"' for name, text in typed.items())

    answer = await client.ask(f"mutation {{ verifyOtp(input: {{ {given} }}) {{ accessToken userErrors {{ code }} }} }}")

    found = {error["extensions"]["code"] for error in answer.get("errors", [])}
    assert found <= {"GRAPHQL_PARSE_FAILED", "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    "token",
    [
        *GARBAGE, "..", "a.b.c", "...", ". .", f"{UNKNOWN.hex}.x.y", f"{UNKNOWN.hex}..", f"{UNKNOWN}.x.y.z",
        f"urn:uuid:{UNKNOWN}.x.y", f"{UNKNOWN.hex}.é.y", f"{UNKNOWN.hex}.$where.{{}}", "0" * 32 + ".\u0000.\u0000",
        "g" * 32 + ".x.y", f"{UNKNOWN.hex}." + "A" * HUGE + ".y",
    ],
    ids=lambda raw: ascii(raw[32:] if len(raw) > 32 else raw)[:20],
)  # fmt: skip
async def test_what_is_no_refresh_token_is_invalid_and_ends_nothing(
    client: GraphClient, database: Any, token: str
) -> None:
    signed_in = await client.sign_in()
    id_, secret, seal = signed_in.refresh_token.split(".")
    before = await database.sessions.find().to_list()

    garbled = await client.data(REFRESH, input={"refreshToken": token})
    guessed = await client.data(REFRESH, input={"refreshToken": f"{id_}.{secret[::-1]}.{seal}"})

    for one in (garbled, guessed):
        assert refused(one, "SignInError") == [("REFRESH_TOKEN_INVALID", ["input", "refreshToken"])]
    assert await database.sessions.find().to_list() == before
    again = await client.data(REFRESH, input={"refreshToken": signed_in.refresh_token})
    assert again["refreshSession"]["userErrors"] == []


@pytest.mark.parametrize(
    "device", ["", " ", "\u0000", "\u202eenohp", "A" * HUGE, "💇" * 500, "$where", "\n\n", "é"], ids=named
)
async def test_any_text_will_do_for_a_device(client: GraphClient, device: str) -> None:
    challenge, code = await client.request_code("9876543210")

    given = (await client.data(VERIFY, input={"challenge": challenge, "code": code, "device": device}))["verifyOtp"]

    assert given["userErrors"] == []
    viewer = (await client.data("{ viewer { sessions { nodes { device } } } }", bearer=given["accessToken"]))["viewer"]
    [session] = viewer["sessions"]["nodes"]
    assert 1 <= len(session["device"]) <= 100
    assert session["device"].isprintable()


# --- pages --------------------------------------------------------------------------------------------------------

LISTS = {
    "hairTests": "viewer { hairTests(first: $n, after: $after) { nodes { id } } }",
    "reports": "viewer { reports(first: $n, after: $after) { nodes { id } } }",
    "orders": "viewer { orders(first: $n, after: $after) { nodes { id } } }",
    "sessions": "viewer { sessions(first: $n, after: $after) { nodes { id } } }",
    "treatedCustomers": "viewer { treatedCustomers(first: $n, after: $after) { nodes { id } } }",
    "staff": "staff(first: $n, after: $after) { nodes { id } }",
}


def no_cursors(order: str) -> list[str]:
    good = forged(order, 1_700_000_000_000)
    other = next(name for name in LISTS if name != order)
    return [
        "", "x", "0", "\u0000", "é", "💇", "$where", '{"$gt":""}', "A" * 1001, "A" * HUGE, packed("null"), packed("{}"),
        packed("[" * 700), packed(b"\xff\xfe"), good[:-1], good + "\n",
        forged(other, 1), forged("products:NAME", "x"), forged("products:CREATED_AT", 1),
        forged(order, 1, version=2), forged(order, "1"), forged(order, 1.5), forged(order, None),
        forged(order, {"$gt": 0}), forged(order, [1]), forged(order, 2**63), forged(order, -(2**63)),
        forged(order, 10**18), packed(f'[1,"{order}",true,"' + "0" * 32 + '"]'), packed(f'[1,"{order}",NaN,"x"]'),
        forged(order, 1, key=""), forged(order, 1, key="x" * 32), forged(order, 1, key=None), forged(order, 1, key=5),
        forged(order, 1, key={"$gt": ""}),
    ]  # fmt: skip


@pytest.mark.parametrize("order", LISTS)
async def test_what_is_no_cursor_of_a_list_of_ones_own_is_bad_user_input(
    client: GraphClient, admin: SignedIn, order: str
) -> None:
    query = f"query ($n: Int = 3, $after: String) {{ {LISTS[order]} }}"

    for cursor in no_cursors(order):
        with client.commands.counting() as commands:
            answer = await client.ask(query, bearer=admin.access_token, after=cursor)

        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"], cursor[:60]
        assert commands == NOTHING


@pytest.mark.parametrize("order", LISTS)
async def test_a_forged_cursor_is_only_ever_a_place_in_the_list_of_ones_own(
    client: GraphClient, admin: SignedIn, order: str
) -> None:
    query = f"query ($n: Int = 3, $after: String) {{ {LISTS[order]} }}"

    for milliseconds in (0, -1, -62_135_596_800_000, 253_402_300_799_000):
        await client.data(query, bearer=admin.access_token, after=forged(order, milliseconds))


@pytest.mark.parametrize("order", LISTS)
@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1, -(2**31)])
async def test_a_page_of_ones_own_has_1_to_100_items(
    client: GraphClient, admin: SignedIn, order: str, first: int
) -> None:
    query = f"query ($n: Int!, $after: String) {{ {LISTS[order]} }}"

    with client.commands.counting() as commands:
        answer = await client.ask(query, bearer=admin.access_token, n=first)

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert commands == NOTHING
