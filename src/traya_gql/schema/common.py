"""What all rooms of the schema share: ids, money, times, lists."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import orjson
import strawberry
from graphql import GraphQLError

from traya_gql.documents.records import Position
from traya_gql.domain.languages import Language
from traya_gql.domain.money import rupees
from traya_gql.domain.paging import MAX_PAGE_SIZE
from traya_gql.domain.ruleset.codes import CauseCode, EvidenceGrade
from traya_gql.domain.ruleset.offers import KitKind

NodeT = TypeVar("NodeT")
_LONGEST_ID = 200
_LONGEST_CURSOR = 1000
_CURSOR_VERSION = 1
_MAX_VERSION = 2**31 - 1


class BadUserInput(GraphQLError):
    """An argument that no correct client would send: a top-level error with the code BAD_USER_INPUT."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": "BAD_USER_INPUT"})


def described_enum(enum: type[Enum], description: str, values: dict[Any, str], name: str | None = None) -> None:
    """Make an enum of the domain an enum of the graph, with a description for each value."""
    strawberry.enum(enum, description=description, name=name)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values[enum[value.name]]


# here, as several rooms name them and each must be described before it is named
described_enum(
    CauseCode,
    "What may lie behind the hair loss. New codes may be added.",
    {
        CauseCode.GENETIC: "Pattern hair loss that runs in families.",
        CauseCode.HORMONAL: "Hormones.",
        CauseCode.TRIGGER_EVENT: "Something that happened in the last year.",
        CauseCode.NUTRITIONAL: "Something may be missing in the diet.",
        CauseCode.STRESS: "Lasting stress.",
        CauseCode.SCALP_HEALTH: "Dandruff or inflammation of the scalp.",
        CauseCode.SLEEP: "Bad sleep.",
        CauseCode.DIGESTION: "Digestion: a traditional link.",
    },
)
described_enum(
    EvidenceGrade,
    "How well something is shown.",
    {
        EvidenceGrade.A: "Well shown, by large or repeated studies.",
        EvidenceGrade.B: "Shown by studies with limits.",
        EvidenceGrade.C: "Seen together in studies; cause unknown.",
        EvidenceGrade.TRADITIONAL: "A traditional belief without controlled studies.",
    },
)
described_enum(
    KitKind,
    "Which kit is offered.",
    {
        KitKind.COMPLETE: "All that is recommended and can be ordered.",
        KitKind.BASIC: "The cheapest safe care for the scalp.",
    },
)
described_enum(Language, "A language of the texts.", {Language.EN: "English.", Language.HI: "Hindi."})

LanguageArgument = Annotated[
    Language | None,
    strawberry.argument(
        description="The language of all texts below. Left out: what the header Accept-Language prefers, else English."
    ),
]

# --- ids ----------------------------------------------------------------------------------------------------------


@strawberry.interface(
    description="An object that can be fetched again by its id, through `node` or `nodes`, by whoever may see it."
)
class Node:
    id: strawberry.ID = strawberry.field(
        description="Opaque and globally unique. Store it whole; do not read meaning into it."
    )


class NodeType(StrEnum):
    """The types that ids name. `node` answers all but `SESSION` and `ADDRESS`, which mutations name."""

    ADDRESS = "SavedAddress"
    COUPON = "Coupon"
    CUSTOMER = "Customer"
    HAIR_TEST = "HairTest"
    ORDER = "Order"
    PRODUCT = "Product"
    REPORT = "Report"
    SCALP_PHOTO = "ScalpPhoto"
    SESSION = "Session"


class NodeKey(NamedTuple):
    """An id taken apart: `key` is a UUID's 32 hex digits, or a report's public id."""

    type: NodeType
    key: str

    def uuid(self) -> UUID:
        """Return the key of anything but a report."""
        return UUID(hex=self.key)


def node_id(type_: NodeType, key: UUID | str) -> strawberry.ID:
    """Return the global id of an object."""
    text = f"{type_.value}:{key.hex if isinstance(key, UUID) else key}"
    return strawberry.ID(base64.urlsafe_b64encode(text.encode()).decode().rstrip("="))


