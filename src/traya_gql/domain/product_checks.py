"""What staff may write of a product, and what it takes to sell one: limits, lawful words, and facts that hang together.

Problems stand at the fields of the graph's inputs: `["input", "cautions", "0", "hi"]`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.claims import Claim, claims_in
from traya_gql.domain.gst import gst_percent
from traya_gql.domain.ingredients import INGREDIENTS
from traya_gql.domain.money import paise
from traya_gql.domain.products import (
    MAX_LABEL_MONTHS,
    MAX_MONTHLY_QUANTITY,
    MAX_PRICE_PAISE,
    MAX_WEIGHT_G,
    ProductCategory,
    ProductFacts,
    ProductTag,
    RegulatoryClass,
)
from traya_gql.domain.refusals import InvalidValue, Problems, RefusalCode
from traya_gql.domain.ruleset.codes import CauseCode, EvidenceGrade
from traya_gql.domain.ruleset.options import Pattern
from traya_gql.domain.shelves import name_key
from traya_gql.domain.text import TEXT_CODES, clean_text

NAME_MAX_LENGTH = 120
SLUG_MAX_LENGTH = 100
BENEFIT_MAX_LENGTH = 200
TEXT_MAX_LENGTH = 500
"""Of usage and cautions, in each language."""

MOST_BENEFITS = 10
MOST_CAUTIONS = 10
MOST_INGREDIENTS = 20
MOST_STAGES = 6
MOST_STRENGTH = 3

PRESCRIPTION_INGREDIENTS = frozenset({"MINOXIDIL", "FINASTERIDE", "DUTASTERIDE", "TRETINOIN", "KETOCONAZOLE"})
"""Whatever holds one of these is sold on prescription only, as a cosmetic never.

