"""Signing in, staying signed in, and signing out."""

from __future__ import annotations

import contextlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID, uuid4

from pymongo.errors import DuplicateKeyError

from traya_gql.documents import customers, one_time_codes, revocations, sessions
from traya_gql.documents.customers import CustomerDocument, CustomerRecord
from traya_gql.documents.records import Position
from traya_gql.documents.revocations import Revocation
from traya_gql.documents.sessions import SessionDocument, SessionRecord
from traya_gql.documents.transactions import Transactions
from traya_gql.domain.rates import Rates
from traya_gql.domain.refusals import InvalidValue, Problem, Refusal, RefusalCode
from traya_gql.domain.text import clean_text
from traya_gql.observability.logging import get_logger
from traya_gql.services.access_tokens import ACCESS_TOKEN_LIFETIME, AccessTokens, Issued, SignedIn
from traya_gql.services.keys import Keys
from traya_gql.services.one_time_codes import CodeInvalid, OneTimeCodes
from traya_gql.services.rate_limits import Hit, RateLimiter
from traya_gql.services.revocations import Revocations

_log = get_logger(__name__)

# Source: docs/decisions/0016
REFRESH_LIFETIME = timedelta(days=30)
GRACE = timedelta(seconds=10)
MAX_SESSIONS = 20
_MOST_EVER = 200  # should an earlier release have allowed more
_LONGEST_DEVICE = 100
_UNKNOWN_DEVICE = "Unknown device"
_SECRET_BYTES = 32
_SEAL_DIGITS = 32
_LONGEST_TOKEN = 200
_PARTS = 3
_SKEW = timedelta(minutes=1)


class RefreshTokenInvalid(Refusal):
    """The refresh token is unknown, used, ended or expired: all look the same."""

    codes = frozenset({RefusalCode.REFRESH_TOKEN_INVALID})

    def __init__(self) -> None:
        message = "This session has ended. Please sign in again."
        super().__init__(Problem(RefusalCode.REFRESH_TOKEN_INVALID, message, ("input", "refreshToken")))


class SessionNotFound(Refusal):
    """The customer has no session with this id that lasts."""

    codes = frozenset({RefusalCode.SESSION_NOT_FOUND})

    def __init__(self) -> None:
        super().__init__(Problem(RefusalCode.SESSION_NOT_FOUND, "There is no such session.", ("id",)))


class _Started(NamedTuple):
    session: SessionRecord
    customer: CustomerRecord
    revoked: list[Revocation]


class _Found(NamedTuple):
    session: SessionRecord
    customer: CustomerRecord
    is_rotated: bool


