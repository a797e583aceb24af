"""Write or check the lock files: pinned packages with hashes, for all platforms, without addresses.

python tools/lock.py write | check
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "requirements"

# lock -> what it holds besides the dependencies
LOCKS: dict[str, list[str]] = {
    "production": ["--group", "build"],
    "serve": ["--group", "build", "--extra", "embedded"],
    "dev": ["--group", "build", "--extra", "embedded", "--group", "dev"],
}


def compile_lock(name: str, target: Path) -> None:
    """Write the lock to `target`; pins that `target` holds already are kept where they still fit."""
    subprocess.run(
        [
            *(str(Path(sys.executable).parent / "uv"), "pip", "compile", "pyproject.toml", *LOCKS[name]),
            *("--universal", "--python-version", "3.11", "--generate-hashes"),
            *("--no-emit-index-url", "--no-annotate", "--no-header", "--quiet"),
            *("--output-file", str(target)),
        ],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def write() -> None:
    """Write all locks anew."""
    for name in LOCKS:
        compile_lock(name, FOLDER / f"{name}.lock")


def faults() -> list[str]:
    """Return what is wrong with the locks, in sentences."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name in LOCKS:
            lock = FOLDER / f"{name}.lock"
            text = lock.read_text(encoding="utf-8")
            if re.search(r"https?://|--(extra-)?index-url|--find-links", text):
                found.append(f"{lock.name} names an address")
            pins = re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)
            if len(pins) > text.count("--hash=sha256:"):
                found.append(f"{lock.name} has packages without a hash")
            again = Path(folder) / lock.name
            again.write_text(text, encoding="utf-8")
            compile_lock(name, again)
            if again.read_text(encoding="utf-8") != text:
                found.append(f"{lock.name} does not hold what pyproject.toml asks for. Run: make lock")
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        write()
    elif sys.argv[1:] == ["check"]:
        wrong = faults()
        print("\n".join(wrong), end="\n" if wrong else "")
        sys.exit(1 if wrong else 0)
    else:
        sys.exit(__doc__)
