"""Coupons: their codes, their terms, why one does not count, and what one takes off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from traya_gql.domain.coupon_checks import CODE_CODES, TERMS_CODES, TypedTerms, check_new_code, check_terms
from traya_gql.domain.coupons import (
    MAX_USES,
    CouponKind,
    CouponLine,
    CouponRefusalReason,
    CouponTerms,
    Redeemer,
    RefusalFacts,
    check_code,
    discounts,
    refusal_message,
    why_refused,
)
from traya_gql.domain.products import MAX_PRICE_PAISE, ProductCategory
from traya_gql.domain.refusals import InvalidInput, InvalidValue, Problems, RefusalCode

START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)
GUEST = Redeemer(is_signed_in=False, uses=0, has_ordered=False)
NEW = Redeemer(is_signed_in=True, uses=0, has_ordered=False)
OIL, SERUM = ProductCategory.OIL, ProductCategory.SERUM


def terms(**changes: Any) -> CouponTerms:
    """Return 10 % off everything, for ever; `changes` replace fields."""
    return CouponTerms(**{"kind": CouponKind.PERCENT, "percent": 10, "starts_at": START, **changes})


def fixed(amount_paise: int, **changes: Any) -> CouponTerms:
    return terms(kind=CouponKind.FIXED, percent=None, amount_paise=amount_paise, **changes)


def free(product: int, **changes: Any) -> CouponTerms:
    return terms(kind=CouponKind.FREE_ITEM, percent=None, product_id=UUID(int=product), **changes)


def line(
    product: int, price: int, quantity: int = 1, *, category: ProductCategory = OIL, amount: int | None = None
) -> CouponLine:
    """Return a line at list price, or of which `amount` is left to pay."""
    left = price * quantity if amount is None else amount
    return CouponLine(UUID(int=product), category, price, quantity, left)


# --- codes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("WELCOME-10", "WELCOME-10"),
        (" diwali26 ", "DIWALI26"),
        ("Welcome-१०", "WELCOME-10"),
        ("abc", "ABC"),
        ("A" * 30, "A" * 30),
        ("---", "---"),
    ],
)
def test_a_code_is_stored_in_capital_letters_without_spaces_around_it(typed: str, code: str) -> None:
    assert check_code(typed) == code


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", RefusalCode.TOO_SHORT),
        ("AB", RefusalCode.TOO_SHORT),
        ("A" * 31, RefusalCode.TOO_LONG),
        (" " * 1_000_000, RefusalCode.TOO_LONG),
        ("WELCOME 10", RefusalCode.INVALID_CHARACTERS),
        ("दिवाली", RefusalCode.INVALID_CHARACTERS),
        ("\uff11\uff12\uff13", RefusalCode.INVALID_CHARACTERS),
        ("stra\u00dfe", RefusalCode.INVALID_CHARACTERS),
        ("$ne", RefusalCode.INVALID_CHARACTERS),
        ("ABC\n\x00D", RefusalCode.INVALID_CHARACTERS),
    ],
)
def test_a_code_of_anything_else_is_refused(typed: str, refusal: RefusalCode) -> None:
    with pytest.raises(InvalidValue, match='3 to 30 letters A-Z, digits and "-"') as refused:
        check_code(typed)

    assert refused.value.code is refusal


@given(st.text(max_size=40))
def test_a_checked_code_is_itself_when_it_is_checked_again(typed: str) -> None:
    try:
        code = check_code(typed)
    except InvalidValue:
        return

    assert check_code(code) == code
    assert 3 <= len(code) <= 30
    assert code.isascii()


@pytest.mark.parametrize(
    "typed", ["WELCOME-10", "flat50", "DIWALI26", "SAVE-100", "100OFF", "NEW-YEAR-27", "A-1", "SECURE10"]
)
def test_a_new_code_that_promises_nothing_is_taken(typed: str) -> None:
    assert check_new_code(typed) == check_code(typed)


@pytest.mark.parametrize(
    "typed",
    [
        *("hair-growth-20", "HAIRGROWTH50", "CURE10", "10CURES", "REGROW", "no-more-hair-fall", "GUARANTEED-5"),
        *("REGROWHAIR", "HAIRREGROW", "CUREHAIRLOSS", "curenow", "BALDCURE", "NEWHAIR", "GROWHAIR", "HAIR-GROW"),
    ],
)
def test_a_new_code_that_promises_what_the_law_forbids_is_refused_and_an_older_one_still_found(typed: str) -> None:
    with pytest.raises(InvalidValue, match="Choose a code that promises nothing") as refused:
        check_new_code(typed)

    assert refused.value.code is RefusalCode.FORBIDDEN_CLAIM
    assert check_code(typed) == typed.upper()


def test_what_a_check_may_find_is_declared() -> None:
    assert {one.value for one in CODE_CODES} == {"TOO_SHORT", "TOO_LONG", "INVALID_CHARACTERS", "FORBIDDEN_CLAIM"}
    assert {one.value for one in TERMS_CODES} == {"OUT_OF_RANGE", "CONTRADICTORY", "INVALID_ID", "TOO_MANY"}


# --- terms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"percent": None}, "the value of its kind"),
        ({"amount_paise": 100}, "the value of its kind"),
        ({"product_id": UUID(int=1)}, "the value of its kind"),
        ({"kind": CouponKind.FIXED}, "the value of its kind"),
        ({"kind": CouponKind.FREE_ITEM, "percent": None, "amount_paise": 1}, "the value of its kind"),
        ({"percent": 0}, "greater than or equal to 1"),
        ({"percent": 101}, "less than or equal to 100"),
        ({"kind": CouponKind.FIXED, "percent": None, "amount_paise": 0}, "greater than or equal to 1"),
        (
            {"kind": CouponKind.FIXED, "percent": None, "amount_paise": 5, "max_discount_paise": 5},
            "only a percentage has a cap",
        ),
        (
            {"kind": CouponKind.FREE_ITEM, "percent": None, "product_id": UUID(int=1), "categories": (OIL,)},
            "named by its product",
        ),
        ({"ends_at": START}, "ends after it starts"),
        ({"ends_at": START - timedelta(days=1)}, "ends after it starts"),
        ({"starts_at": datetime(2026, 11, 1)}, "timezone info"),  # noqa: DTZ001 - what is refused
        ({"min_subtotal_paise": -1}, "greater than or equal to 0"),
        ({"max_discount_paise": 0}, "greater than or equal to 1"),
        ({"max_uses": 0}, "greater than or equal to 1"),
        ({"max_uses_per_customer": 0}, "greater than or equal to 1"),
        ({"max_uses": MAX_USES + 1}, "less than or equal to 10000000"),
    ],
)
def test_terms_that_contradict_themselves_cannot_be_made(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        terms(**changes)


def test_the_value_of_a_coupon_is_its_kind_and_how_much() -> None:
    assert terms(max_uses=5).value == terms(max_uses=6).value == (CouponKind.PERCENT, 10)
    assert fixed(500).value == (CouponKind.FIXED, 500)
    assert free(7).value == (CouponKind.FREE_ITEM, UUID(int=7))


# --- what staff type --------------------------------------------------------------------------------------------------


def typed(**changes: Any) -> TypedTerms:
    return TypedTerms(
        **{
            "kind": CouponKind.PERCENT,
            "percent": 10,
            "amount": None,
            "product_id": None,
            "starts_at": START,
            "ends_at": None,
            "min_subtotal": Decimal(0),
            "max_discount": None,
            "categories": [],
            "max_uses": None,
            "max_uses_per_customer": None,
            "is_first_order_only": False,
            **changes,
        }
    )


def test_terms_that_are_typed_become_paise_milliseconds_in_utc_and_categories_in_the_order_of_the_shelves() -> None:
    india = timezone(timedelta(hours=5, minutes=30))

    checked = check_terms(
        typed(
            starts_at=datetime(2026, 11, 1, 5, 30, 0, 999_999, tzinfo=india),
            ends_at=END,
            min_subtotal=Decimal("499.50"),
            max_discount=Decimal(150),
            categories=[SERUM, OIL, SERUM],
            max_uses=100,
            max_uses_per_customer=1,
            is_first_order_only=True,
        ),
        Problems(),
    )

    assert checked == terms(
        starts_at=START.replace(microsecond=999_000),
        ends_at=END,
        min_subtotal_paise=49_950,
        max_discount_paise=15_000,
        categories=(OIL, SERUM),
        max_uses=100,
        max_uses_per_customer=1,
        is_first_order_only=True,
    )
    assert checked.starts_at.tzinfo is UTC


def test_an_amount_and_a_free_item_are_taken_as_typed() -> None:
    of_amount = typed(kind=CouponKind.FIXED, percent=None, amount=Decimal("99.50"))
    of_item = typed(kind=CouponKind.FREE_ITEM, percent=None, product_id=UUID(int=7))

    assert check_terms(of_amount, Problems()) == fixed(9_950)
    assert check_terms(of_item, Problems()) == free(7)


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"percent": None}, RefusalCode.OUT_OF_RANGE, "value.percent"),
        ({"percent": 0}, RefusalCode.OUT_OF_RANGE, "value.percent"),
        ({"percent": 101}, RefusalCode.OUT_OF_RANGE, "value.percent"),
        (
            {"kind": CouponKind.FIXED, "percent": None, "amount": Decimal(0)},
            RefusalCode.OUT_OF_RANGE,
            "value.amount",
        ),
        (
            {"kind": CouponKind.FIXED, "percent": None, "amount": Decimal("0.001")},
            RefusalCode.OUT_OF_RANGE,
            "value.amount",
        ),
        ({"kind": CouponKind.FREE_ITEM, "percent": None}, RefusalCode.INVALID_ID, "value.freeProductId"),
        ({"starts_at": datetime(1999, 12, 31, tzinfo=UTC)}, RefusalCode.OUT_OF_RANGE, "startsAt"),
        ({"starts_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))}, RefusalCode.OUT_OF_RANGE, "startsAt"),
        ({"ends_at": datetime(2100, 1, 1, tzinfo=UTC)}, RefusalCode.OUT_OF_RANGE, "endsAt"),
        ({"ends_at": START}, RefusalCode.OUT_OF_RANGE, "endsAt"),
        ({"ends_at": START + timedelta(microseconds=999)}, RefusalCode.OUT_OF_RANGE, "endsAt"),
        ({"min_subtotal": Decimal(-1)}, RefusalCode.OUT_OF_RANGE, "minSubtotal"),
        ({"max_discount": Decimal(0)}, RefusalCode.OUT_OF_RANGE, "maxDiscount"),
        (
            {"kind": CouponKind.FIXED, "percent": None, "amount": Decimal(1), "max_discount": Decimal(1)},
            RefusalCode.CONTRADICTORY,
            "maxDiscount",
        ),
        ({"categories": [OIL] * 5}, RefusalCode.TOO_MANY, "categories"),
        (
            {"kind": CouponKind.FREE_ITEM, "percent": None, "product_id": UUID(int=7), "categories": [OIL]},
            RefusalCode.CONTRADICTORY,
            "categories",
        ),
        ({"max_uses": 0}, RefusalCode.OUT_OF_RANGE, "maxUses"),
        ({"max_uses_per_customer": MAX_USES + 1}, RefusalCode.OUT_OF_RANGE, "maxUsesPerCustomer"),
    ],
)
def test_terms_that_break_a_rule_are_refused_with_their_place(
    changes: dict[str, Any], code: RefusalCode, place: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_terms(typed(**changes), Problems())

    assert [(problem.code, problem.path) for problem in refused.value.problems] == [
        (code, ("input", "terms", *place.split(".")))
    ]


def test_a_coupon_that_is_made_does_not_end_in_the_past_and_one_that_is_there_may() -> None:
    def ended(made_at: datetime | None) -> CouponTerms:
        return check_terms(typed(ends_at=END), Problems(), made_at=made_at)

    with pytest.raises(InvalidInput, match="in the past") as refused:
        ended(END)

    assert [problem.path for problem in refused.value.problems] == [("input", "terms", "endsAt")]
    assert ended(END - timedelta(milliseconds=1)) == ended(None) == terms(ends_at=END)


@pytest.mark.parametrize("amount", ["-5", "0", "0.001", "10000000.01"])
@pytest.mark.parametrize("name", ["amount", "max_discount"])
def test_the_limits_of_an_amount_to_take_off_are_told_whatever_is_wrong_with_it(name: str, amount: str) -> None:
    kind = {"kind": CouponKind.FIXED, "percent": None} if name == "amount" else {}

    with pytest.raises(InvalidInput, match="more than 0 and at most 10000000 rupees, with at most two decimals"):
        check_terms(typed(**kind, **{name: Decimal(amount)}), Problems())


def test_an_amount_to_take_off_is_at_most_what_its_limits_say() -> None:
    most = typed(kind=CouponKind.FIXED, percent=None, amount=Decimal(10_000_000))

    assert check_terms(most, Problems()).amount_paise == 1_000_000_000


def test_a_maximum_discount_of_an_amount_is_answered_in_plain_words() -> None:
    contradicting = typed(kind=CouponKind.FIXED, percent=None, amount=Decimal(1), max_discount=Decimal(1))

    with pytest.raises(InvalidInput, match=r"CONTRADICTORY: Only a percentage can have a maximum discount\.$"):
        check_terms(contradicting, Problems())


def test_all_that_is_wrong_with_terms_is_said_at_once() -> None:
    problems = Problems()
    problems.add(RefusalCode.TOO_SHORT, "Too short.", "code")

    with pytest.raises(InvalidInput) as refused:
        check_terms(typed(percent=0, min_subtotal=Decimal("NaN"), max_uses=-1), problems)

    assert [problem.path[-1] for problem in refused.value.problems] == ["code", "percent", "minSubtotal", "maxUses"]


# --- why one does not count -------------------------------------------------------------------------------------------


def reason(
    found: CouponTerms, *, lines: list[CouponLine] | None = None, who: Redeemer = NEW, **changes: Any
) -> CouponRefusalReason | None:
    lines = [line(1, 10_000)] if lines is None else lines
    how = {
        "is_enabled": True,
        "is_free_item_sold": True,
        "uses": 0,
        "subtotal_paise": sum(one.unit_price_paise * one.quantity for one in lines),
    }
    return why_refused(found, lines=lines, redeemer=who, **{**how, "at": START, **changes})


@pytest.mark.parametrize(
    ("found", "changes", "why"),
    [
        (terms(), {}, None),
        (terms(), {"who": GUEST}, None),
        (terms(), {"is_enabled": False}, CouponRefusalReason.DISABLED),
        (terms(), {"at": START - timedelta(milliseconds=1)}, CouponRefusalReason.NOT_YET_VALID),
        (terms(ends_at=END), {"at": END - timedelta(milliseconds=1)}, None),
        (terms(ends_at=END), {"at": END}, CouponRefusalReason.EXPIRED),
        (terms(max_uses=3), {"uses": 2}, None),
        (terms(max_uses=3), {"uses": 3}, CouponRefusalReason.USED_UP),
        (terms(max_uses=3), {"uses": 4}, CouponRefusalReason.USED_UP),
        (terms(max_uses=3), {"who": GUEST}, CouponRefusalReason.SIGN_IN_REQUIRED),
        (terms(max_uses=3), {"who": GUEST, "uses": 3}, CouponRefusalReason.USED_UP),
        (terms(max_uses_per_customer=2), {"who": GUEST}, CouponRefusalReason.SIGN_IN_REQUIRED),
        (terms(is_first_order_only=True), {"who": GUEST}, CouponRefusalReason.SIGN_IN_REQUIRED),
        (terms(max_uses_per_customer=2), {"who": NEW._replace(uses=1, has_ordered=True)}, None),
        (terms(max_uses_per_customer=2), {"who": NEW._replace(uses=2)}, CouponRefusalReason.ALREADY_USED),
        (terms(is_first_order_only=True), {}, None),
        (
            terms(is_first_order_only=True),
            {"who": NEW._replace(has_ordered=True)},
            CouponRefusalReason.FIRST_ORDER_ONLY,
        ),
        (terms(min_subtotal_paise=10_000), {}, None),
        (terms(min_subtotal_paise=10_001), {}, CouponRefusalReason.BELOW_MINIMUM),
        (terms(categories=(SERUM, OIL)), {}, None),
        (terms(categories=(SERUM,)), {}, CouponRefusalReason.NOT_FOR_THESE_PRODUCTS),
        (free(1), {}, None),
        (free(2), {}, CouponRefusalReason.FREE_ITEM_MISSING),
        (free(2), {"is_free_item_sold": False}, CouponRefusalReason.FREE_ITEM_UNAVAILABLE),
        (free(1), {"is_free_item_sold": False, "who": GUEST}, CouponRefusalReason.FREE_ITEM_UNAVAILABLE),
        (free(2), {"is_free_item_sold": False, "is_enabled": False}, CouponRefusalReason.DISABLED),
    ],
)
def test_a_coupon_counts_or_says_why_not(
    found: CouponTerms, changes: dict[str, Any], why: CouponRefusalReason | None
) -> None:
    assert reason(found, **changes) is why


def test_the_minimum_is_of_list_prices_whatever_a_kit_takes_off() -> None:
    discounted = [line(1, 10_000, amount=9_000)]

    assert reason(terms(min_subtotal_paise=10_000), lines=discounted) is None


def test_of_several_reasons_the_coupons_own_comes_first_then_the_customers_then_the_orders() -> None:
    found = terms(ends_at=END, max_uses=1, max_uses_per_customer=1, is_first_order_only=True, min_subtotal_paise=20_000)
    worn = NEW._replace(uses=1, has_ordered=True)

    assert [
        reason(found, who=worn, uses=1, at=END, is_enabled=False),
        reason(found, who=worn, uses=1, at=END),
        reason(found, who=worn, uses=1),
        reason(found, who=GUEST),
        reason(found, who=worn),
        reason(found, who=worn._replace(uses=0)),
        reason(found),
    ] == [
        CouponRefusalReason.DISABLED,
        CouponRefusalReason.EXPIRED,
        CouponRefusalReason.USED_UP,
        CouponRefusalReason.SIGN_IN_REQUIRED,
        CouponRefusalReason.ALREADY_USED,
        CouponRefusalReason.FIRST_ORDER_ONLY,
        CouponRefusalReason.BELOW_MINIMUM,
    ]


@pytest.mark.parametrize(
    ("why", "facts", "told"),
    [
        (
            CouponRefusalReason.BELOW_MINIMUM,
            RefusalFacts(min_subtotal_paise=49_900),
            "Products for 499.00 rupees or more are needed for this coupon. Add more, or order without it.",
        ),
        (
            CouponRefusalReason.NOT_FOR_THESE_PRODUCTS,
            RefusalFacts(categories=(OIL,)),
            "This coupon is for hair oils only. Add some, or order without it.",
        ),
        (
            CouponRefusalReason.NOT_FOR_THESE_PRODUCTS,
            RefusalFacts(categories=tuple(ProductCategory)),
            "This coupon is for supplements, hair oils, serums and shampoos only. Add some, or order without it.",
        ),
        (
            CouponRefusalReason.FREE_ITEM_MISSING,
            RefusalFacts(free_product="Density Serum"),
            "This coupon makes one piece of Density Serum free. Add it to the order, or order without the coupon.",
        ),
        (
            CouponRefusalReason.TOO_MANY_TRIES,
            RefusalFacts(tried_too_often="coupon_misses_per_ip", wait_s=3_500),
            (
                "Too many coupon codes were tried from your network. Sign in to use a coupon, order without one, or "
                "try again in 59 minutes."
            ),
        ),
        (
            CouponRefusalReason.TOO_MANY_TRIES,
            RefusalFacts(tried_too_often="coupon_misses_per_customer", wait_s=60, is_signed_in=True),
            "Too many coupon codes were tried. Order without a coupon, or try again in 1 minute.",
        ),
        (
            CouponRefusalReason.EXPIRED,
            RefusalFacts(min_subtotal_paise=49_900, categories=(OIL,), free_product="Shampoo", wait_s=60),
            "This coupon has ended. Order without it.",
        ),
    ],
)
def test_a_refusal_names_what_its_reason_is_about_and_nothing_else(
    why: CouponRefusalReason, facts: RefusalFacts, told: str
) -> None:
    assert refusal_message(why, facts) == told


@pytest.mark.parametrize("why", list(CouponRefusalReason))
def test_every_reason_tells_a_person_what_to_do(why: CouponRefusalReason) -> None:
    message = refusal_message(why, RefusalFacts(categories=(OIL,)))

    assert "without" in message
    assert message.endswith(".")


# --- what one takes off -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "lines", "off"),
    [
        (terms(), [line(1, 10_000)], (1_000,)),
        (terms(), [line(1, 10_000, 2), line(2, 5_000)], (2_000, 500)),
        # half a paisa up: 10 % of 15 paise
        (terms(), [line(1, 15)], (2,)),
        (terms(), [line(1, 14)], (1,)),
        (terms(percent=100), [line(1, 10_000), line(2, 1)], (10_000, 1)),
        (terms(max_discount_paise=900), [line(1, 10_000)], (900,)),
        (terms(max_discount_paise=1_001), [line(1, 10_000)], (1_000,)),
        (terms(categories=(SERUM,)), [line(1, 10_000), line(2, 4_000, category=SERUM)], (0, 400)),
        # 100 paise over three equal lines: the paisa that is left goes to the smallest key
        (fixed(100), [line(3, 500), line(1, 500), line(2, 500)], (33, 34, 33)),
        (fixed(10_000), [line(1, 300), line(2, 700)], (300, 700)),
        (fixed(500, categories=(SERUM,)), [line(1, 10_000), line(2, 400, category=SERUM)], (0, 400)),
        (free(2), [line(1, 10_000), line(2, 29_900, 3)], (0, 29_900)),
        (free(2), [line(2, 29_900)], (29_900,)),
        # one of three pieces at a kit's price, half a paisa up
        (free(2), [line(2, 100, 3, amount=271)], (90,)),
        (free(2), [line(2, 100, 2, amount=181)], (91,)),
    ],
)
def test_a_coupon_takes_off_what_it_says(found: CouponTerms, lines: list[CouponLine], off: tuple[int, ...]) -> None:
    assert discounts(found, lines) == off


CATEGORIES = st.sampled_from(list(ProductCategory))


@st.composite
def baskets(draw: st.DrawFn) -> list[CouponLine]:
    """Lines of different products, with or without the discount of a kit."""
    products = draw(st.lists(st.integers(1, 2**64), min_size=1, max_size=20, unique=True))
    kit_percent = draw(st.integers(0, 30))
    found = []
    for product in products:
        price, quantity = draw(st.integers(1, MAX_PRICE_PAISE)), draw(st.integers(1, 20))
        left = price * quantity - price * quantity * kit_percent // 100
        found.append(line(product, price, quantity, category=draw(CATEGORIES), amount=left))
    return found


@st.composite
def coupons(draw: st.DrawFn, lines: list[CouponLine]) -> CouponTerms:
    """A coupon that counts for these lines."""
    categories = tuple(draw(st.sets(CATEGORIES))) if draw(st.booleans()) else ()
    kind = draw(st.sampled_from(CouponKind))
    if kind is CouponKind.FREE_ITEM:
        return free(draw(st.sampled_from(lines)).product_id.int)
    found = fixed(draw(st.integers(1, 10_000_000)), categories=categories)
    if kind is CouponKind.PERCENT:
        cap = draw(st.none() | st.integers(1, 100_000))
        found = terms(percent=draw(st.integers(1, 100)), max_discount_paise=cap, categories=categories)
    assume(any(found.is_for(one) for one in lines))
    return found


@given(data=st.data(), lines=baskets())
def test_no_line_gets_dearer_or_costs_less_than_nothing_and_only_those_it_is_for_get_cheaper(
    data: st.DataObject, lines: list[CouponLine]
) -> None:
    found = data.draw(coupons(lines))

    off = discounts(found, lines)

    assert len(off) == len(lines)
    assert all(0 <= one <= what.amount_paise for one, what in zip(off, lines, strict=True))
    assert all(not one or found.is_for(what) for one, what in zip(off, lines, strict=True))
    if found.max_discount_paise is not None:
        assert sum(off) <= found.max_discount_paise


@given(data=st.data(), lines=baskets())
def test_the_order_of_lines_changes_nothing(data: st.DataObject, lines: list[CouponLine]) -> None:
    found = data.draw(coupons(lines))
    shuffled = data.draw(st.permutations(lines))

    before = dict(zip((one.product_id for one in lines), discounts(found, lines), strict=True))
    after = dict(zip((one.product_id for one in shuffled), discounts(found, shuffled), strict=True))

    assert after == before


@given(percent=st.integers(1, 100), lines=baskets())
def test_a_percentage_is_exact_to_the_paisa_half_up(percent: int, lines: list[CouponLine]) -> None:
    whole = Decimal(sum(one.amount_paise for one in lines)) * percent / 100

    assert sum(discounts(terms(percent=percent), lines)) == int(whole.quantize(Decimal(1), ROUND_HALF_UP))


@given(amount=st.integers(1, 10_000_000), lines=baskets())
def test_an_amount_is_taken_off_whole_unless_the_lines_cost_less(amount: int, lines: list[CouponLine]) -> None:
    assert sum(discounts(fixed(amount), lines)) == min(amount, sum(one.amount_paise for one in lines))


@given(data=st.data(), lines=baskets())
def test_a_free_item_makes_as_many_pieces_cost_what_one_less_does(data: st.DataObject, lines: list[CouponLine]) -> None:
    """At list prices: the customer pays for all pieces but one."""
    at_list_price = [one._replace(amount_paise=one.unit_price_paise * one.quantity) for one in lines]
    given_away = data.draw(st.sampled_from(at_list_price))

    off = discounts(free(given_away.product_id.int), at_list_price)

    assert sum(off) == given_away.unit_price_paise
