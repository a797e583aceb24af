"""Keeping the catalogue."""

from __future__ import annotations

from typing import Annotated

import strawberry

from traya_gql.context import Info
from traya_gql.domain.paging import DEFAULT_PAGE_SIZE
from traya_gql.domain.product_checks import PRODUCT_CODES, PUBLISHING_CODES
from traya_gql.domain.products import ProductStatus
from traya_gql.domain.refusals import RefusalCode
from traya_gql.guards import CATALOG_MANAGER, mutation_field, query_field
from traya_gql.resolvers.products import read_search
from traya_gql.schema.catalogue import (
    ArchiveProductInput,
    ArchiveProductPayload,
    CatalogueConnection,
    CatalogueProduct,
    CreateProductInput,
    CreateProductPayload,
    DeleteProductInput,
    DeleteProductPayload,
    ProductPrice,
    ProductPriceConnection,
    PublishProductInput,
    PublishProductPayload,
    UpdateProductInput,
    UpdateProductPayload,
    written,
)
from traya_gql.schema.common import (
    NodeType,
    checked_key,
    latest_first,
    newest_first,
    node_id,
    page_after,
    read_key,
    versions_before,
)
from traya_gql.schema.customers import After, First
from traya_gql.schema.products import Product
from traya_gql.services.catalogue import ProductNotFound
from traya_gql.services.versions import StaleVersion

_CATALOGUE, _PRICES = "catalogue", "productPrices"
_WRITING_CODES = frozenset({*PRODUCT_CODES, RefusalCode.ALREADY_EXISTS})

ProductId = Annotated[strawberry.ID, strawberry.argument(name="id", description="The `id` of the `Product`.")]


@strawberry.type
class CatalogueQueries:
    @query_field(
        guard=CATALOG_MANAGER,
        description="All products with all that is written of them, drafts and archived ones too, the newest first.",
    )
    async def catalogue(
        self,
        info: Info,
        status: Annotated[ProductStatus | None, strawberry.argument(description="Only those that stand so.")] = None,
        search: Annotated[
            str | None,
            strawberry.argument(
                description=(
                    "Only those with all of these words, at most 100 characters, in name or slug. The beginning of a "
                    "word is enough, and two words may be typed as one. Typing mistakes are not corrected, so that "
                    "what is not there is seen not to be. Nothing typed is no search."
                )
            ),
        ] = None,
        first: First = DEFAULT_PAGE_SIZE,
        after: After = None,
    ) -> CatalogueConnection | None:
        page = page_after(first, after, _CATALOGUE)
        services = info.context.services
        if search is not None and search.strip():
            words = read_search(search)
            records = await services.products.staff_page(words, status, after=page.after, limit=page.limit)
        else:
            records = await services.catalogue.page(status, after=page.after, limit=page.limit)
        language = info.context.language
        return newest_first(
            CatalogueConnection,
            records,
            page,
            order=_CATALOGUE,
            show=lambda record: CatalogueProduct.of(record, language),
        )

    @query_field(
        guard=CATALOG_MANAGER, description="One product with all that is written of it. Null when there is none."
    )
    async def catalogue_product(self, info: Info, id_: ProductId) -> CatalogueProduct | None:
        record = await info.context.loaders.product_by_id.load(checked_key(id_, NodeType.PRODUCT))
        return None if record is None else CatalogueProduct.of(record, info.context.language)

    @query_field(
        guard=CATALOG_MANAGER,
        description="What a product has cost, the newest first: the first of the list is today's price.",
    )
    async def product_prices(
        self,
        info: Info,
        product_id: Annotated[strawberry.ID, strawberry.argument(description="The `id` of the `Product`.")],
        first: First = DEFAULT_PAGE_SIZE,
        after: After = None,
    ) -> ProductPriceConnection | None:
        key = checked_key(product_id, NodeType.PRODUCT)
        page = versions_before(first, after, _PRICES)
        records = await info.context.services.catalogue.prices(key, before=page.before, limit=page.limit)
        return latest_first(ProductPriceConnection, records, page, order=_PRICES, show=ProductPrice.of)


