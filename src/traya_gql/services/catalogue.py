"""The catalogue as staff keep it: drafts, changes, what is sold and what is not any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pymongo.errors import DuplicateKeyError

from traya_gql.documents import catalogue, catalogue_state, product_prices, product_words
from traya_gql.documents.product_prices import ProductPriceDocument, ProductPriceRecord
from traya_gql.documents.products import ProductDocument, ProductRecord
from traya_gql.documents.records import Position
from traya_gql.documents.transactions import Transactions
from traya_gql.domain.days import day_in_india
from traya_gql.domain.product_checks import (
    WrittenProduct,
    check_publishable,
    check_slug,
    check_whole,
    check_written,
    is_same_name,
    slug_of,
)
from traya_gql.domain.products import ProductFacts, ProductStatus
from traya_gql.domain.refusals import InvalidInput, Problem, Problems, Refusal, RefusalCode
from traya_gql.domain.shelves import words_of_product
from traya_gql.services.versions import StaleVersion

_STOCK = {"is_in_stock"}


class ProductNotFound(Refusal):
    """There is no such product."""

    codes = frozenset({RefusalCode.PRODUCT_NOT_FOUND})

    def __init__(self) -> None:
        super().__init__(Problem(RefusalCode.PRODUCT_NOT_FOUND, "There is no such product.", ("id",)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The use cases of who keeps the catalogue. `by` is the customer id of who does it.

    An id is None where the client sent no id of a product.
    """

    transactions: Transactions
    now: Callable[[], datetime]

    async def page(self, status: ProductStatus | None, *, after: Position | None, limit: int) -> list[ProductRecord]:
        """Return at most `limit` products, of this status if one is named, the newest first."""
        return await catalogue.page(status, after=after, limit=limit)

    async def prices(self, product_id: UUID, *, before: int | None, limit: int) -> list[ProductPriceRecord]:
        """Return at most `limit` prices that a product had, set before version `before`, the newest first."""
        return await product_prices.page(product_id, before=before, limit=limit)

    async def create(self, written: WrittenProduct, *, slug: str | None, by: UUID) -> ProductRecord:
        """Add a draft, with its first price. All that a product has must be written.

        Slug None: it follows from the name.

        Raises:
            InvalidInput: the input breaks rules, or another product has the name or the slug.
        """
        at, id_ = self.now(), uuid4()

        async def attempt() -> ProductRecord:
            problems = Problems()
            facts = check_written(written, problems)
            _check_whole(facts, problems)
            name, its_slug = facts["name"], None
            if name is not None or slug is not None:
                its_slug = check_slug(slug, name=name or "", problems=problems)
            await _refuse_taken(name, its_slug, problems, is_slug_typed=slug is not None, by_other_than=id_)
            problems.refuse_if_any()
            product = ProductFacts.model_validate(
                {**facts, "id": id_, "slug": its_slug, "is_active": False, "is_draft": True}
            )
            price = _price(product, version=product.version, before=None, by=by, at=at)
            revision = uuid4()

            async def work() -> ProductRecord:
                made = ProductDocument.of(product, created_at=at)
                document = await made.model_copy(update={"changed_at": at, "changed_by": by}).insert()
                await price.insert()
                await catalogue_state.bump(revision=revision)
                return ProductRecord.model_validate(document.model_dump())

            return await self.transactions.run(work)

        return await _again_if_taken(attempt)

    async def update(
        self, id_: UUID | None, written: WrittenProduct, *, expected_version: int, by: UUID
    ) -> ProductRecord:
        """Change what is written of a product, and note a price that changes. Nothing that was ordered changes.

        What is sold stays fit to be sold. Only whether it is in stock can always be said, whatever is wrong with it.

        Raises:
            ProductNotFound: there is no such product.
            StaleVersion: it is not of the expected version.
            InvalidInput: the input breaks rules, another product has the name, or it could not be sold any more.
        """
        at = self.now()

        async def attempt() -> ProductRecord:
            current = await _current(id_, expected_version)
            problems = Problems()
            checked = check_written(written, problems)
            before = current.model_dump()
            _check_whole({**before, **checked}, problems)
            if checked.get("name") not in (None, current.name):
                await _refuse_taken(checked["name"], None, problems, is_slug_typed=False, by_other_than=current.id)
            problems.refuse_if_any()
            product = ProductFacts.model_validate({**before, **checked})
            changed = {name for name, value in product.model_dump().items() if value != before[name]}
            if product.status is ProductStatus.PUBLISHED and changed - _STOCK:
                check_publishable(product, on=day_in_india(at), problems=problems)
                problems.refuse_if_any()
            price = None
            if "price_paise" in changed:
                price = _price(product, version=current.version + 1, before=current.price_paise, by=by, at=at)
            return await self._change(current, product, price=price, by=by, at=at) if changed else current

        return await _again_if_taken(attempt)

    async def publish(self, id_: UUID | None, *, expected_version: int, by: UUID) -> ProductRecord:
        """Put a draft on sale, or what was archived again.

        What is on sale already stays as it is, whatever the version: whoever lost the answer asks again.

        Raises:
            ProductNotFound: there is no such product.
            StaleVersion: it is not of the expected version, and not on sale.
            InvalidInput: something is missing, unlawful, or without a tax rate.
        """
        current = await _current(id_, expected_version, unless=ProductStatus.PUBLISHED)
        if current.status is ProductStatus.PUBLISHED:
            return current
        at, problems = self.now(), Problems()
        check_publishable(current, on=day_in_india(at), problems=problems)
        problems.refuse_if_any()
        return await self._bring_to(ProductStatus.PUBLISHED, current, by=by, at=at)

    async def archive(self, id_: UUID | None, *, expected_version: int, by: UUID) -> ProductRecord:
        """Take a product off the shelf. It stays readable.

        What was archived already stays as it is, whatever the version: whoever lost the answer asks again.

        Raises:
            ProductNotFound: there is no such product.
            StaleVersion: it is not of the expected version, and not archived.
            InvalidInput: NOT_PUBLISHED for a draft.
        """
        current = await _current(id_, expected_version, unless=ProductStatus.ARCHIVED)
        if current.status is ProductStatus.DRAFT:
            message = "This is a draft: it was never sold, so there is nothing to archive. Delete it, or leave it."
            raise InvalidInput(Problem(RefusalCode.NOT_PUBLISHED, message, ("id",)))
        if current.status is ProductStatus.ARCHIVED:
            return current
        return await self._bring_to(ProductStatus.ARCHIVED, current, by=by, at=self.now())

    async def delete(self, id_: UUID | None, *, expected_version: int) -> UUID:
        """Remove a draft with its prices, and return its id: its name and slug are free again.

        Raises:
            ProductNotFound: there is no such product.
            StaleVersion: it is not of the expected version.
            InvalidInput: ALREADY_PUBLISHED for what was ever sold.
        """
        current = await _current(id_, expected_version)
        if current.status is not ProductStatus.DRAFT:
            message = "This was sold, so orders and reports may show it: it cannot be deleted. Archive it instead."
            raise InvalidInput(Problem(RefusalCode.ALREADY_PUBLISHED, message, ("id",)))
        revision = uuid4()

        async def work() -> None:
            if not await catalogue.remove_draft(current.id, version=current.version):
                raise StaleVersion
            await product_prices.remove_all(current.id)
            await catalogue_state.bump(revision=revision)

        await self.transactions.run(work)
        return current.id

    async def _bring_to(
        self, status: ProductStatus, current: ProductRecord, *, by: UUID, at: datetime
    ) -> ProductRecord:
        """Publish or archive, unless somebody was faster and did so.

        Raises:
            StaleVersion: somebody was faster, and did something else.
        """
        changes = {"is_draft": False, "is_active": status is ProductStatus.PUBLISHED}
        product = ProductFacts.model_validate({**current.model_dump(), **changes})
        try:
            return await self._change(current, product, by=by, at=at)
        except StaleVersion:
            found = await catalogue.by_id(current.id)
            if found is None or found.status is not status:
                raise
            return found

    async def _change(
        self,
        current: ProductRecord,
        product: ProductFacts,
        *,
        by: UUID,
        at: datetime,
        price: ProductPriceDocument | None = None,
    ) -> ProductRecord:
        """Write what a product has become: all that was read of it still holds, or nothing is written.

        Raises:
            StaleVersion: somebody was faster.
        """
        if product.status is not ProductStatus.DRAFT:
            await product_words.remember(words_of_product(product))
        revision = uuid4()

        async def work() -> ProductRecord:
            changed = await catalogue.change(current, product, at=at, by=by)
            if changed is None:
                raise StaleVersion
            if price is not None:
                await price.insert()
            await catalogue_state.bump(revision=revision)
            return changed

        return await self.transactions.run(work)


