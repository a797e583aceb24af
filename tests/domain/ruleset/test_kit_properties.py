"""What holds for all kits, whatever was answered and whatever the shop sells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.domain.products import any_catalogue
from tests.domain.ruleset.answering import HARMLESS, any_answers, assessed, healthy_man, healthy_woman, some
from traya_gql.domain.products import ProductCategory, ProductFacts
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.gates import findings, suits_everybody, why_left_out
from traya_gql.domain.ruleset.kit import Kit, KitItem, compose, shared_kit
from traya_gql.domain.ruleset.options import Area, Dandruff, LifeStage, MedicalSafety, Medicine, Pattern
from traya_gql.domain.ruleset.rules import current_ruleset

RULES = current_ruleset()
SLOTS = list(ProductCategory)

# of answers at random nearly all hold everything back, for one reason or another
_RISKS: list[dict[str, object]] = [
    {},
    {"medical_safety": some(MedicalSafety.HEART_DISEASE)},
    {"medical_safety": some(MedicalSafety.LIVER_DISEASE)},
    {"medicines": some(Medicine.THYROID)},
    {"dandruff": Dandruff.PSORIASIS},
    {"allergies": some("SOY_PROTEIN")},
    {"life_stage": LifeStage.PREGNANT},
    {"medical_safety": None},
]


@st.composite
def _people_with_one_risk(draw: st.DrawFn) -> Answers:
    harmless = draw(st.sampled_from([healthy_man(), healthy_woman()]))
    safe = {name: getattr(harmless, name) for name in (*HARMLESS, "life_stage", "is_breastfeeding", "gender")}
    safe |= {"is_trying_for_a_baby": False, "area": Area.CROWN}
    return draw(any_answers()).model_copy(update={**safe, **draw(st.sampled_from(_RISKS))})


PEOPLE = any_answers() | _people_with_one_risk() | _people_with_one_risk()


def composed(found: Answers, catalogue: Iterable[ProductFacts], bought: frozenset[UUID] = frozenset()) -> Kit:
    return compose(
        assessment=assessed(found),
        pattern=found.pattern,
        found=findings(found, RULES),
        candidates=catalogue,
        rules=RULES,
        bought=bought,
    )


def shared(found: Answers, catalogue: Iterable[ProductFacts]) -> tuple[KitItem, ...]:
    return shared_kit(assessment=assessed(found), gender=found.gender, candidates=catalogue, rules=RULES)


def products_of(ids: Iterable[UUID], catalogue: Iterable[ProductFacts]) -> list[ProductFacts]:
    by_id = {one.id: one for one in catalogue}
    return [by_id[id_] for id_ in ids]


@given(found=PEOPLE, catalogue=any_catalogue())
def test_no_kit_holds_a_blocked_ingredient_or_what_is_held_back(found: Answers, catalogue: list[ProductFacts]) -> None:
    kit, held = composed(found, catalogue), findings(found, RULES)
    blocked = {one for finding in held for one in finding.blocked_ingredients}

    chosen = products_of([*(item.product_id for item in kit.items), *kit.basic], catalogue)

    assert all(blocked.isdisjoint(one.ingredients) for one in chosen)
    assert [one.slug for one in chosen if why_left_out(one, held) is not None] == []
    assert all(set(found.allergies or ()).isdisjoint(one.ingredients) for one in chosen)


@given(found=PEOPLE, catalogue=any_catalogue())
def test_no_kit_holds_an_active_twice(found: Answers, catalogue: list[ProductFacts]) -> None:
    kit = composed(found, catalogue)

    for ids in ([item.product_id for item in kit.items], kit.basic):
        actives = Counter(active for one in products_of(ids, catalogue) for active in one.actives)
        assert max(actives.values(), default=1) == 1


@given(found=PEOPLE, catalogue=any_catalogue())
def test_every_product_of_a_kit_can_be_sent_fits_the_picture_and_scores_high_enough(
    found: Answers, catalogue: list[ProductFacts]
) -> None:
    kit = composed(found, catalogue)

    for one in products_of([*(item.product_id for item in kit.items), *kit.basic], catalogue):
        assert one.is_active
        assert one.is_in_stock
        assert found.pattern in one.pattern_fit
    assert all(item.score >= 40 for item in kit.items)


@given(found=PEOPLE, catalogue=any_catalogue())
def test_no_kit_holds_more_than_its_slots_and_all_lies_in_their_order(
    found: Answers, catalogue: list[ProductFacts]
) -> None:
    kit = composed(found, catalogue)

    shelves = [one.category for one in products_of([item.product_id for item in kit.items], catalogue)]
    left_out = [one.category for one in products_of([one.product_id for one in kit.excluded], catalogue)]

    assert all(count <= RULES.kit.slots[shelf].most for shelf, count in Counter(shelves).items())
    assert len(shelves) <= 6
    assert shelves == sorted(shelves, key=SLOTS.index)
    assert left_out == sorted(left_out, key=SLOTS.index)


@given(found=PEOPLE, catalogue=any_catalogue())
def test_the_cheap_kit_is_one_product_a_slot_without_a_prescription(
    found: Answers, catalogue: list[ProductFacts]
) -> None:
    kit = composed(found, catalogue)
    chosen = products_of([item.product_id for item in kit.items], catalogue)
    cheap = products_of(kit.basic, catalogue)

    shelves = [one.category for one in cheap]
    assert shelves == [one for one in (ProductCategory.OIL, ProductCategory.SHAMPOO) if one in shelves]
    assert set(shelves) <= {one.category for one in chosen}
    assert not any(one.needs_prescription for one in cheap)


@given(found=PEOPLE, catalogue=any_catalogue())
def test_nothing_is_both_recommended_and_left_out(found: Answers, catalogue: list[ProductFacts]) -> None:
    kit = composed(found, catalogue)

    left_out = [one.product_id for one in kit.excluded]

    assert len(set(left_out)) == len(left_out)
    assert set(left_out).isdisjoint([*(item.product_id for item in kit.items), *kit.basic])


@given(found=PEOPLE, catalogue=any_catalogue())
def test_what_is_left_out_names_the_gate_that_holds_it_back(found: Answers, catalogue: list[ProductFacts]) -> None:
    kit, held = composed(found, catalogue), findings(found, RULES)
    taken = {
        active for one in products_of([item.product_id for item in kit.items], catalogue) for active in one.actives
    }

    for excluded in kit.excluded:
        (one,) = products_of([excluded.product_id], catalogue)
        if excluded.gate is GateCode.G17_DUPLICATE_ACTIVE:
            assert why_left_out(one, held) is None
            assert not taken.isdisjoint(one.actives)
        else:
            assert excluded.gate is why_left_out(one, held)


@given(found=PEOPLE, catalogue=any_catalogue(), data=st.data())
def test_the_order_of_the_candidates_does_not_matter(
    found: Answers, catalogue: list[ProductFacts], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(catalogue))

    assert composed(found, shuffled).model_dump_json() == composed(found, catalogue).model_dump_json()
    assert shared(found, shuffled) == shared(found, catalogue)


@given(found=PEOPLE, catalogue=any_catalogue())
def test_candidates_may_be_read_only_once_and_hold_doubles(found: Answers, catalogue: list[ProductFacts]) -> None:
    assert composed(found, iter([*catalogue, *catalogue])) == composed(found, catalogue)
    assert shared(found, iter([*catalogue, *catalogue])) == shared(found, catalogue)


@given(found=PEOPLE, catalogue=any_catalogue())
def test_the_same_answers_and_the_same_shop_give_the_same_bytes(found: Answers, catalogue: list[ProductFacts]) -> None:
    again = Answers.model_validate_json(found.model_dump_json())
    copies = [ProductFacts.model_validate_json(one.model_dump_json()) for one in catalogue]

    assert composed(again, copies).model_dump_json() == composed(found, catalogue).model_dump_json()


@given(found=PEOPLE, catalogue=any_catalogue())
def test_a_kit_can_be_stored_and_read_again(found: Answers, catalogue: list[ProductFacts]) -> None:
    kit = composed(found, catalogue)

    assert Kit.model_validate(kit.model_dump()) == kit


@given(found=PEOPLE, catalogue=any_catalogue())
def test_having_bought_a_product_never_brings_it_in(found: Answers, catalogue: list[ProductFacts]) -> None:
    before = {item.product_id for item in composed(found, catalogue).items}

    for one in catalogue:
        after = {item.product_id for item in composed(found, catalogue, frozenset({one.id})).items}
        assert one.id in before or one.id not in after


@given(
    found=any_answers(),
    change=st.sampled_from(
        [{"pattern": Pattern.COIN_SIZE_PATCH}, {"scalp_signs": frozenset({"PAIN"})}, {"pattern": Pattern.STAGE_6}]
    ),
    catalogue=any_catalogue(),
)
def test_a_patchy_scarring_or_far_picture_never_gets_a_kit(
    found: Answers, change: dict[str, object], catalogue: list[ProductFacts]
) -> None:
    hers = found.model_copy(update=change)

    kit = composed(hers, catalogue)

    assert (kit.items, kit.basic) == ((), ())
    assert shared(hers, catalogue) == ()


@given(one=any_answers(), other=any_answers(), catalogue=any_catalogue())
def test_the_shared_kit_depends_on_the_set_of_causes_and_the_reason_alone(
    one: Answers, other: Answers, catalogue: list[ProductFacts]
) -> None:
    """Two people at random seldom have the same causes: those of the one are given to the other."""
    first, second = assessed(one), assessed(other)
    assume(first.recovery.reason_if_none == second.recovery.reason_if_none)
    alike = second.model_copy(update={"causes": tuple(reversed(first.causes))})

    assert shared_kit(assessment=first, gender=one.gender, candidates=catalogue, rules=RULES) == shared_kit(
        assessment=alike, gender=one.gender, candidates=catalogue, rules=RULES
    )


@given(found=PEOPLE, catalogue=any_catalogue())
def test_the_shared_kit_holds_only_what_suits_everybody_and_no_points(
    found: Answers, catalogue: list[ProductFacts]
) -> None:
    items = shared(found, catalogue)

    assert all(suits_everybody(one, RULES) for one in products_of([item.product_id for item in items], catalogue))
    assert all(reason.points is None for item in items for reason in item.reasons)
    assert all(item.reasons for item in items)
