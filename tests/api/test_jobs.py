"""The jobs of the server, as staff look at them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel
from starlette.applications import Starlette

from tests.support import GraphClient, SignedIn
from traya_gql.app import now
from traya_gql.domain.jobs import JobState
from traya_gql.domain.roles import STAFF_ROLES, Role
from traya_gql.schema.scalars import format_datetime
from traya_gql.services.jobs import JobKind
from traya_gql.services.staff import Staff

SUPPORT, OTHER = "9000000001", "9000000002"
PRIVATE = "what only the worker is given"
JOBS = """query ($state: JobState, $first: Int! = 20, $after: String) {
  jobs(state: $state, first: $first, after: $after) {
    nodes { id name state attempts createdAt dueAt finishedAt worker error }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}"""
IDS = """query ($state: JobState, $first: Int! = 20, $after: String) {
  jobs(state: $state, first: $first, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } }
}"""
FIELDS = '{ __type(name: "Job") { fields { name } } }'


class Note(BaseModel):
    """What the jobs of these tests are given."""

    text: str


NOTE = JobKind(name="tests.note", payload=Note)


@pytest.fixture
def staff(started: tuple[Starlette, GraphClient], client: GraphClient) -> Staff:
    """The room of the services, as the command line calls it."""
    services: Staff = started[0].state.services.staff
    return services


@pytest.fixture
async def support(client: GraphClient, staff: Staff) -> SignedIn:
    await staff.invite(SUPPORT, [Role.SUPPORT], by=None)
    return await client.sign_in(SUPPORT)


async def schedule(at: datetime) -> None:
    await NOTE.schedule(Note(text=PRIVATE), at=at)


async def ids_of(database: Any) -> list[str]:
    """Return the ids of all jobs, in the order that a list of them has."""
    found = await database.jobs.find({}).to_list()
    found.sort(key=lambda one: (one["created_at"], one["_id"].bytes), reverse=True)
    return [str(one["_id"]) for one in found]


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
async def test_only_support_and_admin_look_at_jobs(client: GraphClient, staff: Staff, role: Role) -> None:
    await staff.invite(OTHER, [role], by=None)
    token = (await client.sign_in(OTHER)).access_token
    await schedule(now())

    answer = await client.ask(IDS, bearer=token)

    if role in {Role.SUPPORT, Role.ADMIN}:
        assert len(answer["data"]["jobs"]["nodes"]) == 1
    else:
        assert answer["data"] == {"jobs": None}
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_customers_and_strangers_look_at_no_jobs(client: GraphClient) -> None:
    token = (await client.sign_in(OTHER)).access_token

    assert await client.code(IDS, bearer=token) == "FORBIDDEN"
    assert await client.code(IDS) == "UNAUTHENTICATED"


# --- what is shown ----------------------------------------------------------------------------------------------------


async def test_a_waiting_job_is_shown_with_its_times_and_without_what_never_was(
    client: GraphClient, support: SignedIn, database: Any
) -> None:
    at = now()
    await NOTE.schedule(Note(text=PRIVATE), at=at, due_at=at + timedelta(minutes=5))

    shown = await client.data(JOBS, bearer=support.access_token)

    [id_] = await ids_of(database)
    assert shown["jobs"] == {
        "nodes": [
            {
                "id": id_,
                "name": "tests.note",
                "state": "WAITING",
                "attempts": 0,
                "createdAt": format_datetime(at),
                "dueAt": format_datetime(at + timedelta(minutes=5)),
                "finishedAt": None,
                "worker": None,
                "error": None,
            }
        ],
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "endCursor": shown["jobs"]["pageInfo"]["endCursor"],
        },
    }


async def test_a_job_that_was_given_up_says_why_and_by_whom(
    client: GraphClient, support: SignedIn, database: Any
) -> None:
    at = now()
    await schedule(at)
    ended = {"state": "DEAD", "attempts": 10, "worker": "host:1", "error": "ValueError at x.py:1 f", "finished_at": at}
    await database.jobs.update_one({}, {"$set": ended})

    [shown] = (await client.data(JOBS, bearer=support.access_token))["jobs"]["nodes"]

    assert (shown["state"], shown["attempts"], shown["worker"]) == ("DEAD", 10, "host:1")
    assert (shown["error"], shown["finishedAt"]) == ("ValueError at x.py:1 f", format_datetime(at))


async def test_what_a_job_is_given_is_not_shown(client: GraphClient, support: SignedIn) -> None:
    await schedule(now())

    shown = await client.data(JOBS, bearer=support.access_token)
    fields = await client.data(FIELDS, bearer=support.access_token)

    assert PRIVATE not in str(shown)
    assert sorted(field["name"] for field in fields["__type"]["fields"]) == [
        "attempts",
        "createdAt",
        "dueAt",
        "error",
        "finishedAt",
        "id",
        "name",
        "state",
        "worker",
    ]


# --- which ones, in which order ---------------------------------------------------------------------------------------


@pytest.fixture
async def many(database: Any) -> list[str]:
    """Jobs in all states, several of them at one moment: their ids, the newest first."""
    at = now()
    for number in range(23):
        await schedule(at - timedelta(seconds=number // 3))
    ids = await ids_of(database)
    for id_, state in zip(ids, cycle(JobState), strict=False):
        await database.jobs.update_one({"_id": UUID(id_)}, {"$set": {"state": state}})
    return ids


@pytest.mark.parametrize("state", [None, *JobState])
@pytest.mark.parametrize("first", [1, 3, 5, 100])
async def test_pages_show_each_job_of_a_state_once_the_newest_first(
    client: GraphClient, support: SignedIn, many: list[str], state: JobState | None, first: int
) -> None:
    walked: list[str] = []
    after, has_next = None, True

    while has_next:
        answer = await client.data(IDS, bearer=support.access_token, state=state, first=first, after=after)
        page = answer["jobs"]
        walked += [node["id"] for node in page["nodes"]]
        after, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    # each fourth one is in this state
    assert walked == (many if state is None else many[list(JobState).index(state) :: 4])


async def test_a_job_that_comes_while_pages_are_turned_moves_none(
    client: GraphClient, support: SignedIn, many: list[str]
) -> None:
    first = (await client.data(JOBS, bearer=support.access_token, first=10))["jobs"]

    await schedule(now() + timedelta(seconds=1))
    second = (await client.data(JOBS, bearer=support.access_token, after=first["pageInfo"]["endCursor"]))["jobs"]

    assert [node["id"] for node in first["nodes"] + second["nodes"]] == many
    assert [page["pageInfo"]["hasPreviousPage"] for page in (first, second)] == [False, True]


@pytest.mark.parametrize("variables", [{"first": 0}, {"first": 101}, {"after": "garbage"}, {"after": ""}])
async def test_a_page_of_jobs_that_is_none_is_refused(
    client: GraphClient, support: SignedIn, variables: dict[str, Any]
) -> None:
    assert await client.code(IDS, bearer=support.access_token, **variables) == "BAD_USER_INPUT"


async def test_a_cursor_of_another_list_is_refused(client: GraphClient, support: SignedIn, database: Any) -> None:
    others = await client.data("{ staff(first: 1) { pageInfo { endCursor } } }", bearer=support.access_token)
    foreign = others["staff"]["pageInfo"]["endCursor"]
    assert foreign is not None

    assert await client.code(IDS, bearer=support.access_token, after=foreign) == "BAD_USER_INPUT"


async def test_an_id_of_a_job_names_nothing_else(client: GraphClient, support: SignedIn) -> None:
    assert (
        await client.code("query ($id: ID!) { node(id: $id) { id } }", bearer=support.access_token, id=str(uuid4()))
        == "BAD_USER_INPUT"
    )
