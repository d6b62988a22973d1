"""The integration files a worker serves."""

import pytest

from tallystick.errors import ConfigurationError, DocumentErrors
from tallystick.runs.files import Files

TEXT = """\
integration: {name}
systems: {{a: {{connector: memory, name: a}}, b: {{connector: memory, name: b}}}}
flows:
  - flow: people
    left: {{system: a, record: person}}
    right: {{system: b, record: person}}
    fields: [{{left: {field}, right: name}}]
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text(TEXT.format(name="one", field="name"), encoding="utf-8")
    return path


def test_file_that_changed_is_read_again_once(file):
    files = Files([file], {})
    assert files.changes() == []
    file.write_text(TEXT.format(name="one", field="full_name"), encoding="utf-8")
    ((change),) = files.changes()
    assert (change.integration, change.error) == ("one", None)
    assert files.of("one").integration.flows[0].maps[0].left == ("full_name",)
    assert files.changes() == []


@pytest.mark.parametrize("spoil", [lambda file: file.unlink(), lambda file: file.write_text("integration: [")])
def test_invalid_or_missing_file_keeps_what_it_was_until_it_is_mended(file, spoil):
    files = Files([file], {})
    spoil(file)
    ((change),) = files.changes()
    assert change.error is not None
    assert files.of("one").integration.flows[0].maps[0].left == ("name",)
    assert files.changes() == []
    file.write_text(TEXT.format(name="one", field="mended"), encoding="utf-8")
    assert [change.error for change in files.changes()] == [None]
    assert files.of("one").integration.flows[0].maps[0].left == ("mended",)


def test_files_are_refused_at_the_start_when_one_is_wrong(file):
    file.write_text("integration: one", encoding="utf-8")
    with pytest.raises(DocumentErrors):
        Files([file], {})


def test_two_files_of_one_name_are_refused_also_later(file, tmp_path):
    other = tmp_path / "two.yaml"
    other.write_text(TEXT.format(name="two", field="name"), encoding="utf-8")
    files = Files([file, other], {})
    other.write_text(TEXT.format(name="one", field="name"), encoding="utf-8")
    ((change),) = files.changes()
    assert (change.integration, type(change.error)) == ("two", ConfigurationError)
    with pytest.raises(ConfigurationError, match="both the integration one"):
        Files([file, other], {})


def test_files_in_several_folders_need_one_state(file, tmp_path):
    (tmp_path / "apart").mkdir()
    other = tmp_path / "apart" / "two.yaml"
    other.write_text(TEXT.format(name="two", field="name"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="several folders"):
        Files([file, other], {})
    url = f"sqlite:///{tmp_path / 'state.db'}"
    assert Files([file, other], {"TALLYSTICK_DATABASE_URL": url}).state_url == url


def test_integration_that_is_not_served_is_named(file):
    with pytest.raises(ConfigurationError, match="does not serve the integration nobody"):
        Files([file], {}).of("nobody")
