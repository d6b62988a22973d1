"""Sentences of the engine in the reader's language.

The engine words why it did or did not do something in English, and writes that down with what it did. Here, at the
edge, each form of sentence has a translation; names and values in it stay as they are. A sentence of a system that is
connected, or of a form that is not here, is shown as it was said. A test holds the forms to the engine's own words.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language, override, pgettext, pgettext_lazy

FORMS: Final = (
    pgettext_lazy("saying", "The link rests ({phrase}): nothing flows until it is taken up again."),
    pgettext_lazy("saying", "The {side} record is not there: {phrase}. The next run reacts."),
    pgettext_lazy("saying", "The link has only one end."),
    pgettext_lazy("saying", "The next run sets {name} on the {side}: {phrase}."),
    pgettext_lazy("saying", "{name} was changed on both sides to different values: a conflict."),
    pgettext_lazy("saying", "{name} was edited where only a part of it is held: a lossy edit."),
    pgettext_lazy("saying", "{name} differs and is left as it is by rule or decision."),
    pgettext_lazy("saying", "{name} is held on its way to the {side}: {sentence}"),
    pgettext_lazy("saying", "{name} differs on the two sides since they were last agreed; the next edit flows."),
    pgettext_lazy("saying", "In sync with {partner}."),
    pgettext_lazy("saying", "Not in sync with {partner}: {sentence}"),
    pgettext_lazy("saying", "The record exists but does not pass the flow's filter."),
    pgettext_lazy("saying", "There is no such record."),
    pgettext_lazy("saying", "The record cannot be read: {phrase}."),
    pgettext_lazy("saying", "Not linked ({phrase}): {sentence}"),
    pgettext_lazy("saying", "It waits for {flow} {name}."),
    pgettext_lazy("saying", "Not linked: the flow only goes to left."),
    pgettext_lazy("saying", "Not linked: the flow only goes to right."),
    pgettext_lazy("saying", "Not linked yet: no run has seen this record; the next one will."),
    pgettext_lazy("saying", "Review {number} ({phrase}) waits: {sentence}"),
    pgettext_lazy("saying", "see the question"),
    pgettext_lazy("saying", "Field maps paused because a field is gone: {names}."),
    pgettext_lazy("saying", "its own"),
    pgettext_lazy("saying", "edited on the {side} since run {run}"),
    pgettext_lazy("saying", "changed on the {side}"),
    pgettext_lazy("saying", "constant"),
    pgettext_lazy("saying", "first contact: only the {side} has a value"),
    pgettext_lazy("saying", "first contact: the {side} is primary"),
    pgettext_lazy("saying", "first contact: the {side} has authority"),
    pgettext_lazy("saying", "{side} has authority"),
    pgettext_lazy("saying", "{side} has authority: edit reverted"),
    pgettext_lazy("saying", "conflict: {side} wins"),
    pgettext_lazy("saying", "decided"),
    pgettext_lazy("saying", "only a part of the value fits there"),
    pgettext_lazy("saying", "new on the {side}"),
    pgettext_lazy("saying", "New on the {side}."),
    pgettext_lazy("saying", "matched"),
    pgettext_lazy("saying", "both sides agree"),
    pgettext_lazy("saying", "conflict ignored by rule, both sides left as they are: {names}"),
    pgettext_lazy("saying", "waits for a person"),
    pgettext_lazy("saying", "possible match waits for a person"),
    pgettext_lazy("saying", "disputed match waits for a person"),
    pgettext_lazy("saying", "decided by {person}"),
    pgettext_lazy("saying", "new records of this side are not passed on"),
    pgettext_lazy("saying", "matched by {rule}"),
    pgettext_lazy("saying", "equal on both sides"),
    pgettext_lazy("saying", "came back"),
    pgettext_lazy("saying", "its create had lost its answer"),
    pgettext_lazy("saying", "edited on the {side}, deleted on the {other}"),
    pgettext_lazy("saying", "both deleted"),
    pgettext_lazy("saying", "both out of filter"),
    pgettext_lazy("saying", "{side} deleted, kept by decision"),
    pgettext_lazy("saying", "{side} deleted, kept"),
    pgettext_lazy("saying", "{side} deleted, set"),
    pgettext_lazy("saying", "{side} out of filter"),
    pgettext_lazy("saying", "{side} archived"),
    pgettext_lazy("saying", "{side} collision"),
    pgettext_lazy("saying", "deleted on the {side}: set"),
    pgettext_lazy("saying", "deleted on the {side}"),
    pgettext_lazy("saying", "left the filter on the {side}"),
    pgettext_lazy("saying", "Deleted on the {side}."),
    pgettext_lazy("saying", "Deleted on the {side}, edited on the {other}."),
    pgettext_lazy("saying", "merged into {name} on the {side}"),
    pgettext_lazy("saying", "undo of run {run}"),
    pgettext_lazy("saying", "undone"),
    pgettext_lazy("saying", "linked by hand"),
    pgettext_lazy("saying", "unlinked by hand"),
    pgettext_lazy("saying", "linked by hand: {note}"),
    pgettext_lazy("saying", "unlinked by hand: {note}"),
    pgettext_lazy(
        "saying",
        "On the {side}, the run would create {count} records (of {linked} linked); held until it is"
        " approved or no longer so.",
    ),
    pgettext_lazy(
        "saying",
        "On the {side}, the run would update {count} records (of {linked} linked); held until it is"
        " approved or no longer so.",
    ),
    pgettext_lazy(
        "saying",
        "On the {side}, the run would delete {count} records (of {linked} linked); held until it is"
        " approved or no longer so.",
    ),
    pgettext_lazy(
        "saying",
        "On the {side}, the listing came back empty (of {linked} linked); held until it is approved or no longer so.",
    ),
    pgettext_lazy(
        "saying",
        "On the {side}, {count} linked records are no longer listed (of {linked} linked); held "
        "until it is approved or no longer so.",
    ),
    pgettext_lazy(
        "saying",
        "On the {side}, the changed mapping empties {name} of {count} records (of {linked} linked);"
        " held until it is approved or no longer so.",
    ),
    pgettext_lazy(
        "saying",
        "{place} is {count} characters long and {target} holds {limit}: shorten it, or let it be "
        "cut with `too_long: cut`.",
    ),
    pgettext_lazy(
        "saying",
        "{place} is {value}, which the code set {name} does not map to {target}: add it to the code set.",
    ),
    pgettext_lazy(
        "saying",
        "{place} names {value}, which the flow {flow} has not linked to a record on the {side} yet.",
    ),
    pgettext_lazy("saying", "{place} names {value}, which the flow {flow} is about to create on the {side}."),
    pgettext_lazy("saying", "{place} is {value}, which is not a whole number."),
    pgettext_lazy("saying", "{place} is {value}, which is not a number (written like 12.5)."),
    pgettext_lazy(
        "saying",
        "{place} is {value}, which is not a date (written like 2026-11-22 or 2026-11-22T09:30:00).",
    ),
    pgettext_lazy("saying", "{place} is {value}, which is not a time (written like 09:30)."),
    pgettext_lazy("saying", "{place} is {value}, which is not a list of texts."),
    pgettext_lazy("saying", "A field was not delivered."),
    pgettext_lazy("saying", "{kind} does not take a create."),
    pgettext_lazy("saying", "{kind} does not take a update."),
    pgettext_lazy("saying", "{kind} does not take a delete."),
    pgettext_lazy("saying", "{kind} needs a value for {names}."),
    pgettext_lazy("saying", "{name} of {kind} cannot be written."),
    pgettext_lazy("saying", "{name} of {kind} cannot be empty."),
    pgettext_lazy("saying", "{name} of {kind} holds {limit} characters, not {count}."),
    pgettext_lazy("saying", "{name} of {kind} does not take {value}."),
    pgettext_lazy("saying", "the {side} record is there again"),
    pgettext_lazy("saying", "the {side} record has been linked meanwhile"),
    pgettext_lazy("saying", "the {side} record is gone"),
    pgettext_lazy("saying", "the {side} record was changed since the plan"),
    pgettext_lazy("saying", "the link has changed meanwhile"),
    pgettext_lazy("saying", "the record has been linked meanwhile"),
    pgettext_lazy("saying", "the record changed meanwhile"),
    pgettext_lazy("saying", "the record was changed since the plan"),
    pgettext_lazy("saying", "the record is gone"),
    pgettext_lazy("saying", "edited since"),
    pgettext_lazy("saying", "edited since it was created"),
    pgettext_lazy("saying", "it names a record that is not there"),
    pgettext_lazy("saying", "the answer was lost; found by reading back"),
    pgettext_lazy("saying", "the answer was lost and cannot be found by reading back"),
    pgettext_lazy("saying", "a record with this id or unique value is already there"),
    pgettext_lazy("saying", "{side} {name} is already linked to another record"),
    pgettext_lazy("saying", "the record on the {side} is linked already"),
    pgettext_lazy("saying", "waits for {flow} {name}, which is not on the other side yet"),
    pgettext_lazy("saying", "Paused, because a system no longer has the field: {names}."),
    pgettext_lazy("saying", "The {side} listing is incomplete: {sentence}. Nothing counts as deleted."),
    pgettext_lazy("saying", "it broke off"),
    pgettext_lazy("saying", "deleted"),
    pgettext_lazy("saying", "merged"),
    pgettext_lazy("saying", "archived"),
    pgettext_lazy("saying", "out of filter"),
    pgettext_lazy("saying", "permission lost"),
    pgettext_lazy("saying", "listing incomplete"),
    pgettext_lazy("saying", "mapping cleared"),
    pgettext_lazy("saying", "unknown"),
    pgettext_lazy("saying", "waiting"),
    pgettext_lazy("saying", "rejected"),
    pgettext_lazy("saying", "asked"),
    pgettext_lazy("saying", "ignored"),
    pgettext_lazy("saying", "possible"),
    pgettext_lazy("saying", "disputed"),
    pgettext_lazy("saying", "conflict"),
    pgettext_lazy("saying", "lossy_edit"),
    pgettext_lazy("saying", "unmapped_code"),
    pgettext_lazy("saying", "reject"),
    pgettext_lazy("saying", "held"),
    pgettext_lazy("saying", "collision"),
    pgettext_lazy("saying", "Review {number} is out of date: the records changed since they were shown."),
    pgettext_lazy("saying", "Review {number} is out of date: its cause is gone."),
    pgettext_lazy("saying", "Look at it again: it now shows them as they are."),
    pgettext_lazy("saying", "The next sync clears it."),
    pgettext_lazy("saying", "Review {number} was already decided: {phrase} by {person}."),
    pgettext_lazy("saying", "Review {number} no longer asks anything: its cause is gone."),
    pgettext_lazy("saying", "The records of review {number} changed since it was shown."),
    pgettext_lazy("saying", "Look at it again, then decide."),
    pgettext_lazy("saying", "The records of review {number} changed since; the question is asked anew."),
    pgettext_lazy("saying", "Decide review {number} instead."),
    pgettext_lazy("saying", "Question {number} is just being answered by {person}."),
    pgettext_lazy("saying", "Go on with the next one."),
    pgettext_lazy("saying", "The run was approved and has been carried out."),
    pgettext_lazy("saying", "Undo that run instead: its page has the button."),
    pgettext_lazy(
        "saying",
        "Taking the answer back would write more than the flow's guards let pass; nothing was changed.",
    ),
    pgettext_lazy("saying", "Undo run {run} from its page, where the amounts can be approved."),
    pgettext_lazy("saying", "Say which candidate is meant: there are several."),
    pgettext_lazy("saying", "Choose one of them."),
    pgettext_lazy("saying", "left"),
    pgettext_lazy("saying", "right"),
    pgettext_lazy("saying", "link"),
    pgettext_lazy("saying", "create"),
    pgettext_lazy("saying", "ignore"),
    pgettext_lazy("saying", "approve"),
    pgettext_lazy("saying", "refuse"),
    pgettext_lazy("saying", "schedule"),
    pgettext_lazy("saying", "a change of records"),
    pgettext_lazy("saying", "{people} and {count} more"),
)
"""Of two that fit, the first counts. Places for values by their names: KINDS, and else whatever stands there."""
SIDE: Final = "left|right"
KINDS: Final = {
    "side": SIDE,
    "other": SIDE,
    "place": rf".+? on the (?:{SIDE})|the expression for .+?",
    "target": rf".+? on the (?:{SIDE})",
    "count": r"\d+",
    "linked": r"\d+",
    "limit": r"\d+",
    "number": r"\d+",
    "run": "[0-9a-f]+",
    "kind": r"[\w.-]+",
    "phrase": ".+",
    "sentence": ".+",
}
"""What stands at a place. Sides are told where, phrases and sentences are translated in turn."""
PLACE: Final = re.compile(r"\{(\w+)\}")
_PARTS: Final = re.compile("; ")
_SENTENCES: Final = re.compile(r"(?<=\.) (?=[A-Z])")
MOST_KEPT: Final = 4_096


def said(text: str) -> str:
    """The sentence in the reader's language, or as it is."""
    language = get_language() or "en"
    return text if language.startswith("en") else _said(text, language)


