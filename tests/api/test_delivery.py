"""Where orders are delivered, and what is said of an address that may be wrong."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.support import GraphClient, address, example
from traya_gql.app import now
from traya_gql.domain.days import day_in_india
from traya_gql.domain.delivery import Zone, delivery_rules
from traya_gql.domain.states import IndianState
from traya_gql.schema.scalars import parse_date

WARNINGS = "warnings { code message path } userErrors { code path }"
ADD = f"mutation ($input: AddAddressInput!) {{ addAddress(input: $input) {{ address {{ id }} {WARNINGS} }} }}"
UPDATE = f"""mutation ($id: ID!, $input: UpdateAddressInput!) {{
  updateAddress(id: $id, input: $input) {{ address {{ id }} {WARNINGS} }}
}}"""
MISMATCH = {
    "code": "PIN_STATE_MISMATCH",
    "message": "PIN code 560001 lies in Karnataka, not in Kerala. Please check both.",
    "path": ["input", "address", "pinCode"],
}
UNKNOWN = {
    "code": "UNKNOWN_PIN_CODE",
    "message": "We know no PIN code that begins like 540001. Please check it.",
    "path": ["input", "address", "pinCode"],
}
NOT_SERVED = {
    "isServiceable": False,
    "states": [],
    "zone": None,
    "deliveryEstimate": None,
    "isCashOnDeliveryAvailable": False,
    "cashOnDeliveryUpTo": None,
    "shippingChargeFrom": None,
    "freeShippingFrom": None,
}


async def asked(client: GraphClient, pin_code: str, **variables: Any) -> dict[str, Any]:
    """Return what is known of a PIN code, which no command to the database was needed for."""
    with client.commands.counting() as commands:
        answer: dict[str, Any] = (await client.data(example("serviceability"), pinCode=pin_code, **variables))[
            "serviceability"
        ]
    assert commands == {}
    return answer


def estimates(zone: Zone) -> dict[str, str]:
    """Return what is estimated for an order of now."""
    day = day_in_india(now())
    found = delivery_rules(day).estimate(zone, on=day)
    return {"earliest": found.earliest.isoformat(), "latest": found.latest.isoformat()}


# --- serviceability ---------------------------------------------------------------------------------------------------


async def test_a_shopper_learns_what_an_order_would_meet(client: GraphClient) -> None:
    before = estimates(Zone.NATIONAL)

    served = await asked(client, "560 001")

    assert served.pop("deliveryEstimate") in (before, estimates(Zone.NATIONAL))
    assert served == {
        "pinCode": "560001",
        "isServiceable": True,
        "states": ["KARNATAKA"],
        "zone": "NATIONAL",
        "isCashOnDeliveryAvailable": True,
        "cashOnDeliveryUpTo": {"amount": "3000.00"},
        "shippingChargeFrom": {"amount": "49.00"},
        "freeShippingFrom": {"amount": "499.00"},
    }


@pytest.mark.parametrize(
    ("pin_code", "state", "zone", "charge", "is_cash"),
    [
        ("400001", None, "LOCAL", "29.00", True),
        ("400001", "MAHARASHTRA", "LOCAL", "29.00", True),
        ("400001", "GOA", "NATIONAL", "49.00", True),
        ("560001", "MAHARASHTRA", "NATIONAL", "49.00", True),
        ("194101", None, "REMOTE", "79.00", False),
        ("682555", "LAKSHADWEEP", "REMOTE", "79.00", False),
    ],
)
async def test_a_zone_decides_what_sending_costs_and_who_pays_at_the_door(
    client: GraphClient, pin_code: str, state: str | None, zone: str, charge: str, *, is_cash: bool
) -> None:
    served = await asked(client, pin_code, state=state)

    assert served["zone"] == zone
    assert served["shippingChargeFrom"] == {"amount": charge}
    assert served["isCashOnDeliveryAvailable"] is is_cash
    assert served["cashOnDeliveryUpTo"] == ({"amount": "3000.00"} if is_cash else None)


async def test_a_pin_code_of_the_army_may_lie_in_each_state(client: GraphClient) -> None:
    served = await asked(client, "900056")

    assert served["states"] == sorted(IndianState)
    assert served["zone"] == "REMOTE"


async def test_a_pin_code_that_does_not_exist_is_not_served(client: GraphClient) -> None:
    assert await asked(client, "540001", state="KARNATAKA") == {"pinCode": "540001", **NOT_SERVED}


@pytest.mark.parametrize("pin_code", ["", "56000", "056001", "5600011", "०५६००१", "560-001", "$ne", "5" * 10_000])
async def test_what_is_no_pin_code_is_bad_user_input_in_words(client: GraphClient, pin_code: str) -> None:
    answer = await client.ask(example("serviceability"), pinCode=pin_code)

    [error] = answer["errors"]
    assert answer["data"] == {"serviceability": None}
    assert error["message"] == "Enter the 6-digit PIN code, such as 560001. It does not start with 0."
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026-11-21", date(2026, 11, 21)),
        ("2028-02-29", date(2028, 2, 29)),
        ("2026-02-29", None),
        ("20261121", None),
        ("2026-W47-6", None),
        ("2026-11-21T00:00:00Z", None),
        ("२०२६-११-२१", None),
        (20261121, None),
        (None, None),
    ],
)
def test_a_day_is_read_from_its_text_alone(typed: object, day: date | None) -> None:
    if day is None:
        with pytest.raises(ValueError):  # noqa: PT011 - in words of ours, or of Python for a day that is in no month
            parse_date(typed)
    else:
        assert parse_date(typed) == day


# --- warnings ---------------------------------------------------------------------------------------------------------


async def test_an_address_whose_pin_code_lies_elsewhere_is_kept_with_a_warning(client: GraphClient) -> None:
    who = await client.sign_in("9876543210")

    added = (await client.data(ADD, bearer=who.access_token, input={"address": address(state="KERALA")}))["addAddress"]
    id_ = added["address"]["id"]
    steps: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        ({"isDefault": True}, []),
        ({"address": address(state="KERALA", pinCode="540001")}, [UNKNOWN]),
        ({"address": address(state="KERALA", pinCode="560 001")}, [MISMATCH]),
        ({"address": address(state="KARNATAKA")}, []),
    ]

    assert (added["warnings"], added["userErrors"]) == ([MISMATCH], [])
    for typed, warnings in steps:
        changed = (await client.data(UPDATE, bearer=who.access_token, id=id_, input=typed))["updateAddress"]
        assert changed == {"address": {"id": id_}, "warnings": warnings, "userErrors": []}, typed


async def test_an_address_that_is_refused_is_not_warned_of(client: GraphClient) -> None:
    who = await client.sign_in("9876543210")
    abroad = address(state="KERALA", country="AE")

    refused = (await client.data(ADD, bearer=who.access_token, input={"address": abroad}))["addAddress"]

    assert refused == {
        "address": None,
        "warnings": [],
        "userErrors": [{"code": "UNSUPPORTED_COUNTRY", "path": ["input", "address", "country"]}],
    }
