"""What is kept of an error that nobody foresaw."""

import stat

import pytest

from tallystick.cli.crash import keep, redacted, story


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot reach postgresql://anna:hunter22@db/x", "cannot reach postgresql://***@db/x"),
        ("password=hunter22 and more", "password=*** and more"),
        ("{'api_key': 'abc def', 'n': 1}", "{'api_key': ***, 'n': 1}"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("the word xyzzy99 of the variable", "the word *** of the variable"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_redacted_hides_secrets(text, expected):
    assert redacted(text, {"CRM_TOKEN": "xyzzy99", "HOME": "/root"}) == expected


def test_redacted_hides_the_password_of_an_address_in_the_environment():
    environment = {"CRM_URL": "https://anna:correct-horse@crm.example.org"}
    assert redacted("login anna:correct-horse failed", environment) == "login *** failed"


def _failing():
    try:
        raise ValueError("\n".join(["first line", "[parameters: Jane]"]))
    except ValueError as error:
        raise KeyError("no field") from error


def test_story_has_both_errors_and_of_each_message_one_line():
    with pytest.raises(KeyError) as caught:
        _failing()
    told = story(caught.value, {})
    assert "KeyError: 'no field'" in told
    assert "builtins.ValueError: first line\n" in told
    assert "in _failing" in told
    assert "first line\n[parameters" not in told


def test_keep_writes_a_private_file_named_by_its_reference(tmp_path, monkeypatch):
    monkeypatch.setenv("TALLYSTICK_LOG_FOLDER", str(tmp_path / "log"))
    kept = keep(RuntimeError("oh \ud800"))
    assert kept.file == tmp_path / "log" / f"error-{kept.reference}.log"
    assert "RuntimeError: oh \\ud800" in kept.file.read_text(encoding="utf-8")
    assert stat.S_IMODE(kept.file.stat().st_mode) == 0o600


def test_keep_without_a_place_to_write_still_gives_a_reference(tmp_path, monkeypatch):
    (tmp_path / "log").write_text("a file where the folder should be")
    monkeypatch.setenv("TALLYSTICK_LOG_FOLDER", str(tmp_path / "log"))
    kept = keep(RuntimeError("oh"))
    assert kept.file is None
    assert kept.reference
