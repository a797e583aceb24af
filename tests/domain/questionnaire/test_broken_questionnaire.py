"""A broken copy of the data file is refused, with the place of what is wrong."""

from __future__ import annotations

import pytest

from tests.domain.questionnaire.asking import TEXT, changed
from traya_gql.domain.data_files import FileInvalid, read_toml
from traya_gql.domain.questionnaire.model import Questionnaire

AGE = 'key = "age"\ntype = "NUMBER"\nplace = "CUSTOMER"\n'
GENDER = 'key = "gender"\ntype = "SINGLE_CHOICE"\nplace = "CUSTOMER"\n'
PATTERN = 'key = "pattern"\ntype = "SINGLE_CHOICE"\nplace = "ANSWERS"\n'
ITCH = 'key = "itch"\ntype = "YES_NO"\nplace = "ANSWERS"\n'
TITLE = 'title = { en = "Itch?", hi = "खुजली?" }\n'
SUDDEN = 'key = "suddenOnset"\ntype = "YES_NO"\nplace = "ANSWERS"\n'
SINCE_BIRTH = 'show_if = [{ question = "lifeStage", values = ["POST_PREGNANCY"] }]'
CONTRADICTION = 'when = { sleep = ["PEACEFUL"], sleepsUnderSixHours = ["YES"] }\nat = "sleepsUnderSixHours"'

