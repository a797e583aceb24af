"""A doctor's clearance of a finding, as a client sees it."""

from __future__ import annotations

from datetime import datetime

import strawberry

from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.schema.payloads import Payload
from traya_gql.schema.reports import Report


@strawberry.input(description="A finding to lift.")
class ClearSafetyFindingInput:
    report_id: strawberry.ID = strawberry.field(description="The `id` of the report, of a customer whom you treat.")
    finding: GateCode = strawberry.field(description="The finding, one with `canBeCleared`.")
    reason: str = strawberry.field(
        description="Why, 10 to 1,000 characters. The customer reads it; claims that the law forbids are refused."
    )
    expires_at: datetime = strawberry.field(description="When it ends, at most 366 days from now.")


@strawberry.type(description="What `clearSafetyFinding` answers.")
class ClearSafetyFindingPayload(Payload):
    report: Report | None = strawberry.field(
        default=None, description="The report, with its kit put together anew; null when refused."
    )
