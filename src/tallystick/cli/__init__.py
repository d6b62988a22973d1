"""The command line: words the commands of the product, with no logic of its own.

Source: spec/interface.md, "Command line".
"""

from __future__ import annotations


def main() -> None:
    """The program `tallystick`; never returns."""
    import sys

    from tallystick.cli.edge import run

    sys.exit(run(sys.argv[1:]))