@lru_cache(maxsize=MOST_KEPT)
def _said(text: str, language: str) -> str:
    for form, pattern in _patterns():
        if (found := pattern.fullmatch(text)) is not None:
            values = {name: _told(name, value) for name, value in found.groupdict().items()}
            whole = str(form).format(**values)
            return whole[:1].upper() + whole[1:] if text[:1].isupper() else whole
    for between, split in ((" ", _SENTENCES), ("; ", _PARTS)):
        parts = split.split(text)
        if len(parts) > 1:
            return between.join(said(part) for part in parts)
    return text


def _told(name: str, value: str) -> str:
    """What stands at a place, in the reader's language."""
    if KINDS.get(name) == SIDE:
        return pgettext("where", "left") if value == "left" else pgettext("where", "right")
    if name in ("phrase", "sentence"):
        return said(value)
    if name in ("place", "target"):
        field, between, side = value.rpartition(" on the ")
        return f"{field} ({_told('side', side)})" if between else value
    return value


@cache
def _patterns() -> tuple[tuple[Promise, re.Pattern[str]], ...]:
    """Each form, and what fits it as it stands in the code."""
    with override("en"):
        return tuple((form, re.compile(_pattern(str(form)), re.DOTALL)) for form in FORMS)


def _pattern(english: str) -> str:
    pieces = PLACE.split(english)  # texts and names in turn
    return "".join(
        f"(?P<{piece}>{KINDS.get(piece, '.+?')})" if place % 2 else re.escape(piece)
        for place, piece in enumerate(pieces)
    )
