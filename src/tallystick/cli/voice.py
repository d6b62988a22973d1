"""Where words and answers go: people's words to the terminal, with `--json` one object to standard output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TextIO

from tallystick.cli.printable import printable, printable_json, spells_unicode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.text import Text

PIPED_WIDTH: Final = 160
"""Columns of a table that does not go to a terminal."""


class Voice:
    """What one command says. With `is_json` standard output carries the answer alone, people's words go beside it."""

    def __init__(self, *, is_json: bool = False) -> None:
        self.is_json = is_json
        self._console: Console | None = None

    @property
    def console(self) -> Console:
        """Made on first use: Rich takes its time."""
        if self._console is None:
            self._console = console(sys.stderr if self.is_json else sys.stdout)
        return self._console

    def say(self, words: str | Text = "") -> None:
        """One line; a text from a record has to be `printable` already."""
        with open_pipe():
            self.console.print(words, soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
        from rich.table import Table

        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for name in columns:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*row)
        with open_pipe():
            self.console.print(table)

    def answer(self, answer: Mapping[str, Any]) -> None:
        """The machine form; said last, and only once."""
        if self.is_json:
            write(as_json(answer) + "\n")


def console(stream: TextIO) -> Console:
    """Rich on a stream: no markup and no guessed colours in what records hold; honours NO_COLOR and TERM=dumb."""
    from rich.console import Console

    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return Console(file=stream, markup=False, highlight=False, emoji=False, width=width)


def as_json(answer: Any) -> str:
    """JSON that any output can carry and that does nothing to a terminal."""
    text = json.dumps(answer, ensure_ascii=not spells_unicode(sys.stdout), indent=2, default=_plain)
    return printable_json(text)


def as_json_line(answer: Any) -> str:
    """The same on one line, without its line end."""
    return printable_json(json.dumps(answer, ensure_ascii=not spells_unicode(sys.stdout), default=_plain))


def write(text: str) -> None:
    """`text` to standard output as it is."""
    with open_pipe():
        sys.stdout.write(text)
        sys.stdout.flush()


def complain(sentence: str, *, hint: str = "") -> None:
    """A sentence about what went wrong, and what to do next, to standard error."""
    with open_pipe():
        for line in (sentence, hint):
            if line:
                sys.stderr.write(printable(line) + "\n")
        sys.stderr.flush()


@contextmanager
def open_pipe() -> Iterator[None]:
    """Goes on in silence when nobody reads any more (`tallystick journal | head`): the work counts, not the words."""
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BrokenPipeError:
                os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _plain(value: Any) -> Any:
    """Mappings and sequences that `json` does not know by themselves."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
