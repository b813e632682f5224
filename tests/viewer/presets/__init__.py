"""Tests of the window presets of institutions."""
