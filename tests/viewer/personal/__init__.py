"""Tests of what people set for the viewer."""
