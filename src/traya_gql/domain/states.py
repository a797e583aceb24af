"""The states and union territories of India, and their codes in tax law."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class IndianState(StrEnum):
    """States and union territories. Source: https://gstkanun.in/gst-state-code-list-of-india/ (25 and 28 retired)."""

    ANDAMAN_AND_NICOBAR_ISLANDS = "ANDAMAN_AND_NICOBAR_ISLANDS"
    ANDHRA_PRADESH = "ANDHRA_PRADESH"
    ARUNACHAL_PRADESH = "ARUNACHAL_PRADESH"
    ASSAM = "ASSAM"
    BIHAR = "BIHAR"
    CHANDIGARH = "CHANDIGARH"
    CHHATTISGARH = "CHHATTISGARH"
    DADRA_AND_NAGAR_HAVELI_AND_DAMAN_AND_DIU = "DADRA_AND_NAGAR_HAVELI_AND_DAMAN_AND_DIU"
    DELHI = "DELHI"
    GOA = "GOA"
    GUJARAT = "GUJARAT"
    HARYANA = "HARYANA"
    HIMACHAL_PRADESH = "HIMACHAL_PRADESH"
    JAMMU_AND_KASHMIR = "JAMMU_AND_KASHMIR"
    JHARKHAND = "JHARKHAND"
    KARNATAKA = "KARNATAKA"
    KERALA = "KERALA"
    LADAKH = "LADAKH"
    LAKSHADWEEP = "LAKSHADWEEP"
    MADHYA_PRADESH = "MADHYA_PRADESH"
    MAHARASHTRA = "MAHARASHTRA"
    MANIPUR = "MANIPUR"
    MEGHALAYA = "MEGHALAYA"
    MIZORAM = "MIZORAM"
    NAGALAND = "NAGALAND"
    ODISHA = "ODISHA"
    PUDUCHERRY = "PUDUCHERRY"
    PUNJAB = "PUNJAB"
    RAJASTHAN = "RAJASTHAN"
    SIKKIM = "SIKKIM"
    TAMIL_NADU = "TAMIL_NADU"
    TELANGANA = "TELANGANA"
    TRIPURA = "TRIPURA"
    UTTAR_PRADESH = "UTTAR_PRADESH"
    UTTARAKHAND = "UTTARAKHAND"
    WEST_BENGAL = "WEST_BENGAL"

    @property
    def label(self) -> str:
        """The name as people write it, such as "Jammu and Kashmir"."""
        return self.value.replace("_", " ").title().replace(" And ", " and ")


_GST_CODES: Mapping[IndianState, str] = MappingProxyType(
    {
        IndianState.JAMMU_AND_KASHMIR: "01",
        IndianState.HIMACHAL_PRADESH: "02",
        IndianState.PUNJAB: "03",
        IndianState.CHANDIGARH: "04",
        IndianState.UTTARAKHAND: "05",
        IndianState.HARYANA: "06",
        IndianState.DELHI: "07",
        IndianState.RAJASTHAN: "08",
        IndianState.UTTAR_PRADESH: "09",
        IndianState.BIHAR: "10",
        IndianState.SIKKIM: "11",
        IndianState.ARUNACHAL_PRADESH: "12",
        IndianState.NAGALAND: "13",
        IndianState.MANIPUR: "14",
        IndianState.MIZORAM: "15",
        IndianState.TRIPURA: "16",
        IndianState.MEGHALAYA: "17",
        IndianState.ASSAM: "18",
        IndianState.WEST_BENGAL: "19",
        IndianState.JHARKHAND: "20",
        IndianState.ODISHA: "21",
        IndianState.CHHATTISGARH: "22",
        IndianState.MADHYA_PRADESH: "23",
        IndianState.GUJARAT: "24",
        IndianState.DADRA_AND_NAGAR_HAVELI_AND_DAMAN_AND_DIU: "26",
        IndianState.MAHARASHTRA: "27",
        IndianState.KARNATAKA: "29",
        IndianState.GOA: "30",
        IndianState.LAKSHADWEEP: "31",
        IndianState.KERALA: "32",
        IndianState.TAMIL_NADU: "33",
        IndianState.PUDUCHERRY: "34",
        IndianState.ANDAMAN_AND_NICOBAR_ISLANDS: "35",
        IndianState.TELANGANA: "36",
        IndianState.ANDHRA_PRADESH: "37",
        IndianState.LADAKH: "38",
    }
)


def gst_code(state: IndianState) -> str:
    """Return the state's two digits in tax law: what a GSTIN begins with.

    Source: https://gstkanun.in/gst-state-code-list-of-india/ (25 and 28 are retired, 97 is what lies in no state).
    """
    return _GST_CODES[state]
