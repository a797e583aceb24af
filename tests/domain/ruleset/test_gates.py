"""The safety gates: what each is, and the answers for which it holds."""

from __future__ import annotations

from itertools import product as all_of

import pytest

from tests.domain.ruleset.answering import answers, healthy_man, healthy_woman, some, somebody, woman
from traya_gql.domain.customers import Gender
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.gates import GATES, findings, refusals
from traya_gql.domain.ruleset.options import (
    Area,
    Dandruff,
    Deficiency,
    HealthCondition,
    LifeStage,
    MedicalSafety,
    Medicine,
    Pattern,
    ScalpSign,
    YearEvent,
)
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.domain.ruleset.scores import doctor_only

RULES = current_ruleset()


def codes(found: Answers, *cleared: GateCode) -> list[str]:
    """Return the numbers of the gates that hold, in order."""
    return [one.code[:3] for one in findings(found, RULES, cleared=frozenset(cleared))]


# --- the rules themselves -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "severity", "action", "until_cleared", "is_quiet"),
    [
        ("G00", "MODERATE", "ANSWER_SAFETY_QUESTIONS", False, False),
        ("G01", "MODERATE", "GIVE_CONSENT", False, False),
        ("G02", "MODERATE", "TALK_TO_DOCTOR", False, False),
        ("G03", "HIGH", "BOOK_DERMATOLOGIST", False, False),
        ("G04", "HIGH", "BOOK_DERMATOLOGIST", False, False),
        ("G05", "MODERATE", "BOOK_DERMATOLOGIST", True, False),
        ("G06", "MODERATE", "TALK_TO_DOCTOR", False, False),
        ("G07", "LOW", "NONE", False, True),
        ("G08", "MODERATE", "TALK_TO_DOCTOR", True, False),
        ("G09", "MODERATE", "TALK_TO_DOCTOR", True, False),
        ("G10", "MODERATE", "TALK_TO_DOCTOR", True, False),
        ("G11", "MODERATE", "TALK_TO_DOCTOR", False, False),
        ("G12", "LOW", "GET_BLOOD_TEST", False, True),
        ("G13", "MODERATE", "NONE", False, False),
        ("G14", "MODERATE", "TALK_TO_DOCTOR", True, False),
        ("G15", "MODERATE", "BOOK_DERMATOLOGIST", True, False),
        ("G16", "LOW", "GET_PRESCRIPTION", False, True),
        ("G17", "LOW", "NONE", False, True),
        ("G18", "LOW", "NONE", False, True),
        ("G19", "MODERATE", "TALK_TO_DOCTOR", True, False),
        ("G20", "MODERATE", "TALK_TO_DOCTOR", True, False),
    ],
)
def test_a_gate_says_how_much_it_matters_and_what_to_do(
    number: str,
    severity: str,
    action: str,
    until_cleared: bool,  # noqa: FBT001
    is_quiet: bool,  # noqa: FBT001
) -> None:
    (code,) = (code for code in GateCode if code.startswith(number))
    rule = RULES.gates[code]

    assert (rule.severity, rule.action, rule.until_cleared, rule.is_quiet) == (
        severity,
        action,
        until_cleared,
        is_quiet,
    )


def test_the_gates_stand_in_the_order_of_their_codes() -> None:
    assert list(RULES.gates) == list(GateCode)
    assert [code[1:3] for code in GateCode] == [f"{number:02}" for number in range(21)]
    assert [gate.code for gate in GATES] == [
        code for code in GateCode if code[:3] not in {"G01", "G02", "G16", "G17", "G18"}
    ]


def test_only_gates_that_depend_on_more_than_conditions_have_no_cases() -> None:
    assert {code[:3] for code, rule in RULES.gates.items() if not rule.cases} == {
        "G01",
        "G02",
        "G13",
        "G16",
        "G17",
        "G18",
    }


