"""How far long work is: a line on a terminal, nothing anywhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Step = Callable[[str, int], None]
"""Told what is being done ("reading") and how many more records of it are done."""


@contextmanager
def progress() -> Iterator[Step]:
    """A bar on standard error while the block runs, when that is a terminal; it is gone afterwards."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda what, count: None
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    from tallystick.cli.printable import printable
    from tallystick.cli.voice import console

    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20, pulse_style="dim"),
        TextColumn("{task.completed:,.0f} records"),
        TimeElapsedColumn(),
        console=console(sys.stderr),
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def step(what: str, count: int) -> None:
        for done in [name for name in tasks if name != what]:
            bar.remove_task(tasks.pop(done))
        if what not in tasks:
            tasks[what] = bar.add_task(printable(what), total=None)
        bar.advance(tasks[what], count)

    with bar:
        yield step
