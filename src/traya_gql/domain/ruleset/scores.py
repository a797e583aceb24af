"""What answers add up to: causes, hypothesis, months, confidence. The same answers and rules give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.ruleset.answers import Answers, QuestionKind, inputs_hash
from traya_gql.domain.ruleset.codes import (
    CauseCode,
    CauseLevel,
    Combine,
    Confidence,
    EvidenceGrade,
    Goal,
    Hypothesis,
    MilestoneCode,
    NoRecoveryReason,
    PatternKind,
)
from traya_gql.domain.ruleset.rule_types import given, holds
from traya_gql.domain.ruleset.rules import DoctorOnly, PointRule, Ruleset, Threshold

Scores = Mapping[CauseCode, int]
PrimaryCause = CauseCode | Literal["UNDETERMINED"]


class Point(NamedTuple):
    """Points that one answer gave, never 0. `rule` is the name of the entry of `points` in the ruleset."""

    rule: str
    question: str
    answer: str
    points: int


class Cause(BaseModel):
    """One listed cause. `score` is points; `raised_by` the questions whose answers gave some, each once, at least one.

    Score, level and those questions are as private as the answers.
    """

    model_config = ConfigDict(frozen=True)

    code: CauseCode
    score: int
    level: CauseLevel
    evidence: EvidenceGrade
    source: str
    raised_by: tuple[str, ...]


class Milestone(NamedTuple):
    """What happens at a month of the routine."""

    month: int
    code: MilestoneCode


class Recovery(BaseModel):
    """Months until a change can be judged, with a goal and milestones; or none of these, and a reason."""

    model_config = ConfigDict(frozen=True)

    min_months: int | None
    expected_months: int | None
    max_months: int | None
    goal: Goal | None
    milestones: tuple[Milestone, ...]
    reason_if_none: NoRecoveryReason | None


class Assessment(BaseModel):
    """What the answers say, by one version of the rules. `causes` holds 0 to 4, highest first.

    `inputs_hash` is as private as the answers. What the rules of the first release did not say is None.
    """

    model_config = ConfigDict(frozen=True)

    ruleset_version: str
    inputs_hash: str | None
    causes: tuple[Cause, ...]
    primary_cause: PrimaryCause | None
    hypothesis: Hypothesis | None
    recovery: Recovery
    confidence: Confidence | None


class Months(NamedTuple):
    """Months that one rule gives: `rule` is its place in the ruleset."""

    rule: str
    months: int


def assess(answers: Answers, rules: Ruleset) -> Assessment:
    """Return what these answers say under these rules."""
    points = points_of(answers, rules)
    scores = scores_of(points, rules)
    causes = _listed(points, scores, rules)
    return Assessment(
        ruleset_version=rules.version,
        inputs_hash=inputs_hash(answers),
        causes=causes,
        primary_cause=next(
            (cause.code for cause in causes if cause.evidence in rules.listing.primary_grades), "UNDETERMINED"
        ),
        hypothesis=hypothesis_of(answers, scores, rules),
        recovery=recovery_of(answers, scores, rules),
        confidence=confidence_of(answers, rules),
    )


def points_of(answers: Answers, rules: Ruleset) -> Mapping[CauseCode, tuple[Point, ...]]:
    """Return for every cause the points that answers gave or took, in the order of the rules; may be empty."""
    found: dict[CauseCode, tuple[Point, ...]] = dict.fromkeys(CauseCode, ())
    for name, rule in rules.points.items():
        if rule.when and not holds(rule.when, answers):
            continue
        found[rule.cause] += tuple(
            Point(name, rule.question, answer, points) for answer, points in _weighed(rule, answers) if points
        )
    return found


def scores_of(points: Mapping[CauseCode, tuple[Point, ...]], rules: Ruleset) -> Scores:
    """Return the score of every cause: the sum, not below 0 and not above its cap."""
    return {
        cause: max(0, min(rules.cap(cause), sum(point.points for point in found))) for cause, found in points.items()
    }


def level_of(score: int, rules: Ruleset) -> CauseLevel:
    """Return the level of a score."""
    if score >= rules.levels[CauseLevel.HIGH].at_least:
        return CauseLevel.HIGH
    return CauseLevel.MODERATE if score >= rules.levels[CauseLevel.MODERATE].at_least else CauseLevel.LOW


def doctor_only(answers: Answers, rules: Ruleset) -> tuple[str, DoctorOnly] | None:
    """Return name and rule of the first picture that is a doctor's to judge, if the answers show one."""
    return next(((name, rule) for name, rule in rules.doctor_only.items() if holds(rule.when, answers)), None)


