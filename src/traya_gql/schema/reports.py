"""Reports as a client sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from traya_gql.context import Grant, Info, Kind, Viewer
from traya_gql.documents.products import ProductRecord
from traya_gql.documents.reports import ReportRecord
from traya_gql.domain.assessment import MOST_CAUSES, CauseCode, NoRecoveryReason
from traya_gql.domain.assessment import Cause as ListedCause
from traya_gql.domain.assessment import Recovery as ExpectedRecovery
from traya_gql.domain.customers import Gender
from traya_gql.domain.kit import KitItem as RecommendedItem
from traya_gql.domain.products import ProductCategory
from traya_gql.domain.report_texts import DISCLAIMER, EXPLANATIONS, NEXT_STEPS
from traya_gql.domain.ruleset.codes import CauseLevel, EvidenceGrade
from traya_gql.domain.safety import SafetyAction, SafetyFindingCode, findings
from traya_gql.guards import AT_MOST, REPORT_READERS, private_field
from traya_gql.schema.common import Connection, Money, Node, NodeType, described_enum, money, node_id
from traya_gql.schema.hair_tests import HairTest
from traya_gql.schema.products import Product, product_of

described_enum(
    CauseCode,
    "What may lie behind the hair loss. New codes may be added.",
    {
        CauseCode.GENETIC: "Pattern hair loss that runs in families.",
        CauseCode.NUTRITIONAL: "Something may be missing in the diet.",
        CauseCode.STRESS: "Lasting stress.",
        CauseCode.SCALP_HEALTH: "Dandruff or inflammation of the scalp.",
        CauseCode.SLEEP: "Bad sleep.",
        CauseCode.DIGESTION: "Acidity or gas: a traditional link.",
    },
)
described_enum(
    CauseLevel,
    "How strongly the answers speak for a cause.",
    {
        CauseLevel.HIGH: "60 points or more.",
        CauseLevel.MODERATE: "40 to 59 points.",
        CauseLevel.LOW: "25 to 39 points.",
    },
)
described_enum(
    EvidenceGrade,
    "How well the link between a cause and hair loss is shown.",
    {
        EvidenceGrade.A: "Well shown, by large or repeated studies.",
        EvidenceGrade.B: "Shown by studies with limits.",
        EvidenceGrade.C: "Seen together in studies; cause unknown.",
        EvidenceGrade.TRADITIONAL: "A traditional belief without controlled studies.",
    },
)
described_enum(
    NoRecoveryReason,
    "Why no months are given.",
    {NoRecoveryReason.ADVANCED_STAGE: "At this stage nobody can honestly promise a time."},
)
described_enum(
    SafetyFindingCode,
    "Why something is held back. New codes may be added.",
    {
        SafetyFindingCode.SAFETY_QUESTIONS_UNANSWERED: "Illnesses, pregnancy and medicines were not asked about.",
        SafetyFindingCode.INFLAMED_SCALP: "Psoriasis or seborrhoeic dermatitis.",
        SafetyFindingCode.ADVANCED_STAGE: "Stage 6.",
    },
)
described_enum(
    SafetyAction,
    "What the person should do.",
    {
        SafetyAction.ANSWER_SAFETY_QUESTIONS: "Answer the safety questions.",
        SafetyAction.SEE_DERMATOLOGIST: "See a dermatologist.",
    },
)


@strawberry.type(description="One likely root cause.")
class Cause:
    viewer: strawberry.Private[Viewer]
    opened_by: strawberry.Private[Grant | None]
    owner_id: strawberry.Private[UUID | None]
    listed: strawberry.Private[ListedCause]

    cause: CauseCode = strawberry.field(description="Which cause.")
    level: CauseLevel = strawberry.field(description="The points in three steps.")
    evidence: EvidenceGrade = strawberry.field(description="How well the link to hair loss is shown.")
    explanation: str = strawberry.field(description="What the cause is, for the person.")

    @classmethod
    def of(cls, listed: ListedCause, *, report: Report) -> Self:
        return cls(
            viewer=report.viewer,
            opened_by=report.opened_by,
            owner_id=report.owner_id,
            listed=listed,
            cause=listed.code,
            level=listed.level,
            evidence=listed.evidence,
            explanation=EXPLANATIONS[listed.code],
        )

    # the points of most causes come from one answer each: whoever knows them knows the answer
    @private_field(readers=REPORT_READERS, description="Points, 25 to 100. Causes below 25 are not listed.")
    def score(self) -> int | None:
        return self.listed.score

    @private_field(
        readers=REPORT_READERS,
        description="The names of the answers that gave points, such as `hairLossStage`.",
    )
    def answers_that_raised_it(self) -> list[str] | None:
        return list(self.listed.raised_by)


@strawberry.type(description="When a change can be judged. All three numbers are given, or none and a reason.")
class Recovery:
    min_months: int | None = strawberry.field(description="At the earliest, in months.")
    expected_months: int | None = strawberry.field(description="The expected time, in months.")
    max_months: int | None = strawberry.field(description="At the latest, in months.")
    reason_if_none: NoRecoveryReason | None = strawberry.field(description="Why no months are given.")

    @classmethod
    def of(cls, expected: ExpectedRecovery) -> Self:
        return cls(
            min_months=expected.min_months,
            expected_months=expected.expected_months,
            max_months=expected.max_months,
            reason_if_none=expected.reason_if_none,
        )


@strawberry.type(description="One recommended product.")
class KitItem:
    product_id: strawberry.Private[UUID]

    causes: list[CauseCode] = strawberry.field(
        description="The listed causes it was chosen for. Empty when no listed cause names what it is for."
    )

    @strawberry.field(
        description="The product with today's price. Null when it left the catalogue; look at `isActive` too."
    )
    def product(self, info: Info) -> Product | None:
        return product_of(self.product_id, info)


@strawberry.type(description="What the report recommends: at most one product of each category.")
class Kit:
    recommended: strawberry.Private[tuple[RecommendedItem, ...]]
    found: strawberry.Private[list[ProductRecord | None]]

    @strawberry.field(
        description="The products, 0 to 3. Nothing to swallow until safety questions are answered.",
        metadata={AT_MOST: len(ProductCategory)},
    )
    def items(self) -> list[KitItem]:
        return [KitItem(product_id=item.product_id, causes=list(item.causes)) for item in self.recommended]

    @strawberry.field(description="One of each product that can be ordered now, at today's prices, with all taxes.")
    def price(self) -> Money:
        return money(sum(one.price_paise for one in self.found if one is not None and one.is_active))


@strawberry.type(description="One reason to hold back.")
class SafetyFinding:
    code: SafetyFindingCode = strawberry.field(description="Which reason.")
    message: str = strawberry.field(description="For the person.")
    action: SafetyAction = strawberry.field(description="What the person should do.")


@strawberry.type(
    description=(
        "What a hair test came to. Whoever knows the public id sees first name, gender, causes, recovery, kit and "
        "prices. Fields marked private are null for all but the readers they name."
    )
)
class Report(Node):
    viewer: strawberry.Private[Viewer]
    opened_by: strawberry.Private[Grant | None]
    owner_id: strawberry.Private[UUID | None]
    record: strawberry.Private[ReportRecord]

    public_id: str = strawberry.field(description="22 URL-safe characters, 128 random bits: the key of the link.")
    created_at: datetime = strawberry.field(description="When the hair test was submitted.")
    first_name: str = strawberry.field(description="The person's first name.")
    gender: Gender = strawberry.field(description="The person's gender.")
    ruleset_version: str = strawberry.field(description="The version of the rules that made this report.")

    @classmethod
    def of(cls, record: ReportRecord, viewer: Viewer) -> Self:
        return cls(
            viewer=viewer,
            opened_by=Grant(Kind.REPORT, record.id),
            owner_id=record.customer_id,
            record=record,
            # the public id is the key: whoever may see the report can fetch it again
            id=node_id(NodeType.REPORT, record.public_id),
            public_id=record.public_id,
            created_at=record.created_at,
            first_name=record.first_name,
            gender=record.gender,
            ruleset_version=record.assessment.ruleset_version,
        )

    @strawberry.field(description="Likely root causes, 0 to 4, the strongest first.", metadata={AT_MOST: MOST_CAUSES})
    def causes(self) -> list[Cause]:
        return [Cause.of(listed, report=self) for listed in self.record.assessment.causes]

    @strawberry.field(description="When a change can be judged.")
    def recovery(self) -> Recovery:
        return Recovery.of(self.record.assessment.recovery)

    @strawberry.field(description="The recommended products and what they cost together.")
    async def kit(self, info: Info) -> Kit:
        found: list[ProductRecord | None] = []
        if not info.context.field_names.isdisjoint(("product", "price")):
            # before the items are shown: they need no task each to wait for theirs
            found = await info.context.loaders.product_by_id.load_many([item.product_id for item in self.record.kit])
        return Kit(recommended=self.record.kit, found=found)

    @strawberry.field(description="What everybody with hair loss can do next; the same for all reports.")
    def next_steps(self) -> list[str]:
        return list(NEXT_STEPS)

    @strawberry.field(description="What this report is not. Show it wherever causes or products are shown.")
    def disclaimer(self) -> str:
        return DISCLAIMER

    @private_field(
        readers=REPORT_READERS,
        description="Why products are held back, the weightiest reason first.",
        at_most=len(SafetyFindingCode),
    )
    async def safety_findings(self, info: Info) -> list[SafetyFinding] | None:
        test = await info.context.loaders.hair_test_by_id.load(self.record.hair_test_id)
        if test is None:
            return None
        return [
            SafetyFinding(code=found.code, message=found.message, action=found.action)
            for found in findings(test.answers)
        ]

    @private_field(readers=REPORT_READERS, description="The answers behind the report.")
    async def hair_test(self, info: Info) -> HairTest | None:
        record = await info.context.loaders.hair_test_by_id.load(self.record.hair_test_id)
        return None if record is None else HairTest.of(record, self.viewer)


@strawberry.type(description="A page of reports.")
class ReportConnection(Connection[Report]):
    pass
