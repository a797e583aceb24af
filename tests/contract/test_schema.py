"""The rules of the house, held against the schema."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)
from strawberry.tools import merge_types
from strawberry.types import get_object_definition

import traya_gql
from traya_gql.app import now
from traya_gql.context import Context, Denied, Viewer
from traya_gql.domain.refusals import InvalidInput, Refusal, RefusalCode
from traya_gql.domain.roles import STAFF_ROLES, Role
from traya_gql.graph import build_schema, schema_text
from traya_gql.graph.roots import refuse_unguarded
from traya_gql.guards import AT_MOST, CODES, GUARD, Guard, Readers
from traya_gql.schema.errors import ERRORS
from traya_gql.services import Services
from traya_gql.services.access_tokens import SignedIn

ROOT = Path(__file__).parents[2]
SCHEMA = build_schema()
CORE: GraphQLSchema = SCHEMA._schema

Described = GraphQLField | GraphQLArgument | GraphQLInputField | Any


def own_types() -> list[Any]:
    builtin = {"Boolean", "Float", "ID", "Int", "String"}
    return [type_ for name, type_ in CORE.type_map.items() if not name.startswith("__") and name not in builtin]


def described() -> dict[str, Described]:
    """Everything that must have a description, by its coordinate."""
    found: dict[str, Described] = {}
    for type_ in own_types():
        found[type_.name] = type_
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                found[f"{type_.name}.{name}"] = field
                found |= {f"{type_.name}.{name}({argument}:)": one for argument, one in field.args.items()}
        elif isinstance(type_, GraphQLInputObjectType):
            found |= {f"{type_.name}.{name}": field for name, field in type_.fields.items()}
        elif isinstance(type_, GraphQLEnumType):
            found |= {f"{type_.name}.{name}": value for name, value in type_.values.items()}
    return found


def test_the_committed_schema_is_what_the_code_says() -> None:
    assert (ROOT / "schema.graphql").read_text(encoding="utf-8") == schema_text(), "run: make schema"


def test_everything_has_a_description() -> None:
    missing = [name for name, element in described().items() if not (element.description or "").strip()]

    assert missing == []


def test_descriptions_are_sentences() -> None:
    unfinished = [name for name, element in described().items() if not str(element.description).endswith(".")]

    assert unfinished == []


def root_fields() -> list[tuple[str, Any]]:
    return [
        (f"{root}.{field.python_name}", field)
        for root in ("Query", "Mutation")
        for field in SCHEMA.get_type_by_name(root).fields  # type: ignore[union-attr]
    ]


@pytest.mark.parametrize(("name", "field"), root_fields())
def test_every_root_field_names_its_guard_and_prints_it(name: str, field: Any) -> None:
    guard = field.metadata[GUARD]

    assert isinstance(guard, Guard)
    assert guard.sentence in field.description


# who may ask for what exactly is in tests/access/matrix.md
GUARDED = [(name, field) for name, field in root_fields() if field.metadata[GUARD].roles is not None]


async def refusal_of(field: Any, signed_in: SignedIn | None) -> Any:
    """Return the code that a root field refuses with. It has no arguments and no services: it must not get so far."""
    context = Context(services=cast("Services", None), now=now, known_viewer=Viewer(signed_in=signed_in))
    try:
        answer = field.base_resolver.wrapped_func(None, SimpleNamespace(context=context))
        if inspect.isawaitable(answer):
            await answer
    except Denied as denied:
        return (denied.extensions or {})["code"]
    return None


@pytest.mark.parametrize(("name", "field"), GUARDED)
async def test_a_guarded_root_refuses_before_it_does_anything(name: str, field: Any) -> None:
    roles = field.metadata[GUARD].roles
    others = SignedIn(customer_id=uuid4(), session_id=uuid4(), access_version=1, roles=STAFF_ROLES - roles)

    assert await refusal_of(field, None) == "UNAUTHENTICATED"
    if Role.CUSTOMER not in roles:
        assert await refusal_of(field, others) == "FORBIDDEN"


def test_most_roots_that_change_something_are_guarded() -> None:
    changing = {name for name, _ in root_fields() if name.startswith("Mutation.")}

    assert changing - {name for name, _ in GUARDED} == {
        "Mutation.complete_scalp_photo_upload",
        "Mutation.create_scalp_photo_upload",
        "Mutation.delete_scalp_photo",
        "Mutation.place_order",
        "Mutation.refresh_session",
        "Mutation.request_otp",
        "Mutation.save_hair_test_draft",
        "Mutation.submit_hair_test",
        "Mutation.upload_scalp_photo",
        "Mutation.verify_otp",
    }


def test_a_root_field_without_a_guard_does_not_build() -> None:
    @strawberry.type
    class Forgotten:
        @strawberry.field(description="Open by forgetting.")  # type: ignore[untyped-decorator]
        def secret(self) -> str:
            return ""

    with pytest.raises(TypeError, match="secret names no guard"):
        refuse_unguarded(merge_types("Query", (Forgotten,)))


def test_every_private_field_is_nullable_and_prints_its_readers() -> None:
    found = []
    for type_ in own_types():
        definition = type_.extensions.get("strawberry-definition")
        for field in getattr(definition, "fields", ()):
            if isinstance(readers := field.metadata.get(GUARD), Readers):
                found.append(f"{type_.name}.{field.python_name}")
                assert readers.sentence in field.description
                graphql_name = SCHEMA.config.name_converter.from_field(field)
                assert not str(type_.fields[graphql_name].type).endswith("!"), f"{type_.name}.{graphql_name}"

    assert sorted(found) == [
        "Cause.answers_that_raised_it",
        "Cause.level",
        "Cause.score",
        "Customer.hair_tests",
        "Customer.orders",
        "Customer.reports",
        "Kit.excluded",
        "Order.report",
        "Report.confidence",
        "Report.hair_test",
        "Report.hypothesis",
        "Report.inputs_hash",
        "Report.primary_cause",
        "Report.safety_findings",
    ]


def refusals() -> list[type[Refusal]]:
    for module in walk_packages(traya_gql.__path__, "traya_gql."):
        if not module.name.endswith("__main__"):
            import_module(module.name)

    def below(parent: type[Refusal]) -> list[type[Refusal]]:
        return [one for child in parent.__subclasses__() for one in (child, *below(child))]

    return [one for one in below(Refusal) if one.__module__.startswith("traya_gql.")]


def test_every_refusal_is_mapped_to_a_type_of_the_graph() -> None:
    carried = {code for refusal in refusals() for code in refusal.codes}

    assert set(ERRORS) == carried
    assert all(get_object_definition(error) for error in ERRORS.values())


def test_every_refusal_says_which_codes_it_carries_and_every_code_is_used() -> None:
    carried = {code for refusal in refusals() for code in refusal.codes}
    mutations = SCHEMA.get_type_by_name("Mutation").fields  # type: ignore[union-attr]
    listed = {code for field in mutations for code in field.metadata[CODES]}

    assert all(refusal.codes for refusal in refusals() if refusal is not InvalidInput)
    assert listed == set(RefusalCode)
    assert carried < listed


def test_every_mutation_lists_its_codes() -> None:
    for name, field in root_fields():
        if name.startswith("Mutation."):
            printed = re.search(
                r"\n\n(?:Codes of `userErrors`: ([A-Z_, ]+)|It has no `userErrors` so far)\.$", field.description
            )
            assert printed, name
            codes = printed[1].split(", ") if printed[1] else []
            assert codes == sorted(code.value for code in field.metadata[CODES]), name


@pytest.mark.parametrize("name", [name for name, _ in root_fields() if name.startswith("Mutation.")])
def test_every_mutation_follows_the_conventions(name: str) -> None:
    field = CORE.mutation_type.fields[_camel(name.removeprefix("Mutation."))]  # type: ignore[union-attr]
    title = _camel(name.removeprefix("Mutation."))
    title = title[0].upper() + title[1:]

    arguments = {argument: str(one.type) for argument, one in field.args.items()}
    # `id`: what is changed, where the asker has several of a kind; optional where one of them can be meant unsaid
    assert arguments in (
        {},
        {"id": "ID"},
        {"id": "ID!"},
        {"id": "ID!", "input": f"{title}Input!"},
        {"input": f"{title}Input!"},
        # what belongs to a photo is the same however its file is sent
        {"file": "Upload!", "input": "CreateScalpPhotoUploadInput!"},
    )
    assert str(field.type) == f"{title}Payload"
    payload = CORE.type_map[f"{title}Payload"]
    assert str(payload.fields["userErrors"].type) == "[UserError!]!"  # type: ignore[attr-defined]


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def test_every_list_of_objects_says_how_long_it_can_be() -> None:
    """The limit on fields counts what stands in a list as often as the list is long at the most."""
    silent = [
        f"{type_.name}.{name}"
        for type_ in own_types()
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
        if is_list_type(get_nullable_type(field.type)) and not is_leaf_type(get_named_type(field.type))
        if not type_.name.endswith("Connection")  # `first` counts for these
        if not {"first", "ids"} & set(field.args)
        if not field.extensions["strawberry-definition"].metadata.get(AT_MOST)
    ]

    assert silent == []


def test_no_type_of_the_graph_speaks_of_the_database() -> None:
    names = list(described())

    assert [name for name in names if re.search(r"mongo|bson|\b_id\b|Document\b|objectId", name, re.IGNORECASE)] == []


def test_schema_types_do_not_import_resolvers() -> None:
    for module in walk_packages(traya_gql.__path__, "traya_gql."):
        if module.name.startswith("traya_gql.schema."):
            assert "traya_gql.resolvers" not in inspect.getsource(import_module(module.name))