def hypothesis_of(answers: Answers, scores: Scores, rules: Ruleset) -> Hypothesis:
    """Return what the answers look like. Never a diagnosis."""
    if found := doctor_only(answers, rules):
        return found[1].hypothesis
    thresholds = rules.hypothesis
    kind = rules.patterns[answers.pattern].kind
    is_pattern = _reached(thresholds.pattern, scores)
    is_shedding = _reached(thresholds.shedding, scores) or (
        kind is PatternKind.DIFFUSE and _reached(thresholds.shedding_when_diffuse, scores)
    )
    if is_pattern:
        return Hypothesis.MIXED if is_shedding else Hypothesis.PATTERN_LIKELY
    if is_shedding:
        return Hypothesis.SHEDDING_LIKELY
    if _reached(thresholds.scalp, scores):
        return Hypothesis.SCALP_INFLAMMATION_LIKELY
    return Hypothesis.PATTERN_POSSIBLE if kind is PatternKind.PATTERN else Hypothesis.UNDETERMINED


def recovery_of(answers: Answers, scores: Scores, rules: Ruleset) -> Recovery:
    """Return the months, or why there are none."""
    bounds, pattern = rules.recovery, rules.patterns[answers.pattern]
    reason = NoRecoveryReason.NEEDS_DOCTOR if doctor_only(answers, rules) else pattern.no_months
    if reason is not None:
        return Recovery(
            min_months=None,
            expected_months=None,
            max_months=None,
            goal=None,
            milestones=(),
            reason_if_none=reason,
        )
    total = sum(step.months for step in months_of(answers, scores, rules))
    expected = max(bounds.least, min(bounds.most_expected, total))
    return Recovery(
        min_months=max(bounds.least, expected - bounds.earlier),
        expected_months=expected,
        max_months=min(bounds.most, expected + bounds.later),
        goal=pattern.goal,
        milestones=tuple(Milestone(rule.month, code) for code, rule in bounds.milestones.items()),
        reason_if_none=None,
    )


def months_of(answers: Answers, scores: Scores, rules: Ruleset) -> tuple[Months, ...]:
    """Return what the expected months are added up from, before they are cut; empty where the picture has none."""
    base = rules.patterns[answers.pattern].months
    if base is None:
        return ()
    steps = [Months(f"patterns.{answers.pattern}", base)]
    largest: dict[str, Months] = {}
    for name, rule in rules.recovery.modifiers.items():
        if rule.over_age is not None and answers.age <= rule.over_age:
            continue
        if any(scores[cause] < least for cause, least in rule.scores.items()) or not holds(rule.when, answers):
            continue
        if rule.group not in largest or rule.months > largest[rule.group].months:
            largest[rule.group] = Months(f"recovery.modifiers.{name}", rule.months)
    return (*steps, *largest.values())


def answered(answers: Answers, rules: Ruleset) -> tuple[int, int]:
    """Return how many of the questions that can give this person points were answered, and how many there are."""
    questions = rules.scored_questions[answers.gender]
    return sum(getattr(answers, question.field) is not None for question in questions), len(questions)


def confidence_of(answers: Answers, rules: Ruleset) -> Confidence:
    """Return how sure the assessment can be of what it was told."""
    needed = rules.confidence
    count, total = answered(answers, rules)
    if count * 100 >= needed.high_from_percent * total and (answers.usable_photos or 0) >= needed.high_from_photos:
        return Confidence.HIGH
    return Confidence.MEDIUM if count * 100 >= needed.medium_from_percent * total else Confidence.LOW


def _weighed(rule: PointRule, answers: Answers) -> Iterator[tuple[str, int]]:
    """Give each answer that the rule counts, with its points."""
    question = rule.asked
    if question.kind is QuestionKind.NUMBER:
        number = getattr(answers, question.field)
        reached = [step.points for step in rule.steps if number is not None and number >= step.at_least]
        if reached:
            yield str(number), reached[-1]
        return
    counted = [(answer, rule.answers.get(answer, 0)) for answer in given(answers, question)]
    if rule.combine is Combine.HIGHEST:
        counted = sorted(counted, key=lambda one: -one[1])[:1]
    yield from counted


def _listed(points: Mapping[CauseCode, tuple[Point, ...]], scores: Scores, rules: Ruleset) -> tuple[Cause, ...]:
    grades = list(EvidenceGrade)
    found = [
        (-score, grades.index(rules.causes[code].grade), code)
        for code, score in scores.items()
        if score >= rules.listing.at_least
    ]
    return tuple(
        Cause(
            code=code,
            score=scores[code],
            level=level_of(scores[code], rules),
            evidence=rules.causes[code].grade,
            source=rules.causes[code].source,
            raised_by=tuple(dict.fromkeys(point.question for point in points[code] if point.points > 0)),
        )
        for _, _, code in sorted(found)[: rules.listing.most]
    )


def _reached(threshold: Threshold, scores: Scores) -> bool:
    return any(scores[cause] >= threshold.at_least for cause in threshold.causes)
