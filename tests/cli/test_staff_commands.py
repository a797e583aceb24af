"""`traya-gql staff`: the first administrator is made here, with a server running or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.cli.serving import Server, run, serving
from tests.integrations.sms_standin import SmsStandIn, sms_standin_in_a_thread
from tests.processes import HANG_GUARD_S, eventually, processes_of
from tests.support import REQUEST_OTP

# each test starts the program several times: `make faults` runs them
pytestmark = pytest.mark.slow

ADMIN, OTHER = "9876543210", "9123456780"
VERIFY = """mutation ($input: VerifyOtpInput!) {
  verifyOtp(input: $input) { accessToken refreshToken customer { id roles } userErrors { code } }
}"""
REFRESH = """mutation ($input: RefreshSessionInput!) {
  refreshSession(input: $input) { accessToken userErrors { code } }
}"""
SET_ROLES = """mutation ($input: SetRolesInput!) {
  setRoles(input: $input) { staff { phone roles } userErrors { code path } }
}"""
RENAME = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { userErrors { code path } } }"
ROLES = "{ viewer { roles } }"


class Tokens(NamedTuple):
    """What somebody got who signed in at a server."""

    access: str
    refresh: str
    customer_id: str
    roles: list[str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def vendor() -> Iterator[SmsStandIn]:
    with sms_standin_in_a_thread() as vendor:
        yield vendor


def ask(server: Server, query: str, token: str | None = None, **typed: Any) -> dict[str, Any]:
    """Return the whole answer of a server; `typed` is the input of a mutation."""
    answer: dict[str, Any] = httpx.post(
        f"http://127.0.0.1:{server.port}/graphql",
        json={"query": query, "variables": {"input": typed}},
        headers={"authorization": f"Bearer {token}"} if token else {},
        timeout=HANG_GUARD_S,
    ).json()
    return answer


def roles_of(server: Server, token: str) -> list[str] | str:
    """Return the roles of a token, or the code of why there are none."""
    answer = ask(server, ROLES, token)
    if "errors" in answer:
        code: str = answer["errors"][0]["extensions"]["code"]
        return code
    roles: list[str] = answer["data"]["viewer"]["roles"]
    return roles


def sign_in(server: Server, vendor: SmsStandIn, phone: str) -> Tokens:
    challenge = ask(server, REQUEST_OTP, phone=phone)["data"]["requestOtp"]["challenge"]
    code = vendor.next_message_blocking().text[:6]
    given = ask(server, VERIFY, challenge=challenge, code=code)["data"]["verifyOtp"]
    assert given["userErrors"] == []
    return Tokens(given["accessToken"], given["refreshToken"], given["customer"]["id"], given["customer"]["roles"])


def sms_of(vendor: SmsStandIn) -> dict[str, str]:
    return {"TRAYA_SMS_URL": vendor.url, "TRAYA_SMS_TOKEN": vendor.token}


def test_help_teaches(tmp_path: Path) -> None:
    shown = run("staff", "invite", "--help", cwd=tmp_path)

    assert shown.returncode == 0
    assert "traya-gql staff invite 9876543210 --role ADMIN" in shown.stdout
    assert "ADMIN" in shown.stdout.partition("--role")[2]


def test_staff_are_invited_and_listed(tmp_path: Path, elsewhere: dict[str, str]) -> None:
    nobody = run("staff", "list", cwd=tmp_path, **elsewhere)
    invited = run("staff", "invite", "+91 98765-43210", "--role", "ADMIN", cwd=tmp_path, **elsewhere)
    run("staff", "invite", OTHER, "--role", "DOCTOR", "--role", "COACH", cwd=tmp_path, **elsewhere)
    again = run("staff", "invite", ADMIN, "--role", "SUPPORT", cwd=tmp_path, **elsewhere)
    listed = run("staff", "list", cwd=tmp_path, **elsewhere)

    assert nobody.stdout.strip() == ("There is no staff yet. Make the first: traya-gql staff invite PHONE --role ADMIN")
    assert invited.stdout.splitlines() == [
        "+919876543210 is ADMIN as soon as they sign in, or refresh their session.",
        "This is in the database of MONGODB_URI.",
    ]
    assert again.stdout.startswith("+919876543210 is ADMIN, SUPPORT as soon as")
    assert [one.returncode for one in (nobody, invited, again, listed)] == [0, 0, 0, 0]
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in listed.stdout.splitlines() if "+91" in line]
    assert rows == [
        ["+919123456780", "", "COACH, DOCTOR", "not yet"],
        ["+919876543210", "", "ADMIN, SUPPORT", "not yet"],
    ]


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["12345", "--role", "ADMIN"], "mobile number", 1),
        ([ADMIN, "--role", "ADMIN", "--role", "CUSTOMER"], "Everybody is a customer: this role is not given", 1),
        ([ADMIN, "--role", "BOSS"], "'BOSS' is not one of", 2),
        ([ADMIN], "Missing option '--role'", 2),
    ],
)
def test_what_is_wrong_is_said_in_words(
    tmp_path: Path, elsewhere: dict[str, str], arguments: list[str], said: str, code: int
) -> None:
    refused = run("staff", "invite", *arguments, cwd=tmp_path, **elsewhere)

    assert refused.returncode == code
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""


def test_an_admin_signs_in_at_a_server_and_manages_staff_there(data: Path, tmp_path: Path, vendor: SmsStandIn) -> None:
    run("staff", "invite", ADMIN, "--role", "ADMIN", "--data", str(data), cwd=tmp_path)
    assert processes_of(data) == {}
    with serving(data, **sms_of(vendor)) as server:
        admin, other = sign_in(server, vendor, ADMIN), sign_in(server, vendor, OTHER)

        given = ask(server, SET_ROLES, admin.access, customerId=other.customer_id, roles=["DOCTOR"])
        own = ask(server, SET_ROLES, admin.access, customerId=admin.customer_id, roles=["DOCTOR"])
        listed = run("staff", "list", "--data", str(data), cwd=tmp_path)

        assert (admin.roles, other.roles) == (["CUSTOMER", "ADMIN"], ["CUSTOMER"])
        assert given["data"]["setRoles"] == {
            "staff": {"phone": "+919123456780", "roles": ["CUSTOMER", "DOCTOR"]},
            "userErrors": [],
        }
        assert own["data"]["setRoles"]["userErrors"] == [{"code": "OWN_ACCOUNT", "path": ["input", "customerId"]}]
        assert roles_of(server, other.access) == "UNAUTHENTICATED"
        assert [line.count("yes") for line in listed.stdout.splitlines() if "+91" in line] == [1, 1]


def test_an_invitation_reaches_a_running_server_and_ends_the_tokens_that_lack_the_role(
    data: Path, tmp_path: Path, vendor: SmsStandIn
) -> None:
    with serving(data, **sms_of(vendor)) as server:
        asha, other = sign_in(server, vendor, ADMIN), sign_in(server, vendor, OTHER)
        assert roles_of(server, asha.access) == ["CUSTOMER"]

        invited = run("staff", "invite", ADMIN, "--role", "SUPPORT", "--data", str(data), cwd=tmp_path)

        assert invited.returncode == 0, invited.stderr
        eventually(lambda: roles_of(server, asha.access) == "UNAUTHENTICATED")
        given = ask(server, REFRESH, refreshToken=asha.refresh)["data"]["refreshSession"]
        assert given["userErrors"] == []
        assert roles_of(server, given["accessToken"]) == ["CUSTOMER", "SUPPORT"]
        assert roles_of(server, other.access) == ["CUSTOMER"]
        # the command leaves the database to the server
        assert ask(server, "{ products { totalCount } }")["data"] == {"products": {"totalCount": 20}}
        assert set(processes_of(data)) == {"keeper", "mongod"}
    assert processes_of(data) == {}


def test_a_name_is_listed_as_it_is(data: Path, tmp_path: Path, vendor: SmsStandIn, elsewhere: dict[str, str]) -> None:
    """Staff choose their names: they are text, and not for the terminal to obey."""
    with serving(data, **elsewhere, **sms_of(vendor)) as server:
        run("staff", "invite", ADMIN, "--role", "COACH", cwd=tmp_path, **elsewhere)
        asha = sign_in(server, vendor, ADMIN)
        for name in ("Asha [red]Rao[/red] :smile:", "Asha [/b] Rao"):
            assert ask(server, RENAME, asha.access, name=name)["data"]["updateProfile"]["userErrors"] == []

            listed = run("staff", "list", cwd=tmp_path, **elsewhere)

            assert f"│ {name} │" in listed.stdout, listed.stderr[-500:]
