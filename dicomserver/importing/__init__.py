"""Takes in what lies in files: folders, ZIP archives, DICOMDIR media, uploads, and documents wrapped as DICOM."""
