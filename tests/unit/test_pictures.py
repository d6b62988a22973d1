"""The pictures of the documentation are those that the script takes, and each is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from scripts.screenshots import PICTURES, ROOT

DOCS = ROOT / "docs"


def _shown(page: Path) -> set[str]:
    return set(re.findall(r"images/([\w-]+)\.webp", page.read_text(encoding="utf-8")))


def test_every_picture_is_taken_by_the_script():
    assert {file.stem for file in (DOCS / "images").glob("*.webp")} == set(PICTURES)


def test_every_picture_is_shown_on_the_page_of_pictures():
    assert _shown(DOCS / "pictures.md") == set(PICTURES)


def test_no_page_shows_a_picture_that_is_not_there():
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    assert set().union(*map(_shown, pages)) == set(PICTURES)
