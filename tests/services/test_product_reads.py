"""Into which bands and commands a page by relevance is cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from traya_gql.documents.product_reads import Band, ProductQuery, Sizes, Way, bands_of, cheapest_reads
from traya_gql.domain.search import Rank

COUNTS = st.tuples(*[st.sampled_from([0, 0, 1, 8, 300, 4000])] * 4)
SIZES = st.builds(
    lambda ranks, shelf, prices: Sizes(9000, shelf, min(shelf, prices), tuple(ranks)),
    st.lists(COUNTS, min_size=1, max_size=3),
    st.sampled_from([0, 40, 2500, 9000]),
    st.sampled_from([0, 40, 9000]),
)
ORDERS = st.sampled_from([list(Rank)[start:][::step] for start in range(5) for step in (1, -1)])


@given(SIZES, ORDERS)
def test_bands_hold_each_rank_once_in_the_order_of_the_page(sizes: Sizes, order: list[Rank]) -> None:
    bands = bands_of(sizes, order)

    held = [
        sorted(order[place] for place in range(len(order)) if band.first <= order[place] <= band.last) for band in bands
    ]
    assert sorted(rank for band in held for rank in band) == sorted(order)
    assert [band[0] for band in held] == sorted((band[0] for band in held), reverse=order[:1] > order[-1:])


@given(SIZES, ORDERS, st.integers(2, 101))
def test_what_is_read_at_once_are_the_first_bands_in_their_order(sizes: Sizes, order: list[Rank], limit: int) -> None:
    words = tuple((f"word{place}",) for place, _ in enumerate(sizes.ranks))
    bands = bands_of(sizes, order)

    reads = cheapest_reads(ProductQuery(words=words), sizes, bands, limit=limit)

    read = [band for one in reads for band in one.bands]
    assert read == bands[: len(read)]
    assert bool(read) == bool(bands)
    assert all(one.way is Way.TERMS for one in reads if len(one.bands) > 1)
    assert all(one.rarest is None or 0 <= one.rarest < len(words) for one in reads)


def sizes_of(*ranks: tuple[int, ...]) -> Sizes:
    return Sizes(9000, 9000, 9000, ranks)


def test_a_rank_that_nothing_has_goes_with_the_next() -> None:
    assert bands_of(sizes_of((0, 900, 0, 300)), list(Rank)) == [
        Band(Rank.NAME, Rank.NAME_BEGUN),
        Band(Rank.WORD, Rank.WORD_BEGUN),
    ]
    assert bands_of(sizes_of((5, 0, 0, 0)), list(Rank)) == [Band(Rank.NAME, Rank.WORD_BEGUN)]
    # of two words one is never in a name: no product has both there
    assert bands_of(sizes_of((500, 0, 10, 0), (0, 0, 70, 0)), list(Rank)) == [Band(Rank.NAME, Rank.WORD_BEGUN)]


def test_of_few_products_all_ranks_are_read_at_once_and_of_many_the_first_alone() -> None:
    query = ProductQuery(words=(("word",),))

    for counts, read, way in (((20, 20, 20, 20), 4, Way.TERMS), ((3000, 900, 2000, 900), 1, Way.SHELF)):
        sizes = sizes_of(counts)
        [one] = cheapest_reads(query, sizes, bands_of(sizes, list(Rank)), limit=21)
        assert (len(one.bands), one.way) == (read, way)
