"""The catalogue that a new installation starts with: lawful, whole, and good for the people it is recommended to."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ruleset.answering import answers, assessed, healthy_man, healthy_woman, some
from tests.domain.ruleset.test_golden_cases import GOLDEN
from traya_gql.domain.catalogue import SeedProduct, catalogue
from traya_gql.domain.claims import claims_in
from traya_gql.domain.customers import Gender
from traya_gql.domain.languages import LocalText
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductStatus, RegulatoryClass
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import CauseCode
from traya_gql.domain.ruleset.gates import findings, suits_everybody, why_left_out
from traya_gql.domain.ruleset.kit import Kit, KitItem, compose, shared_kit
from traya_gql.domain.ruleset.offers import KitKind, offers
from traya_gql.domain.ruleset.options import (
    Dandruff,
    Deficiency,
    EnergyLevel,
    FamilyHistory,
    HealthCondition,
    LifeStage,
    MedicalSafety,
    Pattern,
    ScalpSign,
    Sleep,
    Stress,
)
from traya_gql.domain.ruleset.rules import current_ruleset

RULES = current_ruleset()
SEEDS = catalogue()
SHOP = [one.product for one in SEEDS]
BY_SLUG = {one.slug: one for one in SHOP}
SLUGS = {one.id: one.slug for one in SHOP}
DEVANAGARI = re.compile(r"[\u0900-\u097f]")

# name and price in rupees of what the first system sold; two names changed for the law's sake
FIRST = {
    "anti-dandruff-hair-oil": ("OIL", "Anti-Dandruff Hair Oil", 499),
    "genetic-hair-fall-control-oil": ("OIL", "Genetic Hair Fall Control Oil", 599),
    "stress-relief-hair-oil": ("OIL", "Stress Relief Hair Oil", 549),
    "nutrition-boost-hair-oil": ("OIL", "Nutrition Boost Hair Oil", 449),
    "early-stage-hair-growth-oil": ("OIL", "Early Stage Hair Care Oil", 399),
    "dandruff-control-shampoo": ("SHAMPOO", "Dandruff Control Shampoo", 299),
    "gentle-cleansing-shampoo": ("SHAMPOO", "Gentle Cleansing Shampoo", 279),
    "advanced-hair-fall-shampoo": ("SHAMPOO", "Advanced Hair Fall Shampoo", 349),
    "stress-defense-shampoo": ("SHAMPOO", "Stress Defense Shampoo", 329),
    "nutrition-boost-shampoo": ("SHAMPOO", "Nutrition Boost Shampoo", 379),
    "hair-vitamin-capsules": ("MEDICINE", "Hair Vitamin Capsules", 799),
    "dht-blocker-tablets": ("MEDICINE", "Pattern Care Tablets", 899),
    "stress-management-supplement": ("MEDICINE", "Stress Management Supplement", 699),
    "scalp-health-capsules": ("MEDICINE", "Scalp Health Capsules", 749),
    "early-intervention-hair-tonic": ("MEDICINE", "Early Intervention Hair Tonic", 649),
}
DRUGS = ["minoxidil-5-solution", "minoxidil-2-solution", "minoxidil-5-finasteride-solution"]
GENTLE = [
    "nutrition-boost-hair-oil",
    "early-stage-hair-growth-oil",
    "gentle-cleansing-shampoo",
    "advanced-hair-fall-shampoo",
    "stress-defense-shampoo",
    "nutrition-boost-shampoo",
]


# --- what is in it ------------------------------------------------------------------------------------------------


def test_the_products_of_the_first_system_keep_slug_name_price_and_shelf() -> None:
    kept = {one.slug: (one.category.value, one.name, one.rupees) for one in SEEDS if one.slug in FIRST}

    assert kept == FIRST


def test_there_are_twenty_products_with_names_and_ids_of_their_own() -> None:
    assert len(SEEDS) == 20
    assert len({one.slug for one in SEEDS}) == len({one.name for one in SEEDS}) == len(SLUGS) == 20
    assert Counter(one.category.value for one in SEEDS) == {"OIL": 5, "SHAMPOO": 5, "MEDICINE": 5, "SERUM": 5}


def test_a_seeded_product_is_on_sale_at_its_price_in_paise() -> None:
    found = BY_SLUG["gentle-cleansing-shampoo"]

    assert (found.price_paise, found.is_active, found.is_in_stock) == (27_900, True, True)
    assert (found.status, found.version) == (ProductStatus.PUBLISHED, 1)


def test_bottles_weigh_more_than_tablets() -> None:
    weights = {one.slug: one.weight_g for one in SHOP}

    assert weights["gentle-cleansing-shampoo"] == 300
    assert weights["early-intervention-hair-tonic"] == 320
    assert Counter(weights.values()) == {260: 5, 300: 5, 120: 9, 320: 1}


# --- for how long it may be taken ---------------------------------------------------------------------------------

# "twice a week" is how often
NAMES_A_TIME = re.compile(r"\b(?:weeks|months)\b|(?:एक|दो|तीन|चार|छह|बारह|\d) (?:हफ़्त|महीन)")
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "six": 6, "twelve": 12}
# when to look for a doctor, when not to take it, and what happens afterwards: none says how long to take it
NO_LIMITS = {
    "If the flakes have not become fewer after four weeks, see a doctor.",
    "Stop two weeks before an operation. It can make you sleepy: do not drive then.",
    (
        "More hair may fall in the first weeks. If that goes on after two months, or nothing has changed after four, "
        "see a doctor."
    ),
    "What it does is lost three to four months after stopping.",
}


def limit_in(text: LocalText) -> int | None:
    """Return the months that a text limits the time to; 0 for a time that is no number of months; None without any."""
    if text.en in NO_LIMITS or not any(NAMES_A_TIME.search(one) for one in (text.en, text.hi)):
        return None
    found = re.search(r"(\w+) months", text.en)
    return 0 if found is None else NUMBERS[found[1]]


def test_each_product_whose_label_limits_the_time_holds_the_limit_and_no_other_does() -> None:
    found = {one.slug: {limit_in(text) for text in (one.usage, *one.cautions)} - {None} for one in SHOP}

    assert {slug: limits for slug, limits in found.items() if limits} == {
        one.slug: {one.most_months} for one in SHOP if one.most_months is not None
    }
    assert {one.slug: one.most_months for one in SHOP if one.most_months is not None} == {
        "stress-management-supplement": 3,
        "early-intervention-hair-tonic": 3,
    }


@given(
    kit=st.lists(st.sampled_from(SHOP), min_size=1, max_size=5, unique_by=lambda one: one.id),
    basic=st.lists(st.sampled_from(SHOP), max_size=2, unique_by=lambda one: one.id),
    expected_months=st.integers(min_value=1, max_value=12),
)
def test_no_kit_of_the_catalogue_is_offered_for_longer_than_its_labels_say(
    kit: list[ProductFacts], basic: list[ProductFacts], expected_months: int
) -> None:
    kits = {KitKind.COMPLETE: kit, KitKind.BASIC: basic}

    for offer in offers(kits, expected_months=expected_months, rules=RULES.kit):
        for id_, quantity in offer.lines:
            limits = [
                limit
                for text in (BY_SLUG[SLUGS[id_]].usage, *BY_SLUG[SLUGS[id_]].cautions)
                if (limit := limit_in(text))
            ]
            assert quantity == BY_SLUG[SLUGS[id_]].monthly_quantity * min(offer.months, *limits, 99)


def test_a_product_of_the_first_release_gets_all_that_was_not_known_of_it() -> None:
    found = SEEDS[0].facts

    first = {"slug": "s", "name": "n", "category": "OIL", "tags": (), "benefits": (), "price_paise": 1}
    whole = ProductFacts.model_validate({**first, "id": SEEDS[0].id, "is_active": False, **found, "weight_g": 500})
    assert whole.ingredients == SHOP[0].ingredients
    assert (whole.name, whole.price_paise, whole.is_active, whole.is_in_stock) == ("n", 1, False, True)


def test_only_drugs_need_a_prescription_and_every_drug_does() -> None:
    drugs = {"MINOXIDIL", "FINASTERIDE", "DUTASTERIDE", "TRETINOIN", "KETOCONAZOLE"}

    assert [one.slug for one in SHOP if one.needs_prescription] == DRUGS
    assert [one.slug for one in SHOP if not drugs.isdisjoint(one.ingredients)] == DRUGS


def test_men_s_and_women_s_drugs_fit_their_own_pictures() -> None:
    men = {Pattern(f"STAGE_{stage}") for stage in range(1, 6)}
    women = {
        Pattern.HAIR_THINNING,
        Pattern.LESS_VOLUME_ON_SIDES,
        Pattern.MEDIUM_WIDENING,
        Pattern.ADVANCED_WIDENING,
    }

    assert set(BY_SLUG["minoxidil-5-solution"].pattern_fit) == men
    assert set(BY_SLUG["minoxidil-5-finasteride-solution"].pattern_fit) < men
    assert set(BY_SLUG["minoxidil-2-solution"].pattern_fit) == women


def test_saw_palmetto_fits_no_picture_of_women() -> None:
    """The first system offered these tablets to everybody, pregnant or not."""
    assert {one[:5] for one in BY_SLUG["dht-blocker-tablets"].pattern_fit} == {"STAGE"}


def test_gentle_oils_and_shampoos_suit_everybody_and_fit_all_pictures() -> None:
    assert [one.slug for one in SHOP if suits_everybody(one, RULES)] == GENTLE
    assert all(set(BY_SLUG[slug].pattern_fit) == set(Pattern) for slug in GENTLE)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda one: one.slug)
def test_what_is_swallowed_or_a_drug_is_cautioned_about(seed: SeedProduct) -> None:
    assert seed.cautions
    if seed.category is ProductCategory.MEDICINE or seed.regulatory_class is RegulatoryClass.SCHEDULE_H:
        assert len(seed.cautions) >= 3
        assert any("doctor" in one.en and "डॉक्टर" in one.hi for one in seed.cautions)


@pytest.mark.parametrize(
    ("ingredient", "words", "hindi"),
    [
        ("BIOTIN", "blood tests", "ख़ून जाँच"),
        ("IRON", "blood test", "ख़ून जाँच"),
        ("ASHWAGANDHA", "pregnancy", "गर्भावस्था"),
        ("SAW_PALMETTO", "pregnant", "गर्भवती"),
        ("MINOXIDIL", "chest pain", "सीने में दर्द"),
        ("MINOXIDIL", "nothing has changed after four", "चार महीने में कोई बदलाव न दिखे"),
        ("MINOXIDIL", "More hair may fall in the first weeks", "शुरू के हफ़्तों में बाल ज़्यादा झड़ सकते हैं"),
        ("FINASTERIDE", "must not touch it", "छुएँ भी नहीं"),
        ("FINASTERIDE", "thoughts of suicide", "आत्महत्या के विचार"),
    ],
)
def test_what_is_known_to_be_dangerous_is_said(ingredient: str, words: str, hindi: str) -> None:
    holding = [one for one in SHOP if ingredient in one.ingredients]

    assert holding
    for one in holding:
        assert any(words in caution.en for caution in one.cautions), one.slug
        assert any(hindi in caution.hi for caution in one.cautions), one.slug


@pytest.mark.parametrize("found", SHOP, ids=lambda one: one.slug)
def test_the_tariff_heading_is_that_of_its_kind(found: ProductFacts) -> None:
    """Oils, shampoos and serums are 3305, supplements 2106 90, medicines 3004 (Ayurvedic ones 3004 90).

    Source: https://www.msassociates.pro/gst/gst-personal-care-and-hygiene.php, https://taxo.online/?p=540497
    """
    headings = {
        RegulatoryClass.NUTRACEUTICAL: "210690",
        RegulatoryClass.AYURVEDIC: "300490",
        RegulatoryClass.SCHEDULE_H: "3004",
    }
    cosmetics = {ProductCategory.OIL: "330590", ProductCategory.SHAMPOO: "330510", ProductCategory.SERUM: "330590"}

    expected = headings.get(found.regulatory_class) or cosmetics[found.category]

    assert found.hsn.startswith(expected)


# --- what it says -------------------------------------------------------------------------------------------------


def words_of(seed: SeedProduct) -> list[str]:
    both = [(one.en, one.hi) if isinstance(one, LocalText) else (one,) for one in seed.texts().values()]
    return [words for some_words in both for words in some_words]


@pytest.mark.parametrize("seed", SEEDS, ids=lambda one: one.slug)
def test_no_text_makes_a_claim(seed: SeedProduct) -> None:
    assert {words: claims_in(words) for words in words_of(seed) if claims_in(words)} == {}


@pytest.mark.parametrize("seed", SEEDS, ids=lambda one: one.slug)
def test_every_text_is_named_by_its_place(seed: SeedProduct) -> None:
    places = ["name", *(f"benefits.{place}" for place in range(len(seed.benefits)))]
    places += ["usage", *(f"cautions.{place}" for place in range(len(seed.cautions)))]

    assert list(seed.texts()) == places
    assert all(words_of(seed))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda one: one.slug)
def test_texts_are_in_english_and_in_hindi(seed: SeedProduct) -> None:
    for text in (seed.usage, *seed.cautions):
        assert not DEVANAGARI.search(text.en)
        assert DEVANAGARI.search(text.hi)
        # both end as sentences do
        assert text.en.endswith(".")
        assert text.hi.endswith("।")


# --- what is recommended from it ----------------------------------------------------------------------------------


class Expected(NamedTuple):
    """The kit that somebody must get, by slugs; what is left out with the number of its gate; the shared kit."""

    items: list[str]
    basic: list[str]
    excluded: list[tuple[str, str]]
    shared: list[str]


def told_all(found: Answers, **more: Any) -> Answers:
    """Return the golden answers with a clean block of safety questions, where they say nothing themselves."""
    healthy = healthy_man() if found.gender is Gender.MALE else healthy_woman()
    said = {name: answer for name in Answers.model_fields if (answer := getattr(found, name)) is not None}
    return healthy.model_copy(update={**said, **more})


def kit_of(found: Answers) -> Kit:
    return compose(
        assessment=assessed(found),
        pattern=found.pattern,
        found=findings(found, RULES),
        candidates=SHOP,
        rules=RULES,
    )


def named(found: Answers) -> Expected:
    kit = kit_of(found)
    return Expected(
        items=[SLUGS[item.product_id] for item in kit.items],
        basic=[SLUGS[id_] for id_ in kit.basic],
        excluded=[(SLUGS[one.product_id], one.gate[:3]) for one in kit.excluded],
        shared=[SLUGS[item.product_id] for item in shared_with(found)],
    )


def shared_with(found: Answers) -> tuple[KitItem, ...]:
    return shared_kit(assessment=assessed(found), gender=found.gender, candidates=SHOP, rules=RULES)


NOTHING = Expected(items=[], basic=[], excluded=[], shared=[])

KITS = {
    # no cause is listed, or one that nothing here is for
    "G1": NOTHING,
    "G10": NOTHING,
    # a man with his father's hair, stress, bad nights and a few flakes
    "G2": Expected(
        items=[
            "stress-management-supplement",
            "dht-blocker-tablets",
            "genetic-hair-fall-control-oil",
            "minoxidil-5-solution",
            "dandruff-control-shampoo",
        ],
        basic=["early-stage-hair-growth-oil", "dandruff-control-shampoo"],
        excluded=[],
        shared=["early-stage-hair-growth-oil", "stress-defense-shampoo"],
    ),
    # far along, with heavy dandruff
    "G3": Expected(
        items=[
            "dht-blocker-tablets",
            "scalp-health-capsules",
            "genetic-hair-fall-control-oil",
            "minoxidil-5-finasteride-solution",
            "dandruff-control-shampoo",
        ],
        basic=["early-stage-hair-growth-oil", "gentle-cleansing-shampoo"],
        excluded=[],
        shared=["early-stage-hair-growth-oil", "gentle-cleansing-shampoo"],
    ),
    # the last stage: a doctor first
    "G4": Expected(
        items=[],
        basic=[],
        excluded=[
            ("dht-blocker-tablets", "G15"),
            ("genetic-hair-fall-control-oil", "G15"),
            ("advanced-hair-fall-shampoo", "G15"),
        ],
        shared=[],
    ),
    # a patch: a doctor alone
    "G5": NOTHING,
    # anaemia, polycystic ovaries, stress and bad nights: iron is right here
    "G6": Expected(
        items=[
            "early-intervention-hair-tonic",
            "stress-management-supplement",
            "nutrition-boost-hair-oil",
            "nutrition-boost-shampoo",
        ],
        basic=["early-stage-hair-growth-oil", "gentle-cleansing-shampoo"],
        excluded=[],
        shared=["nutrition-boost-hair-oil", "stress-defense-shampoo"],
    ),
    # four months after a birth: gentle oil and shampoo alone
    "G7": Expected(
        items=["nutrition-boost-hair-oil", "gentle-cleansing-shampoo"],
        basic=["nutrition-boost-hair-oil", "gentle-cleansing-shampoo"],
        excluded=[
            ("early-intervention-hair-tonic", "G06"),
            ("hair-vitamin-capsules", "G06"),
            ("density-serum", "G06"),
        ],
        shared=["nutrition-boost-hair-oil", "nutrition-boost-shampoo"],
    ),
    # after the menopause, far along, with a thyroid disease
    "G8": Expected(
        items=["genetic-hair-fall-control-oil", "minoxidil-2-solution", "advanced-hair-fall-shampoo"],
        basic=["early-stage-hair-growth-oil", "gentle-cleansing-shampoo"],
        excluded=[],
        shared=["early-stage-hair-growth-oil", "advanced-hair-fall-shampoo"],
    ),
    # shedding after an illness: no drug
    "G9": Expected(
        items=[
            "stress-management-supplement",
            "stress-relief-hair-oil",
            "density-serum",
            "gentle-cleansing-shampoo",
        ],
        basic=["early-stage-hair-growth-oil", "gentle-cleansing-shampoo"],
        excluded=[],
        shared=["early-stage-hair-growth-oil", "gentle-cleansing-shampoo"],
    ),
    # psoriasis: nothing that acts, and no alcohol, on the scalp
    "G11": Expected(
        items=[
            "scalp-health-capsules",
            "early-stage-hair-growth-oil",
            "gentle-cleansing-shampoo",
        ],
        basic=["early-stage-hair-growth-oil", "gentle-cleansing-shampoo"],
        excluded=[
            ("anti-dandruff-hair-oil", "G05"),
            ("calm-scalp-serum", "G05"),
            ("dandruff-control-shampoo", "G05"),
        ],
        shared=["early-stage-hair-growth-oil", "gentle-cleansing-shampoo"],
    ),
}
AFTER_A_BIRTH = {"months_since_birth": 4, "is_breastfeeding": True}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_person_with_nothing_else_to_fear_gets_this_kit(name: str) -> None:
    person = told_all(GOLDEN[name].answers, **(AFTER_A_BIRTH if name == "G7" else {}))

    assert named(person) == KITS[name]


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_person_who_answered_no_safety_question_gets_no_drug_and_nothing_to_swallow(name: str) -> None:
    kit = kit_of(GOLDEN[name].answers)

    chosen = [BY_SLUG[SLUGS[item.product_id]] for item in kit.items]

    assert not any(one.needs_prescription or one.category is ProductCategory.MEDICINE for one in chosen)


MORE_PEOPLE = {
    "a heart disease takes minoxidil away, and the serum without a drug takes its place": (
        healthy_man(
            pattern=Pattern.STAGE_2,
            family_history=FamilyHistory.BOTH,
            medical_safety=some(MedicalSafety.HEART_DISEASE),
        ),
        ["dht-blocker-tablets", "genetic-hair-fall-control-oil", "density-serum", "advanced-hair-fall-shampoo"],
        [("minoxidil-5-solution", "G08")],
    ),
    "who wants a child gets minoxidil without finasteride, and no saw palmetto": (
        healthy_man(pattern=Pattern.STAGE_4, age=35, family_history=FamilyHistory.FATHER, is_trying_for_a_baby=True),
        ["genetic-hair-fall-control-oil", "minoxidil-5-solution", "advanced-hair-fall-shampoo"],
        [("dht-blocker-tablets", "G10"), ("minoxidil-5-finasteride-solution", "G10")],
    ),
    "a red scalp loses what acts on it": (
        healthy_man(
            pattern=Pattern.STAGE_3,
            family_history=FamilyHistory.BOTH,
            dandruff=Dandruff.MILD,
            scalp_signs=some(ScalpSign.REDNESS),
        ),
        [
            "dht-blocker-tablets",
            "scalp-health-capsules",
            "early-stage-hair-growth-oil",
            "advanced-hair-fall-shampoo",
        ],
        [("genetic-hair-fall-control-oil", "G05"), ("minoxidil-5-solution", "G05")],
    ),
    "a woman with a picture made for men is not recommended what is labelled for men": (
        healthy_woman(pattern=Pattern.STAGE_3, family_history=FamilyHistory.BOTH),
        ["genetic-hair-fall-control-oil", "density-serum", "advanced-hair-fall-shampoo"],
        [("dht-blocker-tablets", "G07"), ("minoxidil-5-solution", "G07")],
    ),
    "without a lack of iron there is no iron, and the vitamins remain": (
        healthy_man(pattern=Pattern.STAGE_1, energy_level=EnergyLevel.VERY_LOW),
        ["hair-vitamin-capsules", "nutrition-boost-hair-oil", "nutrition-boost-shampoo"],
        [("early-intervention-hair-tonic", "G12")],
    ),
    "zinc is taken once": (
        healthy_man(
            pattern=Pattern.STAGE_1,
            known_deficiencies=some(Deficiency.VITAMIN_D),
            energy_level=EnergyLevel.VERY_LOW,
            dandruff=Dandruff.HEAVY,
        ),
        ["hair-vitamin-capsules", "anti-dandruff-hair-oil", "calm-scalp-serum", "dandruff-control-shampoo"],
        [("early-intervention-hair-tonic", "G12"), ("scalp-health-capsules", "G17")],
    ),
    "a thyroid disease takes ashwagandha away": (
        healthy_woman(stress=Stress.HIGH, sleep=Sleep.DIFFICULT, health_conditions=some(HealthCondition.THYROID)),
        ["stress-relief-hair-oil", "stress-defense-shampoo"],
        [("stress-management-supplement", "G11")],
    ),
    "in pregnancy gentle oil and shampoo remain": (
        healthy_woman(life_stage=LifeStage.PREGNANT, stress=Stress.HIGH, dandruff=Dandruff.HEAVY),
        ["early-stage-hair-growth-oil", "stress-defense-shampoo"],
        [
            ("stress-management-supplement", "G06"),
            ("scalp-health-capsules", "G06"),
            ("anti-dandruff-hair-oil", "G06"),
            ("calm-scalp-serum", "G06"),
            ("dandruff-control-shampoo", "G06"),
        ],
    ),
    "an allergy against soy takes the shampoo with soy away": (
        healthy_woman(health_conditions=some(HealthCondition.ANAEMIA), allergies=frozenset({"SOY_PROTEIN"})),
        ["early-intervention-hair-tonic", "hair-vitamin-capsules", "nutrition-boost-hair-oil"],
        [("nutrition-boost-shampoo", "G13")],
    ),
    "above 65 minoxidil waits for a doctor": (
        healthy_man(pattern=Pattern.STAGE_3, age=66, family_history=FamilyHistory.FATHER),
        ["dht-blocker-tablets", "genetic-hair-fall-control-oil", "density-serum", "advanced-hair-fall-shampoo"],
        [("minoxidil-5-solution", "G14")],
    ),
}


@pytest.mark.parametrize("name", MORE_PEOPLE)
def test_somebody_gets_this_kit_because(name: str) -> None:
    person, items, excluded = MORE_PEOPLE[name]

    found = named(person)

    assert found.items == items
    assert found.excluded == excluded


@pytest.mark.parametrize("code", [one for one in CauseCode if one is not CauseCode.DIGESTION])
def test_every_cause_has_something_gentle_for_everybody(code: CauseCode) -> None:
    """Nothing is sold for the digestion: no controlled evidence was found."""
    gentle = [BY_SLUG[slug] for slug in GENTLE]

    assert any(code in one.affinities for one in gentle)
    assert not any(CauseCode.DIGESTION in one.affinities for one in SHOP)


def test_who_answered_no_safety_question_may_use_all_that_is_gentle_and_nothing_to_swallow_and_no_drug() -> None:
    held = findings(answers(Pattern.STAGE_2), RULES)

    free = [one for one in SHOP if why_left_out(one, held) is None]

    assert {one.slug for one in free} >= set(GENTLE)
    assert not any(one.category is ProductCategory.MEDICINE or one.needs_prescription for one in free)
