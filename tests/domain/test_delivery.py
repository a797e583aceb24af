"""What sending costs, how long it takes, and who may pay at the door."""

from __future__ import annotations

from datetime import date, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.data_files import FileInvalid, read_toml
from traya_gql.domain.delivery import (
    CashOnDeliveryRefusal,
    DeliveryEstimate,
    DeliveryOffer,
    DeliveryTimeline,
    Zone,
    delivery_rules,
    delivery_timeline,
)
from traya_gql.domain.pins import states_of
from traya_gql.domain.states import IndianState

S = IndianState
TEXT = files("traya_gql.domain").joinpath("delivery.toml").read_text(encoding="utf-8")
TODAY = date(2026, 11, 21)
RULES = delivery_rules(TODAY)

ZONES = st.sampled_from(Zone)
WEIGHTS = st.integers(0, 20_000)
AMOUNTS = st.integers(0, 2 * RULES.free_from_paise)
PIN_CODES = st.integers(100_000, 999_999).map(str)


def changed(old: str, new: str) -> str:
    """Return the file with one place changed."""
    assert TEXT.count(old) == 1, f"{TEXT.count(old)} times: {old}"
    return TEXT.replace(old, new)


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(FileInvalid) as refused:
        read_toml(DeliveryTimeline, text)
    return refused.value.problems


# --- zones ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pin_code", "state", "zone"),
    [
        pytest.param("400001", S.MAHARASHTRA, Zone.LOCAL, id="Mumbai"),
        pytest.param("440001", S.MAHARASHTRA, Zone.LOCAL, id="Nagpur"),
        pytest.param("403001", S.GOA, Zone.NATIONAL, id="Panaji"),
        pytest.param("560001", S.KARNATAKA, Zone.NATIONAL, id="Bengaluru"),
        pytest.param("560001", S.MAHARASHTRA, Zone.NATIONAL, id="Bengaluru, said to be in the seller's state"),
        pytest.param("400001", S.KARNATAKA, Zone.NATIONAL, id="Mumbai, said to be elsewhere"),
        pytest.param("735101", S.WEST_BENGAL, Zone.NATIONAL, id="Jalpaiguri"),
        pytest.param("682508", S.KERALA, Zone.NATIONAL, id="Kochi's outskirts"),
        pytest.param("781001", S.ASSAM, Zone.REMOTE, id="Guwahati"),
        pytest.param("799001", S.TRIPURA, Zone.REMOTE, id="Agartala"),
        pytest.param("737101", S.SIKKIM, Zone.REMOTE, id="Gangtok"),
        pytest.param("180001", S.JAMMU_AND_KASHMIR, Zone.REMOTE, id="Jammu"),
        pytest.param("194101", S.LADAKH, Zone.REMOTE, id="Leh"),
        pytest.param("744101", S.ANDAMAN_AND_NICOBAR_ISLANDS, Zone.REMOTE, id="Port Blair"),
        pytest.param("682555", S.LAKSHADWEEP, Zone.REMOTE, id="Kavaratti"),
        pytest.param("900056", S.MAHARASHTRA, Zone.REMOTE, id="the army, in the seller's state"),
        pytest.param("540001", S.TAMIL_NADU, None, id="no such PIN code"),
    ],
)
def test_a_zone_follows_from_the_pin_code(pin_code: str, state: IndianState, zone: Zone | None) -> None:
    assert RULES.zone_of(pin_code=pin_code, state=state) is zone


@given(pin_code=PIN_CODES, state=st.sampled_from(S))
def test_every_pin_code_that_exists_is_served(pin_code: str, state: IndianState) -> None:
    assert (RULES.zone_of(pin_code=pin_code, state=state) is None) is (states_of(pin_code) == frozenset())


@given(pin_code=PIN_CODES, named=st.sampled_from(S))
def test_no_state_that_is_named_makes_a_parcel_cheaper_than_the_right_one_does(
    pin_code: str, named: IndianState
) -> None:
    zones = {RULES.zone_of(pin_code=pin_code, state=state) for state in states_of(pin_code)}

    if zones:
        assert RULES.zone_of(pin_code=pin_code, state=named) in zones | {Zone.NATIONAL}


def test_nothing_is_sent_where_nobody_delivers() -> None:
    rules = read_toml(DeliveryTimeline, changed("unserviceable_prefixes = []", 'unserviceable_prefixes = ["7443"]')).on(
        TODAY
    )

    assert rules.zone_of(pin_code="744301", state=S.ANDAMAN_AND_NICOBAR_ISLANDS) is None
    assert rules.offer(pin_code="744301", state=S.ANDAMAN_AND_NICOBAR_ISLANDS, on=TODAY) is None
    assert rules.zone_of(pin_code="744101", state=S.ANDAMAN_AND_NICOBAR_ISLANDS) is Zone.REMOTE


