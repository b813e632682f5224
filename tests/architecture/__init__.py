"""Tests of how the code is laid out, whatever it does."""
