"""What an assessment says, as a client sees it."""

from __future__ import annotations

from typing import Protocol, Self
from uuid import UUID

import strawberry

from traya_gql.context import Grant, Viewer
from traya_gql.domain.languages import Language
from traya_gql.domain.report_texts import TEXTS
from traya_gql.domain.ruleset.codes import (
    CauseCode,
    CauseLevel,
    Confidence,
    EvidenceGrade,
    Goal,
    Hypothesis,
    MilestoneCode,
    NoRecoveryReason,
)
from traya_gql.domain.ruleset.scores import Cause as ListedCause
from traya_gql.domain.ruleset.scores import Recovery as ExpectedRecovery
from traya_gql.guards import AT_MOST, REPORT_READERS, private_field
from traya_gql.schema.common import described_enum

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
    Hypothesis,
    "What the answers look like. Never a diagnosis. New codes may be added.",
    {
        Hypothesis.PATCHY_NEEDS_DOCTOR: "Hair is lost in patches: for a doctor to judge.",
        Hypothesis.MIXED: "Pattern hair loss and shedding together.",
        Hypothesis.PATTERN_LIKELY: "Pattern hair loss is likely.",
        Hypothesis.SHEDDING_LIKELY: "Shedding, after a trigger, is likely.",
        Hypothesis.SCALP_INFLAMMATION_LIKELY: "An inflamed scalp is likely.",
        Hypothesis.PATTERN_POSSIBLE: "Pattern hair loss is possible.",
        Hypothesis.UNDETERMINED: "Nothing speaks clearly for anything.",
    },
    name="HypothesisCode",
)
described_enum(
    Confidence,
    "How much of what counts was answered.",
    {
        Confidence.HIGH: "Nine of ten questions, and a photo that can be judged.",
        Confidence.MEDIUM: "Six of ten questions.",
        Confidence.LOW: "Less.",
    },
)
described_enum(
    Goal,
    "What a routine aims at.",
    {Goal.IMPROVE: "An improvement that shows.", Goal.STABILISE: "Keeping what is there."},
    name="RecoveryGoal",
)
described_enum(
    NoRecoveryReason,
    "Why no months are given.",
    {
        NoRecoveryReason.ADVANCED_STAGE: "At this stage nobody can honestly promise a time.",
        NoRecoveryReason.NEEDS_DOCTOR: "A doctor has to look at it first.",
    },
)
described_enum(
    MilestoneCode,
    "What is due at a month of the routine. New codes may be added.",
    {
        MilestoneCode.ROUTINE: "The routine is kept up.",
        MilestoneCode.SHEDDING_MAY_RISE_WITH_MINOXIDIL: "Who uses minoxidil may shed more for a while.",
        MilestoneCode.FIRST_REVIEW: "The first review.",
        MilestoneCode.PHOTO_COMPARISON: "Photos are compared.",
        MilestoneCode.FULL_REVIEW: "All is looked at again.",
    },
)


class ReportView(Protocol):
    """The report that something is part of."""

    viewer: Viewer
    opened_by: Grant | None
    owner_id: UUID | None
    language: Language


@strawberry.type(description="One likely root cause.")
class Cause:
    viewer: strawberry.Private[Viewer]
    opened_by: strawberry.Private[Grant | None]
    owner_id: strawberry.Private[UUID | None]
    listed: strawberry.Private[ListedCause]

    cause: CauseCode = strawberry.field(description="Which cause.")
    evidence: EvidenceGrade = strawberry.field(description="How well the link to hair loss is shown.")
    explanation: str = strawberry.field(description="What the cause is, for the person.")
    source: str = strawberry.field(description="The address of what the link rests on.")

    @classmethod
    def of(cls, listed: ListedCause, report: ReportView) -> Self:
        return cls(
            viewer=report.viewer,
            opened_by=report.opened_by,
            owner_id=report.owner_id,
            listed=listed,
            cause=listed.code,
            evidence=listed.evidence,
            explanation=TEXTS.explanations[listed.code].in_(report.language),
            source=listed.source,
        )

    # the points of most causes come from one answer each: whoever knows them, or their level, knows the answer
    @private_field(readers=REPORT_READERS, description="Points, 25 to 100. Causes below 25 are not listed.")
    def score(self) -> int | None:
        return self.listed.score

    @private_field(readers=REPORT_READERS, description="The points in three steps.")
    def level(self) -> CauseLevel | None:
        return self.listed.level

    @private_field(
        readers=REPORT_READERS,
        description="The keys of the questions whose answers gave points, such as `pattern`.",
    )
    def answers_that_raised_it(self) -> list[str] | None:
        return list(self.listed.raised_by)


@strawberry.type(name="Hypothesis", description="What the answers look like. Never a diagnosis.")
class ShownHypothesis:
    code: Hypothesis = strawberry.field(description="Which hypothesis.")
    explanation: str = strawberry.field(description="What it means, for the person.")


@strawberry.type(description="What is due at a month of the routine.")
class Milestone:
    month: int = strawberry.field(description="The month of the routine, from 1.")
    code: MilestoneCode = strawberry.field(description="What is due.")
    text: str = strawberry.field(description="For the person.")


@strawberry.type(description="When a change can be judged. All three numbers are given, or none and a reason.")
class Recovery:
    expected: strawberry.Private[ExpectedRecovery]
    language: strawberry.Private[Language]

    min_months: int | None = strawberry.field(description="At the earliest, in months.")
    expected_months: int | None = strawberry.field(description="The expected time, in months.")
    max_months: int | None = strawberry.field(description="At the latest, in months.")
    goal: Goal | None = strawberry.field(description="What the routine aims at. Null without months.")
    reason_if_none: NoRecoveryReason | None = strawberry.field(description="Why no months are given.")

    @classmethod
    def of(cls, expected: ExpectedRecovery, language: Language) -> Self:
        return cls(
            expected=expected,
            language=language,
            min_months=expected.min_months,
            expected_months=expected.expected_months,
            max_months=expected.max_months,
            goal=expected.goal,
            reason_if_none=expected.reason_if_none,
        )

    @strawberry.field(
        description="What is due when, in order. Empty without months.", metadata={AT_MOST: len(MilestoneCode)}
    )
    def milestones(self) -> list[Milestone]:
        return [
            Milestone(month=one.month, code=one.code, text=TEXTS.milestones[one.code].in_(self.language))
            for one in self.expected.milestones
        ]

    @strawberry.field(description="Why no months are given, for the person.")
    def explanation_if_none(self) -> str | None:
        reason = self.reason_if_none
        return None if reason is None else TEXTS.no_recovery[reason].in_(self.language)
