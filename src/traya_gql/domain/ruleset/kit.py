"""The kit: which products a report recommends, and what was left out of it for safety's sake.

Source: docs/assessment.md; numbers and slots stand in the section "the kit" of `rules.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.customers import Gender
from traya_gql.domain.products import ProductCategory, ProductFacts
from traya_gql.domain.ruleset.codes import CauseCode, EvidenceGrade, GateCode
from traya_gql.domain.ruleset.gates import Finding, suits_everybody, why_left_out
from traya_gql.domain.ruleset.kit_rules import KitRules
from traya_gql.domain.ruleset.options import Pattern
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.domain.ruleset.scores import Assessment, Cause

MOST_EXCLUDED = 12
"""Products that a kit explains to have left out: twice as many as it holds, so that a large catalogue tells no more."""

_SLOTS = tuple(ProductCategory)
_GRADES = tuple(EvidenceGrade)


class KitReason(BaseModel):
    """A listed cause that a product was chosen for.

    `points` is the cause's score x the product's affinity, as private as the answers; None in a shared kit, and in
    reports of the first release.
    """

    model_config = ConfigDict(frozen=True)

    cause: CauseCode
    points: int | None


class KitItem(BaseModel):
    """One recommended product. `reasons`: what weighs most first; empty where the picture alone was the reason.

    `score` is as private as the answers; in a shared kit it says nothing about the person.
    """

    model_config = ConfigDict(frozen=True)

    product_id: UUID
    score: int
    reasons: tuple[KitReason, ...]


class Excluded(BaseModel):
    """A product that would be in the kit, and the first gate that keeps it out. As private as the answers."""

    model_config = ConfigDict(frozen=True)

    product_id: UUID
    gate: GateCode


class Kit(BaseModel):
    """What is recommended to one person. Each part may be empty.

    `items` and `excluded` lie in the order of the slots (what is swallowed, oil, serum, shampoo), the best first.
    `basic` is the cheap kit: one product of each slot that `kit.basic` names, not always one of the items.
    """

    model_config = ConfigDict(frozen=True)

    items: tuple[KitItem, ...]
    basic: tuple[UUID, ...]
    excluded: tuple[Excluded, ...]


def compose(
    *,
    assessment: Assessment,
    pattern: Pattern,
    found: Sequence[Finding],
    candidates: Iterable[ProductFacts],
    rules: Ruleset,
    bought: frozenset[UUID] = frozenset(),
) -> Kit:
    """Return the kit for one person. The order of the candidates does not matter.

    Only what can be sent, fits the picture, makes no forbidden claim and is held back by no finding; a product on
    prescription may be among it. The higher score comes first, then the better evidence, the lower price of a month,
    the id. Of two that share an active the first stays, and the next product takes the place. `bought` holds what
    the person cannot have used up.

    `excluded` names what would be in the kit without any finding, and with G17 what lost its place by an active.
    """
    fitting = (one for one in candidates if one.can_be_sent and pattern in one.pattern_fit)
    scores = {cause.code: cause.score for cause in assessment.causes}
    extra = _Extra(stage=rules.patterns[pattern].severity, bought=bought)
    ranked = _ranked(fitting, scores, rules.kit, extra)

    def is_allowed(product: ProductFacts) -> bool:
        return why_left_out(product, found) is None

    chosen, lost = _fill(ranked, rules.kit, is_allowed)
    wished, _ = _fill(ranked, rules.kit, lambda product: why_left_out(product, ()) is None)
    left_out = [(one, gate) for one in wished if (gate := why_left_out(one.product, found)) is not None]
    basic = tuple(_basic(chosen, ranked, rules.kit, is_allowed))
    # what lost its place to a better one may still be the cheapest: then it is recommended
    left_out += [(one, GateCode.G17_DUPLICATE_ACTIVE) for one in lost if one.product.id not in basic]
    return Kit(
        items=tuple(_item(one, with_points=True) for one in chosen),
        basic=basic,
        excluded=tuple(
            Excluded(product_id=one.product.id, gate=gate)
            for one, gate in sorted(left_out, key=lambda both: both[0].place)[:MOST_EXCLUDED]
        ),
    )


def shared_causes(assessment: Assessment, gender: Gender, rules: Ruleset) -> tuple[Cause, ...]:
    """Return the listed causes that whoever has the report's link may see, in an order that tells no score.

    Left out is what one answer alone could have raised in this gender.
    """
    hidden = rules.shared.hidden_causes.get(gender, ())
    seen = (cause for cause in assessment.causes if cause.code not in hidden)
    return tuple(sorted(seen, key=lambda cause: (_GRADES.index(cause.evidence), cause.code)))


def shared_kit(
    *, assessment: Assessment, gender: Gender, candidates: Iterable[ProductFacts], rules: Ruleset
) -> tuple[KitItem, ...]:
    """Return what whoever has the report's link may see: 0 or more items in the order of the slots.

    Nothing private can be read from it. It depends on which causes are shown and on whether months are named, both
    public: on no score, picture or finding. Its products are those that suit everybody and fit every picture with
    months, so that none of them tells the picture; without months there are none. Points are None.
    """
    if assessment.recovery.reason_if_none is not None:
        return ()
    listed = {cause.code for cause in shared_causes(assessment, gender, rules)}
    # in the order of the codes: that of the listed causes tells which scores highest
    scores = {code: rules.kit.shared_cause_score for code in CauseCode if code in listed}
    pictures = {pattern for pattern, rule in rules.patterns.items() if rule.months is not None}
    fitting = (one for one in candidates if one.can_be_sent and pictures.issubset(one.pattern_fit))
    ranked = _ranked(fitting, scores, rules.kit, _Extra(stage=None, bought=frozenset()))
    chosen, _ = _fill(ranked, rules.kit, lambda product: suits_everybody(product, rules))
    return tuple(_item(one, with_points=False) for one in chosen)


class _Extra(NamedTuple):
    """What counts besides causes. `stage` is the severity of the picture."""

    stage: int | None
    bought: frozenset[UUID]


class _Scored(NamedTuple):
    """A product that may be chosen. `points` by listed cause, the most first, none of them 0."""

    product: ProductFacts
    score: int
    points: tuple[tuple[CauseCode, int], ...]

    @property
    def rank(self) -> tuple[int, int, int, UUID]:
        """The better, the lower."""
        found = self.product
        return (-self.score, _GRADES.index(found.evidence), found.monthly_price_paise, found.id)

    @property
    def place(self) -> tuple[int, tuple[int, int, int, UUID]]:
        """By slot, and then by rank."""
        return (_SLOTS.index(self.product.category), self.rank)


def _ranked(
    products: Iterable[ProductFacts], scores: Mapping[CauseCode, int], rules: KitRules, extra: _Extra
) -> list[_Scored]:
    """Return each product that scores high enough once, the best first."""
    scored = (_scored(one, scores, rules, extra) for one in {one.id: one for one in products}.values())
    return sorted((one for one in scored if one.score >= rules.at_least), key=lambda one: one.rank)


def _scored(product: ProductFacts, scores: Mapping[CauseCode, int], rules: KitRules, extra: _Extra) -> _Scored:
    points = [(code, score * product.affinities[code]) for code, score in scores.items() if code in product.affinities]
    score = sum(one for _, one in points)
    if extra.stage in product.stages:
        score += rules.stage_bonus
    if product.id in extra.bought:
        score -= rules.bought_penalty
    return _Scored(product, score, tuple(sorted(points, key=lambda one: -one[1])))


def _fill(
    ranked: Iterable[_Scored], rules: KitRules, is_allowed: Callable[[ProductFacts], bool]
) -> tuple[list[_Scored], list[_Scored]]:
    """Return what takes the places, and what would have taken one but shares an active; both by slot.

    Only what could still take a place is asked about: reading the texts of a whole catalogue takes seconds.
    """
    chosen: list[_Scored] = []
    lost: list[_Scored] = []
    taken: set[str] = set()
    for one in ranked:
        category = one.product.category
        in_slot = sum(other.product.category is category for other in chosen)
        if len(chosen) >= rules.most or in_slot >= rules.slots[category].most or not is_allowed(one.product):
            continue
        if taken.isdisjoint(one.product.actives):
            chosen.append(one)
            taken.update(one.product.actives)
        else:
            lost.append(one)
    return sorted(chosen, key=lambda one: one.place), sorted(lost, key=lambda one: one.place)


def _item(one: _Scored, *, with_points: bool) -> KitItem:
    reasons = tuple(KitReason(cause=cause, points=points if with_points else None) for cause, points in one.points)
    return KitItem(product_id=one.product.id, score=one.score, reasons=reasons)


def _basic(
    chosen: Iterable[_Scored], ranked: Iterable[_Scored], rules: KitRules, is_allowed: Callable[[ProductFacts], bool]
) -> Iterator[UUID]:
    """Give the cheapest product of each slot of the cheap kit that the kit fills, slot by slot as the rules say."""
    filled = {one.product.category for one in chosen}
    sold = sorted(
        (one for one in ranked if not one.product.needs_prescription),
        key=lambda one: (one.product.monthly_price_paise, one.rank),
    )
    taken: set[str] = set()
    for category in rules.basic:
        slot = [one.product for one in sold if one.product.category is category and category in filled]
        cheapest = next(
            (product for product in slot if taken.isdisjoint(product.actives) and is_allowed(product)), None
        )
        if cheapest is not None:
            taken.update(cheapest.actives)
            yield cheapest.id
