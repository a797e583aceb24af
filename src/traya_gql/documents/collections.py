"""All collections of the product: made before the first write, as no transaction may have to make them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from beanie import Document, init_beanie
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import CollectionInvalid

from traya_gql.documents.assignments import AssignmentDocument
from traya_gql.documents.catalogue_state import CatalogueStateDocument
from traya_gql.documents.coupon_changes import CouponChangeDocument
from traya_gql.documents.coupons import CouponDocument
from traya_gql.documents.customers import CustomerDocument
from traya_gql.documents.hair_test_drafts import HairTestDraftDocument
from traya_gql.documents.hair_tests import HairTestDocument
from traya_gql.documents.idempotency import IdempotencyDocument
from traya_gql.documents.jobs import JobDocument
from traya_gql.documents.one_time_codes import OneTimeCodeDocument
from traya_gql.documents.orders import OrderDocument
from traya_gql.documents.product_prices import ProductPriceDocument
from traya_gql.documents.product_words import ProductWordDocument
from traya_gql.documents.products import ProductDocument
from traya_gql.documents.rate_limits import RateLimitDocument
from traya_gql.documents.reports import ReportDocument
from traya_gql.documents.revocations import RevocationDocument
from traya_gql.documents.scalp_photos import ScalpPhotoDocument
from traya_gql.documents.sessions import SessionDocument

DOCUMENTS: tuple[type[Document], ...] = (
    AssignmentDocument,
    CatalogueStateDocument,
    CouponChangeDocument,
    CouponDocument,
    CustomerDocument,
    HairTestDraftDocument,
    HairTestDocument,
    IdempotencyDocument,
    JobDocument,
    OneTimeCodeDocument,
    OrderDocument,
    ProductDocument,
    ProductWordDocument,
    ProductPriceDocument,
    RateLimitDocument,
    ReportDocument,
    RevocationDocument,
    ScalpPhotoDocument,
    SessionDocument,
)


async def prepare(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Tie the documents to the database of this process, and make what is missing of collections and indexes."""
    existing = set(await database.list_collection_names())
    for document in DOCUMENTS:
        if (name := document.Settings.name) not in existing:
            with suppress(CollectionInvalid):  # another process of a fresh installation was faster
                await database.create_collection(name)
    await init_beanie(database=database, document_models=list(DOCUMENTS))


async def missing_indexes(database: AsyncDatabase[dict[str, Any]]) -> list[str]:
    """Return `collection.index` for each index that the documents declare and the database lacks."""
    missing = []
    for document in DOCUMENTS:
        settings = document.Settings
        present = await database[settings.name].index_information()
        names = [index.document["name"] for index in settings.indexes]
        missing += [f"{settings.name}.{name}" for name in names if name not in present]
    return missing
