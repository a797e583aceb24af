"""Keep a data folder as a release wrote it, for the tests of migrations, with what its clients sent and were shown.

python -m tools.release_folder NUMBER [CHECKOUT]

NUMBER is the release's, 1 or 2; CHECKOUT a clean checkout of its code, this one when left out. The Python that runs
this needs the release's dependencies. Writes tests/releases/release-NUMBER.tar.xz and .json. All people are made up.
"""

from __future__ import annotations

import json
import os
import re
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

from tools.release_operations import EXAMPLES, MORE_OPERATIONS
from tools.release_stories import LIVES

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests" / "releases"
SECRET_KEY = "a secret of the tests, long enough to sign"  # noqa: S105 - made up
ACCESS_TOKEN_DAYS = 30
PATIENCE_S = 60

# what mongod makes anew, or says about the machine rather than about the release
LEFT_OUT = {"journal", "diagnostic.data", "_tmp", "mongod.lock", "WiredTiger.lock"}

# --- the release and its clients --------------------------------------------------------------------------------------


class ReleaseFault(Exception):
    """Why no folder was kept, in words."""


@dataclass(frozen=True)
class Release:
    """The code of a release, and how to run it."""

    number: int
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
        examples = {name: self.example(f"{name}.graphql") for name in EXAMPLES[self.number]}
        return {**examples, **MORE_OPERATIONS[self.number]}

    def input(self, name: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Return the input of an example with a key of its own; `changes` go to the part that has the field."""
        typed: dict[str, Any] = json.loads(self.example(f"{name}.json"))["input"]
        for field, value in {"idempotencyKey": str(uuid4()), **changes}.items():
            parts = [part for part in (typed, *typed.values()) if isinstance(part, dict) and field in part]
            (parts[0] if parts else typed)[field] = value
        return typed

    def run(self, data: Path, *arguments: str) -> None:
        """Run a command of the release on a folder, beside its server or without one."""
        # where no file .env is, as for the server
        command = (sys.executable, "-m", "traya_gql", *arguments, "--data", str(data))
        _said_by(*command, env=self.environment(), cwd=data.parent)

    def _git(self, *arguments: str) -> str:
        return _said_by("git", "-C", str(self.source), *arguments)


@dataclass(frozen=True)
class Client:
    """Asks a running server as a front end of its release would. `output` is what the server prints."""

    release: Release
    port: int
    output: Path

    def ask(self, operation: str, *, bearer: str | None = None, **variables: Any) -> Any:
        """Return the only field of the answer; `bearer` is the access token of who asks.

        Raises:
            ReleaseFault: the request failed or was refused.
        """
        query = {"query": self.release.operations()[operation], "variables": variables}
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        url = f"http://127.0.0.1:{self.port}/graphql"
        answer = httpx.post(url, json=query, headers=headers, timeout=PATIENCE_S).json()
        (field,) = (answer.get("data") or {"nothing": None}).values()
        if "errors" in answer or field is None or field.get("userErrors"):
            raise ReleaseFault(f"{operation} was answered with {answer}")
        return field

    def mutate(self, operation: str, typed: dict[str, Any], *, bearer: str | None) -> Any:
        """Send it twice, and return the first answer.

        Raises:
            ReleaseFault: the repeat had another effect, or the request failed.
        """
        first, second = (self.ask(operation, bearer=bearer, input=typed) for _ in range(2))
        if {**first, "isReplay": True} != second:
            raise ReleaseFault(f"{operation} was repeated with {second}")
        return first

    def sign_in(self, phone: str, *, device: str) -> Any:
        """Sign in with the code that the server prints, and return the session's tokens and whose they are."""
        challenge = self.ask("request_otp", input={"phone": phone})["challenge"]
        # it is printed before the answer is sent
        codes = re.findall(rf"Message to \+91{phone}:\s+(\d{{6}})", self.output.read_text(encoding="utf-8"))
        return self.ask("verify_otp", input={"challenge": challenge, "code": codes[-1], "device": device})

    def take_hair_test(self, changes: dict[str, Any], *, bearer: str | None = None) -> dict[str, Any]:
        """Take a hair test, and return what was sent and shown."""
        typed = self.release.input("submit_hair_test", changes)
        submitted = self.mutate("submit_hair_test", typed, bearer=bearer)
        public_id, token = submitted["report"]["publicId"], submitted["accessToken"]
        return {
            "input": typed,
            "submitted": submitted,
            "report": self.ask("report", publicId=public_id),
            "privateReport": self.ask("private_report", publicId=public_id, accessToken=token),
        }

    def order(self, hair_test: dict[str, Any], changes: dict[str, Any], *, bearer: str | None = None) -> dict[str, Any]:
        """Order from the report of a hair test, and return what was sent and shown."""
        lines = [{"productId": item["product"]["id"], "quantity": 2} for item in hair_test["report"]["kit"]["items"]]
        typed = self.release.input(
            "place_order",
            {
                "reportPublicId": hair_test["submitted"]["report"]["publicId"],
                **changes,
                **({"lines": lines} if changes.get("lines") else {}),
            },
        )
        placed = self.mutate("place_order", typed, bearer=bearer)
        token = placed["accessToken"]
        return {
            "input": typed,
            "placed": placed,
            "order": self.ask("order", accessToken=token),
            "wholeOrder": self.ask("whole_order", accessToken=token),
        }


# --- the folder -------------------------------------------------------------------------------------------------------


@contextmanager
def serving(release: Release, data: Path) -> Iterator[Client]:
    """A client of the release's server on a folder. The server ends cleanly, and its database too."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "traya_gql", "serve", "--port", str(port), "--data", str(data)]
    printed = data.parent / "output"
    with printed.open("w", encoding="utf-8") as output:
        # beside the data folder: a file .env of whoever runs this must not count
        process = subprocess.Popen(
            command, cwd=data.parent, env=release.environment(), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_ready(process, port)
            _keep_no_history(data)
            yield Client(release, port, printed)
            _forget_machine(data)
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(PATIENCE_S)
    if code != 0:
        raise ReleaseFault(f"The server ended with code {code}: {printed.read_text(encoding='utf-8')}")


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


def keep(release: Release) -> Path:
    """Make the folder of a release, keep it, and return its archive."""
    archive = FOLDER / f"release-{release.number}.tar.xz"
    made_at = datetime.now(UTC).replace(microsecond=0)
    told = {
        "release": release.number,
        "commit": release.commit(),
        "madeAt": made_at.isoformat(),
        "secretKey": SECRET_KEY,
        "accessTokenDays": ACCESS_TOKEN_DAYS,
        "operations": release.operations(),
    }
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        with serving(release, data) as client:
            told |= LIVES[release.number](client, data)
        pack(data, archive, made_at=made_at)
    text = json.dumps(told, indent=2, ensure_ascii=False)
    (FOLDER / f"release-{release.number}.json").write_text(f"{text}\n", encoding="utf-8")
    return archive


@contextmanager
def _mongodb(data: Path) -> Iterator[MongoClient[dict[str, Any]]]:
    port = (data / "port").read_text(encoding="ascii").strip()
    with MongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{port}/?replicaSet=traya") as client:
        yield client


def _keep_no_history(data: Path) -> None:
    """Let mongod forget at once what records were before they changed: nobody reads it, and it made a quarter."""
    with _mongodb(data) as client:
        client.admin.command("setParameter", 1, minSnapshotHistoryWindowInSeconds=0)


def _forget_machine(data: Path) -> None:
    """Drop what mongod notes at each start: the machine's name and paths."""
    with _mongodb(data) as client:
        client.local.drop_collection("startup_log")


def _said_by(*command: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    return subprocess.run(command, env=env, cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


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
        case [number, *source] if number.isdecimal() and int(number) in LIVES and len(source) <= 1:
            try:
                made = keep(Release(int(number), Path(source[0] if source else ROOT).resolve()))
            except ReleaseFault as fault:
                sys.exit(str(fault))
            print(f"{made}: {made.stat().st_size / 1000:.0f} kB")
        case _:
            sys.exit(__doc__)
