"""The command line: words the commands of the product, with no logic of its own.

Source: spec/interface.md, "Command line".
"""

from __future__ import annotations

from typing import Final

COLLECTED: Final = 100_000
"""So many objects more than before, and Python looks for those that hold each other without being used."""


def main() -> None:
    """The program `tallystick`; never returns."""
    import gc
    import sys

    # What starting makes stays until the end, and the collector finds nothing in it: it took a third of the start,
    # and as long again at the end.
    gc.set_threshold(COLLECTED, 10, 10)

    from tallystick.cli.edge import run

    code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(code)
