"""Bodies of reports: packed rightly, wrongly, without end, and out of all proportion. Row A2; issue 4, "Bad input"."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from tallystick.server.discovery.protocol.refusal import Refused
from tallystick.server.discovery.protocol.unpacking import LIMIT_BYTES, Packing, pack, unpack

TEXT = b"<REQUEST><DEVICEID>pc-1</DEVICEID></REQUEST>" * 50


@pytest.mark.parametrize(
    ("body", "packing"),
    [(zlib.compress(TEXT), Packing.ZLIB), (gzip.compress(TEXT), Packing.GZIP), (TEXT, Packing.PLAIN)],
    ids=["zlib", "gzip", "plain"],
)
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_body_is_unpacked_by_its_first_bytes_A2(body, packing, step):
    found = unpack(body[place : place + step] for place in range(0, len(body), step))
    assert (found.document, found.packing) == (TEXT, packing)


@pytest.mark.parametrize("packing", list(Packing))
def test_answer_packed_as_the_question_comes_back_A2(packing):
    assert unpack([pack(TEXT, packing)]).document == TEXT


@pytest.mark.parametrize("made", [zlib.compress, gzip.compress])
def test_body_cut_off_is_told_so_A2(made):
    with pytest.raises(Refused, match="cut off") as refused:
        unpack([made(TEXT)[:-6]])
    assert refused.value.status == 400


def test_body_damaged_in_the_middle_is_told_so_A2():
    body = bytearray(zlib.compress(bytes(range(256)) * 40))
    body[20:40] = b"\xff" * 20
    with pytest.raises(Refused, match="damaged"):
        unpack([bytes(body)])


def test_empty_body_is_told_so_A2():
    with pytest.raises(Refused, match="empty"):
        unpack([b""])


def test_bomb_is_refused_within_bounded_memory_A2():
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(160)) + packer.flush()
    tracemalloc.start()
    with pytest.raises(Refused, match="unpacked inventory is larger than 32 MiB") as refused:
        unpack([bomb])
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.status == 413
    assert len(bomb) < 1024 * 1024
    assert peak < 3 * LIMIT_BYTES


def test_200_megabytes_are_refused_before_they_are_read_A2():
    given = 0

    def chunks():
        nonlocal given
        for _ in range(200):
            given += 1
            yield b"x" * 1024 * 1024

    with pytest.raises(Refused, match="larger than 8 MiB"):
        unpack(chunks())
    assert given == 9
