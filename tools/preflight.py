"""Look before the set-up whether this machine has what it needs, and say what to type when not.

Runs on any Python 3, before anything is installed.
"""

import ctypes.util
import os
import platform
import shutil
import sys

OLDEST, NEWEST = (3, 11), (3, 13)


def problems() -> "list[str]":
    """Return a sentence with a command for each thing that is missing."""
    found = []
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found.append(
            f"Python 3.{OLDEST[1]} to 3.{NEWEST[1]} is needed, this is {platform.python_version()}. "
            "Name another: make serve PYTHON=python3.11   (sudo apt-get install python3.11 python3.11-venv)"
        )
    try:
        import ensurepip  # noqa: F401, PLC0415
        import venv  # noqa: F401, PLC0415
    except ImportError:
        found.append("Python's venv is missing. Type: sudo apt-get install python3-venv")
    # the embedded MongoDB is for Linux on x86_64, unless another is named or a cluster is used
    has_other = os.environ.get("MONGODB_URI") or os.environ.get("TRAYA_MONGOD") or shutil.which("mongod")
    if platform.system() == "Linux" and not has_other and ctypes.util.find_library("curl") is None:
        found.append(
            "libcurl4 is missing, which the embedded MongoDB needs. Type: sudo apt-get install libcurl4  "
            "(not needed with MONGODB_URI or TRAYA_MONGOD)"
        )
    return found


if __name__ == "__main__":
    missing = problems()
    for problem in missing:
        print(problem, file=sys.stderr)
    sys.exit(1 if missing else 0)
