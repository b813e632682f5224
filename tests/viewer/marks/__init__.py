"""Tests of marks on images."""
