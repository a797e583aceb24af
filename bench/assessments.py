"""Assessments a second on one core, from answers to causes, months and hash: `python -m bench.assessments`."""

from __future__ import annotations

import itertools
import random
import time
from typing import Any

from traya_gql.domain.ruleset.answers import QUESTIONS, Answers, QuestionKind
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.domain.ruleset.scores import assess

AIM = 5000
PEOPLE = 500


def people(count: int = PEOPLE, *, seed: int = 1) -> list[Answers]:
    """Return people who answered every question, by chance but always the same ones."""
    chance = random.Random(seed)
    return [_person(chance) for _ in range(count)]


def assessments_per_second(*, seconds: float = 2) -> float:
    """Return how many assessments one core makes a second of processor time."""
    rules, turn = current_ruleset(), itertools.cycle(people())
    done, started = 0, time.process_time()
    while (spent := time.process_time() - started) < seconds:
        for answers in itertools.islice(turn, 100):
            assess(answers, rules)
        done += 100
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
    print(f"{assessments_per_second():,.0f} assessments a second on one core, all questions answered (aim {AIM:,})")
