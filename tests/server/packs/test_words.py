"""What a pack says of itself is read in the reader's language (A3)."""

from __future__ import annotations

import pytest
from django.utils import translation

from tallystick.server.packs.catalogue import packs
from tallystick.server.packs.words import TEXTS, in_words


@pytest.mark.parametrize("pack", packs().values(), ids=lambda pack: pack.pack)
def test_every_text_of_a_pack_is_there_in_russian_A3(pack):
    said = [pack.title, pack.summary, *pack.parameters.values(), *(one.title for one in pack.operations)]
    assert [text for text in said if text not in TEXTS] == []
    with translation.override("ru"):
        assert [text for text in said if in_words(text) == text] == []
