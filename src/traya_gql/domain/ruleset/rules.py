"""The ruleset as frozen models: what `rules.toml` may hold, and that it hangs together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from traya_gql.domain.customers import Gender
from traya_gql.domain.data_files import read_toml
from traya_gql.domain.languages import Words
from traya_gql.domain.ruleset.answers import QUESTIONS, Question, QuestionKind
from traya_gql.domain.ruleset.codes import (
    CauseCode,
    CauseLevel,
    Combine,
    EvidenceGrade,
    GateCode,
    Goal,
    Hypothesis,
    MilestoneCode,
    NoRecoveryReason,
    PatternKind,
)
from traya_gql.domain.ruleset.gate_rules import GateRule
from traya_gql.domain.ruleset.kit_rules import KitRules
from traya_gql.domain.ruleset.options import Pattern
from traya_gql.domain.ruleset.rule_types import (
    MOST_POINTS,
    Months,
    Percent,
    QuestionKey,
    Rule,
    Score,
    When,
)


class GradeRule(Rule):
    """The most points that a cause of this grade can have."""

    cap: Score


class CauseRule(Rule):
    """How well the link of this cause with hair loss is shown."""

    grade: EvidenceGrade


class Step(BaseModel):
    """Points from a number on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_least: Annotated[StrictInt, Field(ge=0)]
    points: StrictInt


