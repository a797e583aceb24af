"""What the payloads of mutations share."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from traya_gql.domain.languages import Language
from traya_gql.domain.refusals import Refusal
from traya_gql.guards import AT_MOST
from traya_gql.schema.errors import UserError, user_errors

_MOST_ERRORS = 100  # each of 100 ids to claim; an order of 20 lines has three faults each at the most


@strawberry.type
class Payload:
    """The answer of a mutation."""

    user_errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="Why it was refused; empty when it was done.",
        metadata={AT_MOST: _MOST_ERRORS},
    )

    @classmethod
    def refused(cls, refusal: Refusal, language: Language) -> Self:
        return cls(user_errors=user_errors(refusal, language))


@strawberry.type
class MadePayload(Payload):
    """The answer of a mutation that makes one object, and gives who made it a token for its private parts."""

    access_token: str | None = strawberry.field(
        default=None,
        description=(
            "Opens what was made, with its private parts: pass it as `accessToken` to the query of the same object, or "
            "send it as a bearer token for `node`. Keep it secret: whoever holds it reads all. Null when refused."
        ),
    )
    access_token_expires_at: datetime | None = strawberry.field(
        default=None, description="When the access token ends. Null when refused."
    )
    is_replay: bool = strawberry.field(
        default=False, description="Whether this was done before, under the same idempotency key."
    )
