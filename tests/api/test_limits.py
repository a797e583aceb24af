"""The limits of a document. No test needs what lies in a database: introspection and the questionnaire are executed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from itertools import count
from typing import Any

import pytest
from graphql import get_introspection_query
from starlette.applications import Starlette

from tests.support import EXAMPLES, GraphClient, example
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.questionnaire.checks import GivenAnswer, check_answers
from traya_gql.domain.questionnaire.model import AnswerPlace, current_questionnaire
from traya_gql.domain.refusals import InvalidInput, Problems
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.graph import Graph, Refused, build_schema
from traya_gql.graph.limits import Limits
from traya_gql.guards import AT_MOST

LIMITS = Limits()


@cache
def graph() -> Graph:
    return Graph(schema=build_schema(), limits=LIMITS, is_open=True)


def fresh(**limits: Any) -> Graph:
    """Return a graph with an empty cache."""
    return Graph(schema=graph().schema, limits=Limits(**limits), is_open=True)


def refusal(query: str) -> tuple[str, list[str]]:
    """Return the code and the messages of a document that is refused."""
    with pytest.raises(Refused) as refused:
        graph().prepare(query)
    [code] = {error["extensions"]["code"] for error in refused.value.errors}
    return code, [error["message"] for error in refused.value.errors]


def too_much(name: str, value: int | str, most: int) -> tuple[str, list[str]]:
    return "MAX_COST_EXCEEDED", [
        (
            f"The operation asks for too much: {name} {value} is over the limit of {most}."
            " Ask for less at once, or in several requests."
        )
    ]


def is_accepted(query: str) -> bool:
    graph().prepare(query)
    return True


# --- what must pass -----------------------------------------------------------------------------------------------


def test_the_whole_introspection_query_passes() -> None:
    everything = get_introspection_query(
        descriptions=True,
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
        one_of=True,
    )

    assert is_accepted(everything)


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.graphql")))
def test_every_example_passes(name: str) -> None:
    assert is_accepted((EXAMPLES / name).read_text(encoding="utf-8"))


# --- each limit, at its edge --------------------------------------------------------------------------------------


def nested(depth: int) -> str:
    """Return a valid query that is this deep: a report, its hair test, its report and so on."""
    text = "__typename"
    for level in range(depth - 2, 0, -1):
        text = f"{'hairTest' if level % 2 else 'report'} {{ {text} }}"
    return f'{{ report(publicId: "x") {{ {text} }} }}'


def test_fields_can_lie_15_deep() -> None:
    assert is_accepted(nested(15))
    assert refusal(nested(16)) == too_much("depth", 16, 15)


def test_introspection_is_no_deeper_than_the_rest() -> None:
    assert refusal("{ __schema { types { " + "ofType { " * 13 + "name" + " }" * 16) == too_much("depth", 16, 15)


def test_depth_is_counted_through_fragments() -> None:
    query = "{ node(id: 1) { ...a } }"
    query += "".join(
        f" fragment {name} on {kind} {{ {field} {{ ...{after} }} }}"
        for name, kind, field, after in zip(
            "abcdefghijklmn", ["Report", "HairTest"] * 7, ["hairTest", "report"] * 7, "bcdefghijklmno", strict=True
        )
    )

    assert refusal(query + " fragment o on Report { id }") == too_much("depth", 16, 15)


def test_a_document_can_have_2000_tokens() -> None:
    ids = "1 " * (2000 - 12)

    assert is_accepted(f"{{nodes(ids:[{ids}]){{id}}}}")
    assert refusal(f"{{nodes(ids:[{ids}1]){{id}}}}") == (
        "GRAPHQL_PARSE_FAILED",
        ["Syntax Error: Document contains more than 2000 tokens. Parsing aborted."],
    )


def test_a_document_can_have_no_more_comments_than_tokens() -> None:
    assert is_accepted("{__typename}" + "#\n" * 2000)
    assert refusal("{__typename}" + "#\n" * 2001)[0] == "GRAPHQL_PARSE_FAILED"


def test_30_fields_can_be_renamed() -> None:
    def query(aliases: int) -> str:
        return "{" + " ".join(f"a{n}: __typename" for n in range(aliases)) + "}"

    assert is_accepted(query(30))
    assert refusal(query(31)) == too_much("aliases", 31, 30)


def test_aliases_are_counted_after_fragments_are_spread() -> None:
    fragment = "fragment A on Product {" + " ".join(f"a{n}: id" for n in range(8)) + "}"

    def query(spreads: int) -> str:
        fields = " ".join(f'p{n}: product(slug: "{n}") {{ ...A }}' for n in range(spreads))
        return f"{{ {fields} }} {fragment}"

    assert is_accepted(query(3))
    assert refusal(query(4)) == too_much("aliases", 36, 30)


def test_50_directives_can_be_used() -> None:
    def query(directives: int) -> str:
        return "{" + "__typename @include(if: true) " * directives + "}"

    assert is_accepted(query(50))
    assert refusal(query(51)) == too_much("directives", 51, 50)


def test_directives_are_counted_wherever_they_stand() -> None:
    inside = "fragment A on Query {" + "__typename @skip(if: false) " * 10 + "}"

    query = "{" + "...A @include(if: true) ... @include(if: true) { __typename } " * 5 + "}" + inside

    assert refusal(query) == too_much("directives", 60, 50)


def test_4_mutations_can_be_sent_at_once() -> None:
    def query(mutations: int) -> str:
        fields = " ".join(f"m{n}: submitHairTest(input: $input) {{ isReplay }}" for n in range(mutations))
        return f"mutation ($input: SubmitHairTestInput!) {{ {fields} }}"

    assert is_accepted(query(4))
    assert refusal(query(5)) == too_much("mutations", 5, 4)


def test_mutations_are_counted_through_fragments() -> None:
    spread = (
        "mutation ($input: SubmitHairTestInput!) { ...A ... { ...A ... on Mutation { ...B } } }"
        " fragment A on Mutation { a: submitHairTest(input: $input) { isReplay } ...B }"
        " fragment B on Mutation { b: submitHairTest(input: $input) { isReplay } }"
    )

    assert refusal(spread) == too_much("mutations", 5, 4)


def test_a_query_can_have_more_than_4_fields() -> None:
    assert is_accepted("{" + '__typename node(id: "x") { id } ' * 5 + "}")


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("{" + " ".join(f"p{n}: products(first: 100) {{ nodes {{ id name slug }} }}" for n in range(26)) + "}", 10_426),
        ("{" + "products { nodes { id name slug } } " * 124 + "}", 10_044),
        ("{" + "products(first: 1000000000) { nodes { id name slug } } " * 26 + "}", 10_426),
        ("{" + "products(first: 50) { nodes { id } } " * 100 + "}", 10_100),
        ("{" + "nodes(ids: [1 2 3]) { id } " * 5 + "products(first: 100) { nodes { id } } " * 50 + "}", 10_070),
    ],
)
def test_10000_fields_can_be_asked_for_with_lists_as_long_as_they_can_be(query: str, fields: int) -> None:
    assert refusal(query) == too_much("fields", fields, 10_000)


MANY_LISTS = {
    "a length": ("query ($n: Int!) {" + "products(first: $n) { nodes { id name slug } } " * 26 + "}", "n", 100, 95),
    "ids": (
        "query ($n: [ID!]!) { nodes(ids: $n) { " + "... on Product { id name slug } " * 34 + "} }",
        "n",
        ["x"] * 100,
        ["x"] * 90,
    ),
    "a length that the document knows": (
        "query ($n: Int = 100) {" + "products(first: $n) { nodes { id name slug } } " * 26 + "}",
        "m",
        None,
        None,
    ),
}


@pytest.mark.parametrize("lists", MANY_LISTS)
async def test_a_list_counts_as_long_as_its_variable_says(client: GraphClient, lists: str) -> None:
    """Front ends page by variables: each list of theirs would else count as the longest."""
    query, name, too_many, enough = MANY_LISTS[lists]
    assert is_accepted(query)

    with client.commands.counting() as commands:
        refused = await client.http.post("/graphql", json={"query": query, "variables": {name: too_many}})
    passed = await client.http.post("/graphql", json={"query": query, "variables": {"n": enough or 5}})

    assert commands == {}
    assert [error["extensions"]["code"] for error in refused.json()["errors"]] == ["MAX_COST_EXCEEDED"]
    assert "MAX_COST_EXCEEDED" not in passed.text


@pytest.mark.parametrize("value", [None, 2**31 - 1, -5, "100", 1.5, True, [], {}, "absent"])
async def test_whatever_a_variable_holds_no_more_is_answered_than_was_counted(
    client: GraphClient, value: object
) -> None:
    query = "query ($n: Int) {" + "products(first: $n) { nodes { id name slug } } " * 26 + "}"
    variables = {} if value == "absent" else {"n": value}

    answer = await client.http.post("/graphql", json={"query": query, "variables": variables})

    assert {error["extensions"]["code"] for error in answer.json()["errors"]} <= {"MAX_COST_EXCEEDED", "BAD_USER_INPUT"}


def test_with_short_lists_too_a_document_may_ask_for_too_much() -> None:
    query = "query ($n: Int!) {" + "products(first: $n) { nodes { id name slug } } " * 26 + "a: __typename " * 31 + "}"

    assert refusal(query)[0] == "MAX_COST_EXCEEDED"


def test_fields_inside_a_list_count_as_often_as_the_list_is_long() -> None:
    def query(products: int) -> str:
        return f"{{ nodes(ids: {list(range(100))}) {{ " + "... on Product { id name slug } " * products + "} }"

    assert is_accepted(query(33))
    assert refusal(query(34)) == too_much("fields", 10_201, 10_000)


def test_all_limits_that_are_exceeded_are_named() -> None:
    query = "mutation {" + " ".join(f"m{n}: nope @include(if: true)" for n in range(51)) + "}"

    code, messages = refusal(query)

    assert code == "MAX_COST_EXCEEDED"
    assert [message.split(":")[1].split(" is ")[0].strip() for message in messages] == [
        "aliases 51",
        "directives 51",
        "mutations 51",
    ]


def test_each_operation_is_measured_even_if_another_one_would_run() -> None:
    many = " ".join(f"a{n}: __typename" for n in range(31))

    assert refusal(f"query A {{ __typename }} query B {{ {many} }}") == too_much("aliases", 31, 30)


# --- lists that say how long they can be --------------------------------------------------------------------------


def measured(query: str) -> int:
    """Return how many fields a query counts as."""
    with pytest.raises(Refused) as refused:
        fresh(fields=0).prepare(query)
    [error] = refused.value.errors
    found = re.search(r": fields (\d+) is over", error["message"])
    assert found
    return int(found[1])


def answered(value: Any) -> int:
    """Return how many fields an answer holds."""
    if isinstance(value, dict):
        return sum(1 + answered(inner) for inner in value.values())
    return sum(map(answered, value)) if isinstance(value, list) else 0


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("{ questionnaire { sections { key } } }", 6),
        ("{ questionnaire { sections { questions { key } } } }", 58),
        ("{ questionnaire { sections { questions { showIf { question } } } } }", 162),
        ("{ questionnaire { sections { questions { options { value } } } } }", 266),
        ("{ questionnaire { sections { questions { options { showIf { question } } } } } }", 682),
        (example("questionnaire"), 2_727),
    ],
    ids=["sections", "questions", "conditions of questions", "options", "conditions of options", "all"],
)
async def test_the_questionnaire_counts_as_no_less_than_it_holds(
    started: tuple[Starlette, GraphClient], query: str, fields: int
) -> None:
    """Its bounds are averages, as one question has far more options than the others; their products must hold."""
    answer = await started[1].data(query)

    assert measured(query) == fields
    assert answered(answer) <= fields


def at_most(coordinate: str) -> int:
    """Return how long a list says that it can be."""
    type_, name = coordinate.split(".")
    field: Any = graph().schema._schema.type_map[type_].fields[name]  # type: ignore[attr-defined]
    longest: int = field.extensions["strawberry-definition"].metadata[AT_MOST]
    return longest


def test_no_list_of_the_assessment_is_longer_than_it_says() -> None:
    rules, products = current_ruleset(), [seed.product for seed in catalogue()]

    assert at_most("HairTest.answers") >= len(
        [question for question in current_questionnaire().questions if question.place is AnswerPlace.ANSWERS]
    )
    assert at_most("Recovery.milestones") >= len(rules.recovery.milestones)
    assert at_most("Report.safetyFindings") >= len(rules.gates)
    assert at_most("Product.ingredients") >= max(len(product.ingredients) for product in products)
    assert at_most("Product.actives") >= max(len(product.actives) for product in products)


def test_all_findings_together_block_no_more_ingredients_than_they_say() -> None:
    """Who is allergic to everything has one finding that is longer than it says, and others that make up for it."""
    rules = current_ruleset()
    by_rule = [
        {
            code
            for block in (*rule.blocks, *(b for case in rule.cases for b in case.blocks))
            for code in block.ingredients
        }
        for rule in rules.gates.values()
    ]
    allergies = current_questionnaire().question("allergies").values

    blocked = sum(map(len, by_rule)) + len(allergies)

    assert blocked <= at_most("Report.safetyFindings") * at_most("SafetyFinding.blockedIngredients")


@pytest.mark.parametrize(("how_many", "code"), [(60, "UNKNOWN_QUESTION"), (61, "TOO_MANY")])
def test_a_draft_holds_no_more_answers_than_it_says(how_many: int, code: str) -> None:
    assert at_most("HairTestDraft.answers") >= 60
    answers = [GivenAnswer("x", ("x",))] * how_many
    problems = Problems()

    check_answers(answers, age=None, gender=None, is_whole=False, problems=problems)

    with pytest.raises(InvalidInput) as refused:
        problems.refuse_if_any()
    assert {problem.code for problem in refused.value.problems} == {code}


# --- fragments that multiply, and that bite their tail ------------------------------------------------------------


def doubling(levels: int) -> str:
    """Return a document whose fragments spread the next one twice: 2 to the power of `levels` fields."""
    fragments = "".join(f"fragment f{n} on Query{{...f{n + 1} ...f{n + 1}}}" for n in range(levels))
    return f"{{...f0}}{fragments}fragment f{levels} on Query{{__typename}}"


def test_a_short_document_that_doubles_20_times_is_measured_at_once() -> None:
    query = doubling(20)

    assert len(query) == 732
    assert refusal(query) == too_much("fields", 2**20, 10_000)


def test_numbers_that_grow_with_every_fragment_stay_small() -> None:
    assert refusal(doubling(110)) == too_much("fields", 1 << 40, 10_000)


@pytest.mark.parametrize(
    "query",
    [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { ...B ...B } fragment B on Query { ...A ...A }",
        "{ ...A } fragment A on Query { __typename ... { ...A } }",
        (
            "{ ...A } fragment A on Query { node(id: 1) { ... on Report { hairTest { report { ...B } } } } }"
            " fragment B on Report { hairTest { report { ...B } } }"
        ),
        "{ ...A }",
        "{ ... on Nope { ...A } }",
        "{ ...A } fragment A on Nope { x { y } }",
        "{ ...A } fragment A on Int { x }",
        "{ ...A } fragment A on ProductFilterInput { category }",
        "{ __typename } fragment A on Query { ...A }",
        "fragment A on Query { __typename } fragment A on Query { ...A } { ...A }",
        "mutation { ...A } fragment A on Mutation { ...A }",
        "subscription { ...A } fragment A on Subscription { ...A }",
    ],
)
def test_cycles_and_unknown_fragments_are_refused_by_validation(query: str) -> None:
    code, messages = refusal(query)

    assert code == "GRAPHQL_VALIDATION_FAILED"
    assert 1 <= len(messages) <= 5


# --- nesting ------------------------------------------------------------------------------------------------------


def chain(fragments: int, levels: int, unit: str) -> str:
    """Return a document of fragments that spread the next one, each nested `levels` deep."""
    query = "{...f0}"
    for n in range(fragments):
        query += f"fragment f{n} on Query" + f"{{{unit}" * levels + f"{{...f{n + 1}}}" + "}" * levels
    return query + f"fragment f{fragments} on Query{{__typename}}"


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("{a" * 990 + "}" * 990, id="fields"),
        pytest.param("{" + "...{" * 600 + "a" + "}" * 601, id="inline fragments"),
        pytest.param("{nodes(ids:" + "[" * 980 + "]" * 980 + "){id}}", id="lists"),
        pytest.param("{nodes(ids:" + "[" * 1980, id="open lists"),
        pytest.param("{products(filter:" + "{a:" * 600 + "1" + "}" * 600 + "){totalCount}}", id="objects"),
        pytest.param("query($a:" + "[" * 980 + "Int" + "]" * 980 + "){a}", id="types"),
        pytest.param("query($a:Int=" + "[" * 980 + "]" * 980 + "){a}", id="defaults"),
        pytest.param("{a @b(c:" + "[" * 980 + "]" * 980 + ")}", id="arguments of directives"),
    ],
)
def test_a_text_that_nests_hundreds_deep_is_a_syntax_error(query: str) -> None:
    assert refusal(query) == (
        "GRAPHQL_PARSE_FAILED",
        ["Syntax Error: Document is nested too deeply. Parsing aborted."],
    )


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(chain(3, 190, "a"), id="three fragments of 190 fields"),
        pytest.param(chain(3, 190, "..."), id="three fragments of 190 inline fragments"),
        pytest.param(chain(20, 30, "a"), id="20 fragments of 30 fields"),
        pytest.param(chain(240, 0, ""), id="240 fragments"),
        pytest.param("mutation" + chain(3, 190, "...").replace("Query", "Mutation"), id="mutations"),
        pytest.param("query A{...f239}query B{...f120}" + chain(240, 0, "")[7:] + "query C{...f0}", id="from the end"),
    ],
)
def test_fragments_that_nest_hundreds_deep_are_refused(query: str) -> None:
    code, messages = refusal(query)

    assert (code, len(messages)) in {("MAX_COST_EXCEEDED", 1), ("GRAPHQL_VALIDATION_FAILED", 1)}


def test_inline_fragments_can_nest_as_deep_as_the_parser_allows_and_still_run() -> None:
    assert is_accepted("{" + "...{" * 198 + "__typename" + "}" * 199)


async def test_the_deepest_document_is_executed(client: GraphClient) -> None:
    query = "{" + "...{" * 198 + "__typename" + "}" * 199

    assert await client.data(query) == {"__typename": "Query"}


async def test_a_document_that_would_fill_the_stack_is_answered_and_not_a_fault(
    started: tuple[Starlette, GraphClient],
) -> None:
    answer = await started[1].ask(chain(3, 190, "a"))

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["MAX_COST_EXCEEDED"]


# --- work ---------------------------------------------------------------------------------------------------------


def calls(work: Callable[[], object]) -> int:
    """Return how many functions of Python are called: the same on every machine, however busy."""
    number = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal number
        number += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return number


def work_of(query: str) -> int:
    """Return the calls that preparing takes, whether it is accepted or not."""

    def prepare() -> None:
        with suppress(Refused):
            fresh().prepare(query)

    return calls(prepare)


def lettered(n: int) -> str:
    return "".join(f"...f{i} " for i in range(n))


GROWING: dict[str, Callable[[int], str]] = {
    "fields": lambda n: "{" + "__typename " * n + "}",
    "unknown fields": lambda n: "{" + "a " * n + "}",
    "lists": lambda n: "{nodes(ids:[" + "1 " * n + "]){id}}",
    "arguments": lambda n: "{products(" + "".join(f"a{i}:1 " for i in range(n // 3)) + "){totalCount}}",
    "repeated arguments": lambda n: "{products(" + "first:1 " * (n // 3) + "){totalCount}}",
    "input fields": lambda n: "{products(filter:{" + "".join(f"a{i}:1 " for i in range(n // 3)) + "}){totalCount}}",
    "variables": lambda n: "query(" + "".join(f"$v{i}:Int " for i in range(n // 4)) + "){__typename}",
    "used variables": lambda n: (
        "query("
        + "".join(f"$v{i}:ID!" for i in range(n // 7))
        + "){nodes(ids:["
        + "".join(f"$v{i} " for i in range(n // 7))
        + "]){id}}"
    ),
    "operations": lambda n: "".join(f"query q{i}{{__typename}}" for i in range(n // 5)),
    "fragments": lambda n: (
        f"{{{lettered(n // 11)}}}" + "".join(f"fragment f{i} on Query{{__typename}}" for i in range(n // 11))
    ),
    "unknown fragments": lambda n: f"{{{lettered(n // 2)}}}",
    "inline fragments": lambda n: "{" + "...on Query{__typename}" * (n // 7) + "}",
    "directives": lambda n: "{__typename " + "@include(if:true)" * (n // 7) + "}",
    "doubling fragments": lambda n: doubling(n // 13),
}


@pytest.mark.parametrize("shape", GROWING)
def test_measuring_takes_work_in_proportion_to_the_text(shape: str) -> None:
    from graphql import parse

    from traya_gql.graph.limits import check_limits

    def measured(size: int) -> int:
        document = parse(GROWING[shape](size))
        return calls(lambda: check_limits(document, graph().schema._schema, LIMITS))

    small, large = measured(900), measured(1800)

    assert large <= 2.3 * small + 100


REPEATED_NAMES = {"fields", "unknown fields", "fragments", "inline fragments"}


# validation compares fields of the same response name pair by pair: the next test bounds those
@pytest.mark.parametrize("shape", [shape for shape in GROWING if shape not in REPEATED_NAMES])
def test_preparing_takes_work_in_proportion_to_the_text(shape: str) -> None:
    small, large = work_of(GROWING[shape](900)), work_of(GROWING[shape](1800))

    assert large <= 2.5 * small + 1000


WORST = {
    "leaves": "{" + "__typename " * 1990 + "}",
    "fragments that each bring a composite field": f"{{{lettered(150)}}}"
    + "".join(f"fragment f{i} on Query{{__schema{{__typename}}}}" for i in range(150)),
    "operations that share a fragment": "".join(f"query q{i}($a:ID!){{...f}}" for i in range(75))
    + "fragment f on Query{nodes(ids:["
    + "$a " * 480
    + "]){id}}",
}


@pytest.mark.parametrize("shape", WORST)
def test_the_worst_documents_take_bounded_work(shape: str) -> None:
    assert work_of(WORST[shape]) < 1_500_000


@pytest.mark.parametrize("query", ["{" + "__schema{__typename}" * 495 + "}", "{" + "a " * 1990 + "}"])
def test_comparing_fields_of_the_same_name_pair_by_pair_ends_at_a_budget(query: str) -> None:
    code, messages = refusal(query)

    assert code == "GRAPHQL_VALIDATION_FAILED"
    assert messages[-1] == "Validation aborted."


# --- memory -------------------------------------------------------------------------------------------------------


def valid_documents() -> Iterator[str]:
    """Return ever new documents of 1,000 characters."""
    for n in count():
        yield f"{{__typename}} # {n}".ljust(1000)


def test_a_valid_document_is_prepared_once() -> None:
    with_cache = fresh()

    first = with_cache.prepare("{ __typename }")

    assert with_cache.prepare("{ __typename }") is first
    assert with_cache.prepare("{ __typename  }") is not first


async def test_a_field_is_asked_for_or_not_by_the_variable_of_each_request(
    started: tuple[Starlette, GraphClient],
) -> None:
    """What executions of a document remember must not decide for the next one."""
    query = "query ($yes: Boolean!) { here: __typename @include(if: $yes) gone: __typename @skip(if: $yes) }"

    answers = [await started[1].data(query, yes=is_asked) for is_asked in (True, False, True)]

    assert answers == [{"here": "Query"}, {"gone": "Query"}, {"here": "Query"}]


def test_an_invalid_document_is_not_kept() -> None:
    with_cache = fresh()
    for query in ("{", "{ nope }", doubling(20), nested(16)):
        for _ in range(2):
            with pytest.raises(Refused):
                with_cache.prepare(query)

    assert len(with_cache._prepared) == 0


def test_the_cache_keeps_the_latest_documents_and_no_more_than_its_limit() -> None:
    documents = [query for query, _ in zip(valid_documents(), range(25), strict=False)]
    one = fresh().prepare(documents[0]).held_bytes
    with_cache = fresh(cached_bytes=10 * one)

    prepared = [with_cache.prepare(query) for query in documents]

    assert len(with_cache._prepared) == 10
    assert with_cache._prepared.currsize == 10 * one
    assert with_cache.prepare(documents[24]) is prepared[24]
    assert with_cache.prepare(documents[0]) is not prepared[0]


def test_a_document_larger_than_the_cache_is_answered_and_not_kept() -> None:
    with_cache = fresh(cached_bytes=10)

    prepared = with_cache.prepare("{ __typename }")

    assert prepared.document is not None
    assert len(with_cache._prepared) == 0


def test_what_stands_in_a_list_without_an_argument_counts_as_often_as_the_list_can_be_long() -> None:
    """100 orders of 20 lines with their products would be answered with megabytes."""
    line = "{ product { id slug name category } }"

    query = f"{{ nodes(ids: {json.dumps(['x'] * 100)}) {{ ... on Order {{ lines {line} }} }} }}"

    # nodes, and in each of 100: lines, and in each of 20: the product and its four fields
    assert refusal(query) == too_much("fields", 10_101, 10_000)


@pytest.mark.parametrize(
    "lists",
    [
        [[{"productId": ""}] * 201],
        [[""] * 200 for _ in range(11)],
        [[[[""] * 201]]],
        [{"a": {"b": [""] * 55_000}}],
    ],
    ids=["long", "many", "nested", "huge"],
)
async def test_long_lists_in_variables_are_refused_before_anything_is_done(client: GraphClient, lists: Any) -> None:
    """Each item is looked at by every field that uses it: a request of 1 MB would hold the loop for seconds."""
    query = "query ($ids: [ID!]!) { a: nodes(ids: $ids) { id } b: nodes(ids: $ids) { id } }"

    with client.commands.counting() as commands:
        answer = await client.ask(query, ids=lists)

    [error] = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "at most 200 items" in error["message"]
    assert commands == {}
