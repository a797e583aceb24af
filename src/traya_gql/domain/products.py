"""Products as the assessment sees them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from traya_gql.domain.ingredients import Ingredient
from traya_gql.domain.languages import LocalText
from traya_gql.domain.orders import MAX_QUANTITY
from traya_gql.domain.ruleset.codes import CauseCode, EvidenceGrade
from traya_gql.domain.ruleset.options import Pattern


class ProductCategory(StrEnum):
    """The shelf, and the slot in a kit. MEDICINE is what is swallowed; OIL and SERUM stay on the scalp."""

    MEDICINE = "MEDICINE"
    OIL = "OIL"
    SERUM = "SERUM"
    SHAMPOO = "SHAMPOO"


class RegulatoryClass(StrEnum):
    """What the law takes a product for. SCHEDULE_H: sold on a registered practitioner's prescription only.

    Source: Drugs Rules, Schedule H,
    https://www.medindia.net/patientinfo/drugs-and-cosmetics-rules-schedule-h-schedule-h1-drugs.htm
    """

    COSMETIC = "COSMETIC"
    AYURVEDIC = "AYURVEDIC"
    NUTRACEUTICAL = "NUTRACEUTICAL"
    SCHEDULE_H = "SCHEDULE_H"


class ProductStatus(StrEnum):
    """DRAFT: never sold, and seen by those who write the catalogue. PUBLISHED: sold. ARCHIVED: sold once, no more."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    ARCHIVED = "ARCHIVED"


class ProductTag(StrEnum):
    """What a product is meant for."""

    DANDRUFF = "DANDRUFF"
    GENETIC = "GENETIC"
    STRESS = "STRESS"
    NUTRITIONAL = "NUTRITIONAL"
    HORMONAL = "HORMONAL"
    EARLY_STAGE = "EARLY_STAGE"
    ADVANCED_STAGE = "ADVANCED_STAGE"
    SCALP_HEALTH = "SCALP_HEALTH"
    INFLAMMATION = "INFLAMMATION"
    DRY_SCALP = "DRY_SCALP"
    OILY_SCALP = "OILY_SCALP"
    VITAMIN_DEFICIENCY = "VITAMIN_DEFICIENCY"
    SLEEP_ISSUES = "SLEEP_ISSUES"


# 20 lines of 20 pieces stay below 2^31 paise, the largest Int of GraphQL
MAX_PRICE_PAISE = 5_000_000

MAX_WEIGHT_G = 20_000

MAX_MONTHLY_QUANTITY = 4
"""With the 12 months of the longest kit more pieces than one order line holds are never offered of one product."""

MAX_LABEL_MONTHS = 24


class ProductFacts(BaseModel):
    """What is known of a product.

    Args:
        version: 1 when it is made, one more with each change.
        is_draft: whether it was never published; then it is not active either.
        benefits: sentences for customers.
        price_paise: the MRP with all taxes, at most 50,000 rupees.
        is_active: whether it is sold at all.
        is_in_stock: whether it can be sent now.
        ingredients: all of them, carriers too: what an allergy can be against.
        is_for_men: whether its label says that it is for men only.
        actives: those of the ingredients that act, in no order; two products of a kit share none.
        regulatory_class: what the law takes it for.
        pattern_fit: the pictures that it is meant for.
        affinities: how well it suits a cause, 1 to 3; a cause that is missing counts 0.
        stages: the severities of a picture, 1 to 6, that it is made for; may be empty.
        evidence: how well its use is shown.
        hsn: the tariff heading, 4, 6 or 8 digits.
        usage: how to use it.
        cautions: what to look out for; may be empty.
        monthly_quantity: how many pieces last a month.
        most_months: for how many months at a stretch the label lets somebody take it, or take it before a new check;
            None without such a limit.
        weight_g: what one piece weighs as it is sent, with all that it is packed in; at most 20 kg.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    slug: str
    name: str
    category: ProductCategory
    tags: tuple[ProductTag, ...]
    benefits: tuple[str, ...]
    price_paise: Annotated[int, Field(gt=0, le=MAX_PRICE_PAISE)]
    is_active: bool
    is_in_stock: bool
    is_for_men: bool
    ingredients: tuple[Ingredient, ...]
    actives: tuple[Ingredient, ...]
    regulatory_class: RegulatoryClass
    pattern_fit: tuple[Pattern, ...]
    affinities: Mapping[CauseCode, Annotated[int, Field(ge=1, le=3)]]
    stages: tuple[Annotated[int, Field(ge=1, le=6)], ...]
    evidence: EvidenceGrade
    hsn: Annotated[str, StringConstraints(pattern=r"^(\d{4}|\d{6}|\d{8})$")]
    usage: LocalText
    cautions: tuple[LocalText, ...]
    monthly_quantity: Annotated[int, Field(ge=1, le=MAX_MONTHLY_QUANTITY)]
    weight_g: Annotated[int, Field(ge=1, le=MAX_WEIGHT_G)]
    most_months: Annotated[int, Field(ge=1, le=MAX_LABEL_MONTHS)] | None = None
    is_draft: bool = False
    version: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _actives_are_ingredients(self) -> Self:
        if not set(self.actives) <= set(self.ingredients):
            raise ValueError("each active is one of the ingredients")
        return self

    @model_validator(mode="after")
    def _drafts_are_not_sold(self) -> Self:
        if self.is_draft and self.is_active:
            raise ValueError("a draft is not active")
        return self

    @property
    def status(self) -> ProductStatus:
        """Where it stands between being written and being taken off the shelf."""
        if self.is_draft:
            return ProductStatus.DRAFT
        return ProductStatus.PUBLISHED if self.is_active else ProductStatus.ARCHIVED

    @property
    def needs_prescription(self) -> bool:
        """Whether it is sold on a prescription only."""
        return self.regulatory_class is RegulatoryClass.SCHEDULE_H

    @property
    def can_be_sent(self) -> bool:
        """Whether it is sold, and there."""
        return self.is_active and self.is_in_stock

    @property
    def monthly_price_paise(self) -> int:
        """What a month of it costs, with all taxes."""
        return self.price_paise * self.monthly_quantity

    @property
    def most_pieces(self) -> int:
        """The most pieces that one order may hold: what a line holds, or less by the label."""
        return MAX_QUANTITY if self.most_months is None else min(MAX_QUANTITY, self.pieces_for(self.most_months))

    def pieces_for(self, months: int) -> int:
        """Return how many pieces somebody takes in so many months, 1 or more, or in those that the label allows.

        It may be more than a line of an order holds.
        """
        return self.monthly_quantity * (months if self.most_months is None else min(months, self.most_months))
