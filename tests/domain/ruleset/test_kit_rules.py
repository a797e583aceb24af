"""The section "the kit" of the rules: what it says, and that a broken copy of it is refused with its place."""

from __future__ import annotations

import pytest

from tests.domain.ruleset.answering import changed
from traya_gql.domain.data_files import FileInvalid, read_toml
from traya_gql.domain.products import ProductCategory
from traya_gql.domain.ruleset.rules import Ruleset, current_ruleset

KIT = current_ruleset().kit


def test_the_numbers_are_those_of_the_design() -> None:
    assert (KIT.at_least, KIT.most, KIT.stage_bonus, KIT.bought_penalty) == (40, 6, 8, 5)
    assert {category.value: slot.most for category, slot in KIT.slots.items()} == {
        "MEDICINE": 2,
        "OIL": 1,
        "SERUM": 1,
        "SHAMPOO": 1,
    }
    assert KIT.basic == (ProductCategory.OIL, ProductCategory.SHAMPOO)


def test_a_kit_is_offered_for_a_month_a_quarter_and_the_expected_time_with_discounts_that_rise() -> None:
    assert {name: (rule.months, rule.discount_percent) for name, rule in KIT.durations.items()} == {
        "MONTH": (1, 0),
        "QUARTER": (3, 5),
        "EXPECTED": (None, 10),
    }


def test_stage_and_bought_products_decide_between_near_equals_only() -> None:
    weakest = current_ruleset().listing.at_least

    assert KIT.stage_bonus < weakest
    assert KIT.bought_penalty < weakest
    assert KIT.stage_bonus < KIT.at_least


def test_a_cause_that_a_product_suits_a_little_is_enough_for_the_shared_kit() -> None:
    assert KIT.shared_cause_score >= KIT.at_least


BROKEN = {
    "a slot is missing": (changed("SERUM = { most = 1, ", "CREAM = { most = 1, "), "kit.slots.CREAM: "),
    "a slot is left out": (changed("OIL = { most = 1, ", "# OIL = { most = 1, "), "kit: slots: OIL is missing"),
    "a slot for nothing": (
        changed("SHAMPOO = { most = 1, ", "SHAMPOO = { most = 0, "),
        "kit.slots.SHAMPOO.most: Input should be greater than or equal to 1",
    ),
    "a cheap kit of nothing": (changed('basic = ["OIL", "SHAMPOO"]', "basic = []"), "kit.basic: "),
    "a category twice": (
        changed('basic = ["OIL", "SHAMPOO"]', 'basic = ["OIL", "OIL"]'),
        "kit: basic: each category once",
    ),
    "everything scores high enough": (
        changed("[kit]\nat_least = 40", "[kit]\nat_least = 0"),
        "kit.at_least: Input should be greater than or equal to 1",
    ),
    "a discount that takes most of it": (
        changed("MONTH = { months = 1, discount_percent = 0", "MONTH = { months = 1, discount_percent = 51"),
        "kit.durations.MONTH.discount_percent: Input should be less than or equal to 50",
    ),
    "a discount that makes more months cheaper than fewer": (
        changed("QUARTER = { months = 3, discount_percent = 5", "QUARTER = { months = 3, discount_percent = 41"),
        "kit: durations: with 2 expected months, more months would cost less than fewer",
    ),
    "a bonus as words": (changed("stage_bonus = 8", 'stage_bonus = "8"'), "kit.stage_bonus: "),
    "an unknown key": (changed("stage_bonus = 8", "stage_bonus = 8\nluck = 1"), "kit.luck: nobody knows this key"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_kit_section_is_refused_with_its_place(broken: str) -> None:
    text, place = BROKEN[broken]

    with pytest.raises(FileInvalid) as refused:
        read_toml(Ruleset, text)

    assert str(refused.value).startswith(place)
