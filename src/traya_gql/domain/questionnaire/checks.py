"""What was answered, as keys and values: checked against the questionnaire, and turned into `Answers` and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from traya_gql.domain.customers import Gender
from traya_gql.domain.questionnaire.model import (
    NO,
    NONE,
    NOT_SURE,
    YES,
    AnswerPlace,
    Condition,
    Option,
    Question,
    QuestionType,
    current_questionnaire,
)
from traya_gql.domain.refusals import InvalidValue, Problems, RefusalCode
from traya_gql.domain.ruleset.answers import QUESTIONS, Answers

# more than there are questions, and more than any question has options
_MOST_ANSWERS = 60
_MOST_VALUES = 100
_MOST_CHARACTERS = 100
_WHOLE_NUMBER = re.compile(r"-?[0-9]+", re.ASCII)
_YES_NO_BEFORE = {"TRUE": YES, "FALSE": NO}
_MONTHS_A_YEAR = 12

ANSWER_CODES = frozenset(
    {
        RefusalCode.UNKNOWN_QUESTION,
        RefusalCode.UNKNOWN_OPTION,
        RefusalCode.NOT_ASKED,
        RefusalCode.CONTRADICTORY,
        RefusalCode.REQUIRED,
        RefusalCode.OUT_OF_RANGE,
        RefusalCode.TOO_MANY,
        RefusalCode.DUPLICATE,
        RefusalCode.INVALID_CHARACTERS,
    }
)
"""What `check_answers` may note."""


class GivenAnswer(NamedTuple):
    """The answer to one question: the chosen options' values, or a number as text."""

    key: str
    values: tuple[str, ...]


class _Read(NamedTuple):
    """An answer whose values can stand for themselves. `by_anybody`: what is offered to whom was not asked then."""

    values: tuple[str, ...]
    by_anybody: bool


# --- what is shown ------------------------------------------------------------------------------------------------


def visible(question: Question, *, gender: Gender | None, answered: Mapping[str, tuple[str, ...]]) -> bool:
    """Return whether a question is shown to somebody who gave these answers, by key. Without gender: not known yet."""
    return _hold(question.show_if, gender=gender, answered=answered)


def offered(
    question: Question, *, gender: Gender | None, answered: Mapping[str, tuple[str, ...]]
) -> tuple[Option, ...]:
    """Return the options that a question offers to somebody who gave these answers, in order; may be empty."""
    return tuple(option for option in question.options if _hold(option.show_if, gender=gender, answered=answered))


def _hold(conditions: Iterable[Condition], *, gender: Gender | None, answered: Mapping[str, tuple[str, ...]]) -> bool:
    questionnaire = current_questionnaire()
    for condition in conditions:
        # nobody can be shown something by an answer that is hidden by now
        asked = questionnaire.by_key[condition.question]
        if not visible(asked, gender=gender, answered=answered):
            return False
        given = answered.get(condition.question, ())
        if asked.key == "gender":
            given = () if gender is None else (gender,)
        if not any(value in condition.values for value in given):
            return False
    return True


# --- reading what was sent ----------------------------------------------------------------------------------------


def check_answers(
    given: Sequence[GivenAnswer], *, age: int | None, gender: Gender | None, is_whole: bool, problems: Problems
) -> tuple[GivenAnswer, ...] | None:
    """Return the answers with the keys and values of today, in the order of the questionnaire; or None after problems.

    Each problem is noted at `answers.<index>.key` or `.values`; a required question that is shown and was not answered
    at `answers`, if `is_whole`. Messages never repeat what was sent.

    Args:
        given: in any order. Former keys, small letters, hyphens for underscores, `true` and `false` are understood.
        age: in years. None: not known; months are not compared with it.
        gender: None: not known; what depends on it is not shown.
        is_whole: whether nothing more will be answered.
        problems: takes what is wrong, with codes of `ANSWER_CODES`.
    """
    if len(given) > _MOST_ANSWERS:
        message = f"Send one answer for each question that is shown, never more than {_MOST_ANSWERS}."
        problems.add(RefusalCode.TOO_MANY, message, "answers")
        return None
    places, read = _read_all(given, age=age, problems=problems)
    accepted = _those_asked(places, read, gender=gender, problems=problems)
    is_complete = not is_whole or _nothing_missing(places, accepted, gender=gender, problems=problems)
    is_consistent = _nothing_contradictory(places, accepted, problems=problems)
    if len(accepted) < len(given) or not is_complete or not is_consistent:
        return None
    return tuple(GivenAnswer(key, values) for key, values in accepted.items())