async def _again_if_taken(attempt: Callable[[], Awaitable[ProductRecord]]) -> ProductRecord:
    try:
        return await attempt()
    except DuplicateKeyError:
        # somebody took the name or the slug just now: the second time it is seen, and said
        return await attempt()


async def _current(id_: UUID | None, expected_version: int, *, unless: ProductStatus | None = None) -> ProductRecord:
    """Return the product of the expected version, or of any where it has come to `unless` already."""
    current = None if id_ is None else await catalogue.by_id(id_)
    if current is None:
        raise ProductNotFound
    if current.version != expected_version and current.status is not unless:
        raise StaleVersion
    return current


def _check_whole(facts: Mapping[str, Any], problems: Problems) -> None:
    # of what is wrong in itself nothing more is said
    if facts["actives"] is not None and facts["ingredients"] is not None:
        check_whole(facts, problems)


async def _refuse_taken(
    name: str | None, slug: str | None, problems: Problems, *, is_slug_typed: bool, by_other_than: UUID
) -> None:
    """Note which product has the name, in whatever letters, or the slug.

    A name in other letters leads to the same slug: by that its product is found, as long as it has the slug of its
    name. Where the slug follows from the name, the name alone is to blame.
    """
    slugs = {one for one in (slug, name and slug_of(name)) if one}
    others = await catalogue.taken(name=name, slugs=slugs, by_other_than=by_other_than)
    namesake = next((one for one in others if name is not None and is_same_name(one.name, name)), None)
    if namesake is not None:
        message = f'There is a product with this name already: "{namesake.name}" ({namesake.slug}). Choose another one.'
        problems.add(RefusalCode.ALREADY_EXISTS, message, "name")
    owner = next((one for one in others if one.slug == slug), None)
    if owner is not None and (is_slug_typed or namesake is None):
        message = f'The slug {owner.slug} belongs to "{owner.name}". Type another one.'
        problems.add(RefusalCode.ALREADY_EXISTS, message, "slug")


def _price(product: ProductFacts, *, version: int, before: int | None, by: UUID, at: datetime) -> ProductPriceDocument:
    return ProductPriceDocument(
        id=uuid4(),
        product_id=product.id,
        version=version,
        price_paise=product.price_paise,
        previous_price_paise=before,
        changed_at=at,
        changed_by=by,
    )
