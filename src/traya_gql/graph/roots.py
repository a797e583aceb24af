"""The roots: what the rooms of `resolvers` offer, joined into one schema."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLInputObjectType, GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from strawberry.types import get_object_definition

from traya_gql.graph.fields import shorten_fields
from traya_gql.guards import GUARD, Guard
from traya_gql.resolvers.catalogue import CatalogueMutations, CatalogueQueries
from traya_gql.resolvers.coupons import CouponMutations, CouponQueries
from traya_gql.resolvers.customers import CustomerMutations, CustomerQueries
from traya_gql.resolvers.delivery import DeliveryQueries
from traya_gql.resolvers.hair_tests import HairTestMutations, HairTestQueries
from traya_gql.resolvers.jobs import JobQueries
from traya_gql.resolvers.nodes import NodeQueries
from traya_gql.resolvers.orders import OrderMutations, OrderQueries
from traya_gql.resolvers.prices import PriceQueries
from traya_gql.resolvers.products import ProductQueries
from traya_gql.resolvers.reports import ReportMutations, ReportQueries
from traya_gql.resolvers.scalp_photos import ScalpPhotoMutations, ScalpPhotoQueries
from traya_gql.resolvers.sessions import SessionMutations
from traya_gql.resolvers.staff import StaffMutations, StaffQueries
from traya_gql.resolvers.viewer import ViewerQueries
from traya_gql.schema.errors import ERRORS, InvalidInputError
from traya_gql.schema.scalars import SCALARS
from traya_gql.schema.uploads import UPLOAD_SCALARS

_QUERIES = (
    CatalogueQueries,
    CouponQueries,
    CustomerQueries,
    DeliveryQueries,
    HairTestQueries,
    JobQueries,
    NodeQueries,
    OrderQueries,
    PriceQueries,
    ProductQueries,
    ReportQueries,
    ScalpPhotoQueries,
    StaffQueries,
    ViewerQueries,
)
_MUTATIONS = (
    CatalogueMutations,
    CouponMutations,
    CustomerMutations,
    HairTestMutations,
    OrderMutations,
    ReportMutations,
    ScalpPhotoMutations,
    SessionMutations,
    StaffMutations,
)


def schema_text() -> str:
    """Return the schema in the schema definition language, sorted by name: what `schema.graphql` holds."""
    return f"{_build(is_sorted=True).as_str()}\n"


def build_schema() -> strawberry.Schema:
    """Return the schema that answers.

    Raises:
        TypeError: a root field names no guard. Nothing is open by forgetting.
    """
    # not sorted: sorting makes the types anew and loses Strawberry's enums, so that resolvers would get plain text
    schema = _build(is_sorted=False)
    core = schema._schema  # noqa: SLF001 - graphql-core's schema
    _mark_one_of(core)
    shorten_fields(core)
    return schema


def _mark_one_of(core: GraphQLSchema) -> None:
    """Let graphql-core see to it that a @oneOf input has one field.

    Strawberry does so when variables are read, and by a rule of its own for what is written into an operation: without
    that, two fields there would be a fault.
    """
    for type_ in core.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            type_.is_one_of = type_.extensions["strawberry-definition"].is_one_of


def _build(*, is_sorted: bool) -> strawberry.Schema:
    query = merge_types("Query", _QUERIES)
    mutation = merge_types("Mutation", _MUTATIONS)
    for root, description in ((query, "What can be read."), (mutation, "What can be changed.")):
        get_object_definition(root, strict=True).description = description
        refuse_unguarded(root)
    return strawberry.Schema(
        query=query,
        mutation=mutation,
        types=[InvalidInputError, *dict.fromkeys(ERRORS.values())],
        config=StrawberryConfig(
            sort_schema=is_sorted,
            scalar_map={**SCALARS, **UPLOAD_SCALARS},
        ),
    )


def refuse_unguarded(root: type[Any]) -> None:
    """Raise TypeError for a root field that names no guard."""
    for field in get_object_definition(root, strict=True).fields:
        if not isinstance(field.metadata.get(GUARD), Guard):
            raise TypeError(f"The root field {field.python_name} names no guard.")
