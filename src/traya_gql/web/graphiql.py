"""GraphiQL, the query page a browser sees at `/graphql`, with every file it needs served from here."""

import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Final

from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_STATIC: Final = Path(__file__).parent / "static"
_ASSETS_PATH: Final = "/graphql/assets"

PAGE_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # GraphiQL's editor sets inline styles, and its stylesheet holds its fonts and cursors as data.
        "Content-Security-Policy": (
            "default-src 'none'; "
            "script-src 'self'; "
            "style-src 'self' 'unsafe-inline'; "
            "font-src data:; "
            "img-src 'self' data:; "
            "connect-src 'self'; "
            "base-uri 'none'; "
            "form-action 'none'; "
            "frame-ancestors 'none'"
        ),
        "Cache-Control": "no-cache",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        # One address answers a browser with this page and a client with JSON.
        "Vary": "Accept",
    }
)
"""The headers to send with the page: above all, a policy under which it can reach no other host."""

_ASSET_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
)


def page(*, endpoint: str, default_query: str) -> str:
    """Return the HTML of GraphiQL, to be built once at start-up and sent with `PAGE_HEADERS`.

    Args:
        endpoint: Path on this server that GraphiQL posts its operations to.
        default_query: GraphQL text that the editor opens with. Any text is safe, markup included.
    """
    options = json.dumps({"endpoint": endpoint, "defaultQuery": default_query})
    return Template((_STATIC / "page.html").read_text(encoding="utf-8")).substitute(
        assets=_versioned_path(),
        # Inside a script element only `<` can end it; JSON reads the escape back as the same letter.
        options=options.replace("<", "\\u003c"),
    )


def assets_route() -> Mount:
    """Return the route of the page's files. Its path changes with their content, so browsers keep them for a year."""
    return Mount(_versioned_path(), _Assets(directory=_STATIC), name="graphiql-assets")


class _Assets(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_ASSET_HEADERS)
        return response


@cache
def _versioned_path() -> str:
    digest = sha256()
    for file in sorted(path for path in _STATIC.rglob("*") if path.is_file()):
        digest.update(file.relative_to(_STATIC).as_posix().encode())
        digest.update(sha256(file.read_bytes()).digest())
    return f"{_ASSETS_PATH}/{digest.hexdigest()[:16]}"
