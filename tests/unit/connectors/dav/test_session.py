"""Names and versions in what servers answer."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.connectors.dav.session import name_of, version_of


@given(href=st.text(alphabet="/abc.%2F41?#;: \\é~-_@\t\r\n", max_size=30))
def test_name_of_any_address_is_the_decoded_last_segment_of_its_path(href: str) -> None:
    assert name_of(href) == unquote(urlsplit(href).path.rpartition("/")[2])


@pytest.mark.parametrize(
    ("href", "name"),
    [
        ("/hub/book/contact-1.vcf", "contact-1.vcf"),
        ("https://example.com/hub/book/contact-1.vcf", "contact-1.vcf"),
        ("/hub/book/caf%C3%A9.vcf", "café.vcf"),
        ("/hub/book/1.vcf?version=2", "1.vcf"),
        ("//example.com", ""),
        ("/hub/book/", ""),
        ("", ""),
    ],
)
def test_name_of_address_is_its_last_segment(href: str, name: str) -> None:
    assert name_of(href) == name


@pytest.mark.parametrize(
    ("text", "version"), [('"a"', '"a"'), ("a", '"a"'), ('W/"a"', 'W/"a"'), (" ", None), (None, None)]
)
def test_version_is_quoted_as_preconditions_take_it(text: str | None, version: str | None) -> None:
    assert version_of(text) == version
