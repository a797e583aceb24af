"""The catalogue as those who keep it see it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

import strawberry

from traya_gql.context import Info
from traya_gql.documents.product_prices import ProductPriceRecord
from traya_gql.documents.products import ProductRecord
from traya_gql.domain.languages import Language, LocalText
from traya_gql.domain.product_checks import MOST_CAUTIONS, Affinity, WrittenProduct, WrittenText
from traya_gql.domain.products import ProductCategory, ProductTag, RegulatoryClass
from traya_gql.domain.ruleset.codes import CauseCode, EvidenceGrade
from traya_gql.domain.ruleset.options import Pattern
from traya_gql.guards import AT_MOST
from traya_gql.schema.common import Connection, Money, NodeType, described_enum, money, node_id
from traya_gql.schema.payloads import Payload
from traya_gql.schema.products import Product

_MOST_CAUSES = len(CauseCode)

described_enum(
    Pattern,
    "The picture that looks most like somebody's hair loss: the options of the question `pattern`. New ones may come.",
    {
        Pattern.STAGE_1: "A little hair gone at the temples.",
        Pattern.STAGE_2: "A receding hairline.",
        Pattern.STAGE_3: "A deeply receding hairline.",
        Pattern.STAGE_4: "Hairline and crown, with a band between.",
        Pattern.STAGE_5: "Hairline and crown, with a thin band between.",
        Pattern.STAGE_6: "Hairline and crown have met.",
        Pattern.HAIR_THINNING: "Thinner hair all over.",
        Pattern.LESS_VOLUME_ON_SIDES: "Less volume on the sides.",
        Pattern.MEDIUM_WIDENING: "A parting that has widened.",
        Pattern.ADVANCED_WIDENING: "A parting that has widened much.",
        Pattern.HEAVY_HAIR_FALL: "Much hair falling at once.",
        Pattern.COIN_SIZE_PATCH: "Round patches without hair.",
    },
    name="HairLossPattern",
)


# --- what is read -----------------------------------------------------------------------------------------------------


@strawberry.type(description="Somebody of the staff, as those who keep the catalogue see each other.")
class Colleague:
    name: str | None = strawberry.field(
        description="Full name; null until they say it (`updateProfile`), and for whom nobody knows any more."
    )


async def colleague_of(id_: UUID, info: Info) -> Colleague:
    """Return who did something: one command for all of a page."""
    record = await info.context.loaders.customer_by_id.load(id_)
    return Colleague(name=None if record is None else record.name)


@strawberry.type(description="A text in both languages.")
class TextInBothLanguages:
    en: str = strawberry.field(description="In English.")
    hi: str = strawberry.field(description="In Hindi.")

    @classmethod
    def of(cls, text: LocalText) -> Self:
        return cls(en=text.en, hi=text.hi)


@strawberry.type(description="How well a product suits a cause.")
class CauseAffinity:
    cause: CauseCode = strawberry.field(description="The cause.")
    strength: int = strawberry.field(description="1 to 3; 3: what it is made for.")


@strawberry.type(
    description="A product with all that its keepers write of it, and that decides whom it is recommended to."
)
class CatalogueProduct:
    changed_by_key: strawberry.Private[UUID | None]

    product: Product = strawberry.field(description="As customers see it.")
    is_for_men: bool = strawberry.field(description="Whether its label says that it is for men only.")
    pattern_fit: list[Pattern] = strawberry.field(description="The pictures it is meant for; may be empty.")
    affinities: list[CauseAffinity] = strawberry.field(
        description="The causes it suits; may be empty.", metadata={AT_MOST: _MOST_CAUSES}
    )
    stages: list[int] = strawberry.field(description="The severities, 1 to 6, it is preferred for; may be empty.")
    usage: TextInBothLanguages = strawberry.field(description="How to use it.")
    cautions: list[TextInBothLanguages] = strawberry.field(
        description="What to look out for; may be empty.", metadata={AT_MOST: MOST_CAUTIONS}
    )
    created_at: datetime = strawberry.field(description="When it was written first.")
    changed_at: datetime | None = strawberry.field(
        description="When staff last wrote, changed, published or archived it. Null for what came with a release."
    )
    changed_by_id: strawberry.ID | None = strawberry.field(
        description="The id of the `Customer` who did that; null as `changedAt`."
    )

    @strawberry.field(description="Who did that; null as `changedAt`.")
    async def changed_by(self, info: Info) -> Colleague | None:
        return None if self.changed_by_key is None else await colleague_of(self.changed_by_key, info)

    @classmethod
    def of(cls, record: ProductRecord, language: Language) -> Self:
        return cls(
            changed_by_key=record.changed_by,
            product=Product.of(record, language),
            is_for_men=record.is_for_men,
            pattern_fit=list(record.pattern_fit),
            affinities=[CauseAffinity(cause=cause, strength=one) for cause, one in record.affinities.items()],
            stages=list(record.stages),
            usage=TextInBothLanguages.of(record.usage),
            cautions=[TextInBothLanguages.of(text) for text in record.cautions],
            created_at=record.created_at,
            changed_at=record.changed_at,
            changed_by_id=None if record.changed_by is None else node_id(NodeType.CUSTOMER, record.changed_by),
        )


@strawberry.type(description="A page of the catalogue.")
class CatalogueConnection(Connection[CatalogueProduct]):
    pass


@strawberry.type(description="A price that a product has, or had.")
class ProductPrice:
    changed_by_key: strawberry.Private[UUID | None]

    price: Money = strawberry.field(description="The MRP, with all taxes, from `changedAt` on.")
    previous_price: Money | None = strawberry.field(description="The one before; null for the first.")
    changed_at: datetime = strawberry.field(description="From when on it is asked for.")
    changed_by_id: strawberry.ID | None = strawberry.field(
        description="The id of the `Customer` who set it. Null for what came with a release."
    )

    @strawberry.field(description="Who set it. Null for what came with a release.")
    async def changed_by(self, info: Info) -> Colleague | None:
        return None if self.changed_by_key is None else await colleague_of(self.changed_by_key, info)

    @classmethod
    def of(cls, record: ProductPriceRecord) -> Self:
        previous = record.previous_price_paise
        return cls(
            changed_by_key=record.changed_by,
            price=money(record.price_paise),
            previous_price=None if previous is None else money(previous),
            changed_at=record.changed_at,
            changed_by_id=None if record.changed_by is None else node_id(NodeType.CUSTOMER, record.changed_by),
        )


@strawberry.type(description="A page of prices.")
class ProductPriceConnection(Connection[ProductPrice]):
    pass


# --- what is written --------------------------------------------------------------------------------------------------


@strawberry.input(
    description="A plain text in both languages, 1 to 500 characters each, without forbidden claims, < and >."
)
class TextInBothLanguagesInput:
    en: str = strawberry.field(description="In English.")
    hi: str = strawberry.field(description="In Hindi.")

    def written(self) -> WrittenText:
        return WrittenText(en=self.en, hi=self.hi)


@strawberry.input(description="How well a product suits a cause.")
class CauseAffinityInput:
    cause: CauseCode = strawberry.field(description="The cause, named once.")
    strength: int = strawberry.field(description="1 to 3; 3: what it is made for.")

    def written(self) -> Affinity:
        return Affinity(cause=self.cause, strength=self.strength)


_NAME = (
    "What the label says: 2 to 120 characters of plain text, without < and >, and no other product's name, in whatever "
    "letters."
)
_TAGS = "What it is meant for."
_BENEFITS = (
    "What it may do, in English: at most 10 sentences of at most 200 characters of plain text, without forbidden "
    "claims, < and >."
)
_PRICE = 'The MRP in rupees, with all taxes, such as "499.00": more than 0, at most 50000.'
_INGREDIENTS = "Codes of all ingredients, at most 20: the options of the question `allergies`."
_ACTIVES = "Codes of those of the ingredients that act: two products of one order share none."
_PATTERN_FIT = "The pictures it is meant for. Without any it is never recommended."
_AFFINITIES = "The causes it suits. Without any it is never recommended."
_STAGES = "The severities of a picture, 1 to 6, it is preferred for."
_HSN = "The tariff heading: 4, 6 or 8 digits. To be sold it needs one with a known tax rate."
_CAUTIONS = "What to look out for, at most 10. Drugs, and what is swallowed, need one to be sold."
_QUANTITY = "How many pieces last a month, 1 to 4."
_MOST_MONTHS = (
    "For how many months at a stretch the label lets somebody take it, or take it before a new check, 1 to 24: no kit "
    "and no order holds more. Null: the label names no such time."
)
_WEIGHT = "What one piece weighs in grams as it is sent, packing included: 1 to 20000."


@strawberry.input(description="A new product.")
class CreateProductInput:
    slug: str | None = strawberry.field(
        default=None,
        description=(
            "The name in web addresses: small letters, digits and single hyphens, at most 100. It never changes. Left "
            "out: it follows from the name."
        ),
    )
    name: str = strawberry.field(description=_NAME)
    category: ProductCategory = strawberry.field(description="The shelf it stands on.")
    tags: list[ProductTag] = strawberry.field(default_factory=list, description=_TAGS)
    benefits: list[str] = strawberry.field(default_factory=list, description=_BENEFITS)
    price: Decimal = strawberry.field(description=_PRICE)
    is_in_stock: bool = strawberry.field(default=True, description="Whether it can be sent.")
    is_for_men: bool = strawberry.field(default=False, description="Whether its label says that it is for men only.")
    ingredients: list[str] = strawberry.field(default_factory=list, description=_INGREDIENTS)
    actives: list[str] = strawberry.field(default_factory=list, description=_ACTIVES)
    regulatory_class: RegulatoryClass = strawberry.field(description="What the law takes it for.")
    pattern_fit: list[Pattern] = strawberry.field(default_factory=list, description=_PATTERN_FIT)
    affinities: list[CauseAffinityInput] = strawberry.field(default_factory=list, description=_AFFINITIES)
    stages: list[int] = strawberry.field(default_factory=list, description=_STAGES)
    evidence: EvidenceGrade = strawberry.field(description="How well its use is shown.")
    hsn: str = strawberry.field(description=_HSN)
    usage: TextInBothLanguagesInput = strawberry.field(description="How to use it.")
    cautions: list[TextInBothLanguagesInput] = strawberry.field(default_factory=list, description=_CAUTIONS)
    monthly_quantity: int = strawberry.field(default=1, description=_QUANTITY)
    most_months: int | None = strawberry.field(default=None, description=_MOST_MONTHS)
    weight_grams: int = strawberry.field(description=_WEIGHT)


@strawberry.input(
    description=(
        "A change of a product: what is left out stays. Null empties a list, lifts the limit of `mostMonths`, and is "
        "refused elsewhere. The slug stays."
    )
)
class UpdateProductInput:
    expected_version: int = strawberry.field(
        description="The `version` that was read. When it has changed since: STALE_VERSION."
    )
    name: str | None = strawberry.field(default=strawberry.UNSET, description=_NAME)
    category: ProductCategory | None = strawberry.field(default=strawberry.UNSET, description="The shelf it stands on.")
    tags: list[ProductTag] | None = strawberry.field(default=strawberry.UNSET, description=_TAGS)
    benefits: list[str] | None = strawberry.field(default=strawberry.UNSET, description=_BENEFITS)
    price: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description=f"{_PRICE} Orders that were placed keep theirs."
    )
    is_in_stock: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether it can be sent. This alone can be said whatever else is wrong."
    )
    is_for_men: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether its label says that it is for men only."
    )
    ingredients: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"{_INGREDIENTS} The safety gates go by them, for kits that were recommended before, too.",
    )
    actives: list[str] | None = strawberry.field(default=strawberry.UNSET, description=_ACTIVES)
    regulatory_class: RegulatoryClass | None = strawberry.field(
        default=strawberry.UNSET,
        description="What the law takes it for. From the change on, it decides whether a prescription is needed.",
    )
    pattern_fit: list[Pattern] | None = strawberry.field(default=strawberry.UNSET, description=_PATTERN_FIT)
    affinities: list[CauseAffinityInput] | None = strawberry.field(default=strawberry.UNSET, description=_AFFINITIES)
    stages: list[int] | None = strawberry.field(default=strawberry.UNSET, description=_STAGES)
    evidence: EvidenceGrade | None = strawberry.field(
        default=strawberry.UNSET, description="How well its use is shown."
    )
    hsn: str | None = strawberry.field(default=strawberry.UNSET, description=_HSN)
    usage: TextInBothLanguagesInput | None = strawberry.field(default=strawberry.UNSET, description="How to use it.")
    cautions: list[TextInBothLanguagesInput] | None = strawberry.field(default=strawberry.UNSET, description=_CAUTIONS)
    monthly_quantity: int | None = strawberry.field(default=strawberry.UNSET, description=_QUANTITY)
    most_months: int | None = strawberry.field(default=strawberry.UNSET, description=_MOST_MONTHS)
    weight_grams: int | None = strawberry.field(default=strawberry.UNSET, description=_WEIGHT)


def written(typed: CreateProductInput | UpdateProductInput) -> WrittenProduct:
    """Return what was typed of a product: what was left out of an update is not set."""
    fields = {name: value for name, value in vars(typed).items() if value is not strawberry.UNSET}
    for other in ("slug", "expected_version"):
        fields.pop(other, None)
    if "weight_grams" in fields:
        fields["weight_g"] = fields.pop("weight_grams")
    return WrittenProduct.model_validate({name: _plain(value) for name, value in fields.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_plain(one) for one in value)
    return value.written() if isinstance(value, TextInBothLanguagesInput | CauseAffinityInput) else value


@strawberry.input(description="What is to be sold.")
class PublishProductInput:
    expected_version: int = strawberry.field(
        description=(
            "The `version` that was read: what is published is what was looked at. When it has changed since, and the "
            "product is not on sale: STALE_VERSION."
        )
    )


@strawberry.input(description="What is not to be sold any more.")
class ArchiveProductInput:
    expected_version: int = strawberry.field(
        description=(
            "The `version` that was read. When it has changed since, and the product is not archived: STALE_VERSION."
        )
    )


@strawberry.input(description="A draft that is not wanted any more.")
class DeleteProductInput:
    expected_version: int = strawberry.field(description="The `version` that was read.")


@strawberry.type(description="What `deleteProduct` answers.")
class DeleteProductPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the product that is gone; null when refused."
    )


@strawberry.type
class ProductPayload(Payload):
    """The answer of a mutation that changes a product."""

    product: Product | None = strawberry.field(
        default=None, description="The product, with its new `version`; null when refused."
    )


@strawberry.type(description="What `createProduct` answers.")
class CreateProductPayload(ProductPayload):
    pass


@strawberry.type(description="What `updateProduct` answers.")
class UpdateProductPayload(ProductPayload):
    pass


@strawberry.type(description="What `publishProduct` answers.")
class PublishProductPayload(ProductPayload):
    pass


@strawberry.type(description="What `archiveProduct` answers.")
class ArchiveProductPayload(ProductPayload):
    pass
