"""The cast: one person of each kind who may ask, and the owner whose things they ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any, NamedTuple

from starlette.applications import Starlette

from tests.api.photographing import SentPhoto, send_photo
from tests.support import SAFE, GraphClient, SignedIn, address, given, hair_test, order
from traya_gql.app import now
from traya_gql.documents.collections import DOCUMENTS
from traya_gql.domain.roles import Role
from traya_gql.services.seeding import seed_catalogue

_phones = count()


class Person(StrEnum):
    """Who asks. The values head the columns of the table."""

    ANONYMOUS = "anon"
    REPORT_TOKEN = "rtoken"
    """A guest with the token of the owner's report as bearer token."""
    ORDER_TOKEN = "otoken"
    """A guest with the token of the owner's order as bearer token."""
    DRAFT_TOKEN = "dtoken"
    """A guest with the token of a draft as bearer token."""
    PHOTO_TOKEN = "ptoken"
    """A guest with the token of the photo of the owner's hair test as bearer token."""
    OWNER = "owner"
    """Submitted hair test and order as a guest, then signed in and claimed them."""
    OTHER = "other"
    COACH = "coach"
    DOCTOR = "doctor"
    PHARMACIST = "pharm"
    SUPPORT = "supp"
    CATALOG_MANAGER = "catal"
    FINANCE = "finan"
    ADMIN = "admin"
    TREATING_COACH = "t-coach"
    TREATING_DOCTOR = "t-doctor"
    FORMER_DOCTOR = "former"
    """Was assigned to the owner, and is no more."""
    DEMOTED_DOCTOR = "demoted"
    """Was assigned to the owner, and has lost the role since."""


GUESTS = frozenset({Person.ANONYMOUS, Person.REPORT_TOKEN, Person.ORDER_TOKEN, Person.DRAFT_TOKEN, Person.PHOTO_TOKEN})
TREATING = frozenset({Person.TREATING_COACH, Person.TREATING_DOCTOR})
HELD_BACK = {**SAFE, "medicalSafety": "HIGH_BLOOD_PRESSURE"}
"""Answers with which something is held back from the kit until a doctor clears it."""

_ROLES = {
    Person.COACH: Role.COACH,
    Person.DOCTOR: Role.DOCTOR,
    Person.PHARMACIST: Role.PHARMACIST,
    Person.SUPPORT: Role.SUPPORT,
    Person.CATALOG_MANAGER: Role.CATALOG_MANAGER,
    Person.FINANCE: Role.FINANCE,
    Person.ADMIN: Role.ADMIN,
    Person.TREATING_COACH: Role.COACH,
    Person.TREATING_DOCTOR: Role.DOCTOR,
    Person.FORMER_DOCTOR: Role.DOCTOR,
    Person.DEMOTED_DOCTOR: Role.DOCTOR,
}

Invite = Callable[[str, Role], Awaitable[Any]]


class GuestThings(NamedTuple):
    """What a guest submitted under a phone: global ids, and the tokens that open them."""

    public_id: str
    report_id: str
    hair_test_id: str
    report_token: str
    order_id: str
    order_token: str
    photo_id: str
    photo_token: str


class Things(NamedTuple):
    """What a customer owns, as global ids."""

    customer_id: str
    phone: str
    public_id: str
    report_id: str
    hair_test_id: str
    order_id: str
    photo_id: str
    address_id: str
    session_id: str


@dataclass(frozen=True)
class Cast:
    """Everybody, signed in. The bystanders are asked about and never ask."""

    client: GraphClient
    invite: Invite
    phones: dict[Person, str] = field(default_factory=dict)
    bearers: dict[Person, str | None] = field(default_factory=dict)
    customer_ids: dict[Person, str] = field(default_factory=dict)
    owned: list[Things] = field(default_factory=list)
    bystanders: dict[str, SignedIn] = field(default_factory=dict)
    dead_bearers: list[str] = field(default_factory=list)

    @property
    def owner(self) -> Things:
        """What the owner owns."""
        return self.owned[0]

    def phone(self, person: Person) -> str:
        """Return the phone of a person; a guest types the owner's."""
        return self.phones.get(person, self.phones[Person.OWNER])

    async def ask(self, person: Person, query: str, **variables: Any) -> dict[str, Any]:
        """Return the whole answer that a person gets."""
        return await self.client.ask(query, bearer=self.bearers[person], **variables)

    async def data(self, person: Person, query: str, **variables: Any) -> dict[str, Any]:
        """Return the data that a person gets, without errors."""
        return await self.client.data(query, bearer=self.bearers[person], **variables)

    async def sign_in(self, person: Person) -> SignedIn:
        """Sign a person in, anew if need be."""
        signed_in = await self.client.sign_in(self.phones.setdefault(person, new_phone()))
        self.bearers[person], self.customer_ids[person] = signed_in.access_token, signed_in.customer_id
        return signed_in


def new_phone() -> str:
    """Return a phone that nobody has."""
    return f"+9198765{next(_phones):05}"


