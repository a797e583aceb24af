"""Who asks a service: what limits, repeats and ownership go by."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID


class Asker(NamedTuple):
    """Somebody at a network address. `customer_id` is None for a guest."""

    address: str
    customer_id: UUID | None = None

    def name(self, phone: str) -> str:
        """Return what names the asker: the customer's id, or a guest's normalised phone."""
        return phone if self.customer_id is None else self.customer_id.hex
