"""Telling a person what was done, with a way back."""

from __future__ import annotations

import json
from typing import Literal, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

Answer = TypeVar("Answer", bound=HttpResponse)
Tone = Literal["ok", "bad"]


def toast(request: HttpRequest, text: str | Promise, *, undo: str = "", tone: Tone = "ok") -> None:
    """Shown by the next page. `undo` is an address that takes it back when posted to."""
    level = messages.ERROR if tone == "bad" else messages.SUCCESS
    messages.add_message(request, level, str(text), extra_tags=f"undo={undo}" if undo else "")


def toast_on(answer: Answer, text: str | Promise, *, hint: str = "", undo: str = "", tone: Tone = "ok") -> Answer:
    """Shown when htmx gets this answer; the answer, for `return`."""
    told = json.loads(answer.get("HX-Trigger", "{}"))
    told["toast"] = {"text": str(text), "hint": hint, "undo": undo, "tone": tone}
    answer["HX-Trigger"] = json.dumps(told)  # ASCII, as headers must be
    return answer
