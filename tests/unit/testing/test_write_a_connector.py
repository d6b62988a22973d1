"""The connector that docs/how-to/write-a-connector.md builds is a sound one."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from tallystick.connectors import ENTRY_POINTS

pytest_plugins = ["pytester"]

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "write-a-connector.md"


@pytest.fixture
def files():
    found = defaultdict(str)
    for title, code in re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', PAGE.read_text(), re.DOTALL | re.MULTILINE):
        found[title] += code + "\n"
    return found


def test_connector_of_the_page_passes_the_contract_and_its_fault_test(pytester, files):
    for name in ("connector.py", "test_connector.py", "test_faults.py"):
        (pytester.path / name).write_text(files[name], encoding="utf-8")
    pytester.syspathinsert()
    outcomes = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-p", "no:xdist").parseoutcomes()
    assert set(outcomes) == {"passed", "xfailed"}
    assert outcomes["passed"] > 100


def test_page_names_the_group_of_entry_points(files):
    assert f'"{ENTRY_POINTS}"' in files["pyproject.toml"]
