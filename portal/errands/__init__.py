"""People's work at one DICOM Server that is not reading one study: bringing in, finding elsewhere, deleting."""
