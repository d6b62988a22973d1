"""Long work shows how far it is on a terminal, and nothing elsewhere."""

import os
import pty
import subprocess
import sys

CODE = """
from tallystick.cli.progress import progress
with progress() as step:
    step("reading", 1200)
    step("reading", 34)
    step("writing\\x1b[2J", 5)
print("done")
"""


def _run(environment: dict[str, str]) -> tuple[str, str]:
    """What a child says on standard output, and on the terminal that its standard error is."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", CODE],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env={**os.environ, "COLUMNS": "100", **environment},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the terminal closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    out, _ = child.communicate(timeout=200)
    return out, shown.decode("utf-8", "replace")


def test_progress_on_a_terminal_shows_what_is_done_and_how_much():
    out, shown = _run({"TERM": "xterm"})
    assert out == "done\n"
    assert "5 records" in shown
    assert "writing\\x1b[2J" in shown


def test_progress_on_a_dumb_terminal_is_silent():
    assert _run({"TERM": "dumb"}) == ("done\n", "")


def test_progress_without_a_terminal_is_silent():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("done\n", "")
