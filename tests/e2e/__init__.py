"""Tests of the whole network: real processes, real DICOM tools, a real browser."""
