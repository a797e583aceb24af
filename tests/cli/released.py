"""Data folders as releases left them, and what their clients sent and were shown: see tests/releases/README.md."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import jwt
from pymongo import MongoClient

from tests.cli.serving import Server
from tests.processes import HANG_GUARD_S
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.ruleset.gates import suits_everybody
from traya_gql.domain.ruleset.rules import current_ruleset

RELEASES = Path(__file__).parent.parent / "releases"

GRADES = ["A", "B", "C", "TRADITIONAL"]
TEXTS = {"explanation", "nextSteps", "disclaimer"}
"""What is said in the words of today."""

PRIVATE_REPORT = """query ($publicId: String!, $accessToken: String) {
  report(publicId: $publicId, accessToken: $accessToken) {
    id publicId createdAt rulesetVersion
    hypothesis { code } primaryCause confidence inputsHash
    causes { cause evidence level score answersThatRaisedIt }
    recovery { minMonths expectedMonths maxMonths reasonIfNone goal milestones { month } }
    safetyFindings { code action blockedIngredients { code } clearance { reason } }
    kit { isWhole items { causes product { id } } excluded { finding } }
    hairTest { id submittedAt person { name phone age gender } answers { key values } report { publicId } }
  }
}"""

# how this release calls what the releases before it found
_FINDINGS = {
    "SAFETY_QUESTIONS_UNANSWERED": "G00_SAFETY_UNANSWERED",
    "INFLAMED_SCALP": "G05_INFLAMED_SCALP",
    "ADVANCED_STAGE": "G15_ADVANCED",
}
_ACTIONS = {"SEE_DERMATOLOGIST": "BOOK_DERMATOLOGIST"}
_QUESTIONS = {"hairLossStage": "pattern", "hasAcidityOrGas": "gas"}


@dataclass(frozen=True)
class Released:
    """What is kept of one release."""

    number: int

    @cached_property
    def told(self) -> dict[str, Any]:
        """All that its clients sent and were shown."""
        told: dict[str, Any] = json.loads((RELEASES / f"release-{self.number}.json").read_text(encoding="utf-8"))
        return told

    @property
    def settings(self) -> dict[str, str]:
        """The settings that its server had."""
        return {
            "TRAYA_SECRET_KEY": self.told["secretKey"],
            "TRAYA_ACCESS_TOKEN_DAYS": str(self.told["accessTokenDays"]),
        }

    def unpacked(self, parent: Path) -> Path:
        """Return the data folder as the release left it."""
        data = parent / "data"
        with tarfile.open(RELEASES / f"release-{self.number}.tar.xz") as archive:
            archive.extractall(data, filter="data")
        return data

    def make_young(self, uri: str) -> None:
        """Date keys and sessions of today: they are forgotten after a week and a month, which the archive outlives."""
        now = datetime.now(UTC)
        with MongoClient[dict[str, Any]](uri) as client:
            database = client.get_default_database()
            keys = database.idempotency.update_many({}, {"$set": {"created_at": now}})
            sessions = database.sessions.update_many({}, {"$set": {"expires_at": now + timedelta(days=1)}})
        assert keys.modified_count == len(self.told["hairTests"]) + len(self.told["orders"])
        assert sessions.modified_count == (len(self.told["people"]) + 1 if "people" in self.told else 0)

    def still_valid(self, token: str) -> str:
        """Return an access token as the release signed it, but for its end, which it has outlived."""
        claims = jwt.decode(
            token,
            self.told["secretKey"],
            algorithms=["HS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
        )
        claims["exp"] = int((datetime.now(UTC) + timedelta(hours=1)).timestamp())
        return jwt.encode(claims, self.told["secretKey"], algorithm="HS256", headers=jwt.get_unverified_header(token))

    def opened(self, kept: dict[str, Any]) -> dict[str, str]:
        """Return the variables that open a report with its private parts."""
        submitted = kept["submitted"]
        return {"publicId": submitted["report"]["publicId"], "accessToken": self.still_valid(submitted["accessToken"])}


def ask_as(bearer: str | None, server: Server, query: str, **variables: Any) -> dict[str, Any]:
    """Return the whole answer of a server to who sends this access token, or none."""
    answer: dict[str, Any] = httpx.post(
        f"http://127.0.0.1:{server.port}/graphql",
        json={"query": query, "variables": variables},
        headers={"authorization": f"Bearer {bearer}"} if bearer else {},
        timeout=HANG_GUARD_S,
    ).json()
    return answer


_PLAIN = {
    seed.name: seed.product.price_paise for seed in catalogue() if suits_everybody(seed.product, current_ruleset())
}
"""The prices of what suits everybody, by name."""


def without_texts(seen: Any) -> Any:
    """Return an answer without what is said in the words of today."""
    if isinstance(seen, dict):
        return {name: without_texts(value) for name, value in seen.items() if name not in TEXTS}
    return [without_texts(one) for one in seen] if isinstance(seen, list) else seen


def shown_by_the_link(kept: dict[str, Any]) -> Any:
    """Return what the old query of a shared report shows now.

    All as before, but how strong the causes are; and the price is that of what whoever has the link can order.
    """
    before = without_texts(kept["report"])
    causes = sorted(before["causes"], key=lambda one: (GRADES.index(one["evidence"]), one["cause"]))
    kit = before["kit"]
    paise = sum(_PLAIN.get(item["product"]["name"], 0) for item in kit["items"])
    price = {"amount": f"{paise // 100}.{paise % 100:02}", "minorUnits": paise}
    return {
        **before,
        "causes": [{**cause, "level": None} for cause in causes],
        "kit": {**kit, "price": {**kit["price"], **{key: price[key] for key in kit["price"].keys() & price.keys()}}},
    }


def shown_to_readers(kept: dict[str, Any]) -> Any:
    """Return what PRIVATE_REPORT shows now: what the release said, in the names of this one, and nothing more."""
    public, private = kept["report"], kept["privateReport"]
    levels = {cause["cause"]: (cause["evidence"], cause["level"]) for cause in public["causes"]}
    findings = sorted((_FINDINGS[one["code"]], one["action"]) for one in private["safetyFindings"])
    return {
        **{name: private[name] for name in ("id", "publicId", "createdAt", "rulesetVersion")},
        **dict.fromkeys(("hypothesis", "primaryCause", "confidence", "inputsHash")),
        "causes": [
            {
                "cause": cause["cause"],
                "evidence": levels[cause["cause"]][0],
                "level": levels[cause["cause"]][1],
                "score": cause["score"],
                "answersThatRaisedIt": [_QUESTIONS.get(key, key) for key in cause["answersThatRaisedIt"]],
            }
            for cause in private["causes"]
        ],
        "recovery": {**public["recovery"], "goal": None, "milestones": []},
        "safetyFindings": [
            {"code": code, "action": _ACTIONS.get(action, action), "blockedIngredients": [], "clearance": None}
            for code, action in findings
        ],
        "kit": {
            "isWhole": True,
            "items": [
                {"causes": item["causes"], "product": {"id": item["product"]["id"]}} for item in public["kit"]["items"]
            ],
            "excluded": [],
        },
        "hairTest": {
            "id": private["hairTest"]["id"],
            "submittedAt": private["hairTest"]["submittedAt"],
            "person": _person(kept["input"]["customer"]),
            "answers": _answers(kept["input"]),
            "report": {"publicId": private["publicId"]},
        },
    }


def by_key(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report of PRIVATE_REPORT with the answers by key: their order is the questionnaire's."""
    answers = report["hairTest"]["answers"]
    found = {answer["key"]: answer["values"] for answer in answers}
    assert len(found) == len(answers)
    return {**report, "hairTest": {**report["hairTest"], "answers": found}}


def _person(typed: dict[str, Any]) -> dict[str, Any]:
    digits = "".join(letter for letter in typed["phone"] if letter.isdecimal())
    return {**typed, "phone": f"+91{digits[-10:]}"}


def _answers(typed: dict[str, Any]) -> dict[str, list[str]]:
    hair, health = typed["hair"], typed["internalHealth"]
    return {
        "pattern": [hair["hairLossStage"]],
        "familyHistory": [hair["familyHistory"]],
        "dandruff": [hair["dandruff"]],
        "sleep": [health["sleep"]],
        "stress": [health["stress"]],
        # the first questionnaire asked whether it is frequent
        "gas": ["OFTEN" if health["hasAcidityOrGas"] else "NO"],
        "energyLevel": [health["energyLevel"]],
        "isTakingSupplements": ["YES" if health["isTakingSupplements"] else "NO"],
    }
