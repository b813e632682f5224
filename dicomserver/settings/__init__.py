"""Settings of the DICOM Server: base never varies, the others say where it runs."""
