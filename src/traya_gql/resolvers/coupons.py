"""Coupons, for staff who keep the catalogue."""

from __future__ import annotations

from typing import Annotated

import strawberry

from traya_gql.context import Info
from traya_gql.domain.coupon_checks import CODE_CODES, TERMS_CODES
from traya_gql.domain.paging import DEFAULT_PAGE_SIZE
from traya_gql.guards import CATALOG_MANAGER, mutation_field, query_field
from traya_gql.schema.common import (
    NodeType,
    checked_key,
    latest_first,
    newest_first,
    page_after,
    read_key,
    versions_before,
)
from traya_gql.schema.coupons import (
    Coupon,
    CouponChange,
    CouponChangeConnection,
    CouponConnection,
    CreateCouponInput,
    CreateCouponPayload,
    DisableCouponPayload,
    EnableCouponPayload,
    UpdateCouponInput,
    UpdateCouponPayload,
)
from traya_gql.schema.customers import After, First
from traya_gql.services.coupons import CouponExists, CouponInUse, CouponNotFound
from traya_gql.services.versions import StaleVersion

_COUPONS, _CHANGES = "coupons", "couponChanges"
CouponId = Annotated[strawberry.ID, strawberry.argument(name="id", description="The `id` of the `Coupon`.")]


@strawberry.type
class CouponQueries:
    @query_field(guard=CATALOG_MANAGER, description="The coupon with this code, or null.")
    async def coupon(
        self,
        info: Info,
        code: Annotated[str, strawberry.argument(description="The code; small letters are as good as capital ones.")],
    ) -> Coupon | None:
        record = await info.context.services.coupons.find(code)
        return None if record is None else Coupon.of(record)

    @query_field(guard=CATALOG_MANAGER, description="All coupons, the newest first.")
    async def coupons(
        self,
        info: Info,
        is_enabled: Annotated[
            bool | None, strawberry.argument(description="Only those that are enabled (true) or disabled (false).")
        ] = None,
        first: First = DEFAULT_PAGE_SIZE,
        after: After = None,
    ) -> CouponConnection | None:
        page = page_after(first, after, _COUPONS)
        records = await info.context.services.coupons.page(is_enabled=is_enabled, after=page.after, limit=page.limit)
        return newest_first(CouponConnection, records, page, order=_COUPONS, show=Coupon.of)

    @query_field(
        guard=CATALOG_MANAGER,
        description=(
            "How a coupon was changed, disabled and enabled, the newest change first: each with what it said before. "
            "What it says now is the `coupon`. Nothing is ever removed."
        ),
    )
    async def coupon_changes(
        self,
        info: Info,
        coupon_id: Annotated[strawberry.ID, strawberry.argument(description="The `id` of the `Coupon`.")],
        first: First = DEFAULT_PAGE_SIZE,
        after: After = None,
    ) -> CouponChangeConnection | None:
        key = checked_key(coupon_id, NodeType.COUPON)
        page = versions_before(first, after, _CHANGES)
        records = await info.context.services.coupons.changes(key, before=page.before, limit=page.limit)
        return latest_first(CouponChangeConnection, records, page, order=_CHANGES, show=CouponChange.of)


@strawberry.type
class CouponMutations:
    @mutation_field(
        guard=CATALOG_MANAGER,
        description=(
            "Make a coupon, enabled. The code is its key: making it twice is ALREADY_EXISTS, also when the first one "
            "was disabled."
        ),
        input_codes=CODE_CODES | TERMS_CODES,
        refusals=(CouponExists,),
    )
    async def create_coupon(
        self,
        info: Info,
        input_: Annotated[CreateCouponInput, strawberry.argument(name="input", description="The coupon.")],
    ) -> CreateCouponPayload | None:
        context = info.context
        record = await context.services.coupons.create(
            input_.code, input_.terms.typed(), by=context.signed_in.customer_id
        )
        return CreateCouponPayload(coupon=Coupon.of(record))

    @mutation_field(
        guard=CATALOG_MANAGER,
        description=(
            "Replace the terms of a coupon: they hold from the next order on, and orders of before stay as they are. "
            "The code never changes. Once an order has used it, its value (`percent`, `amount` or `freeProductId`) "
            "stays as well, so that one code means one promise: COUPON_IN_USE. Period, minimum, cap, categories and "
            "limits can always change; with a limit below `uses` nobody can use it any more. What it said before stays "
            "readable: `couponChanges`. Terms that it has already are no change, and leave its `version`."
        ),
        input_codes=TERMS_CODES,
        refusals=(CouponNotFound, StaleVersion, CouponInUse),
    )
    async def update_coupon(
        self,
        info: Info,
        id_: CouponId,
        input_: Annotated[UpdateCouponInput, strawberry.argument(name="input", description="The change.")],
    ) -> UpdateCouponPayload | None:
        context = info.context
        record = await context.services.coupons.update(
            read_key(id_, NodeType.COUPON),
            input_.terms.typed(),
            expected_version=input_.expected_version,
            by=context.signed_in.customer_id,
        )
        return UpdateCouponPayload(coupon=Coupon.of(record))

    @mutation_field(
        guard=CATALOG_MANAGER,
        description=(
            "Disable a coupon: no order can use it from now on, not even one whose price was previewed with it. A "
            "disabled one stays as it is: repeat it when the answer was lost."
        ),
        refusals=(CouponNotFound,),
    )
    async def disable_coupon(self, info: Info, id_: CouponId) -> DisableCouponPayload | None:
        context = info.context
        record = await context.services.coupons.switch(
            read_key(id_, NodeType.COUPON), is_enabled=False, by=context.signed_in.customer_id
        )
        return DisableCouponPayload(coupon=Coupon.of(record))

    @mutation_field(
        guard=CATALOG_MANAGER,
        description=(
            "Enable a coupon that was disabled. An enabled one stays as it is: repeat it when the answer was lost."
        ),
        refusals=(CouponNotFound,),
    )
    async def enable_coupon(self, info: Info, id_: CouponId) -> EnableCouponPayload | None:
        context = info.context
        record = await context.services.coupons.switch(
            read_key(id_, NodeType.COUPON), is_enabled=True, by=context.signed_in.customer_id
        )
        return EnableCouponPayload(coupon=Coupon.of(record))
