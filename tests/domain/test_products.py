"""What is known of a product hangs together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.domain.products import product
from traya_gql.domain.orders import MAX_QUANTITY
from traya_gql.domain.products import RegulatoryClass


@pytest.mark.parametrize("regulatory_class", RegulatoryClass)
def test_only_schedule_h_needs_a_prescription(regulatory_class: RegulatoryClass) -> None:
    found = product(regulatory_class=regulatory_class)

    assert found.needs_prescription is (regulatory_class is RegulatoryClass.SCHEDULE_H)


def test_what_is_sold_and_there_can_be_sent() -> None:
    assert product(is_active=True, is_in_stock=True).can_be_sent
    assert not product(is_active=True, is_in_stock=False).can_be_sent
    assert not product(is_active=False, is_in_stock=True).can_be_sent
    assert not product(is_active=False, is_in_stock=False).can_be_sent


def test_a_month_costs_as_many_pieces_as_it_takes() -> None:
    assert product(price_paise=29_900, monthly_quantity=3).monthly_price_paise == 89_700


@pytest.mark.parametrize(
    ("months", "most_months", "pieces"),
    [(1, None, 2), (6, None, 12), (1, 3, 2), (3, 3, 6), (4, 3, 6), (12, 3, 6), (12, 24, 24), (2, 1, 2)],
)
def test_no_more_pieces_are_for_some_months_than_the_label_lets_somebody_take_at_a_stretch(
    months: int, most_months: int | None, pieces: int
) -> None:
    assert product(monthly_quantity=2, most_months=most_months).pieces_for(months) == pieces


@pytest.mark.parametrize(
    ("monthly_quantity", "most_months", "pieces"),
    [
        (1, None, MAX_QUANTITY),
        (4, None, MAX_QUANTITY),
        (1, 3, 3),
        (2, 3, 6),
        (4, 5, MAX_QUANTITY),
        (4, 6, MAX_QUANTITY),
    ],
)
def test_one_order_holds_no_more_pieces_than_a_line_and_the_label_allow(
    monthly_quantity: int, most_months: int | None, pieces: int
) -> None:
    assert product(monthly_quantity=monthly_quantity, most_months=most_months).most_pieces == pieces


@pytest.mark.parametrize("most_months", [None, 1, 24])
def test_a_label_may_limit_the_time_to_a_month_or_two_years_or_not_at_all(most_months: int | None) -> None:
    assert product(most_months=most_months).most_months == most_months


@pytest.mark.parametrize(
    ("is_draft", "is_active", "status"),
    [(True, False, "DRAFT"), (False, True, "PUBLISHED"), (False, False, "ARCHIVED")],
)
def test_a_product_is_a_draft_or_published_or_archived(*, is_draft: bool, is_active: bool, status: str) -> None:
    assert product(is_draft=is_draft, is_active=is_active).status.value == status


def test_a_draft_is_not_active() -> None:
    with pytest.raises(ValidationError, match="a draft is not active"):
        product(is_draft=True, is_active=True)


@pytest.mark.parametrize("weight", [1, 20_000])
def test_a_piece_weighs_a_gram_to_twenty_kilograms(weight: int) -> None:
    assert product(weight_g=weight).weight_g == weight


def test_an_active_must_be_one_of_the_ingredients() -> None:
    with pytest.raises(ValidationError, match="each active is one of the ingredients"):
        product(actives=("ZINC",), ingredients=("IRON",))


@pytest.mark.parametrize("hsn", ["3305", "210690", "33051090"])
def test_a_tariff_heading_has_four_six_or_eight_digits(hsn: str) -> None:
    assert product(hsn=hsn).hsn == hsn


@pytest.mark.parametrize(
    "wrong",
    [
        {"hsn": "33051"},
        {"hsn": "3305109a"},
        {"ingredients": ("STARDUST",)},
        {"affinities": {"GENETIC": 0}},
        {"affinities": {"GENETIC": 4}},
        {"stages": (0,)},
        {"stages": (7,)},
        {"price_paise": 0},
        {"price_paise": 5_000_001},
        {"monthly_quantity": 0},
        {"monthly_quantity": 5},
        {"most_months": 0},
        {"most_months": 25},
        {"weight_g": 0},
        {"weight_g": 20_001},
        {"version": 0},
        {"usage": {"en": "Use it.", "hi": " "}},
    ],
)
def test_a_fact_out_of_its_bounds_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        product(**wrong)

    assert [error["loc"][0] for error in refused.value.errors()] == [*wrong]