def _read_all(
    given: Sequence[GivenAnswer], *, age: int | None, problems: Problems
) -> tuple[dict[str, int], dict[str, _Read]]:
    """Return where each question was answered, and what could be read, both by the key of today."""
    places: dict[str, int] = {}
    read: dict[str, _Read] = {}
    for index, one in enumerate(given):
        with problems.under("answers", str(index)):
            question = problems.take("key", partial(_question, one.key, places))
            if question is None:
                continue
            places[question.key] = index
            former = current_questionnaire().formerly.get(one.key)
            meanings = former[1].values if former is not None else {}
            values = problems.take("values", partial(_values, question, meanings, one.values, age))
            if values is not None:
                read[question.key] = _Read(values, by_anybody=bool(meanings))
    return places, read


def _question(key: str, places: Mapping[str, int]) -> Question:
    try:
        question = current_questionnaire().question(key)
    except KeyError:
        message = "There is no question with this key. The questionnaire lists all keys."
        raise InvalidValue(RefusalCode.UNKNOWN_QUESTION, message) from None
    if question.place is AnswerPlace.CUSTOMER:
        message = f"`{question.key}` is not sent in `answers`: send it as the field `{question.key}` of `customer`."
        raise InvalidValue(RefusalCode.UNKNOWN_QUESTION, message)
    if question.key in places:
        message = f"`{question.key}` is answered twice, perhaps under a former key. Send one answer for each question."
        raise InvalidValue(RefusalCode.DUPLICATE, message)
    return question


def _values(question: Question, meanings: Mapping[str, str], sent: Sequence[str], age: int | None) -> tuple[str, ...]:
    is_multiple = question.type is QuestionType.MULTIPLE_CHOICE
    if not sent:
        advice = f"Choose {NONE} when nothing of it is so" if is_multiple else "Send one value"
        raise InvalidValue(RefusalCode.REQUIRED, f"`{question.key}` has no value. {advice}, or leave the answer out.")
    if len(sent) > (_MOST_VALUES if is_multiple else 1):
        advice = "Send each option once at most." if is_multiple else "Send one value only."
        raise InvalidValue(RefusalCode.TOO_MANY, f"`{question.key}` has too many values. {advice}")
    if any(len(value) > _MOST_CHARACTERS for value in sent):
        message = f"`{question.key}` has a value that is too long: none has more than {_MOST_CHARACTERS} characters."
        raise InvalidValue(RefusalCode.UNKNOWN_OPTION, message)
    if question.type is QuestionType.NUMBER:
        return (_number(question, sent[0], age),)
    return _options(question, meanings, sent)


def _number(question: Question, sent: str, age: int | None) -> str:
    assert question.minimum is not None  # noqa: S101 - the model sees to it
    assert question.maximum is not None  # noqa: S101 - the model sees to it
    if not _WHOLE_NUMBER.fullmatch(sent):
        message = f"`{question.key}` is a whole number, written with the digits 0 to 9."
        raise InvalidValue(RefusalCode.INVALID_CHARACTERS, message)
    number = int(sent)
    if not question.minimum <= number <= question.maximum:
        message = f"`{question.key}` must be between {question.minimum} and {question.maximum}."
        raise InvalidValue(RefusalCode.OUT_OF_RANGE, message)
    if question.is_within_lifetime and age is not None and number > age * _MONTHS_A_YEAR:
        message = f"`{question.key}` is longer than the person has lived. Correct it, or the age."
        raise InvalidValue(RefusalCode.CONTRADICTORY, message)
    return str(number)


def _options(question: Question, meanings: Mapping[str, str], sent: Sequence[str]) -> tuple[str, ...]:
    known = meanings or {value: value for value in question.values}
    chosen = {known.get(_spelled(value, known)) for value in sent}
    if None in chosen:
        message = f"`{question.key}` has a value that is none of its options. The questionnaire lists them."
        raise InvalidValue(RefusalCode.UNKNOWN_OPTION, message)
    if len(chosen) > 1 and any(option.is_exclusive and option.value in chosen for option in question.options):
        message = f"`{question.key}`: {NONE} cannot be chosen together with other options. Leave it out, or the others."
        raise InvalidValue(RefusalCode.CONTRADICTORY, message)
    return tuple(value for value in question.values if value in chosen)


