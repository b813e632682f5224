"""Tests of the DICOM Server."""
