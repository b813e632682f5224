"""Finds studies in remote archives, all of them at once, and fetches those that a person chooses."""
