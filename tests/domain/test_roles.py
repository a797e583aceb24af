"""What staff may be."""

from __future__ import annotations

from traya_gql.domain.roles import STAFF_ROLES, TREATING_ROLES, Role


def test_every_role_but_customer_is_given_and_taken() -> None:
    given = {"COACH", "DOCTOR", "PHARMACIST", "SUPPORT", "CATALOG_MANAGER", "FINANCE", "ADMIN"}

    assert {role.value for role in STAFF_ROLES} == given
    assert {role.value for role in Role} == given | {"CUSTOMER"}


def test_who_treats_is_staff() -> None:
    assert {Role.COACH, Role.DOCTOR} == TREATING_ROLES
    assert TREATING_ROLES < STAFF_ROLES


def test_a_role_is_stored_by_its_name() -> None:
    """Tokens and records hold the names."""
    assert [role.value for role in Role] == [role.name for role in Role]
