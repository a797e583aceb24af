"""Who may ask, and who may read: each root field and each private field names one of these."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, get_args
from uuid import UUID

import strawberry

from traya_gql.context import Context, Denial, Denied, Grant, Viewer
from traya_gql.domain.refusals import InvalidInput, Refusal, RefusalCode
from traya_gql.domain.roles import Role

GUARD = "guard"
"""The key of the guard in a field's metadata."""

CODES = "codes"
"""The key of the codes that a mutation may refuse with, in its metadata."""


AT_MOST = "at_most"
"""The key in a list field's metadata of how long the list can be: what the limit on fields multiplies with."""

MAY_WAIT = "may_wait"
"""The key in the metadata of a method that for some readers returns what has to be awaited."""


@dataclass(frozen=True)
class Guard:
    """A rule about who may ask a root field. `sentence` is printed in the field's description.

    Args:
        roles: who of those who are signed in; None: the field sees to it by itself that it shows nothing to others.
    """

    name: str
    sentence: str
    roles: frozenset[Role] | None = None

    def refuse(self, context: Context) -> None:
        """Let the viewer pass, or raise Denied."""
        if self.roles is None:
            return
        signed_in = context.viewer.signed_in
        if signed_in is None:
            raise Denied(Denial.UNAUTHENTICATED, "Sign in first: requestOtp, then verifyOtp.")
        if Role.CUSTOMER not in self.roles and self.roles.isdisjoint(signed_in.roles):
            raise Denied(Denial.FORBIDDEN, f"This is for {_list(self.roles)} only.")


def _list(roles: frozenset[Role]) -> str:
    return " or ".join(role.value for role in sorted(roles))


def _staff(name: str, *roles: Role) -> Guard:
    allowed = frozenset(roles)
    return Guard(name, f"Who may ask: staff who are {' or '.join(sorted(allowed))}.", allowed)


ANYONE = Guard("Anyone", "Who may ask: anyone.")
DRAFT_TOKEN = Guard(
    "DraftToken", "Who may ask: anyone who holds the token that `saveHairTestDraft` returned; others get null."
)
PHOTO_OPENED = Guard(
    "PhotoOpened",
    "Who may ask: who uploaded the photo, or whose hair test has it: signed in, or with the access token that "
    "`createScalpPhotoUpload` or `submitHairTest` returned. For others it does not exist.",
)
ORDER_TOKEN = Guard(
    "OrderToken", "Who may ask: anyone who holds the access token that `placeOrder` returned; others get null."
)
SIGNED_IN = Guard("SignedIn", "Who may ask: who is signed in.", frozenset({Role.CUSTOMER}))
ADMIN = _staff("Admin", Role.ADMIN)
DOCTOR = _staff("Doctor", Role.DOCTOR)
CATALOG_MANAGER = _staff("CatalogManager", Role.CATALOG_MANAGER)
SUPPORT_OR_ADMIN = _staff("SupportOrAdmin", Role.SUPPORT, Role.ADMIN)


class Guarded(Protocol):
    """A view of an object with private fields: who reads it, which right opens it, and whose it is."""

    viewer: Viewer
    opened_by: Grant | None
    owner_id: UUID | None


@dataclass(frozen=True)
class Readers:
    """A rule about who may read a private field or object: the owner, and those named here.

    Args:
        is_token_good: whether the access token of the object's guest opens it.
        is_treating_staff_admitted: whether the doctors and coaches are who are assigned to the owner.
        roles: staff who may, whoever the owner is.
    """

    name: str
    sentence: str
    is_token_good: bool = False
    is_treating_staff_admitted: bool = False
    roles: frozenset[Role] = field(default_factory=frozenset)

    def admit(self, view: Guarded) -> bool | Awaitable[bool]:
        """Whether the reader of this view may read; to be awaited for doctors and coaches only."""
        return self.admits(view.viewer, owner_id=view.owner_id, opened_by=view.opened_by)

    def admits(self, viewer: Viewer, *, owner_id: UUID | None, opened_by: Grant | None) -> bool | Awaitable[bool]:
        """As `admit`, for an object that may be missing: then with None, which takes as long."""
        if viewer.is_customer(owner_id) or not self.roles.isdisjoint(viewer.roles):
            return True
        if self.is_token_good and opened_by is not None and viewer.holds(opened_by):
            return True
        if self.is_treating_staff_admitted and viewer.may_treat:
            return viewer.treats(owner_id)
        return False

    async def admits_soon(self, viewer: Viewer, *, owner_id: UUID | None, opened_by: Grant | None) -> bool:
        """As `admits`, always to be awaited."""
        admitted = self.admits(viewer, owner_id=owner_id, opened_by=opened_by)
        return admitted if isinstance(admitted, bool) else await admitted


