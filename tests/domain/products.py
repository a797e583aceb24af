"""Made-up products for the tests of the domain: made by hand, and made by hypothesis."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st

from traya_gql.domain.products import MAX_PRICE_PAISE, MAX_WEIGHT_G, ProductCategory, ProductFacts, RegulatoryClass
from traya_gql.domain.ruleset.codes import CauseCode, EvidenceGrade
from traya_gql.domain.ruleset.options import Pattern

_NAMESPACE = UUID("00000000-0000-4000-8000-000000000000")

# what gates look for, and what they do not
_INGREDIENTS = ["MINOXIDIL", "FINASTERIDE", "ASHWAGANDHA", "IRON", "ZINC", "ALCOHOL", "SOY_PROTEIN", "COCONUT_OIL"]


def product(slug: str = "a-product", category: ProductCategory = ProductCategory.OIL, **changes: Any) -> ProductFacts:
    """Return a cosmetic of 499 rupees without ingredients or affinities that fits all pictures, but for `changes`.

    The actives count as ingredients too. The id follows from the slug.
    """
    facts = {
        "id": uuid5(_NAMESPACE, slug),
        "slug": slug,
        "name": slug.replace("-", " ").capitalize(),
        "category": category,
        "tags": (),
        "benefits": (),
        "price_paise": 49_900,
        "is_active": True,
        "is_in_stock": True,
        "is_for_men": False,
        "ingredients": changes.get("actives", ()),
        "actives": (),
        "regulatory_class": RegulatoryClass.COSMETIC,
        "pattern_fit": tuple(Pattern),
        "affinities": {},
        "stages": (),
        "evidence": EvidenceGrade.C,
        "hsn": "3305",
        "usage": {"en": "Use it twice a week.", "hi": "हफ़्ते में दो बार लगाएँ।"},
        "cautions": (),
        "monthly_quantity": 1,
        "weight_g": 260,
    }
    return ProductFacts.model_validate({**facts, **changes})


# made once: making them takes longer than drawing from them
_MOSTLY = st.sampled_from([True, True, True, False])
_YES_OR_NO = st.booleans()
_SOME_INGREDIENTS = st.lists(st.sampled_from(_INGREDIENTS), max_size=3, unique=True)
_FACTS: dict[str, st.SearchStrategy[Any]] = {
    "slug": st.text(alphabet="abc", min_size=1, max_size=4),
    "category": st.sampled_from(ProductCategory),
    "price_paise": st.sampled_from([1, 29_900, 49_900, MAX_PRICE_PAISE]),
    "is_active": _MOSTLY,
    "is_in_stock": _MOSTLY,
    "regulatory_class": st.just(RegulatoryClass.COSMETIC) | st.sampled_from(RegulatoryClass),
    "pattern_fit": st.just(tuple(Pattern)) | st.lists(st.sampled_from(Pattern), min_size=1, unique=True),
    "affinities": st.dictionaries(st.sampled_from(CauseCode), st.integers(min_value=1, max_value=3), min_size=2),
    "stages": st.lists(st.integers(min_value=1, max_value=6), max_size=3, unique=True),
    "evidence": st.sampled_from(EvidenceGrade),
    "is_for_men": _YES_OR_NO,
    "monthly_quantity": st.integers(min_value=1, max_value=4),
    "most_months": st.none() | st.integers(min_value=1, max_value=24),
    "weight_g": st.sampled_from([1, 120, 260, MAX_WEIGHT_G]),
}


@st.composite
def any_product(draw: st.DrawFn) -> ProductFacts:
    """Products that a shop may come to sell, unlikely ones too. Few slugs and prices, so that they tie."""
    ingredients = draw(_SOME_INGREDIENTS)
    return product(
        **{name: draw(facts) for name, facts in _FACTS.items()},
        ingredients=ingredients,
        actives=[one for one in ingredients if draw(_YES_OR_NO)],
    )


def any_catalogue() -> st.SearchStrategy[list[ProductFacts]]:
    """Catalogues of at least one product: slugs are unique, as in the database."""
    return st.lists(any_product(), min_size=1, max_size=12, unique_by=lambda found: found.slug)
