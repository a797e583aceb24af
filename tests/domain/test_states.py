"""The states and union territories, and their codes in tax law."""

from __future__ import annotations

import pytest

from traya_gql.domain.states import IndianState, gst_code


def test_the_states_are_28_and_the_union_territories_8() -> None:
    assert len(IndianState) == 28 + 8


def test_each_state_has_its_own_code() -> None:
    codes = sorted(gst_code(state) for state in IndianState)

    # 25 is of Daman and Diu, which joined Dadra and Nagar Haveli; 28 of Andhra Pradesh before Telangana left it
    assert codes == [f"{code:02}" for code in range(1, 39) if code not in {25, 28}]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (IndianState.JAMMU_AND_KASHMIR, "01"),
        (IndianState.DELHI, "07"),
        (IndianState.WEST_BENGAL, "19"),
        (IndianState.DADRA_AND_NAGAR_HAVELI_AND_DAMAN_AND_DIU, "26"),
        (IndianState.MAHARASHTRA, "27"),
        (IndianState.KARNATAKA, "29"),
        (IndianState.TAMIL_NADU, "33"),
        (IndianState.TELANGANA, "36"),
        (IndianState.ANDHRA_PRADESH, "37"),
        (IndianState.LADAKH, "38"),
    ],
)
def test_a_code_is_that_of_tax_law(state: IndianState, code: str) -> None:
    assert gst_code(state) == code


@pytest.mark.parametrize(
    ("state", "label"),
    [
        (IndianState.GOA, "Goa"),
        (IndianState.TAMIL_NADU, "Tamil Nadu"),
        (IndianState.ANDAMAN_AND_NICOBAR_ISLANDS, "Andaman and Nicobar Islands"),
        (IndianState.DADRA_AND_NAGAR_HAVELI_AND_DAMAN_AND_DIU, "Dadra and Nagar Haveli and Daman and Diu"),
    ],
)
def test_a_state_has_a_name_for_people(state: IndianState, label: str) -> None:
    assert state.label == label
