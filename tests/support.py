"""What tests share: a client that asks as a front end would, and inputs to change."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)
from pymongo.read_concern import ReadConcern
from starlette.applications import Starlette

from tests.integrations.sms_standin import SmsStandIn
from traya_gql.app import create_app, now
from traya_gql.documents.collections import DOCUMENTS
from traya_gql.documents.products import ProductDocument
from traya_gql.domain.languages import LocalText
from traya_gql.domain.products import ProductCategory, RegulatoryClass
from traya_gql.domain.questionnaire.model import current_questionnaire
from traya_gql.domain.rates import Rates
from traya_gql.domain.ruleset.codes import EvidenceGrade
from traya_gql.graph.limits import Limits
from traya_gql.settings import Settings

EXAMPLES = Path(__file__).parent.parent / "examples"

# the follower's own: it asks its stream twice a second, and begins anew when the stream is lost
_FOLLOWING = {"revocations", "revocations.watch", "revocations.all_live", "ping"}
# asked when the machine stood still for seconds: tests/services/test_revocations.py holds that it is not asked else
_WHEN_LATE = "revocations.by_keys"


class _WholeCounter(Counter[str]):
    """Counts what is asked when the machine was late, too."""


class CommandCounter(CommandListener):
    """Counts the commands that the application sends, by name.

    A transaction that MongoDB ends for a reason that passes (a full cache, a conflict) is run again, and counts once.
    """

    def __init__(self) -> None:
        self._counters: list[Counter[str]] = []
        self._transactions: dict[int, Any] = {}
        self._counted: list[tuple[Any, Counter[str], str]] = []
        self._ended: set[Any] = set()

    @contextmanager
    def counting(self, *, is_whole: bool = False) -> Iterator[Counter[str]]:
        """Count inside the block; `is_whole`: with the question that is asked only when the machine was late."""
        counter: Counter[str] = _WholeCounter() if is_whole else Counter()
        self._counters.append(counter)
        yield counter
        # by identity: two that counted the same are equal
        self._counters = [one for one in self._counters if one is not counter]
        self._counted = [one for one in self._counted if one[1] is not counter]

    def started(self, event: CommandStartedEvent) -> None:
        named = {event.command_name, event.command.get("collection"), event.command.get("comment")}
        if not named.isdisjoint(_FOLLOWING):
            return
        transaction = _transaction_of(event.command)
        if transaction in self._ended:
            return
        if transaction is not None and self._counters:
            self._transactions[event.request_id] = transaction
        for counter in self._counters:
            if _WHEN_LATE not in named or isinstance(counter, _WholeCounter):
                counter[event.command_name] += 1
                self._counted.append((transaction, counter, event.command_name))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._transactions.pop(event.request_id, None)

    def failed(self, event: CommandFailedEvent) -> None:
        transaction = self._transactions.pop(event.request_id, None)
        if transaction is None or "TransientTransactionError" not in event.failure.get("errorLabels", ()):
            return
        self._ended.add(transaction)
        for _, counter, name in [one for one in self._counted if one[0] == transaction]:
            counter[name] -= 1
            if not counter[name]:
                del counter[name]
        self._counted = [one for one in self._counted if one[0] != transaction]


def _transaction_of(command: Mapping[str, Any]) -> tuple[bytes, int] | None:
    return (bytes(command["lsid"]["id"]), command["txnNumber"]) if "autocommit" in command else None


@dataclass(frozen=True)
class GraphClient:
    """Asks the application as a front end would."""

    http: httpx.AsyncClient
    commands: CommandCounter = field(default_factory=CommandCounter)
    sms: SmsStandIn = field(default_factory=SmsStandIn)

    async def ask(self, query: str, *, bearer: str | None = None, **variables: Any) -> dict[str, Any]:
        """Return the whole response of a request that was understood.

        An order without an expected total asks for its price first, as a front end does.
        """
        typed: Any = variables.get("input")
        if "placeOrder" in query and is_unpriced(typed):
            variables = {**variables, "input": {**typed, **await self.told(typed, bearer=bearer)}}
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        response = await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def data(self, query: str, *, bearer: str | None = None, **variables: Any) -> dict[str, Any]:
        """Return the data of a request that raised no error."""
        answer = await self.ask(query, bearer=bearer, **variables)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def code(self, query: str, *, bearer: str | None = None, **variables: Any) -> str:
        """Return the code of the first top-level error."""
        answer = await self.ask(query, bearer=bearer, **variables)
        code: str = answer["errors"][0]["extensions"]["code"]
        return code

    async def told(self, typed: dict[str, Any], *, bearer: str | None = None) -> dict[str, str]:
        """Return what the order of a price is to expect; of one that is refused, as the order will be, a total of 0."""
        return told_by(await self.ask(PRICE_PREVIEW, bearer=bearer, input=priced(typed)))

    async def request_code(self, phone: str) -> tuple[str, str]:
        """Return the challenge of a code that was requested, and the code that the phone received."""
        asked = await self.data(REQUEST_OTP, input={"phone": phone})
        assert asked["requestOtp"]["userErrors"] == []
        message = await self.sms.next_message()
        return asked["requestOtp"]["challenge"], message.text[:6]

    async def sign_in(self, phone: str = "9876543210", device: str = "Test") -> SignedIn:
        """Sign in as whoever has this phone."""
        challenge, code = await self.request_code(phone)
        given = await self.data(VERIFY_OTP, input={"challenge": challenge, "code": code, "device": device})
        payload = given["verifyOtp"]
        assert payload["userErrors"] == []
        return SignedIn(payload["accessToken"], payload["refreshToken"], payload["customer"]["id"])


PRICE_PREVIEW = """query ($input: PricePreviewInput!) {
  pricePreview(input: $input) { preview { previewKey pricing { total { amount } } } userErrors { code path } }
}"""
_PRICED = ("reportPublicId", "reportAccessToken", "lines", "kit", "couponCode")


def told_by(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return what an order is to expect by an answer to `PRICE_PREVIEW`; of a refused price, a total of 0."""
    preview = ((answer.get("data") or {}).get("pricePreview") or {}).get("preview")
    if not preview:
        return {"expectedTotal": "0"}
    return {"expectedTotal": preview["pricing"]["total"]["amount"], "previewKey": preview["previewKey"]}


