"""The pages of the records. What they change, they change through `domain.actions`."""

from __future__ import annotations

from typing import Final

from django.http import Http404

from tallystick.server.records.record_types import BY_NAME, RECORD_TYPES, RecordType

VIEW: Final = tuple(kind.permission("view") for kind in RECORD_TYPES)
ADD: Final = tuple(kind.permission("add") for kind in RECORD_TYPES)
CHANGE: Final = tuple(kind.permission("change") for kind in RECORD_TYPES)
DELETE: Final = tuple(kind.permission("delete") for kind in RECORD_TYPES)


def kind_of(name: str) -> RecordType:
    """The type an address names; a page that is not there otherwise."""
    found = BY_NAME.get(name)
    if found is None:
        raise Http404
    return found
