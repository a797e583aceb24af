"""Where orders are delivered."""

from __future__ import annotations

from typing import Annotated

import strawberry

from traya_gql.context import Info
from traya_gql.domain.refusals import InvalidValue
from traya_gql.domain.states import IndianState
from traya_gql.guards import ANYONE, query_field
from traya_gql.schema.common import BadUserInput
from traya_gql.schema.delivery import Serviceability

_STATE = (
    "The state or union territory of the address. Left out: the first by name that the PIN code may lie in. It makes a "
    "difference only in the state that parcels are sent from."
)


@strawberry.type
class DeliveryQueries:
    @query_field(
        guard=ANYONE,
        description="Whether and how orders are delivered to a PIN code, and what that costs; for a product's page.",
    )
    def serviceability(
        self,
        info: Info,
        pin_code: Annotated[
            str, strawberry.argument(description="PIN code: six digits, the first not 0. Spaces are ignored.")
        ],
        state: Annotated[IndianState | None, strawberry.argument(description=_STATE)] = None,
    ) -> Serviceability | None:
        try:
            return Serviceability.of(info.context.services.delivery.serviceability(pin_code, state=state))
        except InvalidValue as wrong:
            raise BadUserInput(wrong.message) from None
