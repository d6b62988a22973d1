"""JSON as it is kept in a column of bytes."""

from __future__ import annotations

import json
import zlib
from typing import Any


def packed(data: Any) -> bytes:
    return zlib.compress(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(), 6)


def unpacked(kept: bytes | memoryview | None) -> Any:
    return json.loads(zlib.decompress(bytes(kept or b"")))
