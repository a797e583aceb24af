"""Claims that the law forbids, found in texts for customers.

A net, not a judge: it finds the words of `claims.toml` and tells a claim from a warning by a few rules. A text in which
nothing is found may still mislead.

Source: Drugs Rules, Schedule J; Drugs and Magic Remedies Act 1954; Consumer Protection Act 2019. Each rule names one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Annotated, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from traya_gql.domain.data_files import read_toml
from traya_gql.domain.languages import Words

MOST_CHARACTERS = 20_000
"""Of a longer text nothing is read: it counts as one claim, of the rule TOO_LONG."""

_REMEMBERED_CHARACTERS = 1_000
_REMEMBERED_TEXTS = 4_096  # with four bytes a character 16 MB at the very most
_LETTERS_BESIDE_DIGITS = re.compile(r"(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Z])")
_HARMLESS = "\u00b7"
_REACH = 10
"""How many words a warning may stand away from what it denies."""


class Claim(NamedTuple):
    """A forbidden claim in a text: the rule's name, the words that break it, and the rule's source (an address).

    The words are those of the text as it was read: in small letters, without hyphens and most punctuation.
    """

    rule: str
    words: str
    source: str


# --- how a text is read -------------------------------------------------------------------------------------------

# Cyrillic and Greek letters that look like Latin ones
_LOOK_ALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u03b1\u03bf\u03bd\u03c1\u03b9\u0131",
    "aeopcyxijsdaovpii",
)
_PUNCTUATION = str.maketrans("\u2018\u2019\u02bc`_", "'''' ")
_VOWEL_NASALS = str.maketrans("\u0901", "\u0902")  # candrabindu, often typed as anusvara
# what shows nothing or only refines a letter: accents, nukta, fillers, variation selectors
_SILENT = re.compile(
    "[\u0300-\u036f\u093c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_HUNDRED_POINTS = "\U0001f4af"
_SPELLED = re.compile(r"(?<!\w)[a-z](?:[ .*_-]{1,2}[a-z]){2,}(?!\w)")
_HYPHEN = re.compile(r"(?<=[\w%\u0900-\u097f])[-\u2010\u2011]+(?=[\w%\u0900-\u097f])")
_CONTRACTIONS = ((re.compile(r"\b(?:can't|cannot)\b"), "can not"), (re.compile(r"\bwon't\b"), "will not"))
_ENDS, _PAUSES, _PER_CENT = frozenset(".!?।॥。"), frozenset(",;:"), frozenset("%٪")


def _letters(text: str) -> str:
    """Return the text with one spelling for what looks or sounds alike, ASCII digits, nothing invisible."""
    plain = _SILENT.sub("", unicodedata.normalize("NFKD", text)).translate(_VOWEL_NASALS)
    return "".join(map(_letter, plain))


@lru_cache(maxsize=4_096)
def _letter(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cf":
        return ""
    return str(unicodedata.decimal(character)) if kind == "Nd" else character


@lru_cache(maxsize=4_096)
def _read_as(character: str) -> str:
    kind = unicodedata.category(character)
    if kind[0] in "LMN" or character in _ENDS:
        return character
    if character in _PER_CENT:
        return " % "
    return " , " if character in _PAUSES or kind == "Pd" else " "


class _Sentence(NamedTuple):
    words: tuple[str, ...]
    is_question: bool


def _sentences(text: str, *, hyphen: str) -> Iterator[_Sentence]:
    """Give what is read of each sentence: words, "," and "%"; a hyphen within a word is read as `hyphen`."""
    folded = _letters(unicodedata.normalize("NFKC", text).casefold().translate(_LOOK_ALIKES).translate(_PUNCTUATION))
    folded = _SPELLED.sub(lambda found: re.sub(r"[^a-z]", "", found[0]), folded.replace(_HUNDRED_POINTS, " 100% "))
    for contraction, in_full in _CONTRACTIONS:
        folded = contraction.sub(in_full, folded)
    folded = _HYPHEN.sub(hyphen, folded.replace("n't", " not").replace("'", ""))
    folded = re.sub(r"(?<=\d)\.0+(?!\d)", "", folded)
    folded = re.sub(r"(?<=\d)[.,](?=\d)", " ", folded)
    for whole in re.finditer(r"([^.!?।॥。]+)([.!?।॥。]*)", "".join(map(_read_as, folded))):
        if words := tuple(whole[1].split()):
            yield _Sentence(words, "?" in whole[2])


# --- the rules ----------------------------------------------------------------------------------------------------

# up to so many words, none of which denies anything
_GAP = r"(?: (?!(?:not|never|नहीं|nahi|nahin)(?!\\S))[^ ,]+){0,\1}"


def _pattern(raw: object) -> re.Pattern[str]:
    """Return a pattern over whole words, with the letters of a text as it is read."""
    if not isinstance(raw, str) or re.search(r"(?<!\\)[A-Z]", raw):
        raise ValueError("a pattern is text in small letters")
    try:
        found = re.compile(rf"(?<!\S)(?:{_letters(re.sub(r'<([1-9])>', _GAP, raw))})(?!\S)")
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None
    if found.search(""):
        raise ValueError("a pattern matches at least one word")
    return found


def _stem(raw: object) -> re.Pattern[str]:
    """Return a pattern over the letters of a code."""
    _pattern(raw)
    return re.compile(str(raw))


Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
Stem = Annotated[re.Pattern[str], BeforeValidator(_stem)]
Patterns = Annotated[tuple[Pattern, ...], Field(min_length=1)]
Word = Annotated[str, StringConstraints(min_length=1), AfterValidator(_letters)]
RuleName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z_]*$")]
Address = Annotated[str, StringConstraints(pattern=r"^https://\S+$")]


class ClaimRule(BaseModel):
    """What one rule finds, in English and in Hindi, and around which words the same is no claim."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Address
    why: Words
    en: Patterns
    hi: Patterns
    lawful: tuple[Pattern, ...] = ()
    stems: tuple[Stem, ...] = ()


