"""A large made-up shop: products of plausible kinds, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from traya_gql.documents.products import ProductRecord
from traya_gql.domain.ingredients import INGREDIENTS
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag, RegulatoryClass
from traya_gql.domain.ruleset.codes import EvidenceGrade
from traya_gql.domain.ruleset.options import Pattern
from traya_gql.domain.shelves import findable

BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)

_SYLLABLES = ["va", "ri", "ke", "sha", "no", "mi", "dha", "lu", "ta", "ve", "pra", "jo", "ni", "ra", "so", "gu"]
_KINDS = ["Daily", "Night", "Gentle", "Cooling", "Rich", "Light", "Classic", "Intense", "Soothing", "Fresh"]
_AIMS = [
    *["Scalp Care", "Dandruff Control", "Strength", "Volume", "Shine", "Root Comfort", "Oil Balance"],
    *["Calm", "Moisture", "Nutrition", "Split End Care", "Breakage Care", "Density", "Balance"],
]
_FORMS = {
    ProductCategory.OIL: ["Hair Oil", "Massage Oil", "Overnight Oil", "Pre-Wash Oil"],
    ProductCategory.SERUM: ["Serum", "Scalp Serum", "Solution", "Leave-On Drops"],
    ProductCategory.SHAMPOO: ["Shampoo", "Cleansing Shampoo", "Foam Shampoo"],
    ProductCategory.MEDICINE: ["Tablets", "Capsules", "Tonic", "Gummies"],
}
_SIZES = {
    ProductCategory.OIL: ["100 ml", "200 ml"],
    ProductCategory.SERUM: ["30 ml", "60 ml"],
    ProductCategory.SHAMPOO: ["200 ml", "250 ml", "400 ml"],
    ProductCategory.MEDICINE: ["30", "60", "90"],
}
_BENEFITS = [
    "Supports a comfortable scalp.",
    "May help to loosen dry flakes before washing.",
    "Conditions thinning hair and makes it look fuller.",
    "May help to reduce hair fall from breakage.",
    "Leaves hair soft and easy to comb.",
    "Helps to wash off excess oil without drying.",
    "Adds nutrients to a balanced diet.",
    "Makes daily oiling a calm habit.",
    "Smells of fresh herbs and leaves no residue.",
]


def facts(count: int, *, seed: int) -> Iterator[ProductFacts]:
    """Give products: a twentieth out of stock, a fortieth on prescription, a tenth not sold any more."""
    choose = random.Random(seed)
    brands = ["".join(choose.sample(_SYLLABLES, choose.randint(2, 3))).capitalize() for _ in range(250)]
    codes, weights = list(INGREDIENTS), [1 / (place + 3) for place in range(len(INGREDIENTS))]
    for number in range(count):
        category = choose.choices(list(_FORMS), [3, 2, 3, 2])[0]
        ingredients = tuple(dict.fromkeys(choose.choices(codes, weights, k=choose.randint(2, 8))))
        words = [choose.choice(brands), choose.choice(_KINDS), choose.choice(_AIMS), choose.choice(_FORMS[category])]
        named = INGREDIENTS[ingredients[0]].name.en.partition(" (")[0]
        yield ProductFacts(
            id=UUID(int=choose.getrandbits(128), version=4),
            slug=f"made-up-{number}",
            name=f"{' '.join(words)} with {named}, {choose.choice(_SIZES[category])}, No. {number}",
            category=category,
            tags=tuple(choose.sample(list(ProductTag), choose.choices([1, 2, 3, 4], [2, 4, 3, 1])[0])),
            benefits=tuple(choose.sample(_BENEFITS, choose.randint(1, 3))),
            price_paise=choose.choice([149, 199, 249, 299, 349, 399, 449, 499, 599, 699, 799, 999, 1299, 1899]) * 100
            + choose.choice([0, 0, 0, 50]) * 100,
            is_active=choose.random() < 0.9,
            is_in_stock=choose.random() < 0.95,
            is_for_men=False,
            ingredients=ingredients,
            actives=(),
            regulatory_class=RegulatoryClass.SCHEDULE_H if choose.random() < 0.025 else RegulatoryClass.COSMETIC,
            pattern_fit=tuple(Pattern),
            affinities={},
            stages=(),
            evidence=EvidenceGrade.TRADITIONAL,
            hsn="3305",
            usage={"en": "Use it twice a week.", "hi": "हफ़्ते में दो बार लगाएँ।"},
            cautions=({"en": "Stop if the scalp itches.", "hi": "खुजली हो तो लगाना बंद कर दें।"},),
            monthly_quantity=1,
            weight_g=260,
        )


def stored(count: int, *, seed: int) -> Iterator[dict[str, Any]]:
    """Give the same products as they are stored, an hour apart."""
    for number, one in enumerate(facts(count, seed=seed)):
        record = ProductRecord(**one.model_dump(), created_at=BEGINNING + timedelta(hours=number))
        yield {**record.model_dump(by_alias=True), **findable(one).model_dump(), "schema_version": 1}
