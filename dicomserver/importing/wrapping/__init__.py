"""Keeps documents, pictures and videos as DICOM: the file's own bytes within an object of the right class."""
