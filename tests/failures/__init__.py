"""Disks that are full, read-only or closed: small real volumes under real server processes."""
