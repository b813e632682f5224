"""Tests of what pages look like and hold to: roles, policy of scripts, icons, contrast."""
