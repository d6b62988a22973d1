"""What counts as equal, and how alike values are (E14)."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.engine.normalise import normalised
from tallystick.engine.similar import prepared, similarity
from tallystick.model.flow import Compare


def one(value: str, kind: Compare | None = None) -> str | None:
    result: str | None = normalised(pa.array([value]), kind).to_pylist()[0]
    return result


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        (None, " sn9 ", "SN9"),
        (None, "SN-9", "sn9"),
        (None, "Dell,  Inc.", "dell inc"),
        (None, "ＡＢ９", "ab9"),
        (None, "STRASSE", "straße"),
        (None, "Ünï", "Ünï"),
        (None, "co\u00adop", "coop"),
        (None, "A\u00a0B", "a b"),
        (None, "aa:bb:cc:00:11:22", "AA-BB-CC-00-11-22"),
        (Compare.CODE, "SN 9/1", "sn91"),
        (Compare.TEXT, "O'Brien & Sons", "obrien sons"),
        (Compare.EMAIL, "mailto:Mary@X.org", "mary@x.org"),
        (Compare.PHONE, "+44 (0)20 7946-0958 ext. 5", "0442079460958"),
        (Compare.DATE, "2026-11-22T09:30:00Z", "2026-11-22"),
        (Compare.NUMBER, "+001.50", "1.5"),
        (Compare.NUMBER, "10.0", "10"),
    ],
)
def test_values_that_normalise_to_the_same_E14(kind: Compare | None, left: str, right: str) -> None:
    assert one(left, kind) == one(right, kind)
    assert one(left, kind) is not None


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        (None, "0042", "42"),
        (Compare.CODE, "0042", "42"),
        (None, "1.5", "15"),
        (None, "10.1.11.1", "10.11.1.1"),
        (None, "a.b@x.org", "ab@x.org"),
        (None, "Mary Ann", "Maryann"),
        (None, "C++", "C"),
        (None, "C#", "C"),
        (Compare.NAME, "Mary Ann", "Maryann"),
        (Compare.EXACT, "a", "A"),
        (Compare.NUMBER, "100", "10"),
        (None, "مرحبا", "سلام"),
    ],
)
def test_values_that_stay_apart_E14(kind: Compare | None, left: str, right: str) -> None:
    assert one(left, kind) != one(right, kind)


@given(st.text(st.characters(codec="ascii"), max_size=12), st.sampled_from([None, *Compare]))
def test_value_normalises_alike_whatever_stands_beside_it(text: str, kind: Compare | None) -> None:
    """Plain and other columns take different ways inside."""
    assert normalised(pa.array([text, "é"]), kind)[0].as_py() == normalised(pa.array([text]), kind)[0].as_py()


@given(st.text(max_size=12), st.sampled_from([kind for kind in (None, *Compare) if kind is not Compare.EXACT]))
def test_normalising_is_blind_to_case_and_outer_space(text: str, kind: Compare | None) -> None:
    if text.upper().lower() == text.lower():
        assert one(f"  {text.upper()}\t", kind) == one(text.lower(), kind)


def alike(kind: Compare, left: str, right: str) -> float:
    row = duckdb.execute(
        f"SELECT {similarity(kind, 'l.v', 'r.v')} FROM (SELECT {prepared(kind, '$1')} AS v) AS l,"
        f" (SELECT {prepared(kind, '$2')} AS v) AS r",
        [one(left, kind), one(right, kind)],
    ).fetchone()
    assert row is not None
    return round(float(row[0]), 2)


@pytest.mark.parametrize(
    ("kind", "left", "right", "expected"),
    [
        (Compare.CODE, "SN-12345", "sn12345", 1.0),
        (Compare.CODE, "SN12345", "SN12346", 0.9),
        (Compare.CODE, "SN12345", "SN13245", 0.9),
        (Compare.CODE, "SN12345", "SN1234", 0.9),
        (Compare.CODE, "AT-000012345", "AT-000067890", 0.0),
        (Compare.CODE, "ABCDEFGHIJ", "ABCDEFGHKL", 0.7),
        (Compare.CODE, "A1", "A2", 0.0),
        (Compare.NAME, "Smith, Mary", "Mary Smith", 1.0),
        (Compare.TEXT, "Laptop 101", "Laptop 101", 1.0),
        (Compare.DATE, "2026-11-22", "2026-11-23", 0.9),
        (Compare.DATE, "2026-03-04", "2026-04-03", 0.8),
        (Compare.DATE, "2026-11-22", "2021-11-22", 0.8),
        (Compare.DATE, "2026-11-22", "2019-01-05", 0.0),
        (Compare.DATE, "soon", "later", 0.0),
        (Compare.NUMBER, "100", "90", 0.9),
        (Compare.NUMBER, "100", "-100", 0.0),
        (Compare.NUMBER, "many", "few", 0.0),
        (Compare.EMAIL, "mary@x.org", "mary@y.org", 0.7),
        (Compare.EMAIL, "mary@x.org", "bob@y.org", 0.0),
        (Compare.PHONE, "+44 20 7946 0958", "020 7946 0958", 1.0),
        (Compare.PHONE, "+44 20 7946 0958", "020 7946 0959", 0.0),
        (Compare.PHONE, "112", "9112", 0.0),
        (Compare.EXACT, "a", "a", 1.0),
        (Compare.EXACT, "a", "A", 0.0),
    ],
)
def test_similarity_E14(kind: Compare, left: str, right: str, expected: float) -> None:
    assert alike(kind, left, right) == expected
    assert alike(kind, right, left) == expected


@pytest.mark.parametrize(
    ("kind", "close", "far"),
    [
        (Compare.TEXT, ("EliteBook 840 G8", "HP EliteBook 840 G8"), ("EliteBook 840 G8", "ThinkPad X1")),
        (Compare.TEXT, ("Laptop 101", "Laptop 101 spare"), ("Laptop 101", "Laptop 202")),
        (Compare.NAME, ("Mary Smith", "Smyth Mary"), ("Mary Smith", "Bob Jones")),
        (Compare.EMAIL, ("mary.smith@x.org", "mary.smyth@x.org"), ("mary.smith@x.org", "bob@x.org")),
    ],
)
def test_similar_values_score_higher_than_others_E14(
    kind: Compare, close: tuple[str, str], far: tuple[str, str]
) -> None:
    assert alike(kind, *close) >= 0.85 > alike(kind, *far)