# --- when they hold -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "numbers"),
    [
        (healthy_man(), "G12"),
        (healthy_woman(), "G07 G12"),
        (somebody(), "G07 G12"),
        # unanswered
        (answers(), "G00 G12"),
        (woman(), "G00 G06 G07 G12"),
        (healthy_man(scalp_signs=None), "G00 G12"),
        (healthy_man(sudden_onset=None), "G00 G12"),
        (healthy_man(health_conditions=None), "G00 G12"),
        (healthy_man(medical_safety=None), "G00 G12"),
        (healthy_man(medicines=None), "G00 G12"),
        (healthy_man(allergies=None), "G00 G12"),
        (healthy_man(has_other_allergy=None), "G00 G12"),
        (healthy_man(is_trying_for_a_baby=None), "G00 G12"),
        (healthy_man(life_stage=None, is_breastfeeding=None), "G12"),
        (healthy_woman(is_trying_for_a_baby=None), "G07 G12"),
        (healthy_woman(life_stage=None), "G00 G06 G07 G12"),
        (healthy_woman(is_breastfeeding=None), "G00 G06 G07 G12"),
        (somebody(life_stage=None), "G00 G06 G07 G12"),
        (somebody(is_breastfeeding=None), "G00 G06 G07 G12"),
        (healthy_woman(life_stage=LifeStage.POST_PREGNANCY), "G00 G06 G07 G12 G19"),
        (healthy_woman(area=None, dandruff=None, known_deficiencies=None, months_since_birth=None), "G07 G12"),
        # patches
        (healthy_man(pattern=Pattern.COIN_SIZE_PATCH), "G03 G12"),
        (healthy_man(area=Area.PATCHES, sudden_onset=True), "G03 G12 G19"),
        (healthy_man(area=Area.PATCHES, sudden_onset=None), "G00 G03 G12"),
        (healthy_man(area=Area.PATCHES), "G12"),
        (healthy_man(area=Area.CROWN, sudden_onset=True), "G12 G19"),
        # the scalp
        (healthy_man(scalp_signs=some(ScalpSign.PAIN)), "G04 G12"),
        (healthy_man(scalp_signs=some(ScalpSign.BURNING)), "G04 G12"),
        (healthy_man(scalp_signs=some(ScalpSign.PUSTULES)), "G04 G12"),
        (healthy_man(scalp_signs=some(ScalpSign.SHINY_PATCHES)), "G04 G12"),
        (healthy_man(scalp_signs=some(ScalpSign.BROW_OR_LASH_LOSS)), "G04 G12"),
        (healthy_man(scalp_signs=some(ScalpSign.BROKEN_SKIN)), "G05 G12"),
        (healthy_man(scalp_signs=some(ScalpSign.REDNESS)), "G05 G12"),
        (healthy_man(scalp_signs=some(ScalpSign.INFECTION)), "G05 G12"),
        (healthy_man(scalp_signs=some(ScalpSign.PAIN, ScalpSign.REDNESS)), "G04 G05 G12"),
        (healthy_man(dandruff=Dandruff.PSORIASIS), "G05 G12"),
        (healthy_man(dandruff=Dandruff.SEBORRHEIC), "G05 G12"),
        (healthy_man(dandruff=Dandruff.HEAVY), "G12"),
        (healthy_man(dandruff=Dandruff.MILD), "G12"),
        (healthy_man(dandruff=Dandruff.NO), "G12"),
        # pregnancy
        (healthy_woman(life_stage=LifeStage.PREGNANT), "G06 G07 G12"),
        (healthy_woman(life_stage=LifeStage.PLANNING_PREGNANCY), "G06 G07 G12"),
        (healthy_woman(is_breastfeeding=True), "G06 G07 G12"),
        (healthy_woman(life_stage=LifeStage.POST_PREGNANCY, months_since_birth=0), "G06 G07 G12 G19"),
        (healthy_woman(life_stage=LifeStage.POST_PREGNANCY, months_since_birth=11), "G06 G07 G12 G19"),
        (healthy_woman(life_stage=LifeStage.POST_PREGNANCY, months_since_birth=12), "G07 G12 G19"),
        (healthy_woman(life_stage=LifeStage.MENOPAUSE, months_since_birth=3), "G07 G12"),
        (somebody(life_stage=LifeStage.PREGNANT), "G06 G07 G12"),
        (healthy_man(life_stage=LifeStage.PREGNANT), "G06 G12"),
        (healthy_man(is_breastfeeding=True), "G06 G12"),
        # heart and blood pressure
        (healthy_man(medical_safety=some(MedicalSafety.HEART_DISEASE)), "G08 G12"),
        (healthy_man(medical_safety=some(MedicalSafety.HIGH_BLOOD_PRESSURE)), "G08 G11 G12"),
        (healthy_man(medical_safety=some(MedicalSafety.LOW_BLOOD_PRESSURE)), "G08 G11 G12"),
        (healthy_man(medical_safety=some(MedicalSafety.STROKE)), "G08 G12"),
        (healthy_man(medicines=some(Medicine.BLOOD_PRESSURE)), "G08 G11 G12"),
        # liver, mood, prostate, baby
        (healthy_man(medical_safety=some(MedicalSafety.LIVER_DISEASE)), "G09 G12"),
        (healthy_man(medical_safety=some(MedicalSafety.DEPRESSION)), "G10 G11 G12"),
        (healthy_man(medical_safety=some(MedicalSafety.PROSTATE_DISEASE)), "G10 G12"),
        (healthy_man(is_trying_for_a_baby=True), "G10 G12"),
        # thyroid, immune system, medicines
        (healthy_man(health_conditions=some(HealthCondition.THYROID)), "G11 G12"),
        (healthy_man(medical_safety=some(MedicalSafety.AUTOIMMUNE_DISEASE)), "G11 G12"),
        (healthy_man(medicines=some(Medicine.IMMUNOSUPPRESSANT)), "G11 G12"),
        (healthy_man(medicines=some(Medicine.SEDATIVE)), "G11 G12"),
        (healthy_man(medicines=some(Medicine.DIABETES)), "G11 G12"),
        (healthy_man(medicines=some(Medicine.THYROID)), "G11 G12"),
        (healthy_man(medicines=some(Medicine.OTHER)), "G11 G12"),
        (healthy_man(medical_safety=some(MedicalSafety.EPILEPSY)), "G11 G12"),
        (healthy_man(last_year_events=some(YearEvent.SURGERY_OR_HEAVY_MEDICATION)), "G11 G12"),
        (healthy_man(last_year_events=some(YearEvent.SEVERE_ILLNESS)), "G12"),
        (healthy_woman(health_conditions=some(HealthCondition.PCOS, HealthCondition.ASTHMA)), "G07 G12"),
        # iron
        (healthy_man(health_conditions=some(HealthCondition.ANAEMIA)), ""),
        (healthy_man(known_deficiencies=some(Deficiency.IRON)), ""),
        (
            healthy_man(
                health_conditions=some(HealthCondition.ANAEMIA), medical_safety=some(MedicalSafety.BLOOD_DISORDER)
            ),
            "G12",
        ),
        (healthy_man(known_deficiencies=some(Deficiency.VITAMIN_D, Deficiency.VITAMIN_B12)), "G12"),
        # allergies
        (healthy_man(allergies=some("SOY_PROTEIN")), "G12 G13"),
        (healthy_man(has_other_allergy=True), "G12 G20"),
        # age and stage
        (healthy_man(age=65), "G12"),
        (healthy_man(age=66), "G12 G14"),
        (healthy_man(pattern=Pattern.STAGE_5), "G12"),
        (healthy_man(pattern=Pattern.STAGE_6), "G12 G15"),
        # the label of minoxidil
        (healthy_man(sudden_onset=True), "G12 G19"),
        (healthy_man(medicines=some(Medicine.SCALP)), "G12 G19"),
        (
            answers(
                Pattern.STAGE_6,
                90,
                Gender.OTHER,
                area=Area.PATCHES,
                scalp_signs=frozenset(ScalpSign),
                dandruff=Dandruff.PSORIASIS,
                medical_safety=frozenset(MedicalSafety),
                medicines=frozenset(Medicine),
                allergies=some("IRON"),
                has_other_allergy=True,
            ),
            "G00 G03 G04 G05 G06 G07 G08 G09 G10 G11 G12 G13 G14 G15 G19 G20",
        ),
    ],
)
def test_a_gate_holds_for_exactly_these_answers(found: Answers, numbers: str) -> None:
    assert codes(found) == numbers.split()


