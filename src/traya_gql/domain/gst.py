"""GST: the tax that lies inside a price, by tariff heading and day.

Sources: CGST Rule 35 for the arithmetic, https://lawcrux.com/data5t/gt/gtstrl/cgst_rule_35.htm; of the rates those in
`gst.toml`. docs/decisions/0032.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from traya_gql.domain.data_files import read_toml
from traya_gql.domain.refusals import InvalidValue, RefusalCode
from traya_gql.domain.states import IndianState

Hsn = Annotated[str, StringConstraints(pattern=r"^(\d{4}|\d{6}|\d{8})$")]
"""A tariff heading: 4, 6 or 8 digits."""


class UnknownHsn(InvalidValue):
    """No rate is known for a tariff heading on a day."""

    def __init__(self, hsn: str, on: date) -> None:
        message = f"No GST rate is known for HSN {hsn} on {on:%d %B %Y}. Choose another HSN, or have the rate added."
        super().__init__(RefusalCode.UNKNOWN_HSN, message)


class Tax(BaseModel):
    """The tax inside an amount: `gross = taxable + cgst + sgst + igst`, all in paise.

    Within the seller's state CGST and SGST are half of the rate each, and IGST is 0; between states it is IGST alone.
    `percent` is the whole rate.
    """

    model_config = ConfigDict(frozen=True)

    hsn: str
    percent: int
    taxable_paise: int
    cgst_paise: int
    sgst_paise: int
    igst_paise: int

    @property
    def tax_paise(self) -> int:
        """All taxes together."""
        return self.cgst_paise + self.sgst_paise + self.igst_paise

    @property
    def gross_paise(self) -> int:
        """The amount that holds the tax."""
        return self.taxable_paise + self.tax_paise


class GstRate(BaseModel):
    """The rate of all headings that begin with `hsn`, from a day on (in India) until another rate begins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hsn: Hsn
    percent: Annotated[int, Field(ge=0, le=40)]
    starts: date
    source: Annotated[str, Field(min_length=1)]
    why: Annotated[str, Field(min_length=1)]


class GstRates(BaseModel):
    """All rates that are known, and the state in which the seller is registered: within it CGST and SGST are owed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seller_state: IndianState
    rates: Annotated[tuple[GstRate, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _are_told_apart(self) -> Self:
        known = [(rate.hsn, rate.starts) for rate in self.rates]
        if len(set(known)) < len(known):
            raise ValueError("a heading has two rates from the same day")
        return self

    def percent(self, hsn: str, *, on: date) -> int:
        """Return the rate of the longest heading that this one begins with and that has a rate on this day.

        Raises:
            UnknownHsn: there is none.
        """
        begun = [rate for rate in self.rates if hsn.startswith(rate.hsn) and rate.starts <= on]
        if not begun:
            raise UnknownHsn(hsn, on)
        return max(begun, key=lambda rate: (len(rate.hsn), rate.starts)).percent


@cache
def gst_rates() -> GstRates:
    """Return the rates of `gst.toml`."""
    return read_toml(GstRates, files("traya_gql.domain").joinpath("gst.toml").read_text(encoding="utf-8"))


def gst_percent(hsn: str, *, on: date) -> int:
    """Return the rate of a tariff heading on a day in India, in percent.

    Raises:
        UnknownHsn: no rate is known.
    """
    return gst_rates().percent(hsn, on=on)


def contained_tax(gross_paise: int, *, hsn: str, percent: int, is_intra_state: bool) -> Tax:
    """Return the tax inside an amount of paise that is not negative.

    Source: CGST Rule 35: tax inside an inclusive value = value x rate / (100 + rate); each tax half up to the paisa.
    """
    whole = 100 + percent
    if is_intra_state:
        half = _half_up(gross_paise * percent, 2 * whole)
        taxable, cgst, sgst, igst = gross_paise - 2 * half, half, half, 0
    else:
        igst = _half_up(gross_paise * percent, whole)
        taxable, cgst, sgst = gross_paise - igst, 0, 0
    return Tax(hsn=hsn, percent=percent, taxable_paise=taxable, cgst_paise=cgst, sgst_paise=sgst, igst_paise=igst)


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


class TaxTotal(BaseModel):
    """The sums of several taxes, in paise."""

    model_config = ConfigDict(frozen=True)

    taxable_paise: int
    cgst_paise: int
    sgst_paise: int
    igst_paise: int

    @property
    def tax_paise(self) -> int:
        """All taxes together."""
        return self.cgst_paise + self.sgst_paise + self.igst_paise

    @classmethod
    def of(cls, taxes: Iterable[Tax]) -> Self:
        """Return the sums."""
        known = tuple(taxes)
        return cls(
            taxable_paise=sum(tax.taxable_paise for tax in known),
            cgst_paise=sum(tax.cgst_paise for tax in known),
            sgst_paise=sum(tax.sgst_paise for tax in known),
            igst_paise=sum(tax.igst_paise for tax in known),
        )
