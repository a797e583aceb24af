"""Reports, as visitors read them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from traya_gql.documents import reports
from traya_gql.documents.reports import ReportRecord

# 128 random bits in URL-safe base 64; the last letter carries two of them
_PUBLIC_ID = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]", re.ASCII)


def is_public_id(text: str) -> bool:
    """Whether this may be the public id of a report at all."""
    return _PUBLIC_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The use cases of a report."""

    async def find_by_public_id(self, public_id: str) -> ReportRecord | None:
        """Return the report behind a link; None for an unknown or malformed one, which is never looked up."""
        if not is_public_id(public_id):
            return None
        return await reports.by_public_id(public_id)
