"""What a kit costs for some months."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.products import any_catalogue, product
from traya_gql.domain.orders import MAX_QUANTITY
from traya_gql.domain.products import RegulatoryClass
from traya_gql.domain.ruleset.kit_rules import KitRules
from traya_gql.domain.ruleset.offers import KitKind, Offer, offers
from traya_gql.domain.ruleset.rules import current_ruleset

KIT = current_ruleset().kit
OIL = product("oil", price_paise=50_000)
SHAMPOO = product("shampoo", price_paise=30_000, monthly_quantity=2)


def rules_with(**percents: int) -> KitRules:
    """Return the rules with these discounts."""
    changed = {
        name: rule.model_copy(update={"discount_percent": percents[name]}) for name, rule in KIT.durations.items()
    }
    return KIT.model_copy(update={"durations": changed})


def shown(found: tuple[Offer, ...]) -> list[tuple[str, int, int]]:
    return [(offer.kind.value, offer.months, offer.price_paise) for offer in found]


def test_a_kit_is_offered_for_a_month_a_quarter_and_the_expected_time() -> None:
    found = offers({KitKind.COMPLETE: [OIL, SHAMPOO], KitKind.BASIC: [OIL]}, expected_months=5, rules=KIT)

    assert shown(found) == [
        ("COMPLETE", 1, 110_000),
        ("COMPLETE", 3, 330_000),
        ("COMPLETE", 5, 550_000),
        ("BASIC", 1, 50_000),
        ("BASIC", 3, 150_000),
        ("BASIC", 5, 250_000),
    ]
    assert found[1].lines == ((OIL.id, 3), (SHAMPOO.id, 6))


def test_an_expected_time_that_is_another_duration_is_offered_once() -> None:
    assert [offer.months for offer in offers({KitKind.BASIC: [OIL]}, expected_months=3, rules=KIT)] == [1, 3]


def test_without_expected_months_nothing_is_offered() -> None:
    assert offers({KitKind.COMPLETE: [OIL]}, expected_months=None, rules=KIT) == ()


@pytest.mark.parametrize(
    "changes",
    [{"is_active": False}, {"is_in_stock": False}, {"regulatory_class": RegulatoryClass.SCHEDULE_H}],
)
def test_what_cannot_be_sold_now_counts_into_no_price(changes: dict[str, Any]) -> None:
    unsold = product("unsold", **changes)

    found = offers({KitKind.COMPLETE: [OIL, unsold], KitKind.BASIC: [unsold]}, expected_months=1, rules=KIT)

    assert shown(found) == [("COMPLETE", 1, 50_000), ("COMPLETE", 3, 150_000)]
    assert found[0].lines == ((OIL.id, 1),)


def test_an_offer_of_more_pieces_than_a_line_holds_is_left_out() -> None:
    found = offers({KitKind.COMPLETE: [SHAMPOO]}, expected_months=11, rules=KIT)

    assert [offer.months for offer in found] == [1, 3]


def test_a_line_may_be_as_long_as_an_order_takes() -> None:
    (*_, last) = offers({KitKind.COMPLETE: [SHAMPOO]}, expected_months=10, rules=KIT)

    assert last.lines == ((SHAMPOO.id, MAX_QUANTITY),)


@pytest.mark.parametrize(
    ("price", "percent", "expected"),
    [(50_000, 10, 45_000), (999, 5, 949), (10, 5, 9), (9, 5, 9), (50_000, 0, 50_000)],
)
def test_a_discount_is_taken_off_and_rounded_half_up_to_the_paisa(price: int, percent: int, expected: int) -> None:
    rules = rules_with(MONTH=percent, QUARTER=0, EXPECTED=0)

    first = offers({KitKind.COMPLETE: [product("one", price_paise=price)]}, expected_months=5, rules=rules)[0]

    assert (first.price_paise, first.discount_percent) == (expected, percent)


def test_no_discount_is_shown_that_an_order_would_not_honour() -> None:
    assert {rule.discount_percent for rule in KIT.durations.values()} == {0}


@given(any_catalogue(), st.integers(min_value=3, max_value=12))
def test_without_a_discount_the_price_is_the_sum_of_the_lines(catalogue: list[Any], months: int) -> None:
    by_id = {one.id: one for one in catalogue}

    for offer in offers({KitKind.COMPLETE: catalogue}, expected_months=months, rules=KIT):
        assert offer.price_paise == sum(by_id[id_].price_paise * quantity for id_, quantity in offer.lines)
        assert all(1 <= quantity <= MAX_QUANTITY for _, quantity in offer.lines)
