"""`tallystick demo`: a CRM and an address book with three hundred people, kept in agreement before one's eyes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli.edge import DONE


def demo(
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the files of the demo go.")] = Path(".demo"),
) -> int:
    """Show two systems being kept in agreement, in under two minutes."""
    from tallystick.cli.demo.story import tell

    tell(folder)
    return DONE
