"""Writes docs/reference/api.md from the API itself. With --check it only says whether the page is as it should be."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "api.md"
HEAD = """\
# Calls of the API

Every call with the permissions of which it takes one. This page is written by `scripts/api_reference.py`; the page
*API* of the hub and `/api/v1/openapi.json` tell parameters and shapes. [Use the API](../how-to/use-the-api.md) tells
how to begin.
"""


def page() -> str:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tallystick.server.settings")
    import django

    django.setup()
    from tallystick.server.api.service import api

    groups: dict[str, list[str]] = {}
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, call in methods.items():
            needs = _needs(call["x-permissions"])
            row = f"| `{method.upper()} {path.removeprefix('/api/v1')}` | {call['summary']} | {needs} |"
            groups.setdefault(call["tags"][0], []).append(row)
    parts = [HEAD]
    for tag, rows in groups.items():
        parts.append(f"\n## {tag}\n\n| call below `/api/v1` | does | takes |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "".join(parts)


def _needs(permissions: list[str]) -> str:
    if len(permissions) > 4:  # those of every record type
        return f"`records.{permissions[0].partition('.')[2].partition('_')[0]}_…` of the type"
    return ", ".join(f"`{one}`" for one in permissions) or "a token"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text("utf-8") != page())
    PAGE.write_text(page(), "utf-8")
