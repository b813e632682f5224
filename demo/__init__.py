"""The demonstration network: invented institutions, people and studies, and the command that runs them all."""
