"""The door through which DICOM Servers report."""