def is_unpriced(typed: Any) -> bool:
    """Whether this is the input of an order that names no expected total; None names one: none."""
    return isinstance(typed, dict) and "shippingAddress" in typed and "expectedTotal" not in typed


def priced(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input of the price of an order, from the order's."""
    place = {name: typed["shippingAddress"][name] for name in ("pinCode", "state")}
    return {**{name: typed[name] for name in _PRICED if name in typed}, **place}


REQUEST_OTP = """mutation ($input: RequestOtpInput!) {
  requestOtp(input: $input) { challenge expiresAt resendAt userErrors { code path } }
}"""
VERIFY_OTP = """mutation ($input: VerifyOtpInput!) {
  verifyOtp(input: $input) { accessToken refreshToken customer { id } userErrors { code path } }
}"""


@dataclass(frozen=True)
class SignedIn:
    """The tokens and the customer's id of somebody who signed in."""

    access_token: str
    refresh_token: str
    customer_id: str


def example(name: str) -> str:
    """Return an operation of the folder `examples`."""
    return (EXAMPLES / f"{name}.graphql").read_text(encoding="utf-8")


async def counts(
    database: AsyncDatabase[dict[str, Any]], *, without: Collection[str] = ("products",)
) -> dict[str, int]:
    """Return how many records each collection holds that holds any; the catalogue aside. One command."""
    # as the primary has them: a majority read may not see the last counters yet
    database = database.with_options(read_concern=ReadConcern("local"))
    first, *others = [name for one in DOCUMENTS if (name := one.Settings.name) not in without]
    found = await database[first].aggregate(
        [*_count(first), *({"$unionWith": {"coll": name, "pipeline": _count(name)}} for name in others)]
    )
    return {one["name"]: one["records"] async for one in found}


def _count(name: str) -> list[dict[str, Any]]:
    # of an empty collection nothing is said
    return [{"$count": "records"}, {"$set": {"name": {"$literal": name}}}]


NOTICE = current_questionnaire().notice.version

SAFE: dict[str, Any] = {
    "scalpSigns": "NONE",
    "suddenOnset": False,
    "healthConditions": "NONE",
    "medicalSafety": "NONE",
    "medicines": "NONE",
    "allergies": "NONE",
    "hasOtherAllergy": False,
    "isTryingForABaby": False,
}
"""A man's answers to the questions of safety: nothing stands in the way."""

SAFE_FOR_HER: dict[str, Any] = {
    **{key: value for key, value in SAFE.items() if key != "isTryingForABaby"},
    "lifeStage": "NONE",
    "isBreastfeeding": False,
}
"""The same of a woman."""


def hair_test(**changes: Any) -> dict[str, Any]:
    """Return the input of a hair test with a new key: the eight questions that must be answered, none of safety.

    `changes` replace fields of the customer, or answers by the question's key: one value or several; None leaves the
    answer out.
    """
    typed: dict[str, Any] = {
        "idempotencyKey": str(uuid4()),
        "customer": {"name": "Asha Rao", "phone": "9876543210", "age": 28, "gender": "MALE"},
        "consent": {"isGiven": True, "noticeVersion": NOTICE},
    }
    answers: dict[str, Any] = {
        "pattern": "STAGE_2",
        "familyHistory": "FATHER",
        "dandruff": "MILD",
        "sleep": "DISTURBED",
        "stress": "MODERATE",
        "gas": "OFTEN",
        "energyLevel": "LOW",
        "isTakingSupplements": False,
    }
    for name, value in changes.items():
        if name in typed:
            typed[name] = value
        elif name in {*typed["customer"], "email"}:
            typed["customer"][name] = value
        else:
            answers[name] = value
    return {**typed, "answers": given(answers)}


def given(answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return answers as the graph takes them."""
    return [{"key": key, "values": _values(value)} for key, value in answers.items() if value is not None]


def _values(value: Any) -> list[str]:
    if isinstance(value, bool):
        return ["YES" if value else "NO"]
    return [str(one) for one in (value if isinstance(value, (list, tuple)) else [value])]


def order(report_public_id: str, **changes: Any) -> dict[str, Any]:
    """Return the input of an order with a new key; `changes` replace whole fields."""
    typed: dict[str, Any] = {
        "idempotencyKey": str(uuid4()),
        "reportPublicId": report_public_id,
        "phone": "9876543210",
        "shippingAddress": address(),
        "paymentMethod": "RAZORPAY",
    }
    return {**typed, **changes}


def address(**changes: Any) -> dict[str, Any]:
    """Return an address as typed."""
    typed = {
        "name": "Asha Rao",
        "addressLine": "12 MG Road",
        "city": "Bengaluru",
        "state": "KARNATAKA",
        "pinCode": "560001",
    }
    return {**typed, **changes}


def product_document(slug: str, *, id_: UUID | None = None) -> ProductDocument:
    """Return an inactive product, not yet stored."""
    return ProductDocument(
        id=id_ or uuid4(),
        created_at=now(),
        slug=slug,
        name=slug,
        category=ProductCategory.OIL,
        tags=(),
        benefits=(),
        price_paise=1,
        is_active=False,
        is_in_stock=True,
        is_for_men=False,
        ingredients=(),
        actives=(),
        regulatory_class=RegulatoryClass.COSMETIC,
        pattern_fit=(),
        affinities={},
        stages=(),
        evidence=EvidenceGrade.C,
        hsn="3305",
        usage=LocalText(en="Use it.", hi="इस्तेमाल करें।"),
        cautions=(),
        monthly_quantity=1,
        weight_g=260,
    )


@asynccontextmanager
async def running(
    settings: Settings, *, limits: Limits | None = None, rates: Rates | None = None, sms: SmsStandIn | None = None
) -> AsyncIterator[tuple[Starlette, GraphClient]]:
    """The application, started, with a client. One at a time in a process: Beanie is tied to one database."""
    counter = CommandCounter()
    app = create_app(settings, limits=limits, rates=rates, listeners=(counter,))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test"
        ) as http,
    ):
        yield app, GraphClient(http, counter, sms or SmsStandIn())
