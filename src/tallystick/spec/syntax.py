"""What a person did wrong when YAML says that it is not YAML."""

from __future__ import annotations

import re

from ruamel.yaml.error import MarkedYAMLError

Explained = tuple[int, str, str]
"""Line (from 1), sentence, hint."""

_SETTING_IN_BRACES = re.compile(r"[{\[,:]\s*\$\{")


def explain(error: MarkedYAMLError, text: str) -> Explained:
    """The line, a sentence and a hint for an error of ruamel.yaml's scanner or parser on `text`."""
    problem, context = error.problem or "", error.context or ""
    mark = error.problem_mark or error.context_mark
    begun = error.context_mark or error.problem_mark
    line = mark.line + 1 if mark is not None else 1
    start = begun.line + 1 if begun is not None else line
    lines = text.split("\n")
    here = lines[line - 1] if line <= len(lines) else ""
    if _SETTING_IN_BRACES.search(here) and "${" in here and "flow" in context:
        return line, "Inside braces `${` begins a mapping of its own.", 'Put it in quotes: "${NAME}".'
    if "\t" in here[: len(here) - len(here.lstrip())] or "'\\t'" in problem:
        return line, "A tab stands in the indentation.", "Indent with spaces."
    if "mapping values are not allowed" in problem:
        message = "A second `: ` stands on this line, or the line is indented further than the one above."
        return line, message, "Put text that holds `: ` in quotes, or give the key a line of its own."
    if "cannot start any token" in problem:
        character = problem.partition("character ")[2].partition(" that")[0]
        return line, f"A value cannot begin with {character}.", "Put it in quotes."
    if "quoted scalar" in context:
        return _quoted(problem, line, start)
    if "flow mapping" in context or "flow sequence" in context or "flow node" in context:
        bracket = "`[`" if "sequence" in context else "`{`" if "mapping" in context else "`[` or `{`"
        message = f"The {bracket} of line {start} is not closed, or a comma is missing."
        return line, message, "Close it, and put text that holds brackets, braces or commas in quotes."
    if "expected ':'" in problem or "could not find expected" in problem:
        return start, "This line has no `: `, so it is neither a key nor part of a value.", "Write `key: value`."
    if "block" in context:
        message = f"This line does not fit the indentation of what began on line {start}."
        return line, message, "Keys of one mapping begin in the same column; text that goes on after a quote is one."
    if "alias" in context or "anchor" in context:
        return line, "`*` and `&` begin a reference, which wants a name.", "Put text that begins so in quotes."
    if "directive" in context or "tag" in context:
        return line, "A value that begins with `!` or a line that begins with `%` is not read.", "Put it in quotes."
    return line, f"This is not valid YAML: {problem or context}.", "Put text with special characters in quotes."


def _quoted(problem: str, line: int, start: int) -> Explained:
    if "escape" in problem or "expected escape" in problem:
        return (
            line,
            "A backslash in double quotes begins an escape that does not exist.",
            "Use single quotes, or `\\\\`.",
        )
    return start, "The quote that begins here is not closed.", "Close it, and double a quote inside single quotes."
