"""The one way in: bytes become a file in the archive, rows in the index and a report to the portal."""
