"""Tests of `portal.grants`."""
