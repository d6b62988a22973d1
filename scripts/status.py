"""Writes docs/status.md: every row of the specification, how far it is kept, and the tests that name it.

Rows and states come from docs/rows.toml (kept by hand), the proof from the tests: a row counts as named when its id
stands in the name or docstring of a test, in the name or docstring of the class around it, or in a mark
`@pytest.mark.rows("E18", ...)`. A test marked skip or xfail proves nothing and is left out.

Run it by `make status`; `--check` only says whether the page is up to date.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

ROW_ID = re.compile(r"(?<![A-Za-z0-9])[EASWKPF]\d+[a-c]?(?![A-Za-z0-9])")


class StatusError(Exception):
    """Rows and tests contradict each other; the message is a sentence for whoever keeps them."""


class State(StrEnum):
    """How far a row is kept."""

    OPEN = "open"
    PART = "part"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the specification: `id` as in `E18`, `remark` empty when there is nothing to add."""

    id: str
    title: str
    state: State
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The rows of one page of the specification, in its order."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """One test that names rows: in its own name, where a typing slip is an error, and elsewhere."""

    test: str
    in_name: frozenset[str]
    in_text: frozenset[str]


def read_rows(text: str) -> tuple[Page, ...]:
    """The pages of rows.toml. Raises StatusError for an unknown state, a missing title or a row given twice."""
    pages, seen = [], set[str]()
    for table in tomllib.loads(text).values():
        rows = []
        for row_id, entry in table.items():
            if row_id == "heading":
                continue
            if row_id in seen or not ROW_ID.fullmatch(row_id):
                raise StatusError(f"{row_id} in docs/rows.toml stands there twice or is no row id; mend it.")
            seen.add(row_id)
            try:
                state = State(entry["state"])
                row = Row(id=row_id, title=entry["title"], state=state, remark=entry.get("remark", ""))
            except (KeyError, ValueError) as error:
                raise StatusError(
                    f"{row_id} in docs/rows.toml needs a title and a state of open, part or done ({error})."
                ) from error
            rows.append(row)
        pages.append(Page(heading=table["heading"], rows=tuple(rows)))
    return tuple(pages)


def find_namings(tests: Path) -> Iterator[Naming]:
    """Every test under the folder, in order of path and line, with the rows it names. Reads, never imports."""
    for path in sorted(tests.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        yield from _namings_in(tree.body, module=path.relative_to(tests).as_posix(), outer=frozenset())


def _namings_in(body: list[ast.stmt], *, module: str, outer: frozenset[str]) -> Iterator[Naming]:
    for node in body:
        if isinstance(node, ast.ClassDef) and _counts(node):
            rows = frozenset(ROW_ID.findall(node.name.replace("_", " "))) | _rows_in_text(node)
            yield from _namings_in(node.body, module=module, outer=outer | rows)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and _counts(node):
            yield Naming(
                test=module,
                in_name=frozenset(ROW_ID.findall(node.name.replace("_", " "))),
                in_text=outer | _rows_in_text(node),
            )


def _rows_in_text(node: ast.ClassDef | ast.FunctionDef) -> frozenset[str]:
    found = set(ROW_ID.findall(ast.get_docstring(node) or ""))
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.rows":
            found.update(ROW_ID.findall(ast.unparse(mark)))
    return frozenset(found)


def _counts(node: ast.ClassDef | ast.FunctionDef) -> bool:
    marks = (ast.unparse(mark.func if isinstance(mark, ast.Call) else mark) for mark in node.decorator_list)
    return not {"pytest.mark.skip", "pytest.mark.xfail"}.intersection(marks)


def gather_proof(pages: tuple[Page, ...], namings: Iterator[Naming]) -> Mapping[str, frozenset[str]]:
    """Row id -> test modules naming it.

    Raises StatusError when a test's name holds an id that no page has, or a row said to be done has no test.
    """
    rows = {row.id: row for page in pages for row in page.rows}
    proof: defaultdict[str, set[str]] = defaultdict(set)
    for naming in namings:
        for unknown in sorted(naming.in_name - rows.keys()):
            raise StatusError(f"A test in {naming.test} names {unknown}, which docs/rows.toml does not have.")
        for row_id in (naming.in_name | naming.in_text) & rows.keys():
            proof[row_id].add(naming.test)
    for row in rows.values():
        if row.state is State.DONE and row.id not in proof:
            raise StatusError(f"{row.id} is said to be done but no test names it; write one or set its state to part.")
    return {row_id: frozenset(modules) for row_id, modules in proof.items()}


def render(pages: tuple[Page, ...], proof: Mapping[str, frozenset[str]]) -> str:
    """The page as Markdown: a summary, then a table for each page of the specification."""
    lines = [
        "# What is kept, row by row",
        "",
        "Written by `make status` from `docs/rows.toml` and the tests that name a row; not edited by hand.",
        "Done means that the running program keeps the whole row and a test under `tests/` proves it.",
        "",
        "| page | done | part | open |",
        "|---|--:|--:|--:|",
    ]
    for page in pages:
        states = [row.state for row in page.rows]
        counts = " | ".join(str(states.count(state)) for state in (State.DONE, State.PART, State.OPEN))
        lines.append(f"| {page.heading} | {counts} |")
    for page in pages:
        lines += [
            "",
            f"## {page.heading}",
            "",
            "| row | what | state | tests | remark |",
            "|---|---|---|---|---|",
        ]
        for row in page.rows:
            tests = "<br>".join(f"`{module}`" for module in sorted(proof.get(row.id, ())))
            cells = (row.id, row.title, row.state.value, tests, row.remark)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def write_status(root: Path) -> str:
    """The text docs/status.md should have for the repository at `root`. Raises StatusError."""
    pages = read_rows((root / "docs/rows.toml").read_text(encoding="utf-8"))
    return render(pages, gather_proof(pages, find_namings(root / "tests")))


def main(arguments: list[str] | None = None) -> int:
    """Writes the page, or with --check compares it. 0 when good, 1 with a sentence when not."""
    parser = argparse.ArgumentParser(description="Write docs/status.md from docs/rows.toml and the tests.")
    parser.add_argument("--check", action="store_true", help="change nothing, fail when the page is not up to date")
    check: bool = parser.parse_args(arguments).check
    page = ROOT / "docs/status.md"
    try:
        text = write_status(ROOT)
    except StatusError as error:
        print(error, file=sys.stderr)
        return 1
    if not check:
        page.write_text(text, encoding="utf-8")
        return 0
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        print("docs/status.md is not up to date; run `make status` and commit it.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
