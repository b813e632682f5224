"""Whether the worker that a task runs in was told to end: long tasks leave off between two steps."""

from typing import Any

from celery.worker import state as worker_state


def is_stopping() -> bool:
    """True where the worker waits for its tasks."""
    wishes: tuple[Any, ...] = (worker_state.should_stop, worker_state.should_terminate)
    return any(wish is not None and wish is not False for wish in wishes)
