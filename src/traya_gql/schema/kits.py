"""The kit of a report as a client sees it."""

from __future__ import annotations

from typing import Self
from uuid import UUID

import strawberry

from traya_gql.context import Grant, Info, Viewer
from traya_gql.documents.products import ProductRecord
from traya_gql.domain.languages import Language
from traya_gql.domain.report_texts import TEXTS
from traya_gql.domain.ruleset.codes import CauseCode, GateCode
from traya_gql.domain.ruleset.kit import MOST_EXCLUDED, Excluded, KitItem, KitReason
from traya_gql.domain.ruleset.kit import Kit as ComposedKit
from traya_gql.domain.ruleset.offers import KitKind, Offer, offers
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.guards import AT_MOST, REPORT_READERS, private_field
from traya_gql.schema.assessments import ReportView
from traya_gql.schema.common import Money, money
from traya_gql.schema.products import Product, product_of

_RULES = current_ruleset().kit
_MOST_OFFERS = len(KitKind) * len(_RULES.durations)


@strawberry.type(name="KitItem", description="One recommended product.")
class ShownKitItem:
    item: strawberry.Private[KitItem]
    found: strawberry.Private[ProductRecord | None]
    language: strawberry.Private[Language]

    can_be_ordered: bool = strawberry.field(
        description=(
            "Whether it could be ordered now by the answers of this report and the rules of today: it is sold, in "
            "stock, needs no prescription, and nothing holds it back. A later hair test may still forbid it."
        )
    )

    @strawberry.field(
        description="The listed causes it was chosen for, what weighs most first. Empty: it was chosen for the picture."
    )
    def causes(self) -> list[CauseCode]:
        return [reason.cause for reason in self.item.reasons]

    @strawberry.field(description="Why it was chosen, for the person.")
    def reason(self) -> str:
        return _reason(self.item.reasons, self.language)

    @strawberry.field(
        description="The product with today's price. Null when it left the catalogue; look at `isActive` too."
    )
    def product(self, info: Info) -> Product | None:
        return product_of(self.item.product_id, info, self.language)

    @strawberry.field(description="How to use it. Null when it left the catalogue.")
    def usage(self) -> str | None:
        return None if self.found is None else self.found.usage.in_(self.language)

    @strawberry.field(description="What to look out for.")
    def cautions(self) -> list[str]:
        return [] if self.found is None else [caution.in_(self.language) for caution in self.found.cautions]

    @strawberry.field(description="How many pieces last a month. Null when it left the catalogue.")
    def monthly_quantity(self) -> int | None:
        return None if self.found is None else self.found.monthly_quantity

    @strawberry.field(
        description="Whether it is sold on a prescription only: listed, counted into no price, and not sold yet."
    )
    def needs_prescription(self) -> bool:
        return self.found is not None and self.found.needs_prescription


def _reason(reasons: tuple[KitReason, ...], language: Language) -> str:
    if not reasons:
        return TEXTS.shared_kit_note.in_(language)
    return TEXTS.kit_reasons[reasons[0].cause].in_(language)


@strawberry.type(description="A product that would be in the kit if nothing held it back.")
class ExcludedProduct:
    excluded: strawberry.Private[Excluded]
    language: strawberry.Private[Language]

    finding: GateCode = strawberry.field(description="What holds it back.")

    @classmethod
    def of(cls, excluded: Excluded, language: Language) -> Self:
        return cls(excluded=excluded, language=language, finding=excluded.gate)

    @strawberry.field(description="Why, for the person.")
    def message(self) -> str:
        return TEXTS.findings[self.excluded.gate].in_(self.language)

    @strawberry.field(description="The product. Null when it left the catalogue.")
    def product(self, info: Info) -> Product | None:
        return product_of(self.excluded.product_id, info, self.language)


@strawberry.type(description="One product of an offer.")
class KitOfferLine:
    product_id: strawberry.Private[UUID]
    language: strawberry.Private[Language]

    quantity: int = strawberry.field(description="How many.")

    @strawberry.field(description="The product.")
    def product(self, info: Info) -> Product | None:
        return product_of(self.product_id, info, self.language)


