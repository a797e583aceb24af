"""A made-up shelf for the tests of the gates: one product for each thing that a gate looks at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.domain.products import product
from traya_gql.domain.products import ProductCategory, ProductFacts, RegulatoryClass


def made_of(
    category: str = "OIL",
    *,
    holds: Sequence[str] = ("COCONUT_OIL",),
    actives: Sequence[str] = (),
    regulatory_class: str = "COSMETIC",
    **more: Any,
) -> ProductFacts:
    """Return a product that holds this and nothing else. `actives` are ingredients too."""
    return product(
        category=ProductCategory(category),
        ingredients=tuple(dict.fromkeys((*holds, *actives))),
        actives=tuple(actives),
        regulatory_class=RegulatoryClass(regulatory_class),
        **more,
    )


SHELF: dict[str, ProductFacts] = {
    "gentle oil": made_of("OIL"),
    "oil with alcohol": made_of("OIL", holds=["SESAME_OIL", "ALCOHOL"]),
    "medicated oil": made_of("OIL", actives=["SALICYLIC_ACID"]),
    "ayurvedic oil": made_of("OIL", holds=["SESAME_OIL", "BHRINGRAJ"], regulatory_class="AYURVEDIC"),
    "oil with ashwagandha": made_of("OIL", holds=["SESAME_OIL", "ASHWAGANDHA"]),
    "gentle shampoo": made_of("SHAMPOO", holds=["ALOE_VERA"]),
    "shampoo with alcohol": made_of("SHAMPOO", holds=["ALCOHOL"]),
    "soy shampoo": made_of("SHAMPOO", holds=["SOY_PROTEIN"]),
    "medicated shampoo": made_of("SHAMPOO", actives=["KETOCONAZOLE"]),
    "calm serum": made_of("SERUM", holds=["ALOE_VERA"]),
    "serum with alcohol": made_of("SERUM", holds=["ALCOHOL"], actives=["REDENSYL"]),
    "minoxidil": made_of("SERUM", actives=["MINOXIDIL"], regulatory_class="SCHEDULE_H"),
    "finasteride": made_of("SERUM", actives=["FINASTERIDE"], regulatory_class="SCHEDULE_H"),
    "solution for men": made_of("SERUM", holds=["ALOE_VERA"], is_for_men=True),
    "dutasteride": made_of("MEDICINE", actives=["DUTASTERIDE"], regulatory_class="SCHEDULE_H"),
    "ashwagandha": made_of("MEDICINE", actives=["ASHWAGANDHA"], regulatory_class="AYURVEDIC"),
    "saw palmetto": made_of("MEDICINE", actives=["SAW_PALMETTO"], regulatory_class="NUTRACEUTICAL"),
    "iron": made_of("MEDICINE", actives=["IRON"], regulatory_class="NUTRACEUTICAL"),
    "amla": made_of("MEDICINE", holds=["AMLA"], regulatory_class="NUTRACEUTICAL"),
    "biotin": made_of("MEDICINE", actives=["BIOTIN"], regulatory_class="NUTRACEUTICAL"),
}
