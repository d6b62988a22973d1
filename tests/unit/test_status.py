"""The status page says what the rows and the tests say, and nothing else."""

from pathlib import Path

import pytest

from scripts.status import (
    ROOT,
    StatusError,
    find_namings,
    gather_proof,
    read_rows,
    render,
    write_status,
)

ROWS = """
[engine]
heading = "The engine"
E18 = { title = "Three-way merge", state = "done" }
E19 = { title = "Conflict rules", state = "part", remark = "newest is missing" }
[pim]
heading = "PIM"
P19a = { title = "Settings are read at the start", state = "open" }
"""

NAMED_IN_NAME = "def test_merge_equal_agrees_E18():\n    pass\n"


def _tests(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def _proof(folder: Path, **modules: str) -> dict[str, frozenset[str]]:
    return dict(gather_proof(read_rows(ROWS), find_namings(_tests(folder, **modules))))


def test_status_page_of_this_repository_is_up_to_date():
    page = (ROOT / "docs/status.md").read_text(encoding="utf-8")
    assert page == write_status(ROOT), "run `make status` and commit docs/status.md"


def test_rows_of_this_repository_are_the_rows_of_the_specification():
    counts = {page.heading: len(page.rows) for page in read_rows((ROOT / "docs/rows.toml").read_text())}
    assert counts == {
        "The engine": 40,
        "Acceptance scenarios": 25,
        "Assets": 25,
        "Work orders": 16,
        "Accounts": 31,
        "Contacts, calendar and tasks": 64,
        "Field service": 12,
    }


def test_proof_is_found_in_name_docstring_class_and_mark(tmp_path):
    proof = _proof(
        tmp_path,
        test_name=NAMED_IN_NAME,
        test_text='class TestRules:\n    """E19."""\n    def test_ask(self):\n        """Also P19a."""\n',
        test_mark='@pytest.mark.rows("E18")\ndef test_marked(): pass\n',
    )
    assert proof == {
        "E18": frozenset({"test_name.py", "test_mark.py"}),
        "E19": frozenset({"test_text.py"}),
        "P19a": frozenset({"test_text.py"}),
    }


def test_proof_leaves_out_skipped_expected_failures_and_fixtures(tmp_path):
    proof = _proof(
        tmp_path,
        test_name=NAMED_IN_NAME,
        test_none="@pytest.mark.skip\ndef test_a_E19(): pass\n"
        '@pytest.mark.xfail(reason="E19")\ndef test_b_E19(): pass\n'
        "def make_E19(): pass\n"
        '@pytest.mark.parametrize("name", ["E19"])\ndef test_c(name): pass\n',
    )
    assert proof == {"E18": frozenset({"test_name.py"})}


def test_row_done_without_a_test_is_refused(tmp_path):
    with pytest.raises(StatusError, match="E18 is said to be done but no test names it"):
        _proof(tmp_path)


def test_unknown_row_in_a_test_name_is_refused(tmp_path):
    with pytest.raises(StatusError, match=r"test_slip\.py names E81"):
        _proof(tmp_path, test_slip="def test_slip_E81(): pass\n")


@pytest.mark.parametrize(
    "rows",
    [
        '[a]\nheading = "A"\nE1 = { title = "x", state = "nearly" }',
        '[a]\nheading = "A"\nE1 = { state = "open" }',
        '[a]\nheading = "A"\nX1 = { title = "x", state = "open" }',
        '[a]\nheading="A"\nE1={title="x",state="open"}\n[b]\nheading="B"\nE1={title="x",state="open"}',
    ],
    ids=["unknown state", "no title", "no row id", "twice"],
)
def test_wrong_rows_are_refused_by_name(rows):
    with pytest.raises(StatusError, match=r"^(E1|X1) in docs/rows\.toml"):
        read_rows(rows)


def test_page_counts_states_and_shows_remarks(tmp_path):
    pages = read_rows(ROWS)
    lines = render(pages, gather_proof(pages, find_namings(_tests(tmp_path, test_name=NAMED_IN_NAME)))).splitlines()
    assert "| The engine | 1 | 1 | 0 |" in lines
    assert "| E18 | Three-way merge | done | `test_name.py` |  |" in lines
    assert "| E19 | Conflict rules | part |  | newest is missing |" in lines
