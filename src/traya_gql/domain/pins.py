"""PIN codes: which state they lie in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from traya_gql.domain.data_files import read_toml
from traya_gql.domain.states import IndianState

PinPrefix = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{1,5}$")]
"""The first digits of a PIN code: two to all six."""

_SHORTEST, _LONGEST = 2, 6
_ALL = frozenset(IndianState)
_NONE: frozenset[IndianState] = frozenset()


class PinTable(BaseModel):
    """All of `pins.toml`.

    Args:
        sources: where the prefixes are from.
        anywhere: prefixes that lie in no certain state.
        prefixes: the states of each other prefix.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[str, ...]
    anywhere: frozenset[PinPrefix]
    prefixes: Mapping[PinPrefix, Annotated[frozenset[IndianState], Field(min_length=1)]]

    def states_of(self, pin_code: str) -> frozenset[IndianState]:
        """Return the states of the longest prefix that the PIN code begins with; none where none is known."""
        for length in range(_LONGEST, _SHORTEST - 1, -1):
            prefix = pin_code[:length]
            if prefix in self.anywhere:
                return _ALL
            if states := self.prefixes.get(prefix):
                return states
        return _NONE


@cache
def pin_table() -> PinTable:
    """Return the table of this release."""
    return read_toml(PinTable, files("traya_gql.domain").joinpath("pins.toml").read_text(encoding="utf-8"))


def is_army_post(pin_code: str) -> bool:
    """Return whether a PIN code of six digits is one of the Army Postal Service, which may lie in any state."""
    return states_of(pin_code) == _ALL


def states_of(pin_code: str) -> frozenset[IndianState]:
    """Return the states that a PIN code of six digits may lie in.

    All of them for the Army Postal Service; none: no postal circle begins like this, so there is no such PIN code.
    Several where one prefix serves several states.
    """
    return pin_table().states_of(pin_code)
