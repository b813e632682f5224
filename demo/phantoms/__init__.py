"""Phantom studies: anatomy drawn from formulas, so that no picture of the demonstration comes from a person."""
