"""The lists and pages in which people find studies."""
