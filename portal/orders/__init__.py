"""What institutions order: placed here by programs, or come to a DICOM Server by HL7; and what becomes of it."""
