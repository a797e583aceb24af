"""Keep a data folder as a release wrote it, for the tests of migrations, with what its clients sent and were shown.

python tools/release_folder.py NUMBER [CHECKOUT]

NUMBER is the release's; CHECKOUT a clean checkout of its code, this one when left out. The Python that runs this needs
the release's dependencies. Writes tests/releases/release-NUMBER.tar.xz and .json. All people are made up.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from pymongo import MongoClient

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests" / "releases"
SECRET_KEY = "a secret of the tests, long enough to sign"  # noqa: S105 - made up
ACCESS_TOKEN_DAYS = 30
PATIENCE_S = 60

# what mongod makes anew, or says about the machine rather than about the release
LEFT_OUT = {"journal", "diagnostic.data", "_tmp", "mongod.lock", "WiredTiger.lock"}

EXAMPLES = ("submit_hair_test", "report", "place_order", "order")

PRIVATE_REPORT = """# What the access token of submitHairTest opens, but for the person.
query PrivateReport($publicId: String!, $accessToken: String!) {
  report(publicId: $publicId, accessToken: $accessToken) {
    id
    publicId
    createdAt
    rulesetVersion
    causes {
      cause
      score
      answersThatRaisedIt
    }
    safetyFindings {
      code
      action
    }
    hairTest {
      id
      submittedAt
      hairLossStage
      familyHistory
      dandruff
      sleep
      stress
      hasAcidityOrGas
      energyLevel
      isTakingSupplements
      report {
        publicId
      }
    }
  }
}
"""

WHOLE_ORDER = """# What examples/order.graphql leaves out.
query WholeOrder($accessToken: String!) {
  order(accessToken: $accessToken) {
    id
    paymentMethod
    lines {
      unitPrice {
        minorUnits
      }
      total {
        minorUnits
      }
    }
    pricing {
      subtotal {
        minorUnits
      }
      total {
        minorUnits
      }
    }
    shippingAddress {
      ...Whole
    }
    billingAddress {
      ...Whole
    }
  }
}

