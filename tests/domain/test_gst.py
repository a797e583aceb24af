"""The tax inside a price: its rate, and how much of the price it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.data_files import FileInvalid, read_toml
from traya_gql.domain.days import day_in_india
from traya_gql.domain.gst import GstRates, Tax, TaxTotal, UnknownHsn, contained_tax, gst_percent, gst_rates
from traya_gql.domain.refusals import InvalidValue, RefusalCode

TEXT = files("traya_gql.domain").joinpath("gst.toml").read_text(encoding="utf-8")
BEFORE = date(2025, 9, 20)
AFTER = date(2025, 9, 25)

HAIR_OIL = "33059019"
SERUM = "33059090"

AMOUNTS = st.integers(0, 10**10)
PERCENTS = st.integers(0, 40)


def taxed(gross_paise: int, percent: int, *, is_intra_state: bool = False) -> Tax:
    return contained_tax(gross_paise, hsn=HAIR_OIL, percent=percent, is_intra_state=is_intra_state)


def paise(typed: str) -> int:
    """Return what a source writes in rupees, "1,123.81", in paise."""
    whole, _, part = typed.replace(",", "").partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


# --- rates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "before", "after"),
    [
        ("anti-dandruff-hair-oil", 18, 5),
        ("genetic-hair-fall-control-oil", 18, 5),
        ("stress-relief-hair-oil", 18, 5),
        ("nutrition-boost-hair-oil", 18, 5),
        ("early-stage-hair-growth-oil", 18, 5),
        ("dandruff-control-shampoo", 18, 5),
        ("gentle-cleansing-shampoo", 18, 5),
        ("advanced-hair-fall-shampoo", 18, 5),
        ("stress-defense-shampoo", 18, 5),
        ("nutrition-boost-shampoo", 18, 5),
        ("hair-vitamin-capsules", 18, 5),
        ("dht-blocker-tablets", 18, 5),
        ("stress-management-supplement", 12, 5),
        ("scalp-health-capsules", 18, 5),
        ("early-intervention-hair-tonic", 18, 5),
        ("density-serum", 18, 18),
        ("calm-scalp-serum", 18, 18),
        ("minoxidil-5-solution", 12, 5),
        ("minoxidil-2-solution", 12, 5),
        ("minoxidil-5-finasteride-solution", 12, 5),
    ],
)
def test_a_product_has_the_rate_of_the_day_on_both_sides_of_september_2025(slug: str, before: int, after: int) -> None:
    hsn = {seed.slug: seed.hsn for seed in catalogue()}[slug]

    assert (gst_percent(hsn, on=BEFORE), gst_percent(hsn, on=AFTER)) == (before, after)


@pytest.mark.parametrize(("hsn", "before", "after"), [("3003", 12, 5), ("3305", 18, 18), ("33059011", 18, 5)])
def test_a_heading_that_few_or_no_products_have_changed_its_rate_too(hsn: str, before: int, after: int) -> None:
    assert (gst_percent(hsn, on=BEFORE), gst_percent(hsn, on=AFTER)) == (before, after)


@pytest.mark.parametrize("hsn", sorted({rate.hsn for rate in gst_rates().rates}))
def test_rates_are_known_from_2025_on_and_changed_on_no_other_day(hsn: str) -> None:
    days = [date(2025, 1, 1), date(2025, 9, 21), date(2025, 9, 22), date(2026, 11, 21)]

    first, last_before, first_after, today = (gst_percent(hsn, on=day) for day in days)

    assert (first, first_after) == (last_before, today)
    assert {rate.starts for rate in gst_rates().rates} == {date(2025, 1, 1), date(2025, 9, 22)}


def test_every_product_of_the_catalogue_has_a_rate_on_its_first_day() -> None:
    first = min(rate.starts for rate in gst_rates().rates)

    assert len([gst_percent(seed.hsn, on=first) for seed in catalogue()]) == 20


@pytest.mark.parametrize(
    ("at", "percent"),
    [
        pytest.param(datetime(2025, 9, 21, 18, 29, 59, 999_999, tzinfo=UTC), 18, id="the last moment of 21 September"),
        pytest.param(datetime(2025, 9, 21, 18, 30, tzinfo=UTC), 5, id="midnight in India, still the 21st in UTC"),
        pytest.param(datetime(2025, 9, 22, 0, 0, tzinfo=UTC), 5, id="midnight in UTC"),
    ],
)
def test_a_rate_begins_at_midnight_in_india(at: datetime, percent: int) -> None:
    assert gst_percent(HAIR_OIL, on=day_in_india(at)) == percent


@pytest.mark.parametrize(
    ("hsn", "percent"),
    [
        pytest.param("33059019", 5, id="the whole of it"),
        pytest.param("33059090", 18, id="only the first four of its eight digits"),
        pytest.param("330590", 18, id="shorter than hair oil, so not known to be any"),
        pytest.param("330510", 5, id="six digits"),
        pytest.param("33051090", 5, id="six of its eight digits"),
        pytest.param("3305", 18, id="four digits"),
        pytest.param("30049011", 5, id="a medicine"),
    ],
)
def test_the_longest_heading_that_it_begins_with_decides(hsn: str, percent: int) -> None:
    assert gst_percent(hsn, on=AFTER) == percent


def test_a_longer_heading_decides_even_when_a_shorter_one_has_a_newer_rate() -> None:
    rates = GstRates.model_validate(
        {"seller_state": "MAHARASHTRA", "rates": [rate("3305", 18, "2025-01-01"), rate("330510", 12, "2025-01-01")]}
    )
    later = GstRates.model_validate(
        {"seller_state": "MAHARASHTRA", "rates": [*rates.model_dump()["rates"], rate("3305", 5, "2026-01-01")]}
    )

    assert later.percent("33051090", on=date(2026, 6, 1)) == 12
    assert later.percent("33059090", on=date(2026, 6, 1)) == 5


@pytest.mark.parametrize("reverse", [False, True])
def test_the_order_of_the_file_changes_nothing(*, reverse: bool) -> None:
    known = [rate("3305", 18, "2025-01-01"), rate("3305", 12, "2025-06-01"), rate("3305", 5, "2025-09-22")]
    rates = GstRates.model_validate({"seller_state": "MAHARASHTRA", "rates": known[::-1] if reverse else known})

    assert [rates.percent("3305", on=day) for day in (date(2025, 5, 31), date(2025, 6, 1), AFTER)] == [18, 12, 5]


def test_a_longer_heading_counts_from_its_own_day_only() -> None:
    rates = GstRates.model_validate(
        {"seller_state": "MAHARASHTRA", "rates": [rate("3305", 18, "2025-01-01"), rate("330510", 5, "2025-09-22")]}
    )

    assert (rates.percent("330510", on=BEFORE), rates.percent("330510", on=AFTER)) == (18, 5)


@pytest.mark.parametrize(
    ("hsn", "on", "message"),
    [
        pytest.param(
            "9993",
            AFTER,
            "No GST rate is known for HSN 9993 on 25 September 2025. Choose another HSN, or have the rate added.",
            id="a heading that is not listed",
        ),
        pytest.param(
            "2106",
            AFTER,
            "No GST rate is known for HSN 2106 on 25 September 2025. Choose another HSN, or have the rate added.",
            id="shorter than the listed one",
        ),
        pytest.param(
            HAIR_OIL,
            date(2024, 12, 31),
            "No GST rate is known for HSN 33059019 on 31 December 2024. Choose another HSN, or have the rate added.",
            id="the day before the first rate",
        ),
    ],
)
def test_what_has_no_rate_is_refused_in_words(hsn: str, on: date, message: str) -> None:
    with pytest.raises(UnknownHsn) as refused:
        gst_percent(hsn, on=on)

    assert isinstance(refused.value, InvalidValue)
    assert refused.value.code is RefusalCode.UNKNOWN_HSN
    assert refused.value.message == message


# --- the file ---------------------------------------------------------------------------------------------------------


def rate(hsn: str, percent: int, starts: str) -> dict[str, object]:
    return {"hsn": hsn, "percent": percent, "starts": date.fromisoformat(starts), "source": "design", "why": "a test"}


def test_each_rate_of_the_file_says_where_it_is_from() -> None:
    assert {one.source.partition("://")[0] for one in gst_rates().rates} == {"https"}
    assert gst_rates() is gst_rates()


def changed(old: str, new: str) -> str:
    """Return the file with the first of such places changed."""
    assert old in TEXT, old
    return TEXT.replace(old, new, 1)


BROKEN = {
    "two rates from one day": (
        changed("starts = 2025-09-22", "starts = 2025-01-01"),
        "the whole file: a heading has two rates from the same day",
    ),
    "no rate at all": (
        'seller_state = "MAHARASHTRA"\nrates = []',
        "rates: Tuple should have at least 1 item after validation, not 0",
    ),
    "five digits": (
        changed('hsn = "330510"', 'hsn = "33051"'),
        "rates[1].hsn: String should match pattern '^(\\d{4}|\\d{6}|\\d{8})$'",
    ),
    "above the highest rate": (
        changed("percent = 18", "percent = 41"),
        "rates[0].percent: Input should be less than or equal to 40",
    ),
    "a negative rate": (
        changed("percent = 18", "percent = -1"),
        "rates[0].percent: Input should be greater than or equal to 0",
    ),
    "half a percent": (
        changed("percent = 18", "percent = 2.5"),
        "rates[0].percent: Input should be a valid integer, got a number with a fractional part",
    ),
    "no such day": (changed("starts = 2025-01-01", "starts = 2025-02-30"), "the whole file: "),
    "no source": (changed("source = ", "sauce = "), "rates[0].source: this is missing\nrates[0].sauce: nobody knows"),
    "an empty reason": (
        changed('why = "Shampoo, before the cut."', 'why = ""'),
        "rates[1].why: String should have at least 1 character",
    ),
    "no seller": (changed('seller_state = "MAHARASHTRA"', ""), "seller_state: this is missing"),
    "something else besides": ("luck = 7\n" + TEXT, "luck: nobody knows this key"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_file_is_refused_with_its_place(broken: str) -> None:
    text, place = BROKEN[broken]

    with pytest.raises(FileInvalid) as refused:
        read_toml(GstRates, text)

    assert str(refused.value).startswith(place)


@pytest.mark.parametrize("percent", [0, 40])
def test_rates_from_0_to_40_percent_can_be_written(percent: int) -> None:
    rates = GstRates.model_validate({"seller_state": "MAHARASHTRA", "rates": [rate("3305", percent, "2025-01-01")]})

    assert rates.percent("3305", on=AFTER) == percent


# --- the tax inside an amount: what others computed -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gross", "percent", "taxable", "tax"),
    [
        # http://carahulgupta.com/gstupdate/rvg/rule35-cgst-rules-value-inclusive-taxes-how-segregate, for Rule 35
        pytest.param("1,120", 12, "1,000", "120", id="a chartered accountant: a mobile phone"),
        # https://toolspy.net/blog/reverse-gst-calculation-explained
        pytest.param("1,180", 5, "1,123.81", "56.19", id="a calculator: 5 percent"),
        pytest.param("1,180", 12, "1,053.57", "126.43", id="a calculator: 12 percent"),
        pytest.param("1,180", 18, "1,000.00", "180.00", id="a calculator: 18 percent"),
        # https://sites.google.com/view/learnwithkrish/list-of-courses/goods-and-services-tax/introduction-to-gst/simple-problems
        pytest.param("100", 18, "84.75", "15.25", id="a course: a packet of biscuits at its MRP"),
        # https://www.myroughdrafts.com/2024/02/trick-of-reverse-calculation-for-gst-on.html
        pytest.param("500", 18, "423.73", "76.27", id="a blog: MRP 500"),
        pytest.param("2,000", 18, "1,694.92", "305.08", id="a blog: MRP 2,000"),
        pytest.param("10,000", 18, "8,474.58", "1,525.42", id="a blog: MRP 10,000"),
        # https://cleartaxadvisors.in/?p=3339
        pytest.param("11,800", 18, "10,000", "1,800", id="tax advisers: between states"),
    ],
)
def test_the_tax_is_what_others_find_inside_the_same_amount(gross: str, percent: int, taxable: str, tax: str) -> None:
    found = taxed(paise(gross), percent)

    assert (found.taxable_paise, found.igst_paise) == (paise(taxable), paise(tax))
    assert (found.cgst_paise, found.sgst_paise) == (0, 0)


@pytest.mark.parametrize(
    ("gross", "percent", "each"),
    [
        # https://cleartaxadvisors.in/?p=3339
        pytest.param("11,800", 18, "900", id="tax advisers: within a state"),
        # https://caclubindia.com/forum/which-calculation-is-correct-in-gst-413201.asp, the first of the two ways there
        pytest.param("100", 12, "5.36", id="a forum of accountants: MRP 100"),
    ],
)
def test_each_half_of_the_tax_is_what_others_find(gross: str, percent: int, each: str) -> None:
    found = taxed(paise(gross), percent, is_intra_state=True)

    assert (found.cgst_paise, found.sgst_paise, found.igst_paise) == (paise(each), paise(each), 0)


def test_the_parts_make_the_whole_where_others_round_each_part_by_itself() -> None:
    """The forum's 89.29 + 5.36 + 5.36 are 100.01, and the calculator's 921.88 + 258.13 at 28 percent are 1,180.01."""
    within = taxed(100_00, 12, is_intra_state=True)
    between = taxed(1_180_00, 28)

    assert (within.taxable_paise, within.tax_paise, within.gross_paise) == (89_28, 10_72, 100_00)
    assert (between.taxable_paise, between.tax_paise, between.gross_paise) == (921_87, 258_13, 1_180_00)


# --- the tax inside an amount: what always holds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gross_paise", "percent", "igst", "half"),
    [
        pytest.param(0, 18, 0, 0, id="nothing"),
        pytest.param(49_900, 0, 0, 0, id="no tax"),
        pytest.param(1, 18, 0, 0, id="a paisa"),
        pytest.param(3, 18, 0, 0, id="0.46 paise, 0.23 each"),
        pytest.param(4, 18, 1, 0, id="0.61 paise, 0.31 each"),
        pytest.param(7, 18, 1, 1, id="1.07 paise, 0.53 each"),
        pytest.param(21, 5, 1, 1, id="exactly 1 paisa, exactly half of one each: rounded up"),
        pytest.param(63, 5, 3, 2, id="exactly 3 paise, 1.5 each"),
        pytest.param(49_900, 5, 2_376, 1_188, id="499 rupees of hair oil"),
        pytest.param(49_900, 18, 7_612, 3_806, id="499 rupees of serum"),
    ],
)
def test_each_tax_is_rounded_half_up_to_the_paisa(gross_paise: int, percent: int, igst: int, half: int) -> None:
    within = taxed(gross_paise, percent, is_intra_state=True)

    assert taxed(gross_paise, percent).igst_paise == igst
    assert (within.cgst_paise, within.sgst_paise) == (half, half)


def test_a_tax_tells_what_it_was_found_by() -> None:
    found = contained_tax(59_900, hsn=SERUM, percent=18, is_intra_state=False)

    assert found.model_dump() == {
        "hsn": "33059090",
        "percent": 18,
        "taxable_paise": 50_763,
        "cgst_paise": 0,
        "sgst_paise": 0,
        "igst_paise": 9_137,
    }


@given(gross_paise=AMOUNTS, percent=PERCENTS, is_intra_state=st.booleans())
def test_the_amount_is_its_taxable_value_and_its_taxes(gross_paise: int, percent: int, *, is_intra_state: bool) -> None:
    found = taxed(gross_paise, percent, is_intra_state=is_intra_state)

    assert found.taxable_paise + found.cgst_paise + found.sgst_paise + found.igst_paise == gross_paise
    assert found.gross_paise == gross_paise
    assert found.tax_paise == gross_paise - found.taxable_paise
    assert min(found.taxable_paise, found.cgst_paise, found.sgst_paise, found.igst_paise) >= 0
    assert found.cgst_paise == found.sgst_paise
    assert (found.igst_paise == 0) if is_intra_state else (found.cgst_paise == 0)


@given(gross_paise=AMOUNTS, percent=PERCENTS)
def test_within_a_state_and_between_states_differ_by_a_paisa_at_most(gross_paise: int, percent: int) -> None:
    within, between = (taxed(gross_paise, percent, is_intra_state=is_intra_state) for is_intra_state in (True, False))

    assert abs(within.tax_paise - between.tax_paise) <= 1


@given(gross_paise=AMOUNTS, percent=PERCENTS)
def test_the_tax_is_the_nearest_paisa_to_rule_35(gross_paise: int, percent: int) -> None:
    """Source: CGST Rule 35, https://lawcrux.com/data5t/gt/gtstrl/cgst_rule_35.htm."""
    between, within = taxed(gross_paise, percent), taxed(gross_paise, percent, is_intra_state=True)

    # both sides times 2 x (100 + rate), so that nothing is divided
    assert abs(2 * between.igst_paise * (100 + percent) - 2 * gross_paise * percent) <= 100 + percent
    assert abs(2 * within.cgst_paise * (100 + percent) - gross_paise * percent) <= 100 + percent


@given(gross_paise=st.integers(0, 10**6), percent=PERCENTS, is_intra_state=st.booleans())
def test_a_higher_amount_never_holds_less_tax(gross_paise: int, percent: int, *, is_intra_state: bool) -> None:
    lower, higher = (taxed(gross_paise + more, percent, is_intra_state=is_intra_state) for more in (0, 1))

    assert lower.tax_paise <= higher.tax_paise


# --- sums -------------------------------------------------------------------------------------------------------------


def test_several_taxes_are_added_up_each_by_itself() -> None:
    found = TaxTotal.of(iter([taxed(100_00, 5, is_intra_state=True), taxed(200_00, 18), taxed(300_00, 0)]))

    assert found == TaxTotal(taxable_paise=95_24 + 169_49 + 300_00, cgst_paise=2_38, sgst_paise=2_38, igst_paise=30_51)
    assert found.tax_paise == 2 * 2_38 + 30_51


def test_nothing_adds_up_to_nothing() -> None:
    assert TaxTotal.of([]) == TaxTotal(taxable_paise=0, cgst_paise=0, sgst_paise=0, igst_paise=0)
