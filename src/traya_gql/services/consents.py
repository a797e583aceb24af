"""Consent as the use cases ask for it: given, and to the words that are shown now."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from traya_gql.domain.consents import Consent, ConsentPurpose
from traya_gql.domain.languages import Language
from traya_gql.domain.questionnaire.model import Notice
from traya_gql.domain.refusals import Problem, Refusal, RefusalCode


class ConsentRequired(Refusal):
    """Nothing of a person's health is assessed or kept without their consent to the notice that is shown now."""

    codes = frozenset({RefusalCode.CONSENT_REQUIRED})

    def __init__(self, message: str, field: str) -> None:
        super().__init__(Problem(RefusalCode.CONSENT_REQUIRED, message, ("input", "consent", field)))


class GivenConsent(NamedTuple):
    """What a client says of consent: whether it was given, to which version of the notice, read in which language."""

    is_given: bool
    notice_version: str
    language: Language


def refuse_old_notice(version: str, notice: Notice) -> None:
    """Do nothing for consent to the present words.

    Raises:
        ConsentRequired: this version of the notice is not the present one.
    """
    if version != notice.version:
        message = (
            f"The notice has changed. Show version {notice.version}, from the questionnaire, and ask for consent again."
        )
        raise ConsentRequired(message, "noticeVersion")


def check_consent(given: GivenConsent, *, notice: Notice, purpose: ConsentPurpose, at: datetime) -> Consent:
    """Return the consent for a purpose, as it is kept.

    Raises:
        ConsentRequired: it was not given, or to words that are not the present ones.
    """
    if not given.is_given:
        raise ConsentRequired("Show the notice, and ask for consent: without it nothing is kept.", "isGiven")
    refuse_old_notice(given.notice_version, notice)
    return Consent(purpose=purpose, notice_version=notice.version, language=given.language, given_at=at)
