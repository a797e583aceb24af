"""The application: `uvicorn bench.peers.plain.app:app`.

The database is in `PEER_MONGODB_URI`, the key that signs tokens in `PEER_SECRET_KEY`, the folder of photos in
`PEER_PHOTOS`.
"""

import base64
import json
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import strawberry
from beanie import init_beanie
from beanie.operators import In, Or
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern
from starlette.applications import Starlette
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.file_uploads import Upload
from strawberry.permission import BasePermission

from bench.peers.plain import types
from bench.peers.plain.documents import (
    DOCUMENTS,
    HairTestDocument,
    IdempotencyDocument,
    OrderDocument,
    OrderLine,
    ProductDocument,
    ReportDocument,
    ScalpPhotoDocument,
)
from traya_gql.domain.addresses import Address, TypedAddress, check_address
from traya_gql.domain.consents import Consent, ConsentPurpose
from traya_gql.domain.customers import check_person, first_name
from traya_gql.domain.days import day_in_india
from traya_gql.domain.delivery import DeliveryEstimate, delivery_rules
from traya_gql.domain.gst import gst_rates
from traya_gql.domain.languages import Language
from traya_gql.domain.money import paise
from traya_gql.domain.orders import NUMBER_BITS, OrderStatus, order_number
from traya_gql.domain.phones import normalise_phone
from traya_gql.domain.photo_texts import PHOTO_TEXTS
from traya_gql.domain.pricing import BasketLine, Quote, Terms, quote
from traya_gql.domain.questionnaire.checks import GivenAnswer, check_answers, to_answers
from traya_gql.domain.questionnaire.model import current_questionnaire
from traya_gql.domain.refusals import InvalidInput, Problem, Problems, Refusal, RefusalCode
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.gates import findings, suits_everybody, why_not_sold
from traya_gql.domain.ruleset.outcome import outcome_of
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.domain.scalp_photos import ORPHAN_LIFETIME, PhotoState

KEY = os.environ["PEER_SECRET_KEY"]
LIFETIME = timedelta(days=30)
SUPPLY = timedelta(days=30)
RULES = current_ruleset()
NOTICE = current_questionnaire().notice.version
PHOTO_NOTICE = PHOTO_TEXTS.notice.version
PHOTOS = Path(os.environ["PEER_PHOTOS"])
PHOTOS.mkdir(parents=True, exist_ok=True)
client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
    os.environ["PEER_MONGODB_URI"], uuidRepresentation="standard", tz_aware=True
)


class IsSignedIn(BasePermission):
    message = "Sign in first."

    def has_permission(self, source: Any, info: strawberry.Info, **kwargs: Any) -> bool:  # noqa: ARG002
        return info.context["customer_id"] is not None


