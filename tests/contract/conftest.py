"""The suites stand in the shipped kit; pytest explains their failed assertions like those of any test."""

import pytest

pytest.register_assert_rewrite("tallystick.testing.store_contract")
