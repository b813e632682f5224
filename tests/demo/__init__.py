"""Tests of the demonstration: its people, its phantoms, and how it starts."""
