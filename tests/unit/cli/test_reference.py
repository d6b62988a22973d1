"""docs/reference/command-line.md names every command, argument and option, in the program's own words."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tallystick.cli.app import app

PAGE = Path(__file__).resolve().parents[3] / "docs/reference/command-line.md"


def commands(command: Any, path: str = "tallystick") -> Iterator[tuple[str, Any]]:
    """Every visible command with the words that call it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, one in inner.items():
        if not one.hidden:
            yield from commands(one, f"{path} {name}")


COMMANDS = dict(commands(get_command(app)))


def rows(command: Any) -> list[str]:
    """The command's table as the page has to hold it, `--help` and `--json` aside: those are told once for all."""
    told = []
    for one in command.params:
        if one.name == "help" or "--json" in one.opts:
            continue
        metavar = one.metavar or ""
        if one.param_type_name == "argument":
            told.append(f"| `{metavar}` | {one.help} |")
            continue
        words = f"{one.opts[0]} {metavar}".strip()
        default = f" Default {one.default}." if one.show_default and type(one.default) in (int, str) else ""
        told.append(f"| `{words}` | {one.help}{default} |")
    return told


def sections() -> dict[str, str]:
    parts = re.split(r"^## `(tallystick [^`]+)`$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_page_has_a_section_for_every_command_in_the_programs_order():
    assert list(sections()) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_page_holds_what_the_command_says_of_itself(name):
    section = sections()[name]
    assert COMMANDS[name].help in section
    found = [line for line in section.splitlines() if line.startswith("| `")]
    assert found == rows(COMMANDS[name])


def test_page_holds_the_exit_code_of_every_error():
    from tallystick import errors
    from tallystick.cli.edge import exit_code

    def kinds(kind: type) -> set[type]:
        return {kind}.union(*(kinds(child) for child in kind.__subclasses__() if child.__module__ == errors.__name__))

    expected = set()
    for kind in kinds(errors.TallystickError) - {errors.TallystickError}:
        error = kind(()) if kind is errors.DocumentErrors else kind("x")
        expected.add((kind.code, exit_code(error)))
    page = PAGE.read_text(encoding="utf-8")
    found = {
        (code, int(number))
        for number, codes in re.findall(r"^\| ([123]) \| [^|]+ \| (`[^|]+) \|$", page, flags=re.MULTILINE)
        for code in re.findall(r"`(\w+)`", codes)
    }
    assert found == expected
