"""How alike two normalised values are, as DuckDB SQL: 0 is nothing alike, 1 is the same, null where one is null.

Identifiers are compared by edits and never by their starts: `AT-0001` and `AT-0002` share a prefix as all asset tags
do, and are two assets. Source: spec/engine.md E14; design/engine-notes.md section 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from tallystick.model.flow import Compare, Level

SHORTEST_TYPO: Final = 5
"""A code with fewer characters is not taken for a mistyped other one."""
_ROUNDING: Final = 1e-9


def sorted_words(text: str) -> str:
    """SQL: the words of a text in alphabetical order."""
    return f"array_to_string(list_sort(string_split({text}, ' ')), ' ')"


def numerals(text: str) -> str:
    """SQL: the numbers in a text, in their order."""
    return f"trim(regexp_replace({text}, '[^0-9]+', ' ', 'g'))"


def similarity(kind: Compare, left: str, right: str) -> str:
    """SQL: the similarity of two columns normalised as `kind`; `left` and `right` are qualified column names.

    For text and name the columns are structs of the text and, made once per record, its sorted words and numerals.
    """
    body = _BODIES[kind].format(a=left, b=right, shortest=SHORTEST_TYPO)
    return f"CASE WHEN {left} IS NULL OR {right} IS NULL THEN NULL WHEN {left} = {right} THEN 1.0 ELSE {body} END"


LEVELS: Final = tuple(Level)
"""In a list of levels, 1 is the first of these; 0 is a missing value."""
CLOSE: Final = 0.9
NEAR: Final = 0.7
LIKENESS: Final[Mapping[Level, float]] = MappingProxyType(
    {Level.SAME: 1.0, Level.SWAPPED: 1.0, Level.CLOSE: CLOSE, Level.NEAR: NEAR, Level.OTHER: 0.0}
)
"""The least likeness of each level."""


def level(kind: Compare, left: str, right: str, swapped: str | None = None) -> str:
    """SQL: the number of the level of two columns, as `similarity` takes them; cheap tests first, edits counted last.

    `swapped`: SQL that is true where two fields are mistaken for one another.
    """
    whens = [f"WHEN {left} IS NULL OR {right} IS NULL THEN 0", f"WHEN {left} = {right} THEN 1"]
    if kind in _WORDS:
        alike = [each.format(a=left, b=right) for each in _ALIKE[kind]]
        is_same = f"{left}.numerals = {right}.numerals"
        whens.append(f"WHEN {left}.words = {right}.words AND {is_same} THEN 1")
        rest = [f"WHEN {is_same} AND {each} >= {CLOSE - _ROUNDING!r} THEN 3" for each in alike]
        factor = _OTHER_NUMBERS.format(a=left, b=right)
        rest += [f"WHEN {each} * {factor} >= {NEAR - _ROUNDING!r} THEN 4" for each in alike]
    else:
        likeness = similarity(kind, left, right)
        if kind is Compare.PHONE:  # with and without the country
            whens.append(f"WHEN {likeness} >= 1 THEN 1")
        rest = [
            f"WHEN {likeness} >= {CLOSE - _ROUNDING!r} THEN 3",
            f"WHEN {likeness} >= {NEAR - _ROUNDING!r} THEN 4",
        ]
    if kind is Compare.EXACT:
        rest = []
    elif kind is Compare.CODE:
        rest = [_EDITS.format(one=3, two=4, more=5).format(a=left, b=right, shortest=SHORTEST_TYPO)]
    if swapped:
        whens.append(f"WHEN {swapped} THEN 2")
    return f"CASE {' '.join([*whens, *rest])} ELSE 5 END::TINYINT"


def prepared(kind: Compare, column: str) -> str:
    """SQL: what `similarity` wants of a column, computed once per record."""
    if kind in (Compare.TEXT, Compare.NAME):
        words = sorted_words(column)
        return (
            f"CASE WHEN {column} IS NOT NULL THEN"
            f" {{'text': {column}, 'words': {words}, 'numerals': {numerals(column)}}} END"
        )
    return column


def clues(kind: Compare, column: str, field: int) -> str:
    """SQL: a list of texts of which a similar value most likely shares one; how an oversized block is narrowed."""
    lists: Sequence[str] = _CLUES.get(kind, ("[{c}]",))
    text = " || ".join(clue.format(c=f"{column}.text" if kind in _WORDS else column) for clue in lists)
    return f"list_transform(coalesce({text}, []), lambda clue: '{field}:' || clue)"


_WORDS: Final = (Compare.TEXT, Compare.NAME)

_DICE: Final = (
    "(2.0 * len(list_intersect(string_split({a}.words, ' '), string_split({b}.words, ' ')))"
    " / (len(list_distinct(string_split({a}.words, ' '))) + len(list_distinct(string_split({b}.words, ' ')))))"
)
# texts with other numbers in them (Laptop 101, Laptop 102) are no closer than this much
_OTHER_NUMBERS: Final = "CASE WHEN {a}.numerals <> {b}.numerals THEN 0.85 ELSE 1.0 END"

_ALIKE: Final = {
    Compare.TEXT: (
        "jaro_winkler_similarity({a}.text, {b}.text)",
        "jaro_winkler_similarity({a}.words, {b}.words)",
        _DICE,
    ),
    Compare.NAME: ("jaro_winkler_similarity({a}.words, {b}.words)", _DICE),
}

# Exchanged neighbours are one edit, which is dear to count: two edits are at most four without that, one is one.
_EDITS: Final = (
    "WHEN abs(length({{a}}) - length({{b}})) > 2 OR least(length({{a}}), length({{b}})) < {{shortest}} THEN {more}"
    " WHEN levenshtein({{a}}, {{b}}) = 1 THEN {one} WHEN levenshtein({{a}}, {{b}}) > 4 THEN {more}"
    " WHEN damerau_levenshtein({{a}}, {{b}}) = 1 THEN {one}"
    " WHEN damerau_levenshtein({{a}}, {{b}}) = 2 AND least(length({{a}}), length({{b}})) >= 2 * {{shortest}} THEN {two}"
)

_BODIES: Final = {
    Compare.TEXT: f"greatest({', '.join(_ALIKE[Compare.TEXT])}) * {_OTHER_NUMBERS}",
    Compare.NAME: f"greatest({', '.join(_ALIKE[Compare.NAME])}) * {_OTHER_NUMBERS}",
    Compare.CODE: f"CASE {_EDITS.format(one='0.9', two='0.7', more='0.0')} ELSE 0.0 END",
    Compare.DATE: (
        "CASE WHEN abs(try_cast({a} AS DATE) - try_cast({b} AS DATE)) = 1 THEN 0.9"
        " WHEN length({a}) = 10 AND length({b}) = 10 AND {a}[1:4] = {b}[1:4]"
        " AND {a}[6:7] = {b}[9:10] AND {a}[9:10] = {b}[6:7] THEN 0.8"
        " WHEN length({a}) = length({b}) AND hamming({a}, {b}) = 1 THEN 0.8 ELSE 0.0 END"
    ),
    Compare.NUMBER: (
        "coalesce(greatest(0.0, 1.0 - abs(try_cast({a} AS DOUBLE) - try_cast({b} AS DOUBLE))"
        " / nullif(greatest(abs(try_cast({a} AS DOUBLE)), abs(try_cast({b} AS DOUBLE))), 0.0)), 0.0)"
    ),
    Compare.EMAIL: (
        "CASE WHEN split_part({a}, '@', 2) = split_part({b}, '@', 2)"
        " THEN jaro_winkler_similarity(split_part({a}, '@', 1), split_part({b}, '@', 1)) * 0.95"
        " WHEN split_part({a}, '@', 1) = split_part({b}, '@', 1) THEN 0.7 ELSE 0.0 END"
    ),
    Compare.PHONE: (
        "CASE WHEN least(length({a}), length({b})) >= 7 AND right({a}, least(length({a}), length({b}), 9))"
        " = right({b}, least(length({a}), length({b}), 9)) THEN 1.0 ELSE 0.0 END"
    ),
    Compare.EXACT: "0.0",
}

_CLUES: Final[dict[Compare, Sequence[str]]] = {
    Compare.TEXT: ("string_split({c}, ' ')",),
    Compare.NAME: ("string_split({c}, ' ')",),
    Compare.CODE: ("[{c}, '<' || left({c}, length({c}) // 2), '>' || right({c}, length({c}) // 2)]",),
    Compare.EMAIL: ("[{c}, split_part({c}, '@', 1)]",),
    Compare.PHONE: ("[right({c}, 7)]",),
}
