"""Reports: found by the keys of their links, which nobody shall find by guessing."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from traya_gql.documents import assignments, hair_tests, products, reports
from traya_gql.documents.reports import ReportRecord
from traya_gql.documents.transactions import Transactions
from traya_gql.domain.claims import claims_in
from traya_gql.domain.clearances import LONGEST_CLEARANCE, Clearance, in_force
from traya_gql.domain.rates import Rates
from traya_gql.domain.refusals import InvalidInput, InvalidValue, Problem, Problems, Refusal, RefusalCode
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.gates import findings
from traya_gql.domain.ruleset.kit import compose
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.domain.text import TEXT_CODES, clean_text
from traya_gql.services.rate_limits import Hit, RateLimiter

MOST_CLEARANCES = 50
"""Of one report: each holds a kit, and MongoDB's documents end at 16 MB."""

CLEARANCE_INPUT_CODES = frozenset(
    {*TEXT_CODES, RefusalCode.OUT_OF_RANGE, RefusalCode.FORBIDDEN_CLAIM, RefusalCode.TOO_MANY}
)
"""What InvalidInput may carry when a finding is cleared."""

_NOBODY = UUID(int=0)
_REASON_MIN_LENGTH = 10
_REASON_MAX_LENGTH = 1000

# 128 random bits in URL-safe base 64; the last letter carries two of them
_PUBLIC_ID = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]", re.ASCII)


def is_public_id(text: str) -> bool:
    """Whether this may be the public id of a report at all; nothing else is looked up."""
    return _PUBLIC_ID.fullmatch(text) is not None


class ReportNotFound(Refusal):
    """There is no such report, or it is not for the asker: both look the same."""

    codes = frozenset({RefusalCode.REPORT_NOT_FOUND})

    def __init__(self, field: str, message: str) -> None:
        super().__init__(Problem(RefusalCode.REPORT_NOT_FOUND, message, ("input", field)))


class NotClearable(Refusal):
    """The report has no such finding, or none that a doctor can lift."""

    codes = frozenset({RefusalCode.FINDING_NOT_CLEARABLE})

    def __init__(self) -> None:
        message = "This report has no such finding that a doctor's clearance could lift."
        super().__init__(Problem(RefusalCode.FINDING_NOT_CLEARABLE, message, ("input", "finding")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The use cases of a report. `rules` are those of this release."""

    transactions: Transactions
    limiter: RateLimiter
    rates: Rates
    rules: Ruleset
    now: Callable[[], datetime]

    async def find(
        self, public_id: str, *, address: str, load: Callable[[str], Awaitable[ReportRecord | None]]
    ) -> ReportRecord | None:
        """Return what `load` finds behind the link. Misses are counted, finds are not.

        Raises:
            RateLimited: too many misses from this address.
        """
        if not is_public_id(public_id):
            return None
        hit = Hit(name="report_misses_per_ip", rate=self.rates.report_misses_per_ip, key=address)
        await self.limiter.check(hit)
        record = await load(public_id)
        if record is None:
            await self.limiter.hit(hit)
        return record

    async def clear_finding(
        self, public_id: str | None, gate: GateCode, *, reason: str, expires_at: datetime, doctor_id: UUID
    ) -> ReportRecord:
        """Lift a finding until a time, and put the kit together anew without it; what the report found stays.

        A repeat with the same gate, reason and end changes nothing.

        Args:
            public_id: the report's; None for an id of no report.
            gate: the finding.
            reason: for the person and for whoever treats them.
            expires_at: the end, at most a year from now.
            doctor_id: the customer id of the DOCTOR who does it.

        Raises:
            InvalidInput: the reason is too short or makes a forbidden claim, the end is not within a year, or there are
                too many clearances.
            ReportNotFound: no such report, or the doctor does not treat its owner.
            NotClearable: no such finding, or not one for a doctor to lift.
            RateLimited: too many by this doctor.
        """
        made_at = self.now()
        clean_reason = _check_clearance(reason, expires_at, now=made_at)
        # as MongoDB keeps it, so that a repeat is known
        expires_at = expires_at.astimezone(UTC).replace(microsecond=expires_at.microsecond // 1000 * 1000)
        await self.limiter.hit(
            Hit(name="clearances_per_doctor", rate=self.rates.clearances_per_doctor, key=doctor_id.hex)
        )

        async def work() -> ReportRecord:
            report = (await reports.by_public_ids([public_id or ""])).get(public_id or "")
            # looked up for a report that is missing, too: both take the same commands
            owner_id = (report.customer_id if report is not None else None) or _NOBODY
            is_treated = owner_id in await assignments.treated(doctor_id, [owner_id])
            if report is None or not is_treated or owner_id == doctor_id:
                raise ReportNotFound("reportId", "You treat nobody with such a report.")
            answers = (await hair_tests.by_ids([report.hair_test_id]))[report.hair_test_id].answers
            if not any(one.code is gate and one.until_cleared for one in findings(answers, self.rules)):
                raise NotClearable
            lifted = in_force(report.clearances, now=made_at)
            known = lifted.get(gate)
            if known is not None and (known.reason, known.expires_at) == (clean_reason, expires_at):
                return report
            if len(report.clearances) >= MOST_CLEARANCES:
                message = "This report has as many clearances as one can have. Ask for a new hair test."
                raise InvalidInput(Problem(RefusalCode.TOO_MANY, message, ("input", "reportId")))
            ends = {code: one.expires_at for code, one in lifted.items()} | {gate: expires_at}
            kit = compose(
                assessment=report.assessment,
                pattern=answers.pattern,
                found=findings(answers, self.rules, cleared=frozenset(ends)),
                candidates=await products.candidates(answers.pattern),
                rules=self.rules,
            )
            clearance = Clearance(
                gate=gate,
                doctor_id=doctor_id,
                reason=clean_reason,
                made_at=made_at,
                expires_at=expires_at,
                kit=kit,
                kit_until=min(ends.values()),
            )
            await reports.add_clearance(report.id, clearance)
            return report.model_copy(update={"clearances": (*report.clearances, clearance)})

        return await self.transactions.run(work)


def _check_clearance(reason: str, expires_at: datetime, *, now: datetime) -> str:
    problems = Problems()
    clean = problems.take("reason", lambda: _check_reason(reason))
    if not now < expires_at <= now + LONGEST_CLEARANCE:
        message = f"The clearance must end after now, and within {LONGEST_CLEARANCE.days} days."
        problems.add(RefusalCode.OUT_OF_RANGE, message, "expiresAt")
    problems.refuse_if_any()
    assert clean is not None  # noqa: S101 - no problem was found
    return clean


def _check_reason(raw: str) -> str:
    text = clean_text(raw, what="The reason", min_length=_REASON_MIN_LENGTH, max_length=_REASON_MAX_LENGTH)
    if claims := claims_in(text):
        message = f"The customer reads this, and the law forbids such a claim ({claims[0].rule}): {claims[0].source}"
        raise InvalidValue(RefusalCode.FORBIDDEN_CLAIM, message)
    return text
