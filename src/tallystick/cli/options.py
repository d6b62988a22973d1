"""The arguments and options that several commands share, each worded once."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(metavar="FILE", help="The integration file (YAML).", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Flows = Annotated[
    list[str] | None,
    typer.Option("--flow", metavar="F", help="Only this flow; may be given several times.", show_default=False),
]
Full = Annotated[bool, typer.Option("--full", help="Compare everything instead of reading what changed.")]
Approve = Annotated[bool, typer.Option("--approve", help="Go on although a guard would hold the run.")]
Beside = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="The integration file whose state is meant; else TALLYSTICK_DATABASE_URL, else tallystick.db here.",
        show_default=False,
    ),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many, the newest first.")]


class Answer(enum.StrEnum):
    """What a person may take; the words of `tallystick.model.plan.Take`, held equal by a test."""

    LEFT = "left"
    RIGHT = "right"
    LINK = "link"
    CREATE = "create"
    IGNORE = "ignore"
    APPROVE = "approve"
    REFUSE = "refuse"


class Question(enum.StrEnum):
    """The kinds of questions; the words of `tallystick.model.plan.ReviewKind`, held equal by a test."""

    POSSIBLE = "possible"
    DISPUTED = "disputed"
    CONFLICT = "conflict"
    LOSSY_EDIT = "lossy_edit"
    UNMAPPED_CODE = "unmapped_code"
    REJECT = "reject"
    UNKNOWN = "unknown"
    HELD = "held"
    COLLISION = "collision"


def person() -> str:
    """Who is at the keyboard, for the history: TALLYSTICK_USER, else the name this account has."""
    import getpass
    import os

    try:
        return os.environ.get("TALLYSTICK_USER") or getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return f"user {os.getuid()}"
