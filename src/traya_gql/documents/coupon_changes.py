"""How coupons were changed, in MongoDB."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from traya_gql.documents.records import StoredDocument, find_versions
from traya_gql.domain.coupons import CouponTerms


class CouponChangeRecord(BaseModel):
    """A change of a coupon.

    Args:
        version: the coupon's version that it made.
        changed_by: the customer id of the member of staff who did it.
        terms: what the coupon said before.
        is_enabled: whether it was enabled before.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: UUID = Field(alias="_id")
    coupon_id: UUID
    version: int
    changed_at: datetime
    changed_by: UUID
    terms: CouponTerms
    is_enabled: bool


class CouponChangeDocument(CouponChangeRecord, StoredDocument):
    """The change as it is written: once, and never changed."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "coupon_changes"
        indexes = (IndexModel([("coupon_id", ASCENDING), ("version", DESCENDING)], name="coupon_version", unique=True),)


async def page(coupon_id: UUID, *, before: int | None, limit: int) -> list[CouponChangeRecord]:
    """Return at most `limit` changes of a coupon, to versions below `before`, the newest first. One command."""
    return await find_versions(
        CouponChangeDocument,
        CouponChangeRecord,
        {"coupon_id": coupon_id},
        before=before,
        limit=limit,
        comment="coupon_changes.page",
    )
