"""Tests of `portal.worklist`."""
