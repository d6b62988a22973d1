"""Quiet charts, drawn here as SVG: shapes carry classes, the page's stylesheet gives the colours of light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 420
HEIGHT: Final = 150
LEFT: Final = 36
BOTTOM: Final = 22
TOP: Final = 8
GAP: Final = 0.28


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """`values`: one a bucket; None: nothing is known of it."""

    css: str
    title: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    css: str
    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    place: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What the template draws. `is_empty`: every value is 0."""

    width: int
    height: int
    left: int
    base: float
    right: int
    bars: tuple[Bar, ...]
    lines: tuple[tuple[str, str], ...]  # (class, path)
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    is_empty: bool


def bars(labels: Sequence[str], series: Sequence[Series], *, ticks: Sequence[tuple[int, str]]) -> Chart:
    """Bars, one upon the other. `labels`: what a bucket is called when pointed at; `ticks`: (bucket, text) below."""
    totals = [sum(one.values[at] or 0 for one in series) for at in range(len(labels))]
    top = _round_up(max(totals, default=0))
    step = (WIDTH - LEFT) / max(1, len(labels))
    found: list[Bar] = []
    for at, label in enumerate(labels):
        base: float = HEIGHT - BOTTOM
        for one in series:
            value = one.values[at] or 0
            if not value:
                continue
            height = max(1.5, value / top * (HEIGHT - BOTTOM - TOP))
            base -= height
            found.append(
                Bar(
                    css=one.css,
                    x=round(LEFT + at * step + step * GAP / 2, 2),
                    y=round(base, 2),
                    width=round(step * (1 - GAP), 2),
                    height=round(height, 2),
                    title=f"{label}: {one.title} {value:,.0f}",
                )
            )
    return _chart(tuple(found), (), ticks, step, top, is_empty=not any(totals))


def line(series: Series, *, ticks: Sequence[tuple[int, str]], unit: float = 1.0) -> Chart:
    """A line over buckets with an area below it; it stops where nothing is known. Values are shown over `unit`."""
    values = [None if value is None else value / unit for value in series.values]
    top = _round_up(max((value for value in values if value is not None), default=0))
    step = (WIDTH - LEFT) / max(1, len(values))
    stretches: list[list[tuple[float, float]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            stretches.append([])
            continue
        y = HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP)
        stretches[-1].append((LEFT + (at + 0.5) * step, y))
    paths: list[tuple[str, str]] = []
    for stretch in filter(None, stretches):
        first, last = stretch[0], stretch[-1]
        stretch = [(first[0] - step / 2, first[1]), *stretch, (last[0] + step / 2, last[1])]
        path = "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in stretch)
        floor = HEIGHT - BOTTOM
        paths.append((f"{series.css} area", f"{path} L{stretch[-1][0]:.1f},{floor} L{stretch[0][0]:.1f},{floor} Z"))
        paths.append((f"{series.css} stroke", path))
    return _chart((), tuple(paths), ticks, step, top, is_empty=not paths)


def _chart(
    found: tuple[Bar, ...],
    lines: tuple[tuple[str, str], ...],
    ticks: Sequence[tuple[int, str]],
    step: float,
    top: float,
    *,
    is_empty: bool,
) -> Chart:
    scale = HEIGHT - BOTTOM - TOP
    y_ticks = (0.0, top / 2, top) if top >= 2 else (0.0, top)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        base=HEIGHT - BOTTOM,
        right=WIDTH,
        bars=found,
        lines=lines,
        x_ticks=tuple(Tick(place=round(LEFT + (at + 0.5) * step, 1), text=text) for at, text in ticks),
        y_ticks=tuple(
            Tick(place=round(HEIGHT - BOTTOM - value / top * scale, 1), text=_short(value)) for value in y_ticks
        ),
        is_empty=is_empty,
    )


def _round_up(value: float) -> float:
    """A top that reads well: 1, 2, 5 with noughts."""
    if value <= 1:
        return 1.0
    power = 1.0
    while True:
        for step in (1, 2, 5):
            if value <= step * power:
                return step * power
        power *= 10


def _short(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    if value >= 1_000:
        return f"{value / 1_000:g}k"
    return f"{value:g}"
