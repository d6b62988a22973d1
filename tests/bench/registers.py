"""Two synthetic registers of IT assets, with the noise that such registers have, stated in numbers.

Left is a CRM typed by people, right an asset register that discovery keeps. Both know `SHARED` of their records in
common; the others are known to one side only. Purchases come in batches of one model for one site, so that serial
numbers, tags, network addresses and host names of neighbours differ in one or two characters, as they do in life.
The same seed gives the same registers; ids and order tell nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from tallystick.model.record import ID
from tallystick.model.side import SIDES, Side

SHARED: Final = 0.9
FIELDS: Final = ("serial", "tag", "mac", "host", "maker", "model", "owner", "site")

Texts = np.ndarray  # of object: str or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Shares of the records of one side that have each fault."""

    missing: Mapping[str, float]
    typos: Mapping[str, float]  # one edit: a character replaced, left out, put in, or two exchanged
    swapped: float = 0.0  # serial and tag in one another's field
    exchanged: float = 0.0  # the serial of the next record of the same purchase
    junk: float = 0.0  # a serial that is a well-known placeholder
    unknown_junk: float = 0.0  # a serial of three that nobody knows for placeholders
    docks: float = 0.0  # the network address of a dock that some forty machines share
    reimaged: float = 0.0  # a host name made up by the installer
    boards: float = 0.0  # a new board: another network address, and a serial of its own or none
    stale_owner: float = 0.0  # somebody else
    spelled: float = 0.0  # maker and model in another spelling


NOISE: Final[Mapping[Side, Noise]] = {
    Side.LEFT: Noise(
        missing={
            "serial": 0.04,
            "tag": 0.10,
            "mac": 0.20,
            "host": 0.05,
            "maker": 0.01,
            "model": 0.03,
            "owner": 0.15,
            "site": 0.05,
        },
        typos={"serial": 0.03, "tag": 0.015, "mac": 0.01, "host": 0.01, "owner": 0.03},
        swapped=0.005,
        exchanged=0.002,
        junk=0.01,
        unknown_junk=0.001,
        stale_owner=0.05,
        spelled=0.20,
    ),
    Side.RIGHT: Noise(
        missing={
            "serial": 0.03,
            "tag": 0.15,
            "mac": 0.03,
            "host": 0.02,
            "maker": 0.01,
            "model": 0.01,
            "owner": 0.10,
            "site": 0.05,
        },
        typos={"serial": 0.002, "tag": 0.005, "host": 0.002, "owner": 0.01},
        junk=0.03,
        unknown_junk=0.003,
        docks=0.02,
        reimaged=0.05,
        boards=0.01,
        stale_owner=0.05,
        spelled=0.30,
    ),
}
REUSED: Final = 0.03
"""Of a side: machines that only the register knows and that took over host name, owner and site of a retired one that
only the CRM knows; a third of them are of its model too."""

