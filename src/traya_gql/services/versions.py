"""Changes that name the version that they are made from."""

from __future__ import annotations

from traya_gql.domain.refusals import Problem, Refusal, RefusalCode


class StaleVersion(Refusal):
    """Somebody changed it since the client read it."""

    codes = frozenset({RefusalCode.STALE_VERSION})

    def __init__(self) -> None:
        message = "This was changed in the meantime. Read it again, then repeat your change."
        super().__init__(Problem(RefusalCode.STALE_VERSION, message, ("input", "expectedVersion")))
