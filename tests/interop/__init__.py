"""Tests with DICOM tools that others wrote, against the whole network."""