PLACEHOLDERS: Final = (
    "To be filled by O.E.M.",
    "System Serial Number",
    "Default string",
    "0",
    "None",
    "N/A",
    "INVALID",
    "00000000",
)
NOT_KNOWN: Final = ("SYS-1234567890", "CHASSIS-01", "VMW-4C4C4544")
MAKERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Dell": ("Dell Inc.", "DELL"),
    "Lenovo": ("LENOVO", "Lenovo Group"),
    "HP": ("Hewlett-Packard", "HP Inc."),
    "Apple": ("Apple Inc.", "APPLE"),
    "ASUS": ("ASUSTeK COMPUTER INC.", "Asus"),
    "Acer": ("Acer Inc.", "ACER"),
    "Fujitsu": ("FUJITSU", "Fujitsu Siemens"),
    "Microsoft": ("Microsoft Corporation", "MICROSOFT"),
}
SERIES: Final = ("Latitude", "ThinkPad", "EliteBook", "MacBook", "ExpertBook", "TravelMate", "Lifebook", "Surface")
_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_LOOKALIKE: Final = {"0": "O", "O": "0", "1": "I", "I": "1", "5": "S", "S": "5", "8": "B", "B": "8", "2": "Z", "Z": "2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    left: pa.Table
    right: pa.Table
    partner: Mapping[str, str]  # left id -> right id of what is one thing

    def table(self, side: Side) -> pa.Table:
        return self.left if side is Side.LEFT else self.right


def registers(count: int, seed: int) -> Registers:
    """`count` records on each side."""
    rng = np.random.default_rng(seed)
    shared = int(count * SHARED)
    things = _things(2 * count - shared, rng)
    places = rng.permutation(2 * count - shared)
    only = {Side.LEFT: places[shared:count], Side.RIGHT: places[count:]}
    _reuse(things, only[Side.LEFT], only[Side.RIGHT], int(count * REUSED), rng)
    tables: dict[Side, pa.Table] = {}
    ids: dict[Side, Texts] = {}
    for side in SIDES:
        mine = np.concatenate([places[:shared], only[side]])
        values = _seen({name: things[name][mine] for name in FIELDS}, NOISE[side], things, mine, rng)
        numbers = rng.permutation(count)
        ids[side] = np.array([f"{'C' if side is Side.LEFT else 'A'}{number:08d}" for number in numbers], object)
        order = np.argsort(numbers)
        columns = {name: pa.array(values[name][order], pa.string()) for name in FIELDS}
        tables[side] = pa.table({ID: pa.array(ids[side][order], pa.string()), **columns})
    partner = dict(zip(ids[Side.LEFT][:shared], ids[Side.RIGHT][:shared], strict=True))
    return Registers(left=tables[Side.LEFT], right=tables[Side.RIGHT], partner=partner)


# --- what there is


def _things(count: int, rng: np.random.Generator) -> dict[str, Texts]:
    """All things, in the order in which they were bought."""
    sizes = rng.geometric(1 / 20, count)
    batch = np.repeat(np.arange(count), sizes)[:count]
    place = np.arange(count) - np.searchsorted(batch, batch)
    batches = int(batch[-1]) + 1
    maker = rng.choice(len(MAKERS), batches, p=_falling(len(MAKERS)))
    model = rng.choice(30, batches, p=_falling(30))
    site = rng.choice(120, batches, p=_falling(120))
    serial = rng.integers(0, 34**6, batches)
    mac = rng.integers(0, 1 << 24, batches)
    step = rng.integers(1, 4, batches)
    names = list(MAKERS)
    sites = [f"{_syllables(at * 7919 + 13, 2).title()}" for at in range(120)]
    owner = rng.integers(0, max(1, int(count * 0.8)), count)
    per_site = np.zeros(120, np.int64)
    host: list[str] = []
    for at in site[batch]:
        per_site[at] += 1
        host.append(f"{sites[at][:3].lower()}{at:03d}-{'nb' if at % 3 else 'ws'}-{per_site[at]:06d}")
    return {
        "serial": np.array(
            [f"{_PREFIX[maker[b]]}{_base34(int(serial[b] + p * step[b]))}" for b, p in zip(batch, place, strict=True)],
            object,
        ),
        "tag": np.array([f"AT-{number + 100_000:07d}" for number in range(count)], object),
        "mac": np.array(
            [_mac(int(maker[b]), int(mac[b] + p * step[b])) for b, p in zip(batch, place, strict=True)], object
        ),
        "host": np.array(host, object),
        "maker": np.array([names[at] for at in maker], object)[batch],
        "model": np.array([f"{SERIES[m]} {5000 + 10 * n + m}" for m, n in zip(maker, model, strict=True)], object)[
            batch
        ],
        "owner": np.array([_person(int(at)) for at in owner], object),
        "site": np.array(sites, object)[site][batch],
    }


_PREFIX: Final = ("", "PF", "5CG", "C02", "N0", "NX", "DS", "0")


def _reuse(things: dict[str, Texts], old: np.ndarray, new: np.ndarray, count: int, rng: np.random.Generator) -> None:
    for name in ("host", "owner", "site"):
        things[name][new[:count]] = things[name][old[:count]]
    alike = np.flatnonzero(rng.random(count) < 1 / 3)
    for name in ("maker", "model"):
        things[name][new[alike]] = things[name][old[alike]]


# --- what a register says of it


def _seen(
    values: dict[str, Texts], noise: Noise, things: Mapping[str, Texts], places: np.ndarray, rng: np.random.Generator
) -> dict[str, Texts]:
    count = len(places)

    def some(share: float) -> np.ndarray:
        return np.flatnonzero(rng.random(count) < share)

    def put(name: str, rows: np.ndarray, make: Callable[[str], str]) -> None:
        values[name][rows] = [make(text) for text in values[name][rows]]

    rows = some(noise.exchanged)
    values["serial"][rows] = things["serial"][np.minimum(places[rows] + 1, len(things["serial"]) - 1)]
    rows = some(noise.boards)
    values["mac"][rows] = [
        _mac(int(m), int(n))
        for m, n in zip(rng.integers(0, 8, len(rows)), rng.integers(0, 1 << 24, len(rows)), strict=True)
    ]
    values["serial"][rows] = [
        f"MB{_base34(int(number))}" if number % 2 else "Default string" for number in rng.integers(0, 34**6, len(rows))
    ]
    rows = some(noise.docks)
    docks = max(1, int(count * noise.docks / 40))
    values["mac"][rows] = [
        f"00:E0:4C:00:{at >> 8 & 255:02X}:{at & 255:02X}" for at in rng.integers(0, docks, len(rows))
    ]
    rows = some(noise.reimaged)
    values["host"][rows] = [
        f"desktop-{_base34(int(number))}{number % 10}" for number in rng.integers(0, 34**6, len(rows))
    ]
    rows = some(noise.stale_owner)
    values["owner"][rows] = [_person(int(at)) for at in rng.integers(0, count, len(rows))]
    rows = some(noise.spelled)
    put("maker", rows, lambda text: MAKERS[text][len(text) % 2])
    put("model", some(noise.spelled), lambda text: text.upper().replace(" ", "-"))
    if noise.spelled > 0.25:
        put("owner", some(0.5), lambda text: ", ".join(reversed(text.split(" "))))
    rows = some(noise.swapped)
    values["serial"][rows], values["tag"][rows] = values["tag"][rows].copy(), values["serial"][rows].copy()
    for name, share in noise.typos.items():
        rows = some(share)
        values[name][rows] = [_mistyped(text, rng) for text in values[name][rows]]
    rows = some(noise.junk)
    values["serial"][rows] = np.array(PLACEHOLDERS, object)[rng.integers(0, len(PLACEHOLDERS), len(rows))]
    rows = some(noise.unknown_junk)
    values["serial"][rows] = np.array(NOT_KNOWN, object)[rng.integers(0, len(NOT_KNOWN), len(rows))]
    for name, share in noise.missing.items():
        values[name][some(share)] = None
    return values


def _mistyped(text: str, rng: np.random.Generator) -> str:
    at, how = int(rng.integers(0, len(text))), float(rng.random())
    if how < 0.2:
        return text[:at] + text[at + 1 :]
    if how < 0.4:
        return text[:at] + _ALPHABET[int(rng.integers(0, 34))] + text[at:]
    if how < 0.6 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    other = _LOOKALIKE.get(text[at], "") if how < 0.8 else ""
    return text[:at] + (other or _ALPHABET[int(rng.integers(0, 34))]) + text[at + 1 :]


def _falling(count: int) -> np.ndarray:
    shares = 1 / np.arange(1, count + 1)
    return shares / shares.sum()


def _base34(number: int) -> str:
    letters = []
    for _ in range(6):
        number, at = divmod(number, 34)
        letters.append(_ALPHABET[at])
    return "".join(reversed(letters))


def _mac(maker: int, number: int) -> str:
    number %= 1 << 24
    whole = (0x8C + 4 * maker) << 40 | (0x1F * (maker + 1) % 256) << 32 | (0x60 + maker) << 24 | number
    return ":".join(f"{whole >> at & 255:02X}" for at in range(40, -1, -8))


_ONSETS: Final = ("b", "br", "d", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v", "w")
_VOWELS: Final = ("a", "e", "i", "o", "u", "ai", "ei", "ou")


def _syllables(number: int, count: int) -> str:
    parts: list[str] = []
    for _ in range(count):
        number, onset = divmod(number, len(_ONSETS))
        number, vowel = divmod(number, len(_VOWELS))
        parts.append(_ONSETS[onset] + _VOWELS[vowel])
    return "".join(parts)


def _person(number: int) -> str:
    """One of some 800,000 names."""
    first, last = number % 400, number // 400 % 2000
    return f"{_syllables(first * 37 + 5, 2).title()} {_syllables(last * 101 + 11, 3).title()}"


__all__: Sequence[str] = ["FIELDS", "NOISE", "Noise", "Registers", "registers"]
