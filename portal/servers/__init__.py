"""DICOM Servers, their keys and their enrolment."""