class Codes(BaseModel):
    """Which words a code may begin with although a stem is in them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    harmless_beginnings: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[a-z]+$")], ...], Field(min_length=1)
    ]

    @cached_property
    def harmless(self) -> re.Pattern[str]:
        """What is left out of a code before its stems are looked for."""
        return re.compile(rf"(?<![a-z])(?:{'|'.join(self.harmless_beginnings)})")


class Warnings(BaseModel):
    """How a text denies a claim; `claims.toml` says what each part means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: Patterns
    directly_before: Patterns
    after: Patterns
    spoilers: frozenset[Word]
    only: frozenset[Word]
    may_follow_comma: frozenset[Word]
    links: frozenset[Word]


class Exemption(BaseModel):
    """That the text at this place may break this rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Words
    rule: RuleName
    reason: Words


class ClaimRules(BaseModel):
    """All of `claims.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: Annotated[Mapping[RuleName, ClaimRule], Field(min_length=1)]
    codes: Codes
    warnings: Warnings
    exemptions: tuple[Exemption, ...] = ()

    @model_validator(mode="after")
    def _exempts_from_rules(self) -> Self:
        if unknown := [one.rule for one in self.exemptions if one.rule not in self.rules]:
            raise ValueError(f"exemptions: {', '.join(unknown)} is no rule")
        if len({(one.place, one.rule) for one in self.exemptions}) < len(self.exemptions):
            raise ValueError("exemptions: one stands there twice")
        return self

    @cached_property
    def patterns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """All patterns of claims, each with the name of its rule."""
        return tuple((name, one) for name, rule in self.rules.items() for one in (*rule.en, *rule.hi))


@cache
def current_claim_rules() -> ClaimRules:
    """Return the rules of this release.

    Raises:
        FileInvalid: `claims.toml` was changed so that it does not hang together.
    """
    return read_toml(ClaimRules, files("traya_gql.domain").joinpath("claims.toml").read_text(encoding="utf-8"))


def exemptions() -> tuple[Exemption, ...]:
    """Return which texts may hold which claim all the same; each place and rule once."""
    return current_claim_rules().exemptions


# --- what is found ------------------------------------------------------------------------------------------------


class _Hit(NamedTuple):
    """Words `first` up to and without `end` of a sentence."""

    first: int
    end: int
    rule: str


def claims_in(text: str) -> tuple[Claim, ...]:
    """Return the forbidden claims that a text makes, in any of our languages; empty when it is lawful.

    Each rule and wording once. Short texts are remembered, so that asking again costs nothing.
    """
    if len(text) > MOST_CHARACTERS:
        return (Claim("TOO_LONG", "", "design"),)
    return _remembered(text) if len(text) <= _REMEMBERED_CHARACTERS else _found(text)


def claims_in_code(code: str) -> tuple[Claim, ...]:
    """Return the forbidden claims that a code of letters A-Z, digits and hyphens makes; empty when it is lawful.

    It has hardly words: besides what `claims_in` finds, hyphens or digits between words, it may hold no stem of a rule.
    Of words that hold others the longest are told, under one rule.
    """
    in_words = dict.fromkeys((*claims_in(code), *claims_in(_LETTERS_BESIDE_DIGITS.sub("-", code))))
    rules = current_claim_rules()
    letters = re.sub(f"[^a-z{_HARMLESS}]", "", rules.codes.harmless.sub(_HARMLESS, code.lower()))
    in_letters = (
        Claim(name, found[0], rule.source)
        for name, rule in rules.rules.items()
        for one in rule.stems
        for found in one.finditer(letters)
    )
    found: dict[str, Claim] = {}
    for claim in (*in_words, *in_letters):
        found.setdefault(claim.words.replace(" ", ""), claim)
    return tuple(
        claim for words, claim in found.items() if not any(words in other for other in found if other != words)
    )


def _found(text: str) -> tuple[Claim, ...]:
    rules = current_claim_rules()
    claims = dict.fromkeys(_claims(text, rules, hyphen=" "))
    if _HYPHEN.search(text):  # "re-grow" is read as "re grow"; "guaran-tee" needs the other way
        known = {claim.rule for claim in claims}
        claims |= dict.fromkeys(one for one in _claims(text, rules, hyphen="") if one.rule not in known)
    return tuple(claims)


_remembered = lru_cache(maxsize=_REMEMBERED_TEXTS)(_found)


def _claims(text: str, rules: ClaimRules, *, hyphen: str) -> Iterator[Claim]:
    for sentence in _sentences(text, hyphen=hyphen):
        hits = _hits(sentence.words, rules)
        denied = frozenset[_Hit]() if sentence.is_question else _denied(sentence.words, hits, rules.warnings)
        for hit in hits:
            if hit not in denied:
                yield Claim(hit.rule, " ".join(sentence.words[hit.first : hit.end]), rules.rules[hit.rule].source)


def _hits(words: Sequence[str], rules: ClaimRules) -> list[_Hit]:
    """Return where claims stand in a sentence, by place; what stands in lawful words is none."""
    line = " ".join(words)
    lawful = {
        name: [found.span() for one in rule.lawful for found in one.finditer(line)]
        for name, rule in rules.rules.items()
    }
    starts: dict[int, int] = {}
    offset = 0
    for index, word in enumerate(words):
        starts[offset] = index
        offset += len(word) + 1
    starts[offset] = len(words)
    return sorted(
        _Hit(starts[found.start()], starts[found.end() + 1], name)
        for name, one in rules.patterns
        for found in one.finditer(line)
        if not any(start <= found.start() and found.end() <= end for start, end in lawful[name])
    )


def _denied(words: Sequence[str], hits: Sequence[_Hit], warnings: Warnings) -> frozenset[_Hit]:
    """Return the hits that the sentence denies. What is linked to a denied hit is denied with it."""
    denied = set()
    covered: set[int] = set()
    for hit in hits:
        if _is_denied_before(words, hit, covered, warnings) and not _is_spoiled(words, hit, warnings):
            denied.add(hit)
            covered.update(range(hit.first, hit.end))
    covered = set()
    for hit in sorted(hits, key=lambda one: -one.end):
        if _is_denied_after(words, hit, covered, warnings) and not _is_spoiled(words, hit, warnings):
            denied.add(hit)
            covered.update(range(hit.first, hit.end))
    return frozenset(denied)


def _is_denied_before(words: Sequence[str], hit: _Hit, covered: set[int], warnings: Warnings) -> bool:
    for place in range(hit.first - 1, max(-1, hit.first - 1 - _REACH), -1):
        between = " ".join(words[place : hit.first])
        if place in covered or any(one.match(between) for one in warnings.before):
            return True
        if any(one.fullmatch(between) for one in warnings.directly_before):
            return True
        if words[place] == ",":
            if words[place + 1] not in warnings.may_follow_comma:
                return False
        elif words[place] not in warnings.links:
            return False
    return False


def _is_denied_after(words: Sequence[str], hit: _Hit, covered: set[int], warnings: Warnings) -> bool:
    if hit.first and words[hit.first - 1] in warnings.only:
        return False
    for place in range(hit.end, min(len(words), hit.end + _REACH)):
        if place in covered:
            return True
        rest = " ".join(words[place : place + _REACH])
        if any(one.match(rest) for one in warnings.after):
            return True
        if words[place] not in warnings.links:
            return False
    return False


def _is_spoiled(words: Sequence[str], hit: _Hit, warnings: Warnings) -> bool:
    """Return whether words soon after the claim take its denial away."""
    for word in words[hit.end : hit.end + _REACH]:
        if word == ",":
            return False
        if word in warnings.spoilers:
            return True
    return False
