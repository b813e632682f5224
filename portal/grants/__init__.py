"""The policy: who may see which study, and why."""
