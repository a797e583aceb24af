"""Asking what an order would cost."""

from __future__ import annotations

from typing import Annotated

import strawberry

from traya_gql.context import Info
from traya_gql.guards import ANYONE, query_field
from traya_gql.schema.prices import PricePreview, PricePreviewInput, PricePreviewPayload, report_access, wanted_lines
from traya_gql.services.buyers import LinesRefused
from traya_gql.services.coupons import CouponRefused
from traya_gql.services.prices import PRICE_INPUT_CODES, NotServiceable, PreviewPrice
from traya_gql.services.reports import ReportNotFound


@strawberry.type
class PriceQueries:
    @query_field(
        guard=ANYONE,
        description=(
            "What `placeOrder` would charge now: list prices (MRP), the discount of a kit for months, the coupon, the "
            "charge for the parcel, the taxes inside, and when it would arrive. Nothing is stored or used up. The same "
            "rules as for the order hold, and say why not in `userErrors`; but for who has the report's link alone its "
            "answers are not looked at, so that the order may still be a SAFETY_BLOCK. To show the price beside a "
            "coupon that is refused, ask twice in one request, by two aliases: with the code and without. Too many: "
            "RATE_LIMITED."
        ),
        input_codes=PRICE_INPUT_CODES,
        refusals=(ReportNotFound, LinesRefused, NotServiceable, CouponRefused),
    )
    async def price_preview(
        self,
        info: Info,
        input_: Annotated[
            PricePreviewInput, strawberry.argument(name="input", description="What would be ordered, and where to.")
        ],
    ) -> PricePreviewPayload | None:
        context = info.context
        command = PreviewPrice(
            report_public_id=input_.report_public_id,
            lines=wanted_lines(input_.lines),
            kit=None if input_.kit is None else input_.kit.choice(),
            coupon_code=input_.coupon_code,
            pin_code=input_.pin_code,
            state=input_.state,
        )
        access = report_access(input_, context)
        price = await context.services.prices.preview(command, asker=context.asker, access=access)
        return PricePreviewPayload(preview=PricePreview.of(price))
