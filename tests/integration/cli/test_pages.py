"""The pages about the command line: the tutorial is followed to the letter, no page names what is not there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from tallystick.cli.app import app

DOCS = Path(__file__).resolve().parents[3] / "docs"
TUTORIAL = DOCS / "tutorial/first-sync.md"
PAGES = sorted([TUTORIAL, *DOCS.glob("how-to/*.md"), *DOCS.glob("reference/command-line.md")])


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_tutorial_followed_to_the_letter_ends_as_it_says(tmp_path):
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, words in (("tallystick", f"{sys.executable} -m tallystick.cli"), ("python", sys.executable)):
        (bin_folder / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (bin_folder / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "TALLYSTICK_USER": "you"}
    environment.pop("TALLYSTICK_DATABASE_URL", None)
    folder = tmp_path / "work"
    folder.mkdir()
    (yaml,) = blocks(TUTORIAL, "yaml")
    (folder / "people.yaml").write_text(yaml)
    said = []
    for block in blocks(TUTORIAL, "sh"):
        done = subprocess.run(
            ["sh", "-e", "-c", block], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.stderr == "", done.stderr
        said.append((done.returncode, done.stdout))
    codes = [code for code, _ in said]
    conflict = next(number for number, (_, out) in enumerate(said) if "1 conflict" in out)
    assert codes == [int(number == conflict) for number in range(len(codes))]
    text = "\n".join(out for _, out in said)
    for words in (
        "tables and fields are there",
        "first contact: only the right has a value",
        "1 created, 1 updated on the left  ·  1 created, 1 updated on the right",
        "nothing written  ·  4 unchanged",
        "1 updated on the left  ·  1 updated on the right",
        "--take left|right|ignore",
        "In sync with register:person:70.",
        "109 -> 101",
    ):
        assert words in text, words
    rows = subprocess.run(
        [sys.executable, "-c", "import sqlite3; print(sqlite3.connect('register.db').execute("
         "'SELECT full_name, tel FROM person ORDER BY full_name').fetchall())"],
        cwd=folder, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert rows == (
        "[('Ada Lovelace', '109'), ('Annie Easley', '300'), ('Grace Hopper', '201'), ('Mary Kenneth Keller', '401')]\n"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_names_only_commands_and_options_that_are_there(page):
    program = get_command(app)
    text = page.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```(?:sh|console)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL))
    calls = re.findall(r"tallystick ((?:[a-z-]+)[^`\n|)]*)", code) + re.findall(r"`tallystick ([^`\n]+)`", text)
    for call in calls:
        words = shlex.split(re.sub(r"[\"'()$].*", "", call))
        command = program
        while words and getattr(command, "commands", None) and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        if words and words[0].isupper():
            continue
        options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
        assert not getattr(command, "commands", None) or not words or words[0].startswith("-"), call
        assert {word for word in words if word.startswith("--")} - options == set(), call
