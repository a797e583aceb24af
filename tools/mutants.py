"""Change the code and rules of the assessment and of prices one place at a time, and see that their tests notice.

python -m tools.mutants [mutmut | rules]

Functions are mutated by mutmut; functions with a decorator, which it leaves alone, and `rules.toml` by
`tools/mutating.py`. Everything happens in copies under a temporary folder. What survives must stand in
`tests/mutants/survivors.toml` with a reason. Why so: docs/decisions/0024-mutation-testing.md
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tools.mutating import Change, Mutant, decorated_mutants, rule_mutants

ROOT = Path(__file__).parent.parent
SURVIVORS = ROOT / "tests" / "mutants" / "survivors.toml"
LEAST_PERCENT = 90
WORKERS = os.cpu_count() or 1
_CHILD_S = 120
_LOG = "pytest.log"
_RULESET = Path("src/traya_gql/domain/ruleset")
_CLOSEST: dict[str | tuple[str, ...], str] = {
    ("points", "grades", "causes", "listing", "levels"): "scores",
    ("hypothesis", "doctor_only", "patterns", "recovery", "confidence"): "outlook",
    "gate": "gates",
    ("kit", "shared"): "kit|offers",
    ("gst", "money", "pricing"): "gst|money|pricing",
}
"""Which tests are closest to a section of the rules, or to a file: a pattern of their names."""
_SLOW_OR_BLIND = re.compile(r"propert|broken|answers")
"""Tests that hold for any numbers, or that bring rules of their own."""
_REFUSED = 99
"""The exit code of a run whose rules were refused when they were read."""
_DIFF = re.compile(r"^([-+])(?!\1\1)(.*)$", re.MULTILINE)
_FUNCTION = re.compile(r"x_?(?:ǁ(\w+)ǁ)?(\w+)__mutmut_\d+$")

# the same examples each time, so that the same mutants survive; fewer, as hundreds of runs are made
_PROFILE = """
settings.register_profile("mutants", settings.get_profile("domain"), max_examples=20, derandomize=True, database=None)
settings.load_profile("mutants")
"""


class Survived(Exception):
    """The tests do not notice enough."""


class Tally(NamedTuple):
    """What came of the mutants of one kind. `refused` are those of `killed` whose rules could not even be read."""

    kind: str
    killed: int
    survived: tuple[Change, ...]
    refused: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.killed + len(self.survived)


# --- the copies ---------------------------------------------------------------------------------------------------


def copy_tree(folder: Path) -> None:
    """Copy the domain and its tests, with few and steady examples for hypothesis."""
    package = folder / "src" / "traya_gql"
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "traya_gql" / "domain", package / "domain", ignore=without)
    shutil.copy(ROOT / "src" / "traya_gql" / "__init__.py", package)
    shutil.copytree(ROOT / "tests" / "domain", folder / "tests" / "domain", ignore=without)
    shutil.copy(ROOT / "pyproject.toml", folder)
    conftest = folder / "tests" / "domain" / "conftest.py"
    conftest.write_text(conftest.read_text(encoding="utf-8") + _PROFILE, encoding="utf-8")


def settings_of_mutmut() -> dict[str, Any]:
    """Return the section `tool.mutmut`: which files are mutated, which tests are run."""
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
    return found


# --- mutmut -------------------------------------------------------------------------------------------------------


def by_mutmut(folder: Path) -> Tally:
    """Let mutmut mutate all functions without a decorator."""
    copy_tree(folder)
    mutmut = str(Path(sys.executable).parent / "mutmut")
    ran = subprocess.run(
        [mutmut, "run", "--max-children", str(WORKERS)], cwd=folder, capture_output=True, text=True, check=False
    )
    metas = sorted((folder / "mutants").rglob("*.meta"))
    codes: dict[str, int | None] = {}
    for meta in metas:
        codes |= json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    if ran.returncode or not codes or None in codes.values():
        raise Survived(f"mutmut did not come to its end:\n{ran.stdout[-3000:]}{ran.stderr[-3000:]}")
    # 0: the tests passed. 33: no test runs this function. All else is a failure, a crash, or a run that never ended
    alive = [name for name, code in codes.items() if code in {0, 33}]
    changes = [_change_of(name, folder, mutmut) for name in alive]
    return Tally("functions", len(codes) - len(alive), tuple(changes))


def _change_of(name: str, folder: Path, mutmut: str) -> Change:
    shown = subprocess.run([mutmut, "show", name], cwd=folder, capture_output=True, text=True, check=True).stdout
    module, _, mangled = name.rpartition(".")
    function = _FUNCTION.fullmatch(mangled)
    assert function is not None, name  # noqa: S101 - so does mutmut name them
    lines: dict[str, list[str]] = {"-": [], "+": []}
    for sign, line in _DIFF.findall(shown):
        lines[sign].append(line.strip())
    return Change(
        file=f"{module.rpartition('.')[2]}.py",
        place=".".join(part for part in function.groups() if part),
        was=" ".join(lines["-"]),
        becomes=" ".join(lines["+"]),
    )


# --- the rest -----------------------------------------------------------------------------------------------------


def by_tests(kind: str, mutants: Sequence[tuple[Path, Mutant]], folder: Path) -> Tally:
    """Run the tests on each mutant of a file, in as many copies as there are processors."""
    context = multiprocessing.get_context("fork")
    todo, done = context.SimpleQueue(), context.SimpleQueue()
    for place in range(len(mutants)):
        todo.put(place)
    workers = []
    for number in range(WORKERS):
        todo.put(None)
        own = folder / str(number)
        copy_tree(own)
        workers.append(context.Process(target=_work, args=(own, number, mutants, todo, done)))
        workers[-1].start()
    codes: dict[int, int] = {}
    while len(codes) < len(mutants) + WORKERS:
        place, code = done.get()
        codes[place] = code
        if sys.stderr.isatty():
            print(f"{kind}: {len(codes)} of {len(mutants)}", end="\r", file=sys.stderr, flush=True)
        if place < 0 and code:
            for worker in workers:
                worker.terminate()
            log = (folder / str(-place - 1) / _LOG).read_text(encoding="utf-8")
            raise Survived(f"The tests fail without any change:\n{log[-3000:]}")
    for worker in workers:
        worker.join()
    alive = tuple(mutants[place][1].change for place in range(len(mutants)) if codes[place] == 0)
    return Tally(kind, len(mutants) - len(alive), alive, refused=sum(code == _REFUSED for code in codes.values()))


def _work(folder: Path, number: int, mutants: Sequence[tuple[Path, Mutant]], todo: Any, done: Any) -> None:
    os.chdir(folder)
    is_rules = mutants[0][0].suffix == ".toml"
    if is_rules:
        _keep_texts_of_tests()
    sys.path.insert(0, str(folder / "src"))
    _warm_up(is_rules=is_rules)
    # the tests without any change, which must pass; below 0, as it is no mutant
    code = _run("", is_rules=is_rules)
    done.put((-number - 1, code))
    if code:
        return
    for cache in (folder / "src").rglob("__pycache__"):
        shutil.rmtree(cache)
    # two files of the same size, written in the same second, look the same to Python's cache
    sys.dont_write_bytecode = True
    while (place := todo.get()) is not None:
        path, mutant = mutants[place]
        before = path.read_text(encoding="utf-8")
        path.write_text(mutant.text, encoding="utf-8")
        closest = _closest(mutant.change.place if is_rules else mutant.change.file)
        # the tests that are closest notice most, and soon; what they let pass is shown to all
        code = _run(closest, is_rules=is_rules) if closest else 0
        done.put((place, code or _run("", is_rules=is_rules)))
        path.write_text(before, encoding="utf-8")


def _keep_texts_of_tests() -> None:
    """Let tests that change the rules' text start from the right one: a mutant must not die of its spelling."""
    shutil.copy(_RULESET / "rules.toml", _RULESET / "unchanged.toml")
    answering = Path("tests/domain/ruleset/answering.py")
    text = answering.read_text(encoding="utf-8")
    assert text.count('"rules.toml"') == 1  # noqa: S101 - else there is another way to read them
    answering.write_text(text.replace('"rules.toml"', '"unchanged.toml"'), encoding="utf-8")


