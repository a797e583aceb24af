"""How a report came about, in words for whoever reviews the rules. It shows all answers that counted: private."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from traya_gql.domain.products import ProductCategory, ProductFacts
from traya_gql.domain.report_texts import DISCLAIMER
from traya_gql.domain.ruleset.answers import QUESTIONS, Answers
from traya_gql.domain.ruleset.codes import CauseCode, Hypothesis, PatternKind
from traya_gql.domain.ruleset.gate_rules import Block, Case
from traya_gql.domain.ruleset.gates import Finding, findings
from traya_gql.domain.ruleset.kit import Kit, KitItem, compose, shared_kit
from traya_gql.domain.ruleset.options import Pattern
from traya_gql.domain.ruleset.rule_types import UNANSWERED, Rule, given
from traya_gql.domain.ruleset.rules import Ruleset, Threshold
from traya_gql.domain.ruleset.scores import (
    Assessment,
    Point,
    Scores,
    answered,
    assess,
    doctor_only,
    months_of,
    points_of,
    scores_of,
)


def explain(answers: Answers, rules: Ruleset, products: Iterable[ProductFacts]) -> str:
    """Return the way from answers to causes, hypothesis, months, findings and kit, line by line, with the sources.

    The order of the products does not matter.
    """
    found = assess(answers, rules)
    points = points_of(answers, rules)
    scores = scores_of(points, rules)
    return "\n".join(
        (
            f"Ruleset {found.ruleset_version}, inputs {found.inputs_hash}",
            "",
            "CAUSES",
            *(line for cause in CauseCode for line in _cause(cause, points[cause], scores, found, rules)),
            "",
            "LISTED",
            *_listed(found, rules),
            "",
            "HYPOTHESIS (not a diagnosis)",
            *_hypothesis(answers, scores, found, rules),
            "",
            "RECOVERY",
            *_recovery(answers, scores, found, rules),
            "",
            "CONFIDENCE",
            *_confidence(answers, found, rules),
            "",
            "GATES",
            *_gates(answers, rules),
            "",
            "KIT",
            *_kit(answers, found, rules, {one.id: one for one in products}),
            "",
            DISCLAIMER.en,
            "",
        )
    )


def _cause(
    cause: CauseCode, points: tuple[Point, ...], scores: Scores, found: Assessment, rules: Ruleset
) -> Iterable[str]:
    grade = rules.causes[cause].grade
    total = sum(point.points for point in points)
    cut = f", {total} before it was cut" if total != scores[cause] else ""
    level = next((f", {one.level}" for one in found.causes if one.code is cause), "")
    yield f"{cause}: {scores[cause]} of at most {rules.cap(cause)}, evidence {grade}{level}{cut}"
    for point in points:
        yield f"  {point.points:+d}  {point.question} = {point.answer}"
        yield from _source(rules.points[point.rule], f"points.{point.rule}")
    if not points:
        yield "  no answer gave points"


def _listed(found: Assessment, rules: Ruleset) -> Iterable[str]:
    listing = rules.listing
    yield f"At most {listing.most} causes, from {listing.at_least} points on, the highest first:"
    for place, cause in enumerate(found.causes, 1):
        yield f"  {place}. {cause.code} {cause.score}, {cause.level}, evidence {cause.evidence}: {cause.source}"
    if not found.causes:
        yield "  none"
    grades = " or ".join(listing.primary_grades)
    yield f"Primary cause, the first of grade {grades}: {found.primary_cause}"


def _hypothesis(answers: Answers, scores: Scores, found: Assessment, rules: Ruleset) -> Iterable[str]:
    yield str(found.hypothesis)
    if stopped := doctor_only(answers, rules):
        name, rule = stopped
        yield "  a doctor's to judge: the rules stop here"
        yield from _source(rule, f"doctor_only.{name}")
        return
    pattern, thresholds = rules.patterns[answers.pattern], rules.hypothesis
    yield f"  the picture {answers.pattern} ({pattern.equivalent}) is {pattern.kind}"
    checks = [("pattern", thresholds.pattern), ("shedding", thresholds.shedding)]
    if pattern.kind is PatternKind.DIFFUSE:
        checks.append(("shedding_when_diffuse", thresholds.shedding_when_diffuse))
    for name, threshold in (*checks, ("scalp", thresholds.scalp)):
        yield f"  {name}: {_compared(threshold, scores)}"
        yield from _source(threshold, f"hypothesis.{name}")
    if found.hypothesis in {Hypothesis.PATTERN_POSSIBLE, Hypothesis.UNDETERMINED}:
        yield "  nothing speaks for anything: the picture alone decides"


def _compared(threshold: Threshold, scores: Scores) -> str:
    highest = max(threshold.causes, key=lambda cause: scores[cause])
    among = f", the highest of {', '.join(threshold.causes)}" if len(threshold.causes) > 1 else ""
    word = "reached" if scores[highest] >= threshold.at_least else "not reached"
    return f"{word}, {highest} {scores[highest]} of {threshold.at_least}{among}"


def _recovery(answers: Answers, scores: Scores, found: Assessment, rules: Ruleset) -> Iterable[str]:
    recovery, bounds = found.recovery, rules.recovery
    if recovery.reason_if_none is not None:
        yield f"No months are named: {recovery.reason_if_none}"
        if stopped := doctor_only(answers, rules):
            yield from _source(stopped[1], f"doctor_only.{stopped[0]}")
        else:
            yield from _source(rules.patterns[answers.pattern], f"patterns.{answers.pattern}")
        return
    yield f"{recovery.min_months} to {recovery.max_months} months, {recovery.expected_months} expected; {recovery.goal}"
    steps = months_of(answers, scores, rules)
    for step in steps:
        yield f"  {step.months:+d} months"
        yield from _source(_month_rule(step.rule, rules), step.rule)
    yield (
        f"  together {sum(step.months for step in steps)}; expected are {bounds.least} to {bounds.most_expected}, from "
        f"{bounds.earlier} earlier to {bounds.later} later, {bounds.most} at most"
    )
    yield from _source(bounds, "recovery")
    for milestone in recovery.milestones:
        yield f"  month {milestone.month}: {milestone.code}"
        yield from _source(bounds.milestones[milestone.code], f"recovery.milestones.{milestone.code}")


def _month_rule(place: str, rules: Ruleset) -> Rule:
    """Return the entry that a step of `months_of` names."""
    name = place.rpartition(".")[2]
    return rules.recovery.modifiers.get(name) or rules.patterns[Pattern(name)]


def _confidence(answers: Answers, found: Assessment, rules: Ruleset) -> Iterable[str]:
    count, total = answered(answers, rules)
    needed = rules.confidence
    photos = answers.usable_photos or 0
    yield f"{found.confidence}: {count} of {total} scored questions answered, usable photos: {photos}"
    yield (
        f"  HIGH from {needed.high_from_percent} % with usable photos: {needed.high_from_photos}; "
        f"MEDIUM from {needed.medium_from_percent} %"
    )
    yield from _source(needed, "confidence")


def _gates(answers: Answers, rules: Ruleset) -> Iterable[str]:
    found = findings(answers, rules)
    for finding in found:
        quiet = ", named only where it kept a product away" if finding.is_quiet else ""
        lifted = "; a treating doctor may lift it" if finding.until_cleared else ""
        yield f"{finding.code}: {finding.severity}, {finding.action}{quiet}{lifted}"
        yield from (f"  because {condition}" for condition in _conditions(finding, answers, rules))
        yield from (f"  holds back {_held_back(block)}" for block in finding.blocks)
        yield from _source(rules.gates[finding.code], f"gates.{finding.code}")
    if not found:
        yield "  none holds"


def _conditions(finding: Finding, answers: Answers, rules: Ruleset) -> Iterable[str]:
    cases = rules.gates[finding.code].held(answers)
    yield from (_condition(case, answers) for case in cases)
    if not cases:  # it is about allergies
        yield f"allergies = {', '.join(one for block in finding.blocks for one in block.ingredients)}"


def _condition(case: Case, answers: Answers) -> str:
    """Return what of a case holds, with the answers that were given."""
    parts = [
        f"{key} = {', '.join(one for one in given(answers, QUESTIONS[key]) if one in named)}"
        for key, named in case.when.items()
    ]
    if case.over_age is not None:
        parts.append(f"age = {answers.age}, over {case.over_age}")
    for key, limit in case.below.items():
        number = getattr(answers, QUESTIONS[key].field)
        parts.append(f"{key} = {UNANSWERED if number is None else number}, below {limit}")
    parts += [
        "not " + " with ".join(f"{key} = {' or '.join(one)}" for key, one in named.items()) for named in case.unless
    ]
    return " and ".join(parts) or "it always holds"


def _held_back(block: Block) -> str:
    if block.everything:
        return "everything"
    parts = [" or ".join(block.categories) or "any product"]
    if block.classes:
        parts.append(f"of class {' or '.join(block.classes)}")
    if block.ingredients:
        parts.append(f"with {' or '.join(block.ingredients)}")
    if block.with_actives:
        parts.append("with an active")
    if block.for_men:
        parts.append("labelled for men only")
    return " ".join(parts)


def _kit(answers: Answers, found: Assessment, rules: Ruleset, products: Mapping[UUID, ProductFacts]) -> Iterable[str]:
    candidates = tuple(products.values())
    kit = compose(
        assessment=found,
        pattern=answers.pattern,
        found=findings(answers, rules),
        candidates=candidates,
        rules=rules,
    )
    shared = shared_kit(assessment=found, gender=answers.gender, candidates=candidates, rules=rules)
    yield f"At most {rules.kit.most} products, from {rules.kit.at_least} points on, by place:"
    yield from _source(rules.kit, "kit")
    for category in ProductCategory:
        yield f"{category}, at most {rules.kit.slots[category].most}"
        yield from _place(category, kit, found, products)
        yield from _source(rules.kit.slots[category], f"kit.slots.{category}")
    yield f"Basic kit, the cheapest of {' and '.join(rules.kit.basic)}: {_names(kit.basic, products)}"
    yield f"By the link alone: {_names([item.product_id for item in shared], products)}"


def _place(
    category: ProductCategory, kit: Kit, found: Assessment, products: Mapping[UUID, ProductFacts]
) -> Iterable[str]:
    items = [item for item in kit.items if products[item.product_id].category is category]
    excluded = [one for one in kit.excluded if products[one.product_id].category is category]
    for item in items:
        product = products[item.product_id]
        prescription = ", on prescription: listed, not sold" if product.needs_prescription else ""
        yield f"  {product.name}: {item.score} points, evidence {product.evidence}{prescription}"
        yield from (f"    {points:+d}  {what_for}" for points, what_for in _points(item, found, product))
    yield from (f"  left out by {one.gate}: {products[one.product_id].name}" for one in excluded)
    if not items and not excluded:
        yield "  nothing fits and has points enough"


def _points(item: KitItem, found: Assessment, product: ProductFacts) -> Iterable[tuple[int, str]]:
    """Give the points of an item with what they are for; together they are its score."""
    scores = {cause.code: cause.score for cause in found.causes}
    rest = item.score
    for reason in item.reasons:
        score, affinity = scores[reason.cause], product.affinities[reason.cause]
        rest -= score * affinity
        yield score * affinity, f"{reason.cause} {score} x {affinity}"
    if rest:
        yield rest, "made for this stage"


def _names(ids: Sequence[UUID], products: Mapping[UUID, ProductFacts]) -> str:
    return ", ".join(products[one].name for one in ids) or "nothing"


def _source(rule: Rule, place: str) -> Iterable[str]:
    yield f"        {place}: {rule.why} ({rule.source})"
