"""The program as a whole: what it imports, which words it knows."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tallystick import __version__
from tallystick.cli import edge, options
from tallystick.model.plan import ReviewKind, Take

HEAVY = ("pydantic", "duckdb", "pyarrow", "django", "rich", "sqlalchemy", "ruamel", "httpx", "dbos", "regex", "orjson")


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], ()),
        (["--version"], ()),
        (["sync", "--help"], ("pydantic",)),  # Typer reads the types of a command's options with it
        (["review", "--help"], ("pydantic",)),
    ],
)
def test_help_imports_nothing_heavy(arguments, allowed):
    code = (
        "import sys\n"
        "from tallystick.cli.edge import run\n"
        f"code = run({arguments!r})\n"
        "heavy = sorted({name.partition('.')[0] for name in sys.modules} & set(sys.argv[1:]))\n"
        "assert (code, heavy) == (0, []), (code, heavy)\n"
    )
    heavy = [name for name in HEAVY if name not in allowed]
    result = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout


def test_version_names_the_product(capsys):
    assert edge.run(["--version"]) == 0
    assert capsys.readouterr().out == f"tallystick {__version__}\n"


def test_words_of_the_command_line_are_those_of_the_model():
    assert {one.value for one in options.Answer} == {one.value for one in Take}
    assert {one.value for one in options.Question} == {one.value for one in ReviewKind}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion_is_offered(shell):
    environment = {"_TALLYSTICK_COMPLETE": f"source_{shell}", "PATH": "/usr/bin:/bin"}
    result = subprocess.run(
        [sys.executable, "-m", "tallystick.cli"], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0
    assert "tallystick" in result.stdout


def test_person_is_named_by_the_environment_first(monkeypatch):
    monkeypatch.setenv("TALLYSTICK_USER", "anna")
    assert options.person() == "anna"


SPARED = ("duckdb", "adbc_driver_manager", "pygments")
"""What a run that finds nothing to do has no use for: 100 ms together."""

TOLD_AT_THE_END = f"""
import atexit, gc, sys
import tallystick.connectors.dav.client  # as where an address book is one of the systems
from tallystick.cli import main
searches = []
gc.callbacks.append(lambda phase, _: searches.append(phase))
atexit.register(lambda: print(sorted({{*{SPARED!r}}} & {{*sys.modules}}), len(searches)))
main()
"""


def test_run_with_nothing_to_do_loads_and_searches_no_more_than_it_needs(tmp_path):
    with closing(sqlite3.connect(tmp_path / "data.db")) as database, database:
        for table in ("here", "there"):
            database.execute(f"create table {table} (id integer primary key, name text)")
        database.executemany("insert into here (name) values (?)", [("Anna",), ("Bo",)])
    (tmp_path / "two.yaml").write_text(
        'integration: two\nsystems: {a: {connector: sql, url: "sqlite:///data.db"}}\n'
        "flows:\n  - {flow: people, left: {system: a, record: here, key: id},"
        " right: {system: a, record: there, key: id}, fields: [{left: name, right: name}]}\n"
    )
    sync = ["sync", str(tmp_path / "two.yaml")]
    assert edge.run(sync) == 0
    result = subprocess.run([sys.executable, "-c", TOLD_AT_THE_END, *sync], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "[] 0"
