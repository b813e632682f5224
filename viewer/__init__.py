"""The viewer page and the tokens with which a browser reads pixels from the owning DICOM Server."""
