"""The contract every connector keeps, as tests to inherit.

    from tallystick.testing.contract import ConnectorContract, Outside, Subject

    class TestMyConnector(ConnectorContract):
        capabilities = Capabilities(changes=True, tombstones=True, versions=True, reserve=True)
        field_types = frozenset({FieldType.TEXT, FieldType.INTEGER})
        cannot = {"test_value_comes_back_as_written[text-empty]": "The format has no empty text."}

        @pytest.fixture
        def subject(self, tmp_path):
            ...
            yield Subject(system=system, selection=selection, sample=sample, outside=MyOutside(...), batch_rows=5,
                          text="note")
            system.close()

`capabilities` is what `describe` has to say of the record type. A test that needs more than that is turned into a
strict xfail, which fails as soon as it works after all; in its place the suite asserts the declared refusal.
`field_types` are the types of fields that can be written. `cannot` names single tests that the system can never
pass, with the reason: strict too, so that the list cannot outlive its reasons. Nothing is skipped.
How to use it step by step: docs/how-to/write-a-connector.md.
"""

import pytest

pytest.register_assert_rewrite(
    *(f"{__name__}.{part}" for part in ("changing", "filtering", "listing", "probing", "values", "writing"))
)

from tallystick.testing.contract.subject import Outside, Subject, VersionsKnown  # noqa: E402
from tallystick.testing.contract.suite import ConnectorContract  # noqa: E402

__all__ = ["ConnectorContract", "Outside", "Subject", "VersionsKnown"]
