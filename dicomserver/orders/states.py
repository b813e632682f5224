"""Where a step or an order stands, from what belongs to it: rules without a database."""

from collections.abc import Sequence

from dicomserver.orders.models import State


def step_state(*, is_cancelled: bool, performed: Sequence[tuple[str, bool]]) -> str:
    """The state of a scheduled step; `performed` is (state, is_mistake) of each performed step that belongs to it.

    What was done counts more than that it was cancelled; what was begun by mistake does not count.
    """
    states = {state for state, is_mistake in performed if not (is_mistake and state == State.DISCONTINUED)}
    for state in (State.IN_PROGRESS, State.COMPLETED, State.DISCONTINUED):
        if state in states:
            return str(state)
    return str(State.CANCELLED if is_cancelled else State.SCHEDULED)


def order_state(steps: Sequence[str]) -> str:
    """The state of an order whose steps stand so: begun where any was begun, ended where all have ended."""
    counted = [state for state in steps if state != State.CANCELLED]
    if not counted:
        return str(State.CANCELLED)
    if all(state == State.SCHEDULED for state in counted):
        return str(State.SCHEDULED)
    if any(state in {State.SCHEDULED, State.IN_PROGRESS} for state in counted):
        return str(State.IN_PROGRESS)
    return str(State.COMPLETED if State.COMPLETED in counted else State.DISCONTINUED)