@strawberry.type(
    description=(
        "A kit for some months, at today's prices. `pricePreview` and `placeOrder` take it as `kit`: kind and months. "
        "`price` is `subtotal` less `discount`."
    )
)
class KitOffer:
    kind: KitKind = strawberry.field(description="Which kit.")
    months: int = strawberry.field(description="For how many months.")
    lines: list[KitOfferLine] = strawberry.field(
        description=(
            "What it holds, each product once: pieces for all the months, or for `mostMonths` of the product where its "
            "label allows fewer."
        ),
        metadata={AT_MOST: _RULES.most},
    )
    subtotal: Money = strawberry.field(description="The sum of the lines before the discount, with all taxes.")
    discount_percent: int = strawberry.field(description="How many percent are taken off for ordering so many months.")
    discount: Money = strawberry.field(description="What is taken off for ordering so many months; may be zero.")
    price: Money = strawberry.field(
        description="What the lines cost together after the discount, with all taxes, before the parcel."
    )

    @classmethod
    def of(cls, offer: Offer, language: Language) -> Self:
        return cls(
            kind=offer.kind,
            months=offer.months,
            lines=[KitOfferLine(product_id=id_, language=language, quantity=quantity) for id_, quantity in offer.lines],
            subtotal=money(offer.subtotal_paise),
            discount_percent=offer.discount_percent,
            discount=money(offer.discount_paise),
            price=money(offer.price_paise),
        )


@strawberry.type(
    name="Kit",
    description=(
        "What is recommended: at most one oil, one shampoo, one serum and two products to swallow. Who may not read "
        "the report's private parts sees a kit of products that suit everybody, which tells nothing about the person."
    ),
)
class ShownKit:
    viewer: strawberry.Private[Viewer]
    opened_by: strawberry.Private[Grant | None]
    owner_id: strawberry.Private[UUID | None]
    language: strawberry.Private[Language]
    composed: strawberry.Private[ComposedKit]
    expected_months: strawberry.Private[int | None]
    found: strawberry.Private[dict[UUID, ProductRecord]]
    held_back: strawberry.Private[frozenset[UUID]]

    is_whole: bool = strawberry.field(
        description="Whether this is the person's own kit, and not the one that everybody with the link sees."
    )

    @classmethod
    def of(
        cls,
        composed: ComposedKit,
        report: ReportView,
        *,
        is_whole: bool,
        expected_months: int | None,
        found: dict[UUID, ProductRecord],
        held_back: frozenset[UUID],
    ) -> Self:
        return cls(
            viewer=report.viewer,
            opened_by=report.opened_by,
            owner_id=report.owner_id,
            language=report.language,
            composed=composed,
            expected_months=expected_months,
            found=found,
            held_back=held_back,
            is_whole=is_whole,
        )

    @strawberry.field(description="The products, 0 to 5.", metadata={AT_MOST: _RULES.most})
    def items(self) -> list[ShownKitItem]:
        sold = {product.id for product in self._sold(KitKind.COMPLETE)}
        return [
            ShownKitItem(
                item=item,
                found=self.found.get(item.product_id),
                language=self.language,
                can_be_ordered=item.product_id in sold,
            )
            for item in self.composed.items
        ]

    @strawberry.field(
        description=(
            "One month of all that can be ordered now, at today's prices, with all taxes: what the lines of an order "
            "without `lines` and `kit` cost, unless the answers are more than a year old or a later hair test of the "
            "person forbids some of it. `pricePreview` adds what the parcel costs."
        )
    )
    def price(self) -> Money:
        return money(sum(one.monthly_price_paise for one in self._sold(KitKind.COMPLETE)))

    @strawberry.field(
        description=(
            "What can be ordered: each kit for 1, 3 and the expected months; more months are missing where they would "
            "bring no more, or cost less, than fewer, or need more than 20 pieces of a product. BASIC is missing where "
            "the report is read by its link alone, where nothing of it can be ordered, and for the months for which it "
            "holds just what COMPLETE does. Empty when nothing of the kit can be ordered, and without expected months."
        ),
        metadata={AT_MOST: _MOST_OFFERS},
    )
    def offers(self) -> list[KitOffer]:
        kits = {kind: self._sold(kind) for kind in KitKind}
        found = offers(kits, expected_months=self.expected_months, rules=_RULES)
        return [KitOffer.of(one, self.language) for one in found]

    @private_field(
        readers=REPORT_READERS,
        description="What was left out for safety's sake, and why; at most 12.",
        at_most=MOST_EXCLUDED,
    )
    def excluded(self) -> list[ExcludedProduct] | None:
        return [ExcludedProduct.of(one, self.language) for one in self.composed.excluded]

    def _sold(self, kind: KitKind) -> list[ProductRecord]:
        """Return what of a kit can be ordered now; worth nothing unless the client asks for what is of today."""
        ids = [item.product_id for item in self.composed.items] if kind is KitKind.COMPLETE else self.composed.basic
        known = (self.found[id_] for id_ in ids if id_ in self.found)
        return [one for one in known if one.can_be_sent and not one.needs_prescription and one.id not in self.held_back]
