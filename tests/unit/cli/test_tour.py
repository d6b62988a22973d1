"""The people of the tour, and the folder it goes into."""

import json
import subprocess
import sys
import unicodedata

import pytest

from tallystick.cli import edge
from tallystick.server.demo.people import COUNT, people


def test_people_are_the_same_every_time_and_each_has_an_address():
    everybody = list(people())
    assert everybody == list(people())
    assert len(everybody) == len({one.email for one in everybody}) == COUNT
    assert all(one.email.isascii() and one.email.endswith(".example") for one in everybody)


def test_people_are_named_in_many_scripts():
    scripts = {unicodedata.name(one.last_name[0]).split()[0] for one in people()}
    assert scripts >= {
        *("LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "THAI"),
        *("HANGUL", "GEORGIAN", "ARMENIAN"),
    }
    assert all(unicodedata.is_normalized("NFC", one.first_name + one.last_name) for one in people())


def test_tour_leaves_a_folder_alone_that_is_not_its_own(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("precious")
    assert edge.run(["tour", "--folder", str(tmp_path)]) == 2
    assert "holds something else." in capsys.readouterr().err
    assert (tmp_path / "mine.txt").read_text() == "precious"


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.dav
def test_tour_tells_its_story_to_the_end_and_leaves_both_sides_in_agreement(tmp_path):
    folder = tmp_path / "demo"
    command = [sys.executable, "-m", "tallystick.cli"]
    told = subprocess.run([*command, "tour", "--folder", folder], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    for words in (
        "1 conflict",
        "--take right",
        "In sync with phones:contacts:",
        "would delete 60",
        "60 deleted on the left",
    ):
        assert words in told.stdout
    runs = subprocess.run([*command, "runs", "--json"], cwd=folder, capture_output=True, text=True, check=True)
    kinds = [run["kind"] for run in json.loads(runs.stdout)["runs"]]
    assert kinds[:2] == ["sync", "undo"]
