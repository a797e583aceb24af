"""Refusals as the graph shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from traya_gql.context import Info
from traya_gql.domain.coupons import CouponRefusalReason
from traya_gql.domain.languages import Language
from traya_gql.domain.products import ProductCategory
from traya_gql.domain.refusals import Problem, Refusal, RefusalCode
from traya_gql.guards import AT_MOST
from traya_gql.schema.common import Money, described_enum, money
from traya_gql.schema.products import Product
from traya_gql.schema.safety import SafetyReason
from traya_gql.services.coupons import CouponRefusal

described_enum(
    RefusalCode,
    (
        "What a client decides on when a mutation, or `pricePreview`, refuses. New codes may be added: treat an "
        "unknown one like the message."
    ),
    {
        RefusalCode.REQUIRED: "Something must be given here.",
        RefusalCode.TOO_SHORT: "The text is too short.",
        RefusalCode.TOO_LONG: "The text is too long.",
        RefusalCode.OUT_OF_RANGE: "The number is outside its limits; the message names them.",
        RefusalCode.INVALID_CHARACTERS: "The text holds characters that it may not have.",
        RefusalCode.INVALID_PHONE: "Not an Indian mobile number.",
        RefusalCode.INVALID_PIN_CODE: "Not an Indian PIN code.",
        RefusalCode.INVALID_ID: "Not the id of such an object.",
        RefusalCode.UNSUPPORTED_COUNTRY: "We do not deliver there.",
        RefusalCode.UNDER_AGE: "The person is younger than 18 years.",
        RefusalCode.INVALID_EMAIL: "Not an e-mail address.",
        RefusalCode.UNKNOWN_QUESTION: "The questionnaire has no question with this key.",
        RefusalCode.UNKNOWN_OPTION: "The question has no such option.",
        RefusalCode.NOT_ASKED: "This question, or option, is not shown to this person.",
        RefusalCode.CONTRADICTORY: "This contradicts something else of the input: another answer, term or field.",
        RefusalCode.CONSENT_REQUIRED: "Without consent, to the notice that is shown now, nothing is assessed or kept.",
        RefusalCode.DRAFT_NOT_FOUND: "There is no such draft, or it has ended.",
        RefusalCode.PHOTO_NOT_FOUND: "You have no such photo, or another hair test has it.",
        RefusalCode.PHOTO_NOT_UPLOADED: "The photo's file has not arrived.",
        RefusalCode.PHOTO_STORE_UNAVAILABLE: "Photos cannot be taken now: try again in a minute, or go on without.",
        RefusalCode.DUPLICATE: "This was given twice.",
        RefusalCode.TOO_MANY: "The list is too long; the message names the limit.",
        RefusalCode.REPORT_NOT_FOUND: "There is no such report.",
        RefusalCode.PRODUCT_UNAVAILABLE: "The product does not exist or is not sold now.",
        RefusalCode.SAFETY_BLOCK: "This person may not have the product, for safety's sake.",
        RefusalCode.REPORT_ACCESS_REQUIRED: "Only the report's owner, or who has its access token, may order this.",
        RefusalCode.REPORT_TOO_OLD: "The answers behind the report are too old: take the hair test again.",
        RefusalCode.PRICE_CHANGED: (
            "The order would cost something else than was expected: look at the new price (path `expectedTotal`). Or "
            "it costs that, and is not what was previewed: look at the lines (path `previewKey`)."
        ),
        RefusalCode.INVALID_COUPON: "The coupon does not count for this order; `reason` says why.",
        RefusalCode.NOT_SERVICEABLE: "We do not deliver to this PIN code.",
        RefusalCode.PRODUCT_NOT_FOUND: "There is no such product.",
        RefusalCode.COUPON_NOT_FOUND: "There is no such coupon.",
        RefusalCode.COUPON_IN_USE: "Orders have used the coupon, so what it takes off stays.",
        RefusalCode.ALREADY_EXISTS: "There is one already by this name.",
        RefusalCode.UNKNOWN_HSN: "No tax rate is known for this tariff heading.",
        RefusalCode.UNKNOWN_INGREDIENT: "There is no such ingredient, or the product does not hold it.",
        RefusalCode.NOT_PUBLISHABLE: "Something is missing before it can be sold.",
        RefusalCode.NOT_PUBLISHED: "It was never sold: there is nothing to take off the shelf.",
        RefusalCode.ALREADY_PUBLISHED: "It was sold, so it stays: archive it instead.",
        RefusalCode.FINDING_NOT_CLEARABLE: "The report has no such finding, or no doctor can lift it.",
        RefusalCode.FORBIDDEN_CLAIM: "The text makes a claim that the law forbids.",
        RefusalCode.IDEMPOTENCY_CONFLICT: "The idempotency key was used with another input.",
        RefusalCode.ADDRESS_NOT_FOUND: "You keep no address with this id.",
        RefusalCode.ADDRESS_BOOK_FULL: "You keep as many addresses as one can: delete one first.",
        RefusalCode.CUSTOMER_NOT_FOUND: "There is no such customer.",
        RefusalCode.GUEST_RECORD_NOT_FOUND: "There is nothing with this id for you to claim.",
        RefusalCode.SESSION_NOT_FOUND: "You have no such session that lasts.",
        RefusalCode.STALE_VERSION: "It was changed since you read it: read it again.",
        RefusalCode.OTP_INVALID: "The code is wrong, used, expired, or was guessed too often.",
        RefusalCode.MESSAGE_NOT_SENT: "The message could not be sent now: try again in a minute.",
        RefusalCode.REFRESH_TOKEN_INVALID: "The session has ended: sign in again.",
        RefusalCode.OWN_ACCOUNT: "Staff do not change their own rights.",
        RefusalCode.NOT_TREATING_STAFF: "The person is neither a doctor nor a coach.",
        RefusalCode.IDEMPOTENCY_IN_PROGRESS: "The first request with this key is still running: repeat it later.",
    },
    name="UserErrorCode",
)


described_enum(
    CouponRefusalReason,
    "Why a coupon does not count for an order. New values may be added: treat an unknown one like the message.",
    {
        CouponRefusalReason.NOT_FOUND: "There is no such coupon.",
        CouponRefusalReason.DISABLED: "It is not in use any more.",
        CouponRefusalReason.NOT_YET_VALID: "It does not count before `startsAt`.",
        CouponRefusalReason.EXPIRED: "It counted until `endsAt`.",
        CouponRefusalReason.USED_UP: "It was used as often as it can be.",
        CouponRefusalReason.SIGN_IN_REQUIRED: "It is limited, or asks about your orders of before: sign in to use it.",
        CouponRefusalReason.ALREADY_USED: "You used it as often as one customer can.",
        CouponRefusalReason.FIRST_ORDER_ONLY: "It is for a first order, and you have ordered before.",
        CouponRefusalReason.BELOW_MINIMUM: "The lines cost less than `minSubtotal` together, before discounts.",
        CouponRefusalReason.NOT_FOR_THESE_PRODUCTS: "It is for products of `categories` alone, and no line has one.",
        CouponRefusalReason.FREE_ITEM_MISSING: "It makes one piece of `freeProduct` free, and no line has that.",
        CouponRefusalReason.FREE_ITEM_UNAVAILABLE: (
            "The product that it makes free cannot be ordered now: it is out of stock, or not sold any more."
        ),
        CouponRefusalReason.TOO_MANY_TRIES: (
            "Too many codes that do not exist were tried, by this customer or by guests of this network: go on without "
            "a coupon; a guest can sign in to use one."
        ),
        CouponRefusalReason.BUSY: (
            "Many orders use it, or many codes of yours are looked up, right now: try again in a few seconds."
        ),
    },
)


@strawberry.interface(description="Something that the user can correct. Expected, and part of the answer.")
class UserError:
    code: RefusalCode = strawberry.field(description="What a program decides on.")
    message: str = strawberry.field(description="For the person, in plain words.")
    path: list[str] = strawberry.field(
        description='Where in the arguments: names and list positions, such as ["input", "lines", "0", "quantity"].'
    )


@strawberry.type(description="A field of the input breaks a rule. All such fields are reported at once.")
class InvalidInputError(UserError):
    pass


@strawberry.type(description="There is no report with this public id.")
class ReportNotFoundError(UserError):
    pass


@strawberry.type(description="A product does not exist or is not sold now.")
class ProductUnavailableError(UserError):
    pass


@strawberry.type(description="A product may not be sold to this person, for safety's sake.")
class SafetyBlockError(UserError):
    findings: list[SafetyReason] = strawberry.field(
        default_factory=list,
        description="What stands in the way, for who may read the report's private parts; for others always empty.",
        # one SAFETY_BLOCK a line at most: times the bound of `userErrors` it is more than all gates of all lines
        metadata={AT_MOST: 5},
    )


@strawberry.type(description="The product may be ordered only by the report's owner, or with its access token.")
class ReportAccessRequiredError(UserError):
    pass


@strawberry.type(description="The order would be something else than was previewed, or cost something else.")
class PriceChangedError(UserError):
    pass


@strawberry.type(description="The coupon does not count for this order; without the code it can be placed.")
class CouponError(UserError):
    product_id: strawberry.Private[UUID | None]

    reason: CouponRefusalReason = strawberry.field(description="Why it does not count.")
    min_subtotal: Money | None = strawberry.field(
        description="What all lines must cost together at list prices. Null unless the reason is BELOW_MINIMUM."
    )
    categories: list[ProductCategory] = strawberry.field(
        description="The shelves whose products it is for. Empty unless the reason is NOT_FOR_THESE_PRODUCTS."
    )
    starts_at: datetime | None = strawberry.field(
        description="The first moment at which it counts. Null unless the reason is NOT_YET_VALID."
    )
    ends_at: datetime | None = strawberry.field(
        description="The first moment at which it counted no more. Null unless the reason is EXPIRED."
    )

    @strawberry.field(
        description=(
            "The product to add to `lines`: one piece of it is free then, if it suits the person of the report. It can "
            "be ordered now, without a prescription. Null unless the reason is FREE_ITEM_MISSING."
        )
    )
    async def free_product(self, info: Info) -> Product | None:
        if self.product_id is None:
            return None
        return Product.seen_in(info.context, await info.context.loaders.product_by_id.load(self.product_id))


@strawberry.type(description="There is one already by this name.")
class AlreadyExistsError(UserError):
    pass


@strawberry.type(description="It was used, so this part of it stays.")
class InUseError(UserError):
    pass


@strawberry.type(description="Nothing is delivered to the PIN code.")
class NotServiceableError(UserError):
    pass


@strawberry.type(description="A photo could not be taken.")
class PhotoUploadError(UserError):
    pass


@strawberry.type(description="Nothing is assessed or kept without consent.")
class ConsentRequiredError(UserError):
    pass


@strawberry.type(description="The idempotency key was used before with another input.")
class IdempotencyConflictError(UserError):
    pass


@strawberry.type(description="What the input names does not exist, or is not yours.")
class NotFoundError(UserError):
    pass


@strawberry.type(description="You keep as many addresses as one can.")
class AddressBookFullError(UserError):
    pass


@strawberry.type(description="It was changed since you read it.")
class StaleVersionError(UserError):
    pass


@strawberry.type(description="Signing in, or staying signed in, did not work.")
class SignInError(UserError):
    pass


@strawberry.type(description="A rule about the rights of staff forbids it.")
class StaffRuleError(UserError):
    pass


@strawberry.type(description="The first request with this idempotency key has not ended yet.")
class IdempotencyInProgressError(UserError):
    pass


ERRORS: dict[RefusalCode, type[UserError]] = {
    RefusalCode.REPORT_NOT_FOUND: ReportNotFoundError,
    RefusalCode.PRODUCT_UNAVAILABLE: ProductUnavailableError,
    RefusalCode.SAFETY_BLOCK: SafetyBlockError,
    RefusalCode.REPORT_ACCESS_REQUIRED: ReportAccessRequiredError,
    RefusalCode.REPORT_TOO_OLD: SafetyBlockError,
    RefusalCode.CONSENT_REQUIRED: ConsentRequiredError,
    RefusalCode.DRAFT_NOT_FOUND: NotFoundError,
    RefusalCode.PHOTO_NOT_FOUND: NotFoundError,
    RefusalCode.PHOTO_NOT_UPLOADED: PhotoUploadError,
    RefusalCode.PHOTO_STORE_UNAVAILABLE: PhotoUploadError,
    RefusalCode.PRICE_CHANGED: PriceChangedError,
    RefusalCode.NOT_SERVICEABLE: NotServiceableError,
    RefusalCode.PRODUCT_NOT_FOUND: NotFoundError,
    RefusalCode.COUPON_NOT_FOUND: NotFoundError,
    RefusalCode.ALREADY_EXISTS: AlreadyExistsError,
    RefusalCode.COUPON_IN_USE: InUseError,
    RefusalCode.INVALID_COUPON: CouponError,
    RefusalCode.FINDING_NOT_CLEARABLE: NotFoundError,
    RefusalCode.ADDRESS_NOT_FOUND: NotFoundError,
    RefusalCode.ADDRESS_BOOK_FULL: AddressBookFullError,
    RefusalCode.CUSTOMER_NOT_FOUND: NotFoundError,
    RefusalCode.GUEST_RECORD_NOT_FOUND: NotFoundError,
    RefusalCode.SESSION_NOT_FOUND: NotFoundError,
    RefusalCode.STALE_VERSION: StaleVersionError,
    RefusalCode.OTP_INVALID: SignInError,
    RefusalCode.MESSAGE_NOT_SENT: SignInError,
    RefusalCode.REFRESH_TOKEN_INVALID: SignInError,
    RefusalCode.OWN_ACCOUNT: StaffRuleError,
    RefusalCode.NOT_TREATING_STAFF: StaffRuleError,
    RefusalCode.IDEMPOTENCY_CONFLICT: IdempotencyConflictError,
    RefusalCode.IDEMPOTENCY_IN_PROGRESS: IdempotencyInProgressError,
}
"""How each code travels; those of InvalidInput as InvalidInputError."""


def user_errors(refusal: Refusal, language: Language) -> list[UserError]:
    """Return one error for each problem of the refusal. Findings are told in this language."""
    return [_user_error(problem, language) for problem in refusal.problems]


def _user_error(problem: Problem, language: Language) -> UserError:
    told: dict[str, Any] = {"code": problem.code, "message": problem.message, "path": list(problem.path)}
    if isinstance(problem.detail, CouponRefusal):
        least = problem.detail.min_subtotal_paise
        return CouponError(
            **told,
            product_id=problem.detail.product_id,
            reason=problem.detail.reason,
            min_subtotal=None if least is None else money(least),
            categories=list(problem.detail.categories),
            starts_at=problem.detail.starts_at,
            ends_at=problem.detail.ends_at,
        )
    shown = ERRORS.get(problem.code, InvalidInputError)(**told)
    if isinstance(shown, SafetyBlockError):
        shown.findings = [SafetyReason.of(code, language) for code in problem.gates]
    return shown
