"""The tables and figures of docs/assessment.md are those of the rules, the questionnaire and the catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import groupby
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.clearances import LONGEST_CLEARANCE
from traya_gql.domain.customers import MIN_AGE, Gender
from traya_gql.domain.ingredients import INGREDIENTS
from traya_gql.domain.orders import MAX_QUANTITY
from traya_gql.domain.questionnaire.model import Condition, Question, current_questionnaire
from traya_gql.domain.rates import Rates
from traya_gql.domain.ruleset.answers import QUESTIONS
from traya_gql.domain.ruleset.codes import CauseCode, Combine, GateCode, Goal
from traya_gql.domain.ruleset.gate_rules import Block, Case, GateRule
from traya_gql.domain.ruleset.gates import GATES, suits_everybody
from traya_gql.domain.ruleset.kit import MOST_EXCLUDED
from traya_gql.domain.ruleset.options import Pattern
from traya_gql.domain.ruleset.rule_types import UNANSWERED, Rule
from traya_gql.domain.ruleset.rules import PointRule, current_ruleset
from traya_gql.services.buyers import ANSWERS_HOLD
from traya_gql.services.hair_test_drafts import DRAFT_LIFETIME
from traya_gql.services.hair_tests import SUPPLY
from traya_gql.services.reports import MOST_CLEARANCES

DOCUMENT = (Path(__file__).parents[2] / "docs" / "assessment.md").read_text(encoding="utf-8")
RULES = current_ruleset()

# gates that depend on more than answers: no data says when they hold, or what they hold back
WHEN = {
    GateCode.G01_CONSENT: "no consent, or to another version of the notice",
    GateCode.G02_MINOR: f"younger than {MIN_AGE}",
    GateCode.G13_ALLERGY: "`allergies` names an ingredient",
    GateCode.G16_PRESCRIPTION: "always, when something is ordered",
    GateCode.G17_DUPLICATE_ACTIVE: "two products of a kit or an order share an active",
    GateCode.G18_CLAIMS: "a text of a product makes a forbidden claim",
}
HELD_BACK = {
    GateCode.G01_CONSENT: "the test is refused",
    GateCode.G02_MINOR: "the test is refused",
    GateCode.G13_ALLERGY: "every product that holds it",
    GateCode.G17_DUPLICATE_ACTIVE: "the second of the two",
    GateCode.G18_CLAIMS: "that product",
}
UNTIL = {
    GateCode.G00_SAFETY_UNANSWERED: "a new test in which all are answered",
    GateCode.G01_CONSENT: "consent is given",
    GateCode.G02_MINOR: f"the age of {MIN_AGE}",
    GateCode.G16_PRESCRIPTION: "nothing on prescription is sold yet",
    GateCode.G17_DUPLICATE_ACTIVE: "the other is left out",
    GateCode.G18_CLAIMS: "its texts change",
}


# --- how a cell is written ----------------------------------------------------------------------------------------


def row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def link(source: str) -> str:
    return source if source == "design" else f"[{urlsplit(source).hostname}]({source})"


def reasons(rule: Rule) -> tuple[str, str]:
    return rule.why, link(rule.source)


def condition(when: Mapping[str, tuple[str, ...]]) -> str:
    def answers(named: tuple[str, ...]) -> str:
        return " or ".join("not answered" if one == UNANSWERED else one for one in named)

    return " and ".join(f"`{key}` {answers(named)}" for key, named in when.items())


def shown_if(conditions: tuple[Condition, ...]) -> str:
    return condition({one.question: one.values for one in conditions}) or "all"


def case(one: Case) -> str:
    parts = [condition(one.when)] if one.when else []
    parts += [f"over {one.over_age} years"] if one.over_age is not None else []
    parts += [f"`{key}` below {limit} or not answered" for key, limit in one.below.items()]
    parts += [f"not {condition(unless)}" for unless in one.unless]
    return " and ".join(parts)


def block(one: Block) -> str:
    if one.everything:
        return "everything"
    parts = [" or ".join(one.categories) or "anything"]
    parts += [f"of class {' or '.join(one.classes)}"] if one.classes else []
    parts += [f"with {' or '.join(one.ingredients)}"] if one.ingredients else []
    parts += ["with an active"] if one.with_actives else []
    parts += ["for men only"] if one.for_men else []
    return " ".join(parts)


def points(rule: PointRule) -> str:
    parts = [f"{answer} {number}" for answer, number in rule.answers.items()]
    parts += [f"from {step.at_least}: {step.points}" for step in rule.steps]
    several = {Combine.SUM: "; added up", Combine.HIGHEST: "; the highest alone"} if len(parts) > 1 else {}
    return ", ".join(parts) + (several.get(rule.combine, "") if rule.combine else "")


# --- what each table must hold ------------------------------------------------------------------------------------


def short(code: GateCode) -> str:
    return code.partition("_")[0]


def used_for(question: Question) -> str:
    key = question.key
    found = [
        cause
        for cause in CauseCode
        if any(key in (one.question, *one.when) for one in RULES.points.values() if one.cause is cause)
    ]
    return ", ".join([*found, *months_for(key), *(["kit"] if key == "pattern" else []), *gates_for(key)]) or "nothing"


def months_for(key: str) -> list[str]:
    modifiers = RULES.recovery.modifiers.values()
    counts = key == "pattern" or any(
        key in one.when or (key == "age" and one.over_age is not None) for one in modifiers
    )
    return ["months"] if counts else []


def gates_for(key: str) -> list[str]:
    """Return the gates that look at a question; G00 looks at all that are asked for safety."""

    def looks_at(code: GateCode, rule: GateRule) -> bool:
        by_age = code is GateCode.G02_MINOR or any(one.over_age is not None for one in rule.cases)
        return (
            any(
                key in (*one.when, *one.below, *(other for unless in one.unless for other in unless))
                for one in rule.cases
            )
            or (key == "allergies" and code is GateCode.G13_ALLERGY)
            or (key == "age" and by_age)
        )

    return [
        short(code)
        for code, rule in RULES.gates.items()
        if code is not GateCode.G00_SAFETY_UNANSWERED and looks_at(code, rule)
    ]


def questions() -> Iterator[str]:
    yield row("Key", "Question", "Asked of", "Needed", "Used for")
    for one in current_questionnaire().questions:
        if one.key in QUESTIONS:
            needed = "yes" if one.is_required else "for safety" if one.is_safety else "no"
            yield row(f"`{one.key}`", one.title.en, shown_if(one.show_if), needed, used_for(one))


def options() -> Iterator[str]:
    yield row("Key", "Options", "Offered to")
    for one in current_questionnaire().questions:
        limited = [(option.value, shown_if(option.show_if)) for option in one.options if option.show_if]
        for offered_to, found in groupby(limited, lambda both: both[1]):
            yield row(f"`{one.key}`", ", ".join(value for value, _ in found), offered_to)


def causes() -> Iterator[str]:
    yield row("Cause", "Grade", "At most", "What the link rests on", "Source")
    for code, rule in RULES.causes.items():
        yield row(code, rule.grade, RULES.cap(code), *reasons(rule))


def grades() -> Iterator[str]:
    yield row("Grade", "At most", "Why", "Source")
    yield from (row(grade, rule.cap, *reasons(rule)) for grade, rule in RULES.grades.items())


def points_for(cause: CauseCode) -> Iterator[str]:
    yield row("Question", "Points", "Only if", "Why", "Source")
    for rule in RULES.points.values():
        if rule.cause is cause:
            yield row(f"`{rule.question}`", points(rule), condition(rule.when), *reasons(rule))


def levels() -> Iterator[str]:
    yield row("Level", "From", "Why", "Source")
    yield from (row(level, rule.at_least, *reasons(rule)) for level, rule in RULES.levels.items())


def stops() -> Iterator[str]:
    yield row("When", "Hypothesis", "Why", "Source")
    for rule in RULES.doctor_only.values():
        yield row(condition(rule.when), rule.hypothesis, *reasons(rule))


def thresholds() -> Iterator[str]:
    yield row("Sign", "One of these causes", "From", "Why", "Source")
    for name in type(RULES.hypothesis).model_fields:
        rule = getattr(RULES.hypothesis, name)
        yield row(name, " or ".join(rule.causes), rule.at_least, *reasons(rule))


def pictures() -> Iterator[str]:
    yield row("Picture", "Kind", "Severity", "Roughly", "Months", "Aim", "Why", "Source")
    for pattern, rule in RULES.patterns.items():
        months = rule.months or f"none: {rule.no_months}"
        yield row(pattern, rule.kind, rule.severity or "", rule.equivalent, months, rule.goal or "", *reasons(rule))


def modifiers() -> Iterator[str]:
    yield row("Group", "Months", "When", "Why", "Source")
    for rule in RULES.recovery.modifiers.values():
        parts = [f"over {rule.over_age} years"] if rule.over_age is not None else []
        parts += [f"{cause} from {least}" for cause, least in rule.scores.items()]
        parts += [condition(rule.when)] if rule.when else []
        yield row(rule.group, f"+{rule.months}", " and ".join(parts), *reasons(rule))


def milestones() -> Iterator[str]:
    yield row("Month", "What is due", "Why", "Source")
    yield from (row(rule.month, code, *reasons(rule)) for code, rule in RULES.recovery.milestones.items())


def held_back(code: GateCode, rule: GateRule) -> str:
    """Return what a gate holds back; first what a case holds back that has blocks of its own."""
    own = [f"for {case(one)}: {'; '.join(map(block, one.blocks))}" for one in rule.cases if one.blocks]
    usual = "; ".join(map(block, rule.blocks)) or HELD_BACK[code]
    return ". ".join([*own, f"Otherwise: {usual}"]) if own else usual


def gates() -> Iterator[str]:
    yield row("Gate", "When", "Holds back", "Until", "Finding", "Why", "Source")
    for code, rule in RULES.gates.items():
        yield row(
            code,
            "; ".join(map(case, rule.cases)) or WHEN[code],
            held_back(code, rule),
            "a treating doctor lifts it" if rule.until_cleared else UNTIL.get(code, "a new test with other answers"),
            ", ".join([rule.severity, rule.action, *(["quiet"] if rule.is_quiet else [])]),
            *reasons(rule),
        )


def places() -> Iterator[str]:
    yield row("Place", "At most", "Why", "Source")
    yield from (row(category, rule.most, *reasons(rule)) for category, rule in RULES.kit.slots.items())


def times() -> Iterator[str]:
    yield row("Time", "Months", "Discount", "Why", "Source")
    for name, rule in RULES.kit.durations.items():
        yield row(name, rule.months or "the expected months", f"{rule.discount_percent} %", *reasons(rule))


def products() -> Iterator[str]:
    yield row(
        *("Product", "Place", "Class", "Actives", "Suits", "Made for severity", "Not for", "Evidence", "By link"),
        "At most months",
    )
    for one in (seed.product for seed in catalogue()):
        others = [pattern for pattern in Pattern if pattern not in one.pattern_fit]
        yield row(
            one.name + (" (for men)" if one.is_for_men else ""),
            one.category,
            one.regulatory_class,
            ", ".join(one.actives),
            ", ".join(f"{cause} {affinity}" for cause, affinity in one.affinities.items()),
            ", ".join(map(str, one.stages)),
            ", ".join(others),
            one.evidence,
            "yes" if suits_everybody(one, RULES) else "no",
            one.most_months or "",
        )


TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "The questions": questions,
    "Options that not everybody sees": options,
    "Causes": causes,
    "Grades": grades,
    **{cause: partial(points_for, cause) for cause in CauseCode},
    "Levels": levels,
    "Where the rules stop": stops,
    "Thresholds": thresholds,
    "The pictures": pictures,
    "What adds months": modifiers,
    "Milestones": milestones,
    "The table of gates": gates,
    "Places": places,
    "The basic kit and the prices": times,
    "The products": products,
}


# --- the figures between the tables -------------------------------------------------------------------------------


def sentences() -> Iterator[str]:
    listing, recovery, confidence, kit = RULES.listing, RULES.recovery, RULES.confidence, RULES.kit
    yield f"Version {RULES.version}"
    yield f"version {current_questionnaire().version} of the questionnaire"
    yield f"Causes from {listing.at_least} points on are listed, at most {listing.most}"
    yield f"The first listed cause of grade {' or '.join(listing.primary_grades)} is the primary one"
    yield f"cut to {recovery.least} at least and {recovery.most_expected} at most"
    yield f"{recovery.earlier} earlier, not below {recovery.least}"
    yield f"{recovery.later} later, not above {recovery.most}"
    yield f"HIGH: {confidence.high_from_percent} % of them and {confidence.high_from_photos} usable photo"
    yield f"MEDIUM: {confidence.medium_from_percent} %"
    (scored,) = {len(RULES.scored_questions[gender]) for gender in Gender}
    yield f"{scored} questions can give a person points"
    yield f"A product needs a score of {kit.at_least}"
    yield f"made for the picture's severity adds {kit.stage_bonus}"
    yield f"takes off {kit.bought_penalty}"
    yield f"ordered within the last {SUPPLY.days} days"
    places_in_all = sum(rule.most for rule in kit.slots.values())
    yield f"at most {kit.most} products, and the places allow {places_in_all}"
    yield f"at most {MOST_EXCLUDED} products"
    yield f"every listed cause counts {kit.shared_cause_score}"
    yield f"one {' and one '.join(kit.basic)}"
    limited = [f"{one.name} {one.most_months}" for one in catalogue() if one.most_months is not None]
    yield f"allow only some months at a stretch: {', '.join(limited)}"
    yield f"more than {MAX_QUANTITY} pieces of a product"
    yield f"{len(catalogue())} products"
    yield f"{len(INGREDIENTS)} ingredients"
    yield f"within {LONGEST_CLEARANCE.days} days"
    yield f"A report takes at most {MOST_CLEARANCES} clearances"
    clearances = Rates().clearances_per_doctor
    assert clearances.period_s == 60 * 60
    yield f"a doctor makes at most {clearances.limit} an hour"
    yield f"Answers hold for {ANSWERS_HOLD.days} days"
    yield f"Unfinished tests are deleted {DRAFT_LIFETIME.days} days after they began"
    yield f"Below {MIN_AGE} a guardian's consent"
    yield f"Months since a birth above {current_questionnaire().by_key['monthsSinceBirth'].maximum} cannot be answered"
    (birth,) = [one.below["monthsSinceBirth"] for one in RULES.gates[GateCode.G06_PREGNANCY].cases if one.below]
    yield f"A birth {birth} months ago or longer does not count"
    (stabilised,) = [pattern for pattern, rule in RULES.patterns.items() if rule.goal is Goal.STABILISE]
    yield f"the aim STABILISE is that of {stabilised} alone"
    ((hidden_in, (hidden,)),) = RULES.shared.hidden_causes.items()
    yield f"One cause is left out: {hidden} in a man (gender {hidden_in})"
    lifted = [short(code) for code, rule in RULES.gates.items() if rule.until_cleared]
    yield f"{', '.join(lifted[:-1])} and {lifted[-1]}. The doctor"


def tables() -> dict[str, list[str]]:
    """Return the rows below each heading, without the line of dashes."""
    found: dict[str, list[str]] = {}
    heading = ""
    for is_row, lines in groupby(DOCUMENT.splitlines(), lambda line: line.startswith("|")):
        for line in lines:
            if is_row and not re.fullmatch(r"[|-]+", line):
                found.setdefault(heading, []).append(line)
            elif line.startswith("#"):
                heading = line.lstrip("# ")
    return found


def whole(text: str) -> str:
    """Return a text with its line breaks as spaces."""
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("heading", TABLES)
def test_a_table_holds_what_the_rules_hold(heading: str) -> None:
    expected = [*TABLES[heading]()]

    assert tables().get(heading, []) == expected, "it should be:\n" + "\n".join(expected)


def test_every_table_is_compared() -> None:
    assert set(tables()) == set(TABLES)


@pytest.mark.parametrize("figures", [*sentences()])
def test_the_text_between_the_tables_states_the_figures_of_the_rules(figures: str) -> None:
    assert figures in whole(DOCUMENT)


def test_every_gate_without_data_has_its_words_here() -> None:
    asked = {gate.code for gate in GATES}
    silent = {code for code, rule in RULES.gates.items() if not rule.cases}

    assert silent == set(WHEN)
    assert {code for code in silent if not RULES.gates[code].blocks} == set(HELD_BACK)
    assert set(GateCode) - asked - set(UNTIL) == set()
