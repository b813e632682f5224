"""Asking for access, taking it in an emergency, and saying why somebody may or may not see a study."""
