"""Who the people of the kept data folders are, and what they do there: see release_folder.py. All are made up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.release_folder import Client

# --- who the people are, and what they want ---------------------------------------------------------------------------

# what differs from examples/submit_hair_test.json: three people, the first of whom comes twice
HAIR_TESTS: tuple[dict[str, Any], ...] = (
    {"name": "Asha Rao", "phone": "98765 43210", "age": 28, "gender": "FEMALE"},
    {"name": "Ravi Kumar Iyer", "phone": "09876543211", "age": 45, "gender": "MALE", "dandruff": "PSORIASIS"},
    {
        "name": "Noor",
        "phone": "9876543212",
        "age": 63,
        "gender": "OTHER",
        "hairLossStage": "STAGE_6",
        "familyHistory": "BOTH",
        "dandruff": "NO",
        "sleep": "PEACEFUL",
        "stress": "HIGH",
        "energyLevel": "VERY_LOW",
        "isTakingSupplements": True,
    },
    {
        "name": "Asha Rao",
        "phone": "+91 98765-43210",
        "age": 29,
        "gender": "FEMALE",
        "hairLossStage": "STAGE_3",
        "familyHistory": "NONE",
        "dandruff": "HEAVY",
        "sleep": "DIFFICULT",
        "stress": "NONE",
        "hasAcidityOrGas": False,
        "energyLevel": "HIGH",
    },
)

# in the second release too: somebody without any cause, and somebody who becomes a customer afterwards
CUSTOMER, DOCTOR, COACH, ADMIN = "9876543215", "9876543216", "9876543217", "9876543218"
MORE_HAIR_TESTS: tuple[dict[str, Any], ...] = (
    {
        "name": "Lakshmi Pillai",
        "phone": "9876543214",
        "age": 33,
        "gender": "FEMALE",
        "hairLossStage": "STAGE_1",
        "familyHistory": "NONE",
        "dandruff": "NO",
        "sleep": "PEACEFUL",
        "stress": "NONE",
        "hasAcidityOrGas": False,
        "energyLevel": "HIGH",
    },
    {
        "name": "Kavya Menon",
        "phone": CUSTOMER,
        "age": 51,
        "gender": "FEMALE",
        "hairLossStage": "STAGE_4",
        "familyHistory": "FATHER",
        "dandruff": "SEBORRHEIC",
        "stress": "HIGH",
    },
)
# the customer's, signed in, for somebody of the family
OWN_HAIR_TEST: dict[str, Any] = {
    "name": "Arjun Menon",
    "phone": CUSTOMER,
    "age": 36,
    "gender": "MALE",
    "hairLossStage": "STAGE_5",
    "familyHistory": "FATHER",
    "stress": "LOW",
    "energyLevel": "VERY_LOW",
}

ELSEWHERE = {
    "name": "Meena Iyer",
    "addressLine": "4 Beach Road, Flat 2",
    "city": "Chennai",
    "state": "TAMIL_NADU",
    "pinCode": "600 004",
}

# which hair test's report an order is from, and what differs from examples/place_order.json; True stands for the kit's
# products by name, two of each
ORDERS: tuple[tuple[int, dict[str, Any]], ...] = (
    (0, {}),
    (0, {"lines": True, "billingAddress": ELSEWHERE, "paymentMethod": "SNAPMINT"}),
    (1, {"phone": "9876543213", "shippingAddress": ELSEWHERE}),
)
# the first of these is claimed, the other is not
MORE_ORDERS: tuple[tuple[int, dict[str, Any]], ...] = (
    (5, {"phone": CUSTOMER, "shippingAddress": ELSEWHERE}),
    (3, {"phone": CUSTOMER, "paymentMethod": "SNAPMINT"}),
)

# --- what they do ----------------------------------------------------------------------------------------------------


def live_first(client: Client, data: Path) -> dict[str, Any]:  # noqa: ARG001 - as all lives are called
    """Do what people do who cannot sign in, and return what they sent and were shown."""
    return _visit(client, HAIR_TESTS, ORDERS)


def live_second(client: Client, data: Path) -> dict[str, Any]:
    """Do what guests, a customer and staff do, and return what they sent and were shown.

    The customer signs in on two devices and out of the second, takes over what she did as a guest but for her last
    order, and is then treated by a doctor. A coach is invited and never comes.
    """
    told = _visit(client, (*HAIR_TESTS, *MORE_HAIR_TESTS), (*ORDERS, *MORE_ORDERS))
    customer = client.sign_in(CUSTOMER, device="Kavya's phone")
    token = customer["accessToken"]
    ended = client.sign_in(CUSTOMER, device="A shared tablet")
    client.ask("sign_out", bearer=ended["accessToken"])
    client.ask("update_profile", bearer=token, input={"name": "Kavya Menon", "gender": "FEMALE"})
    for is_default, address in enumerate((told["orders"][0]["input"]["shippingAddress"], ELSEWHERE)):
        client.ask("add_address", bearer=token, input={"address": address, "isDefault": bool(is_default)})
    own_test = client.take_hair_test(OWN_HAIR_TEST, bearer=token)
    own_order = client.order(own_test, {"phone": CUSTOMER}, bearer=token)
    offered = client.ask("account", bearer=token)["guestRecords"]
    left = told["orders"][-1]["placed"]["order"]["number"]
    claimed = [record["claimId"] for record in offered if record["orderNumber"] != left]
    client.ask("claim_guest_records", bearer=token, input={"ids": claimed})

    client.release.run(data, "staff", "invite", ADMIN, "--role", "ADMIN")
    admin = client.sign_in(ADMIN, device="The office")
    invited = [
        client.ask("invite_staff", bearer=admin["accessToken"], input={"phone": phone, "roles": [role]})
        for phone, role in ((DOCTOR, "DOCTOR"), (COACH, "COACH"))
    ]
    doctor = client.sign_in(DOCTOR, device="The practice")
    treatment = {"customerId": customer["customer"]["id"], "staffId": invited[0]["staff"]["id"]}
    client.ask("assign_staff", bearer=admin["accessToken"], input=treatment)

    people = {"customer": customer, "doctor": doctor, "admin": admin}
    return {
        "hairTests": [*told["hairTests"], {**own_test, "by": "customer"}],
        "orders": [*told["orders"], {**own_order, "by": "customer"}],
        "people": {
            name: {"session": session, "account": client.ask("account", bearer=session["accessToken"])}
            for name, session in people.items()
        },
        "endedSession": ended,
        "staff": client.ask("staff", bearer=admin["accessToken"]),
    }


LIVES: Mapping[int, Callable[[Client, Path], dict[str, Any]]] = {1: live_first, 2: live_second}


def _visit(
    client: Client, tests: Sequence[dict[str, Any]], orders: Sequence[tuple[int, dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """Do what guests do."""
    hair_tests = [client.take_hair_test(changes) for changes in tests]
    return {
        "hairTests": hair_tests,
        "orders": [client.order(hair_tests[number], changes) for number, changes in orders],
    }