# --- charges ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "weight_g", "goods_paise", "charge_paise"),
    [
        (Zone.LOCAL, 0, 0, 2_900),
        (Zone.LOCAL, 500, 10_000, 2_900),
        (Zone.LOCAL, 501, 10_000, 4_400),
        (Zone.LOCAL, 1_000, 10_000, 4_400),
        (Zone.NATIONAL, 1, 10_000, 4_900),
        (Zone.NATIONAL, 500, 10_000, 4_900),
        (Zone.NATIONAL, 501, 10_000, 6_900),
        (Zone.NATIONAL, 1_501, 10_000, 10_900),
        (Zone.REMOTE, 500, 10_000, 7_900),
        (Zone.REMOTE, 501, 10_000, 11_900),
        pytest.param(Zone.NATIONAL, 500, 45_000, 4_900, id="all that is missing"),
        pytest.param(Zone.NATIONAL, 500, 45_001, 4_899, id="less is missing than it weighs"),
        pytest.param(Zone.REMOTE, 20_000, 49_899, 1, id="one paisa is missing"),
        pytest.param(Zone.REMOTE, 20_000, 49_900, 0, id="nothing is missing"),
        pytest.param(Zone.REMOTE, 20_000, 1_000_000, 0, id="much more"),
    ],
)
def test_a_parcel_is_charged_by_weight_up_to_what_is_missing_to_free_shipping(
    zone: Zone, weight_g: int, goods_paise: int, charge_paise: int
) -> None:
    assert RULES.charge(zone, weight_g=weight_g, goods_paise=goods_paise) == charge_paise


@given(zone=ZONES, weight_g=WEIGHTS, goods=AMOUNTS, more_weight_g=WEIGHTS, more_goods=AMOUNTS)
def test_goods_and_charge_together_never_fall_when_goods_are_added(
    zone: Zone, weight_g: int, goods: int, more_weight_g: int, more_goods: int
) -> None:
    before = goods + RULES.charge(zone, weight_g=weight_g, goods_paise=goods)

    goods += more_goods
    after = goods + RULES.charge(zone, weight_g=weight_g + more_weight_g, goods_paise=goods)

    assert after >= before


@given(zone=ZONES, weight_g=WEIGHTS, goods=AMOUNTS)
def test_a_charge_is_never_negative_and_never_lifts_an_order_above_free_shipping(
    zone: Zone, weight_g: int, goods: int
) -> None:
    charge = RULES.charge(zone, weight_g=weight_g, goods_paise=goods)

    assert charge >= 0
    assert goods + charge <= max(goods, RULES.free_from_paise)
    assert (charge == 0) is (goods >= RULES.free_from_paise)


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "on", "earliest", "latest"),
    [
        pytest.param(Zone.LOCAL, date(2026, 11, 16), date(2026, 11, 18), date(2026, 11, 20), id="within a week"),
        pytest.param(Zone.LOCAL, date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 25), id="over a Sunday"),
        pytest.param(Zone.LOCAL, date(2026, 11, 21), date(2026, 11, 24), date(2026, 11, 26), id="from a Saturday"),
        pytest.param(Zone.LOCAL, date(2026, 11, 22), date(2026, 11, 24), date(2026, 11, 26), id="from a Sunday"),
        pytest.param(Zone.NATIONAL, date(2026, 11, 21), date(2026, 11, 25), date(2026, 11, 30), id="further"),
        pytest.param(Zone.REMOTE, date(2026, 11, 21), date(2026, 11, 28), date(2026, 12, 4), id="very far"),
        pytest.param(Zone.REMOTE, date(2026, 12, 28), date(2027, 1, 4), date(2027, 1, 9), id="over the new year"),
    ],
)
def test_working_days_are_monday_to_saturday(zone: Zone, on: date, earliest: date, latest: date) -> None:
    assert RULES.estimate(zone, on=on) == DeliveryEstimate(earliest=earliest, latest=latest)


