"""Template tags about questions to consultants."""
