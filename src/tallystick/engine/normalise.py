"""Values made comparable: what counts as equal when records are matched, and what is no evidence at all.

The one definition of it, over Arrow columns, so that a million records and one take the same way. Leading zeros are
significant everywhere but in phones and numbers. Source: spec/engine.md E14, S2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.model.flow import Compare, Match, Weights
from tallystick.model.value import MISSING

VERSION: Final = 1
"""Goes into every match key; raised when the same value would normalise to something else."""

_WRITTEN: Final = """
    na none null nil nan unknown undefined unspecified unavailable empty blank invalid tbd tba void
    notspecified notavailable notapplicable notset notknown notprovided nospecified noserial noserialnumber
    noassettag noassetinformation noassettaginformation nodata
    tobefilledbyoem tobefilledbyoemoem filledbyoem oem defaultstring default
    systemserialnumber systemmanufacturer systemproductname systemversion systemname systemsku systemuuid
    serialnumber serial assettag assettagnumber assetserialnumber chassisserialnumber chassisassettag
    baseboardserialnumber boardserialnumber baseboardassettag mbserialnumber productname manufacturer
    0123456789 123456789 1234567890 placeholder
"""
JUNK: Final = frozenset(_WRITTEN.split())
"""What inventory tools and people write where there is no value; compared without case, space and punctuation."""

_LONGEST_REPEAT: Final = 64
_REPEATED: Final = tuple(
    char * count
    for char in "0123456789abcdefghijklmnopqrstuvwxyz"
    for count in range({"0": 1, "x": 3}.get(char, 4), _LONGEST_REPEAT + 1)
)
"""`0`, `00000000`, `xxxx`, `ffffffffffff`: one character over and over is no value either."""

_LOOKED_AT: Final = 2_000

_BETWEEN_DIGITS: Final = r"(\d)[.,](\d)"
_KEPT: Final = r"\1¤\2"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alphabet:
    """Patterns by what a character is."""

    space: str
    not_bare: str
    punctuation: str


_UNICODE: Final = _Alphabet(
    space=r"[\s\p{Z}\p{Cc}]+",
    not_bare=r"[^\p{L}\p{M}\p{N}]+",
    punctuation=r"[^\p{L}\p{M}\p{N}\p{S}# ]+",
)
_ASCII: Final = _Alphabet(space="[\\x00-\\x20\\x7f]+", not_bare="[^a-z0-9]+", punctuation="[^a-z0-9$+<=>^`|~¤# ]+")
"""The same for lower-case ASCII (and our own mark), where it is made ready twenty times faster."""


def _alphabet(column: pa.Array) -> _Alphabet:
    return _UNICODE if pc.all(pc.string_is_ascii(column)).as_py() is False else _ASCII


def folded(column: pa.Array) -> pa.Array:
    """NFKC, without case, white space trimmed and collapsed, unseen characters gone; missing is null."""
    column = pc.if_else(pc.equal(column, MISSING), pa.scalar(None, pa.string()), column)
    alphabet = _alphabet(column)
    if alphabet is _UNICODE:
        column = pc.utf8_normalize(column, "NFKC")
        column = pc.replace_substring_regex(column, r"\p{Cf}+", "")
        column = pc.replace_substring(pc.utf8_lower(column), "ß", "ss")
        column = pc.replace_substring(column, "ς", "σ")
        column = pc.utf8_normalize(column, "NFKC")
    else:
        column = pc.ascii_lower(column)
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(column, alphabet.space, " "))


def bare(texts: pa.Array) -> pa.Array:
    """Letters and digits only, of folded texts."""
    return pc.replace_substring_regex(texts, _alphabet(texts).not_bare, "")


@cache
def _junk(own: tuple[str, ...]) -> pa.Array:
    """Everything that is no value, bare; `own` is what the flow adds."""
    added = bare(folded(pa.array(own, pa.string()))).to_pylist()
    return pa.array(sorted({*JUNK, *_REPEATED, *added, ""}), pa.string())


def normalised(column: pa.Array, kind: Compare | None, junk: Sequence[str] = ()) -> pa.Array:
    """The column as it is compared under `kind`; blank and junk are null. Strings in, strings out.

    None is the kind of a field that only definite rules name: a text in which punctuation does not count, words stay
    apart, and addresses with `@`, decimals and version numbers keep their dots.
    """
    texts = folded(column)
    letters = bare(texts)
    values = _of_kind(kind, column, texts, letters)
    is_nothing = pc.or_(pc.is_in(letters, value_set=_junk(tuple(junk))), pc.fill_null(pc.equal(values, ""), True))
    return pc.if_else(is_nothing, pa.scalar(None, pa.string()), values)


def _of_kind(kind: Compare | None, column: pa.Array, texts: pa.Array, letters: pa.Array) -> pa.Array:
    alphabet = _alphabet(texts)
    match kind:
        case Compare.CODE:
            return letters
        case Compare.TEXT | Compare.NAME:
            words = pc.replace_substring_regex(texts, "['’`´]", "")
            return pc.utf8_trim_whitespace(pc.replace_substring_regex(words, alphabet.not_bare, " "))
        case Compare.EXACT:
            return column
        case Compare.EMAIL:
            return pc.replace_substring_regex(texts, r"^mailto:|\s", "")
        case Compare.PHONE:
            digits = pc.replace_substring_regex(texts, r"(?:ext|x|#|;).*$|\(0\)", "")
            return pc.replace_substring_regex(pc.replace_substring_regex(digits, r"[^0-9]", ""), "^0+", "")
        case Compare.DATE:
            return pc.replace_substring_regex(texts, r"^(\d{4}-\d\d-\d\d)[t ].*$", r"\1")
        case Compare.NUMBER:
            whole = pc.replace_substring_regex(texts, r"(\.\d*?)0+$", r"\1")
            return pc.replace_substring_regex(pc.replace_substring_regex(whole, r"\.$", ""), r"^\+?0*(\d)", r"\1")
        case None:
            words = pc.replace_substring_regex(texts, _BETWEEN_DIGITS, _KEPT)
            words = pc.replace_substring_regex(words, _BETWEEN_DIGITS, _KEPT)
            words = pc.replace_substring_regex(words, alphabet.punctuation, "")
            words = pc.utf8_trim_whitespace(pc.replace_substring_regex(words, " +", " "))
            return pc.if_else(pc.match_substring(texts, "@"), texts, words)


def kinds(rules: Match) -> Mapping[str, Compare | None]:
    """How each field is normalised where it has to be equal: as the first possible rule that compares it says."""
    found: dict[str, Compare | None] = dict.fromkeys(rules.fields)
    for rule in reversed(rules.possible):
        found.update(rule.compare)
    return found


def weighed_kinds(weights: Weights) -> Mapping[str, Compare | None]:
    """How each field is normalised for the blocks of `weights`: as it is weighed."""
    found: dict[str, Compare | None] = {name: None for block in weights.blocks for name in block}
    found.update({name: field.kind for name, field in weights.fields.items()})
    return found


def _repeats(column: pa.Array) -> bool:
    """Whether most values stand there several times, so that each is made ready once."""
    return len(column) > _LOOKED_AT and pc.count_distinct(column.slice(0, _LOOKED_AT)).as_py() < _LOOKED_AT // 2


class Columns:
    """The normalised columns of one side's table, each made once. `table` has one column of strings per field."""

    def __init__(self, rules: Match, table: pa.Table) -> None:
        self._rules = rules
        self.count: int = table.num_rows
        self._table = table.combine_chunks()
        self._kinds = kinds(rules)
        self._made: dict[tuple[str, Compare | None], pa.Array] = {}

    def column(self, name: str, kind: Compare | None) -> pa.Array:
        made = self._made.get((name, kind))
        if made is None:
            chunked = self._table.column(name).cast(pa.string())
            column = chunked.combine_chunks() if chunked.num_chunks != 1 else chunked.chunk(0)
            junk = self._rules.junk.get(name, ())
            if _repeats(column):
                coded = column.dictionary_encode()
                made = normalised(coded.dictionary, kind, junk).take(coded.indices)
            else:
                made = normalised(column, kind, junk)
            self._made[name, kind] = made
        return made

    def joined(self, names: Sequence[str], ways: Mapping[str, Compare | None] | None = None) -> pa.Array:
        """The values that have to be equal, as one text; null where one of them is no evidence.

        `ways`: how each is normalised, where not as `kinds` says.
        """
        ways = self._kinds if ways is None else ways
        columns = [self.column(name, ways[name]) for name in names]
        return columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, "\x1f")
