"""Products as the assessment sees them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class ProductCategory(StrEnum):
    """The shelf, and the slot in a kit: a kit holds at most one product of each."""

    MEDICINE = "MEDICINE"
    OIL = "OIL"
    SHAMPOO = "SHAMPOO"

    @property
    def is_ingestible(self) -> bool:
        """Whether products of this shelf are swallowed: what can harm through an illness that nobody asked about."""
        return self is ProductCategory.MEDICINE


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


class ProductFacts(BaseModel):
    """What is known of a product.

    `price_paise` is the MRP with all taxes, at most 50,000 rupees; `benefits` are sentences for customers.
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