@pytest.mark.parametrize(("pattern", "area"), list(all_of(Pattern, [None, *Area])))
def test_patches_and_scarring_hold_exactly_where_the_assessment_leaves_it_to_a_doctor(
    pattern: Pattern, area: Area | None
) -> None:
    signs = [None, frozenset[ScalpSign](), *(frozenset({sign}) for sign in ScalpSign), frozenset(ScalpSign)]
    for sudden, chosen in all_of([None, True, False], signs):
        found = answers(pattern, area=area, sudden_onset=sudden, scalp_signs=chosen)

        is_stopped = bool({"G03", "G04"} & set(codes(found)))

        assert is_stopped is (doctor_only(found, RULES) is not None), found


# --- clearances ---------------------------------------------------------------------------------------------------

EVERYTHING_AT_ONCE = answers(
    Pattern.STAGE_6,
    70,
    Gender.FEMALE,
    area=Area.PATCHES,
    sudden_onset=True,
    scalp_signs=frozenset(ScalpSign),
    life_stage=LifeStage.PREGNANT,
    medical_safety=frozenset(MedicalSafety),
    allergies=some("IRON"),
    has_other_allergy=True,
)


def test_a_doctor_lifts_what_may_be_lifted_and_nothing_else() -> None:
    assert codes(EVERYTHING_AT_ONCE) == [gate.code[:3] for gate in GATES]
    assert codes(EVERYTHING_AT_ONCE, *GateCode) == ["G00", "G03", "G04", "G06", "G07", "G11", "G12", "G13"]
    assert codes(healthy_man(age=70, pattern=Pattern.STAGE_6), GateCode.G15_ADVANCED) == ["G12", "G14"]


def test_a_clearance_of_what_does_not_hold_changes_nothing() -> None:
    assert codes(healthy_man(), GateCode.G08_CARDIO) == ["G12"]


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "has_consent", "refused"),
    [
        (18, True, ()),
        (17, True, (GateCode.G02_MINOR,)),
        (18, False, (GateCode.G01_CONSENT,)),
        (12, False, (GateCode.G01_CONSENT, GateCode.G02_MINOR)),
    ],
)
def test_nothing_is_assessed_without_consent_or_below_18(
    age: int,
    has_consent: bool,  # noqa: FBT001
    refused: tuple[GateCode, ...],
) -> None:
    assert refusals(age=age, has_consent=has_consent) == refused
