"""Frames as pictures for people: decoded, windowed, small; made from the index and the prepared metadata."""
