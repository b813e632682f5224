"""Our viewer and OHIF in the same browser, against the same DICOM Server."""
