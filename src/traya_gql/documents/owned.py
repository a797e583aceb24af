"""What customers own: pages of it, what guests left under a phone, and the claiming of that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from traya_gql.documents import scalp_photos
from traya_gql.documents.customers import CustomerDocument
from traya_gql.documents.hair_tests import HairTestDocument, HairTestRecord
from traya_gql.documents.orders import OrderDocument, OrderRecord
from traya_gql.documents.records import (
    NEWEST_FIRST,
    OwnedRecord,
    Position,
    StoredDocument,
    find_many,
    find_newest,
    read_all,
)
from traya_gql.documents.reports import ReportDocument
from traya_gql.documents.transactions import current_session

R = TypeVar("R", bound=OwnedRecord)
Document: TypeAlias = type[StoredDocument]


class PageKey(NamedTuple):
    """Which page of what a customer owns: `limit` records after the position, the newest first."""

    customer_id: UUID
    after: Position | None
    limit: int


async def pages(document: Document, record: type[R], keys: Sequence[PageKey]) -> dict[PageKey, list[R]]:
    """Return the page of each key. One command for all first pages of one length, and one for each other page."""
    found: dict[PageKey, list[R]] = {}
    together: dict[int, list[PageKey]] = {}
    alone: list[PageKey] = []
    for key in keys:
        if key.after is None:
            together.setdefault(key.limit, []).append(key)
        else:
            alone.append(key)
    for limit, group in list(together.items()):
        if len(group) == 1:
            alone += together.pop(limit)

    async def load_one(key: PageKey) -> None:
        found[key] = await _page(document, record, key)

    async def load_group(limit: int, group: list[PageKey]) -> None:
        found.update(await _first_pages(document, record, group, limit))

    await asyncio.gather(*map(load_one, alone), *(load_group(limit, group) for limit, group in together.items()))
    return found


async def _page(document: Document, record: type[R], key: PageKey) -> list[R]:
    return await find_newest(
        document,
        record,
        {"customer_id": key.customer_id},
        after=key.after,
        limit=key.limit,
        comment=f"{document.Settings.name}.page",
    )


async def _first_pages(document: Document, record: type[R], keys: list[PageKey], limit: int) -> dict[PageKey, list[R]]:
    name = document.Settings.name
    cursor = await CustomerDocument.get_pymongo_collection().aggregate(
        [
            {"$match": {"_id": {"$in": [key.customer_id for key in keys]}}},
            {"$project": {"_id": 1}},
            {
                "$lookup": {
                    "from": name,
                    "localField": "_id",
                    "foreignField": "customer_id",
                    "pipeline": [{"$sort": dict(NEWEST_FIRST)}, {"$limit": limit}],
                    "as": "page",
                }
            },
        ],
        comment=f"{name}.first_pages",
        batchSize=len(keys) + 1,
    )
    by_customer = {one["_id"]: read_all(record, one["page"]) for one in await cursor.to_list()}
    return {key: by_customer.get(key.customer_id, []) for key in keys}


# --- what guests left -------------------------------------------------------------------------------------------------


async def guest_hair_tests(phone: str, *, limit: int) -> list[HairTestRecord]:
    """Return at most `limit` unclaimed hair tests typed with this phone, the newest first."""
    return await find_many(
        HairTestDocument,
        HairTestRecord,
        {"person.phone": phone, "customer_id": None},
        comment="hair_tests.of_guest",
        sort=NEWEST_FIRST,
        limit=limit,
    )


async def guest_orders(phone: str, *, limit: int) -> list[OrderRecord]:
    """Return at most `limit` unclaimed orders typed with this phone, the newest first."""
    return await find_many(
        OrderDocument,
        OrderRecord,
        {"phone": phone, "customer_id": None},
        comment="orders.of_guest",
        sort=NEWEST_FIRST,
        limit=limit,
    )


async def claim_hair_tests(ids: Sequence[UUID], *, phone: str, customer_id: UUID) -> set[UUID]:
    """Make the customer the owner of those hair tests, their reports and photos; return the ids that are theirs now.

    Joins the transaction it runs in. Done for unclaimed ones that were typed with this phone only.
    """
    claimed = await _claim(HairTestDocument, ids, {"person.phone": phone}, customer_id)
    if not claimed:
        return claimed
    await ReportDocument.get_pymongo_collection().update_many(
        {"hair_test_id": {"$in": list(claimed)}},
        {"$set": {"customer_id": customer_id}},
        session=current_session(),
        comment="reports.claim",
    )
    await scalp_photos.give_to(customer_id, hair_test_ids=list(claimed))
    return claimed


async def claim_orders(ids: Sequence[UUID], *, phone: str, customer_id: UUID) -> set[UUID]:
    """Make the customer the owner of those orders; return the ids that are theirs now. As `claim_hair_tests`."""
    return await _claim(OrderDocument, ids, {"phone": phone}, customer_id)


async def _claim(document: Document, ids: Sequence[UUID], of_phone: dict[str, Any], customer_id: UUID) -> set[UUID]:
    collection, session = document.get_pymongo_collection(), current_session()
    name = document.Settings.name
    if not ids:
        return set()
    query = {"_id": {"$in": list(ids)}, "customer_id": {"$in": [None, customer_id]}, **of_phone}
    # other indexes fit too, and read all that was typed with the phone
    cursor = collection.find(query, {"_id": 1}, session=session, comment=f"{name}.claimable", hint="_id_")
    found = await cursor.to_list()
    claimed = {one["_id"] for one in found}
    if claimed:
        await collection.update_many(
            {**query, "_id": {"$in": list(claimed)}},
            {"$set": {"customer_id": customer_id}},
            session=session,
            comment=f"{name}.claim",
            hint="_id_",
        )
    return claimed
