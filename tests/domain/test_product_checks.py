"""What staff may write of a product: limits, lawful words, facts that hang together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.products import product
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.claims import claims_in, current_claim_rules
from traya_gql.domain.ingredients import INGREDIENTS
from traya_gql.domain.product_checks import (
    INSTEAD,
    MOST_INGREDIENTS,
    PRESCRIPTION_INGREDIENTS,
    PRODUCT_CODES,
    PUBLISHING_CODES,
    SLUG_MAX_LENGTH,
    Affinity,
    WrittenProduct,
    WrittenText,
    check_publishable,
    check_slug,
    check_whole,
    check_written,
    is_same_name,
    slug_of,
)
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag, RegulatoryClass
from traya_gql.domain.refusals import InvalidInput, Problem, Problems
from traya_gql.domain.ruleset.codes import CauseCode, EvidenceGrade
from traya_gql.domain.ruleset.options import Pattern

TODAY = date(2026, 11, 21)
USAGE = WrittenText(en="Use it twice a week.", hi="हफ़्ते में दो बार लगाएँ।")
WHOLE: dict[str, Any] = {
    "name": "Light Evening Oil",
    "category": ProductCategory.OIL,
    "tags": (ProductTag.STRESS,),
    "benefits": ("Supports a comfortable scalp.",),
    "price": Decimal("499.50"),
    "is_in_stock": True,
    "is_for_men": False,
    "ingredients": ("COCONUT_OIL", "NEEM"),
    "actives": ("NEEM",),
    "regulatory_class": RegulatoryClass.COSMETIC,
    "pattern_fit": (Pattern.STAGE_1,),
    "affinities": (Affinity(CauseCode.STRESS, 3),),
    "stages": (1, 2),
    "evidence": EvidenceGrade.C,
    "hsn": "33059019",
    "usage": USAGE,
    "cautions": (WrittenText(en="Keep it out of the eyes.", hi="आँखों से दूर रखें।"),),
    "monthly_quantity": 2,
    "most_months": 6,
    "weight_g": 260,
}


def found(check: Callable[[Problems], Any]) -> list[tuple[str, str]]:
    """Return codes and places of what a check notes."""
    return [(problem.code.value, ".".join(problem.path[1:])) for problem in noted(check)]


def noted(check: Callable[[Problems], Any]) -> tuple[Problem, ...]:
    problems = Problems()
    check(problems)
    try:
        problems.refuse_if_any()
    except InvalidInput as refused:
        return refused.problems
    return ()


def wrong(**written: Any) -> list[tuple[str, str]]:
    return found(lambda problems: check_written(WrittenProduct(**written), problems))


# --- what is written --------------------------------------------------------------------------------------------------


def test_what_is_written_well_becomes_the_facts_of_a_product() -> None:
    problems = Problems()

    facts = check_written(WrittenProduct(**WHOLE), problems)
    check_whole(facts, problems)

    problems.refuse_if_any()
    made = product("light-evening-oil", **facts)
    assert made.price_paise == 49_950
    assert made.affinities == {CauseCode.STRESS: 3}
    assert made.usage.hi == USAGE.hi
    assert made.cautions[0].en == "Keep it out of the eyes."
    assert {
        name: getattr(made, name) for name in WHOLE if name not in {"price", "affinities", "usage", "cautions"}
    } == {name: value for name, value in WHOLE.items() if name not in {"price", "affinities", "usage", "cautions"}}


def test_what_is_left_out_is_not_among_the_facts() -> None:
    problems = Problems()

    assert check_written(WrittenProduct(), problems) == {}
    assert check_written(WrittenProduct(price=Decimal(1)), problems) == {"price_paise": 100}
    problems.refuse_if_any()


@pytest.mark.parametrize("name", ["tags", "benefits", "ingredients", "actives", "pattern_fit", "stages", "cautions"])
def test_none_empties_a_list(name: str) -> None:
    problems = Problems()

    assert check_written(WrittenProduct(**{name: None}), problems) == {name: ()}
    problems.refuse_if_any()


def test_none_takes_all_affinities_away() -> None:
    problems = Problems()

    assert check_written(WrittenProduct(affinities=None), problems) == {"affinities": {}}
    problems.refuse_if_any()


def test_none_takes_the_limit_of_time_away() -> None:
    problems = Problems()

    assert check_written(WrittenProduct(most_months=None), problems) == {"most_months": None}
    problems.refuse_if_any()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("name", "name"),
        ("category", "category"),
        ("price", "price"),
        ("is_in_stock", "isInStock"),
        ("is_for_men", "isForMen"),
        ("regulatory_class", "regulatoryClass"),
        ("evidence", "evidence"),
        ("hsn", "hsn"),
        ("usage", "usage"),
        ("monthly_quantity", "monthlyQuantity"),
        ("weight_g", "weightGrams"),
    ],
)
def test_none_is_refused_for_what_a_product_always_has(name: str, place: str) -> None:
    assert wrong(**{name: None}) == [("REQUIRED", place)]


@pytest.mark.parametrize(
    ("written", "problems"),
    [
        ({"name": " x "}, [("TOO_SHORT", "name")]),
        ({"name": "x" * 121}, [("TOO_LONG", "name")]),
        ({"name": "Oil\u202e"}, [("INVALID_CHARACTERS", "name")]),
        ({"name": "Oil <b>"}, [("INVALID_CHARACTERS", "name")]),
        ({"benefits": ("Smells well.", "Less than 5 > 4")}, [("INVALID_CHARACTERS", "benefits.1")]),
        ({"usage": WrittenText(en="Use it.", hi="<script>")}, [("INVALID_CHARACTERS", "usage.hi")]),
        ({"cautions": (WrittenText(en="a<b", hi="ध्यान रखें।"),)}, [("INVALID_CHARACTERS", "cautions.0.en")]),
        ({"benefits": ("x" * 201,)}, [("TOO_LONG", "benefits.0")]),
        ({"benefits": ("Smells well.", " ")}, [("TOO_SHORT", "benefits.1")]),
        ({"benefits": tuple(map(str, range(11)))}, [("TOO_MANY", "benefits")]),
        ({"benefits": ("Smells well.", "Smells well.")}, [("DUPLICATE", "benefits")]),
        ({"tags": (ProductTag.STRESS, ProductTag.STRESS)}, [("DUPLICATE", "tags")]),
        ({"tags": (ProductTag.STRESS,) * 14}, [("TOO_MANY", "tags")]),
        ({"price": Decimal(0)}, [("OUT_OF_RANGE", "price")]),
        ({"price": Decimal(-1)}, [("OUT_OF_RANGE", "price")]),
        ({"price": Decimal("0.005")}, [("OUT_OF_RANGE", "price")]),
        ({"price": Decimal("50000.01")}, [("OUT_OF_RANGE", "price")]),
        ({"price": Decimal("1E+999999")}, [("OUT_OF_RANGE", "price")]),
        ({"ingredients": ("COCONUT_OIL", "STARDUST")}, [("UNKNOWN_INGREDIENT", "ingredients.1")]),
        ({"ingredients": tuple(INGREDIENTS)[: MOST_INGREDIENTS + 1]}, [("TOO_MANY", "ingredients")]),
        ({"actives": ("STARDUST",)}, [("UNKNOWN_INGREDIENT", "actives.0")]),
        ({"pattern_fit": (Pattern.STAGE_1, Pattern.STAGE_1)}, [("DUPLICATE", "patternFit")]),
        ({"affinities": (Affinity(CauseCode.STRESS, 4),)}, [("OUT_OF_RANGE", "affinities.0.strength")]),
        ({"affinities": (Affinity(CauseCode.STRESS, 1), Affinity(CauseCode.STRESS, 2))}, [("DUPLICATE", "affinities")]),
        ({"stages": (0, 7)}, [("OUT_OF_RANGE", "stages.0"), ("OUT_OF_RANGE", "stages.1")]),
        ({"hsn": "33051"}, [("UNKNOWN_HSN", "hsn")]),
        ({"hsn": "३३०५"}, [("UNKNOWN_HSN", "hsn")]),
        ({"usage": WrittenText(en="", hi="x" * 501)}, [("TOO_SHORT", "usage.en"), ("TOO_LONG", "usage.hi")]),
        ({"cautions": (USAGE, WrittenText(en="Stop.", hi=""))}, [("TOO_SHORT", "cautions.1.hi")]),
        ({"cautions": (USAGE,) * 11}, [("TOO_MANY", "cautions")]),
        ({"monthly_quantity": 5}, [("OUT_OF_RANGE", "monthlyQuantity")]),
        ({"most_months": 0}, [("OUT_OF_RANGE", "mostMonths")]),
        ({"most_months": 25}, [("OUT_OF_RANGE", "mostMonths")]),
        ({"weight_g": 0}, [("OUT_OF_RANGE", "weightGrams")]),
        ({"weight_g": 20_001}, [("OUT_OF_RANGE", "weightGrams")]),
    ],
)
def test_what_is_out_of_bounds_is_named_by_its_place(written: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    assert wrong(**written) == problems


@pytest.mark.parametrize(
    "written",
    [
        {"name": "ab"},
        {"name": "x" * 120},
        {"price": Decimal("0.01")},
        {"price": Decimal(50_000)},
        {"ingredients": tuple(INGREDIENTS)[:MOST_INGREDIENTS]},
        {"tags": tuple(ProductTag)},
        {"pattern_fit": tuple(Pattern)},
        {"affinities": tuple(Affinity(cause, 1) for cause in CauseCode)},
        {"stages": (1, 2, 3, 4, 5, 6)},
        {"most_months": 1},
        {"most_months": 24},
        {"weight_g": 20_000},
        {"hsn": "3305"},
    ],
)
def test_what_is_just_within_its_bounds_is_good(written: dict[str, Any]) -> None:
    assert wrong(**written) == []


def test_all_is_said_at_once() -> None:
    several = wrong(name="", price=Decimal(0), benefits=("Guaranteed results.",), weight_g=0)

    assert several == [
        ("TOO_SHORT", "name"),
        ("FORBIDDEN_CLAIM", "benefits.0"),
        ("OUT_OF_RANGE", "price"),
        ("OUT_OF_RANGE", "weightGrams"),
    ]


@pytest.mark.parametrize("seed", catalogue(), ids=lambda seed: seed.slug)
def test_each_product_of_the_first_catalogue_could_be_written_and_published(seed: Any) -> None:
    one: ProductFacts = seed.product
    texts = [WrittenText(text.en, text.hi) for text in (one.usage, *one.cautions)]

    written = WrittenProduct(
        **{name: getattr(one, name) for name in WHOLE if name not in {"price", "affinities", "usage", "cautions"}},
        price=Decimal(one.price_paise) / 100,
        affinities=tuple(Affinity(cause, strength) for cause, strength in one.affinities.items()),
        usage=texts[0],
        cautions=tuple(texts[1:]),
    )

    problems = Problems()
    facts = check_written(written, problems)
    check_whole(facts, problems)
    check_publishable(one, on=TODAY, problems=problems)
    problems.refuse_if_any()
    assert one == ProductFacts.model_validate({**one.model_dump(), **facts})


def test_what_acts_is_among_the_ingredients() -> None:
    facts = {"ingredients": ("COCONUT_OIL",), "actives": ("COCONUT_OIL", "NEEM")}

    assert found(lambda problems: check_whole(facts, problems)) == [("UNKNOWN_INGREDIENT", "actives.1")]


# --- lawful words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ({"name": "Guaranteed Growth Oil"}, "name"),
        ({"benefits": ("Supports the scalp.", "Regrows hair in weeks.")}, "benefits.1"),
        ({"benefits": ("Cures dandruff.",)}, "benefits.0"),
        ({"usage": WrittenText(en="100% effective.", hi="लगाएँ।")}, "usage.en"),
        ({"usage": WrittenText(en="Use it.", hi="नए बाल उगाता है।")}, "usage.hi"),
        ({"cautions": (WrittenText(en="It has no side effects.", hi="ध्यान रखें।"),)}, "cautions.0.en"),
        ({"cautions": (USAGE, WrittenText(en="Take care.", hi="डैंड्रफ जड़ से ख़त्म।"))}, "cautions.1.hi"),
        ({"benefits": ("Dandruff jad se khatam.",)}, "benefits.0"),
        ({"benefits": ("Ganjapan ka ilaj.",)}, "benefits.0"),
    ],
)
def test_a_forbidden_claim_is_refused_in_english_hindi_and_hinglish(written: dict[str, Any], place: str) -> None:
    assert wrong(**written) == [("FORBIDDEN_CLAIM", place)]


def test_the_refusal_names_the_words_and_says_what_to_say_instead() -> None:
    [problem] = noted(lambda problems: check_written(WrittenProduct(name="Hair Cure"), problems))

    assert problem.message == (
        'The law does not let us say "cure" here. '
        'Say what it may help with, such as "May help to keep the scalp comfortable."'
    )


def test_all_words_that_are_forbidden_are_named_at_once_and_each_advice_once() -> None:
    text = "Cures dandruff, guaranteed, permanently, 100 %. Cured for ever."
    [problem] = noted(lambda problems: check_written(WrittenProduct(benefits=(text,)), problems))

    assert problem.message == (
        'The law does not let us say "cures", "guaranteed", "permanently", "100 %", "cured" and "for ever" here. '
        'Say what it may help with, such as "May help to keep the scalp comfortable." Leave the promise out. '
        'Say what it may do "while it is used". Leave the figure out.'
    )


def test_of_words_that_hold_others_the_longest_are_named() -> None:
    [problem] = noted(lambda problems: check_written(WrittenProduct(name="Boosts your hair's growth"), problems))

    assert problem.message.startswith('The law does not let us say "boosts your hairs growth" here. Speak of the hair')


@pytest.mark.parametrize("price", ["-5", "0", "0.005", "50000.01", "1E+9", "1E+999999"])
def test_the_limits_of_a_price_are_told_whatever_is_wrong_with_it(price: str) -> None:
    [problem] = noted(lambda problems: check_written(WrittenProduct(price=Decimal(price)), problems))

    assert problem.message == (
        "A price is more than 0 and at most 50000 rupees, with at most two decimals, such as 499.00."
    )


def test_names_are_the_same_in_whatever_letters() -> None:
    assert is_same_name("density serum", "Density Serum")
    assert not is_same_name("Density Serum 2", "Density Serum")


def test_there_is_something_lawful_to_say_instead_of_whatever_is_forbidden() -> None:
    assert INSTEAD.keys() == current_claim_rules().rules.keys()
    assert {rule: claims_in(words) for rule, words in INSTEAD.items() if claims_in(words)} == {}


# --- slugs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Calm Scalp Serum", "calm-scalp-serum"),
        ("  Minoxidil 5%  (Topical)!", "minoxidil-5-topical"),
        ("Crème Brûlée", "creme-brulee"),
        ("शांत तेल No. 2", "no-2"),
        ("शांत तेल", ""),
    ],
)
def test_a_slug_follows_from_the_name(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@given(st.text(max_size=200))
def test_a_slug_that_follows_from_any_name_is_good(name: str) -> None:
    slug = slug_of(name)

    if slug:
        # a name that makes a claim is refused by itself
        claims = [("FORBIDDEN_CLAIM", "slug")] if claims_in(slug) else []
        assert found(lambda problems: check_slug(None, name=name, problems=problems)) == claims
        assert slug_of(slug) == slug
    assert len(slug) <= SLUG_MAX_LENGTH


def test_a_slug_that_is_typed_is_taken_as_it_is() -> None:
    problems = Problems()

    assert check_slug("x-1", name="Calm Scalp Serum", problems=problems) == "x-1"
    assert check_slug(None, name="Calm Scalp Serum", problems=problems) == "calm-scalp-serum"
    problems.refuse_if_any()


@pytest.mark.parametrize(
    ("slug", "code"),
    [
        ("", "REQUIRED"),
        ("x" * 101, "TOO_LONG"),
        ("Calm", "INVALID_CHARACTERS"),
        ("calm--scalp", "INVALID_CHARACTERS"),
        ("-calm", "INVALID_CHARACTERS"),
        ("calm\n", "INVALID_CHARACTERS"),
        ("calm/../scalp", "INVALID_CHARACTERS"),
        ("शांत", "INVALID_CHARACTERS"),
    ],
)
def test_a_slug_that_no_address_could_hold_is_refused(slug: str, code: str) -> None:
    problems = Problems()

    assert check_slug(slug, name="Calm Scalp Serum", problems=problems) is None
    with pytest.raises(InvalidInput) as refused:
        problems.refuse_if_any()
    assert [(one.code.value, one.path) for one in refused.value.problems] == [(code, ("input", "slug"))]


@pytest.mark.parametrize("slug", ["hair-growth-oil", "cures-dandruff", "re-grow-tonic", "no-more-hair-fall"])
def test_a_slug_that_promises_what_the_law_forbids_is_refused(slug: str) -> None:
    problems = Problems()

    assert check_slug(slug, name="Calm Scalp Serum", problems=problems) is None
    with pytest.raises(InvalidInput, match="The law does not let us say") as refused:
        problems.refuse_if_any()
    assert [(one.code.value, one.path) for one in refused.value.problems] == [("FORBIDDEN_CLAIM", ("input", "slug"))]


# --- what it takes to be sold -----------------------------------------------------------------------------------------


def sellable(**changes: Any) -> ProductFacts:
    facts: dict[str, Any] = {
        "benefits": ("Supports a comfortable scalp.",),
        "ingredients": ("COCONUT_OIL",),
        "hsn": "33059019",
    }
    return product(**{**facts, **changes})


def in_the_way(one: ProductFacts, on: date = TODAY) -> list[tuple[str, str]]:
    return found(lambda problems: check_publishable(one, on=on, problems=problems))


def test_a_whole_and_lawful_product_can_be_published() -> None:
    assert in_the_way(sellable()) == []


CAUTIONS = ({"en": "Ask a doctor first.", "hi": "पहले डॉक्टर से पूछें।"},)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"benefits": ()}, [("NOT_PUBLISHABLE", "benefits")]),
        ({"ingredients": ()}, [("NOT_PUBLISHABLE", "ingredients")]),
        ({"hsn": "9999"}, [("UNKNOWN_HSN", "hsn")]),
        ({"category": ProductCategory.MEDICINE}, [("NOT_PUBLISHABLE", "cautions")]),
        ({"category": ProductCategory.MEDICINE, "cautions": CAUTIONS}, []),
        ({"regulatory_class": RegulatoryClass.SCHEDULE_H}, [("NOT_PUBLISHABLE", "cautions")]),
        ({"regulatory_class": RegulatoryClass.SCHEDULE_H, "cautions": CAUTIONS}, []),
        ({"ingredients": ("MINOXIDIL", "ALCOHOL")}, [("NOT_PUBLISHABLE", "regulatoryClass")]),
        (
            {
                "ingredients": ("MINOXIDIL",),
                "regulatory_class": RegulatoryClass.SCHEDULE_H,
                "cautions": CAUTIONS,
            },
            [],
        ),
        ({"name": "Miracle Oil"}, [("FORBIDDEN_CLAIM", "name")]),
        ({"benefits": ("Good.", "Guaranteed.")}, [("FORBIDDEN_CLAIM", "benefits.1")]),
        ({"usage": {"en": "It cures.", "hi": "लगाएँ।"}}, [("FORBIDDEN_CLAIM", "usage.en")]),
        ({"usage": {"en": "Use it.", "hi": "गारंटी है।"}}, [("FORBIDDEN_CLAIM", "usage.hi")]),
        ({"cautions": (*CAUTIONS, {"en": "It is 100% safe.", "hi": "ठीक।"})}, [("FORBIDDEN_CLAIM", "cautions.1.en")]),
    ],
)
def test_what_is_missing_or_unlawful_stands_in_the_way(
    changes: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    assert in_the_way(sellable(**changes)) == problems


def test_a_heading_without_a_rate_on_that_day_stands_in_the_way() -> None:
    assert in_the_way(sellable(), on=date(2016, 1, 1)) == [("UNKNOWN_HSN", "hsn")]


def test_every_drug_of_the_catalogue_counts_as_one() -> None:
    disguised = [
        seed.product.model_copy(update={"regulatory_class": RegulatoryClass.COSMETIC})
        for seed in catalogue()
        if seed.product.needs_prescription
    ]

    assert INGREDIENTS.keys() > PRESCRIPTION_INGREDIENTS
    assert len(disguised) == 3
    assert [in_the_way(one) for one in disguised] == [[("NOT_PUBLISHABLE", "regulatoryClass")]] * 3


def test_the_codes_are_those_that_are_declared() -> None:
    assert {code.value for code in PRODUCT_CODES} == {
        "TOO_SHORT", "TOO_LONG", "INVALID_CHARACTERS", "REQUIRED", "OUT_OF_RANGE", "TOO_MANY", "DUPLICATE",
        "UNKNOWN_INGREDIENT", "UNKNOWN_HSN", "FORBIDDEN_CLAIM",
    }  # fmt: skip
    assert {code.value for code in PUBLISHING_CODES} == {"NOT_PUBLISHABLE", "UNKNOWN_HSN", "FORBIDDEN_CLAIM"}
