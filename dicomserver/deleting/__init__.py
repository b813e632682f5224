"""Deletes studies, series and instances in two steps: they leave the index now, and their bytes some days later."""
