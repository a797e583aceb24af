"""Clearances: what a treating doctor lifted, until when, and what a report shows and allows under them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.kit import Kit

LONGEST_CLEARANCE = timedelta(days=366)
"""A year, as health changes. Source: docs/decisions/0021."""


class Clearance(BaseModel):
    """One finding that a doctor lifted, with a reason, until `expires_at`.

    `kit` was put together with all that was lifted then, and holds until `kit_until`, when the first of those ends.
    """

    model_config = ConfigDict(frozen=True)

    gate: GateCode
    doctor_id: UUID
    reason: str
    made_at: datetime
    expires_at: datetime
    kit: Kit
    kit_until: datetime


def in_force(clearances: Sequence[Clearance], *, now: datetime) -> dict[GateCode, Clearance]:
    """Return what is lifted at this time; of several clearances of one finding, the last one made."""
    last = {one.gate: one for one in clearances}
    return {gate: one for gate, one in last.items() if one.expires_at > now}


def kit_in_force(kit: Kit, clearances: Sequence[Clearance], *, now: datetime) -> Kit:
    """Return the kit that holds at this time: the last clearance's as long as all that it rests on does, or `kit`."""
    if clearances and clearances[-1].kit_until > now:
        return clearances[-1].kit
    return kit