class Opened(NamedTuple):
    """A session with its two tokens."""

    customer: CustomerRecord
    signed_in: SignedIn
    access: Issued
    refresh: Issued


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The use cases of being signed in.

    A refresh token is the session's id, a secret, and a seal by which an old one is known as ours. The database holds
    a hash of the secret, and each secret follows from the one before it by the server's key: so that a token sent twice
    within `GRACE` gets the same successor, and nobody who reads the database or a used token can make the next.
    """

    transactions: Transactions
    codes: OneTimeCodes
    tokens: AccessTokens
    keys: Keys
    limiter: RateLimiter
    rates: Rates
    revocations: Revocations
    now: Callable[[], datetime]

    async def open(self, *, challenge: UUID | None, code: str, device: str, address: str) -> Opened:
        """Sign in with a code: use it up and make the session, and the customer if there is none, in one transaction.

        Raises:
            CodeInvalid, RateLimited: see `OneTimeCodes.guess`.
        """
        sent = await self.codes.guess(challenge, code, address=address)
        made_at = self.now()
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        new_customer_id = uuid4()
        session = SessionDocument(
            id=uuid4(),
            created_at=made_at,
            customer_id=new_customer_id,
            device=device_name(device),
            refresh_hash=_hash(secret),
            last_used_at=made_at,
            expires_at=made_at + REFRESH_LIFETIME,
        )

        async def work() -> _Started:
            if not await one_time_codes.use(sent.id):
                raise CodeInvalid
            customer = await customers.note_sign_in(sent.phone, at=made_at)
            if customer is None:
                customer = await CustomerDocument(
                    id=new_customer_id,
                    created_at=made_at,
                    phone=sent.phone,
                    verified_at=made_at,
                    signed_in_at=made_at,
                ).insert()
            revoked = await _make_room(customer.id, at=made_at)
            opened = await session.model_copy(update={"customer_id": customer.id}).insert()
            return _Started(opened, customer, revoked)

        try:
            started = await self.transactions.run(work)
        except DuplicateKeyError:
            # another first sign-in with this phone came in between; its customer is there now, and the code is not used
            started = await self.transactions.run(work)
        self.revocations.apply_locally(*started.revoked)
        return self._opened(started.session, started.customer, secret, at=made_at)

    async def refresh(self, token: str, *, address: str) -> Opened:
        """Return new tokens for a refresh token, which is used up by it.

        A token that was used up before ends the session, as somebody else may hold it; but for `GRACE` after its use,
        in which it gets the same successor again.

        Raises:
            RefreshTokenInvalid: unknown, used up, ended or expired.
            RateLimited: too many of this session, or too many that are no tokens of ours from this address.
        """
        session_id, secret, seal = _read(token)
        if self._is_sealed(session_id, secret, seal):
            key = session_id.hex
            hit = Hit(name="refreshes_per_session", rate=self.rates.refreshes_per_session, key=key)
        else:
            # a guess, or sealed by a key that is gone; what is ours is not counted here, as many share an address
            hit = Hit(name="unsealed_refreshes_per_ip", rate=self.rates.unsealed_refreshes_per_ip, key=address)
        await self.limiter.hit(hit)
        at = self.now()
        successor = self._successors(secret)[0]

        async def work() -> _Found:
            rotated = await sessions.rotate(
                session_id, from_hash=_hash(secret), to_hash=_hash(successor), now=at, expires_at=at + REFRESH_LIFETIME
            )
            session = rotated or await sessions.by_id(session_id)
            customer = None if session is None else await customers.by_id(session.customer_id)
            if session is None or customer is None or session.ended_at is not None or session.expires_at <= at:
                raise RefreshTokenInvalid
            return _Found(session, customer, is_rotated=rotated is not None)

        # One snapshot of both: the raised version of a customer who signs out everywhere in between would let the new
        # access token outlive the session.
        found = await self.transactions.run(work)
        if not found.is_rotated:
            successor = await self._successor_again(found.session, secret, seal, at=at)
        return self._opened(found.session, found.customer, successor, at=at)

    async def page(self, customer_id: UUID, *, after: Position | None, limit: int) -> list[SessionRecord]:
        """Return at most `limit` sessions of a customer that last, the newest first."""
        return await sessions.page(customer_id, now=self.now(), after=after, limit=limit)

    async def end(self, session_id: UUID, *, customer_id: UUID) -> None:
        """End one session of a customer, and its access tokens.

        Raises:
            SessionNotFound: the customer has none with this id that lasts.
        """
        at = self.now()

        async def work() -> Revocation:
            if not await sessions.end(session_id, customer_id=customer_id, now=at):
                raise SessionNotFound
            return await revocations.revoke_session(session_id, expires_at=revoked_until(at))

        self.revocations.apply_locally(await self.transactions.run(work))

    async def end_all(self, customer_id: UUID) -> int:
        """End all sessions of a customer with their access tokens, and return how many there were."""
        at = self.now()

        async def work() -> tuple[int, Revocation | None]:
            ended = await sessions.end_all(customer_id, now=at)
            customer = await customers.raise_access_version(customer_id)
            if customer is None:
                return ended, None
            revoked = await revocations.revoke_before(
                customer_id, min_version=customer.access_version, expires_at=revoked_until(at)
            )
            return ended, revoked

        ended, revoked = await self.transactions.run(work)
        if revoked is not None:
            self.revocations.apply_locally(revoked)
        return ended

    async def _successor_again(self, session: SessionRecord, secret: str, seal: str, *, at: datetime) -> str:
        """Return the successor of a token that was used moments ago.

        Raises:
            RefreshTokenInvalid: it is no such token. When it is an old one of ours, the session is ended first.
        """
        used = session.used
        if used is not None and used.hash == _hash(secret) and at - used.used_at <= GRACE:
            for successor in self._successors(secret):
                if session.refresh_hash == _hash(successor):
                    return successor
        # sealed by us, so it was good once; what is not is a guess, and ends nobody's session
        if self._is_sealed(session.id, secret, seal):
            _log.warning("a refresh token came twice: its session is ended", session_id=str(session.id))
            with contextlib.suppress(SessionNotFound):
                await self.end(session.id, customer_id=session.customer_id)
        raise RefreshTokenInvalid

    def _is_sealed(self, session_id: UUID, secret: str, seal: str) -> bool:
        return any(hmac.compare_digest(seal, ours) for ours in self._seals(session_id, secret))

    def _successors(self, secret: str) -> tuple[str, ...]:
        return self.keys.hide_with_each("refresh-token", secret)

    def _seals(self, session_id: UUID, secret: str) -> tuple[str, ...]:
        hidden = self.keys.hide_with_each("refresh-token-seal", session_id.hex, secret)
        return tuple(seal[:_SEAL_DIGITS] for seal in hidden)

    def _opened(self, session: SessionRecord, customer: CustomerRecord, secret: str, *, at: datetime) -> Opened:
        who = SignedIn(
            customer_id=customer.id,
            session_id=session.id,
            access_version=customer.access_version,
            roles=frozenset(customer.roles),
        )
        token = f"{session.id.hex}.{secret}.{self._seals(session.id, secret)[0]}"
        return Opened(
            customer=customer,
            signed_in=who,
            # from the time before the database was asked: a revocation lasts as long as tokens made until then
            access=self.tokens.issue_for_session(who, made_at=at),
            refresh=Issued(token, session.expires_at),
        )


async def _make_room(customer_id: UUID, *, at: datetime) -> list[Revocation]:
    """End the oldest sessions beyond what a customer can have with one more, and return their revocations."""
    lasting = await sessions.page(customer_id, now=at, after=None, limit=_MOST_EVER)
    revoked = []
    for session in lasting[MAX_SESSIONS - 1 :]:
        await sessions.end(session.id, customer_id=customer_id, now=at)
        revoked.append(await revocations.revoke_session(session.id, expires_at=revoked_until(at)))
    return revoked


def revoked_until(at: datetime) -> datetime:
    """Return when the last access token that was made by this time has ended."""
    return at + ACCESS_TOKEN_LIFETIME + _SKEW


def device_name(typed: str) -> str:
    """Return what a list of sessions shows for a device; any text will do."""
    try:
        return clean_text(typed[:_LONGEST_DEVICE], what="Device", min_length=1, max_length=_LONGEST_DEVICE)
    except InvalidValue:
        return _UNKNOWN_DEVICE


def _hash(secret: str) -> str:
    # of 256 random bits: nobody can try them all, so that a plain hash will do
    return sha256(secret.encode()).hexdigest()


def _read(token: str) -> tuple[UUID, str, str]:
    parts = token.split(".") if len(token) <= _LONGEST_TOKEN and token.isascii() else []
    if len(parts) != _PARTS:
        raise RefreshTokenInvalid
    try:
        return UUID(hex=parts[0]), parts[1], parts[2]
    except ValueError:
        raise RefreshTokenInvalid from None
