"""What staff may be. Everybody who signed in is a customer; staff have roles besides."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody is here."""

    CUSTOMER = "CUSTOMER"
    COACH = "COACH"
    DOCTOR = "DOCTOR"
    PHARMACIST = "PHARMACIST"
    SUPPORT = "SUPPORT"
    CATALOG_MANAGER = "CATALOG_MANAGER"
    FINANCE = "FINANCE"
    ADMIN = "ADMIN"


STAFF_ROLES = frozenset(Role) - {Role.CUSTOMER}
"""The roles that an administrator gives and takes."""

TREATING_ROLES = frozenset({Role.COACH, Role.DOCTOR})
"""The roles that may read the health data of the customers they are assigned to."""
