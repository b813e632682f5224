"""Tests of the contract between portal and DICOM Server."""
