"""What customers read promises nothing that the law forbids, in English and in Hindi.

Source: Drugs Rules, Schedule J, https://en.wikipedia.org/wiki/Schedule_J; Drugs and Magic Remedies Act 1954.
"""

from __future__ import annotations

import pytest

from traya_gql.domain.catalogue import SeedProduct, catalogue
from traya_gql.domain.claims import claims_in, exemptions
from traya_gql.domain.ingredients import INGREDIENTS
from traya_gql.domain.languages import LocalText
from traya_gql.domain.photo_texts import photo_texts
from traya_gql.domain.questionnaire.model import current_questionnaire
from traya_gql.domain.report_texts import texts as report_texts


def all_texts() -> dict[str, str | LocalText]:
    """Return all that customers read, by where it stands. Slugs are no words: they stay when names change."""
    found: dict[str, str | LocalText] = {**report_texts(), **current_questionnaire().texts(), **photo_texts()}
    found |= {f"ingredient.{code}": facts.name for code, facts in INGREDIENTS.items()}
    for product in catalogue():
        found |= {f"product.{product.slug}.{place}": text for place, text in product.texts().items()}
    return found


def wordings(text: str | LocalText) -> list[str]:
    """Return a text in each language that it is there in."""
    return [text] if isinstance(text, str) else [text.en, text.hi]


ALL = all_texts()
EXEMPT = {(one.place, one.rule) for one in exemptions()}


@pytest.mark.parametrize("place", ALL)
def test_a_text_for_customers_makes_no_claim_unless_it_is_exempt(place: str) -> None:
    found = {(place, claim.rule): claim.words for words in wordings(ALL[place]) for claim in claims_in(words)}

    assert {key: words for key, words in found.items() if key not in EXEMPT} == {}


def test_every_exemption_is_needed_in_every_language() -> None:
    used = [
        (place, rule)
        for place, rule in EXEMPT
        if all(rule in {claim.rule for claim in claims_in(words)} for words in wordings(ALL[place]))
    ]

    assert used == [("questionnaire.goal.REGROW.label", "NEW_HAIR")]
    assert set(used) == EXEMPT


def test_everything_that_customers_read_is_looked_at() -> None:
    """Adding or removing a text changes a number here, so that none slips by unread."""
    counts: dict[str, int] = {}
    for place in ALL:
        kind = place.partition(".")[0]
        counts[kind] = counts.get(kind, 0) + 1

    assert counts == {"report": 79, "questionnaire": 273, "photos": 17, "ingredient": 55, "product": 131}
    assert all(wordings(text) and all(wordings(text)) for text in ALL.values())


@pytest.mark.parametrize("product", catalogue(), ids=lambda product: product.slug)
def test_of_a_product_name_benefits_usage_and_cautions_are_looked_at(product: SeedProduct) -> None:
    texts = product.texts()

    assert {"name", "benefits.0", "usage", "cautions.0"} <= texts.keys()
    assert isinstance(texts["usage"], LocalText)
