"""Opinions asked of consultants: question, deadline, answer, and access that closes with it."""
