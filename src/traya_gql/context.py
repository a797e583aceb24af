"""What one request holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import strawberry

from traya_gql.loaders import Loaders
from traya_gql.services import Services
from traya_gql.services.access_tokens import Grant, Kind


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: so far, somebody who may hold access tokens.

    Immutable: a field that learns of a token makes a new viewer and hands it to what lies below, so that one part of a
    query never opens another.
    """

    grants: frozenset[Grant] = frozenset()

    def with_grant(self, grant: Grant) -> Viewer:
        """Return this viewer with one more right."""
        return Viewer(self.grants | {grant})

    def holds(self, grant: Grant) -> bool:
        """Whether this viewer may read the object of the grant."""
        return grant in self.grants


ANONYMOUS = Viewer()


@dataclass(slots=True)
class Context:
    """The viewer, the services of the process, and loaders of this request alone."""

    viewer: Viewer
    services: Services
    now: Callable[[], datetime]
    loaders: Loaders = field(default_factory=Loaders)

    def read_token(self, token: str) -> Grant | None:
        """Return what an access token opens now, or None."""
        return self.services.access_tokens.read(token, now=self.now())

    def viewer_with(self, token: str | None) -> Viewer:
        """Return the viewer, with what the token opens if there is one and it is good."""
        grant = None if token is None else self.read_token(token)
        return self.viewer if grant is None else self.viewer.with_grant(grant)


Info: TypeAlias = strawberry.Info[Context, None]

__all__ = ["ANONYMOUS", "Context", "Grant", "Info", "Kind", "Viewer"]
