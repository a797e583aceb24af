"""Proving a phone: a code of six digits, sent to it, good for five guesses and five minutes."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from traya_gql.documents import one_time_codes
from traya_gql.documents.one_time_codes import OneTimeCodeDocument, OneTimeCodeRecord
from traya_gql.domain.phones import normalise_phone
from traya_gql.domain.rates import Rates
from traya_gql.domain.refusals import Problem, Problems, Refusal, RefusalCode
from traya_gql.domain.text import plain_digits
from traya_gql.integrations.messages import MessageNotSent, Messages
from traya_gql.services.keys import Keys
from traya_gql.services.rate_limits import Hit, RateLimiter

# Source: decisions of docs/decisions/0016; RFC 4226 section 7.3 asks for a limit on guesses
DIGITS = 6
ATTEMPTS = 5
LIFETIME = timedelta(minutes=5)
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)
RESEND_AFTER = timedelta(seconds=30)


class CodeInvalid(Refusal):
    """The code is wrong, used, expired, or was guessed too often: all look the same."""

    codes = frozenset({RefusalCode.OTP_INVALID})

    def __init__(self) -> None:
        message = f"This code is wrong or has ended. After {ATTEMPTS} wrong tries, or 5 minutes, ask for a new one."
        super().__init__(Problem(RefusalCode.OTP_INVALID, message, ("input", "code")))


class CodeNotSent(Refusal):
    """The message could not be handed over now."""

    codes = frozenset({RefusalCode.MESSAGE_NOT_SENT})

    def __init__(self) -> None:
        message = "We could not send the code just now. Please try again in a minute."
        super().__init__(Problem(RefusalCode.MESSAGE_NOT_SENT, message, ("input", "phone")))


class Requested(NamedTuple):
    """A code on its way. `challenge` names it when it is guessed."""

    challenge: UUID
    expires_at: datetime
    resend_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeCodes:
    """The use cases of a code."""

    keys: Keys
    messages: Messages
    limiter: RateLimiter
    rates: Rates
    now: Callable[[], datetime]

    async def request(self, typed_phone: str, *, address: str) -> Requested:
        """Send a code to a phone. Whether anybody has that phone is not looked up, so nothing can show it.

        Raises:
            InvalidInput: not an Indian mobile number.
            RateLimited: too many for this phone, or from this address.
            CodeNotSent: the messages' vendor did not take it.
        """
        problems = Problems()
        phone = problems.take("phone", lambda: normalise_phone(typed_phone))
        problems.refuse_if_any()
        assert phone is not None  # noqa: S101 - no problem was found
        await self.limiter.hit(
            Hit(name="otp_requests_per_phone", rate=self.rates.otp_requests_per_phone, key=phone),
            Hit(name="otp_requests_per_phone_daily", rate=self.rates.otp_requests_per_phone_daily, key=phone),
            Hit(name="otp_requests_per_ip", rate=self.rates.otp_requests_per_ip, key=address),
        )
        made_at, challenge = self.now(), uuid4()
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        await OneTimeCodeDocument(
            id=challenge,
            created_at=made_at,
            phone=phone,
            code_hash=self._hashes(challenge, code)[0],
            attempts_left=ATTEMPTS,
            expires_at=made_at + LIFETIME,
        ).insert()
        try:
            await self.messages.send(phone=phone, text=_text(code), key=challenge)
        except MessageNotSent as error:
            raise CodeNotSent from error
        return Requested(challenge, made_at + LIFETIME, made_at + RESEND_AFTER)

    async def guess(self, challenge: UUID | None, code: str, *, address: str) -> OneTimeCodeRecord:
        """Return what the code was sent for. The caller then uses it up, in the transaction of what it is good for.

        `challenge` is None where the client sent something that names no code.

        Raises:
            CodeInvalid: wrong, used, expired, or guessed five times before.
            RateLimited: too many guesses from this address, or at the codes of one phone.
        """
        code = plain_digits(code.replace(" ", ""))
        if not _CODE.fullmatch(code):  # a slip of the keyboard is no guess
            raise CodeInvalid
        await self.limiter.hit(Hit(name="otp_guesses_per_ip", rate=self.rates.otp_guesses_per_ip, key=address))
        found = None if challenge is None else await one_time_codes.take_attempt(challenge, now=self.now())
        if found is None:
            raise CodeInvalid
        await self.limiter.hit(
            Hit(name="otp_guesses_per_phone", rate=self.rates.otp_guesses_per_phone, key=found.phone)
        )
        hashes = self._hashes(found.id, code)
        if not any(hmac.compare_digest(found.code_hash, hash_) for hash_ in hashes):
            raise CodeInvalid
        return found

    def _hashes(self, challenge: UUID, code: str) -> tuple[str, ...]:
        return self.keys.hide_with_each("one-time-code", challenge.hex, code)


def _text(code: str) -> str:
    return f"{code} is your sign-in code. It is good for 5 minutes. We never ask for it: do not share it."
