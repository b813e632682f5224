"""What the archive holds, as rows: studies, series, instances, and what was set aside; can be rebuilt from it."""
