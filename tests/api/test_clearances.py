"""Clearances: a treating doctor lifts a finding, with a reason that the person reads, until a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from starlette.applications import Starlette

from tests.support import SAFE, GraphClient, SignedIn, hair_test, order
from traya_gql.app import now
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.roles import Role
from traya_gql.schema.common import NodeType, node_id, read_node_id
from traya_gql.services.staff import Staff

ASHA, DOCTOR, SECOND_DOCTOR, COACH, ADMIN, OTHER_DOCTOR = (f"900000000{number}" for number in range(6))
REASON = "Blood pressure is 124/80 without medicines since March."

SHOWN = """id publicId
  causes { cause score }
  safetyFindings { code canBeCleared clearance { reason madeAt expiresAt } }
  kit { isWhole items { needsPrescription product { slug } } excluded { finding product { slug } } }"""
SUBMIT = f"""mutation ($input: SubmitHairTestInput!) {{
  submitHairTest(input: $input) {{ accessToken report {{ {SHOWN} }} userErrors {{ code path }} }}
}}"""
CLEAR = f"""mutation ($input: ClearSafetyFindingInput!) {{
  clearSafetyFinding(input: $input) {{ report {{ {SHOWN} }} userErrors {{ code message path }} }}
}}"""
REPORT = (
    f"query ($publicId: String!, $token: String) {{ report(publicId: $publicId, accessToken: $token) {{ {SHOWN} }} }}"
)
PLACE = """mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) {
    order { lines { product { slug } } }
    userErrors { code path ... on SafetyBlockError { findings { code } } }
  }
}"""


def key_of(who: SignedIn) -> UUID:
    return UUID(hex=read_node_id(who.customer_id).key)


class Cast(NamedTuple):
    """Who is signed in: the owner of reports, a doctor who treats her; and the room that invites staff."""

    asha: SignedIn
    doctor: SignedIn
    staff: Staff

    async def treating(self, client: GraphClient, phone: str, role: Role = Role.DOCTOR) -> SignedIn:
        """Return another member of staff who is assigned to her."""
        await self.staff.invite(phone, [role], by=None)
        who = await client.sign_in(phone)
        await self.staff.assign(customer_id=key_of(self.asha), staff_id=key_of(who), by=key_of(self.asha))
        return who


@pytest.fixture
async def cast(started: tuple[Starlette, GraphClient], client: GraphClient) -> Cast:
    asha = await client.sign_in(ASHA)
    alone = Cast(asha, asha, started[0].state.services.staff)
    return alone._replace(doctor=await alone.treating(client, DOCTOR))


@dataclass(frozen=True)
class Patient:
    """A report, and what its owner, its doctors and strangers do with it. `bearer` is the owner's."""

    client: GraphClient
    report: dict[str, Any]
    access_token: str
    bearer: str | None

    async def clear(self, who: SignedIn, finding: str, **typed: Any) -> dict[str, Any]:
        payload: dict[str, Any] = (
            await self.client.data(CLEAR, bearer=who.access_token, input=self.clearance(finding, **typed))
        )["clearSafetyFinding"]
        assert (payload["report"] is None) is bool(payload["userErrors"])
        return payload

    async def claimed_by(self, who: SignedIn) -> Patient:
        """Return what was a guest's, as its owner asks for it."""
        records = (await self.client.data("{ viewer { guestRecords { claimId } } }", bearer=who.access_token))["viewer"]
        await self.client.data(
            "mutation ($input: ClaimGuestRecordsInput!) { claimGuestRecords(input: $input) { claimedIds } }",
            bearer=who.access_token,
            input={"ids": [record["claimId"] for record in records["guestRecords"]]},
        )
        return replace(self, bearer=who.access_token)

    def clearance(self, finding: str, **typed: Any) -> dict[str, Any]:
        ends = (now() + timedelta(days=90)).isoformat()
        return {"reportId": self.report["id"], "finding": finding, "reason": REASON, "expiresAt": ends, **typed}

    async def shown(self, *, to_owner: bool = True, token: str | None = None) -> dict[str, Any]:
        bearer = self.bearer if to_owner else None
        found: dict[str, Any] = (
            await self.client.data(REPORT, bearer=bearer, publicId=self.report["publicId"], token=token)
        )["report"]
        return found

    async def order(self, *slugs: str, is_owner: bool = True, token: str | None = None) -> dict[str, Any]:
        typed = order(self.report["publicId"], reportAccessToken=token)
        if slugs:
            typed["lines"] = [{"productId": node_id(NodeType.PRODUCT, IDS[slug])} for slug in slugs]
        placed = await self.client.data(PLACE, bearer=self.bearer if is_owner else None, input=typed)
        payload: dict[str, Any] = placed["placeOrder"]
        return payload


