"""Consent: what for, to which words, when. Source: DPDP Act 2023, sections 5 and 6."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.languages import Language


class ConsentPurpose(StrEnum):
    """What somebody agreed to."""

    HEALTH_ASSESSMENT = "HEALTH_ASSESSMENT"
    PHOTO_STORAGE = "PHOTO_STORAGE"


class Consent(BaseModel):
    """That somebody agreed, after this version of the notice was shown in this language."""

    model_config = ConfigDict(frozen=True)

    purpose: ConsentPurpose
    notice_version: str
    language: Language
    given_at: datetime