@given(zone=ZONES, on=st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_a_parcel_arrives_on_a_working_day_after_the_order_and_no_sooner_when_ordered_later(
    zone: Zone, on: date
) -> None:
    today, tomorrow = RULES.estimate(zone, on=on), RULES.estimate(zone, on=on + timedelta(days=1))

    assert on < today.earliest <= today.latest
    assert {today.earliest.isoweekday(), today.latest.isoweekday()} <= {1, 2, 3, 4, 5, 6}
    assert today.earliest <= tomorrow.earliest
    assert today.latest <= tomorrow.latest


# --- cash on delivery -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "total_paise", "why"),
    [
        (Zone.LOCAL, 300_000, None),
        (Zone.LOCAL, 300_001, CashOnDeliveryRefusal.AMOUNT),
        (Zone.NATIONAL, 0, None),
        (Zone.NATIONAL, 300_000, None),
        (Zone.NATIONAL, 300_001, CashOnDeliveryRefusal.AMOUNT),
        (Zone.REMOTE, 1, CashOnDeliveryRefusal.ZONE),
        (Zone.REMOTE, 300_001, CashOnDeliveryRefusal.ZONE),
    ],
)
def test_orders_are_paid_at_the_door_up_to_an_amount_and_not_everywhere(
    zone: Zone, total_paise: int, why: CashOnDeliveryRefusal | None
) -> None:
    assert RULES.why_no_cash(zone, total_paise=total_paise) is why


# --- what shoppers are told -------------------------------------------------------------------------------------------


def test_an_offer_says_what_an_order_would_meet() -> None:
    assert RULES.offer(pin_code="560001", state=S.KARNATAKA, on=TODAY) == DeliveryOffer(
        zone=Zone.NATIONAL,
        estimate=DeliveryEstimate(earliest=date(2026, 11, 25), latest=date(2026, 11, 30)),
        charge_from_paise=4_900,
        free_from_paise=49_900,
        cash_up_to_paise=300_000,
    )


def test_an_offer_says_where_nobody_pays_at_the_door() -> None:
    offer = RULES.offer(pin_code="194101", state=S.LADAKH, on=TODAY)

    assert offer is not None
    assert (offer.zone, offer.charge_from_paise, offer.cash_up_to_paise) == (Zone.REMOTE, 7_900, None)


def test_no_offer_is_made_for_a_pin_code_that_does_not_exist() -> None:
    assert RULES.offer(pin_code="540001", state=S.TAMIL_NADU, on=TODAY) is None


# --- the file ---------------------------------------------------------------------------------------------------------


def test_of_the_rules_that_have_begun_those_count_that_began_last() -> None:
    later = TEXT.replace("from = 2025-01-01", "from = 2027-04-01").replace("49_900", "59_900")
    timeline = read_toml(DeliveryTimeline, TEXT + later)
    first, second = timeline.rules

    assert timeline.on(date(2024, 12, 31)) is first
    assert timeline.on(date(2025, 1, 1)) is first
    assert timeline.on(date(2027, 3, 31)) is first
    assert timeline.on(date(2027, 4, 1)) is second
    assert (first.free_from_paise, second.free_from_paise) == (49_900, 59_900)


def test_the_rules_of_this_release_are_read_once() -> None:
    assert delivery_rules(TODAY) is delivery_timeline().on(TODAY) is RULES
    assert RULES.seller_state is S.MAHARASHTRA


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("rules = []", "the whole file: rules: there are none", id="no rules"),
        pytest.param(
            TEXT + TEXT,
            "the whole file: rules: each begins on a later day than the one before",
            id="the same day twice",
        ),
        pytest.param(
            changed("[rules.tariffs.REMOTE]", "[rules.tariffs.FAR]"),
            "rules[0].tariffs.FAR: Input should be 'LOCAL', 'NATIONAL' or 'REMOTE'",
            id="an unknown zone",
        ),
        pytest.param(
            changed("most_days = 3", "most_days = 0"),
            "rules[0].tariffs.LOCAL: fewest_days is more than most_days",
            id="no time to arrive",
        ),
        pytest.param(
            changed("free_from_paise = 49_900", "free_from_paise = -1"),
            "rules[0].free_from_paise: Input should be greater than or equal to 0",
            id="a negative amount",
        ),
        pytest.param(
            changed("[rules.cash_on_delivery]", "[rules.cash]"),
            "rules[0].cash_on_delivery: this is missing",
            id="an unknown table",
        ),
    ],
)
def test_rules_that_do_not_hang_together_are_refused(text: str, problem: str) -> None:
    assert problem in problems(text)


def test_a_zone_without_a_tariff_is_refused() -> None:
    start, end = TEXT.index("[rules.tariffs.REMOTE]"), TEXT.index("[rules.cash_on_delivery]")

    assert problems(TEXT[:start] + TEXT[end:]) == ("rules[0]: tariffs: REMOTE is missing",)