async def patient(client: GraphClient, who: SignedIn | None, **changes: Any) -> Patient:
    bearer = None if who is None else who.access_token
    made = await client.data(SUBMIT, bearer=bearer, input=hair_test(**{**SAFE, "phone": ASHA, **changes}))
    payload = made["submitHairTest"]
    assert payload["userErrors"] == []
    return Patient(client, payload["report"], payload["accessToken"], bearer)


def slugs(report: dict[str, Any]) -> list[str]:
    return [item["product"]["slug"] for item in report["kit"]["items"]]


def lifted(report: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in report["safetyFindings"] if finding["clearance"]]


def errors(payload: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["path"])) for error in payload["userErrors"]]


def gates(payload: dict[str, Any]) -> list[list[str]]:
    return [[finding["code"] for finding in error["findings"]] for error in payload["userErrors"]]


async def stored(database: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await database.reports.find().to_list()
    return found


IDS = {seed.slug: seed.id for seed in catalogue()}
HEART: dict[str, Any] = {"medicalSafety": "HIGH_BLOOD_PRESSURE"}
MINOXIDIL = "minoxidil-5-solution"

# --- what a clearance does ----------------------------------------------------------------------------------------


async def test_a_drug_comes_into_the_kit_and_still_needs_its_prescription(client: GraphClient, cast: Cast) -> None:
    report = await patient(client, cast.asha, **HEART)
    before = await report.order(MINOXIDIL)

    cleared = await report.clear(cast.doctor, "G08_CARDIO")

    assert MINOXIDIL not in slugs(report.report)
    assert {"finding": "G08_CARDIO", "product": {"slug": MINOXIDIL}} in report.report["kit"]["excluded"]
    assert cleared["report"] == await report.shown()
    [item] = [one for one in cleared["report"]["kit"]["items"] if one["product"]["slug"] == MINOXIDIL]
    assert item["needsPrescription"] is True
    assert gates(before) == [["G08_CARDIO", "G16_PRESCRIPTION"]]
    assert gates(await report.order(MINOXIDIL)) == [["G16_PRESCRIPTION"]]


async def test_the_owner_reads_who_has_the_link_does_not(client: GraphClient, cast: Cast) -> None:
    report = await patient(client, cast.asha, **HEART)
    before = await report.shown(to_owner=False)
    ends = now() + timedelta(days=30)

    await report.clear(cast.doctor, "G08_CARDIO", reason=f"  {REASON} ", expiresAt=ends.isoformat())

    finding, other = (await report.shown())["safetyFindings"]
    made_at = finding["clearance"].pop("madeAt")
    assert finding == {
        "code": "G08_CARDIO",
        "canBeCleared": True,
        "clearance": {"reason": REASON, "expiresAt": ends.isoformat(timespec="milliseconds").replace("+00:00", "Z")},
    }
    assert made_at.endswith("Z")
    # high blood pressure holds back ashwagandha too, and that no doctor can lift here
    assert other == {"code": "G11_THYROID_AUTOIMMUNE_MEDS", "canBeCleared": False, "clearance": None}
    # the access token opens what the answers said, and nothing that a doctor decided since
    assert await report.shown(to_owner=False, token=report.access_token) == report.report
    assert await report.shown(to_owner=False) == before


async def test_causes_and_findings_stay_as_they_were(client: GraphClient, database: Any, cast: Cast) -> None:
    report = await patient(client, cast.asha, **HEART)
    [before] = await stored(database)

    await report.clear(cast.doctor, "G08_CARDIO")

    [after] = await stored(database)
    [clearance] = after.pop("clearances")
    assert after == {name: value for name, value in before.items() if name != "clearances"}
    assert (clearance["gate"], clearance["doctor_id"]) == ("G08_CARDIO", key_of(cast.doctor))


async def test_a_kit_that_waited_for_a_doctor_appears_for_its_person_alone(client: GraphClient, cast: Cast) -> None:
    report = await patient(client, cast.asha, pattern="STAGE_6")
    plain, private = "gentle-cleansing-shampoo", "hair-vitamin-capsules"
    assert slugs(report.report) == []
    assert gates(await report.order(plain)) == [["G15_ADVANCED"]]
    assert errors(await report.order(plain, is_owner=False)) == [("SAFETY_BLOCK", "input.lines")]

    await report.clear(cast.doctor, "G15_ADVANCED")

    kit = slugs(await report.shown())
    assert "genetic-hair-fall-control-oil" in kit
    ordered = (await report.order())["order"]["lines"]
    assert [line["product"]["slug"] for line in ordered] == [slug for slug in kit if "minoxidil" not in slug]
    # for whoever has the link nothing was cleared
    assert slugs(await report.shown(to_owner=False)) == []
    assert errors(await report.order(is_owner=False)) == [("REQUIRED", "input.lines")]
    assert errors(await report.order(plain, is_owner=False)) == [("SAFETY_BLOCK", "input.lines")]
    assert errors(await report.order(private, is_owner=False)) == [
        ("REPORT_ACCESS_REQUIRED", "input.lines.0.productId")
    ]


async def test_when_it_ends_all_is_as_before(client: GraphClient, database: Any, cast: Cast) -> None:
    report = await patient(client, cast.asha, pattern="STAGE_6")
    await report.clear(cast.doctor, "G15_ADVANCED")
    ended = now() - timedelta(milliseconds=1)

    await database.reports.update_many(
        {}, {"$set": {"clearances.0.expires_at": ended, "clearances.0.kit_until": ended}}
    )

    assert await report.shown() == report.report
    assert errors(await report.order()) == [("REQUIRED", "input.lines")]
    assert gates(await report.order("gentle-cleansing-shampoo")) == [["G15_ADVANCED"]]


# each holds back another product: high blood pressure would hold back both, and one of them for good
TWO: dict[str, Any] = {"medicalSafety": ["HEART_DISEASE", "LIVER_DISEASE"], "stress": "HIGH"}
SUPPLEMENT = "stress-management-supplement"


async def test_when_the_first_of_two_ends_the_kit_falls_back_and_the_second_holds_at_the_till(
    client: GraphClient, database: Any, cast: Cast
) -> None:
    report = await patient(client, cast.asha, **TWO)
    sooner, later = (now() + timedelta(days=days) for days in (1, 90))
    await report.clear(cast.doctor, "G08_CARDIO", expiresAt=sooner.isoformat())
    both = (await report.clear(cast.doctor, "G09_LIVER", expiresAt=later.isoformat()))["report"]

    ended = now() - timedelta(milliseconds=1)
    await database.reports.update_many(
        {}, {"$set": {f"clearances.{place}": ended for place in ("0.expires_at", "0.kit_until", "1.kit_until")}}
    )

    after = await report.shown()
    assert {MINOXIDIL, SUPPLEMENT} <= set(slugs(both))
    assert slugs(after) == slugs(report.report)
    assert (lifted(both), lifted(after)) == (["G08_CARDIO", "G09_LIVER"], ["G09_LIVER"])
    assert errors(await report.order(SUPPLEMENT)) == []
    assert gates(await report.order(MINOXIDIL)) == [["G08_CARDIO", "G16_PRESCRIPTION"]]


async def test_a_nearer_end_shortens_it(client: GraphClient, database: Any, cast: Cast) -> None:
    report = await patient(client, cast.asha, **HEART)
    await report.clear(cast.doctor, "G08_CARDIO")
    sooner = now() + timedelta(hours=1)

    shortened = await report.clear(cast.doctor, "G08_CARDIO", expiresAt=sooner.isoformat())

    [finding] = [one for one in shortened["report"]["safetyFindings"] if one["clearance"]]
    assert finding["clearance"]["expiresAt"] == sooner.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert [len(one["clearances"]) for one in await stored(database)] == [2]
    await database.reports.update_many(
        {}, {"$set": {"clearances.1.expires_at": now(), "clearances.1.kit_until": now()}}
    )
    assert await report.shown() == report.report


# --- again, and at once -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["T18:00:00Z", "T18:00:00.123Z", "T23:30:00+05:30", "T18:00:00.123456Z"])
async def test_the_same_twice_is_once(client: GraphClient, database: Any, cast: Cast, ends: str) -> None:
    report = await patient(client, cast.asha, **HEART)
    typed = report.clearance("G08_CARDIO", expiresAt=f"{now().date() + timedelta(days=9)}{ends}")

    answers = [await report.clear(cast.doctor, **typed) for _ in range(2)]
    answers += await asyncio.gather(*(report.clear(cast.doctor, **typed) for _ in range(5)))

    assert [len(one["clearances"]) for one in await stored(database)] == [1]
    assert all(answer == answers[0] for answer in answers)


async def test_of_two_doctors_at_once_both_are_heard(client: GraphClient, database: Any, cast: Cast) -> None:
    second = await cast.treating(client, SECOND_DOCTOR)
    report = await patient(client, cast.asha, **TWO)

    for_heart, for_liver = await asyncio.gather(
        report.clear(cast.doctor, "G08_CARDIO"), report.clear(second, "G09_LIVER")
    )

    assert errors(for_heart) == errors(for_liver) == []
    [kept] = await stored(database)
    assert {(one["gate"], one["doctor_id"]) for one in kept["clearances"]} == {
        ("G08_CARDIO", key_of(cast.doctor)),
        ("G09_LIVER", key_of(second)),
    }
    shown = await report.shown()
    assert {MINOXIDIL, SUPPLEMENT} <= set(slugs(shown))
    assert lifted(shown) == ["G08_CARDIO", "G09_LIVER"]


# --- who may not, and what cannot ---------------------------------------------------------------------------------


async def test_nobody_but_a_treating_doctor_clears(client: GraphClient, database: Any, cast: Cast) -> None:
    coach = await cast.treating(client, COACH, Role.COACH)
    await cast.staff.invite(ADMIN, [Role.ADMIN, Role.SUPPORT], by=None)
    await cast.staff.invite(OTHER_DOCTOR, [Role.DOCTOR], by=None)
    admin, stranger = await client.sign_in(ADMIN), await client.sign_in(OTHER_DOCTOR)
    report = await patient(client, cast.asha, **HEART)
    typed = report.clearance("G08_CARDIO")
    before = await stored(database)

    for who in (coach, admin, cast.asha):
        assert await client.code(CLEAR, bearer=who.access_token, input=typed) == "FORBIDDEN"
    for bearer in (None, report.access_token):
        assert await client.code(CLEAR, bearer=bearer, input=typed) == "UNAUTHENTICATED"
    foreign = await report.clear(stranger, "G08_CARDIO")
    assert errors(foreign) == [("REPORT_NOT_FOUND", "input.reportId")]
    for missing in (
        node_id(NodeType.REPORT, "A" * 22),
        node_id(NodeType.REPORT, "x"),
        cast.doctor.customer_id,
        "x",
        "",
    ):
        # like one that is not there
        assert await report.clear(cast.doctor, "G08_CARDIO", reportId=missing) == foreign
    await cast.staff.unassign(customer_id=key_of(cast.asha), staff_id=key_of(cast.doctor))
    assert await report.clear(cast.doctor, "G08_CARDIO") == foreign
    assert await stored(database) == before


async def test_a_guests_report_is_cleared_by_nobody_before_it_is_claimed(client: GraphClient, cast: Cast) -> None:
    guest = await patient(client, None, **HEART)
    before = await guest.clear(cast.doctor, "G08_CARDIO")
    await guest.claimed_by(cast.asha)

    after = await guest.clear(cast.doctor, "G08_CARDIO")

    assert errors(before) == [("REPORT_NOT_FOUND", "input.reportId")]
    assert lifted(after["report"]) == ["G08_CARDIO"]


async def test_the_guests_token_opens_nothing_that_a_doctor_decided_after_the_claim(
    client: GraphClient, cast: Cast
) -> None:
    """The guest may have been somebody else than the owner who claimed it: it has the phone, and not the account."""
    guest = await patient(client, None, pattern="STAGE_6")
    owner = await guest.claimed_by(cast.asha)
    plain = "gentle-cleansing-shampoo"

    cleared = (await guest.clear(cast.doctor, "G15_ADVANCED"))["report"]

    assert lifted(cleared) == ["G15_ADVANCED"]
    assert slugs(cleared) != []
    assert await owner.shown() == cleared
    # the token still opens the answers and what was found in them
    by_token = await guest.shown(token=guest.access_token)
    assert by_token == guest.report
    assert (lifted(by_token), slugs(by_token), by_token["kit"]["isWhole"]) == ([], [], True)
    assert gates(await guest.order(plain, token=guest.access_token)) == [["G15_ADVANCED"]]
    assert errors(await guest.order(token=guest.access_token)) == [("REQUIRED", "input.lines")]
    # who is the owner is so with the token too
    assert await owner.shown(token=guest.access_token) == cleared
    assert errors(await owner.order(plain, token=guest.access_token)) == []
    # and a doctor who treats the owner reads it, and still orders nothing from it
    doctor = Patient(client, guest.report, guest.access_token, cast.doctor.access_token)
    assert await doctor.shown() == cleared
    assert errors(await doctor.order(plain)) == [("SAFETY_BLOCK", "input.lines")]
    assert gates(await doctor.order(plain, token=guest.access_token)) == [["G15_ADVANCED"]]


async def test_an_order_of_the_kit_with_the_guests_token_takes_the_kit_that_it_opens(
    client: GraphClient, cast: Cast
) -> None:
    guest = await patient(client, None, **HEART)
    owner = await guest.claimed_by(cast.asha)

    cleared = (await guest.clear(cast.doctor, "G08_CARDIO"))["report"]

    # the drug takes the place of a serum that can be ordered
    assert set(slugs(guest.report)) - set(slugs(cleared)) == {"density-serum"}
    by_token, by_owner = await guest.order(token=guest.access_token), await owner.order()
    assert [line["product"]["slug"] for line in by_token["order"]["lines"]] == slugs(guest.report)
    assert [line["product"]["slug"] for line in by_owner["order"]["lines"]] == [
        slug for slug in slugs(cleared) if slug != MINOXIDIL
    ]


async def test_clearances_of_an_older_report_do_not_lift_what_the_newest_answers_say(
    client: GraphClient, cast: Cast
) -> None:
    plain = "gentle-cleansing-shampoo"
    older = await patient(client, cast.asha, pattern="STAGE_6")
    await older.clear(cast.doctor, "G15_ADVANCED")
    before = await older.order(plain)

    newer = await patient(client, cast.asha, pattern="STAGE_6")

    assert errors(before) == []
    # what is shown of the older report stays
    assert lifted(await older.shown()) == ["G15_ADVANCED"]
    assert gates(await older.order(plain)) == [["G15_ADVANCED"]]
    assert gates(await newer.order(plain)) == [["G15_ADVANCED"]]
    await newer.clear(cast.doctor, "G15_ADVANCED")
    assert errors(await newer.order(plain)) == []
    assert gates(await older.order(plain)) == [["G15_ADVANCED"]]


async def test_nobody_clears_their_own_report(
    client: GraphClient, started: tuple[Starlette, GraphClient], database: Any, cast: Cast
) -> None:
    """Nobody can be assigned to themselves; not even if that stood in the database."""
    own = await patient(client, cast.doctor, phone=DOCTOR, **HEART)
    doctor_id = key_of(cast.doctor)
    [assignment] = await database.assignments.find().to_list()
    await database.assignments.insert_one({**assignment, "_id": doctor_id, "customer_id": doctor_id})
    before = await stored(database)

    refused = await own.clear(cast.doctor, "G08_CARDIO")

    assert errors(refused) == [("REPORT_NOT_FOUND", "input.reportId")]
    # like one that is not there
    assert await own.clear(cast.doctor, "G08_CARDIO", reportId=node_id(NodeType.REPORT, "A" * 22)) == refused
    assert await stored(database) == before
    # another doctor does
    await started[0].state.services.staff.invite(SECOND_DOCTOR, [Role.DOCTOR], by=None)
    second = await client.sign_in(SECOND_DOCTOR)
    await cast.staff.assign(customer_id=doctor_id, staff_id=key_of(second), by=key_of(cast.asha))
    assert lifted((await own.clear(second, "G08_CARDIO"))["report"]) == ["G08_CARDIO"]


async def test_a_report_has_at_most_50_clearances(client: GraphClient, database: Any, cast: Cast) -> None:
    report = await patient(client, cast.asha, **HEART)
    await report.clear(cast.doctor, "G08_CARDIO")
    [first] = (await stored(database))[0]["clearances"]
    ended = {**first, "expires_at": first["made_at"], "kit_until": first["made_at"]}

    await database.reports.update_one({}, {"$set": {"clearances": [ended] * 49}})
    last = await report.clear(cast.doctor, "G08_CARDIO")
    before = await stored(database)
    too_many = await report.clear(cast.doctor, "G08_CARDIO", reason="Seen again today: 122/78, without medicines.")

    assert lifted(last["report"]) == ["G08_CARDIO"]
    assert errors(too_many) == [("TOO_MANY", "input.reportId")]
    assert too_many["userErrors"][0]["message"] == (
        "This report has as many clearances as one can have. Ask for a new hair test."
    )
    assert await stored(database) == before
    assert [len(one["clearances"]) for one in before] == [50]
    # what was lifted holds on
    assert lifted(await report.shown()) == ["G08_CARDIO"]
    # and another report has clearances of its own
    other = await patient(client, cast.asha, **HEART)
    assert errors(await other.clear(cast.doctor, "G08_CARDIO")) == []


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"medicines": None}, "G00_SAFETY_UNANSWERED"),
        ({"allergies": "COCONUT_OIL"}, "G13_ALLERGY"),
        ({"medicines": "SEDATIVE", "stress": "HIGH"}, "G11_THYROID_AUTOIMMUNE_MEDS"),
        ({"gender": "OTHER", "lifeStage": "PREGNANT", "isTryingForABaby": None}, "G06_PREGNANCY"),
        ({"gender": "OTHER", "isTryingForABaby": None}, "G07_FEMALE_5ARI"),
        ({"energyLevel": "VERY_LOW"}, "G12_IRON"),
        ({"pattern": "COIN_SIZE_PATCH"}, "G03_PATCHY"),
        ({"area": "PATCHES", "suddenOnset": True}, "G03_PATCHY"),
        ({"scalpSigns": "PUSTULES"}, "G04_SCARRING_SIGNS"),
        (HEART, "G16_PRESCRIPTION"),
        (HEART, "G01_CONSENT"),
        # there is none of these
        (HEART, "G09_LIVER"),
        ({}, "G08_CARDIO"),
    ],
)
async def test_what_no_doctor_can_lift_stays(
    client: GraphClient, database: Any, cast: Cast, changes: dict[str, Any], finding: str
) -> None:
    report = await patient(client, cast.asha, **changes)
    before = await stored(database)

    refused = await report.clear(cast.doctor, finding)

    assert errors(refused) == [("FINDING_NOT_CLEARABLE", "input.finding")]
    assert {one["canBeCleared"] for one in report.report["safetyFindings"] if one["code"] == finding} <= {False}
    assert await stored(database) == before


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({"reason": "Agreed."}, [("TOO_SHORT", "input.reason")]),
        ({"reason": " " * 50}, [("TOO_SHORT", "input.reason")]),
        ({"reason": "x" * 1001}, [("TOO_LONG", "input.reason")]),
        ({"reason": "This will cure your baldness for good."}, [("FORBIDDEN_CLAIM", "input.reason")]),
        ({"reason": "इससे गंजापन जड़ से ख़त्म हो जाएगा, गारंटी है।"}, [("FORBIDDEN_CLAIM", "input.reason")]),
        ({"days": 0}, [("OUT_OF_RANGE", "input.expiresAt")]),
        ({"days": -1}, [("OUT_OF_RANGE", "input.expiresAt")]),
        ({"days": 366.01}, [("OUT_OF_RANGE", "input.expiresAt")]),
        ({"days": 367, "reason": "Short"}, [("TOO_SHORT", "input.reason"), ("OUT_OF_RANGE", "input.expiresAt")]),
        ({"days": 365.99}, []),
        ({"days": 0.0001}, []),
    ],
)
async def test_a_reason_and_an_end_within_a_year_are_needed(
    client: GraphClient,
    database: Any,
    cast: Cast,
    typed: dict[str, Any],
    expected: list[tuple[str, str]],
) -> None:
    report = await patient(client, cast.asha, **HEART)
    before = await stored(database)
    ends = (now() + timedelta(days=typed.get("days", 1))).isoformat()

    answer = await report.clear(cast.doctor, "G08_CARDIO", reason=typed.get("reason", REASON), expiresAt=ends)

    assert errors(answer) == expected
    assert (await stored(database) == before) is bool(expected)
    for error in answer["userErrors"]:
        # whoever must reword it is told which law says so
        assert ("https://" in error["message"]) is (error["code"] == "FORBIDDEN_CLAIM")
