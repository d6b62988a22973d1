"""What the queue looks for in a review besides its columns: questions alike, and the words a person may type."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from tallystick.engine import questions
from tallystick.model.plan import Review
from tallystick.server.state.codec import text_of

WORDS: Final = 600
"""Characters kept of everything a question shows."""
_OF_ONE: Final = 80


def likeness_of(review: Review) -> str:
    """Equal within a scope for questions that one answer may do for."""
    return blake2b(text_of(questions.likeness(review)).encode(), digest_size=16).hexdigest()


def words_of(review: Review) -> str:
    """Ids, topic, message and values, folded so that case does not matter; at most WORDS characters."""
    parts: list[str] = [review.left_id or "", review.right_id or "", review.topic]
    parts.append(str(review.evidence.get("message", "")))
    for candidate in review.evidence.get("candidates", ()):
        if isinstance(candidate, Mapping):
            parts += [str(candidate.get("left", "")), str(candidate.get("right", ""))]
    for values in review.fields.values():
        parts += [str(value) for value in values.values() if value is not None]
    seen = dict.fromkeys(folded(part)[:_OF_ONE] for part in parts if part)
    return " ".join(seen)[:WORDS]


def folded(text: str) -> str:
    """How words are compared."""
    return " ".join(text.casefold().split())