def read_node_id(raw: str) -> NodeKey:
    """Return the type and key of a global id.

    Raises:
        BadUserInput: it is no id of this graph.
    """
    with contextlib.suppress(ValueError):
        name, key = _decode(raw, longest=_LONGEST_ID).decode("ascii").split(":")
        node_key = NodeKey(NodeType(name), key)
        # made again and compared, so that an object has exactly one id
        if node_id(node_key.type, key if node_key.type is NodeType.REPORT else node_key.uuid()) == raw:
            return node_key
    raise BadUserInput("This is not an id of this graph. Use an id that the graph gave you, unchanged.")


def checked_key(raw: str, type_: NodeType) -> UUID:
    """Return the key of an id of this type, which is none of a report.

    Raises:
        BadUserInput: it is something else.
    """
    key = read_node_id(raw)
    if key.type is not type_:
        raise BadUserInput(f"This is the id of a {key.type}, not of a {type_}.")
    return key.uuid()


def read_key(raw: str, type_: NodeType) -> UUID | None:
    """Return the key of an id of this type; None for anything else, so that a refusal can name its place."""
    try:
        key = read_node_id(raw)
    except BadUserInput:
        return None
    return key.uuid() if key.type is type_ else None


def read_public_id(raw: str) -> str | None:
    """Return the public id that a report's id names; None for anything else, so that a refusal can name its place."""
    try:
        key = read_node_id(raw)
    except BadUserInput:
        return None
    return key.key if key.type is NodeType.REPORT else None


def _decode(raw: str, *, longest: int) -> bytes:
    if len(raw) > longest:
        raise ValueError("too long")
    try:
        return base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError from error


# --- money --------------------------------------------------------------------------------------------------------


@strawberry.enum(description="Currencies, as ISO 4217 codes.")
class CurrencyCode(Enum):
    INR = strawberry.enum_value("INR", description="Indian rupee; 100 paise.")


@strawberry.type(description="An amount of money.")
class Money:
    # the rest is worked out when it is asked for: an order holds some forty amounts, of which few are shown
    minor_units: int = strawberry.field(description="The same amount in whole paise, such as 49900.")

    @strawberry.field(
        description='In rupees, a decimal string with exactly two decimals, such as "499.00". Never a float.'
    )
    def amount(self) -> Decimal:
        return rupees(self.minor_units)

    @strawberry.field(description="The currency of both numbers.")
    def currency(self) -> CurrencyCode:
        return CurrencyCode.INR


def money(paise: int) -> Money:
    """Return paise as the graph shows them."""
    return Money(minor_units=paise)


# --- lists --------------------------------------------------------------------------------------------------------


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more items follow this page.")
    has_previous_page: bool = strawberry.field(
        description="Whether this page was reached with `after`. Lists are read forwards only."
    )
    start_cursor: str | None = strawberry.field(description="The cursor of the first item; null on an empty page.")
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last item: pass it as `after` to get the next page. Null on an empty page."
    )


@strawberry.type(description="An item of a list with its place in it.")
class Edge(Generic[NodeT]):
    cursor: str = strawberry.field(
        description="The place of this item. It stays valid when items are added or removed."
    )
    node: NodeT = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeT]):
    items: strawberry.Private[list[NodeT]]
    cursor_of: strawberry.Private[Callable[[int], str]]
    has_next: strawberry.Private[bool]
    is_first_page: strawberry.Private[bool]

    @strawberry.field(description="The items with their cursors.")
    def edges(self) -> list[Edge[NodeT]]:
        return [Edge(cursor=self.cursor_of(place), node=node) for place, node in enumerate(self.items)]

    @strawberry.field(description="The items alone.")
    def nodes(self) -> list[NodeT]:
        return self.items

    @strawberry.field(description="Where this page lies in the list.")
    def page_info(self) -> PageInfo:
        return PageInfo(
            has_next_page=self.has_next,
            has_previous_page=not self.is_first_page,
            start_cursor=self.cursor_of(0) if self.items else None,
            end_cursor=self.cursor_of(-1) if self.items else None,
        )


ConnectionT = TypeVar("ConnectionT", bound="Connection[Any]")
RecordT = TypeVar("RecordT")


