"""People and how they are recognised."""
