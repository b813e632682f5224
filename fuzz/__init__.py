"""Fuzzing: feeds what reads hostile bytes with bytes that nobody thought of."""
