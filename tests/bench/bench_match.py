"""A million records against a million, and small increments. Prints numbers, judges nothing.

Each measurement of memory runs in a process of its own, so that the peak is its own.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

import pyarrow as pa

from tallystick.engine.match import Matched, match, match_keys
from tallystick.model.flow import Compare, Match, PossibleRule
from tallystick.model.record import ID
from tallystick.model.side import Side

DEFINITE = Match(definite=(("serial", "maker"), ("tag",)))
WHOLE = Match(
    definite=DEFINITE.definite,
    possible=(PossibleRule(block=("maker",), compare={"name": Compare.TEXT, "serial": Compare.CODE}, at_least=0.85),),
)
MAKERS = ("Dell", "HP", "Lenovo", "Apple", "ASUS", "Acer", "Fujitsu", "Microsoft")


def assets(numbers: Sequence[int], side: Side) -> pa.Table:
    """Nine of ten have a serial, the others a tag; every hundredth serial is what a mainboard ships with. One per cent
    of each side is unknown to the other."""
    is_left = side is Side.LEFT

    def serial(number: int) -> str | None:
        if number % 10 == 0:
            return None
        if number % 100 == 1:
            return "To be filled by O.E.M."
        mark = ("L" if is_left else "R") if number % 100 == 2 else "S"
        return f"{mark}N-{number:08d}" if is_left else f" {mark.lower()}n{number:08d} "

    return pa.table(
        {
            ID: pa.array([f"{side.value}-{number:08d}" for number in numbers]),
            "serial": pa.array([serial(number) for number in numbers], pa.string()),
            "maker": pa.array([MAKERS[number % 8] if is_left else MAKERS[number % 8].upper() for number in numbers]),
            "tag": pa.array([f"AT-{number:07d}" if number % 10 == 0 else None for number in numbers], pa.string()),
            "name": pa.array([f"Latitude {number % 977} of desk {number % 3001}" for number in numbers]),
        }
    )


def report(matched: Matched) -> dict[str, int]:
    return {
        "definite": len(matched.definite),
        "possible": len(matched.possible),
        "disputed": len(matched.disputed),
        "new left": len(matched.new_left),
        "new right": len(matched.new_right),
        "blocks": len(matched.blocks),
    }


def measured(count: int, rules: Match) -> dict[str, object]:
    import resource

    left, right = assets(range(count), Side.LEFT), assets(range(count), Side.RIGHT)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.perf_counter()
    matched = match(rules, left, right)
    took = time.perf_counter() - began
    began = time.perf_counter()
    pairings = sum(1 for _ in matched.definite)
    looked = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": round(took, 1),
        "evidence of all definite, seconds": round(looked, 1),
        "pairings": pairings,
        "peak MiB": round(peak),
        "of which tables MiB": round(before),
        **report(matched),
    }


def test_bench_match_large() -> None:
    for count, rules in ((1_000_000, "DEFINITE"), (100_000, "WHOLE"), (1_000_000, "WHOLE")):
        call = f"from tests.bench.bench_match import *; print(json.dumps(measured({count}, {rules})))"
        done = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=True)
        print(f"\n{count:,} x {count:,}, {rules.lower()}:", json.dumps(json.loads(done.stdout)))


def test_bench_match_small() -> None:
    for count in (1, 10, 100):
        for other in (1, 100):
            left, right = assets(range(count), Side.LEFT), assets(range(other), Side.RIGHT)
            times = []
            for _ in range(20):
                began = time.perf_counter()
                match(WHOLE, left, right)
                times.append(time.perf_counter() - began)
            median, first = statistics.median(times[1:]) * 1000, times[0] * 1000
            print(f"\n{count} x {other}: median {median:.0f} ms, first {first:.0f} ms")


def test_bench_match_keys() -> None:
    table = assets(range(100_000), Side.LEFT)
    began = time.perf_counter()
    keys = match_keys(WHOLE, table, Side.LEFT)
    print(f"\n{len(keys):,} keys of {table.num_rows:,} records: {time.perf_counter() - began:.2f} s")
