"""Template tags about institutions."""
