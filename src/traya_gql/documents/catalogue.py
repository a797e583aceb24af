"""The catalogue as staff write it, in MongoDB."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pymongo import ReturnDocument

from traya_gql.documents.products import CATALOGUE_INDEX, ProductDocument, ProductRecord
from traya_gql.documents.records import NEWEST_FIRST, Position, find_many, find_one
from traya_gql.documents.transactions import current_session
from traya_gql.domain.products import ProductFacts, ProductStatus

_STATES: Mapping[ProductStatus, dict[str, bool]] = {
    ProductStatus.DRAFT: {"is_draft": True, "is_active": False},
    ProductStatus.PUBLISHED: {"is_draft": False, "is_active": True},
    ProductStatus.ARCHIVED: {"is_draft": False, "is_active": False},
}

_KEPT = {"id", "slug", "created_at", "version", "revision_id", "schema_version"}
"""What a change leaves as it is, or raises by itself."""


class Other(NamedTuple):
    """What another product is called."""

    name: str
    slug: str


async def by_id(id_: UUID) -> ProductRecord | None:
    """Return the product with this id, drafts too. Joins the transaction it runs in."""
    return await find_one(ProductDocument, ProductRecord, {"_id": id_}, comment="catalogue.by_id")


async def page(status: ProductStatus | None, *, after: Position | None, limit: int) -> list[ProductRecord]:
    """Return at most `limit` products (None: of any status), the newest first. One command."""
    states = _STATES.values() if status is None else [_STATES[status]]
    # one range of the index a branch, merged in its order
    branches = [{**state, **bound} for state in states for bound in _bounds(after)]
    return await find_many(
        ProductDocument,
        ProductRecord,
        {"$or": branches} if len(branches) > 1 else branches[0],
        comment="catalogue.page",
        sort=NEWEST_FIRST,
        limit=limit,
        hint=CATALOGUE_INDEX,
    )


def _bounds(after: Position | None) -> Sequence[dict[str, Any]]:
    """Return the conditions of which a product after the position meets one; from the start any does."""
    if after is None:
        return [{}]
    return [
        {"created_at": after.created_at, "_id": {"$lt": after.id}},
        {"created_at": {"$lt": after.created_at}},
    ]


async def taken(*, name: str | None, slugs: Collection[str], by_other_than: UUID) -> list[Other]:
    """Return the other products that have this name, unless it is None, or one of the slugs. Joins the transaction."""
    wanted = [{"slug": slug} for slug in slugs]
    if name is not None:
        wanted.append({"name": name})
    if not wanted:
        return []
    cursor = ProductDocument.get_pymongo_collection().find(
        {"$or": wanted}, {"name": 1, "slug": 1}, session=current_session(), comment="catalogue.taken"
    )
    return [Other(one["name"], one["slug"]) for one in await cursor.to_list() if one["_id"] != by_other_than]


async def change(current: ProductRecord, product: ProductFacts, *, at: datetime, by: UUID) -> ProductRecord | None:
    """Write what a product has become, and return it, of the next version; None when it has moved on meanwhile.

    Joins the transaction it runs in.
    """
    document = ProductDocument.of(product, created_at=current.created_at)
    raw = await ProductDocument.get_pymongo_collection().find_one_and_update(
        {"_id": current.id, "version": current.version},
        {
            "$set": {**document.model_dump(exclude=_KEPT), "changed_at": at, "changed_by": by},
            "$inc": {"version": 1},
        },
        return_document=ReturnDocument.AFTER,
        session=current_session(),
        comment="catalogue.change",
    )
    return None if raw is None else ProductRecord.model_validate(raw)


async def remove_draft(id_: UUID, *, version: int) -> bool:
    """Remove a draft; return False when it is of another version by now, or no draft.

    Joins the transaction it runs in.
    """
    removed = await ProductDocument.get_pymongo_collection().delete_one(
        {"_id": id_, "version": version, "is_draft": True}, session=current_session(), comment="catalogue.remove_draft"
    )
    return bool(removed.deleted_count)
