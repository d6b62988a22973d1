"""Faults to put between the hub and any system, declared as small frozen values.

    system = FaultySystem(inner, [ReadFails(status=HTTPStatus.FORBIDDEN, page=2), LostAnswer(at=3)], clock)
    ...
    assert system.fired(LostAnswer) == 1
    system.use()  # the faults are gone

Call faults name the call (or write) they begin at, counted from 1 since the fault was put on, and how many in a row
they hit; `ALWAYS` for all. The others hold as long as they are on. A fault of your own is a frozen dataclass that
inherits `Fault` and gives a `Layer` over the system; layers pass on what they do not change.
`FaultPlan` keeps faults together, `FaultPlan.seeded(n)` makes some up, `fault_plans()` is their Hypothesis strategy;
both draw from the kinds in `PASSING`, or from those named with `of`, which may be of `MISLEADING` too.
"""

from tallystick.testing.faults.fault import ALWAYS, Call, Fault, Layer
from tallystick.testing.faults.plan import MISLEADING, PASSING, FaultPlan, FaultySystem, fault_plans
from tallystick.testing.faults.reading import (
    DuplicateId,
    EmptyListing,
    Hangs,
    IncompleteListing,
    ReadFails,
    ShortPage,
)
from tallystick.testing.faults.records import LateCommits, MergesRecords, ReusesIds
from tallystick.testing.faults.values import (
    Cuts,
    DropsField,
    EqualStamps,
    Normalisation,
    Normalises,
    SkewsClock,
    TruncatesStamps,
)
from tallystick.testing.faults.writing import (
    CallFails,
    HalfBatch,
    KillPoint,
    KillPoints,
    LostAnswer,
    Moment,
    WriteFails,
)

__all__ = [
    "ALWAYS",
    "MISLEADING",
    "PASSING",
    "Call",
    "CallFails",
    "Cuts",
    "DropsField",
    "DuplicateId",
    "EmptyListing",
    "EqualStamps",
    "Fault",
    "FaultPlan",
    "FaultySystem",
    "HalfBatch",
    "Hangs",
    "IncompleteListing",
    "KillPoint",
    "KillPoints",
    "LateCommits",
    "Layer",
    "LostAnswer",
    "MergesRecords",
    "Moment",
    "Normalisation",
    "Normalises",
    "ReadFails",
    "ReusesIds",
    "ShortPage",
    "SkewsClock",
    "TruncatesStamps",
    "WriteFails",
    "fault_plans",
]
