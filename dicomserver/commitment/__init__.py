"""Storage commitment (PS3.4 Annex J): what this server commits itself to keep, and what others are asked to keep."""
