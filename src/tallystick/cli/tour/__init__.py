"""`tallystick tour`: a CRM and an address book with three hundred people, kept in agreement in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli.edge import DONE


def tour(
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the files of the tour go.")] = Path(".tour"),
) -> int:
    """Show in the terminal how two systems are kept in agreement, in under two minutes."""
    from tallystick.cli.tour.story import tell

    tell(folder)
    return DONE
