"""The catalogue that a new installation starts with."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, TypeAdapter

from traya_gql.domain.ingredients import Ingredient
from traya_gql.domain.languages import LocalText
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag, RegulatoryClass
from traya_gql.domain.ruleset.codes import CauseCode, EvidenceGrade
from traya_gql.domain.ruleset.options import Pattern

# made once, at random: ids of seeded products follow from their slugs, so that examples hold on every installation
_NAMESPACE = UUID("5b0ffca3-9d3f-4a3a-8a36-4f6e3c0b7c11")
_PAISE = 100
_KNOWN_BEFORE = {"id", "slug", "name", "category", "tags", "benefits", "price_paise", "is_active"}
_KNOWN_LATER = {"most_months", "weight_g", "is_draft", "version"}


class SeedProduct(BaseModel):
    """One entry of `catalogue.toml`: what `ProductFacts` says of a product, with the price in whole rupees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str
    name: str
    category: ProductCategory
    rupees: int
    tags: tuple[ProductTag, ...]
    benefits: tuple[str, ...]
    ingredients: tuple[Ingredient, ...]
    actives: tuple[Ingredient, ...]
    regulatory_class: RegulatoryClass
    pattern_fit: tuple[Pattern, ...]
    affinities: Mapping[CauseCode, int]
    stages: tuple[int, ...]
    evidence: EvidenceGrade
    hsn: str
    usage: LocalText
    cautions: tuple[LocalText, ...]
    monthly_quantity: int
    weight_g: int
    most_months: int | None = None
    is_for_men: bool = False

    @property
    def id(self) -> UUID:
        """The product's id on every installation."""
        return uuid5(_NAMESPACE, self.slug)

    @property
    def product(self) -> ProductFacts:
        """The product as it is on the first day: on sale, and in stock."""
        known = {name: getattr(self, name) for name in type(self).model_fields if name != "rupees"}
        return ProductFacts.model_validate(
            {**known, "id": self.id, "price_paise": self.rupees * _PAISE, "is_active": True, "is_in_stock": True}
        )

    @property
    def facts(self) -> dict[str, Any]:
        """What the first release did not know of its products and the third did, as it is stored."""
        return self.product.model_dump(mode="json", exclude=_KNOWN_BEFORE | _KNOWN_LATER)

    def texts(self) -> dict[str, str | LocalText]:
        """Return all that customers read of it, by place: name and benefits are in English alone."""
        found: dict[str, str | LocalText] = {"name": self.name}
        found |= {f"benefits.{place}": text for place, text in enumerate(self.benefits)}
        found["usage"] = self.usage
        return found | {f"cautions.{place}": text for place, text in enumerate(self.cautions)}


def catalogue() -> tuple[SeedProduct, ...]:
    """Return the products of `catalogue.toml`, in its order."""
    text = files("traya_gql.domain").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return TypeAdapter(tuple[SeedProduct, ...]).validate_python(tomllib.loads(text)["product"])
