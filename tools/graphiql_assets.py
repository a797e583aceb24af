"""Keep GraphiQL's third-party files exactly as they were published.

    python tools/graphiql_assets.py            the committed files equal the manifest (no network)
    python tools/graphiql_assets.py refresh    take the pinned packages anew with `npm pack`, write files and manifest

To move to another version: change `PACKAGES`, run `refresh`, run the browser test, commit what changed.
"""

import argparse
import json
import subprocess
import sys
import tarfile
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256, sha512
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[1] / "src" / "traya_gql" / "web" / "static" / "graphiql"
MANIFEST: Final = "manifest.json"
LICENCE_FILE: Final = "LICENSE"


@dataclass(frozen=True, kw_only=True)
class Package:
    """One pinned package and the files of it that the page needs, by their path inside the package."""

    name: str
    version: str
    licence: str
    files: tuple[str, ...]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The files kept in the repository: those the page loads, and the licence."""
        return (LICENCE_FILE, *self.files)

    def kept_at(self, file: str) -> str:
        """Return where a file lies below the folder: flat, one folder a package."""
        return f"{self.name}/{PurePosixPath(file).name}"


PACKAGES: Final = (
    Package(name="graphiql", version="3.9.0", licence="MIT", files=("graphiql.min.css", "graphiql.min.js")),
    Package(name="react", version="18.3.1", licence="MIT", files=("umd/react.production.min.js",)),
    Package(name="react-dom", version="18.3.1", licence="MIT", files=("umd/react-dom.production.min.js",)),
)


class Refused(Exception):
    """A published package is not what it is pinned to be."""


def problems(folder: Path) -> list[str]:
    """Return what differs between the folder, its manifest and the pins, one sentence each; empty when all is well."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [f"{MANIFEST} cannot be read: {error}"]

    found = []
    listed = {entry["name"]: entry for entry in manifest["packages"]}
    if sorted(listed) != sorted(package.name for package in PACKAGES):
        found.append(f"{MANIFEST} lists {sorted(listed)}, not the packages pinned here")
    kept = {MANIFEST}
    for package in PACKAGES:
        entry = listed.get(package.name)
        if entry is None:
            continue
        if (entry["version"], entry["licence"]) != (package.version, package.licence):
            found.append(f"{package.name}: {MANIFEST} says {entry['version']} under {entry['licence']}")
        hashes = {file["path"]: file["sha256"] for file in entry["files"]}
        if sorted(hashes) != sorted(package.wanted):
            found.append(f"{package.name}: {MANIFEST} lists {sorted(hashes)}, not {sorted(package.wanted)}")
        for file in package.wanted:
            kept.add(package.kept_at(file))
            path = folder / package.kept_at(file)
            if not path.is_file():
                found.append(f"{package.kept_at(file)} is missing")
            elif sha256(path.read_bytes()).hexdigest() != hashes.get(file):
                found.append(f"{package.kept_at(file)} differs from the {file} of {package.name} {package.version}")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    found += [f"{stray} belongs to no pinned package" for stray in sorted(there - kept)]
    return found


def refresh(folder: Path) -> None:
    """Take every pinned package anew and write its files and the manifest.

    Raises:
        Refused: a package's name, version, licence or content is not the pinned one. Nothing was written.
    """
    contents: dict[str, bytes] = {}
    entries = []
    for package in PACKAGES:
        files, integrity = _pack(package)
        if (known := _known_integrity(folder, package)) not in {None, integrity}:
            raise Refused(f"{package.name} {package.version}: the package is {integrity}, the manifest has {known}")
        contents |= {package.kept_at(file): content for file, content in files.items()}
        hashes = [{"path": file, "sha256": sha256(content).hexdigest()} for file, content in files.items()]
        entries.append(
            {
                "name": package.name,
                "version": package.version,
                "licence": package.licence,
                "integrity": integrity,
                "files": hashes,
            }
        )
    contents[MANIFEST] = (json.dumps({"packages": entries}, indent=2) + "\n").encode()
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _known_integrity(folder: Path, package: Package) -> str | None:
    if not (folder / MANIFEST).exists():
        return None
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for entry in manifest["packages"]:
        if (entry["name"], entry["version"]) == (package.name, package.version):
            return str(entry["integrity"])
    return None


def _pack(package: Package) -> tuple[dict[str, bytes], str]:
    with TemporaryDirectory() as temporary:
        command = ["npm", "pack", "--json", "--ignore-scripts", f"{package.name}@{package.version}"]
        packed = subprocess.run(command, cwd=temporary, check=True, stdout=subprocess.PIPE)
        (told,) = json.loads(packed.stdout)
        path = Path(temporary) / told["filename"]
        integrity = "sha512-" + b64encode(sha512(path.read_bytes()).digest()).decode()
        with tarfile.open(path) as tarball:
            described: dict[str, Any] = json.loads(_member(tarball, "package.json"))
            if (described["name"], described["version"]) != (package.name, package.version):
                raise Refused(f"{package.name} {package.version}: the package calls itself {described['name']}")
            if described.get("license") != package.licence:
                raise Refused(f"{package.name} {package.version}: the package is under {described['license']}")
            return {file: _member(tarball, file) for file in package.wanted}, integrity


def _member(tarball: tarfile.TarFile, file: str) -> bytes:
    try:
        member = tarball.extractfile(f"package/{file}")
    except KeyError:
        member = None
    if member is None:
        raise Refused(f"The package {Path(str(tarball.name)).name} holds no {file}")
    return member.read()


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", nargs="?", choices=("verify", "refresh"), default="verify")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files lie (default: the repository's)")
    asked = parser.parse_args()
    if asked.action == "refresh":
        try:
            refresh(asked.folder)
        except Refused as refusal:
            print(refusal, file=sys.stderr)
            return 1
    found = problems(asked.folder)
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        print("GraphiQL's files are not the published ones: see above.", file=sys.stderr)
        return 1
    print("GraphiQL's files are the published ones:", ", ".join(f"{p.name} {p.version}" for p in PACKAGES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
