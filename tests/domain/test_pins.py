"""Which state a PIN code lies in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.data_files import FileInvalid, read_toml
from traya_gql.domain.pins import PinTable, is_army_post, pin_table, states_of
from traya_gql.domain.states import IndianState

S = IndianState
PIN_CODES = st.integers(100_000, 999_999).map(str)

# the main post office of each capital, or of the largest town where a state shares its capital
CAPITALS = {
    S.ANDAMAN_AND_NICOBAR_ISLANDS: "744101",
    S.ANDHRA_PRADESH: "520001",
    S.ARUNACHAL_PRADESH: "791111",
    S.ASSAM: "781001",
    S.BIHAR: "800001",
    S.CHANDIGARH: "160017",
    S.CHHATTISGARH: "492001",
    S.DADRA_AND_NAGAR_HAVELI_AND_DAMAN_AND_DIU: "396210",
    S.DELHI: "110001",
    S.GOA: "403001",
    S.GUJARAT: "382010",
    S.HARYANA: "121001",
    S.HIMACHAL_PRADESH: "171001",
    S.JAMMU_AND_KASHMIR: "190001",
    S.JHARKHAND: "834001",
    S.KARNATAKA: "560001",
    S.KERALA: "695001",
    S.LADAKH: "194101",
    S.LAKSHADWEEP: "682555",
    S.MADHYA_PRADESH: "462001",
    S.MAHARASHTRA: "400001",
    S.MANIPUR: "795001",
    S.MEGHALAYA: "793001",
    S.MIZORAM: "796001",
    S.NAGALAND: "797001",
    S.ODISHA: "751001",
    S.PUDUCHERRY: "605001",
    S.PUNJAB: "141001",
    S.RAJASTHAN: "302001",
    S.SIKKIM: "737101",
    S.TAMIL_NADU: "600001",
    S.TELANGANA: "500001",
    S.TRIPURA: "799001",
    S.UTTAR_PRADESH: "226001",
    S.UTTARAKHAND: "248001",
    S.WEST_BENGAL: "700001",
}
SHARED = {
    S.CHANDIGARH: {S.CHANDIGARH, S.PUNJAB, S.HARYANA},
    S.DADRA_AND_NAGAR_HAVELI_AND_DAMAN_AND_DIU: {S.GUJARAT, S.DADRA_AND_NAGAR_HAVELI_AND_DAMAN_AND_DIU},
    S.PUDUCHERRY: {S.PUDUCHERRY, S.TAMIL_NADU},
}


@pytest.mark.parametrize("state", S)
def test_a_capital_lies_in_its_state_and_in_no_other_but_where_a_prefix_is_shared(state: IndianState) -> None:
    assert states_of(CAPITALS[state]) == SHARED.get(state, {state})


@pytest.mark.parametrize(
    ("pin_code", "states"),
    [
        pytest.param("160055", {S.CHANDIGARH, S.PUNJAB, S.HARYANA}, id="Mohali"),
        pytest.param("194103", {S.LADAKH}, id="Kargil"),
        pytest.param("180001", {S.JAMMU_AND_KASHMIR}, id="Jammu"),
        pytest.param("247667", {S.UTTARAKHAND, S.UTTAR_PRADESH}, id="Roorkee"),
        pytest.param("247001", {S.UTTARAKHAND, S.UTTAR_PRADESH}, id="Saharanpur"),
        pytest.param("262501", {S.UTTARAKHAND, S.UTTAR_PRADESH}, id="Pithoragarh"),
        pytest.param("263001", {S.UTTARAKHAND}, id="Nainital"),
        pytest.param("201301", {S.UTTAR_PRADESH}, id="Noida"),
        pytest.param("362520", {S.GUJARAT, S.DADRA_AND_NAGAR_HAVELI_AND_DAMAN_AND_DIU}, id="Diu"),
        pytest.param("362001", {S.GUJARAT}, id="Junagadh"),
        pytest.param("396193", {S.GUJARAT, S.DADRA_AND_NAGAR_HAVELI_AND_DAMAN_AND_DIU}, id="Dadra"),
        pytest.param("396230", {S.GUJARAT, S.DADRA_AND_NAGAR_HAVELI_AND_DAMAN_AND_DIU}, id="Silvassa"),
        pytest.param("396445", {S.GUJARAT}, id="Navsari"),
        pytest.param("411001", {S.MAHARASHTRA}, id="Pune"),
        pytest.param("440001", {S.MAHARASHTRA}, id="Nagpur"),
        pytest.param("507001", {S.TELANGANA, S.ANDHRA_PRADESH}, id="Khammam"),
        pytest.param("506001", {S.TELANGANA}, id="Warangal"),
        pytest.param("533464", {S.PUDUCHERRY, S.ANDHRA_PRADESH}, id="Yanam"),
        pytest.param("533001", {S.ANDHRA_PRADESH}, id="Kakinada"),
        pytest.param("609602", {S.PUDUCHERRY, S.TAMIL_NADU}, id="Karaikal"),
        pytest.param("607402", {S.PUDUCHERRY, S.TAMIL_NADU}, id="Bahour"),
        pytest.param("673310", {S.PUDUCHERRY, S.KERALA}, id="Mahe"),
        pytest.param("673001", {S.KERALA}, id="Kozhikode"),
        pytest.param("682001", {S.KERALA}, id="Kochi"),
        pytest.param("682508", {S.KERALA}, id="Elamkunnapuzha, on the mainland"),
        pytest.param("682551", {S.LAKSHADWEEP}, id="Androth"),
        pytest.param("734001", {S.WEST_BENGAL}, id="Siliguri"),
        pytest.param("743101", {S.WEST_BENGAL}, id="North 24 Parganas"),
        pytest.param("788001", {S.ASSAM}, id="Silchar"),
        pytest.param("814112", {S.BIHAR, S.JHARKHAND}, id="Deoghar"),
        pytest.param("831001", {S.JHARKHAND}, id="Jamshedpur"),
    ],
)
def test_a_town_lies_where_it_does(pin_code: str, states: set[IndianState]) -> None:
    assert states_of(pin_code) == states


@given(pin_code=st.integers(900_000, 999_999).map(str))
def test_the_army_may_be_anywhere(pin_code: str) -> None:
    assert states_of(pin_code) == frozenset(S)


@given(pin_code=PIN_CODES)
def test_a_pin_code_is_the_armys_by_its_first_digit(pin_code: str) -> None:
    assert is_army_post(pin_code) is pin_code.startswith("9")


@pytest.mark.parametrize("pin_code", ["100000", "290001", "350001", "540001", "550001", "860001", "890001"])
def test_where_no_postal_circle_begins_like_it_there_is_no_pin_code(pin_code: str) -> None:
    assert states_of(pin_code) == frozenset()


def test_each_state_has_a_prefix_and_each_prefix_its_place() -> None:
    table = pin_table()

    assert {state for states in table.prefixes.values() for state in states} == set(S)
    assert table.anywhere.isdisjoint(table.prefixes)
    assert all(source.startswith("https://") for source in table.sources)


@given(pin_code=PIN_CODES)
def test_the_longest_prefix_counts(pin_code: str) -> None:
    table = pin_table()
    known = [pin_code[:length] for length in range(1, 7) if pin_code[:length] in table.prefixes]

    if pin_code[:2] not in table.anywhere:
        assert states_of(pin_code) == (table.prefixes[known[-1]] if known else frozenset())


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ("11 = []", "prefixes.11: Frozenset should have at least 1 item after validation, not 0"),
        ('1 = ["DELHI"]', "prefixes.1: String should match pattern '^[1-9][0-9]{1,5}$'"),
        ('011 = ["DELHI"]', "prefixes.011: String should match pattern '^[1-9][0-9]{1,5}$'"),
    ],
)
def test_a_table_that_does_not_hang_together_is_refused(changed: str, problem: str) -> None:
    with pytest.raises(FileInvalid) as refusal:
        read_toml(PinTable, f"sources = []\nanywhere = []\n[prefixes]\n{changed}")

    assert refusal.value.problems == (problem,)