@strawberry.type
class CatalogueMutations:
    @mutation_field(
        guard=CATALOG_MANAGER,
        description=(
            "Write a new product: a DRAFT, which nobody but CATALOG_MANAGERs sees until it is published. Texts that "
            "promise what the law forbids are refused, each with what to say instead."
        ),
        input_codes=_WRITING_CODES,
        refusals=(),
    )
    async def create_product(
        self,
        info: Info,
        input_: Annotated[CreateProductInput, strawberry.argument(name="input", description="The product.")],
    ) -> CreateProductPayload | None:
        context = info.context
        record = await context.services.catalogue.create(
            written(input_), slug=input_.slug, by=context.signed_in.customer_id
        )
        return CreateProductPayload(product=Product.of(record, context.language))

    @mutation_field(
        guard=CATALOG_MANAGER,
        description=(
            "Change a product. A new price holds from the next preview and order on, and is kept in `productPrices`; "
            "orders that were placed keep names and prices as they were. The safety gates go by what is written now: "
            "ingredients, actives and class decide who may order it, whenever it was recommended. What is PUBLISHED "
            "has to stay so that it could be published."
        ),
        input_codes=_WRITING_CODES | PUBLISHING_CODES,
        refusals=(ProductNotFound, StaleVersion),
    )
    async def update_product(
        self,
        info: Info,
        id_: ProductId,
        input_: Annotated[UpdateProductInput, strawberry.argument(name="input", description="The change.")],
    ) -> UpdateProductPayload | None:
        context = info.context
        record = await context.services.catalogue.update(
            read_key(id_, NodeType.PRODUCT),
            written(input_),
            expected_version=input_.expected_version,
            by=context.signed_in.customer_id,
        )
        return UpdateProductPayload(product=Product.of(record, context.language))

    @mutation_field(
        guard=CATALOG_MANAGER,
        description=(
            "Put a draft on sale, or what was archived again. It needs a benefit, its ingredients, a tariff heading "
            "with a known tax rate, lawful words, and cautions if it is a drug or swallowed. What is on sale already "
            "stays as it is, and is answered without an error, whatever the version: repeat it when the answer was "
            "lost. Paths name the fields of `UpdateProductInput`."
        ),
        input_codes=PUBLISHING_CODES,
        refusals=(ProductNotFound, StaleVersion),
    )
    async def publish_product(
        self,
        info: Info,
        id_: ProductId,
        input_: Annotated[PublishProductInput, strawberry.argument(name="input", description="Which version.")],
    ) -> PublishProductPayload | None:
        context = info.context
        record = await context.services.catalogue.publish(
            read_key(id_, NodeType.PRODUCT),
            expected_version=input_.expected_version,
            by=context.signed_in.customer_id,
        )
        return PublishProductPayload(product=Product.of(record, context.language))

    @mutation_field(
        guard=CATALOG_MANAGER,
        description=(
            "Take a product off the shelf: nobody can order it any more. Orders and reports that name it still show "
            "it, and it can be published again. A draft is refused: delete it, or leave it. What is archived already "
            "stays as it is, and is answered without an error, whatever the version: repeat it when the answer was "
            "lost."
        ),
        input_codes=frozenset({RefusalCode.NOT_PUBLISHED}),
        refusals=(ProductNotFound, StaleVersion),
    )
    async def archive_product(
        self,
        info: Info,
        id_: ProductId,
        input_: Annotated[ArchiveProductInput, strawberry.argument(name="input", description="Which version.")],
    ) -> ArchiveProductPayload | None:
        context = info.context
        record = await context.services.catalogue.archive(
            read_key(id_, NodeType.PRODUCT),
            expected_version=input_.expected_version,
            by=context.signed_in.customer_id,
        )
        return ArchiveProductPayload(product=Product.of(record, context.language))

    @mutation_field(
        guard=CATALOG_MANAGER,
        description=(
            "Delete a draft, with its prices: its name and slug are free again. What was ever published stays, as "
            "orders and reports may show it: ALREADY_PUBLISHED, and `archiveProduct` takes it off the shelf."
        ),
        input_codes=frozenset({RefusalCode.ALREADY_PUBLISHED}),
        refusals=(ProductNotFound, StaleVersion),
    )
    async def delete_product(
        self,
        info: Info,
        id_: ProductId,
        input_: Annotated[DeleteProductInput, strawberry.argument(name="input", description="Which version.")],
    ) -> DeleteProductPayload | None:
        removed = await info.context.services.catalogue.delete(
            read_key(id_, NodeType.PRODUCT), expected_version=input_.expected_version
        )
        return DeleteProductPayload(deleted_id=node_id(NodeType.PRODUCT, removed))