@strawberry.type
class Viewer:
    @strawberry.field
    async def orders(self, info: strawberry.Info, first: int = 20, after: str | None = None) -> types.OrderConnection:
        query = OrderDocument.find(OrderDocument.customer_id == info.context["customer_id"])
        if after is not None:
            _, _, milliseconds, last_id = json.loads(base64.urlsafe_b64decode(after + "=="))
            time, last = datetime.fromtimestamp(milliseconds / 1000, UTC), UUID(hex=last_id)
            query = query.find(Or({"created_at": {"$lt": time}}, {"created_at": time, "_id": {"$lt": last}}))
        found = await query.sort("-created_at", "-_id").limit(first + 1).to_list()
        edges = [
            types.Edge(cursor=packed("orders", one.created_at, one.id), node=types.Order.of(one))
            for one in found[:first]
        ]
        return types.OrderConnection(
            edges=edges, page_info=page_info(edges, has_next=len(found) > first, is_first=after is None)
        )


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[IsSignedIn])
    def viewer(self) -> Viewer | None:
        return Viewer()

    @strawberry.field
    async def report(
        self, info: strawberry.Info, public_id: str, access_token: str | None = None
    ) -> types.Report | None:
        document = await ReportDocument.find_one(ReportDocument.public_id == public_id)
        return types.Report.of(document, is_reader=may_read(info, document, access_token)) if document else None

    @strawberry.field
    async def products(
        self,
        sort_key: types.ProductSortKey = types.ProductSortKey.NAME,
        first: int = 20,
        after: str | None = None,
    ) -> types.ProductConnection:
        key = sort_key.value
        query = ProductDocument.find(ProductDocument.is_active == True)  # noqa: E712 - Beanie's operator
        if after is not None:
            _, _, value, last_id = json.loads(base64.urlsafe_b64decode(after + "=="))
            last = UUID(hex=last_id)
            if sort_key is types.ProductSortKey.CREATED_AT:
                value = datetime.fromtimestamp(value / 1000, UTC)
            query = query.find(Or({key: {"$gt": value}}, {key: value, "_id": {"$gt": last}}))
        found = await query.sort(f"+{key}", "+_id").limit(first + 1).to_list()
        edges = [types.Edge(cursor=cursor(one, sort_key), node=types.Product.of(one)) for one in found[:first]]
        return types.ProductConnection(
            edges=edges, page_info=page_info(edges, has_next=len(found) > first, is_first=after is None)
        )


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def submit_hair_test(
        self,
        info: strawberry.Info,
        input: types.SubmitHairTestInput,  # noqa: A002
    ) -> types.SubmitHairTestPayload:
        problems = Problems()
        with problems.under("customer"):
            person = check_person(**asdict(input.customer), problems=problems)
        checked = check_answers(
            [GivenAnswer(one.key, tuple(one.values)) for one in input.answers],
            age=person.age if person else None,
            gender=input.customer.gender,
            is_whole=True,
            problems=problems,
        )
        if not input.consent.is_given or input.consent.notice_version != NOTICE:
            problems.add(RefusalCode.CONSENT_REQUIRED, "Show the notice, and ask for consent.", "consent")
        try:
            problems.refuse_if_any()
        except Refusal as refusal:
            return types.SubmitHairTestPayload(user_errors=types.UserError.of(refusal))
        answers = to_answers(checked, age=person.age, gender=person.gender)
        customer_id = info.context["customer_id"]
        hair_test_id, report_id, made_at = uuid4(), uuid4(), now()
        public_id = secrets.token_urlsafe(16)

        async def work(session: AsyncClientSession) -> ReportDocument:
            products = await ProductDocument.find(
                ProductDocument.is_active == True,  # noqa: E712 - Beanie's operator
                session=session,
            ).to_list()
            bought: frozenset[UUID] = frozenset()
            if customer_id is not None:
                orders = await OrderDocument.find(
                    OrderDocument.customer_id == customer_id,
                    OrderDocument.created_at >= made_at - SUPPLY,
                    OrderDocument.status != OrderStatus.CANCELLED,
                    session=session,
                ).to_list()
                bought = frozenset(line.product_id for order in orders for line in order.lines)
            outcome = outcome_of(answers, candidates=products, rules=RULES, bought=bought)
            await HairTestDocument(
                id=hair_test_id,
                created_at=made_at,
                customer_id=customer_id,
                report_id=report_id,
                person=person,
                answers=answers,
                questionnaire_version=current_questionnaire().version,
                consent=Consent(
                    purpose=ConsentPurpose.HEALTH_ASSESSMENT,
                    notice_version=NOTICE,
                    language=Language.EN,
                    given_at=made_at,
                ),
            ).insert(session=session)
            return await ReportDocument(
                id=report_id,
                created_at=made_at,
                customer_id=customer_id,
                public_id=public_id,
                hair_test_id=hair_test_id,
                first_name=first_name(person.name),
                gender=person.gender,
                assessment=outcome.assessment,
                findings=outcome.findings,
                kit=outcome.kit,
                shared_kit=outcome.shared_kit,
            ).insert(session=session)

        key = f"submitHairTest:{customer_id or person.phone}:{input.idempotency_key}"
        report, is_replay = await once(key, report_id, made_at, work, ReportDocument)
        return types.SubmitHairTestPayload(
            report=types.Report.of(report, is_reader=True),
            access_token=token_of(report.id, report.created_at),
            access_token_expires_at=report.created_at + LIFETIME,
            is_replay=is_replay,
        )

    @strawberry.mutation
    async def place_order(
        self,
        info: strawberry.Info,
        input: types.PlaceOrderInput,  # noqa: A002
    ) -> types.PlaceOrderPayload:
        problems = Problems()
        phone = problems.take("phone", lambda: normalise_phone(input.phone))
        with problems.under("shippingAddress"):
            shipping = check_address(TypedAddress(**asdict(input.shipping_address)), problems)
        billing = shipping
        if input.billing_address:
            with problems.under("billingAddress"):
                billing = check_address(TypedAddress(**asdict(input.billing_address)), problems)
        customer_id = info.context["customer_id"]
        order_id, made_at = uuid4(), now()
        number = order_number(secrets.randbits(NUMBER_BITS))

        async def work(session: AsyncClientSession) -> OrderDocument:
            report = await ReportDocument.find_one(ReportDocument.public_id == input.report_public_id, session=session)
            if report is None:
                raise refused(RefusalCode.REPORT_NOT_FOUND, "There is no such report.", "reportPublicId")
            test = await HairTestDocument.get(report.hair_test_id, session=session)
            is_reader = may_read(info, report, input.report_access_token)
            wanted = (
                dict.fromkeys(item.product_id for item in (report.kit.items if is_reader else report.shared_kit))
                if input.lines is None
                else {product_key(line.product_id): line.quantity for line in input.lines}
            )
            products = await ProductDocument.find(In(ProductDocument.id, list(wanted)), session=session).to_list()
            by_id = {product.id: product for product in products}
            ordered = [by_id.get(product_id) for product_id in wanted]
            gates = iter(why_not_sold([one for one in ordered if one], findings(test.answers, RULES), RULES))
            lines = []
            for product, asked in zip(ordered, wanted.values(), strict=True):
                code = RefusalCode.PRODUCT_UNAVAILABLE
                if product is not None:
                    code = why_not(product, next(gates), is_reader=is_reader)
                if code is not None:
                    if input.lines is None:
                        continue
                    raise refused(code, "This product cannot be ordered.", "lines")
                quantity = asked or product.monthly_quantity
                lines.append(BasketLine(product, quantity))
            if not lines:
                raise refused(RefusalCode.REQUIRED, "Nothing of this report's kit can be ordered now.", "lines")
            found, estimate = priced(lines, shipping, input.expected_total, on=day_in_india(made_at))
            return await OrderDocument(
                id=order_id,
                created_at=made_at,
                customer_id=customer_id,
                number=number,
                report_id=report.id,
                phone=phone,
                status=OrderStatus.PENDING,
                lines=[
                    OrderLine(product_name=line.product.name, **price.model_dump())
                    for line, price in zip(lines, found.lines, strict=True)
                ],
                shipping_address=shipping,
                billing_address=billing,
                payment_method=input.payment_method,
                pricing=found.pricing,
                delivery=estimate,
            ).insert(session=session)

        try:
            problems.refuse_if_any()
            key = f"placeOrder:{customer_id or phone}:{input.idempotency_key}"
            order, is_replay = await once(key, order_id, made_at, work, OrderDocument)
        except Refusal as refusal:
            return types.PlaceOrderPayload(user_errors=types.UserError.of(refusal))
        return types.PlaceOrderPayload(
            order=types.Order.of(order),
            access_token=token_of(order.id, order.created_at),
            access_token_expires_at=order.created_at + LIFETIME,
            is_replay=is_replay,
        )

    @strawberry.mutation
    async def upload_scalp_photo(
        self,
        info: strawberry.Info,
        file: Upload,
        input: types.CreateScalpPhotoUploadInput,  # noqa: A002
    ) -> types.UploadScalpPhotoPayload:
        if not input.consent.is_given or input.consent.notice_version != PHOTO_NOTICE:
            refusal = refused(RefusalCode.CONSENT_REQUIRED, "Show the notice, and ask for consent.", "consent")
            return types.UploadScalpPhotoPayload(user_errors=types.UserError.of(refusal))
        content = await file.read()
        photo = ScalpPhotoDocument(
            id=uuid4(),
            created_at=now(),
            customer_id=info.context["customer_id"],
            state=PhotoState.STORED,
            consent=Consent(
                purpose=ConsentPurpose.PHOTO_STORAGE,
                notice_version=PHOTO_NOTICE,
                language=Language.EN,
                given_at=now(),
            ),
        )
        (PHOTOS / photo.id.hex).write_bytes(content)
        await photo.insert()
        return types.UploadScalpPhotoPayload(
            photo=types.ScalpPhoto(id=types.encode(f"ScalpPhoto:{photo.id.hex}"), state=photo.state),
            access_token=token_of(photo.id, photo.created_at, lifetime=ORPHAN_LIFETIME),
            access_token_expires_at=photo.created_at + ORPHAN_LIFETIME,
        )


