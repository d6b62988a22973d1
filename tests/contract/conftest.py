"""The suites stand in the shipped kit; pytest explains their failed assertions like those of any test."""

import pytest

pytest.register_assert_rewrite(
    "tallystick.testing.store_journal_contract",
    "tallystick.testing.store_links_contract",
    "tallystick.testing.store_reviews_contract",
)