def newest_first(
    connection: type[ConnectionT],
    records: list[RecordT],
    page: Page,
    *,
    order: str,
    show: Callable[[RecordT], Any],
    place_of: Callable[[Any], Position] = lambda record: Position(record.created_at, record.id),
) -> ConnectionT:
    """Return a page of records, read one further than the page holds, as a connection."""
    shown = records[: page.size]

    def cursor_of(place: int) -> str:
        position = place_of(shown[place])
        return make_cursor(order, round(position.created_at.timestamp() * 1000), position.id)

    return connection(
        items=[show(record) for record in shown],
        cursor_of=cursor_of,
        has_next=len(records) > page.size,
        is_first_page=page.after is None,
    )


def check_first(first: int) -> int:
    """Return the page size.

    Raises:
        BadUserInput: not 1 to 100.
    """
    if not 1 <= first <= MAX_PAGE_SIZE:
        raise BadUserInput(f"`first` must be between 1 and {MAX_PAGE_SIZE}.")
    return first


def page_after(first: int, after: str | None, order: str) -> Page:
    """Return which page of a list, the newest first, a client asks for.

    Raises:
        BadUserInput: `first` is not 1 to 100, or `after` is no cursor of this list.
    """
    size = check_first(first)
    if after is None:
        return Page(size, None)
    milliseconds, key = read_cursor(after, order, int)
    try:
        return Page(size, Position(datetime.fromtimestamp(int(milliseconds) / 1000, UTC), key))
    except (OverflowError, ValueError, OSError):
        raise BadUserInput("`after` is not a cursor of this list.") from None


class Page(NamedTuple):
    """How many items, and after which position (None: from the start)."""

    size: int
    after: Position | None

    @property
    def limit(self) -> int:
        """How many records to read: one more than the page holds tells whether another follows."""
        return self.size + 1


class VersionPage(NamedTuple):
    """How many versions, and before which one (None: from the newest)."""

    size: int
    before: int | None

    @property
    def limit(self) -> int:
        """How many records to read: one more than the page holds tells whether another follows."""
        return self.size + 1


def latest_first(
    connection: type[ConnectionT],
    records: Sequence[Any],
    page: VersionPage,
    *,
    order: str,
    show: Callable[[Any], Any],
) -> ConnectionT:
    """Return a page of records with a `version`, read one further than the page holds, as a connection."""
    shown = records[: page.size]
    return connection(
        items=[show(record) for record in shown],
        cursor_of=lambda place: make_cursor(order, shown[place].version, shown[place].id),
        has_next=len(records) > page.size,
        is_first_page=page.before is None,
    )


def versions_before(first: int, after: str | None, order: str) -> VersionPage:
    """Return which page of a list by versions, the newest first, a client asks for.

    Raises:
        BadUserInput: `first` is not 1 to 100, or `after` is no cursor of this list.
    """
    size = check_first(first)
    if after is None:
        return VersionPage(size, None)
    version, _ = read_cursor(after, order, int)
    if not 0 < int(version) <= _MAX_VERSION:
        raise BadUserInput("`after` is not a cursor of this list.")
    return VersionPage(size, int(version))


FIRST = "How many, 1 to 100."
AFTER = "The cursor after which the page starts, from the same list."
"""The descriptions of the arguments of lists."""


def make_cursor(order: str, value: str | int, key: UUID) -> str:
    """Return the cursor of an item in a list of this order: the sort key's value and the item's key."""
    packed = orjson.dumps([_CURSOR_VERSION, order, value, key.hex])
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(raw: str, order: str, value_type: type[str | int]) -> tuple[str | int, UUID]:
    """Return the sort key's value and the key that a cursor of this order holds.

    Raises:
        BadUserInput: it is no cursor, or one of another list or another order.
    """
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        version, its_order, value, key = orjson.loads(_decode(raw, longest=_LONGEST_CURSOR))
        if (version, its_order, type(value)) == (_CURSOR_VERSION, order, value_type):
            return value, UUID(hex=key)
    raise BadUserInput("`after` is not a cursor of this list in this order. Use `endCursor` of the same query.")
