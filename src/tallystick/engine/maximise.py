"""Expectation maximisation by Splink, over pairs whose levels are known already."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa

from tallystick.engine.similar import LEVELS

ROUNDS: Final = 50
DIGITS: Final = 9
"""Beyond these, sums depend on the order in which several threads add."""
_FIRST_GUESS: Final = (0.86, 0.01, 0.06, 0.03, 0.04)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    shares: Mapping[str, Sequence[float]]  # per column the share of each level among pairs that are one
    ones: float  # how many of the pairs are one


def maximised(levels: pa.Table, by_accident: Mapping[str, Sequence[float]], *, expected: int) -> Session:
    """`levels`: a column of level numbers per field, a row per pair. `expected`: how many pairs are one, at a guess."""
    from splink import DuckDBAPI, Linker, SettingsCreator

    # Splink compares records: here a "record" of either side is a pair, and it meets itself.
    count = levels.num_rows
    pairs = levels.append_column("pair", pa.array(range(count), pa.int64()))
    comparisons: list[Any] = [
        {
            "output_column_name": name,
            "comparison_levels": [
                {"sql_condition": f"{name}_l = 0", "label_for_charts": "missing", "is_null_level": True},
                *(
                    {
                        "sql_condition": "ELSE" if at == len(LEVELS) else f"{name}_l = {at}",
                        "label_for_charts": of.value,
                        "m_probability": _FIRST_GUESS[at - 1],
                        "u_probability": by_accident[name][at - 1],
                    }
                    for at, of in enumerate(LEVELS, start=1)
                ),
            ],
        }
        for name in levels.column_names
    ]
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="pair",
        comparisons=comparisons,
        probability_two_random_records_match=min(0.9, max(0.0001, expected / (2 * count))),
        max_iterations=ROUNDS,
        retain_matching_columns=False,
    )
    logging.getLogger("splink").setLevel(logging.ERROR)
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        api = DuckDBAPI(connection)
        sides = [api.register(pairs, dataset_display_name=name) for name in ("one", "other")]
        linker = Linker(sides, settings, log_level=None, validate_settings=False)
        session = linker.training.estimate_parameters_using_expectation_maximisation("l.pair = r.pair")
    model = session.core_model_settings
    shares: dict[str, list[float]] = {}
    for comparison in model.comparisons:
        found = [0.0] * len(LEVELS)
        for at, of in enumerate(level for level in comparison.comparison_levels if not level.is_null_level):
            found[at] = round(of.m_probability, DIGITS) if isinstance(of.m_probability, float) else 0.0
        shares[comparison.output_column_name] = found
    return Session(shares=shares, ones=round(model.probability_two_random_records_match, DIGITS) * count)