async def build_cast(app: Starlette, client: GraphClient) -> Cast:
    """Return a new cast, on a database that may hold another one."""

    async def invite(phone: str, role: Role) -> None:
        await app.state.services.staff.invite(phone, [role], by=None)

    cast = Cast(client, invite)
    cast.phones[Person.OWNER] = new_phone()
    left = await submit_as_guest(client, cast.phones[Person.OWNER])
    cast.bearers[Person.ANONYMOUS] = None
    cast.bearers[Person.REPORT_TOKEN] = left.report_token
    cast.bearers[Person.ORDER_TOKEN] = left.order_token
    cast.bearers[Person.DRAFT_TOKEN] = await begin_draft(client)
    cast.bearers[Person.PHOTO_TOKEN] = left.photo_token
    cast.owned.append(await claim_and_keep(client, await cast.sign_in(Person.OWNER), cast.phones[Person.OWNER], left))
    # and something that is left to claim
    await client.data(SUBMIT, input=hair_test(phone=cast.phones[Person.OWNER]))

    await cast.sign_in(Person.OTHER)
    for person, role in _ROLES.items():
        cast.phones[person] = new_phone()
        await invite(cast.phones[person], role)
        await cast.sign_in(person)
    await _assign(cast)

    cast.bystanders["customer"] = await client.sign_in(new_phone())
    doctors_phone = new_phone()
    await invite(doctors_phone, Role.DOCTOR)
    cast.bystanders["doctor"] = await client.sign_in(doctors_phone)
    return cast


async def _assign(cast: Cast) -> None:
    owner_id = cast.owner.customer_id
    for person in (*TREATING, Person.FORMER_DOCTOR, Person.DEMOTED_DOCTOR):
        pair = {"customerId": owner_id, "staffId": cast.customer_ids[person]}
        done = await cast.data(Person.SUPPORT, ASSIGN, input=pair)
        assert done["assignStaff"]["userErrors"] == []
    pair = {"customerId": owner_id, "staffId": cast.customer_ids[Person.FORMER_DOCTOR]}
    done = await cast.data(Person.SUPPORT, UNASSIGN, input=pair)
    assert done["unassignStaff"]["userErrors"] == []
    none = {"customerId": cast.customer_ids[Person.DEMOTED_DOCTOR], "roles": []}
    done = await cast.data(Person.ADMIN, SET_ROLES, input=none)
    assert done["setRoles"]["userErrors"] == []
    cast.dead_bearers.append(cast.bearers[Person.DEMOTED_DOCTOR] or "")
    await cast.sign_in(Person.DEMOTED_DOCTOR)


async def submit_as_guest(client: GraphClient, phone: str) -> GuestThings:
    """Submit a hair test with a photo, and order from its report."""
    photo = await upload_photo(client)
    typed = {**hair_test(phone=phone, **HELD_BACK), "scalpPhotos": [photo.named]}
    submitted = (await client.data(SUBMIT, input=typed))["submitHairTest"]
    report = submitted["report"]
    placed = (await client.data(PLACE, input=order(report["publicId"], phone=phone)))["placeOrder"]
    return GuestThings(
        public_id=report["publicId"],
        report_id=report["id"],
        hair_test_id=report["hairTest"]["id"],
        report_token=submitted["accessToken"],
        order_id=placed["order"]["id"],
        order_token=placed["accessToken"],
        photo_id=photo.id,
        photo_token=photo.token,
    )


async def upload_photo(client: GraphClient) -> SentPhoto:
    """Return a photo of a guest, whose file has arrived; nobody looks at it."""
    return await send_photo(client, b"\xff\xd8\xff of no picture")


async def begin_draft(client: GraphClient) -> str:
    """Return the token of a new draft."""
    saved = await client.data(SAVE_DRAFT, input={"answers": given({"sleep": "DISTURBED"})})
    token: str = saved["saveHairTestDraft"]["draftToken"]
    return token


async def claim_and_keep(client: GraphClient, signed_in: SignedIn, phone: str, left: GuestThings) -> Things:
    """Claim what a guest left, and keep an address."""
    bearer = signed_in.access_token
    claimed = await client.data(CLAIM, bearer=bearer, input={"ids": [left.hair_test_id, left.order_id]})
    assert claimed["claimGuestRecords"]["userErrors"] == []
    kept = await client.data(ADD_ADDRESS, bearer=bearer, input={"address": address()})
    sessions = await client.data("{ viewer { sessions { nodes { id } } } }", bearer=bearer)
    return Things(
        customer_id=signed_in.customer_id,
        phone=phone,
        public_id=left.public_id,
        report_id=left.report_id,
        hair_test_id=left.hair_test_id,
        order_id=left.order_id,
        photo_id=left.photo_id,
        address_id=kept["addAddress"]["addresses"][-1]["id"],
        session_id=sessions["viewer"]["sessions"]["nodes"][0]["id"],
    )


async def empty(app: Starlette) -> None:
    """Leave the catalogue in the database, and nothing else."""
    for document in DOCUMENTS:
        await app.state.storage.database[document.Settings.name].delete_many({})
    await seed_catalogue(now=now())


SUBMIT = """mutation ($input: SubmitHairTestInput!) {
  submitHairTest(input: $input) { accessToken report { id publicId hairTest { id } } userErrors { code } }
}"""
SAVE_DRAFT = """mutation ($input: SaveHairTestDraftInput!) {
  saveHairTestDraft(input: $input) { draftToken draft { version } userErrors { code path } }
}"""
PLACE = """mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) { accessToken order { id } userErrors { code } }
}"""
CLAIM = """mutation ($input: ClaimGuestRecordsInput!) {
  claimGuestRecords(input: $input) { claimedIds userErrors { code path } }
}"""
ADD_ADDRESS = """mutation ($input: AddAddressInput!) {
  addAddress(input: $input) { addresses { id } userErrors { code } }
}"""
ASSIGN = """mutation ($input: AssignStaffInput!) {
  assignStaff(input: $input) { customer { id } staff { id } userErrors { code path } }
}"""
UNASSIGN = """mutation ($input: UnassignStaffInput!) {
  unassignStaff(input: $input) { customer { id } staff { id } userErrors { code path } }
}"""
SET_ROLES = """mutation ($input: SetRolesInput!) {
  setRoles(input: $input) { staff { id } userErrors { code path } }
}"""