async def once(
    key: str,
    result_id: UUID,
    made_at: datetime,
    work: Callable[[AsyncClientSession], Awaitable[Any]],
    document: type[ReportDocument | OrderDocument],
) -> tuple[Any, bool]:
    """Do the work in a transaction with its key; for a key that is there already, find what was made."""

    async def unit(session: AsyncClientSession) -> Any:
        await IdempotencyDocument(id=key, result_id=result_id, created_at=made_at).insert(session=session)
        return await work(session)

    try:
        async with client.start_session() as session:
            made = await session.with_transaction(
                unit, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
            )
    except DuplicateKeyError:
        first = await IdempotencyDocument.get(key)
        return await document.get(first.result_id), True
    return made, False


def now() -> datetime:
    return datetime.now(UTC)


def token_of(id_: UUID, made_at: datetime, *, lifetime: timedelta = LIFETIME) -> str:
    return jwt.encode({"sub": id_.hex, "exp": made_at + lifetime}, KEY, algorithm="HS256")


def opens(token: str | None, id_: UUID) -> bool:
    try:
        return token is not None and jwt.decode(token, KEY, algorithms=["HS256"])["sub"] == id_.hex
    except jwt.InvalidTokenError:
        return False


def priced(
    lines: list[BasketLine], shipping: Address, expected_total: Decimal, *, on: date
) -> tuple[Quote, DeliveryEstimate]:
    rules = delivery_rules(on)
    zone = rules.zone_of(pin_code=shipping.pin_code, state=shipping.state)
    if zone is None:
        raise refused(RefusalCode.NOT_SERVICEABLE, "We do not deliver there.", "shippingAddress")
    terms = Terms(
        kit_percent=0,
        coupon=None,
        charge=lambda weight_g, goods: rules.charge(zone, weight_g=weight_g, goods_paise=goods),
        is_intra_state=shipping.state is gst_rates().seller_state,
        on=on,
    )
    found = quote(lines, terms)
    if found.pricing.total_paise != paise(expected_total):
        raise refused(RefusalCode.PRICE_CHANGED, "The price has changed.", "expectedTotal")
    return found, rules.estimate(zone, on=on)