_TREATING = "doctors and coaches assigned to them"
REPORT_READERS = Readers(
    "ReportReaders",
    f"Private: null unless the reader is the owner, one of the {_TREATING}, or holds the access token that "
    "`submitHairTest` returned.",
    is_token_good=True,
    is_treating_staff_admitted=True,
)
ORDER_READERS = Readers(
    "OrderReaders",
    f"Private: null unless the reader is the owner, one of the {_TREATING}, SUPPORT, or holds the access token that "
    "`placeOrder` returned.",
    is_token_good=True,
    is_treating_staff_admitted=True,
    roles=frozenset({Role.SUPPORT}),
)
ORDER_REPORT_READERS = Readers(
    "OrderReportReaders",
    f"Private: null unless the reader is the owner, one of the {_TREATING}, or holds the access token that "
    "`placeOrder` returned.",
    is_token_good=True,
    is_treating_staff_admitted=True,
)
CUSTOMER_ORDER_READERS = Readers(
    "CustomerOrderReaders",
    f"Private: null unless the reader is that customer, one of the {_TREATING}, or SUPPORT.",
    is_treating_staff_admitted=True,
    roles=frozenset({Role.SUPPORT}),
)
CUSTOMER_READERS = Readers(
    "CustomerReaders",
    f"Private: null unless the reader is that customer, one of the {_TREATING}, SUPPORT or ADMIN.",
    is_treating_staff_admitted=True,
    roles=frozenset({Role.SUPPORT, Role.ADMIN}),
)
CLEARANCE_READERS = Readers(
    "ClearanceReaders",
    f"Private: null unless the reader is the owner, or one of the {_TREATING}.",
    is_treating_staff_admitted=True,
)
PHOTO_READERS = Readers(
    "PhotoReaders",
    f"Private: null unless the reader is the owner, one of the {_TREATING}, or holds the access token that "
    "`createScalpPhotoUpload` or `submitHairTest` returned.",
    is_token_good=True,
    is_treating_staff_admitted=True,
)
COUPON_READERS = Readers(
    "CouponReaders", "Private: null unless the reader is a CATALOG_MANAGER.", roles=frozenset({Role.CATALOG_MANAGER})
)
HEALTH_READERS = Readers(
    "HealthReaders",
    f"Private: null unless the reader is that customer, or one of the {_TREATING}.",
    is_treating_staff_admitted=True,
)


def query_field(
    *,
    guard: Guard,
    description: str,
    refusals: tuple[type[Refusal], ...] = (),
    input_codes: frozenset[RefusalCode] = frozenset(),
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a root query field. One with refusals answers a payload, as mutations do: see `mutation_field`."""
    codes = input_codes.union(*(refusal.codes for refusal in refusals))
    text = f"{description}\n\n{guard.sentence}"
    metadata: dict[str, Any] = {GUARD: guard}
    if codes:
        text += f"\n\n{_printed(codes)}"
        metadata[CODES] = codes

    def declare(resolver: Callable[..., Any]) -> Any:
        asked = _guarded(resolver, guard)
        answer = _answering_refusals(resolver, asked, (InvalidInput, *refusals), codes) if codes else asked
        return strawberry.field(answer, description=text, metadata=metadata)

    return declare


def mutation_field(
    *,
    guard: Guard,
    description: str,
    refusals: tuple[type[Refusal], ...],
    input_codes: frozenset[RefusalCode] = frozenset(),
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a mutation. A declared refusal becomes the payload's `userErrors`; any other is a fault of ours.

    Args:
        guard: who may ask.
        description: what it does.
        refusals: what the service may raise besides InvalidInput.
        input_codes: the codes that InvalidInput may carry here.
    """
    codes = input_codes.union(*(refusal.codes for refusal in refusals))
    text = f"{description}\n\n{guard.sentence}\n\n{_printed(codes)}"

    def declare(resolver: Callable[..., Any]) -> Any:
        answer = _answering_refusals(resolver, _guarded(resolver, guard), (InvalidInput, *refusals), codes)
        return strawberry.mutation(answer, description=text, metadata={GUARD: guard, CODES: codes})

    return declare


def _printed(codes: frozenset[RefusalCode]) -> str:
    return f"Codes of `userErrors`: {', '.join(sorted(codes))}." if codes else "It has no `userErrors` so far."


def _answering_refusals(
    resolver: Callable[..., Any],
    asked: Callable[..., Any],
    declared: tuple[type[Refusal], ...],
    codes: frozenset[RefusalCode],
) -> Callable[..., Any]:
    """Return `asked`, with declared refusals as the payload that the resolver would have answered."""
    # nullable, so that a denial or a limit nulls its own field and not those beside it
    payload = get_args(inspect.get_annotations(resolver, eval_str=True)["return"])[0]

    @functools.wraps(resolver)
    async def answer(self: Any, info: strawberry.Info[Context, None], **kwargs: Any) -> Any:
        try:
            return await asked(self, info, **kwargs)
        except declared as refusal:
            if not codes.issuperset(problem.code for problem in refusal.problems):
                raise
            info.context.refused_with.extend(problem.code for problem in refusal.problems)
            return payload.refused(refusal, info.context.language)

    return answer


def _guarded(resolver: Callable[..., Any], guard: Guard) -> Callable[..., Any]:
    """Return the resolver behind its guard; it takes `info`, which knows the viewer."""
    if guard.roles is None:
        return resolver

    @functools.wraps(resolver)
    def answer(self: Any, info: strawberry.Info[Context, None], **kwargs: Any) -> Any:
        guard.refuse(info.context)
        return resolver(self, info, **kwargs)

    return answer


def private_field(
    *, readers: Readers, description: str, at_most: int | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a private field of a type: null for all but its readers, whatever the resolver would say.

    `at_most` is how long a list of objects can be.
    """

    def declare(resolver: Callable[..., Any]) -> Any:
        @functools.wraps(resolver)
        def answer(self: Any, *args: Any, **kwargs: Any) -> Any:
            admitted = readers.admit(self)
            if isinstance(admitted, bool):
                return resolver(self, *args, **kwargs) if admitted else None
            return _answer_if(admitted, lambda: resolver(self, *args, **kwargs))

        return strawberry.field(
            answer, description=f"{description} {readers.sentence}", metadata={GUARD: readers, AT_MOST: at_most}
        )

    return declare


async def _answer_if(admitted: Awaitable[bool], resolve: Callable[[], Any]) -> Any:
    if not await admitted:
        return None
    answer = resolve()
    return await answer if inspect.isawaitable(answer) else answer
