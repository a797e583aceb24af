"""What a kit costs for some months."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.products import any_catalogue, product
from traya_gql.domain.orders import MAX_QUANTITY
from traya_gql.domain.products import ProductFacts, RegulatoryClass
from traya_gql.domain.ruleset.kit_rules import KitRules
from traya_gql.domain.ruleset.offers import KitKind, Offer, offers, offers_of
from traya_gql.domain.ruleset.rules import current_ruleset

KIT = current_ruleset().kit
OIL = product("oil", price_paise=50_000)
SHAMPOO = product("shampoo", price_paise=30_000, monthly_quantity=2)
LIMITED = product("limited", price_paise=40_000, monthly_quantity=2, most_months=3)


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
        ("COMPLETE", 3, 313_500),
        ("COMPLETE", 5, 495_000),
        ("BASIC", 1, 50_000),
        ("BASIC", 3, 142_500),
        ("BASIC", 5, 225_000),
    ]
    assert found[1].lines == ((OIL.id, 3), (SHAMPOO.id, 6))


def test_an_expected_time_that_is_another_duration_is_offered_once_at_its_own_discount() -> None:
    found = offers({KitKind.BASIC: [OIL]}, expected_months=3, rules=KIT)

    assert [(offer.months, offer.discount_percent) for offer in found] == [(1, 0), (3, 10)]


def test_without_expected_months_nothing_is_offered() -> None:
    assert offers({KitKind.COMPLETE: [OIL]}, expected_months=None, rules=KIT) == ()


@pytest.mark.parametrize(
    "changes",
    [{"is_active": False}, {"is_in_stock": False}, {"regulatory_class": RegulatoryClass.SCHEDULE_H}],
)
def test_what_cannot_be_sold_now_counts_into_no_price(changes: dict[str, Any]) -> None:
    unsold = product("unsold", **changes)

    found = offers({KitKind.COMPLETE: [OIL, unsold], KitKind.BASIC: [unsold]}, expected_months=1, rules=KIT)

    assert shown(found) == [("COMPLETE", 1, 45_000), ("COMPLETE", 3, 142_500)]
    assert found[0].lines == ((OIL.id, 1),)


def test_an_offer_of_more_pieces_than_a_line_holds_is_left_out() -> None:
    found = offers({KitKind.COMPLETE: [SHAMPOO]}, expected_months=11, rules=KIT)

    assert [offer.months for offer in found] == [1, 3]


def test_a_line_may_be_as_long_as_an_order_takes() -> None:
    (*_, last) = offers({KitKind.COMPLETE: [SHAMPOO]}, expected_months=10, rules=KIT)

    assert last.lines == ((SHAMPOO.id, MAX_QUANTITY),)


# --- what a label limits to some months -------------------------------------------------------------------------------


def test_a_kit_holds_what_its_label_limits_for_no_more_months_than_that() -> None:
    found = offers({KitKind.COMPLETE: [OIL, LIMITED]}, expected_months=6, rules=KIT)

    assert [offer.lines for offer in found] == [
        ((OIL.id, 1), (LIMITED.id, 2)),
        ((OIL.id, 3), (LIMITED.id, 6)),
        ((OIL.id, 6), (LIMITED.id, 6)),
    ]
    assert shown(found)[-1] == ("COMPLETE", 6, 486_000)


def test_a_limit_can_keep_a_long_offer_within_what_a_line_holds() -> None:
    limited = product("limited", monthly_quantity=4, most_months=5)

    assert [offer.lines for offer in offers({KitKind.COMPLETE: [OIL, limited]}, expected_months=12, rules=KIT)][-1] == (
        (OIL.id, 12),
        (limited.id, MAX_QUANTITY),
    )


def test_the_same_pieces_are_not_offered_for_more_months_again() -> None:
    found = offers({KitKind.COMPLETE: [LIMITED]}, expected_months=6, rules=KIT)

    assert [(offer.months, offer.lines) for offer in found] == [(1, ((LIMITED.id, 2),)), (3, ((LIMITED.id, 6),))]


def test_the_same_pieces_are_not_offered_for_more_months_at_a_higher_price_either() -> None:
    rules = rules_with(MONTH=0, QUARTER=10, EXPECTED=5)

    found = offers({KitKind.COMPLETE: [LIMITED]}, expected_months=6, rules=rules)

    assert [offer.months for offer in found] == [1, 3]


@pytest.mark.parametrize(("oil_paise", "months"), [(4_705, [1, 3]), (4_706, [1, 3, 6])])
def test_more_months_that_would_cost_less_than_fewer_are_not_offered(oil_paise: int, months: list[int]) -> None:
    """With 6 pieces of 400 rupees in both, the higher discount saves more than three bottles of a cheap oil cost."""
    found = offers({KitKind.COMPLETE: [product("oil", price_paise=oil_paise), LIMITED]}, expected_months=6, rules=KIT)

    assert [offer.months for offer in found] == months


@given(any_catalogue(), st.integers(min_value=3, max_value=12))
def test_nothing_is_offered_for_longer_than_its_label_says(catalogue: list[ProductFacts], months: int) -> None:
    by_id = {one.id: one for one in catalogue}

    for offer in offers({KitKind.COMPLETE: catalogue, KitKind.BASIC: catalogue[:1]}, expected_months=months, rules=KIT):
        for id_, quantity in offer.lines:
            one = by_id[id_]
            assert quantity == one.monthly_quantity * min(offer.months, one.most_months or offer.months)
            assert quantity <= one.most_pieces


# --- the cheap kit ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("basic", [[OIL, SHAMPOO], [SHAMPOO, OIL]])
def test_a_cheap_kit_that_holds_just_what_the_whole_one_does_is_not_offered(basic: list[ProductFacts]) -> None:
    found = offers({KitKind.COMPLETE: [OIL, SHAMPOO], KitKind.BASIC: basic}, expected_months=5, rules=KIT)

    assert [(offer.kind.value, offer.months) for offer in found] == [("COMPLETE", 1), ("COMPLETE", 3), ("COMPLETE", 5)]


def test_the_same_product_for_other_pieces_makes_another_kit() -> None:
    fewer = OIL.model_copy(update={"monthly_quantity": 2})

    found = offers({KitKind.COMPLETE: [OIL], KitKind.BASIC: [fewer]}, expected_months=3, rules=KIT)

    assert [(offer.kind.value, offer.months) for offer in found] == [
        ("COMPLETE", 1),
        ("COMPLETE", 3),
        ("BASIC", 1),
        ("BASIC", 3),
    ]


def test_a_cheap_kit_is_offered_for_the_months_for_which_the_whole_one_is_not() -> None:
    found = offers({KitKind.COMPLETE: [OIL, SHAMPOO], KitKind.BASIC: [OIL]}, expected_months=11, rules=KIT)

    assert [(offer.kind.value, offer.months) for offer in found][2:] == [("BASIC", 1), ("BASIC", 3), ("BASIC", 11)]


def test_what_one_kit_is_offered_for_does_not_depend_on_the_other() -> None:
    found = offers_of(KitKind.BASIC, [OIL, SHAMPOO], expected_months=5, rules=KIT)

    assert shown(found) == [("BASIC", 1, 110_000), ("BASIC", 3, 313_500), ("BASIC", 5, 495_000)]
    assert offers_of(KitKind.BASIC, [], expected_months=5, rules=KIT) == ()
    assert offers_of(KitKind.BASIC, [OIL], expected_months=None, rules=KIT) == ()


# --- prices -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "percent", "expected"),
    [(50_000, 10, 45_000), (999, 5, 949), (10, 5, 9), (9, 5, 9), (50_000, 0, 50_000)],
)
def test_a_discount_is_taken_off_and_rounded_half_up_to_the_paisa(price: int, percent: int, expected: int) -> None:
    rules = rules_with(MONTH=percent, QUARTER=0, EXPECTED=0)

    first = offers({KitKind.COMPLETE: [product("one", price_paise=price)]}, expected_months=5, rules=rules)[0]

    assert (first.price_paise, first.discount_percent) == (expected, percent)
    assert (first.subtotal_paise, first.discount_paise) == (price, price - expected)


@pytest.mark.parametrize(
    ("expected_months", "steps"),
    [(None, {}), (3, {1: 0, 3: 10}), (5, {1: 0, 3: 5, 5: 10}), (12, {1: 0, 3: 5, 12: 10})],
)
def test_each_time_that_a_kit_is_offered_for_has_its_discount(
    expected_months: int | None, steps: dict[int, int]
) -> None:
    assert KIT.discount_steps(expected_months) == steps


@given(any_catalogue(), st.integers(min_value=3, max_value=12))
def test_more_months_never_cost_less_than_fewer(catalogue: list[Any], months: int) -> None:
    prices = [offer.price_paise for offer in offers({KitKind.COMPLETE: catalogue}, expected_months=months, rules=KIT)]

    assert prices == sorted(prices)


@given(any_catalogue(), st.integers(min_value=3, max_value=12))
def test_without_a_discount_the_price_is_the_sum_of_the_lines(catalogue: list[Any], months: int) -> None:
    by_id = {one.id: one for one in catalogue}
    rules = rules_with(MONTH=0, QUARTER=0, EXPECTED=0)

    for offer in offers({KitKind.COMPLETE: catalogue}, expected_months=months, rules=rules):
        assert offer.price_paise == sum(by_id[id_].price_paise * quantity for id_, quantity in offer.lines)
        assert (offer.subtotal_paise, offer.discount_paise) == (offer.price_paise, 0)
        assert all(1 <= quantity <= MAX_QUANTITY for _, quantity in offer.lines)


@given(any_catalogue(), st.integers(min_value=3, max_value=12))
def test_the_price_is_the_list_price_of_the_lines_less_the_discount(catalogue: list[Any], months: int) -> None:
    by_id = {one.id: one for one in catalogue}

    for offer in offers({KitKind.COMPLETE: catalogue}, expected_months=months, rules=KIT):
        assert offer.subtotal_paise == sum(by_id[id_].price_paise * quantity for id_, quantity in offer.lines)
        assert 0 <= offer.discount_paise == offer.subtotal_paise - offer.price_paise
