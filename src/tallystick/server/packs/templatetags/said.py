"""What documents of packs say, in the reader's language."""

from __future__ import annotations

from django import template

from tallystick.server.packs.words import in_words

register = template.Library()
register.filter("said", in_words)