def may_read(info: strawberry.Info, report: ReportDocument, token: str | None) -> bool:
    customer_id = info.context["customer_id"]
    return opens(token, report.id) or (customer_id is not None and customer_id == report.customer_id)


def why_not(product: ProductDocument, gates: tuple[GateCode, ...], *, is_reader: bool) -> RefusalCode | None:
    if not product.can_be_sent:
        return RefusalCode.PRODUCT_UNAVAILABLE
    if not is_reader and not suits_everybody(product, RULES):
        return RefusalCode.REPORT_ACCESS_REQUIRED
    return RefusalCode.SAFETY_BLOCK if gates else None


def customer_of(request: Any) -> UUID | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        return UUID(hex=jwt.decode(token, KEY, algorithms=["HS256"])["sub"])
    except jwt.InvalidTokenError:
        return None


def product_key(id_: str) -> UUID:
    return UUID(hex=base64.urlsafe_b64decode(id_ + "==").decode().removeprefix("Product:"))


def cursor(product: ProductDocument, sort_key: types.ProductSortKey) -> str:
    return packed(f"products:{sort_key.name}", getattr(product, sort_key.value), product.id)


def packed(order: str, value: Any, id_: UUID) -> str:
    if isinstance(value, datetime):
        value = round(value.timestamp() * 1000)
    return types.encode(json.dumps([1, order, value, id_.hex], separators=(",", ":"), ensure_ascii=False))


def page_info(edges: list[Any], *, has_next: bool, is_first: bool) -> types.PageInfo:
    return types.PageInfo(
        has_next_page=has_next,
        has_previous_page=not is_first,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )


def refused(code: RefusalCode, message: str, field: str) -> InvalidInput:
    return InvalidInput(Problem(code, message, ("input", field)))


async def load_products(ids: list[UUID]) -> list[ProductDocument | None]:
    found = {product.id: product for product in await ProductDocument.find(In(ProductDocument.id, ids)).to_list()}
    return [found.get(one) for one in ids]


async def load_hair_tests(ids: list[UUID]) -> list[HairTestDocument | None]:
    found = {test.id: test for test in await HairTestDocument.find(In(HairTestDocument.id, ids)).to_list()}
    return [found.get(one) for one in ids]


class App(GraphQL):
    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {
            "request": request,
            "response": response,
            "customer_id": customer_of(request),
            "product_loader": DataLoader(load_fn=load_products),
            "hair_test_loader": DataLoader(load_fn=load_hair_tests),
        }


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    await init_beanie(database=client.get_default_database(), document_models=DOCUMENTS)
    yield
    await client.close()


app = Starlette(lifespan=lifespan)
app.add_route("/graphql", App(strawberry.Schema(query=Query, mutation=Mutation), multipart_uploads_enabled=True))
