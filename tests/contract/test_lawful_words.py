"""What customers read promises nothing that the law forbids.

Source: Drugs Rules, Schedule J, https://en.wikipedia.org/wiki/Schedule_J; Drugs and Magic Remedies Act 1954.
"""

from __future__ import annotations

import re

import pytest

from tests.domain.people import answers
from traya_gql.domain.hair_tests import Dandruff, HairLossStage
from traya_gql.domain.report_texts import DISCLAIMER, EXPLANATIONS, NEXT_STEPS
from traya_gql.domain.safety import findings
from traya_gql.services.seeding import catalogue

FORBIDDEN = [
    r"cure",
    r"guarantee",
    r"permanent",
    r"100\s*%",
    r"regrow",
    r"new\s+hair",
    r"baldness",
    r"side[\s-]*effect",
    r"hair[\s-]+growth",
    r"stimulates",
]


def texts() -> dict[str, str]:
    """Return all that customers read, by where it stands. Slugs are no words: they stay when names change."""
    found = {f"explanation of {code}": text for code, text in EXPLANATIONS.items()}
    found |= {f"step {place}": text for place, text in enumerate(NEXT_STEPS)}
    found["disclaimer"] = DISCLAIMER
    worst = answers(hair_loss_stage=HairLossStage.STAGE_6, dandruff=Dandruff.PSORIASIS)
    found |= {f"finding {finding.code}": finding.message for finding in findings(worst)}
    for product in catalogue():
        found[f"name of {product.slug}"] = product.name
        found |= {f"benefit {place} of {product.slug}": text for place, text in enumerate(product.benefits)}
    return found


@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_no_text_for_customers_uses_the_forbidden_words(forbidden: str) -> None:
    word = re.compile(forbidden, re.IGNORECASE)

    assert {place: text for place, text in texts().items() if word.search(text)} == {}


@pytest.mark.parametrize(
    "claim",
    [
        "Cures hair fall",
        "Guaranteed",
        "A PERMANENT result",
        "100 % natural",
        "100% natural",
        "Regrows hair",
        "New  hair in weeks",
        "Ends baldness",
        "Free of side effects",
        "No side-effect",
        "For hair growth",
        "Stimulates follicles",
    ],
)
def test_a_forbidden_claim_would_be_found(claim: str) -> None:
    assert any(re.search(forbidden, claim, re.IGNORECASE) for forbidden in FORBIDDEN)


def test_everything_that_customers_read_is_looked_at() -> None:
    found = texts()

    assert len([place for place in found if place.startswith("name of")]) == 15
    assert len([place for place in found if place.startswith("explanation")]) == 6
    assert len([place for place in found if place.startswith("finding")]) == 3
    assert all(found.values())
