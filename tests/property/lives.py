"""What the state machines of the laws share."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tallystick.model.side import SIDES, Side


def both(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[Side, Any]]:
    """One value for each side."""
    return st.fixed_dictionaries(dict.fromkeys(SIDES, values))


def case(machine: type[RuleBasedStateMachine], examples: int, *, is_random: bool = False) -> Any:
    """The machine as a test of so many lives."""
    made = machine.TestCase
    made.settings = settings(
        max_examples=examples, stateful_step_count=14, report_multiple_bugs=False, derandomize=not is_random
    )
    return made
