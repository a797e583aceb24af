"""What a report says in words, in both languages.

The words are lawful on purpose: no cure, guarantee, permanent result or new hair is promised. A contract test holds all
of them against `claims`.
Source: Schedule J of the Drugs Rules, https://en.wikipedia.org/wiki/Schedule_J
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from traya_gql.domain.data_files import read_toml
from traya_gql.domain.languages import LocalText
from traya_gql.domain.ruleset.codes import (
    CauseCode,
    Confidence,
    GateCode,
    Goal,
    Hypothesis,
    MilestoneCode,
    NoRecoveryReason,
    SafetyAction,
)


class StepsFor(StrEnum):
    """Who gets a list of next steps: everybody with months, and instead who has none for one of these reasons."""

    EVERYBODY = "EVERYBODY"
    NEEDS_DOCTOR = "NEEDS_DOCTOR"
    ADVANCED_STAGE = "ADVANCED_STAGE"


class ReportTexts(BaseModel):
    """All texts, each for every code.

    Args:
        explanations: how a cause leads to hair loss.
        hypotheses: what the answers look like; each says that it is no diagnosis.
        findings: what a gate holds back and what to do; of G01 and G02 the words of the refusal.
        actions: what to do, alone.
        milestones: what happens at a month.
        no_recovery: why no months are named; public, so that it tells no answer.
        goals: what the routine aims at.
        confidences: how much was answered.
        kit_reasons: why a product was chosen.
        next_steps: by `StepsFor`, at least one each, in the order to show them; public, so that they tell no answer.
        disclaimer: what every report says of itself.
        shared_kit_note: what the kit says of itself that everybody with the link sees.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    explanations: Mapping[CauseCode, LocalText]
    hypotheses: Mapping[Hypothesis, LocalText]
    findings: Mapping[GateCode, LocalText]
    actions: Mapping[SafetyAction, LocalText]
    milestones: Mapping[MilestoneCode, LocalText]
    no_recovery: Mapping[NoRecoveryReason, LocalText]
    goals: Mapping[Goal, LocalText]
    confidences: Mapping[Confidence, LocalText]
    kit_reasons: Mapping[CauseCode, LocalText]
    next_steps: Mapping[Annotated[str, AfterValidator(StepsFor)], Annotated[tuple[LocalText, ...], Field(min_length=1)]]
    disclaimer: LocalText
    shared_kit_note: LocalText

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        needed: tuple[tuple[str, type[StrEnum]], ...] = (
            ("explanations", CauseCode),
            ("hypotheses", Hypothesis),
            ("findings", GateCode),
            ("actions", SafetyAction),
            ("milestones", MilestoneCode),
            ("no_recovery", NoRecoveryReason),
            ("goals", Goal),
            ("confidences", Confidence),
            ("kit_reasons", CauseCode),
            ("next_steps", StepsFor),
        )
        for place, codes in needed:
            if missing := [code for code in codes if code not in getattr(self, place)]:
                raise ValueError(f"{place}: {', '.join(missing)} is missing")
        return self


TEXTS = read_toml(ReportTexts, files("traya_gql.domain").joinpath("report_texts.toml").read_text(encoding="utf-8"))
"""The texts of this release."""

DISCLAIMER = TEXTS.disclaimer


def texts() -> Mapping[str, LocalText]:
    """Return every text by its place, such as `report.explanations.GENETIC` or `report.next_steps.EVERYBODY.1`."""
    found: dict[str, LocalText] = {}
    for name in ReportTexts.model_fields:
        value = getattr(TEXTS, name)
        if isinstance(value, LocalText):
            found[f"report.{name}"] = value
            continue
        for code, one in value.items():
            if isinstance(one, LocalText):
                found[f"report.{name}.{code}"] = one
            else:
                found |= {f"report.{name}.{code}.{place}": step for place, step in enumerate(one, 1)}
    return found