Source: Drugs Rules, Schedule H,
https://www.medindia.net/patientinfo/drugs-and-cosmetics-rules-schedule-h-schedule-h1-drugs.htm
"""

INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        "CURE": 'Say what it may help with, such as "May help to keep the scalp comfortable."',
        "GUARANTEE": "Leave the promise out.",
        "PERMANENT_RESULT": 'Say what it may do "while it is used".',
        "HUNDRED_PERCENT": "Leave the figure out.",
        "NEW_HAIR": 'Speak of the hair that is there, such as "May help to reduce breakage."',
        "BALDNESS_TREATMENT": 'Speak of "thinning hair", and of what it may support.',
        "NO_SIDE_EFFECTS": "Say in the cautions what to look out for.",
        "CERTAIN_RESULT": 'Say that it "may help".',
        "INSTANT_RESULT": "Leave the time out.",
        "GREY_HAIR": "Leave the colour of the hair out.",
    }
)
"""What staff can say instead, by the rule of `claims.toml` that a text breaks."""

PRODUCT_CODES = TEXT_CODES | {
    RefusalCode.REQUIRED,
    RefusalCode.OUT_OF_RANGE,
    RefusalCode.TOO_MANY,
    RefusalCode.DUPLICATE,
    RefusalCode.UNKNOWN_INGREDIENT,
    RefusalCode.UNKNOWN_HSN,
    RefusalCode.FORBIDDEN_CLAIM,
}
"""What `check_written` and `check_whole` may find."""

PUBLISHING_CODES = frozenset({RefusalCode.NOT_PUBLISHABLE, RefusalCode.UNKNOWN_HSN, RefusalCode.FORBIDDEN_CLAIM})
"""What `check_publishable` may find."""


class WrittenText(NamedTuple):
    """A text as somebody typed it, in both languages."""

    en: str
    hi: str


class Affinity(NamedTuple):
    """How well a product suits a cause, as somebody typed it."""

    cause: CauseCode
    strength: int


class WrittenProduct(BaseModel):
    """What staff write of a product, unchecked. What is left out stays as it is; None clears.

    The names are those of `ProductFacts`, but for the price, which is in rupees.
    """

    model_config = ConfigDict(frozen=True)

    name: str | None = None
    category: ProductCategory | None = None
    tags: tuple[ProductTag, ...] | None = None
    benefits: tuple[str, ...] | None = None
    price: Decimal | None = None
    is_in_stock: bool | None = None
    is_for_men: bool | None = None
    ingredients: tuple[str, ...] | None = None
    actives: tuple[str, ...] | None = None
    regulatory_class: RegulatoryClass | None = None
    pattern_fit: tuple[Pattern, ...] | None = None
    affinities: tuple[Affinity, ...] | None = None
    stages: tuple[int, ...] | None = None
    evidence: EvidenceGrade | None = None
    hsn: str | None = None
    usage: WrittenText | None = None
    cautions: tuple[WrittenText, ...] | None = None
    monthly_quantity: int | None = None
    most_months: int | None = None
    weight_g: int | None = None


# --- one field --------------------------------------------------------------------------------------------------------


class _Field(NamedTuple):
    """How one field is checked.

    `place`: its name in the graph. `cleared`: what None makes of it; None: nothing. `may_be_none`: None is a fact.
    """

    place: str
    name: str
    check: Callable[[Any, Problems, str], Any]
    cleared: tuple[()] | None = None
    may_be_none: bool = False


def _text(*, what: str, max_length: int, min_length: int = 1) -> Callable[[str, Problems, str], str | None]:
    def check(raw: str, problems: Problems, place: str) -> str | None:
        return problems.take(place, lambda: _lawful(raw, what=what, min_length=min_length, max_length=max_length))

    return check


def _lawful(raw: str, *, what: str, min_length: int, max_length: int) -> str:
    text = clean_text(raw, what=what, min_length=min_length, max_length=max_length)
    # nothing that is written here is HTML, and a page that took it for some would run what somebody wrote
    if "<" in text or ">" in text:
        message = f'{what} is plain text: leave "<" and ">" out, and write "less than" or "more than" as words.'
        raise InvalidValue(RefusalCode.INVALID_CHARACTERS, message)
    refuse_claims(claims_in(text))
    return text


def refuse_claims(claims: Sequence[Claim], *, instead: str | None = None) -> None:
    """Do nothing where no claim was found.

    Raises:
        InvalidValue: FORBIDDEN_CLAIM, with the words that make the claims, all of them, and what to say instead: None
            for what the rules have. Rules and their sources are in `claims.toml`: they tell nothing to who writes.
    """
    if not claims:
        return
    words = dict.fromkeys(claim.words for claim in claims)
    # of words in words the longest are told
    told = [f'"{one}"' for one in words if not any(f" {one} " in f" {other} " for other in words if other != one)]
    listed = " and ".join(filter(None, (", ".join(told[:-1]), told[-1])))
    advice = instead or " ".join(dict.fromkeys(INSTEAD[claim.rule] for claim in claims))
    raise InvalidValue(RefusalCode.FORBIDDEN_CLAIM, f"The law does not let us say {listed} here. {advice}")


def _local(*, what: str) -> Callable[[WrittenText, Problems, str], dict[str, str | None]]:
    def check(written: WrittenText, problems: Problems, place: str) -> dict[str, str | None]:
        with problems.under(place):
            return {
                "en": _text(what=f"{what} in English", max_length=TEXT_MAX_LENGTH)(written.en, problems, "en"),
                "hi": _text(what=f"{what} in Hindi", max_length=TEXT_MAX_LENGTH)(written.hi, problems, "hi"),
            }

    return check


def _each(check_one: Callable[[Any, Problems, str], Any], *, at_most: int) -> Callable[[Any, Problems, str], Any]:
    """Return the check of a list, each of which may stand in it once."""

    def check(written: Sequence[Hashable], problems: Problems, place: str) -> tuple[Any, ...] | None:
        if len(written) > at_most:
            problems.add(RefusalCode.TOO_MANY, f"At most {at_most} can be named here.", place)
            return None
        if len(set(written)) < len(written):
            problems.add(RefusalCode.DUPLICATE, "Name each once.", place)
        with problems.under(place):
            return tuple(check_one(one, problems, str(number)) for number, one in enumerate(written))

    return check


def _known(code: str, problems: Problems, place: str) -> str:
    if code not in INGREDIENTS:
        message = "There is no ingredient with this code. Use the codes of the question `allergies`."
        problems.add(RefusalCode.UNKNOWN_INGREDIENT, message, place)
    return code


def _whole_number(least: int, most: int) -> Callable[[int, Problems, str], int]:
    def check(written: int, problems: Problems, place: str) -> int:
        if not least <= written <= most:
            problems.add(RefusalCode.OUT_OF_RANGE, f"This must be between {least} and {most}.", place)
        return written

    return check


def _affinities(written: Sequence[Affinity], problems: Problems, place: str) -> dict[CauseCode, int]:
    causes = [one.cause for one in written]
    if len(set(causes)) < len(causes):
        problems.add(RefusalCode.DUPLICATE, "Name each cause once.", place)
        return {}
    with problems.under(place):
        for number, one in enumerate(written):
            with problems.under(str(number)):
                _whole_number(1, MOST_STRENGTH)(one.strength, problems, "strength")
    return {one.cause: one.strength for one in written}


def _price(written: Decimal, problems: Problems, place: str) -> int | None:
    return problems.take(place, lambda: _price_in_bounds(written))


def _price_in_bounds(written: Decimal) -> int:
    try:
        amount = paise(written)
    except InvalidValue:
        amount = 0  # whatever is wrong with it, the limits of a price are told
    if not 1 <= amount <= MAX_PRICE_PAISE:
        most = MAX_PRICE_PAISE // 100
        message = f"A price is more than 0 and at most {most} rupees, with at most two decimals, such as 499.00."
        raise InvalidValue(RefusalCode.OUT_OF_RANGE, message)
    return amount


def _hsn(written: str, problems: Problems, place: str) -> str:
    if not re.fullmatch(r"\d{4}|\d{6}|\d{8}", written, re.ASCII):
        problems.add(RefusalCode.UNKNOWN_HSN, "A tariff heading (HSN) has 4, 6 or 8 digits.", place)
    return written


def _as_it_is(written: object, problems: Problems, place: str) -> object:  # noqa: ARG001 - the others need them
    return written


_BENEFIT = _text(what="A benefit", max_length=BENEFIT_MAX_LENGTH)
_FIELDS: Mapping[str, _Field] = MappingProxyType(
    {
        "name": _Field("name", "name", _text(what="The name", min_length=2, max_length=NAME_MAX_LENGTH)),
        "category": _Field("category", "category", _as_it_is),
        "tags": _Field("tags", "tags", _each(_as_it_is, at_most=len(ProductTag)), ()),
        "benefits": _Field("benefits", "benefits", _each(_BENEFIT, at_most=MOST_BENEFITS), ()),
        "price": _Field("price", "price_paise", _price),
        "is_in_stock": _Field("isInStock", "is_in_stock", _as_it_is),
        "is_for_men": _Field("isForMen", "is_for_men", _as_it_is),
        "ingredients": _Field("ingredients", "ingredients", _each(_known, at_most=MOST_INGREDIENTS), ()),
        "actives": _Field("actives", "actives", _each(_known, at_most=MOST_INGREDIENTS), ()),
        "regulatory_class": _Field("regulatoryClass", "regulatory_class", _as_it_is),
        "pattern_fit": _Field("patternFit", "pattern_fit", _each(_as_it_is, at_most=len(Pattern)), ()),
        "affinities": _Field("affinities", "affinities", _affinities, ()),
        "stages": _Field("stages", "stages", _each(_whole_number(1, MOST_STAGES), at_most=MOST_STAGES), ()),
        "evidence": _Field("evidence", "evidence", _as_it_is),
        "hsn": _Field("hsn", "hsn", _hsn),
        "usage": _Field("usage", "usage", _local(what="The usage")),
        "cautions": _Field("cautions", "cautions", _each(_local(what="A caution"), at_most=MOST_CAUTIONS), ()),
        "monthly_quantity": _Field("monthlyQuantity", "monthly_quantity", _whole_number(1, MAX_MONTHLY_QUANTITY)),
        "most_months": _Field("mostMonths", "most_months", _whole_number(1, MAX_LABEL_MONTHS), may_be_none=True),
        "weight_g": _Field("weightGrams", "weight_g", _whole_number(1, MAX_WEIGHT_G)),
    }
)


# --- a whole product --------------------------------------------------------------------------------------------------


def check_written(written: WrittenProduct, problems: Problems) -> dict[str, Any]:
    """Return what is written, by the names of `ProductFacts`. Good for use only where no problem was found."""
    checked: dict[str, Any] = {}
    for key, field in _FIELDS.items():
        if key not in written.model_fields_set:
            continue
        value = getattr(written, key)
        if value is None and field.may_be_none:
            checked[field.name] = None
            continue
        if value is None and field.cleared is None:
            problems.add(RefusalCode.REQUIRED, "This cannot be empty. Leave it out, and it stays.", field.place)
            continue
        checked[field.name] = field.check(field.cleared if value is None else value, problems, field.place)
    return checked


def check_whole(facts: Mapping[str, Any], problems: Problems) -> None:
    """Note what does not hang together in facts, each of which is good by itself."""
    for number, one in enumerate(facts["actives"]):
        if one not in facts["ingredients"]:
            message = "What acts is one of the ingredients: name it there, too."
            problems.add(RefusalCode.UNKNOWN_INGREDIENT, message, "actives", str(number))


def check_slug(raw: str | None, *, name: str, problems: Problems) -> str | None:
    """Return the slug as typed, or the one that follows from the name where none was; None with a problem."""
    slug = slug_of(name) if raw is None else raw
    if len(slug) > SLUG_MAX_LENGTH:
        problems.add(RefusalCode.TOO_LONG, f"A slug can have at most {SLUG_MAX_LENGTH} characters.", "slug")
    elif not slug:
        problems.add(RefusalCode.REQUIRED, "The name holds no Latin letter or digit: type a slug.", "slug")
    elif not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug, re.ASCII):
        message = "A slug is small Latin letters and digits, with single hyphens between: such as calm-scalp-serum."
        problems.add(RefusalCode.INVALID_CHARACTERS, message, "slug")
    else:
        # every page shows it, with hyphens for spaces
        return problems.take("slug", lambda: _lawful_slug(slug))
    return None


def _lawful_slug(slug: str) -> str:
    refuse_claims(claims_in(slug))
    return slug


def is_same_name(one: str, other: str) -> bool:
    """Return whether two names of products differ in nothing but capital letters."""
    return name_key(one) == name_key(other)


def slug_of(name: str) -> str:
    """Return the slug that follows from a name; empty when it holds no Latin letter or digit."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))[:SLUG_MAX_LENGTH].rstrip("-")


