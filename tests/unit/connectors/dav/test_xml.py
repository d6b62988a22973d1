"""What an answer may begin with: a document type is told, wherever in the prolog it stands, and nothing else is one."""

import pytest

from tallystick.connectors.dav.xml import multistatus
from tallystick.errors import SystemFault

EMPTY = b'<d:multistatus xmlns:d="DAV:"/>'
TYPE = b"<!DOCTYPE d:multistatus>"


@pytest.mark.parametrize(
    "prolog",
    [
        b"",
        b'<?xml version="1.0"?>',
        b"\xef\xbb\xbf<?xml version='1.0'?>\r\n",
        b"<!-- one --><?some more?> <!-- > -->\n",
        b"<!-- one --><?a ?><?b <!-- ?>",
    ],
)
def test_document_type_after_any_prolog_is_not_read(prolog):
    with pytest.raises(SystemFault, match="document type"):
        multistatus(prolog + TYPE + EMPTY, "dav.example.com")


@pytest.mark.parametrize("words", [b"<!-- <!DOCTYPE a> -->", b"<?a <!DOCTYPE a> ?>", b"<!-- ?> --><?a --> ?>"])
def test_words_about_a_document_type_are_none(words):
    assert multistatus(b"<?xml version='1.0'?>" + words + EMPTY, "dav.example.com").resources == []
