"""Russian texts: complete, compiled, and in nobody's way."""

from __future__ import annotations

import gettext
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.utils import dates, translation

from tallystick import server

ROOT = Path(server.__file__).parent
FILES = sorted(ROOT.glob("*/locale/ru/LC_MESSAGES/django.po"))
IDS = [file.parts[-5] for file in FILES]


def _read(file: Path):
    with file.open("rb") as stream:
        return read_po(stream, locale="ru")


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_every_text_has_its_translation(file):
    waiting = [
        message.id
        for message in _read(file)
        if message.id
        and (message.fuzzy or not all([message.string] if isinstance(message.string, str) else message.string))
    ]
    assert waiting == []


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_compiled_file_says_the_same(file):
    with file.with_suffix(".mo").open("rb") as stream:
        compiled = gettext.GNUTranslations(stream)
    for message in _read(file):
        if message.id and isinstance(message.id, str):
            context = message.context
            found = compiled.pgettext(context, message.id) if context else compiled.gettext(message.id)
            assert found == message.string, "run `make messages`"


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_places_for_values_are_kept(file):
    for message in _read(file):
        if message.id:
            assert list(message.check()) == []


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="There is no xgettext; the package gettext has it.")
@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_no_text_is_left_out_of_the_file(file, tmp_path):
    app = tmp_path / "app"
    shutil.copytree(file.parents[3], app, ignore=shutil.ignore_patterns("__pycache__", "static"))
    command = [Path(sys.executable).parent / "django-admin", "makemessages", "--locale", "ru", "--no-location"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run([*command, "--no-obsolete"], cwd=app, check=True, capture_output=True, env=environment)
    found = {message.id for message in _read(app / "locale/ru/LC_MESSAGES/django.po") if message.id}
    kept = {message.id for message in _read(file) if message.id}
    assert found - kept == set(), "run `make messages`"


def test_texts_of_ours_change_no_names_of_months_and_days():
    """ "May" as a word of ours would be the month everywhere: all apps share one catalogue."""
    with translation.override("ru"):
        assert [str(dates.MONTHS[5]), str(dates.MONTHS_3[5]), str(dates.WEEKDAYS[0])] == ["Май", "май", "Понедельник"]
