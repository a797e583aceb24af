"""What is known of a product hangs together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.domain.products import product
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
        {"usage": {"en": "Use it.", "hi": " "}},
    ],
)
def test_a_fact_out_of_its_bounds_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        product(**wrong)

    assert [error["loc"][0] for error in refused.value.errors()] == [*wrong]
