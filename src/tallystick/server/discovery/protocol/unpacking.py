"""A body as it comes over the network -> the document in it, within bounded memory. Source: spec/assets.md A2, issue 4.

Agents say in their headers how they pack, and some say it wrongly: the first bytes decide.
"""

from __future__ import annotations

import enum
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tallystick.server.discovery.protocol.refusal import not_understood, too_large

PACKED_LIMIT_BYTES: Final = 8 * 1024 * 1024
LIMIT_BYTES: Final = 32 * 1024 * 1024
"""An inventory of a machine with 5,000 programs has about 2 MiB."""
_STEP_BYTES: Final = 256 * 1024


class Packing(enum.StrEnum):
    ZLIB = "zlib"
    GZIP = "gzip"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    document: bytes
    packing: Packing


def unpack(
    chunks: Iterable[bytes], *, packed_limit_bytes: int = PACKED_LIMIT_BYTES, limit_bytes: int = LIMIT_BYTES
) -> Unpacked:
    """The document, never more than `limit_bytes` of it in memory however small it was packed.

    Raises Refused: empty, larger than a limit, cut off, or damaged.
    """
    packing: Packing | None = None
    unpacker = None
    begun = b""
    document = bytearray()
    packed_bytes = 0
    for chunk in chunks:
        packed_bytes += len(chunk)
        if packed_bytes > packed_limit_bytes:
            raise too_large(packed_limit_bytes, is_unpacked=False)
        if packing is None:
            begun += chunk
            if len(begun) < 2:
                continue
            packing, chunk = _packing(begun), begun
            if packing is not Packing.PLAIN:
                unpacker = zlib.decompressobj(wbits=31 if packing is Packing.GZIP else 15)
        if unpacker is None:
            document += chunk
            if len(document) > limit_bytes:
                raise too_large(limit_bytes, is_unpacked=True)
            continue
        while chunk and not unpacker.eof:
            try:
                document += unpacker.decompress(chunk, _STEP_BYTES)
            except zlib.error as error:
                raise not_understood(
                    "The report is damaged: what is compressed in it cannot be unpacked. Send it again."
                ) from error
            if len(document) > limit_bytes:
                raise too_large(limit_bytes, is_unpacked=True)
            chunk = unpacker.unconsumed_tail
    if packing is None:
        raise not_understood("The report is empty.")
    if unpacker is not None and not unpacker.eof:
        raise not_understood("The report was cut off: what is compressed in it has no end. Send it again.")
    return Unpacked(document=bytes(document), packing=packing)


def pack(document: bytes, packing: Packing) -> bytes:
    """An answer, packed as the question was."""
    match packing:
        case Packing.ZLIB:
            return zlib.compress(document)
        case Packing.GZIP:
            packer = zlib.compressobj(wbits=31)
            return packer.compress(document) + packer.flush()
        case Packing.PLAIN:
            return document


def _packing(begun: bytes) -> Packing:
    if begun[:2] == b"\x1f\x8b":
        return Packing.GZIP
    is_zlib = begun[0] & 0x0F == 8 and begun[0] >> 4 <= 7 and (begun[0] << 8 | begun[1]) % 31 == 0
    return Packing.ZLIB if is_zlib else Packing.PLAIN
