"""A broken copy of the data file is refused, with the place of what is wrong."""

from __future__ import annotations

import pytest

from tests.domain.ruleset.answering import TEXT, changed
from traya_gql.domain.data_files import FileInvalid, read_toml
from traya_gql.domain.ruleset.rules import Ruleset, current_ruleset

COIN_SIZE_PATCH = '[doctor_only.coin_size_patch]\nwhen = { pattern = ["COIN_SIZE_PATCH"] }'

BROKEN = {
    "an unknown key at the top": (TEXT + "\n[surprise]\n", "surprise: nobody knows this key"),
    "an unknown key of an entry": (
        changed("at_least = 25\nmost = 4", "at_least = 25\nmoist = 3\nmost = 4"),
        "listing.moist: nobody knows this key",
    ),
    "an unknown cause": (
        changed("[causes.DIGESTION]", "[causes.LUCK]"),
        (
            "causes.LUCK: Input should be 'GENETIC', 'HORMONAL', 'TRIGGER_EVENT', 'NUTRITIONAL', 'STRESS', "
            "'SCALP_HEALTH', 'SLEEP' or 'DIGESTION'"
        ),
    ),
    "a cause without a grade": (
        changed('[causes.SLEEP]\ngrade = "C"', "[causes.SLEEP]"),
        "causes.SLEEP.grade: this is missing",
    ),
    "a cause with an unknown grade": (
        changed('[causes.SLEEP]\ngrade = "C"', '[causes.SLEEP]\ngrade = "D"'),
        "causes.SLEEP.grade: Input should be 'A', 'B', 'C' or 'TRADITIONAL'",
    ),
    "a grade without a cap": (changed("C = { cap = 60, ", "C = { "), "grades.C.cap: this is missing"),
    "a cap above the scale": (
        changed("A = { cap = 100, ", "A = { cap = 101, "),
        "grades.A.cap: Input should be less than or equal to 100",
    ),
    "a cap of nothing": (
        changed("C = { cap = 60, ", "C = { cap = 0, "),
        "grades.C.cap: Input should be greater than or equal to 1",
    ),
    "points as words": (
        changed("STAGE_3 = 35", 'STAGE_3 = "35"'),
        "points.pattern.answers.STAGE_3: Input should be a valid integer",
    ),
    "points above the scale": (
        changed("STAGE_3 = 35", "STAGE_3 = 101"),
        "points.pattern: 101 points are not within 0 and 100",
    ),
    "negative points that are not stated": (
        changed("STAGE_3 = 35", "STAGE_3 = -1"),
        "points.pattern: -1 points are not within 0 and 100",
    ),
    "positive points where they are said to be negative": (
        changed("answers = { YES = -15 }", "answers = { YES = 0 }"),
        "points.sudden_onset: 0 points are not within -100 and -1",
    ),
    "far too negative points": (
        changed("answers = { YES = -15 }", "answers = { YES = -101 }"),
        "points.sudden_onset: -101 points are not within -100 and -1",
    ),
    "points of a step above the scale": (
        changed("{ at_least = 45, points = 10 }", "{ at_least = 45, points = 101 }"),
        "points.age_of_men: 101 points are not within 0 and 100",
    ),
    "an unknown answer": (
        changed("STAGE_3 = 35", "STAGE_9 = 35"),
        "points.pattern.answers: STAGE_9 is no answer to pattern",
    ),
    "an unknown question": (
        changed('question = "smoker"', 'question = "isSmoker"'),
        "points.smoking.question: isSmoker is no question",
    ),
    "answers to a number": (
        changed("steps = [{ at_least = 12, points = 10 }]", "answers = { YES = 10 }"),
        "points.duration.answers: YES is no answer to durationMonths",
    ),
    "nothing where steps belong": (
        changed("steps = [{ at_least = 12, points = 10 }]\n", ""),
        "points.duration: durationMonths needs steps alone",
    ),
    "steps where answers belong": (
        changed("answers = { SOMETIMES = 10, OFTEN = 25 }", "steps = [{ at_least = 1, points = 1 }]"),
        "points.gas: gas needs answers alone",
    ),
    "nothing where answers belong": (
        changed("answers = { SOMETIMES = 10, OFTEN = 25 }\n", ""),
        "points.gas: gas needs answers alone",
    ),
    "both": (
        changed("answers = { SOMETIMES = 10, OFTEN = 25 }", "answers = { OFTEN = 2 }\nsteps = [{at_least=1,points=1}]"),
        "points.gas: gas needs answers alone",
    ),
    "steps that do not rise": (
        changed("{ at_least = 30, points = 5 }, { at_least = 45,", "{ at_least = 45, points = 5 }, { at_least = 30,"),
        "points.age_of_men.steps: the steps must rise",
    ),
    "the same step twice": (
        changed("{ at_least = 30, points = 5 }, { at_least = 45,", "{ at_least = 45, points = 5 }, { at_least = 45,"),
        "points.age_of_men.steps: the steps must rise",
    ),
    "several answers without saying how they add up": (
        changed('combine = "HIGHEST"\n', ""),
        "points.known_deficiencies: combine belongs to questions with several answers, and to them only",
    ),
    "one answer that cannot add up": (
        changed('question = "gas"', 'question = "gas"\ncombine = "SUM"'),
        "points.gas: combine belongs to questions with several answers, and to them only",
    ),
    "an empty source": (
        changed(
            'at_least = 25\nmost = 4\nprimary_grades = ["A", "B"]\nsource = "design"',
            'at_least = 25\nmost = 4\nprimary_grades = ["A", "B"]\nsource = ""',
        ),
        "listing.source: String should match pattern '^(https?://\\S+|design)$'",
    ),
    "no source": (
        changed('source = "https://pubmed.ncbi.nlm.nih.gov/15237265/"\nwhy = "a father', 'why = "a father'),
        "causes.GENETIC.source: this is missing",
    ),
    "a blank reason": (
        changed('why = "itch is a sign of inflammation"', 'why = "  "'),
        "points.itch.why: String should have at least 1 character",
    ),
    "a condition on an unknown question": (
        changed(COIN_SIZE_PATCH, '[doctor_only.coin_size_patch]\nwhen = { patern = ["COIN_SIZE_PATCH"] }'),
        "doctor_only.coin_size_patch.when: patern is no question",
    ),
    "a condition on an unknown answer": (
        changed(COIN_SIZE_PATCH, '[doctor_only.coin_size_patch]\nwhen = { pattern = ["COIN", "STAGE_1"] }'),
        "doctor_only.coin_size_patch.when: COIN is no answer to pattern",
    ),
    "a condition without answers": (
        changed(COIN_SIZE_PATCH, "[doctor_only.coin_size_patch]\nwhen = { pattern = [] }"),
        "doctor_only.coin_size_patch.when: pattern names no answer",
    ),
    "a condition on a number": (
        changed(COIN_SIZE_PATCH, '[doctor_only.coin_size_patch]\nwhen = { age = ["24"] }'),
        "doctor_only.coin_size_patch.when: 24 is no answer to age",
    ),
    "a condition that always holds": (
        changed(COIN_SIZE_PATCH, "[doctor_only.coin_size_patch]\nwhen = {}"),
        "doctor_only.coin_size_patch.when: Value should have at least 1 item after validation, not 0",
    ),
    "a grade left out": (
        changed(
            'TRADITIONAL = { cap = 40, source = "design", '
            'why = "a traditional link without controlled evidence is never HIGH" }\n',
            "",
        ),
        "the whole file: grades: TRADITIONAL is missing",
    ),
    "a level left out": (
        changed(
            'MODERATE = { at_least = 40, source = "design", why = "more than one weak answer gives" }\n',
            "",
        ),
        "the whole file: levels: MODERATE is missing",
    ),
    "the lowest level with a threshold": (
        changed(
            "MODERATE = { at_least = 40,",
            'LOW = { at_least = 9, source = "design", why = "x" }\nMODERATE = { at_least = 40,',
        ),
        "the whole file: levels.LOW: it is what lies below MODERATE",
    ),
    "levels that touch": (
        changed("MODERATE = { at_least = 40,", "MODERATE = { at_least = 60,"),
        "the whole file: levels: MODERATE must begin below HIGH",
    ),
    "the same points twice": (
        changed(
            "[points.itch]",
            '[points.itch_again]\ncause = "SCALP_HEALTH"\nquestion = "itch"\n'
            'answers = { YES = 15 }\nsource = "design"\nwhy = "twice"\n\n[points.itch]',
        ),
        "the whole file: points.itch: it says the same as points.itch_again",
    ),
    "a cause that nothing raises": (
        TEXT.replace('cause = "DIGESTION"', 'cause = "SLEEP"'),
        "the whole file: points: nothing gives points to DIGESTION",
    ),
    "no causes of a threshold": (
        changed('causes = ["SCALP_HEALTH"]', "causes = []"),
        "hypothesis.scalp.causes: Tuple should have at least 1 item after validation, not 0",
    ),
    "months and none": (
        changed('no_months = "ADVANCED_STAGE"', 'no_months = "ADVANCED_STAGE"\nmonths = 3'),
        "patterns.STAGE_6: either months and goal, or no_months",
    ),
    "neither months nor a reason": (
        changed('no_months = "ADVANCED_STAGE"\n', ""),
        "patterns.STAGE_6: either months and goal, or no_months",
    ),
    "months without a goal": (
        changed('goal = "STABILISE"\n', ""),
        "patterns.STAGE_5: either months and goal, or no_months",
    ),
    "a goal without months": (
        changed('no_months = "ADVANCED_STAGE"', 'no_months = "ADVANCED_STAGE"\ngoal = "STABILISE"'),
        "patterns.STAGE_6: either months and goal, or no_months",
    ),
    "a modifier that nothing decides": (
        changed("scores = { SCALP_HEALTH = 50 }\n", ""),
        "recovery.modifiers.scalp: one of over_age, scores and when must be stated",
    ),
    "bounds that do not rise": (
        changed("most_expected = 12\n", "most_expected = 16\n"),
        "recovery: least, most_expected and most must rise",
    ),
    "a least above the most": (
        changed("least = 3\n", "least = 13\n"),
        "recovery: least, most_expected and most must rise",
    ),
    "confidence that does not rise": (
        changed("medium_from_percent = 60", "medium_from_percent = 90"),
        "confidence: medium_from_percent must be below high_from_percent",
    ),
    "a version that is none": (
        changed('version = "2026.11"', 'version = "latest"'),
        "version: String should match pattern '^\\d{4}\\.\\d{2}(-[a-z0-9]+)?$'",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_copy_is_refused_with_the_place(name: str) -> None:
    text, problem = BROKEN[name]

    with pytest.raises(FileInvalid) as refused:
        read_toml(Ruleset, text)

    assert list(refused.value.problems) == [problem]


@pytest.mark.parametrize(
    "place", ["causes.STRESS", "patterns.STAGE_4", "gates.G08_CARDIO", "gates.G20_UNKNOWN_ALLERGY"]
)
def test_a_part_that_is_missing_is_named(place: str) -> None:
    kind, name = place.split(".")
    start = TEXT.index(f"[{place}]")
    text = TEXT[:start] + TEXT[TEXT.index("\n[", start) + 1 :]

    with pytest.raises(FileInvalid) as refused:
        read_toml(Ruleset, text)

    assert refused.value.problems == (f"the whole file: {kind}: {name} is missing",)


def test_a_milestone_that_is_missing_is_named() -> None:
    text = "\n".join(line for line in TEXT.split("\n") if not line.startswith("FULL_REVIEW"))

    with pytest.raises(FileInvalid) as refused:
        read_toml(Ruleset, text)

    assert refused.value.problems == ("the whole file: recovery.milestones: FULL_REVIEW is missing",)


def test_all_problems_are_told_at_once() -> None:
    text = changed("STAGE_3 = 35", "STAGE_3 = true").replace("most_expected = 12\n", "")

    with pytest.raises(FileInvalid) as refused:
        read_toml(Ruleset, text)

    assert refused.value.problems == (
        "points.pattern.answers.STAGE_3: Input should be a valid integer",
        "recovery.most_expected: this is missing",
    )


def test_what_is_no_toml_is_told_with_the_line() -> None:
    with pytest.raises(FileInvalid) as refused:
        read_toml(Ruleset, "version = ")

    assert refused.value.problems == ("the whole file: Invalid value (at end of document)",)


def test_rules_cannot_be_changed() -> None:
    rules: Ruleset = current_ruleset()

    with pytest.raises(ValueError, match="frozen"):
        rules.version = "2027.01"  # type: ignore[misc]