def _spelled(sent: str, known: Mapping[str, str]) -> str:
    """Return a value as the questionnaire spells it. Other letters than ASCII stay: some have capitals that are."""
    value = sent.upper().replace("-", "_") if sent.isascii() else sent
    return _YES_NO_BEFORE[value] if value in _YES_NO_BEFORE and YES in known and NO in known else value


# --- what was asked -----------------------------------------------------------------------------------------------


def _those_asked(
    places: Mapping[str, int], read: Mapping[str, _Read], *, gender: Gender | None, problems: Problems
) -> dict[str, tuple[str, ...]]:
    """Return the answers to what was asked of this person, in the order of the questionnaire."""
    accepted: dict[str, tuple[str, ...]] = {}
    # what was answered, but nobody knows how: what depends on it can be neither asked for nor refused
    unread = places.keys() - read.keys()
    for key, question in current_questionnaire().by_key.items():
        answer = read.get(key)
        if answer is None:
            continue
        if any(condition.question in unread for condition in question.conditions):
            unread |= {key}
            continue
        with problems.under("answers", str(places[key])):
            if not visible(question, gender=gender, answered=accepted):
                message = f"`{key}` is not asked after the other answers. Leave it out, or correct the others."
                problems.add(RefusalCode.NOT_ASKED, message, "key")
            elif not answer.by_anybody and not _all_offered(question, answer, gender=gender, answered=accepted):
                message = f"`{key}` has an option that is not offered after the other answers. Choose one that is."
                problems.add(RefusalCode.NOT_ASKED, message, "values")
            else:
                accepted[key] = answer.values
    return accepted


def _all_offered(
    question: Question, answer: _Read, *, gender: Gender | None, answered: Mapping[str, tuple[str, ...]]
) -> bool:
    shown = {option.value for option in offered(question, gender=gender, answered=answered)}
    return shown.issuperset(value for value in question.values if value in answer.values)


def _nothing_missing(
    places: Mapping[str, int],
    accepted: Mapping[str, tuple[str, ...]],
    *,
    gender: Gender | None,
    problems: Problems,
) -> bool:
    missing = [
        key
        for key, question in current_questionnaire().by_key.items()
        if question.place is AnswerPlace.ANSWERS
        and question.is_required
        and key not in places
        and visible(question, gender=gender, answered=accepted)
    ]
    for key in missing:
        problems.add(RefusalCode.REQUIRED, f"`{key}` must be answered.", "answers")
    return not missing


def _nothing_contradictory(
    places: Mapping[str, int], accepted: Mapping[str, tuple[str, ...]], *, problems: Problems
) -> bool:
    found = [
        one
        for one in current_questionnaire().contradictions
        if all(set(values).intersection(accepted.get(key, ())) for key, values in one.when.items())
    ]
    for one in found:
        with problems.under("answers", str(places[one.at])):
            problems.add(RefusalCode.CONTRADICTORY, one.message, "values")
    return not found


# --- to the rules and back ----------------------------------------------------------------------------------------


def to_answers(checked: Sequence[GivenAnswer], *, age: int, gender: Gender) -> Answers:
    """Return what the rules read of answers that `check_answers` returned for a whole test.

    NOT_SURE is left out as unanswered; NONE of a multiple choice is the empty set.
    """
    questions = current_questionnaire().by_key
    fields: dict[str, Any] = {
        QUESTIONS[key].field: _for_rules(questions[key], values) for key, values in checked if values != (NOT_SURE,)
    }
    return Answers(age=age, gender=gender, **fields)


def _for_rules(question: Question, values: tuple[str, ...]) -> object:
    if question.type is QuestionType.MULTIPLE_CHOICE:
        return frozenset(values) - {NONE}
    (value,) = values
    if question.type is QuestionType.YES_NO:
        return value == YES
    return int(value) if question.type is QuestionType.NUMBER else value


def from_answers(answers: Answers) -> tuple[GivenAnswer, ...]:
    """Return what is known, as it would be sent, in the order of the questionnaire.

    The empty set is NONE; what is not known is left out, and so are age, gender and photos.
    """
    return tuple(
        GivenAnswer(question.key, _as_sent(question, known))
        for question in current_questionnaire().questions
        if question.place is AnswerPlace.ANSWERS
        and (known := getattr(answers, QUESTIONS[question.key].field)) is not None
    )


def _as_sent(question: Question, known: Any) -> tuple[str, ...]:
    if question.type is QuestionType.MULTIPLE_CHOICE:
        return tuple(value for value in question.values if value in known) or (NONE,)
    if question.type is QuestionType.YES_NO:
        return (YES if known else NO,)
    return (str(known),)