def check_publishable(product: ProductFacts, *, on: date, problems: Problems) -> None:
    """Note what stands in the way of selling a product on a day in India."""
    problems.take("hsn", lambda: gst_percent(product.hsn, on=on))
    if not product.benefits:
        problems.add(RefusalCode.NOT_PUBLISHABLE, "Say at least one thing that it may do.", "benefits")
    if not product.ingredients:
        message = "Name the ingredients: without them nobody is warned of an allergy."
        problems.add(RefusalCode.NOT_PUBLISHABLE, message, "ingredients")
    is_drug = product.regulatory_class is RegulatoryClass.SCHEDULE_H
    if not product.cautions and (is_drug or product.category is ProductCategory.MEDICINE):
        message = "Say what to look out for: drugs, and what is swallowed, need at least one caution."
        problems.add(RefusalCode.NOT_PUBLISHABLE, message, "cautions")
    if not is_drug and (found := PRESCRIPTION_INGREDIENTS.intersection(product.ingredients)):
        message = f"What holds {', '.join(sorted(found))} is sold on prescription only: its class is SCHEDULE_H."
        problems.add(RefusalCode.NOT_PUBLISHABLE, message, "regulatoryClass")
    _check_words(product, problems)


def _check_words(product: ProductFacts, problems: Problems) -> None:
    """Note what the law forbids to say today, whatever it was when it was written."""
    _note_claims(product.name, problems, "name")
    with problems.under("benefits"):
        for number, benefit in enumerate(product.benefits):
            _note_claims(benefit, problems, str(number))
    places = [("usage",), *(("cautions", str(number)) for number in range(len(product.cautions)))]
    for place, text in zip(places, (product.usage, *product.cautions), strict=True):
        with problems.under(*place):
            _note_claims(text.en, problems, "en")
            _note_claims(text.hi, problems, "hi")


def _note_claims(text: str, problems: Problems, place: str) -> None:
    problems.take(place, lambda: refuse_claims(claims_in(text)))