fragment Whole on Address {
  name
  addressLine
  city
  state
  pinCode
  country
}
"""

# what differs from examples/submit_hair_test.json: three people, the first of whom comes twice
HAIR_TESTS: tuple[dict[str, Any], ...] = (
    {"name": "Asha Rao", "phone": "98765 43210", "age": 28, "gender": "FEMALE"},
    {"name": "Ravi Kumar Iyer", "phone": "09876543211", "age": 45, "gender": "MALE", "dandruff": "PSORIASIS"},
    {
        "name": "Noor",
        "phone": "9876543212",
        "age": 63,
        "gender": "OTHER",
        "hairLossStage": "STAGE_6",
        "familyHistory": "BOTH",
        "dandruff": "NO",
        "sleep": "PEACEFUL",
        "stress": "HIGH",
        "energyLevel": "VERY_LOW",
        "isTakingSupplements": True,
    },
    {
        "name": "Asha Rao",
        "phone": "+91 98765-43210",
        "age": 29,
        "gender": "FEMALE",
        "hairLossStage": "STAGE_3",
        "familyHistory": "NONE",
        "dandruff": "HEAVY",
        "sleep": "DIFFICULT",
        "stress": "NONE",
        "hasAcidityOrGas": False,
        "energyLevel": "HIGH",
    },
)

ELSEWHERE = {
    "name": "Meena Iyer",
    "addressLine": "4 Beach Road, Flat 2",
    "city": "Chennai",
    "state": "TAMIL_NADU",
    "pinCode": "600 004",
}

# which hair test's report an order is from, and what differs from examples/place_order.json; True stands for the kit's
# products by name, two of each
ORDERS: tuple[tuple[int, dict[str, Any]], ...] = (
    (0, {}),
    (0, {"lines": True, "billingAddress": ELSEWHERE, "paymentMethod": "SNAPMINT"}),
    (1, {"phone": "9876543213", "shippingAddress": ELSEWHERE}),
)


class ReleaseFault(Exception):
    """Why no folder was kept, in words."""


@dataclass(frozen=True)
class Release:
    """The code of a release, and how to run it."""

    source: Path

    def commit(self) -> str:
        """Return the commit of a clean checkout.

        Raises:
            ReleaseFault: files differ from it.
        """
        if self._git("status", "--porcelain", "--", "src", "examples"):
            raise ReleaseFault(f"{self.source} differs from its commit.")
        return self._git("rev-parse", "HEAD")

    def environment(self) -> dict[str, str]:
        """Return the environment that runs this code, without settings of whoever runs this.

        Raises:
            ReleaseFault: Python imports other code.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRAYA_", "MONGODB_"))}
        source = self.source / "src"
        set_here = {"TRAYA_SECRET_KEY": SECRET_KEY, "TRAYA_ACCESS_TOKEN_DAYS": str(ACCESS_TOKEN_DAYS)}
        environment = {**kept, **set_here, "PYTHONPATH": str(source)}
        question = "import traya_gql; print(traya_gql.__file__)"
        imported = _said_by(sys.executable, "-c", question, env=environment)
        if not Path(imported).is_relative_to(source):
            raise ReleaseFault(f"Python imports {imported} instead of the code in {source}.")
        return environment

    def example(self, name: str) -> str:
        """Return a file of the folder `examples`."""
        return (self.source / "examples" / name).read_text(encoding="utf-8")

    def operations(self) -> dict[str, str]:
        """Return what a client of this release sends, by name."""
        examples = {name: self.example(f"{name}.graphql") for name in EXAMPLES}
        return {**examples, "private_report": PRIVATE_REPORT, "whole_order": WHOLE_ORDER}

    def input(self, name: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Return the input of an example with a key of its own; `changes` go to the part that has the field."""
        typed: dict[str, Any] = json.loads(self.example(f"{name}.json"))["input"]
        for field, value in {"idempotencyKey": str(uuid4()), **changes}.items():
            parts = [part for part in (typed, *typed.values()) if isinstance(part, dict) and field in part]
            (parts[0] if parts else typed)[field] = value
        return typed

    def _git(self, *arguments: str) -> str:
        return _said_by("git", "-C", str(self.source), *arguments)


@dataclass(frozen=True)
class Client:
    """Asks a running server as a front end of its release would."""

    port: int
    operations: dict[str, str]

    def ask(self, operation: str, **variables: Any) -> Any:
        """Return the only field of the answer.

        Raises:
            ReleaseFault: the request failed or was refused.
        """
        query = {"query": self.operations[operation], "variables": variables}
        answer = httpx.post(f"http://127.0.0.1:{self.port}/graphql", json=query, timeout=PATIENCE_S).json()
        (field,) = (answer.get("data") or {"nothing": None}).values()
        if "errors" in answer or field is None or field.get("userErrors"):
            raise ReleaseFault(f"{operation} was answered with {answer}")
        return field

    def mutate(self, operation: str, typed: dict[str, Any]) -> Any:
        """Send it twice, and return the first answer.

        Raises:
            ReleaseFault: the repeat had another effect, or the request failed.
        """
        first, second = self.ask(operation, input=typed), self.ask(operation, input=typed)
        if {**first, "isReplay": True} != second:
            raise ReleaseFault(f"{operation} was repeated with {second}")
        return first


def live(client: Client, release: Release) -> dict[str, Any]:
    """Do what people do, and return what they sent and were shown."""
    hair_tests, orders = [], []
    for changes in HAIR_TESTS:
        typed = release.input("submit_hair_test", changes)
        submitted = client.mutate("submit_hair_test", typed)
        public_id, token = submitted["report"]["publicId"], submitted["accessToken"]
        hair_tests.append(
            {
                "input": typed,
                "submitted": submitted,
                "report": client.ask("report", publicId=public_id),
                "privateReport": client.ask("private_report", publicId=public_id, accessToken=token),
            }
        )
    for number, changes in ORDERS:
        hair_test = hair_tests[number]
        lines = [{"productId": item["product"]["id"], "quantity": 2} for item in hair_test["report"]["kit"]["items"]]
        typed = release.input(
            "place_order",
            {
                "reportPublicId": hair_test["submitted"]["report"]["publicId"],
                **changes,
                **({"lines": lines} if changes.get("lines") else {}),
            },
        )
        placed = client.mutate("place_order", typed)
        token = placed["accessToken"]
        orders.append(
            {
                "input": typed,
                "placed": placed,
                "order": client.ask("order", accessToken=token),
                "wholeOrder": client.ask("whole_order", accessToken=token),
            }
        )
    return {"hairTests": hair_tests, "orders": orders}


@contextmanager
def serving(release: Release, data: Path) -> Iterator[int]:
    """The release's server on a folder; the port. It ends cleanly, and its database too."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "traya_gql", "serve", "--port", str(port), "--data", str(data)]
    with (data.parent / "output").open("w+", encoding="utf-8") as output:
        # beside the data folder: a file .env of whoever runs this must not count
        process = subprocess.Popen(
            command, cwd=data.parent, env=release.environment(), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_ready(process, port)
            yield port
            _forget_machine(data)
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(PATIENCE_S)
        if code != 0:
            output.seek(0)
            raise ReleaseFault(f"The server ended with code {code}: {output.read()}")


def pack(data: Path, archive: Path, *, made_at: datetime) -> None:
    """Write the database of a stopped server into an archive `db/...`: sorted, without owners and times of files.

    Raises:
        ReleaseFault: the folder holds a secret, or mongod did not end cleanly.
    """
    db = data / "db"
    if (data / "development-secret").exists():
        raise ReleaseFault("The folder holds a development secret.")
    if (db / "mongod.lock").read_bytes():
        raise ReleaseFault("mongod did not end cleanly.")

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = int(made_at.timestamp())
        entry.mode = 0o700 if entry.isdir() else 0o600
        return entry

    with tarfile.open(archive, "w:xz", preset=9) as target:
        target.add(db, "db", recursive=False, filter=plain)
        for path in sorted(db.rglob("*")):
            place = path.relative_to(data)
            if not LEFT_OUT & set(place.parts):
                target.add(path, str(place), recursive=False, filter=plain)


def keep(number: int, release: Release) -> Path:
    """Make the folder of a release, keep it, and return its archive."""
    archive = FOLDER / f"release-{number}.tar.xz"
    made_at = datetime.now(UTC).replace(microsecond=0)
    operations = release.operations()
    told = {
        "release": number,
        "commit": release.commit(),
        "madeAt": made_at.isoformat(),
        "secretKey": SECRET_KEY,
        "accessTokenDays": ACCESS_TOKEN_DAYS,
        "operations": operations,
    }
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        with serving(release, data) as port:
            told |= live(Client(port, operations), release)
        pack(data, archive, made_at=made_at)
    text = json.dumps(told, indent=2, ensure_ascii=False)
    (FOLDER / f"release-{number}.json").write_text(f"{text}\n", encoding="utf-8")
    return archive


def _forget_machine(data: Path) -> None:
    """Drop what mongod notes at each start: the machine's name and paths."""
    port = (data / "port").read_text(encoding="ascii").strip()
    with MongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{port}/?replicaSet=traya") as client:
        client.local.drop_collection("startup_log")


def _said_by(*command: str, env: dict[str, str] | None = None) -> str:
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout.strip()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise ReleaseFault("The server did not become ready.")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [number, *source] if number.isdecimal() and len(source) <= 1:
            try:
                made = keep(int(number), Release(Path(source[0] if source else ROOT).resolve()))
            except ReleaseFault as fault:
                sys.exit(str(fault))
            print(f"{made}: {made.stat().st_size / 1000:.0f} kB")
        case _:
            sys.exit(__doc__)
