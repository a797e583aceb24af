"""The causes that whoever has the link sees: none that would tell an answer, derived from points and questions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.products import product as product_of
from tests.domain.ruleset.answering import answers, any_answers, assessed, healthy_man, healthy_woman, some, somebody
from traya_gql.domain.customers import Gender
from traya_gql.domain.questionnaire.checks import offered, visible
from traya_gql.domain.questionnaire.model import YES, current_questionnaire
from traya_gql.domain.ruleset.answers import QUESTIONS, Answers, QuestionKind
from traya_gql.domain.ruleset.codes import CauseCode, EvidenceGrade
from traya_gql.domain.ruleset.kit import shared_causes, shared_kit
from traya_gql.domain.ruleset.options import EnergyLevel, HealthCondition, LifeStage, Pattern, Sleep, Stress
from traya_gql.domain.ruleset.rules import PointRule, current_ruleset
from traya_gql.domain.ruleset.scores import points_of, scores_of

RULES = current_ruleset()
QUESTIONNAIRE = current_questionnaire()
C = CauseCode
GRADES = list(EvidenceGrade)
AGE = 24

Given = dict[str, tuple[str, ...]]
"""What was answered, by question; numbers as text."""


# --- derived: which answers raise a cause to where it is listed ---------------------------------------------------


def rules_of(cause: CauseCode, gender: Gender) -> list[PointRule]:
    return [rule for rule in RULES.points.values() if rule.cause is cause and rule.admits(gender)]


def options_of(key: str, cause: CauseCode, gender: Gender) -> list[tuple[str, ...]]:
    """Return how a question can be answered by this gender, as far as it counts for the cause; () is not at all."""
    asked = QUESTIONNAIRE.by_key[key]
    if key == "pattern":
        return [(option.value,) for option in offered(asked, gender=gender, answered={})]
    rules = [rule for rule in rules_of(cause, gender) if rule.question == key]
    if QUESTIONS[key].kind is QuestionKind.NUMBER:
        return [(), *((str(step.at_least),) for rule in rules for step in rule.steps)]
    if not visible(asked, gender=gender, answered={}):
        return [()]
    counted = [
        option.value
        for option in offered(asked, gender=gender, answered={})
        if any(option.value in rule.answers or option.value in rule.when.get(key, ()) for rule in rules)
    ]
    most = len(counted) if QUESTIONS[key].kind is QuestionKind.CHOICES else 1
    return [chosen for many in range(most + 1) for chosen in combinations(counted, many)]


def all_given(cause: CauseCode, gender: Gender) -> Iterator[Given]:
    """Give all that this gender can answer of what counts for the cause, without what contradicts itself."""
    rules = rules_of(cause, gender)
    keys = dict.fromkeys(["pattern", *(rule.question for rule in rules), *(key for rule in rules for key in rule.when)])
    keys.pop("gender", None)
    for chosen in product(*(options_of(key, cause, gender) for key in keys)):
        found: Given = dict(zip(keys, chosen, strict=True))
        if not any(
            all(set(values) & set(found.get(key, ())) for key, values in both.when.items())
            for both in QUESTIONNAIRE.contradictions
        ):
            yield found


def read(found: Given, gender: Gender) -> Answers:
    typed: dict[str, object] = {"age": AGE, "gender": gender}
    for key, values in found.items():
        kind = QUESTIONS[key].kind
        if kind is QuestionKind.CHOICES:
            typed[key] = frozenset(values)
        elif values:
            # a number is read from its text
            typed[key] = values[0] == YES if kind is QuestionKind.YES_NO else values[0]
    return Answers.model_validate(typed)


def raising(cause: CauseCode, gender: Gender) -> list[frozenset[tuple[str, str]]]:
    """Return every set of answers, each a question and an option, that raises the cause to the listing threshold."""
    return [
        frozenset((key, value) for key, values in found.items() for value in values)
        for found in all_given(cause, gender)
        if scores_of(points_of(read(found, gender), RULES), RULES)[cause] >= RULES.listing.at_least
    ]


def enough_alone(cause: CauseCode, gender: Gender) -> set[tuple[str, str]]:
    """Return the answers that raise the cause with no other answer that counts for it."""
    rules = rules_of(cause, gender)
    counted = {
        (rule.question, one) for rule in rules for one in (*rule.answers, *(str(step.at_least) for step in rule.steps))
    }
    return {one for found in raising(cause, gender) if len(found & counted) == 1 for one in found & counted}


def told_by(cause: CauseCode, gender: Gender) -> frozenset[tuple[str, str]]:
    """Return the answers that everybody of this gender gave who has this cause in the list: it tells them."""
    return frozenset.intersection(*raising(cause, gender))


def test_whether_what_counts_is_asked_depends_on_nothing_but_gender() -> None:
    """What is derived below takes this for granted."""
    counted = {rule.question for rule in RULES.points.values()} - {"age", "gender"}
    conditions = [condition for key in counted for condition in QUESTIONNAIRE.by_key[key].conditions]

    assert {condition.question for condition in conditions} == {"gender"}


@pytest.mark.parametrize("gender", Gender)
def test_hidden_are_exactly_the_causes_that_tell_an_answer(gender: Gender) -> None:
    telling = {cause for cause in CauseCode if told_by(cause, gender)}

    assert telling == set(RULES.shared.hidden_causes.get(gender, ()))


@pytest.mark.parametrize("gender", Gender)
@pytest.mark.parametrize("cause", CauseCode)
def test_a_cause_that_is_shown_can_have_been_raised_by_more_than_one_option(cause: CauseCode, gender: Gender) -> None:
    is_hidden = cause in RULES.shared.hidden_causes.get(gender, ())

    assert (len(enough_alone(cause, gender)) == 1) is is_hidden


def test_what_is_derived_is_what_the_rules_say() -> None:
    thyroid, ovaries = ("healthConditions", "THYROID"), ("healthConditions", "PCOS")

    assert told_by(C.HORMONAL, Gender.MALE) == enough_alone(C.HORMONAL, Gender.MALE) == {thyroid}
    for gender in (Gender.FEMALE, Gender.OTHER):
        assert enough_alone(C.HORMONAL, gender) == {thyroid, ovaries, ("lifeStage", "MENOPAUSE")}
    assert enough_alone(C.SLEEP, Gender.MALE) == {("sleep", "DISTURBED"), ("sleep", "DIFFICULT")}
    assert ("pattern", "STAGE_1") not in enough_alone(C.GENETIC, Gender.MALE)


# --- what is shown of a report ------------------------------------------------------------------------------------


def shown(found: Answers) -> list[str]:
    return [cause.code.value for cause in shared_causes(assessed(found), found.gender, RULES)]


@given(any_answers())
def test_shown_is_what_is_listed_and_not_hidden_in_an_order_that_tells_no_score(found: Answers) -> None:
    causes = shared_causes(assessed(found), found.gender, RULES)

    hidden = RULES.shared.hidden_causes.get(found.gender, ())
    assert {cause.code for cause in causes} == {one.code for one in assessed(found).causes} - set(hidden)
    order = [(GRADES.index(cause.evidence), cause.code) for cause in causes]
    assert order == sorted(order)


@given(any_answers(), st.frozensets(st.sampled_from(HealthCondition)))
def test_a_man_with_a_thyroid_disease_shows_the_causes_of_one_without(
    found: Answers, conditions: frozenset[HealthCondition]
) -> None:
    # polycystic ovaries are not offered to men
    others = conditions - {HealthCondition.THYROID, HealthCondition.PCOS}
    man = found.model_copy(update={"gender": Gender.MALE, "health_conditions": others})
    ill = man.model_copy(update={"health_conditions": others | {HealthCondition.THYROID}})

    # it may take the place of the weakest of four causes, and tells nothing of itself then either
    assert set(shown(ill)) <= set(shown(man))
    if len(shown(man)) < RULES.listing.most:
        assert shown(ill) == shown(man)


THYROID = some(HealthCondition.THYROID)


def test_a_mans_hormones_are_listed_for_him_and_shown_to_nobody_else() -> None:
    man = healthy_man(stress=Stress.HIGH, health_conditions=THYROID)

    assert [cause.code for cause in assessed(man).causes] == [C.STRESS, C.HORMONAL]
    assert shown(man) == ["STRESS"]
    for other in (healthy_woman, somebody):
        assert shown(other(stress=Stress.HIGH, health_conditions=THYROID)) == ["HORMONAL", "STRESS"]
    assert shown(healthy_woman(life_stage=LifeStage.MENOPAUSE)) == ["HORMONAL"]


def test_causes_of_one_grade_are_shown_by_code_whatever_they_score() -> None:
    more = answers(Pattern.STAGE_2, sleep=Sleep.DIFFICULT, energy_level=EnergyLevel.VERY_LOW, stress=Stress.HIGH)

    assert [cause.code for cause in assessed(more).causes] == [C.STRESS, C.SLEEP, C.NUTRITIONAL, C.GENETIC]
    assert shown(more) == ["GENETIC", "NUTRITIONAL", "STRESS", "SLEEP"]


def test_the_kit_of_the_link_is_not_chosen_for_what_is_hidden() -> None:
    for_hormones = product_of("hormones", affinities={C.HORMONAL: 3, C.STRESS: 1})
    for_stress = product_of("stress", affinities={C.STRESS: 2})

    def kit(person: Answers) -> list[tuple[str, list[CauseCode]]]:
        items = shared_kit(
            assessment=assessed(person), gender=person.gender, candidates=[for_hormones, for_stress], rules=RULES
        )
        slugs = {one.id: one.slug for one in (for_hormones, for_stress)}
        return [(slugs[item.product_id], [reason.cause for reason in item.reasons]) for item in items]

    assert kit(healthy_man(health_conditions=THYROID)) == []
    assert kit(healthy_man(health_conditions=THYROID, stress=Stress.HIGH)) == [("stress", [C.STRESS])]
    assert kit(healthy_woman(health_conditions=THYROID, stress=Stress.HIGH)) == [("hormones", [C.HORMONAL, C.STRESS])]