BROKEN = {
    "an unknown key at the top": (
        changed('version = "2026.11"', 'version = "2026.11"\nmood = 1'),
        "mood: nobody knows this key",
    ),
    "a version that is none": (
        changed('version = "2026.11"', 'version = "soon"'),
        r"version: String should match pattern '^\d{4}\.\d{2}(-[a-z0-9]+)?$'",
    ),
    "a text in one language": (
        changed('en = "Do you smoke?", hi = "क्या आप धूम्रपान करते हैं?"', 'en = "Do you smoke?"'),
        "sections[2].questions[9].title.hi: this is missing",
    ),
    "an empty text": (
        changed('hi = "क्या आप धूम्रपान करते हैं?"', 'hi = " "'),
        "sections[2].questions[9].title.hi: String should have at least 1 character",
    ),
    "a misspelt property": (
        changed(ITCH, ITCH + "is_requierd = true\n"),
        "sections[1].questions[5].is_requierd: nobody knows this key",
    ),
    "an unknown type": (
        changed('key = "itch"\ntype = "YES_NO"', 'key = "itch"\ntype = "SLIDER"'),
        (
            "sections[1].questions[5].type: Input should be 'TEXT', 'PHONE', 'EMAIL', 'NUMBER', 'YES_NO', "
            "'SINGLE_CHOICE' or 'MULTIPLE_CHOICE'"
        ),
    ),
    "a type that does not fit the field": (
        changed('key = "itch"\ntype = "YES_NO"', 'key = "itch"\ntype = "SINGLE_CHOICE"'),
        "sections[1].questions[5]: itch is answered as YES_NO",
    ),
    "a question without a field": (
        changed('key = "itch"', 'key = "tickle"'),
        "sections[1].questions[5]: ANSWERS has no field tickle",
    ),
    "a question about photos": (
        changed('key = "itch"', 'key = "usablePhotos"'),
        "sections[1].questions[5]: ANSWERS has no field usablePhotos",
    ),
    "a customer's question among the answers": (
        changed(GENDER, GENDER.replace("CUSTOMER", "ANSWERS")),
        "sections[0].questions[4]: ANSWERS has no field gender",
    ),
    "a customer's question without a field": (
        changed('key = "email"', 'key = "address"'),
        "sections[0].questions[2]: CUSTOMER has no field address",
    ),
    "a question that is needed but not required": (
        changed(PATTERN + "is_required = true\n", PATTERN),
        "sections[1].questions[0]: nothing is assessed without pattern: it is required, and asked of everybody",
    ),
    "a question that is needed but not asked of everybody": (
        changed(PATTERN, PATTERN + 'show_if = [{ question = "gender", values = ["MALE"] }]\n'),
        "sections[1].questions[0]: nothing is assessed without pattern: it is required, and asked of everybody",
    ),
    "a customer without an age": (
        changed(AGE + "is_required = true\n", AGE),
        "sections[0].questions[3]: nothing is assessed without age: it is required, and asked of everybody",
    ),
    "a question of safety that is required": (
        changed(SUDDEN + "is_safety = true\n", SUDDEN + "is_safety = true\nis_required = true\n"),
        "sections[3].questions[0]: a question of safety is never required",
    ),
    "a number without a bound": (
        changed("maximum = 960\n", ""),
        ("sections[1].questions[2]: minimum, maximum and unit are stated for numbers, all three, and for nothing else"),
    ),
    "a number without a unit": (
        changed('unit = { en = "years", hi = "साल" }\n', ""),
        ("sections[0].questions[3]: minimum, maximum and unit are stated for numbers, all three, and for nothing else"),
    ),
    "a bound of what is no number": (
        changed(ITCH, ITCH + "minimum = 0\n"),
        ("sections[1].questions[5]: minimum, maximum and unit are stated for numbers, all three, and for nothing else"),
    ),
    "a lifetime of what is no number": (
        changed(ITCH, ITCH + "is_within_lifetime = true\n"),
        "sections[1].questions[5]: is_within_lifetime is for numbers",
    ),
    "a bound beyond the field's": (
        changed("maximum = 960\n", "maximum = 1201\n"),
        "sections[1].questions[2]: minimum and maximum must rise, within 0 and 1200",
    ),
    "bounds that fall": (
        changed("minimum = 0\nmaximum = 24\n", "minimum = 24\nmaximum = 24\n"),
        "sections[3].questions[8]: minimum and maximum must rise, within 0 and 1200",
    ),
    "an age that the test is not for": (
        changed("minimum = 18\n", "minimum = 17\n"),
        "sections[0].questions[3]: minimum and maximum must rise, within 18 and 100",
    ),
    "an option twice": (
        changed('{ value = "CROWN",', '{ value = "HAIRLINE",'),
        "sections[1].questions[1]: HAIRLINE is there twice",
    ),
    "an option that is missing": (
        changed('  { value = "QUALITY", label = { en = "Better hair quality", hi = "बालों की बेहतर क्वालिटी" } },\n', ""),
        "sections[1].questions[6]: QUALITY is missing",
    ),
    "an option that no rule knows": (
        TEXT.replace(
            '  { value = "QUALITY",',
            '  { value = "SHINE", label = { en = "Shine", hi = "चमक" } },\n  { value = "QUALITY",',
        ),
        "sections[1].questions[6]: SHINE is no answer to goal",
    ),
    "a multiple choice without none": (
        changed('  { value = "NONE", is_exclusive = true, label = { en = "None", hi = "कोई नहीं" } },\n', ""),
        "sections[3].questions[4]: NONE is missing",
    ),
    "none that does not stand alone": (
        changed(
            '{ value = "NONE", is_exclusive = true, label = { en = "None", hi = "कोई नहीं" } }',
            '{ value = "NONE", label = { en = "None", hi = "कोई नहीं" } }',
        ),
        "sections[3].questions[4]: NONE: of a multiple choice NONE is exclusive, and nothing else",
    ),
    "an exclusive option of a single choice": (
        changed('{ value = "CROWN",', '{ value = "CROWN", is_exclusive = true,'),
        "sections[1].questions[1]: CROWN: of a multiple choice NONE is exclusive, and nothing else",
    ),
    "options of words": (
        changed(
            'key = "name"\n', 'key = "name"\noptions = [{ value = "ASHA", label = { en = "Asha", hi = "आशा" } }]\n'
        ),
        "sections[0].questions[0]: ASHA is no answer to name",
    ),
    "allergies that leave the ingredients out": (
        changed('options_from = "ingredients"\n', 'options_from = "herbs"\n'),
        "sections[3].questions[5].options_from: Input should be 'ingredients'",
    ),
    "a former value that leads nowhere": (
        changed('STAGE_6 = "STAGE_6" }', 'STAGE_6 = "STAGE_7" }'),
        "sections[1].questions[0]: STAGE_7 is no answer to pattern",
    ),
    "a former key that is in use": (
        changed('former = [{ key = "energyLevels" }]', 'former = [{ key = "stress" }]'),
        "the whole file: stress is there twice",
    ),
    "a question twice": (
        changed(
            ITCH,
            ITCH
            + TITLE
            + 'options = [{ value = "YES", label = { en = "Yes", hi = "हाँ" } }, '
            + '{ value = "NO", label = { en = "No", hi = "नहीं" } }]\n\n[[sections.questions]]\n'
            + ITCH,
        ),
        "the whole file: itch is there twice",
    ),
    "a section that is missing": (
        changed('key = "HEALTH_AND_LIFE"', 'key = "SAFETY"'),
        "the whole file: sections: they are ABOUT_YOU, HAIR_AND_SCALP, HEALTH_AND_LIFE, SAFETY, in this order",
    ),
    "a condition on a later question": (
        changed(ITCH, ITCH + 'show_if = [{ question = "goal", values = ["QUALITY"] }]\n'),
        "the whole file: itch: goal is no earlier question with options",
    ),
    "a condition on the question itself": (
        changed(ITCH, ITCH + 'show_if = [{ question = "itch", values = ["YES"] }]\n'),
        "the whole file: itch: itch is no earlier question with options",
    ),
    "a condition on no question": (
        changed(SINCE_BIRTH, SINCE_BIRTH.replace("lifeStage", "mood")),
        "the whole file: monthsSinceBirth: mood is no earlier question with options",
    ),
    "a condition on a number": (
        changed(SINCE_BIRTH, SINCE_BIRTH.replace("lifeStage", "age")),
        "the whole file: monthsSinceBirth: age is no earlier question with options",
    ),
    "a condition on what cannot be answered": (
        changed(SINCE_BIRTH, SINCE_BIRTH.replace("POST_PREGNANCY", "RETIRED")),
        "the whole file: RETIRED is no answer to lifeStage",
    ),
    "a condition without values": (
        changed(SINCE_BIRTH, SINCE_BIRTH.replace('"POST_PREGNANCY"', "")),
        ("sections[3].questions[8].show_if[0].values: Tuple should have at least 1 item after validation, not 0"),
    ),
    "an option's condition on a later question": (
        changed('{ value = "CROWN",', '{ value = "CROWN", show_if = [{ question = "itch", values = ["YES"] }],'),
        "the whole file: area: itch is no earlier question with options",
    ),
    "a contradiction of three": (
        changed(CONTRADICTION, CONTRADICTION.replace('["YES"] }', '["YES"], stress = ["NONE"] }')),
        "contradictions[0].when: Dictionary should have at most 2 items after validation, not more",
    ),
    "a contradiction told elsewhere": (
        changed(CONTRADICTION, CONTRADICTION.replace('at = "sleepsUnderSixHours"', 'at = "stress"')),
        "contradictions[0]: stress is none of the two questions",
    ),
    "a contradiction of the customer": (
        changed(CONTRADICTION, CONTRADICTION.replace('sleep = ["PEACEFUL"]', 'gender = ["MALE"]')),
        "the whole file: contradictions: gender is no question of ANSWERS",
    ),
    "a contradiction of what cannot be answered": (
        changed(CONTRADICTION, CONTRADICTION.replace("PEACEFUL", "DEEP")),
        "the whole file: DEEP is no answer to sleep",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_copy_is_refused_with_the_place(name: str) -> None:
    text, problem = BROKEN[name]

    with pytest.raises(FileInvalid) as refused:
        read_toml(Questionnaire, text)

    assert list(refused.value.problems) == [problem]


@pytest.mark.parametrize("key", ["email", "constipation", "hasOtherAllergy"])
def test_a_question_that_is_missing_is_named(key: str) -> None:
    start = TEXT.index(f'[[sections.questions]]\nkey = "{key}"')
    text = TEXT[:start] + TEXT[TEXT.index("\n[[sections.questions]]\n", start) + 1 :]

    with pytest.raises(FileInvalid) as refused:
        read_toml(Questionnaire, text)

    assert refused.value.problems == (f"the whole file: nobody is asked for {key}",)


def test_an_allergy_that_cannot_be_named_is_told() -> None:
    with pytest.raises(FileInvalid) as refused:
        read_toml(Questionnaire, changed('options_from = "ingredients"\n', ""))

    (problem,) = refused.value.problems
    assert problem.startswith("sections[3].questions[5]: MINOXIDIL, FINASTERIDE, ")
    assert problem.endswith(" is missing")


def test_all_problems_are_told_at_once() -> None:
    text = changed('key = "itch"', 'key = "tickle"').replace("maximum = 24\n", "maximum = 1201\n")

    with pytest.raises(FileInvalid) as refused:
        read_toml(Questionnaire, text)

    assert refused.value.problems == (
        "sections[1].questions[5]: ANSWERS has no field tickle",
        "sections[3].questions[8]: minimum and maximum must rise, within 0 and 1200",
    )


def test_what_is_no_toml_is_told_with_the_line() -> None:
    with pytest.raises(FileInvalid) as refused:
        read_toml(Questionnaire, "version = ")

    assert refused.value.problems == ("the whole file: Invalid value (at end of document)",)
