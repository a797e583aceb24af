"""Customers in MongoDB: whoever signed in, and staff who were invited."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict
from pymongo import DESCENDING, IndexModel, ReturnDocument

from traya_gql.documents.records import Position, Record, StoredDocument, find_by_ids, find_newest, find_one
from traya_gql.documents.transactions import current_session
from traya_gql.domain.address_book import AddressBook
from traya_gql.domain.customers import Gender
from traya_gql.domain.roles import Role


class CustomerRecord(Record):
    """A person known by their phone (E.164).

    Args:
        verified_at: when the phone was first proven by a code; None for staff who were invited and never signed in.
        signed_in_at: when they last signed in.
        assigned_at: when a doctor or coach was last assigned to a customer.
        roles: what they are besides a customer.
        access_version: access tokens of a lower one are dead.
        version: grows with every change of profile and address book.
    """

    phone: str
    verified_at: datetime | None
    signed_in_at: datetime | None = None
    assigned_at: datetime | None = None
    name: str | None = None
    gender: Gender | None = None
    roles: tuple[Role, ...] = ()
    address_book: AddressBook = AddressBook()
    access_version: int = 1
    version: int = 1


class CustomerDocument(CustomerRecord, StoredDocument):
    """The customer as written. `first_order_coupons`: how many orders used one; those called off since count too."""

    model_config = ConfigDict(frozen=False)

    schema_version: int = 2
    first_order_coupons: int = 0

    class Settings:
        """Where it lies."""

        name = "customers"
        indexes = (
            IndexModel("phone", unique=True, name="phone"),
            # few customers are staff: only they are in it
            IndexModel(
                [("created_at", DESCENDING), ("_id", DESCENDING)],
                name="staff",
                partialFilterExpression={"roles.0": {"$exists": True}},
            ),
        )


async def by_ids(ids: Sequence[UUID]) -> dict[UUID, CustomerRecord]:
    """Return the customers that exist among these ids."""
    return await find_by_ids(CustomerDocument, CustomerRecord, ids, comment="customers.by_ids")


async def by_id(id_: UUID) -> CustomerRecord | None:
    """Return the customer with this id."""
    return await find_one(CustomerDocument, CustomerRecord, {"_id": id_}, comment="customers.by_id")


async def by_phone(phone: str) -> CustomerRecord | None:
    """Return the customer with this phone."""
    return await find_one(CustomerDocument, CustomerRecord, {"phone": phone}, comment="customers.by_phone")


async def staff_page(*, role: Role | None, after: Position | None, limit: int) -> list[CustomerRecord]:
    """Return at most `limit` customers who have a staff role (None: any), the newest first."""
    query: dict[str, Any] = {"roles.0": {"$exists": True}}
    if role is not None:
        query["roles"] = role
    return await find_newest(
        CustomerDocument, CustomerRecord, query, after=after, limit=limit, comment="customers.staff_page", hint="staff"
    )


async def change(id_: UUID, *, from_version: int, fields: dict[str, Any]) -> CustomerRecord | None:
    """Set fields of a customer that is still of this version, and return the new one; None when it has moved on."""
    return await _update(
        {"_id": id_, "version": from_version}, {"$set": fields, "$inc": {"version": 1}}, comment="customers.change"
    )


async def note_sign_in(phone: str, *, at: datetime) -> CustomerRecord | None:
    """Note that the customer with this phone signs in, and so has proven it; None when there is none.

    Joins the transaction it runs in. As it writes, two sign-ins of one customer follow one after the other.
    """
    noted = [{"$set": {"signed_in_at": at, "verified_at": {"$ifNull": ["$verified_at", at]}}}]
    return await _update({"phone": phone}, noted, comment="customers.note_sign_in")


async def note_assignment(id_: UUID, *, roles: Collection[Role], at: datetime) -> CustomerRecord | None:
    """Note that somebody with one of these roles is assigned to a customer; None when they have none of them.

    Joins the transaction it runs in. As it writes, an assignment and the loss of the role follow one after the other.
    """
    query = {"_id": id_, "roles": {"$in": list(roles)}}
    return await _update(query, {"$set": {"assigned_at": at}}, comment="customers.note_assignment")


async def note_first_order_coupon(id_: UUID) -> None:
    """Note that an order of a customer uses a coupon for first orders. Joins the transaction it runs in.

    As it writes, two such orders follow one after the other: the second sees the first, whichever coupons they use.
    """
    await _update({"_id": id_}, {"$inc": {"first_order_coupons": 1}}, comment="customers.note_first_order_coupon")


async def set_roles(id_: UUID, *, roles: Sequence[Role]) -> CustomerRecord | None:
    """Replace the roles and raise `access_version`. Joins the transaction it runs in."""
    return await _update(
        {"_id": id_}, {"$set": {"roles": list(roles)}, "$inc": {"access_version": 1}}, comment="customers.set_roles"
    )


async def raise_access_version(id_: UUID) -> CustomerRecord | None:
    """Make all access tokens of a customer dead. Joins the transaction it runs in."""
    return await _update({"_id": id_}, {"$inc": {"access_version": 1}}, comment="customers.raise_access_version")


async def _update(
    query: dict[str, Any], update: dict[str, Any] | list[dict[str, Any]], *, comment: str
) -> CustomerRecord | None:
    raw = await CustomerDocument.get_pymongo_collection().find_one_and_update(
        query, update, return_document=ReturnDocument.AFTER, session=current_session(), comment=comment
    )
    return None if raw is None else CustomerRecord.model_validate(raw)
