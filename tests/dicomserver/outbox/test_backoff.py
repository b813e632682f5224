"""Pauses between attempts: longer each time up to a bound, and spread."""

from django.utils import timezone

from dicomserver.outbox.backoff import later, pause_after


def test_the_pause_doubles_until_its_bound() -> None:
    assert [pause_after(attempts) for attempts in (0, 1, 2, 3, 6, 7, 8, 1000)] == [1, 1, 2, 4, 32, 60, 60, 60]


def test_the_bound_can_be_another() -> None:
    assert [pause_after(attempts, longest=900) for attempts in (9, 10, 11, 10**9)] == [256, 512, 900, 900]


def test_what_failed_together_comes_back_spread_over_half_the_pause() -> None:
    now = timezone.now()
    waits = [(later(100) - now).total_seconds() for _ in range(200)]
    assert min(waits) >= 50
    assert max(waits) < 110
    assert max(waits) - min(waits) > 20
