"""GraphiQL's files are the published ones, and its page asks this server alone."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from traya_gql.web import graphiql

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src" / "traya_gql" / "web" / "static"

FETCHED_BY_HTML = re.compile(r"""(?:src|href|srcset|action|data|poster)\s*=\s*["']?([^"'\s>]+)""")
FETCHED_BY_CSS = re.compile(r"""url\(\s*["']?([^"')]{0,80})|@import\s+["']([^"']+)""")


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [sys.executable, ROOT / "tools" / "graphiql_assets.py", "verify", "--folder", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STATIC / "graphiql", tmp_path / "graphiql"))


def test_the_third_party_files_are_the_published_ones() -> None:
    verified = verify(STATIC / "graphiql")

    assert verified.stderr == ""
    assert verified.returncode == 0


def test_a_changed_file_is_named(copied: Path) -> None:
    with (copied / "react" / "react.production.min.js").open("a") as file:
        file.write("\n")

    verified = verify(copied)

    assert "react/react.production.min.js differs" in verified.stderr
    assert verified.returncode == 1


def test_a_missing_licence_is_named(copied: Path) -> None:
    (copied / "graphiql" / "LICENSE").unlink()

    verified = verify(copied)

    assert "graphiql/LICENSE is missing" in verified.stderr
    assert verified.returncode == 1


def test_a_file_of_no_package_is_named(copied: Path) -> None:
    (copied / "graphiql" / "graphiql.min.js.map").write_text("{}")

    verified = verify(copied)

    assert "graphiql/graphiql.min.js.map belongs to no pinned package" in verified.stderr
    assert verified.returncode == 1


def test_the_page_names_only_paths_of_this_server() -> None:
    page = graphiql.page(endpoint="/graphql", default_query="{ __typename }")

    fetched = FETCHED_BY_HTML.findall(page)

    assert len(fetched) == 7
    assert [address for address in fetched if not address.startswith("/graphql/assets/")] == []
    assert "//" not in page


@pytest.mark.parametrize("file", sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.css")))
def test_the_styles_fetch_nothing(file: str) -> None:
    fetched = FETCHED_BY_CSS.findall((STATIC / file).read_text(encoding="utf-8"))

    assert [address for address in fetched if not address[0].startswith("data:")] == []


def test_a_default_query_cannot_leave_its_script_element() -> None:
    query = '# </script><script>alert(1)</script> <!-- $assets & "quotes" \u2028 नमस्ते\n{ __typename }'

    page = graphiql.page(endpoint="/graphql", default_query=query)

    (options,) = re.findall(r'<script id="options" type="application/json">(.*?)</script>', page)
    assert "<" not in options
    assert json.loads(options) == {"endpoint": "/graphql", "defaultQuery": query}


async def test_every_file_of_the_page_is_served_and_kept() -> None:
    page = graphiql.page(endpoint="/graphql", default_query="{ __typename }")
    app = Starlette(routes=[graphiql.assets_route()])

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        answers = [await client.get(address) for address in FETCHED_BY_HTML.findall(page)]
        unknown = await client.get("/graphql/assets/older/start.js")

    assert [answer.status_code for answer in answers] == [200] * 7
    assert {answer.headers["cache-control"] for answer in answers} == {"public, max-age=31536000, immutable"}
    assert unknown.status_code == 404
