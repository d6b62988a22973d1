"""Moments that servers tell of a record."""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.connectors.dav.moments import instant_text
from tallystick.connectors.dav.view import modified_at


@given(moment=st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001
def test_modified_stamp_in_its_usual_spelling_is_that_moment(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    assert modified_at(email.utils.format_datetime(moment, usegmt=True)) == instant_text(moment)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
        ("Sun, 06 Nov 1994 08:49:37 +0100", "1994-11-06T07:49:37Z"),
        ("Thu, 29 Feb 2024 00:00:00 GMT", "2024-02-29T00:00:00Z"),
        ("Wed, 29 Feb 2023 00:00:00 GMT", None),
        ("Sun, 06 Nov 1994 24:49:37 GMT", None),
        ("Sun, 06 Noo 1994 08:49:37 GMT", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_modified_stamp_of_any_spelling_is_read_or_left_out(text: str | None, expected: str | None) -> None:
    assert modified_at(text) == expected
