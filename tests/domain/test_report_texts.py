"""What a report says in words."""

from __future__ import annotations

import pytest

from traya_gql.domain.assessment import CauseCode
from traya_gql.domain.report_texts import DISCLAIMER, EXPLANATIONS, NEXT_STEPS


@pytest.mark.parametrize("code", CauseCode)
def test_every_cause_is_explained_in_whole_sentences(code: CauseCode) -> None:
    assert EXPLANATIONS[code].endswith(".")


def test_everybody_is_told_when_to_see_a_dermatologist() -> None:
    assert any("See a dermatologist" in step for step in NEXT_STEPS)


def test_the_disclaimer_says_that_this_is_no_diagnosis() -> None:
    assert "not a diagnosis" in DISCLAIMER
