"""Template tags that show patients and studies."""
