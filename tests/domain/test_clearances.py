"""What a doctor lifted, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from traya_gql.domain.clearances import Clearance, in_force, kit_in_force
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.kit import Kit, KitItem

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DAY = timedelta(days=1)
NO_KIT = Kit(items=(), basic=(), excluded=())


def kit(number: int) -> Kit:
    item = KitItem(product_id=UUID(int=number), score=40, reasons=())
    return Kit(items=(item,), basic=(), excluded=())


def clearance(gate: GateCode, days: int, *, kit_days: int | None = None, number: int = 1) -> Clearance:
    return Clearance(
        gate=gate,
        doctor_id=UUID(int=9),
        reason="Examined today.",
        made_at=NOW - DAY,
        expires_at=NOW + days * DAY,
        kit=kit(number),
        kit_until=NOW + (days if kit_days is None else kit_days) * DAY,
    )


def test_a_clearance_is_in_force_until_it_ends() -> None:
    one = clearance(GateCode.G08_CARDIO, 1)

    assert in_force([one], now=NOW) == {GateCode.G08_CARDIO: one}
    assert in_force([one], now=NOW + DAY) == {}


def test_the_last_clearance_of_a_finding_counts_even_if_it_ends_sooner() -> None:
    long, short = clearance(GateCode.G08_CARDIO, 30), clearance(GateCode.G08_CARDIO, 1)

    assert in_force([long, short], now=NOW) == {GateCode.G08_CARDIO: short}
    assert in_force([long, short], now=NOW + 2 * DAY) == {}


def test_clearances_of_several_findings_stand_side_by_side() -> None:
    heart, liver = clearance(GateCode.G08_CARDIO, 1), clearance(GateCode.G09_LIVER, 2)

    assert in_force([heart, liver], now=NOW) == {GateCode.G08_CARDIO: heart, GateCode.G09_LIVER: liver}


def test_without_a_clearance_the_kit_is_the_reports_own() -> None:
    assert kit_in_force(NO_KIT, [], now=NOW) == NO_KIT


def test_the_kit_is_the_last_clearances_until_the_first_that_it_rests_on_ends() -> None:
    first, last = clearance(GateCode.G08_CARDIO, 1), clearance(GateCode.G09_LIVER, 30, kit_days=1, number=2)

    assert kit_in_force(NO_KIT, [first, last], now=NOW) == kit(2)
    assert kit_in_force(NO_KIT, [first, last], now=NOW + DAY) == NO_KIT
