"""The command line: words the commands of the product, with no logic of its own.

Source: spec/interface.md, "Command line".
"""

from __future__ import annotations

from typing import Final, NoReturn

COLLECTED: Final = 300_000
"""So many objects more than before, and Python looks for those that hold each other without being used.

Starting and a run over some thousand records make fewer: they are not searched, which takes 40 ms a time.
"""


def main() -> NoReturn:
    """The program `tallystick`; never returns."""
    import gc
    import sys

    # What starting makes stays until the end, and the collector finds nothing in it: a third of the start.
    gc.set_threshold(COLLECTED, 10, 10)

    from tallystick.cli.edge import run

    _leave(run(sys.argv[1:]))


def _leave(code: int) -> NoReturn:
    """Ends the program, at once where nothing is under way.

    Python would take all that was imported apart first, which takes a fifth of a second and changes nothing.
    """
    import atexit
    import os
    import sys
    import threading

    if threading.active_count() > 1:
        sys.exit(code)
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        sys.exit(code)  # the usual end says what became of the output
    os._exit(code)
