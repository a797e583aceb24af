"""Safety: what may not be recommended or sold to this person. Findings only ever take away.

Source: docs/assessment.md and docs/decisions/0011.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.hair_tests import Dandruff, HairAnswers, HairLossStage
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag


class SafetyFindingCode(StrEnum):
    """Why something is held back."""

    SAFETY_QUESTIONS_UNANSWERED = "SAFETY_QUESTIONS_UNANSWERED"
    INFLAMED_SCALP = "INFLAMED_SCALP"
    ADVANCED_STAGE = "ADVANCED_STAGE"


class SafetyAction(StrEnum):
    """What the person should do."""

    ANSWER_SAFETY_QUESTIONS = "ANSWER_SAFETY_QUESTIONS"
    SEE_DERMATOLOGIST = "SEE_DERMATOLOGIST"


class SafetyFinding(BaseModel):
    """One reason to hold back, in words for the person."""

    model_config = ConfigDict(frozen=True)

    code: SafetyFindingCode
    message: str
    action: SafetyAction


_UNANSWERED = SafetyFinding(
    code=SafetyFindingCode.SAFETY_QUESTIONS_UNANSWERED,
    message=(
        "Nothing to swallow is recommended yet, because pregnancy, illnesses, medicines and allergies have not been "
        "asked about."
    ),
    action=SafetyAction.ANSWER_SAFETY_QUESTIONS,
)
_INFLAMED = SafetyFinding(
    code=SafetyFindingCode.INFLAMED_SCALP,
    message=(
        "You told us about psoriasis or seborrhoeic dermatitis. Please let a dermatologist look at your scalp before "
        "you leave any product on it."
    ),
    action=SafetyAction.SEE_DERMATOLOGIST,
)
_ADVANCED = SafetyFinding(
    code=SafetyFindingCode.ADVANCED_STAGE,
    message=(
        "At this stage we cannot promise a time. Please talk to a dermatologist about what is possible before you buy "
        "a kit."
    ),
    action=SafetyAction.SEE_DERMATOLOGIST,
)


def findings(answers: HairAnswers) -> tuple[SafetyFinding, ...]:
    """Return all findings, the weightiest first; at least one, as this questionnaire asks no safety questions."""
    found = []
    if answers.hair_loss_stage is HairLossStage.STAGE_6:
        found.append(_ADVANCED)
    if _is_inflamed(answers):
        found.append(_INFLAMED)
    return (*found, _UNANSWERED)


def blocks(answers: HairAnswers, product: ProductFacts) -> SafetyFindingCode | None:
    """Return the first finding that forbids this product to this person, or None when it may be used."""
    if answers.hair_loss_stage is HairLossStage.STAGE_6:
        return SafetyFindingCode.ADVANCED_STAGE
    if product.category.is_ingestible:
        return SafetyFindingCode.SAFETY_QUESTIONS_UNANSWERED
    # a medicated shampoo might do for seborrhoeic dermatitis; but both answers are treated alike, the cautious way:
    # a difference in the public kit would tell one illness from the other
    is_gentle = product.category is ProductCategory.SHAMPOO and ProductTag.DANDRUFF not in product.tags
    if _is_inflamed(answers) and not is_gentle:
        return SafetyFindingCode.INFLAMED_SCALP
    return None


def _is_inflamed(answers: HairAnswers) -> bool:
    return answers.dandruff in {Dandruff.PSORIASIS, Dandruff.SEBORRHEIC}
