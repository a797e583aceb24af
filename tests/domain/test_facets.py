"""The counts that a shop shows beside its filters."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.products import product
from traya_gql.domain.facets import PRICE_RANGES, Filters, PriceRange, facets, tally_of
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag, RegulatoryClass
from traya_gql.domain.shelves import findable

PRODUCTS = st.builds(
    lambda category, tags, price, in_stock, on_prescription: product(
        category=category,
        tags=tuple(tags),
        price_paise=price,
        is_in_stock=in_stock,
        regulatory_class=RegulatoryClass.SCHEDULE_H if on_prescription else RegulatoryClass.COSMETIC,
    ),
    st.sampled_from(ProductCategory),
    st.lists(st.sampled_from(ProductTag), max_size=3, unique=True),
    st.sampled_from([1, 29_900, 29_999, 30_000, 59_999, 60_000, 100_000, 199_999, 200_000, 5_000_000]),
    st.booleans(),
    st.booleans(),
)
PRICES = st.none() | st.sampled_from([0, 29_999, 30_000, 60_000, 200_000])
FILTERS = st.builds(
    Filters,
    category=st.none() | st.sampled_from(ProductCategory),
    tag=st.none() | st.sampled_from(ProductTag),
    categories=st.lists(st.sampled_from(ProductCategory), max_size=3).map(tuple),
    tags=st.lists(st.sampled_from(ProductTag), max_size=4).map(tuple),
    is_in_stock=st.none() | st.booleans(),
    needs_prescription=st.none() | st.booleans(),
    min_price_paise=PRICES,
    max_price_paise=PRICES,
)


def count(products: list[ProductFacts], asked: Filters, **instead: Any) -> int:
    """Count one by one, with other values of some filters."""
    wanted = asked.model_copy(update=instead)
    return sum(
        wanted.category in (None, one.category)
        and (wanted.tag is None or wanted.tag in one.tags)
        and (not wanted.categories or one.category in wanted.categories)
        and (not wanted.tags or not set(one.tags).isdisjoint(wanted.tags))
        and wanted.is_in_stock in (None, one.is_in_stock)
        and wanted.needs_prescription in (None, one.needs_prescription)
        and (wanted.min_price_paise or 0) <= one.price_paise
        and (wanted.max_price_paise is None or one.price_paise <= wanted.max_price_paise)
        for one in products
    )


@given(st.lists(PRODUCTS, max_size=20), FILTERS)
def test_each_count_is_that_of_the_list_with_this_value_of_its_filter(
    products: list[ProductFacts], asked: Filters
) -> None:
    tally = tally_of((findable(one).traits, one.price_paise) for one in products)

    counted = facets(tally, asked)

    assert counted.total == count(products, asked)
    assert counted.categories == {
        value: count(products, asked, category=value, categories=()) for value in ProductCategory
    }
    assert counted.tags == {value: count(products, asked, tag=value, tags=()) for value in ProductTag}
    assert counted.in_stock == {value: count(products, asked, is_in_stock=value) for value in (True, False)}
    assert counted.needs_prescription == {
        value: count(products, asked, needs_prescription=value) for value in (True, False)
    }
    assert counted.price_ranges == {
        one: count(products, asked, min_price_paise=one.min_paise, max_price_paise=one.max_paise)
        for one in PRICE_RANGES
    }


def test_price_ranges_meet_without_a_gap_and_have_no_end() -> None:
    assert PRICE_RANGES[0] == PriceRange(0, 29_999)
    assert PRICE_RANGES[-1] == PriceRange(200_000, None)
    assert [one.max_paise for one in PRICE_RANGES[:-1]] == [one.min_paise - 1 for one in PRICE_RANGES[1:]]


def test_of_nothing_everything_is_there_with_0() -> None:
    counted = facets(tally_of([]), Filters(category=ProductCategory.OIL))

    assert counted.total == 0
    assert list(counted.categories.items()) == [("MEDICINE", 0), ("OIL", 0), ("SERUM", 0), ("SHAMPOO", 0)]
    assert list(counted.in_stock.items()) == [(True, 0), (False, 0)]
    assert len(counted.tags) == 13
