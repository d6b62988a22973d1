"""Row fingerprints: how one knows, without comparing values, that a record did not change.

A fingerprint is 63 bits of the MD5 of the record's selected fields in sorted order of name, each followed
by a unit separator, null as one record separator and missing as NUL. MD5 because every engine
has it and it never changes; it guards against accident, not against an attacker, who could at worst hide an edit of
his own record. The SQL form and the Python form give the same number (held by a property test).
Source: design/engine-notes.md, pitfalls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, cast

from tallystick.model.value import MISSING, Value

UNIT: Final = "\x1f"
NULL: Final = "\x1e"
UNSETTLED: Final = -1
"""Instead of a fingerprint: equals no record's, so the record is looked at again whatever it holds."""
MASK: Final = (1 << 63) - 1


def fingerprint(values: Mapping[str, Value], fields: Sequence[str]) -> int:
    """The fingerprint of `values` over `fields` (sorted names): 0 <= n < 2**63."""
    try:
        texts = [values[name] for name in fields]
    except KeyError:
        texts = [values.get(name, MISSING) for name in fields]
    if None in texts:
        texts = [NULL if value is None else value for value in texts]
    text = UNIT.join(cast(list[str], texts)) + UNIT if texts else ""
    digest = hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little") & MASK