def _warm_up(*, is_rules: bool) -> None:
    """Import what does not change, once for all mutants."""
    import hypothesis.strategies  # noqa: F401, PLC0415 - in the worker alone
    import pydantic  # noqa: F401, PLC0415
    import pytest  # noqa: F401, PLC0415

    if is_rules:
        from traya_gql.domain.ruleset import offers, outcome, rules  # noqa: F401, PLC0415 - in the worker's copy

        assert rules.current_ruleset.cache_info().misses == 0  # noqa: S101 - the rules are still to be read


def _closest(place: str) -> str:
    return next((pattern for starts, pattern in _CLOSEST.items() if place.startswith(starts)), "")


def _run(pattern: str, *, is_rules: bool) -> int:
    """Return the exit code of the tests whose files match, in a process of their own."""
    child = os.fork()
    if child == 0:
        signal.alarm(_CHILD_S)
        log = os.open(_LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os._exit(_test(pattern, is_rules=is_rules))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _test(pattern: str, *, is_rules: bool) -> int:
    import pytest  # noqa: PLC0415 - in the worker alone

    options = settings_of_mutmut()
    left_out = []
    if is_rules:
        from traya_gql.domain import data_files  # noqa: PLC0415 - in the worker's copy
        from traya_gql.domain.ruleset import rules  # noqa: PLC0415 - in the worker's copy

        try:
            rules.current_ruleset()
        except data_files.FileInvalid:
            return _REFUSED
        # the one test that holds the file against itself
        left_out = ["--deselect", "tests/domain/ruleset/test_rules.py::test_the_ruleset_of_this_release_is_whole"]
    selection = options["pytest_add_cli_args_test_selection"]
    ignored = [one for one in selection if one.startswith("--")]
    named = [one for one in selection if one not in ignored]
    files = [str(file) for one in named for file in sorted(Path().glob(f"{one}/test_*.py")) or [one]]
    # a file that is named is run even if it is to be ignored
    files = [one for one in files if f"--ignore={one}" not in ignored and re.search(pattern, one)]
    if is_rules or pattern:
        files = [one for one in files if not _SLOW_OR_BLIND.search(one)]
    # hypothesis was imported by the worker, before pytest could look at it
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    code = pytest.main(
        ["-x", "-q", "--rootdir=.", *quiet, *options["pytest_add_cli_args"], *ignored, *left_out, *files]
    )
    assert code != pytest.ExitCode.NO_TESTS_COLLECTED  # noqa: S101 - nothing would be shown
    return int(code)


# --- what came of it ----------------------------------------------------------------------------------------------


def known_survivors() -> dict[Change, str]:
    """Return the survivors that are known, with the reason why nobody need notice."""
    entries = tomllib.loads(SURVIVORS.read_text(encoding="utf-8")).get("survivor", [])
    found = {Change(one["file"], one["place"], one["was"], one["becomes"]): one["why"].strip() for one in entries}
    if nameless := [change for change, why in found.items() if not why]:
        raise Survived(f"{SURVIVORS.name}: no reason is given for {nameless[0]}")
    return found


def report(tallies: Sequence[Tally], *, is_whole: bool) -> None:
    """Print the score.

    Raises:
        Survived: it is too low, or somebody survived who is not known.
    """
    known = known_survivors()
    for tally in tallies:
        refused = f", {tally.refused} of them refused when read" if tally.refused else ""
        print(f"{tally.kind:22} {tally.killed:4} of {tally.total:4} noticed{refused}")
    killed, total = (sum(getattr(one, name) for one in tallies) for name in ("killed", "total"))
    percent = killed * 100 / total
    survived = [change for tally in tallies for change in tally.survived]
    strangers = [change for change in survived if change not in known]
    print(f"{percent:.1f} % of {total} mutants; {len(survived) - len(strangers)} survive for a known reason")
    if is_whole:
        for change in known.keys() - set(survived):
            print(f"No longer survives, so take it out of {SURVIVORS.name}: {' | '.join(change)}")
    problems = [f"Survives without a reason in {SURVIVORS.name}:\n{_entry(change)}" for change in strangers]
    if percent < LEAST_PERCENT:
        problems.append(f"At least {LEAST_PERCENT} % must be noticed.")
    if problems:
        raise Survived("\n".join(problems))


def _entry(change: Change) -> str:
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in change._asdict().items()]
    return "\n".join(["[[survivor]]", *lines, 'why = ""'])


def main(only: str | None) -> None:
    """Run all mutants, or one kind only."""
    began = time.monotonic()
    tallies = []
    with tempfile.TemporaryDirectory(prefix="traya-mutants-") as name:
        folder = Path(name).resolve()
        files = [Path(one) for one in settings_of_mutmut()["only_mutate"]]
        if only in {None, "rules"}:
            rules = [(_RULESET / "rules.toml", one) for one in rule_mutants(ROOT / _RULESET / "rules.toml")]
            decorated = [(path, one) for path in files for one in decorated_mutants(ROOT / path, path.name)]
            tallies.append(by_tests("rules.toml", rules, folder / "rules"))
            tallies.append(by_tests("decorated functions", decorated, folder / "decorated"))
        if only in {None, "mutmut"}:
            tallies.append(by_mutmut(folder / "mutmut"))
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    report(tallies, is_whole=only is None)


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["mutmut"], ["rules"]):
        sys.exit(__doc__)
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else None)
    except Survived as found:
        print(found)
        sys.exit(1)
