"""Tests of what any process needs to start."""
