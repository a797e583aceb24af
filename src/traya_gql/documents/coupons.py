"""Coupons in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import ConfigDict
from pymongo import DESCENDING, IndexModel, ReturnDocument

from traya_gql.documents.records import (
    NEWEST_FIRST,
    Position,
    Record,
    StoredDocument,
    find_by_ids,
    find_newest,
    find_one,
)
from traya_gql.documents.transactions import current_session
from traya_gql.domain.coupons import CouponTerms


class CouponRecord(Record):
    """A coupon.

    Args:
        code: what customers type, as `check_code` returns it; it never changes.
        terms: what it says.
        is_enabled: whether staff have not disabled it.
        uses: how many orders used it.
        version: grows when staff change it, and not with its uses.
        created_by: the customer id of the member of staff who made it.
    """

    code: str
    terms: CouponTerms
    is_enabled: bool = True
    uses: int = 0
    version: int = 1
    created_by: UUID


class CouponDocument(CouponRecord, StoredDocument):
    """The coupon as written."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "coupons"
        indexes = (
            IndexModel("code", unique=True, name="code"),
            IndexModel(NEWEST_FIRST, name="newest"),
            IndexModel([("is_enabled", DESCENDING), *NEWEST_FIRST], name="is_enabled"),
        )


async def by_ids(ids: Sequence[UUID]) -> dict[UUID, CouponRecord]:
    """Return the coupons that exist among these ids."""
    return await find_by_ids(CouponDocument, CouponRecord, ids, comment="coupons.by_ids")


async def by_code(code: str) -> CouponRecord | None:
    """Return the coupon with this code. Joins the transaction it runs in."""
    return await find_one(CouponDocument, CouponRecord, {"code": code}, comment="coupons.by_code")


async def page(*, is_enabled: bool | None, after: Position | None, limit: int) -> list[CouponRecord]:
    """Return at most `limit` coupons, enabled or disabled ones if so asked, the newest first."""
    query = {} if is_enabled is None else {"is_enabled": is_enabled}
    return await find_newest(CouponDocument, CouponRecord, query, after=after, limit=limit, comment="coupons.page")


async def redeem(id_: UUID, *, max_uses: int | None) -> bool:
    """Use up one use; return False when there is none left, or the coupon is disabled.

    Joins the transaction it runs in. As it writes, orders with one coupon follow one after the other.
    """
    query: dict[str, Any] = {"_id": id_, "is_enabled": True}
    if max_uses is not None:
        query["uses"] = {"$lt": max_uses}
    redeemed = await CouponDocument.get_pymongo_collection().update_one(
        query, {"$inc": {"uses": 1}}, session=current_session(), comment="coupons.redeem"
    )
    return bool(redeemed.matched_count)


async def change_terms(id_: UUID, *, from_version: int, terms: CouponTerms) -> CouponRecord | None:
    """Replace the terms of a coupon that is still of this version, and return the new one. Joins the transaction.

    None when it is of another version, or takes off something else than before although an order used it.
    """
    raw = terms.model_dump()
    same_value = {f"terms.{name}": raw[name] for name in ("kind", "percent", "amount_paise", "product_id")}
    query = {"_id": id_, "version": from_version, "$or": [{"uses": 0}, same_value]}
    return await _update(query, {"$set": {"terms": raw}, "$inc": {"version": 1}}, comment="coupons.change_terms")


async def switch(id_: UUID, *, is_enabled: bool) -> CouponRecord | None:
    """Enable or disable a coupon, and return the new one; None when there is none, or it is so already.

    Joins the transaction it runs in.
    """
    return await _update(
        {"_id": id_, "is_enabled": not is_enabled},
        {"$set": {"is_enabled": is_enabled}, "$inc": {"version": 1}},
        comment="coupons.switch",
    )


async def _update(query: dict[str, Any], update: dict[str, Any], *, comment: str) -> CouponRecord | None:
    raw = await CouponDocument.get_pymongo_collection().find_one_and_update(
        query, update, return_document=ReturnDocument.AFTER, session=current_session(), comment=comment
    )
    return None if raw is None else CouponRecord.model_validate(raw)