class PointRule(Rule):
    """Points that answers to one question give one cause: by option (`answers`), or by number (`steps`, rising).

    Of several options chosen at once `combine` takes the sum, or the highest alone. `when` must hold besides. With
    `lowers` all points are negative, otherwise none is.
    """

    cause: CauseCode
    question: QuestionKey
    when: When = Field(default_factory=dict)
    answers: Mapping[str, StrictInt] = Field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    combine: Combine | None = None
    lowers: StrictBool = False

    @field_validator("answers")
    @classmethod
    def _answers_are_options(cls, answers: Mapping[str, int], info: ValidationInfo) -> Mapping[str, int]:
        if key := info.data.get("question"):
            options = QUESTIONS[key].options
            if unknown := [answer for answer in answers if answer not in options]:
                raise ValueError(f"{', '.join(unknown)} is no answer to {key}")
        return answers

    @field_validator("steps")
    @classmethod
    def _steps_rise(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        numbers = [step.at_least for step in steps]
        if numbers != sorted(set(numbers)):
            raise ValueError("the steps must rise")
        return steps

    @model_validator(mode="after")
    def _fits_the_question(self) -> Self:
        kind = self.asked.kind
        if bool(self.steps) is not (kind is QuestionKind.NUMBER) or bool(self.answers) is bool(self.steps):
            raise ValueError(f"{self.question} needs {'steps' if kind is QuestionKind.NUMBER else 'answers'} alone")
        if (self.combine is None) is (kind is QuestionKind.CHOICES):
            raise ValueError("combine belongs to questions with several answers, and to them only")
        lowest, highest = (-MOST_POINTS, -1) if self.lowers else (0, MOST_POINTS)
        for points in (*self.answers.values(), *(step.points for step in self.steps)):
            if not lowest <= points <= highest:
                raise ValueError(f"{points} points are not within {lowest} and {highest}")
        return self

    @cached_property
    def asked(self) -> Question:
        """The question that this rule looks at."""
        return QUESTIONS[self.question]

    def admits(self, gender: Gender) -> bool:
        """Return whether somebody of this gender can get points here."""
        return gender in self.when.get("gender", (gender,))


class Listing(Rule):
    """Which causes are listed, and which of them may be the primary one."""

    at_least: Score
    most: Annotated[StrictInt, Field(ge=1, le=len(CauseCode))]
    primary_grades: Annotated[tuple[EvidenceGrade, ...], Field(min_length=1)]


class LevelRule(Rule):
    """Points from which a level holds."""

    at_least: Score


class Threshold(Rule):
    """Points from which one of these causes speaks for something."""

    causes: Annotated[tuple[CauseCode, ...], Field(min_length=1)]
    at_least: Score


class HypothesisRules(BaseModel):
    """What speaks for a pattern, for shedding, and for an inflamed scalp."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: Threshold
    shedding: Threshold
    shedding_when_diffuse: Threshold
    scalp: Threshold


class DoctorOnly(Rule):
    """A picture that is a doctor's to judge: the hypothesis that is shown instead."""

    when: Annotated[When, Field(min_length=1)]
    hypothesis: Hypothesis


class PatternRule(Rule):
    """One picture: `months` to start from and what they aim at, or why there are none."""

    kind: PatternKind
    severity: Annotated[StrictInt, Field(ge=1, le=6)] | None = None
    equivalent: Words
    months: Months | None = None
    goal: Goal | None = None
    no_months: NoRecoveryReason | None = None

    @model_validator(mode="after")
    def _months_or_a_reason(self) -> Self:
        if (self.months is None) is (self.no_months is None) or (self.months is None) is not (self.goal is None):
            raise ValueError("either months and goal, or no_months")
        return self


class Modifier(Rule):
    """Months that are added when all that is stated holds. Of one group only the largest counts."""

    group: Words
    months: Months
    over_age: Annotated[StrictInt, Field(ge=0)] | None = None
    scores: Mapping[CauseCode, Score] = Field(default_factory=dict)
    when: When = Field(default_factory=dict)

    @model_validator(mode="after")
    def _depends_on_something(self) -> Self:
        if self.over_age is None and not self.scores and not self.when:
            raise ValueError("one of over_age, scores and when must be stated")
        return self


class Milestone(Rule):
    """The month of the routine in which something is due."""

    month: Months


class RecoveryRules(Rule):
    """Months: bounds, what is added, and what happens when. `earlier` and `later` make the range."""

    least: Months
    most_expected: Months
    most: Months
    earlier: Months
    later: Months
    modifiers: Mapping[str, Modifier]
    milestones: Mapping[MilestoneCode, Milestone]

    @model_validator(mode="after")
    def _bounds_rise(self) -> Self:
        if not self.least <= self.most_expected <= self.most:
            raise ValueError("least, most_expected and most must rise")
        return self


class ConfidenceRules(Rule):
    """How much must be answered, in per cent of the scored questions, and how many usable photos there must be."""

    high_from_percent: Percent
    high_from_photos: Annotated[StrictInt, Field(ge=0)]
    medium_from_percent: Percent

    @model_validator(mode="after")
    def _high_is_above_medium(self) -> Self:
        if self.medium_from_percent >= self.high_from_percent:
            raise ValueError("medium_from_percent must be below high_from_percent")
        return self


class SharedRules(Rule):
    """What whoever has a report's link does not see. `hidden_causes`: causes that would tell an answer, by gender."""

    hidden_causes: Mapping[Gender, tuple[CauseCode, ...]]


class Ruleset(BaseModel):
    """All rules of one version, in the order of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[str, StringConstraints(pattern=r"^\d{4}\.\d{2}(-[a-z0-9]+)?$")]
    grades: Mapping[EvidenceGrade, GradeRule]
    causes: Mapping[CauseCode, CauseRule]
    points: Mapping[str, PointRule]
    listing: Listing
    levels: Mapping[CauseLevel, LevelRule]
    hypothesis: HypothesisRules
    doctor_only: Mapping[str, DoctorOnly]
    patterns: Mapping[Pattern, PatternRule]
    recovery: RecoveryRules
    confidence: ConfidenceRules
    gates: Mapping[GateCode, GateRule]
    shared: SharedRules
    kit: KitRules

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for place, found, needed in (
            ("grades", self.grades, EvidenceGrade),
            ("causes", self.causes, CauseCode),
            ("levels", self.levels, (CauseLevel.HIGH, CauseLevel.MODERATE)),
            ("patterns", self.patterns, Pattern),
            ("recovery.milestones", self.recovery.milestones, MilestoneCode),
            ("gates", self.gates, GateCode),
        ):
            if missing := [one for one in needed if one not in found]:
                raise ValueError(f"{place}: {', '.join(missing)} is missing")
        if CauseLevel.LOW in self.levels:
            raise ValueError("levels.LOW: it is what lies below MODERATE")
        if self.levels[CauseLevel.MODERATE].at_least >= self.levels[CauseLevel.HIGH].at_least:
            raise ValueError("levels: MODERATE must begin below HIGH")
        scored = {rule.cause for rule in self.points.values()}
        if silent := [cause for cause in CauseCode if cause not in scored]:
            raise ValueError(f"points: nothing gives points to {', '.join(silent)}")
        seen: dict[tuple[str, ...], str] = {}
        for name, rule in self.points.items():
            twin = seen.setdefault((rule.cause, rule.question, str(rule.when), str(rule.answers)), name)
            if twin != name:
                raise ValueError(f"points.{name}: it says the same as points.{twin}")
        return self

    @cached_property
    def scored_questions(self) -> Mapping[Gender, tuple[Question, ...]]:
        """The questions that can give points, by gender, each once."""
        return {
            gender: tuple(dict.fromkeys(rule.asked for rule in self.points.values() if rule.admits(gender)))
            for gender in Gender
        }

    def cap(self, cause: CauseCode) -> int:
        """Return the most points that this cause can have."""
        return self.grades[self.causes[cause].grade].cap


@cache
def current_ruleset() -> Ruleset:
    """Return the rules of this release.

    Raises:
        FileInvalid: `rules.toml` was changed so that it does not hang together.
    """
    return read_toml(Ruleset, files("traya_gql.domain.ruleset").joinpath("rules.toml").read_text(encoding="utf-8"))
