"""Reports as a client sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from traya_gql.context import Grant, Info, Kind, Viewer
from traya_gql.documents.products import ProductRecord
from traya_gql.documents.reports import ReportRecord
from traya_gql.domain.clearances import Clearance, in_force, kit_in_force
from traya_gql.domain.customers import Gender
from traya_gql.domain.languages import Language
from traya_gql.domain.report_texts import TEXTS
from traya_gql.domain.ruleset.codes import CauseCode, Confidence, GateCode
from traya_gql.domain.ruleset.gates import findings, suits_everybody, why_left_out
from traya_gql.domain.ruleset.kit import Kit, shared_causes
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.guards import AT_MOST, CLEARANCE_READERS, MAY_WAIT, REPORT_READERS, private_field
from traya_gql.schema.assessments import Cause, Recovery, ShownHypothesis
from traya_gql.schema.common import Connection, Node, NodeType, node_id
from traya_gql.schema.hair_tests import HairTest
from traya_gql.schema.kits import ShownKit
from traya_gql.schema.safety import SafetyFinding

# what a kit says of today, by the rules of today; and all that it shows of its products
_OF_TODAY = frozenset({"price", "offers", "canBeOrdered"})
_FROM_PRODUCTS = _OF_TODAY | {"product", "usage", "cautions", "monthlyQuantity", "needsPrescription"}


@strawberry.type(
    description=(
        "What a hair test came to. Whoever knows the public id sees first name, gender, causes, recovery, a kit of "
        "products that suit everybody, and prices. Fields marked private are null for all but the readers they name."
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
    language: Language = strawberry.field(description="The language of the texts.")

    @classmethod
    def of(cls, record: ReportRecord, viewer: Viewer, language: Language) -> Self:
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
            language=language,
        )

    @strawberry.field(
        description=(
            "Likely root causes, 0 to 4. The strongest first for who may read their scores, for others the best shown."
        ),
        metadata={AT_MOST: current_ruleset().listing.most, MAY_WAIT: True},
    )
    def causes(self) -> list[Cause]:
        admitted = REPORT_READERS.admit(self)
        if isinstance(admitted, bool):
            return self._causes(is_open=admitted)
        return self._causes_later(admitted)  # type: ignore[return-value] # graphql-core awaits what can be awaited

    @strawberry.field(description="When a change can be judged.")
    def recovery(self) -> Recovery:
        return Recovery.of(self.record.assessment.recovery, self.language)

    @strawberry.field(description="The recommended products and what they cost together.")
    async def kit(self, info: Info) -> ShownKit:
        admitted = REPORT_READERS.admit(self)
        is_whole = admitted if isinstance(admitted, bool) else await admitted
        composed, lifted = Kit(items=self.record.shared_kit, basic=(), excluded=()), dict[GateCode, Clearance]()
        if is_whole:
            lifted = await self._lifted(info)
            clearances = self.record.clearances if lifted else ()
            composed = kit_in_force(self.record.kit, clearances, now=info.context.now())
        found: dict[UUID, ProductRecord] = {}
        held_back: frozenset[UUID] = frozenset()
        in_kit = dict.fromkeys([*(one.product_id for one in composed.items), *composed.basic])
        if not info.context.field_names.isdisjoint(_FROM_PRODUCTS):
            # before the items are shown: they need no task each to wait for theirs
            ids = dict.fromkeys([*in_kit, *(one.product_id for one in composed.excluded)])
            products = await info.context.loaders.product_by_id.load_many([*ids])
            found = {product.id: product for product in products if product is not None}
        if not info.context.field_names.isdisjoint(_OF_TODAY):
            asked = [found[id_] for id_ in in_kit if id_ in found]
            held_back = await self._held_back(asked, info, is_whole=is_whole, lifted=lifted)
        return ShownKit.of(
            composed,
            self,
            is_whole=is_whole,
            expected_months=self.record.assessment.recovery.expected_months,
            found=found,
            held_back=held_back,
        )

    async def _lifted(self, info: Info) -> dict[GateCode, Clearance]:
        """Return the clearances in force that the viewer may know of; a guest's token opens what the guest wrote."""
        if not self.record.clearances:
            return {}
        may_know = await CLEARANCE_READERS.admits_soon(self.viewer, owner_id=self.owner_id, opened_by=self.opened_by)
        return in_force(self.record.clearances, now=info.context.now()) if may_know else {}

    async def _held_back(
        self,
        products: Sequence[ProductRecord],
        info: Info,
        *,
        is_whole: bool,
        lifted: Mapping[GateCode, Clearance],
    ) -> frozenset[UUID]:
        """Return which products, as they are today, would be refused to the viewer by their safety."""
        rules = current_ruleset()
        if not is_whole:
            return frozenset(product.id for product in products if not suits_everybody(product, rules))
        test = await info.context.loaders.hair_test_by_id.load(self.record.hair_test_id)
        if test is None:
            return frozenset(product.id for product in products)
        held = findings(test.answers, rules, cleared=frozenset(lifted))
        return frozenset(product.id for product in products if why_left_out(product, held) is not None)

    @strawberry.field(
        description="What to do next: the same for all reports with months, and for all without them for one reason."
    )
    def next_steps(self) -> list[str]:
        reason = self.record.assessment.recovery.reason_if_none
        steps = TEXTS.next_steps["EVERYBODY" if reason is None else reason]
        return [step.in_(self.language) for step in steps]

    @strawberry.field(description="What this report is not. Show it wherever causes or products are shown.")
    def disclaimer(self) -> str:
        return TEXTS.disclaimer.in_(self.language)

    @private_field(
        readers=REPORT_READERS,
        description="What the answers look like. Never a diagnosis. Null too for reports of the first rules.",
    )
    def hypothesis(self) -> ShownHypothesis | None:
        code = self.record.assessment.hypothesis
        if code is None:
            return None
        return ShownHypothesis(code=code, explanation=TEXTS.hypotheses[code].in_(self.language))

    @private_field(
        readers=REPORT_READERS,
        description="The strongest listed cause that rests on evidence of grade A or B. Null too when there is none.",
    )
    def primary_cause(self) -> CauseCode | None:
        primary = self.record.assessment.primary_cause
        return None if primary is None or primary == "UNDETERMINED" else CauseCode(primary)

    @private_field(
        readers=REPORT_READERS,
        description="How much of what counts was answered. Null too for reports of the first rules.",
    )
    def confidence(self) -> Confidence | None:
        return self.record.assessment.confidence

    @private_field(
        readers=REPORT_READERS,
        description=(
            "A hash of the answers, 64 hexadecimal digits: the same answers under the same rules make the same report. "
            "Null too for reports of the first rules."
        ),
    )
    def inputs_hash(self) -> str | None:
        return self.record.assessment.inputs_hash

    @private_field(
        readers=REPORT_READERS,
        description="What is held back for safety's sake, and why, in the order of the gates.",
        at_most=len(GateCode),
    )
    async def safety_findings(self, info: Info) -> list[SafetyFinding] | None:
        lifted = await self._lifted(info)
        return [SafetyFinding.of(one, lifted.get(one.code), self.language) for one in self.record.findings]

    @private_field(readers=REPORT_READERS, description="The answers behind the report.")
    async def hair_test(self, info: Info) -> HairTest | None:
        record = await info.context.loaders.hair_test_by_id.load(self.record.hair_test_id)
        return None if record is None else HairTest.of(record, self.viewer, self.language)

    def _causes(self, *, is_open: bool) -> list[Cause]:
        assessment = self.record.assessment
        listed = assessment.causes if is_open else shared_causes(assessment, self.gender, current_ruleset())
        return [Cause.of(one, self) for one in listed]

    async def _causes_later(self, admitted: Awaitable[bool]) -> list[Cause]:
        return self._causes(is_open=await admitted)


@strawberry.type(description="A page of reports.")
class ReportConnection(Connection[Report]):
    pass
