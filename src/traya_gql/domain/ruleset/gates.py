"""The safety gates: what may not be recommended or sold to this person. They only ever take away.

Conditions and what they hold back are data: the section "safety gates" of `rules.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.claims import claims_in
from traya_gql.domain.customers import MIN_AGE
from traya_gql.domain.ingredients import INGREDIENTS
from traya_gql.domain.products import ProductFacts
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import GateCode, SafetyAction, Severity
from traya_gql.domain.ruleset.gate_rules import Block, GateRule
from traya_gql.domain.ruleset.rules import Ruleset


class Finding(BaseModel):
    """One gate that holds for a person. `blocks`: at least one; as private as the answers."""

    model_config = ConfigDict(frozen=True)

    code: GateCode
    severity: Severity
    action: SafetyAction
    until_cleared: bool
    is_quiet: bool
    blocks: tuple[Block, ...]

    @property
    def blocked_ingredients(self) -> tuple[str, ...]:
        """The ingredients that no product may hold, each once, in the order of `INGREDIENTS`; may be empty.

        One that is held back in some products only (alcohol, where it stays on the scalp) is not among them.
        """
        named = {one for block in self.blocks if block.names_ingredients_alone for one in block.ingredients}
        return tuple(one for one in INGREDIENTS if one in named)

    def holds_back(self, product: ProductFacts) -> bool:
        """Return whether this product is held back."""
        return any(block.matches(product) for block in self.blocks)


# --- gates about the person ---------------------------------------------------------------------------------------


class Gate(NamedTuple):
    """A gate about the person. `held_back` returns what it holds back for these answers: nothing when it is open."""

    code: GateCode
    held_back: Callable[[Answers, GateRule], tuple[Block, ...]]


def _by_cases(answers: Answers, rule: GateRule) -> tuple[Block, ...]:
    return rule.held_back(answers)


def _by_allergies(answers: Answers, _: GateRule) -> tuple[Block, ...]:
    allergens = tuple(one for one in INGREDIENTS if one in (answers.allergies or ()))
    return (Block(ingredients=allergens),) if allergens else ()


GATES: tuple[Gate, ...] = (
    Gate(GateCode.G00_SAFETY_UNANSWERED, _by_cases),
    Gate(GateCode.G03_PATCHY, _by_cases),
    Gate(GateCode.G04_SCARRING_SIGNS, _by_cases),
    Gate(GateCode.G05_INFLAMED_SCALP, _by_cases),
    Gate(GateCode.G06_PREGNANCY, _by_cases),
    Gate(GateCode.G07_FEMALE_5ARI, _by_cases),
    Gate(GateCode.G08_CARDIO, _by_cases),
    Gate(GateCode.G09_LIVER, _by_cases),
    Gate(GateCode.G10_MOOD_FERTILITY, _by_cases),
    Gate(GateCode.G11_THYROID_AUTOIMMUNE_MEDS, _by_cases),
    Gate(GateCode.G12_IRON, _by_cases),
    Gate(GateCode.G13_ALLERGY, _by_allergies),
    Gate(GateCode.G14_AGE65, _by_cases),
    Gate(GateCode.G15_ADVANCED, _by_cases),
    Gate(GateCode.G19_MINOXIDIL_LABEL, _by_cases),
    Gate(GateCode.G20_UNKNOWN_ALLERGY, _by_cases),
)
"""In the order of the codes. The others are about consent and age (`refusals`) or about a sale (`why_not_sold`)."""


def refusals(*, age: int, has_consent: bool) -> tuple[GateCode, ...]:
    """Return the gates that refuse the whole test, in order; empty when it may be assessed. `age` is in years."""
    shut = {GateCode.G01_CONSENT: not has_consent, GateCode.G02_MINOR: age < MIN_AGE}
    return tuple(code for code, is_shut in shut.items() if is_shut)


def findings(answers: Answers, rules: Ruleset, *, cleared: frozenset[GateCode] = frozenset()) -> tuple[Finding, ...]:
    """Return every gate about the person that holds, in the order of the codes; may be empty.

    `cleared` is what a treating doctor lifted: it counts for gates alone that may be lifted.
    """
    found = []
    for gate in GATES:
        rule = rules.gates[gate.code]
        blocks = gate.held_back(answers, rule)
        if not blocks or (rule.until_cleared and gate.code in cleared):
            continue
        found.append(
            Finding(
                code=gate.code,
                severity=rule.severity,
                action=rule.action,
                until_cleared=rule.until_cleared,
                is_quiet=rule.is_quiet,
                blocks=blocks,
            )
        )
    return tuple(found)


# --- what they mean for products ----------------------------------------------------------------------------------


def why_left_out(product: ProductFacts, found: Sequence[Finding]) -> GateCode | None:
    """Return the first gate that keeps a product out of a kit, or None when it may be recommended.

    A product on prescription may be: a kit lists it as such.
    """
    held = next((one.code for one in found if one.holds_back(product)), None)
    return GateCode.G18_CLAIMS if held is None and _makes_a_claim(product) else held


def why_not_sold(
    products: Sequence[ProductFacts], found: Sequence[Finding], rules: Ruleset
) -> tuple[tuple[GateCode, ...], ...]:
    """Return for each product of an order all gates that forbid its sale: findings first; none when it may be sold.

    Of several products with the same active only the first may be.
    """
    taken: set[str] = set()
    reasons = []
    for product in products:
        reasons.append(tuple(_against_a_sale(product, taken, found, rules)))
        taken.update(product.actives)
    return tuple(reasons)


def suits_everybody(product: ProductFacts, rules: Ruleset) -> bool:
    """Return whether a product may be shown and sold to whoever has a report's link, without a look at the answers.

    So it is when no gate could ever hold it back, whatever was answered, but one that holds back everything, and an
    allergy, which may be against anything; when it needs no prescription and makes no claim.
    """
    return not _makes_a_claim(product) and not any(
        block.matches(product) for rule in rules.gates.values() for block in rule.all_blocks if not block.everything
    )


def _against_a_sale(
    product: ProductFacts, taken: Iterable[str], found: Sequence[Finding], rules: Ruleset
) -> Iterator[GateCode]:
    yield from (one.code for one in found if one.holds_back(product))
    if any(block.matches(product) for block in rules.gates[GateCode.G16_PRESCRIPTION].blocks):
        yield GateCode.G16_PRESCRIPTION
    if not set(product.actives).isdisjoint(taken):
        yield GateCode.G17_DUPLICATE_ACTIVE
    if _makes_a_claim(product):
        yield GateCode.G18_CLAIMS


def _makes_a_claim(product: ProductFacts) -> bool:
    local = (text for both in (product.usage, *product.cautions) for text in (both.en, both.hi))
    return any(claims_in(text) for text in (product.name, *product.benefits, *local))
