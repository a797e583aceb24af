"""What one core assesses a second of processor time: `python -m bench.assessments`, and part of `python -m bench`.

An assessment: from answers to causes, hypothesis, months, confidence and hash. A whole outcome: the safety gates and
both kits besides, from the products that a new installation sells.
"""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.ruleset.answers import QUESTIONS, Answers, QuestionKind
from traya_gql.domain.ruleset.outcome import outcome_of
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.domain.ruleset.scores import assess

AIM = 5000
PEOPLE = 500
ROUNDS = 5
_AT_ONCE = 50


class Figure(NamedTuple):
    """How many a second, all questions answered: the median of the rounds, the least and the most of them."""

    name: str
    median: float
    least: float
    most: float
    aim: int | None = None

    def __str__(self) -> str:
        aim = f", aim >= {self.aim:,}" if self.aim else ""
        return f"{self.name} a second on one core: {self.median:,.0f} ({self.least:,.0f} to {self.most:,.0f}){aim}"


def people(count: int = PEOPLE, *, seed: int = 1) -> list[Answers]:
    """Return people who answered every question, by chance but always the same ones."""
    chance = random.Random(seed)
    return [_person(chance) for _ in range(count)]


def figures(*, rounds: int = ROUNDS, seconds: float = 1) -> list[Figure]:
    """Return both figures, from at least three rounds."""
    rules = current_ruleset()
    shop = tuple(seed.product for seed in catalogue())
    measured: list[tuple[str, Callable[[Answers], object], int | None]] = [
        ("assessments", lambda answers: assess(answers, rules), AIM),
        ("whole outcomes", lambda answers: outcome_of(answers, candidates=shop, rules=rules), None),
    ]
    return [_figure(name, work, aim, rounds=max(rounds, 3), seconds=seconds) for name, work, aim in measured]


def _figure(name: str, work: Callable[[Answers], object], aim: int | None, *, rounds: int, seconds: float) -> Figure:
    turn = itertools.cycle(people())
    _rate(work, turn, seconds=seconds / 4)
    rates = [_rate(work, turn, seconds=seconds) for _ in range(rounds)]
    return Figure(name, statistics.median(rates), min(rates), max(rates), aim)


def _rate(work: Callable[[Answers], object], turn: itertools.cycle[Answers], *, seconds: float) -> float:
    done, started = 0, time.process_time()
    while (spent := time.process_time() - started) < seconds:
        for answers in itertools.islice(turn, _AT_ONCE):
            work(answers)
        done += _AT_ONCE
    return done / spent


def _person(chance: random.Random) -> Answers:
    told: dict[str, Any] = {"age": chance.randint(18, 80)}
    for key, question in QUESTIONS.items():
        if question.kind is QuestionKind.CHOICE:
            told[question.field] = chance.choice(question.options)
        elif question.kind is QuestionKind.CHOICES:
            told[question.field] = frozenset(one for one in question.options if chance.random() < 0.3)
        elif question.kind is QuestionKind.YES_NO:
            told[question.field] = chance.random() < 0.3
        elif question.kind is QuestionKind.NUMBER and key != "age":
            told[question.field] = chance.randint(0, 20)
    return Answers(**told)


if __name__ == "__main__":
    for figure in figures():
        print(figure)
