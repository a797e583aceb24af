"""Hair tests as a client sees them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from traya_gql.context import Info, Viewer
from traya_gql.documents.hair_tests import HairTestRecord
from traya_gql.domain.hair_tests import Dandruff, EnergyLevel, FamilyHistory, HairLossStage, Sleep, Stress
from traya_gql.schema.common import Connection, Node, NodeType, described_enum, node_id
from traya_gql.schema.payloads import MadePayload
from traya_gql.schema.people import CustomerInput, Person

if TYPE_CHECKING:
    from traya_gql.schema.reports import Report

described_enum(
    HairLossStage,
    "How far the hair loss has gone, from six pictures.",
    {
        HairLossStage.STAGE_1: "Slight recession at the temples.",
        HairLossStage.STAGE_2: "Clear recession at the temples.",
        HairLossStage.STAGE_3: "Temples and a first thin spot at the crown.",
        HairLossStage.STAGE_4: "Front and crown, with a band of hair between.",
        HairLossStage.STAGE_5: "The band between front and crown is thin.",
        HairLossStage.STAGE_6: "Front and crown have joined.",
    },
)
described_enum(
    FamilyHistory,
    "Which side of the family has hair loss.",
    {
        FamilyHistory.MOTHER: "The mother's side.",
        FamilyHistory.FATHER: "The father's side.",
        FamilyHistory.BOTH: "Both sides.",
        FamilyHistory.NONE: "Neither side.",
    },
)
described_enum(
    Dandruff,
    "Flakes and scaling of the scalp.",
    {
        Dandruff.NO: "None.",
        Dandruff.MILD: "Mild: it comes and goes.",
        Dandruff.HEAVY: "Heavy: it sticks to the scalp.",
        Dandruff.PSORIASIS: "Psoriasis.",
        Dandruff.SEBORRHEIC: "Seborrhoeic dermatitis.",
    },
)
described_enum(
    Sleep,
    "How the nights are.",
    {
        Sleep.PEACEFUL: "Six to eight hours, undisturbed.",
        Sleep.DISTURBED: "Waking up at night.",
        Sleep.DIFFICULT: "Difficulty falling asleep.",
    },
)
described_enum(
    Stress,
    "How much stress the person feels.",
    {Stress.NONE: "None.", Stress.LOW: "Low.", Stress.MODERATE: "Moderate.", Stress.HIGH: "High."},
)
described_enum(
    EnergyLevel,
    "Energy through the day.",
    {
        EnergyLevel.HIGH: "High all day.",
        EnergyLevel.LOW: "Low at times.",
        EnergyLevel.VERY_LOW: "Very low, or low all day.",
    },
)


@strawberry.type(
    description="What somebody answered. Only ever reached by those who may read all of it; never changed."
)
class HairTest(Node):
    viewer: strawberry.Private[Viewer]
    report_id: strawberry.Private[UUID]

    submitted_at: datetime = strawberry.field(description="When it was submitted.")
    person: Person = strawberry.field(description="Whom it is about, as typed.")
    hair_loss_stage: HairLossStage = strawberry.field(description="How far the hair loss has gone.")
    family_history: FamilyHistory = strawberry.field(description="Which side of the family has hair loss.")
    dandruff: Dandruff = strawberry.field(description="Flakes and scaling of the scalp.")
    sleep: Sleep = strawberry.field(description="How the nights are.")
    stress: Stress = strawberry.field(description="How much stress the person feels.")
    has_acidity_or_gas: bool = strawberry.field(description="Whether acidity or gas is frequent.")
    energy_level: EnergyLevel = strawberry.field(description="Energy through the day.")
    is_taking_supplements: bool = strawberry.field(description="Whether the person already takes supplements.")

    @classmethod
    def of(cls, record: HairTestRecord, viewer: Viewer) -> Self:
        answers = record.answers
        return cls(
            viewer=viewer,
            report_id=record.report_id,
            id=node_id(NodeType.HAIR_TEST, record.id),
            submitted_at=record.created_at,
            person=Person.of(record.person),
            hair_loss_stage=answers.hair_loss_stage,
            family_history=answers.family_history,
            dandruff=answers.dandruff,
            sleep=answers.sleep,
            stress=answers.stress,
            has_acidity_or_gas=answers.has_acidity_or_gas,
            energy_level=answers.energy_level,
            is_taking_supplements=answers.is_taking_supplements,
        )

    @strawberry.field(description="What the test came to. Null only when the record is gone.")
    async def report(self, info: Info) -> Annotated[Report, strawberry.lazy("traya_gql.schema.reports")] | None:
        from traya_gql.schema.reports import Report  # noqa: PLC0415 - the two types name each other

        record = await info.context.loaders.report_by_id.load(self.report_id)
        return None if record is None else Report.of(record, self.viewer)


@strawberry.input(description="Answers about hair and scalp.")
class HairInput:
    hair_loss_stage: HairLossStage = strawberry.field(description="How far the hair loss has gone.")
    family_history: FamilyHistory = strawberry.field(description="Which side of the family has hair loss.")
    dandruff: Dandruff = strawberry.field(description="Flakes and scaling of the scalp.")


@strawberry.input(description="Answers about internal health and the way of life.")
class InternalHealthInput:
    sleep: Sleep = strawberry.field(description="How the nights are.")
    stress: Stress = strawberry.field(description="How much stress the person feels.")
    has_acidity_or_gas: bool = strawberry.field(description="Whether acidity or gas is frequent.")
    energy_level: EnergyLevel = strawberry.field(description="Energy through the day.")
    is_taking_supplements: bool = strawberry.field(description="Whether the person already takes supplements.")


@strawberry.input(description="A whole hair test.")
class SubmitHairTestInput:
    idempotency_key: UUID = strawberry.field(
        description=(
            "A UUID that the client makes once for this submission and sends again with every repeat. A repeat by the "
            "same customer, or the guest with the same phone, and with the same input gets the first answer again; it "
            "is remembered for 7 days. Signing in between makes it a new request."
        )
    )
    customer: CustomerInput = strawberry.field(description="Who takes the test.")
    hair: HairInput = strawberry.field(description="Answers about hair and scalp.")
    internal_health: InternalHealthInput = strawberry.field(description="Answers about internal health.")


@strawberry.type(description="A page of hair tests.")
class HairTestConnection(Connection[HairTest]):
    pass


@strawberry.type(description="What `submitHairTest` answers.")
class SubmitHairTestPayload(MadePayload):
    report: Annotated[Report, strawberry.lazy("traya_gql.schema.reports")] | None = strawberry.field(
        default=None, description="The report, with its private parts; null when refused."
    )
