"""The whole of what a hair test comes to: assessment, findings and kits, from answers, catalogue and rules alone."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.products import ProductFacts
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import GateCode, SafetyAction, Severity
from traya_gql.domain.ruleset.gates import Finding, findings
from traya_gql.domain.ruleset.kit import Excluded, Kit, KitItem, compose, shared_kit
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.domain.ruleset.scores import Assessment, assess


class StatedFinding(BaseModel):
    """One finding as a report keeps it: as it was when the report was made, whatever the rules say later."""

    model_config = ConfigDict(frozen=True)

    code: GateCode
    severity: Severity
    action: SafetyAction
    until_cleared: bool
    blocked_ingredients: tuple[str, ...]


class Outcome(BaseModel):
    """What a hair test came to. `kit` is for those who may read private parts, `shared_kit` for all with the link."""

    model_config = ConfigDict(frozen=True)

    assessment: Assessment
    findings: tuple[StatedFinding, ...]
    kit: Kit
    shared_kit: tuple[KitItem, ...]


def outcome_of(
    answers: Answers, *, candidates: Iterable[ProductFacts], rules: Ruleset, bought: frozenset[UUID] = frozenset()
) -> Outcome:
    """Return what these answers come to. The order of the candidates does not matter."""
    candidates = tuple(candidates)
    assessment = assess(answers, rules)
    found = findings(answers, rules)
    kit = compose(
        assessment=assessment,
        pattern=answers.pattern,
        found=found,
        candidates=candidates,
        rules=rules,
        bought=bought,
    )
    return Outcome(
        assessment=assessment,
        findings=_stated(found, kit.excluded, rules),
        kit=kit,
        shared_kit=shared_kit(assessment=assessment, gender=answers.gender, candidates=candidates, rules=rules),
    )


def _stated(found: Iterable[Finding], excluded: Iterable[Excluded], rules: Ruleset) -> tuple[StatedFinding, ...]:
    """Return what the person is told: what held something back, and all that is not quiet."""
    by_code = {one.code: one for one in found}
    told = {one.code for one in by_code.values() if not one.is_quiet} | {one.gate for one in excluded}
    return tuple(
        StatedFinding(
            code=code,
            severity=rule.severity,
            action=rule.action,
            until_cleared=rule.until_cleared,
            blocked_ingredients=by_code[code].blocked_ingredients if code in by_code else (),
        )
        for code, rule in rules.gates.items()
        if code in told
    )
