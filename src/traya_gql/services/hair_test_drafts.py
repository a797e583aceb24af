"""Drafts of hair tests: begun by anybody, resumed by whoever holds the token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from traya_gql.documents import hair_test_drafts
from traya_gql.documents.hair_test_drafts import HairTestDraftDocument, HairTestDraftRecord
from traya_gql.domain.customers import Gender, check_age
from traya_gql.domain.questionnaire.checks import GivenAnswer, check_answers
from traya_gql.domain.questionnaire.model import current_questionnaire
from traya_gql.domain.rates import Rates
from traya_gql.domain.refusals import Problem, Problems, Refusal, RefusalCode
from traya_gql.services.access_tokens import AccessTokens, Grant, Issued, Kind
from traya_gql.services.rate_limits import Hit, RateLimiter

DRAFT_LIFETIME = timedelta(days=30)
"""From the first save; not longer, as these are health answers without consent yet. Source: docs/decisions/0020."""


class DraftNotFound(Refusal):
    """There is no such draft, it has ended, or it was submitted: all look the same."""

    codes = frozenset({RefusalCode.DRAFT_NOT_FOUND})

    def __init__(self, field: str) -> None:
        message = "There is no such draft any more. Begin a new one."
        super().__init__(Problem(RefusalCode.DRAFT_NOT_FOUND, message, ("input", field)))


class StaleDraft(Refusal):
    """The draft was saved by somebody else since it was read."""

    codes = frozenset({RefusalCode.STALE_VERSION})

    def __init__(self) -> None:
        message = "This draft was saved elsewhere since you read it. Read it again."
        super().__init__(Problem(RefusalCode.STALE_VERSION, message, ("input", "version")))


class SavedDraft(NamedTuple):
    """A draft, and the token that resumes it."""

    draft: HairTestDraftRecord
    token: Issued


@dataclass(frozen=True, slots=True, kw_only=True)
class HairTestDrafts:
    """The use cases of a draft."""

    tokens: AccessTokens
    limiter: RateLimiter
    rates: Rates
    now: Callable[[], datetime]

    async def save(
        self,
        *,
        draft_id: UUID | None,
        version: int | None,
        age: int | None,
        gender: Gender | None,
        answers: Sequence[GivenAnswer],
        address: str,
    ) -> SavedDraft:
        """Begin a draft, or replace all that one holds.

        Args:
            draft_id: which; None begins one.
            version: the version that was read; None replaces whatever is there.
            age: in years, if known.
            gender: if known: it decides what is asked.
            answers: all answers so far, to questions that are shown by now.
            address: who saves.

        Raises:
            InvalidInput: answers that cannot be.
            DraftNotFound: the draft has ended.
            StaleDraft: it has another version.
            RateLimited: too many drafts from this address, or saves of this one.
        """
        problems = Problems()
        if age is not None:
            problems.take("age", lambda: check_age(age))
        check_answers(answers, age=age, gender=gender, is_whole=False, problems=problems)
        problems.refuse_if_any()
        made_at = self.now()
        changes = {
            "saved_at": made_at,
            "questionnaire_version": current_questionnaire().version,
            "age": age,
            "gender": gender,
            # as they were sent: a former key may allow what the present one does not
            "answers": [list(one) for one in answers],
        }
        if draft_id is None:
            return await self._begin(changes, at=made_at, address=address)
        await self.limiter.hit(
            Hit(name="draft_saves_per_draft", rate=self.rates.draft_saves_per_draft, key=draft_id.hex)
        )
        found = await hair_test_drafts.replace(draft_id, changes, version=version, now=made_at)
        if found is None:
            if version is not None and await hair_test_drafts.by_id(draft_id, now=made_at) is not None:
                raise StaleDraft
            raise DraftNotFound("draftToken")
        return SavedDraft(found, self._token(found))

    async def find(self, draft_id: UUID) -> HairTestDraftRecord | None:
        """Return a draft that has not ended."""
        return await hair_test_drafts.by_id(draft_id, now=self.now())

    async def _begin(self, first: dict[str, object], *, at: datetime, address: str) -> SavedDraft:
        await self.limiter.hit(Hit(name="drafts_per_ip", rate=self.rates.drafts_per_ip, key=address))
        draft = HairTestDraftDocument.model_validate(
            {"_id": uuid4(), "created_at": at, "expires_at": at + DRAFT_LIFETIME, "version": 1, **first}
        )
        await draft.insert()
        return SavedDraft(draft, self._token(draft))

    def _token(self, draft: HairTestDraftRecord) -> Issued:
        return self.tokens.issue(Grant(Kind.DRAFT, draft.id), made_at=draft.created_at, lifetime=DRAFT_LIFETIME)
